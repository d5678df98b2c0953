// Made by `deno task page` from src/page/lesson.ts: change that, not this.
// src/page/browser.ts
var place = globalThis;
place.SharedArrayBuffer ??= ArrayBuffer;
place.Deno ??= {
  errors: new Proxy({}, {
    get: () => Error
  }),
  unrefTimer: () => {
  },
  refTimer: () => {
  }
};

// src/base/address.ts
var IPV4_MAPPED_W2 = 65535;
var ANY_IPV4 = ipv4Address(0);
var LOOPBACK_IPV4 = ipv4Address(2130706433);
var LOOPBACK_IPV6 = {
  w0: 0,
  w1: 0,
  w2: 0,
  w3: 1
};
function ipv4Address(bits) {
  return {
    w0: 0,
    w1: 0,
    w2: IPV4_MAPPED_W2,
    w3: bits | 0
  };
}
function isIpv4(address) {
  return isIpv4Words(address.w0, address.w1, address.w2);
}
function isIpv4Words(w0, w1, w2) {
  return w2 === IPV4_MAPPED_W2 && w1 === 0 && w0 === 0;
}
function isUnspecified(address) {
  return address.w3 === 0 && address.w0 === 0 && address.w1 === 0 && (address.w2 === 0 || address.w2 === IPV4_MAPPED_W2);
}
function sameAddress(a, b) {
  return a.w3 === b.w3 && a.w2 === b.w2 && a.w1 === b.w1 && a.w0 === b.w0;
}
function isLoopbackWord(bits) {
  return bits >>> 24 === 127;
}
function isLoopback(address) {
  return isLoopbackWords(address.w0, address.w1, address.w2, address.w3);
}
function isLoopbackWords(w0, w1, w2, w3) {
  if (w2 === IPV4_MAPPED_W2) return w1 === 0 && w0 === 0 && isLoopbackWord(w3);
  return w3 === 1 && w2 === 0 && w1 === 0 && w0 === 0;
}
function isMulticast(address) {
  return isIpv4(address) ? address.w3 >>> 28 === 14 : address.w0 >>> 24 === 255;
}
function isBroadcast(address, network) {
  if (!isIpv4(address)) return false;
  if (address.w3 === -1) return true;
  if (!isIpv4(network.address) || network.length > 30) return false;
  return inPrefix(address, network) && (address.w3 | ~(-1 >>> network.length)) === -1;
}
function ipv4Text(bits) {
  return `${bits >>> 24}.${bits >>> 16 & 255}.${bits >>> 8 & 255}.${bits & 255}`;
}
function mappedText(address) {
  return isIpv4(address) ? `::ffff:${ipv4Text(address.w3)}` : addressText(address);
}
function endpointText(address, port) {
  const text2 = addressText(address);
  return isIpv4(address) ? `${text2}:${port}` : `[${text2}]:${port}`;
}
function addressText(address) {
  if (isIpv4(address)) return ipv4Text(address.w3);
  const groups = [];
  for (const word of [
    address.w0,
    address.w1,
    address.w2,
    address.w3
  ]) {
    groups.push(word >>> 16, word & 65535);
  }
  return ipv6Text(groups);
}
function ipv6Text(groups) {
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const hex2 = (part) => part.map((group) => group.toString(16)).join(":");
  if (bestStart < 0) return hex2(groups);
  return `${hex2(groups.slice(0, bestStart))}::${hex2(groups.slice(bestStart + bestLength))}`;
}
function parseIpv4(text2) {
  const parts = text2.split(".");
  if (parts.length !== 4) return null;
  let bits = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part)) return null;
    const value = Number(part);
    if (value > 255) return null;
    bits = bits << 8 | value;
  }
  return ipv4Address(bits);
}
function parseIpv6(text2) {
  const groups = ipv6Groups(text2);
  if (groups === null) return null;
  const word = (index) => groups[index] << 16 | groups[index + 1];
  return {
    w0: word(0),
    w1: word(2),
    w2: word(4),
    w3: word(6)
  };
}
function ipv6Groups(text2) {
  const halves = text2.split("::");
  if (halves.length > 2) return null;
  const isShort = halves.length === 2;
  const head = groupsOf(halves[0], !isShort);
  const tail = isShort ? groupsOf(halves[1], true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (isShort ? missing < 1 : missing !== 0) return null;
  return [
    ...head,
    ...new Array(missing).fill(0),
    ...tail
  ];
}
function groupsOf(text2, isEnd) {
  if (text2 === "") return [];
  const parts = text2.split(":");
  const groups = [];
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(parseInt(part, 16));
      continue;
    }
    const dotted = isEnd && index === parts.length - 1 ? parseIpv4(part) : null;
    if (dotted === null) return null;
    groups.push(dotted.w3 >>> 16, dotted.w3 & 65535);
  }
  return groups;
}
function parseAddress(text2) {
  return text2.includes(":") ? parseIpv6(text2) : parseIpv4(text2);
}
function parseCidr(text2, option) {
  const slash = text2.indexOf("/");
  const addressPart = slash < 0 ? text2 : text2.slice(0, slash);
  const address = parseAddress(addressPart);
  if (address === null || addressPart.includes(":") && isIpv4(address)) {
    throw new TypeError(`${option}: "${text2}" is not an IPv4 or IPv6 address in CIDR form, such as 10.7.0.2/24 or fd07::2/64`);
  }
  const longest = isIpv4(address) ? 32 : 128;
  if (slash < 0) return {
    address,
    length: longest
  };
  const digits = text2.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits)) {
    throw new TypeError(`${option}: "${text2}" has no number after the slash`);
  }
  const length = Number(digits);
  if (length > longest) {
    throw new RangeError(`${option}: the prefix length in "${text2}" must be from 0 to ${longest}`);
  }
  return {
    address,
    length
  };
}
function inPrefix(address, prefix) {
  if (isIpv4(address) !== isIpv4(prefix.address)) return false;
  const length = isIpv4(address) ? 96 + prefix.length : prefix.length;
  return commonPrefixLength(address, prefix.address) >= length;
}
function commonPrefixLength(a, b) {
  if (a.w0 !== b.w0) return Math.clz32(a.w0 ^ b.w0);
  if (a.w1 !== b.w1) return 32 + Math.clz32(a.w1 ^ b.w1);
  if (a.w2 !== b.w2) return 64 + Math.clz32(a.w2 ^ b.w2);
  return 96 + Math.clz32(a.w3 ^ b.w3);
}

// src/base/clock.ts
var TIMER_MAX_MS = 2147483647;
var SystemClock = class {
  originUs = Math.floor(performance.timeOrigin * 1e3);
  #timers = /* @__PURE__ */ new Map();
  #nextId = 1;
  now() {
    return Math.floor(performance.now() * 1e3);
  }
  wakeAt(atUs, wake) {
    const id = this.#nextId++;
    const delayMs = Math.max(0, Math.ceil(atUs / 1e3 - performance.now()));
    const timer = setTimeout(() => {
      this.#timers.delete(id);
      wake();
    }, Math.min(delayMs, TIMER_MAX_MS));
    Deno.unrefTimer(timer);
    this.#timers.set(id, timer);
    return id;
  }
  cancelWake(id) {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }
};
var systemClock = new SystemClock();
var ManualClock = class {
  /** A clock moved by hand has no date. */
  originUs = 0;
  #nowUs;
  #nextId = 1;
  /** What is to be called, the earliest last, so that taking it off is cheap. */
  #wakes = [];
  /** Starts at `startUs` microseconds. */
  constructor(startUs = 0) {
    this.#nowUs = startUs;
  }
  /** The time that it was last set to, in microseconds. */
  now() {
    return this.#nowUs;
  }
  /** Calls `wake` when the clock is set to `atUs` or later. */
  wakeAt(atUs, wake) {
    const id = this.#nextId++;
    let index = this.#wakes.length;
    while (index > 0 && this.#wakes[index - 1].atUs <= atUs) index--;
    this.#wakes.splice(index, 0, {
      id,
      atUs,
      wake
    });
    return id;
  }
  /** Takes a `wakeAt` back. */
  cancelWake(id) {
    this.#wakes = this.#wakes.filter((wake) => wake.id !== id);
  }
  /** When the next `wakeAt` is due; `Infinity` when there is none. */
  nextWake() {
    const next = this.#wakes.at(-1);
    return next === void 0 ? Infinity : next.atUs;
  }
  /** Moves the clock to `timeUs`, with every call that is due on the way at its own time. */
  set(timeUs) {
    if (!(timeUs >= this.#nowUs)) {
      throw new RangeError(`A clock cannot go back from ${this.#nowUs} to ${timeUs} microseconds`);
    }
    while (this.nextWake() <= timeUs) {
      const next = this.#wakes.pop();
      this.#nowUs = Math.max(this.#nowUs, next.atUs);
      next.wake();
    }
    this.#nowUs = timeUs;
  }
  /** Moves the clock forward by `deltaUs` microseconds. */
  advance(deltaUs) {
    this.set(this.#nowUs + deltaUs);
  }
};

// src/base/random.ts
var pool = new Uint32Array(256);
var used = pool.length;
var SeededRandom = class {
  #a;
  #b;
  #c;
  #d;
  /** Starts the sequence of this seed, any 32-bit integer. */
  constructor(seed) {
    let z = seed | 0;
    const next = () => {
      z = z + 2654435769 | 0;
      let x = z ^ z >>> 16;
      x = Math.imul(x, 569420461);
      x ^= x >>> 15;
      x = Math.imul(x, 1935289751);
      return x ^ x >>> 15;
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }
  /** The next integer of the sequence, from 0 to 2^32 - 1. */
  uint32() {
    let x = Math.imul(this.#b, 5);
    x = Math.imul(x << 7 | x >>> 25, 9);
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = this.#d << 11 | this.#d >>> 21;
    return x >>> 0;
  }
  /** A number from 0 (included) to 1 (excluded). */
  fraction() {
    return this.uint32() / 4294967296;
  }
  /** An integer from `low` to `high`, both included. */
  integer(low, high) {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }
};

// src/device/device.ts
var SendOutcome = {
  sent: 0,
  /** The queue behind the device is full; the frame is lost, as on any network. */
  queueFull: 1,
  /** The device refused the frame (too long, closed, link down). */
  refused: 2
};

// src/base/drops.ts
var Drop = {
  /** Not dropped. */
  none: 0,
  /** The frame is shorter than the headers that it must hold. */
  frameTruncated: 1,
  /** The frame is longer than a slot of the frame pool. */
  frameOversized: 2,
  /** The virtio-net header contradicts the frame behind it. */
  virtioHeaderInvalid: 3,
  /** The IP version is neither 4 nor 6. */
  ipVersionUnsupported: 4,
  /** IHL below 5 or beyond the frame (RFC 791 section 3.1). */
  ipHeaderLengthInvalid: 5,
  /** The total length contradicts the header length or the frame. */
  ipLengthInvalid: 6,
  /** The IPv4 header checksum is wrong. */
  ipChecksumInvalid: 7,
  /** A fragment; reassembly is not there yet. */
  ipFragment: 8,
  /** A source address that no host may have: multicast, broadcast, loopback or unspecified. */
  ipSourceMartian: 9,
  /** The source is the stack's own address, from outside (the "land" attack). */
  ipSourceOwn: 10,
  /** The destination is none of the stack's addresses. */
  ipDestinationForeign: 11,
  /** A protocol that the stack does not speak. */
  ipProtocolUnsupported: 12,
  /** A TCP data offset below 5 words or beyond the segment (RFC 9293 section 3.1). */
  tcpHeaderLengthInvalid: 13,
  /** The TCP checksum is wrong. */
  tcpChecksumInvalid: 14,
  /** An option whose length is impossible: the rest of the header cannot be read. */
  tcpOptionInvalid: 15,
  /** Port 0, which cannot be used on the wire. */
  tcpPortZero: 16,
  /** Flags that no sender sets together, such as SYN with FIN or SYN with RST. */
  tcpFlagsInvalid: 17,
  /** An ICMP message too short, of a kind that is not used, or with a wrong checksum. */
  icmpInvalid: 18,
  /** An ICMP error that matches no connection, or whose sequence number is not in flight. */
  icmpUnmatched: 19,
  /** No connection and no listener: answered with RST, except when it is itself an RST. */
  tcpNoConnection: 20,
  /** Outside the receive window (RFC 9293 section 3.10.7.4, first check): answered with ACK. */
  tcpOutOfWindow: 21,
  /** The acknowledgment is outside what was sent. */
  tcpAckInvalid: 22,
  /** An RST in the window but not at RCV.NXT (RFC 5961 section 3): answered with a challenge ACK. */
  tcpResetChallenged: 23,
  /** A SYN on a synchronized connection (RFC 5961 section 4): answered with a challenge ACK. */
  tcpSynChallenged: 24,
  /** No ACK flag where one is required. */
  tcpAckMissing: 25,
  /** An older timestamp than was seen (PAWS, RFC 7323 section 5). */
  tcpTimestampOld: 26,
  /** Out-of-order data beyond the range limit of a connection. */
  tcpOutOfOrderLimit: 27,
  /** No memory in the receive pool for in-window data; the peer sends it again. */
  tcpNoMemory: 28,
  /** The listener's backlog is full. */
  tcpBacklogFull: 29,
  /** The stack's connection limit is reached. */
  tcpConnectionLimit: 30,
  /** Data after the receiver is gone: answered with RST. */
  tcpDataAfterClose: 31,
  /** Unused data of a segment that was already received. */
  tcpDuplicate: 32,
  /** A TIME-WAIT entry was given up early because the limit was reached. */
  tcpTimeWaitLimit: 33,
  /** The device's transmit queue was full or refused the frame. */
  deviceSendFailed: 34,
  /** The internal loopback queue was full. */
  loopbackFull: 35,
  /** Trace records that nobody collected in time (only the record is lost, not the segment). */
  traceOverflow: 36,
  /** An answer that a rate limit held back (challenge ACKs, resets). */
  rateLimited: 37,
  /** The pipeline of another queue had no room for a frame of one of its connections. */
  handoverFull: 38,
  /** An IPv6 extension header that does not fit into the packet, or a hop-by-hop one that is not first. */
  ipExtensionInvalid: 39,
  /** More IPv6 extension headers, or more options in one, than are looked at. */
  ipExtensionLimit: 40,
  /** A routing header of IPv6 with nodes left to visit (RFC 5095), or a source route of IPv4 (RFC 7126 section 4.3). */
  ipSourceRouted: 41,
  /** An IPv6 option that is not known and says that such packets are to be discarded (RFC 8200 4.2). */
  ipOptionUnknown: 42
};
var dropNames = Object.keys(Drop);

// src/base/counters.ts
var Counter = {
  framesIn: 0,
  framesOut: 1,
  frameBytesIn: 2,
  frameBytesOut: 3,
  segmentsIn: 4,
  segmentsOut: 5,
  bytesIn: 6,
  bytesOut: 7,
  segmentsRetransmitted: 8,
  bytesRetransmitted: 9,
  resetsIn: 10,
  resetsOut: 11,
  activeOpens: 12,
  passiveOpens: 13,
  failedOpens: 14,
  connectionsReset: 15,
  connectionsTimedOut: 16,
  segmentsOutOfOrder: 17,
  duplicateAcks: 18,
  fastRetransmits: 19,
  retransmissionTimeouts: 20,
  zeroWindowProbes: 21,
  challengeAcks: 22,
  icmpEchoReplies: 23,
  icmpErrorsIn: 24,
  keepaliveProbes: 25,
  /** Not a total but the state now: connections in any state, those in TIME-WAIT among them. */
  connectionsNow: 26,
  timeWaitNow: 27,
  /** Bytes of memory that hold received bytes which were not read, now. */
  receiveMemoryNow: 28,
  /** Frames that came in at one queue and belong to a connection of another. */
  framesHandedOver: 29,
  /** Segments that came with a congestion mark, on connections that use ECN (RFC 3168). */
  ecnMarksIn: 30,
  /** Reductions of a congestion window because the peer has told of marks. */
  ecnReductions: 31,
  /** Path MTUs that were lowered because a router said so (RFC 1191). */
  pathMtuLowered: 32,
  /** Segments sent to find out whether the path takes larger ones (RFC 4821). */
  mtuProbes: 33
};
var counterNames = Object.keys(Counter);
var DROPS_START = 64;
var COUNTER_SLOTS = 160;
if (counterNames.length > DROPS_START || DROPS_START + dropNames.length > COUNTER_SLOTS) {
  throw new Error("The counters no longer fit into COUNTER_SLOTS");
}
var Counters = class {
  slots;
  constructor(slots = new Float64Array(COUNTER_SLOTS)) {
    this.slots = slots;
  }
  /** Adds one to a counter. */
  count(counter) {
    this.slots[counter]++;
  }
  /** Adds `amount` to a counter. */
  add(counter, amount) {
    this.slots[counter] += amount;
  }
  /** Sets a counter that tells the state now. */
  set(counter, value) {
    this.slots[counter] = value;
  }
  /** Counts one drop for `reason`. */
  drop(reason) {
    this.slots[DROPS_START + reason]++;
  }
  /** Counts `amount` drops for `reason`. */
  dropMany(reason, amount) {
    this.slots[DROPS_START + reason] += amount;
  }
  /** How often `reason` was counted. */
  drops(reason) {
    return this.slots[DROPS_START + reason];
  }
  /** The value of one counter. */
  value(counter) {
    return this.slots[counter];
  }
};
function sumCounters(sets) {
  const counters = {};
  const drops = {};
  counterNames.forEach((name, index) => {
    counters[name] = sets.reduce((sum, set) => sum + set.slots[index], 0);
  });
  dropNames.forEach((name, reason) => {
    const sum = sets.reduce((total, set) => total + set.slots[DROPS_START + reason], 0);
    if (reason > 0 && sum > 0) drops[name] = sum;
  });
  return {
    counters,
    drops
  };
}

// src/base/errors.ts
function codedError(ErrorClass, code, message2, cause) {
  const error = cause === void 0 ? new ErrorClass(message2) : new ErrorClass(message2, {
    cause
  });
  return Object.assign(error, {
    code
  });
}

// src/ring/ring.ts
var RING_CONTROL_WORDS = 32;
var TAIL = 0;
var HEAD = 16;
var RingProducer = class {
  words;
  #control;
  #records;
  #recordWords;
  #capacity;
  #tail;
  /** The consumer's head when it was last looked at; the real one is this or later. */
  #head;
  constructor(ring) {
    this.words = ring.words;
    this.#control = ring.control;
    this.#records = ring.records;
    this.#recordWords = ring.recordWords;
    this.#capacity = ring.capacity;
    this.#tail = Atomics.load(ring.words, ring.control + TAIL);
    this.#head = Atomics.load(ring.words, ring.control + HEAD);
  }
  /** The index in `words` of the record to fill next, or -1 when the ring is full. */
  claim() {
    if ((this.#tail - this.#head | 0) >= this.#capacity) {
      this.#head = Atomics.load(this.words, this.#control + HEAD);
      if ((this.#tail - this.#head | 0) >= this.#capacity) return -1;
    }
    return this.#records + (this.#tail & this.#capacity - 1) * this.#recordWords;
  }
  /** Records that can be claimed now. */
  get room() {
    this.#head = Atomics.load(this.words, this.#control + HEAD);
    return this.#capacity - (this.#tail - this.#head | 0);
  }
  /** Ends the record that `claim` gave; the consumer sees it after `publish`. */
  push() {
    this.#tail = this.#tail + 1 | 0;
  }
  /** Shows all pushed records to the consumer; true when there were any. */
  publish() {
    if (Atomics.load(this.words, this.#control + TAIL) === this.#tail) return false;
    Atomics.store(this.words, this.#control + TAIL, this.#tail);
    return true;
  }
};
var RingConsumer = class {
  words;
  #control;
  #records;
  #recordWords;
  #capacity;
  #head;
  /** The producer's tail when it was last looked at; the real one is this or later. */
  #tail;
  constructor(ring) {
    this.words = ring.words;
    this.#control = ring.control;
    this.#records = ring.records;
    this.#recordWords = ring.recordWords;
    this.#capacity = ring.capacity;
    this.#head = Atomics.load(ring.words, ring.control + HEAD);
    this.#tail = this.#head;
  }
  /**
   * The index in `words` of the next waiting record, or -1 when none waits. The record stays valid
   * until `release`.
   */
  next() {
    if (this.#head === this.#tail) {
      this.#tail = Atomics.load(this.words, this.#control + TAIL);
      if (this.#head === this.#tail) return -1;
    }
    const at = this.#records + (this.#head & this.#capacity - 1) * this.#recordWords;
    this.#head = this.#head + 1 | 0;
    return at;
  }
  /** Gives the places of all records that `next` returned back to the producer. */
  release() {
    Atomics.store(this.words, this.#control + HEAD, this.#head);
  }
  /** Whether a record waits. */
  hasNext() {
    return this.#head !== this.#tail || Atomics.load(this.words, this.#control + TAIL) !== this.#head;
  }
};

// src/base/vector_code.ts
var VECTOR_CODE = [
  "0061736d0100000001130360037f7f7f0060037f7f7f017f60017f017f02170108706970656c696e",
  "65066d656d6f7279020301808002030403000102070e0204636f707900000373756d00010ad70203",
  "0c00200020012002fc0a00000ba80202037f027b200020014160716a210302400340200020034f0d",
  "0120062000fd000400fd7ffdae01210620072000fd000410fd7ffdae012107200041206a21000c00",
  "0b0b2006fd0cffff0000ffff0000ffff0000ffff0000fd4e20064110fdad01fdae012007fd0cffff",
  "0000ffff0000ffff0000ffff0000fd4e20074110fdad01fdae01fdae0121062006fd1b002006fd1b",
  "016a2006fd1b022006fd1b036a6a21042001411f7121010240034020014104490d01200028000021",
  "052004200541ffff037120054110766a6a2104200041046a2100200141046b21010c000b0b200141",
  "024f0440200420002f00006a2104200041026a2100200141026b21010b20010440200420002d0000",
  "6a21040b2004100221042002200441ff01714108742004410876726a10020b1e00200041ffff0371",
  "20004110766a2100200041ffff037120004110766a0b"
];

// src/base/vector.ts
var compiled = null;
function makeVector(memory) {
  compiled ??= new WebAssembly.Module(Uint8Array.fromHex(VECTOR_CODE.join("")));
  const instance = new WebAssembly.Instance(compiled, {
    pipeline: {
      memory
    }
  });
  return instance.exports;
}

// src/base/memory.ts
var Memory = class {
  store;
  buffer;
  bytes;
  view;
  /** Faster copies and checksums, where the store allows them. */
  vector;
  constructor(store) {
    this.store = store;
    const isWebAssembly = store instanceof WebAssembly.Memory;
    this.buffer = isWebAssembly ? store.buffer : store;
    this.bytes = new Uint8Array(this.buffer);
    this.view = new DataView(this.buffer);
    this.vector = isWebAssembly ? makeVector(store) : null;
  }
  /** Copies `length` bytes from offset `from` to offset `to`; the ranges may overlap. */
  copy(to, from, length) {
    if (this.vector === null) this.bytes.copyWithin(to, from, from + length);
    else this.vector.copy(to, from, length);
  }
};

// src/ring/pool.ts
var DESCRIPTOR_WORDS = 4;
var START = 0;
var LENGTH = 1;
var NEXT = 2;
var ROOM = 3;
var NIL = -1;
var FREE_SHARE = 8;
var BlockPool = class {
  words;
  table;
  first;
  count;
  blockBytes;
  #blocks;
  #headroom;
  #free;
  #freeCount;
  constructor(pool2) {
    this.words = pool2.words;
    this.table = pool2.table;
    this.first = pool2.first;
    this.count = pool2.count;
    this.blockBytes = pool2.blockBytes;
    this.#blocks = pool2.blocks;
    this.#headroom = pool2.headroom;
    this.#free = new Int32Array(pool2.count);
    for (let i = 0; i < pool2.count; i++) this.#free[i] = pool2.first + pool2.count - 1 - i;
    this.#freeCount = pool2.count;
  }
  /** Blocks that can be taken. */
  get free() {
    return this.#freeCount;
  }
  /**
   * Most bytes that one user should hold: a share of what is free now. Whoever has less may take more, so
   * users that hold on to their bytes never exhaust the pool, and a newcomer always finds its share (the
   * dynamic threshold of shared-memory switches).
   */
  get shareBytes() {
    return this.#freeCount * this.blockBytes / FREE_SHARE;
  }
  /** Takes an empty block, or {@link NIL} when none is left. */
  take() {
    if (this.#freeCount === 0) return NIL;
    const descriptor = this.#free[--this.#freeCount];
    const at = this.table + descriptor * DESCRIPTOR_WORDS;
    this.words[at + START] = this.blockStart(descriptor);
    this.words[at + LENGTH] = 0;
    this.words[at + NEXT] = NIL;
    this.words[at + ROOM] = this.blockBytes - this.#headroom;
    return descriptor;
  }
  /** Gives a block back. */
  give(descriptor) {
    this.#free[this.#freeCount++] = descriptor;
  }
  /** Makes `next` follow `descriptor` in a chain. */
  link(descriptor, next) {
    this.words[this.table + descriptor * DESCRIPTOR_WORDS + NEXT] = next;
  }
  /** Byte offset of a block, behind its headroom. */
  blockStart(descriptor) {
    return this.#blocks + (descriptor - this.first) * this.blockBytes + this.#headroom;
  }
  /** Whether the descriptor is one of this pool. */
  owns(descriptor) {
    return descriptor >= this.first && descriptor < this.first + this.count;
  }
};

// src/ring/row.ts
var Row = {
  generation: 0,
  state: 1,
  error: 2,
  rxWritten: 3,
  rxHead: 4,
  rxEpoch: 5,
  /** 1 when the peer's FIN has been received: no byte follows `rxWritten`. */
  rxFinished: 6,
  /** Bytes of the application that the peer has acknowledged; modulo 2^32. */
  txRead: 7,
  /** Bytes that the application may have unacknowledged in its stream. */
  txLimit: 8,
  /** Largest IP packet for the path, bytes. */
  pathMtu: 9,
  local: 10,
  localPort: 14,
  remotePort: 15,
  remote: 16,
  info: 20,
  rxRead: 48,
  txWritten: 49,
  txHead: 50,
  txEpoch: 51,
  newsForApp: 56,
  newsForTcp: 57,
  /** Position in the stream behind the urgent data (RFC 6093); modulo 2^32. */
  urgentEnd: 64,
  /** How often the peer has moved it. */
  urgentMarks: 65,
  /** 1 while the application has not read up to it. */
  urgentUnread: 66,
  /** The last {@link ConnectionError} that did not end the connection, and how many there were. */
  softError: 67,
  softErrors: 68
};
var ROW_WORDS = 80;
var Info = {
  rttUs: 0,
  rttVarUs: 1,
  rtoUs: 2,
  rttMinUs: 3,
  cwndBytes: 4,
  ssthreshBytes: 5,
  mssSend: 6,
  mssReceive: 7,
  sendWindow: 8,
  receiveWindow: 9,
  bytesInFlight: 10,
  /** 64-bit totals as low and high words. */
  bytesSent: 11,
  bytesReceived: 13,
  bytesRetransmitted: 15,
  segmentsSent: 17,
  segmentsReceived: 18,
  segmentsRetransmitted: 19,
  segmentsOutOfOrder: 20,
  duplicateAcks: 21,
  /** Shift counts: what the peer announced in the low byte, our own in the next. */
  windowScales: 22,
  /** Bits: {@link InfoOption}. */
  options: 23,
  retransmitTimeouts: 24,
  receiveBufferBytes: 25,
  congestion: 26,
  backoffs: 27
};
if (Row.info + Info.backoffs >= Row.rxRead) throw new Error("The info words overrun the row");
var InfoOption = {
  timestamps: 1,
  sack: 2,
  windowScale: 4,
  /** ECN in the form of RFC 3168. */
  ecn: 8,
  /** ECN in the form of RFC 9768. */
  accurateEcn: 16
};
var ConnectionError = {
  none: 0,
  /** RST from the peer after the connection was established. */
  reset: 1,
  /** RST in answer to the SYN, or ICMP port or protocol unreachable. */
  refused: 2,
  /** No answer in time: SYN, data, keepalive or user timeout. */
  timedOut: 3,
  /** ICMP network unreachable. */
  networkUnreachable: 4,
  /** ICMP host unreachable. */
  hostUnreachable: 5,
  /** Ended by the local side: `abort()` or the stack's end. */
  aborted: 6,
  /** `listen`: the port is taken. */
  addressInUse: 7,
  /** The address is none of the stack's. */
  addressNotAvailable: 8,
  /** The stack's connection limit. */
  tooManyConnections: 9
};

// src/ring/layout.ts
var SLOT_BYTES = 65536 + 64;
var SLOT_HEADROOM = 6;
var RECEIVE_BLOCK_BYTES = 4096;
var SEND_BLOCK_BYTES = 16384;
var FRAME_WORDS = 2;
var SEGMENT_WORDS = 48;
var HANDOVER_WORDS = 2;
var MESSAGE_WORDS = 16;
var HEADERS_WORDS = 30;
var TRACE_WORDS = 8 + SEGMENT_WORDS + HEADERS_WORDS;
var HEADER_BYTES = 256;
var Control = {
  tcpBell: 0,
  parserBell: 16,
  readerBell: 32,
  appBell: 48,
  stop: 64,
  /** What is traced: {@link Traced}. */
  trace: 80
};
var CONTROL_WORDS = 128;
var Traced = {
  nothing: 0,
  segments: 1,
  progress: 2
};
var CACHE_LINE = 64;
var Layout = class {
  dimensions;
  memory;
  words;
  /** Places of the event ring that belong to the rows. */
  rowEvents;
  /** Word index of the control region; add a {@link Control} value. */
  control = 0;
  readerCounters;
  parserCounters;
  tcpCounters;
  frames;
  segments;
  freeSlots;
  commands;
  events;
  trace;
  handover;
  /** Byte offset of the first handed-over frame; one every SLOT_BYTES, as the ring's records. */
  handoverFrames;
  /** Word index of row 0. */
  rows;
  /** Byte offset of the header area. */
  headers;
  slotPool;
  receivePool;
  sendPool;
  /**
   * `store` is that of another thread's layout of the same dimensions, or makes one of so many bytes.
   * Throws a `RangeError` when the dimensions are more than a pipeline can address.
   */
  constructor(dimensions, store = plainStore) {
    this.dimensions = dimensions;
    const { connections, slots, receiveBlocks, sendBlocks, traceRecords, handoverFrames } = dimensions;
    this.rowEvents = EVENTS_PER_ROW * connections;
    const cut = new Cutter();
    cut.bytes(CONTROL_WORDS * 4);
    const counters = [
      0,
      1,
      2
    ].map(() => cut.bytes(COUNTER_SLOTS * 8));
    const rings = {
      frames: cut.ring(FRAME_WORDS, slots),
      segments: cut.ring(SEGMENT_WORDS, slots),
      freeSlots: cut.ring(1, slots),
      commands: cut.ring(MESSAGE_WORDS, COMMAND_RECORDS),
      events: cut.ring(MESSAGE_WORDS, this.rowEvents + REPLY_RECORDS),
      trace: cut.ring(TRACE_WORDS, traceRecords),
      handover: cut.ring(HANDOVER_WORDS, handoverFrames)
    };
    const rows = cut.bytes(connections * ROW_WORDS * 4);
    const receiveTable = cut.bytes((slots + receiveBlocks) * DESCRIPTOR_WORDS * 4);
    const sendTable = cut.bytes(sendBlocks * DESCRIPTOR_WORDS * 4);
    this.headers = cut.bytes(HEADER_BYTES);
    this.handoverFrames = cut.bytes(rings.handover.capacity * SLOT_BYTES);
    const slotBytes = cut.bytes(slots * SLOT_BYTES);
    const receiveBytes = cut.bytes(receiveBlocks * RECEIVE_BLOCK_BYTES);
    const sendBytes = cut.bytes(sendBlocks * SEND_BLOCK_BYTES);
    if (cut.end > 2147483647) {
      throw new RangeError(`tcp: ${cut.end} bytes of buffers are more than the 2 GiB that one pipeline can address; lower maxConnections, receiveMemory or sendMemory`);
    }
    this.memory = new Memory(typeof store === "function" ? store(cut.end) : store);
    this.words = new Int32Array(this.memory.buffer);
    const set = (index) => new Counters(new Float64Array(this.memory.buffer, counters[index], COUNTER_SLOTS));
    this.readerCounters = set(0);
    this.parserCounters = set(1);
    this.tcpCounters = set(2);
    const words = this.words;
    const ring = (place2) => ({
      words,
      ...place2
    });
    this.frames = ring(rings.frames);
    this.segments = ring(rings.segments);
    this.freeSlots = ring(rings.freeSlots);
    this.commands = ring(rings.commands);
    this.events = ring(rings.events);
    this.trace = ring(rings.trace);
    this.handover = ring(rings.handover);
    this.rows = rows / 4;
    const receive = {
      words,
      table: receiveTable / 4
    };
    this.slotPool = {
      ...receive,
      ...{
        first: 0,
        count: slots,
        blocks: slotBytes
      },
      ...{
        blockBytes: SLOT_BYTES,
        headroom: SLOT_HEADROOM
      }
    };
    this.receivePool = {
      ...receive,
      ...{
        first: slots,
        count: receiveBlocks,
        blocks: receiveBytes
      },
      ...{
        blockBytes: RECEIVE_BLOCK_BYTES,
        headroom: 0
      }
    };
    this.sendPool = {
      ...{
        words,
        table: sendTable / 4
      },
      ...{
        first: 0,
        count: sendBlocks,
        blocks: sendBytes
      },
      ...{
        blockBytes: SEND_BLOCK_BYTES,
        headroom: 0
      }
    };
  }
  /** Word index of a connection's row. */
  row(index) {
    return this.rows + index * ROW_WORDS;
  }
  /** The stream of received bytes of a connection: from the TCP thread to the application. */
  receiveStream(row) {
    const at = this.row(row);
    return {
      words: this.words,
      written: at + Row.rxWritten,
      head: at + Row.rxHead,
      epoch: at + Row.rxEpoch,
      read: at + Row.rxRead
    };
  }
  /** The stream of bytes to send of a connection: from the application to the TCP thread. */
  sendStream(row) {
    const at = this.row(row);
    return {
      words: this.words,
      written: at + Row.txWritten,
      head: at + Row.txHead,
      epoch: at + Row.txEpoch,
      read: at + Row.txRead
    };
  }
  /** The memory, to hand to another thread. */
  get shared() {
    return this.memory.store;
  }
};
var COMMAND_RECORDS = 4096;
var REPLY_RECORDS = 4096;
var EVENTS_PER_ROW = 4;
function plainStore(bytes) {
  return new SharedArrayBuffer(bytes);
}
var Cutter = class {
  end = 0;
  /** Byte offset of a region of that many bytes. */
  bytes(length) {
    const start = this.end;
    this.end = Math.ceil((start + length) / CACHE_LINE) * CACHE_LINE;
    return start;
  }
  ring(recordWords, atLeast) {
    let capacity = 1;
    while (capacity < atLeast) capacity *= 2;
    const control = this.bytes(RING_CONTROL_WORDS * 4) / 4;
    const records = this.bytes(capacity * recordWords * 4) / 4;
    return {
      control,
      records,
      recordWords,
      capacity
    };
  }
};

// src/base/seq.ts
function seqAdd(a, n) {
  return a + n | 0;
}
function seqDiff(a, b) {
  return a - b | 0;
}
function seqLt(a, b) {
  return (a - b | 0) < 0;
}
function seqLe(a, b) {
  return (a - b | 0) <= 0;
}
function seqGt(a, b) {
  return (a - b | 0) > 0;
}
function seqGe(a, b) {
  return (a - b | 0) >= 0;
}
function seqMax(a, b) {
  return (a - b | 0) >= 0 ? a : b;
}
function seqMin(a, b) {
  return (a - b | 0) <= 0 ? a : b;
}
function seqInRange(a, low, high) {
  return (a - low | 0) >= 0 && (a - high | 0) < 0;
}

// src/tcp/state.ts
var State = {
  /** No connection. A row in this state waits for the application to let go of it. */
  CLOSED: 0,
  /** Waiting for a connection request. Listeners are in it, never a connection. */
  LISTEN: 1,
  /** A SYN was sent; a matching SYN is awaited. */
  SYN_SENT: 2,
  /** SYNs went both ways; the acknowledgment of ours is awaited. */
  SYN_RECEIVED: 3,
  /** Open: data flows both ways. */
  ESTABLISHED: 4,
  /** Our FIN is sent; its acknowledgment or the peer's FIN is awaited. */
  FIN_WAIT_1: 5,
  /** Our FIN is acknowledged; the peer's FIN is awaited. */
  FIN_WAIT_2: 6,
  /** The peer's FIN is here; the application has not closed yet. */
  CLOSE_WAIT: 7,
  /** FINs crossed; the acknowledgment of ours is awaited. */
  CLOSING: 8,
  /** The peer's FIN came first, ours is sent; its acknowledgment is awaited. */
  LAST_ACK: 9,
  /** Both FINs are acknowledged; old segments are given time to die out. */
  TIME_WAIT: 10
};
var stateNames = Object.keys(State).map((name) => name.replaceAll("_", "-"));
function canReceiveData(state) {
  return state === State.ESTABLISHED || state === State.FIN_WAIT_1 || state === State.FIN_WAIT_2;
}

// src/wire/segment.ts
var Segment = class {
  /** Source address, bits 0 to 31 (src/base/address.ts). */
  src0 = 0;
  /** Source address, bits 32 to 63 (src/base/address.ts). */
  src1 = 0;
  /** Source address, bits 64 to 95 (src/base/address.ts). */
  src2 = 0;
  /** Source address, bits 96 to 127 (src/base/address.ts). */
  src3 = 0;
  /** Destination address, bits 0 to 31 (src/base/address.ts). */
  dst0 = 0;
  /** Destination address, bits 32 to 63 (src/base/address.ts). */
  dst1 = 0;
  /** Destination address, bits 64 to 95 (src/base/address.ts). */
  dst2 = 0;
  /** Destination address, bits 96 to 127 (src/base/address.ts). */
  dst3 = 0;
  /** Source port. */
  srcPort = 0;
  /** Destination port. */
  dstPort = 0;
  /** Sequence number of the first byte, or of SYN; signed 32 bits. */
  seq = 0;
  /** Acknowledgment number; meaningful when `flags` has ACK. */
  ack = 0;
  /** {@link Flag} bits: the eight low bits are those on the wire, AE is bit 8. */
  flags = 0;
  /** The window field as it stands in the header: 16 bits, not scaled. */
  window = 0;
  /** The urgent pointer field. */
  urgent = 0;
  /** IPv4 TOS / IPv6 traffic class: DSCP in the six high bits, ECN in the two low ones. */
  trafficClass = 0;
  /** TTL or hop limit. */
  hopLimit = 0;
  /** Flow label of IPv6, 20 bits (RFC 6437); 0 over IPv4. */
  flowLabel = 0;
  /** Which options are there: {@link OptionBit} bits. */
  options = 0;
  /** MSS option, bytes. */
  mss = 0;
  /** Window scale option, shift count as sent (RFC 7323 section 2.2). */
  windowScale = 0;
  /** Timestamp value (RFC 7323 section 3.2), signed 32 bits. */
  tsValue = 0;
  /** Timestamp echo reply, signed 32 bits. */
  tsEcho = 0;
  /** Number of SACK blocks, 0 to 4 (RFC 2018 section 3). */
  sackCount = 0;
  /** Left edge of SACK block 0, signed 32 bits. */
  sackLeft0 = 0;
  /** Right edge of SACK block 0, signed 32 bits. */
  sackRight0 = 0;
  /** Left edge of SACK block 1, signed 32 bits. */
  sackLeft1 = 0;
  /** Right edge of SACK block 1, signed 32 bits. */
  sackRight1 = 0;
  /** Left edge of SACK block 2, signed 32 bits. */
  sackLeft2 = 0;
  /** Right edge of SACK block 2, signed 32 bits. */
  sackRight2 = 0;
  /** Left edge of SACK block 3, signed 32 bits. */
  sackLeft3 = 0;
  /** Right edge of SACK block 3, signed 32 bits. */
  sackRight3 = 0;
  /** Kind of the accurate ECN option, 172 or 174 (RFC 9768 section 3.2.3): the order of its counters. */
  ecnKind = 0;
  /** How many counters the option carries, 0 to 3. */
  ecnFields = 0;
  /** The ECT(0) byte counter (r.e0b), 24 bits. */
  ecnE0Bytes = 0;
  /** The CE byte counter (r.ceb), 24 bits. */
  ecnCeBytes = 0;
  /** The ECT(1) byte counter (r.e1b), 24 bits. */
  ecnE1Bytes = 0;
  /** Where the payload lies: byte offset into the memory that the frame is in. */
  payloadOffset = 0;
  /** Payload bytes. */
  payloadLength = 0;
  /** Payload bytes of each wire segment of a super-segment; 0 when it is a single one. */
  gsoSize = 0;
  /**
   * The descriptor of the frame slot that the payload lies in, -1 when there is none. Whoever keeps
   * the frame sets it to -1; a slot that is still named here when the segment is done with is free.
   */
  slot = -1;
  /** Where the whole frame lies, a byte offset. */
  frameOffset = 0;
  /** Bytes of the whole frame, all headers included. */
  frameLength = 0;
  /** For an ICMP error about a segment that was sent: its type (RFC 792), or ICMPv6's as that of ICMP. */
  icmpType = 0;
  /** Its code (RFC 792), likewise. */
  icmpCode = 0;
  /** The next hop's MTU that it tells (RFC 1191, RFC 8201). */
  icmpMtu = 0;
};
var Flag = {
  FIN: 1,
  SYN: 2,
  RST: 4,
  PSH: 8,
  ACK: 16,
  URG: 32,
  ECE: 64,
  CWR: 128,
  AE: 256
};
var OptionBit = {
  mss: 1,
  windowScale: 2,
  sackPermitted: 4,
  timestamps: 8,
  sack: 16,
  accurateEcn: 256
};
var Ecn = {
  /** Not ECN-capable. */
  notEct: 0,
  /** ECN-capable, ECT(1). */
  ect1: 1,
  /** ECN-capable, ECT(0). */
  ect0: 2,
  /** Congestion experienced. */
  ce: 3,
  /** The bits themselves. */
  mask: 3
};
function segmentLength(segment) {
  const flags = segment.flags;
  return segment.payloadLength + ((flags & Flag.SYN) >> 1) + (flags & Flag.FIN);
}

// src/pipeline/segment_record.ts
var USED_WORDS = 48;
if (USED_WORDS > SEGMENT_WORDS) throw new Error("A segment record overruns its place");
function writeSegmentRecord(words, at, kind, segment) {
  words[at] = kind;
  words[at + 1] = segment.slot;
  words[at + 2] = segment.src0;
  words[at + 3] = segment.src1;
  words[at + 4] = segment.src2;
  words[at + 5] = segment.src3;
  words[at + 6] = segment.dst0;
  words[at + 7] = segment.dst1;
  words[at + 8] = segment.dst2;
  words[at + 9] = segment.dst3;
  words[at + 10] = segment.srcPort << 16 | segment.dstPort;
  words[at + 11] = segment.seq;
  words[at + 12] = segment.ack;
  words[at + 13] = segment.flags;
  words[at + 14] = segment.window;
  words[at + 15] = segment.urgent;
  words[at + 16] = segment.trafficClass << 8 | segment.hopLimit;
  words[at + 17] = segment.options;
  words[at + 18] = segment.mss;
  words[at + 19] = segment.windowScale;
  words[at + 20] = segment.tsValue;
  words[at + 21] = segment.tsEcho;
  words[at + 22] = segment.sackCount;
  if (segment.sackCount > 0) writeSackEdges(words, at + 23, segment);
  words[at + 31] = segment.payloadOffset;
  words[at + 32] = segment.payloadLength;
  words[at + 33] = segment.gsoSize;
  words[at + 34] = segment.icmpType << 8 | segment.icmpCode;
  words[at + 35] = segment.icmpMtu;
  words[at + 36] = segment.frameOffset;
  words[at + 37] = segment.frameLength;
  words[at + 38] = segment.flowLabel;
  words[at + 44] = segment.ecnKind << 8 | segment.ecnFields;
  words[at + 45] = segment.ecnE0Bytes;
  words[at + 46] = segment.ecnCeBytes;
  words[at + 47] = segment.ecnE1Bytes;
}
function writeSackEdges(words, at, segment) {
  words[at] = segment.sackLeft0;
  words[at + 1] = segment.sackRight0;
  words[at + 2] = segment.sackLeft1;
  words[at + 3] = segment.sackRight1;
  words[at + 4] = segment.sackLeft2;
  words[at + 5] = segment.sackRight2;
  words[at + 6] = segment.sackLeft3;
  words[at + 7] = segment.sackRight3;
}
function readSegmentRecord(words, at, segment) {
  segment.slot = words[at + 1];
  segment.src0 = words[at + 2];
  segment.src1 = words[at + 3];
  segment.src2 = words[at + 4];
  segment.src3 = words[at + 5];
  segment.dst0 = words[at + 6];
  segment.dst1 = words[at + 7];
  segment.dst2 = words[at + 8];
  segment.dst3 = words[at + 9];
  segment.srcPort = words[at + 10] >>> 16;
  segment.dstPort = words[at + 10] & 65535;
  segment.seq = words[at + 11];
  segment.ack = words[at + 12];
  segment.flags = words[at + 13];
  segment.window = words[at + 14];
  segment.urgent = words[at + 15];
  segment.trafficClass = words[at + 16] >>> 8;
  segment.hopLimit = words[at + 16] & 255;
  segment.options = words[at + 17];
  segment.mss = words[at + 18];
  segment.windowScale = words[at + 19];
  segment.tsValue = words[at + 20];
  segment.tsEcho = words[at + 21];
  segment.sackCount = words[at + 22];
  if (segment.sackCount > 0) readSackEdges(words, at + 23, segment);
  segment.payloadOffset = words[at + 31];
  segment.payloadLength = words[at + 32];
  segment.gsoSize = words[at + 33];
  segment.icmpType = words[at + 34] >>> 8;
  segment.icmpCode = words[at + 34] & 255;
  segment.icmpMtu = words[at + 35];
  segment.frameOffset = words[at + 36];
  segment.frameLength = words[at + 37];
  segment.flowLabel = words[at + 38];
  segment.ecnKind = words[at + 44] >>> 8;
  segment.ecnFields = words[at + 44] & 255;
  segment.ecnE0Bytes = words[at + 45];
  segment.ecnCeBytes = words[at + 46];
  segment.ecnE1Bytes = words[at + 47];
  return words[at];
}
function readSackEdges(words, at, segment) {
  segment.sackLeft0 = words[at];
  segment.sackRight0 = words[at + 1];
  segment.sackLeft1 = words[at + 2];
  segment.sackRight1 = words[at + 3];
  segment.sackLeft2 = words[at + 4];
  segment.sackRight2 = words[at + 5];
  segment.sackLeft3 = words[at + 6];
  segment.sackRight3 = words[at + 7];
}

// src/pipeline/trace_ring.ts
var TraceKind = {
  segmentIn: 1,
  segmentOut: 2,
  state: 3,
  progress: 4
};
var HEADER_WORDS = 8;
var BODY = HEADER_WORDS + SEGMENT_WORDS;
var HEADERS_MAX_BYTES = HEADERS_WORDS * 4;
var WORD_MAX = 2147483647;
var TraceWriter = class {
  /** The time of the round of work under way, by the stage's clock. */
  nowUs = 0;
  /** What is wanted, bits of {@link Traced}. */
  traced = Traced.nothing;
  #ring;
  #bytes;
  #counters;
  #originUs;
  #scratch = new Segment();
  constructor(ring, counters, originUs) {
    this.#ring = new RingProducer(ring);
    this.#bytes = new Uint8Array(ring.words.buffer);
    this.#counters = counters;
    this.#originUs = originUs;
  }
  /** Records a segment; its headers are `length` bytes from byte `headers` of the ring's memory on. */
  segment(kind, segment, headers = 0, length = 0) {
    const at = this.#begin(kind);
    if (at < 0) return;
    const { words } = this.#ring;
    const kept = Math.min(length, HEADERS_MAX_BYTES);
    words[at + 6] = kept;
    writeSegmentRecord(words, at + HEADER_WORDS, 0, segment);
    this.#bytes.copyWithin((at + BODY) * 4, headers, headers + kept);
    this.#ring.push();
  }
  /** Records a change of state. */
  state(conn, before) {
    const at = this.#begin(TraceKind.state);
    if (at < 0) return;
    const { words } = this.#ring;
    words[at + 3] = before;
    words[at + 4] = conn.state;
    this.#finish(at, conn);
  }
  /** Records how far a connection's windows and times have come, when somebody wants to know that. */
  progress(conn) {
    if ((this.traced & Traced.progress) === 0) return;
    const at = this.#begin(TraceKind.progress);
    if (at < 0) return;
    const { words } = this.#ring;
    const { congestion, rtt } = conn;
    words[at + BODY] = Math.min(congestion.cwndBytes, WORD_MAX);
    words[at + BODY + 1] = Math.min(congestion.ssthreshBytes, WORD_MAX);
    words[at + BODY + 2] = seqDiff(conn.sndMax, conn.sndUna);
    words[at + BODY + 3] = conn.sndWnd;
    words[at + BODY + 4] = rtt.srttUs;
    words[at + BODY + 5] = Math.min(rtt.backedOff(conn.backoffs), WORD_MAX);
    this.#finish(at, conn);
  }
  #finish(at, conn) {
    const { words } = this.#ring;
    words[at + 5] = conn.id;
    words[at + 6] = 0;
    const scratch = this.#scratch;
    scratch.src0 = conn.local0;
    scratch.src1 = conn.local1;
    scratch.src2 = conn.local2;
    scratch.src3 = conn.local3;
    scratch.dst0 = conn.remote0;
    scratch.dst1 = conn.remote1;
    scratch.dst2 = conn.remote2;
    scratch.dst3 = conn.remote3;
    scratch.srcPort = conn.localPort;
    scratch.dstPort = conn.remotePort;
    writeSegmentRecord(words, at + HEADER_WORDS, 0, scratch);
    this.#ring.push();
  }
  /** Shows the records of this round; true when there were any. */
  publish() {
    return this.#ring.publish();
  }
  #begin(kind) {
    const at = this.#ring.claim();
    if (at < 0) {
      this.#counters.drop(Drop.traceOverflow);
      return at;
    }
    const { words } = this.#ring;
    const timeUs = this.#originUs + this.nowUs;
    words[at] = timeUs;
    words[at + 1] = timeUs / 4294967296;
    words[at + 2] = kind;
    return at;
  }
};
var TraceRecord = class {
  /** A segment in, a segment out, or a change of state. */
  kind = TraceKind.segmentIn;
  /** Microseconds since 1970, or of the clock that the stack was opened with. */
  timeUs = 0;
  /** The state that a change of state left. */
  stateBefore = State.CLOSED;
  /** The state that a change of state led to. */
  stateAfter = State.CLOSED;
  /** The segment; of a change of state, the connection's addresses and ports, local ones as source. */
  segment = new Segment();
  /** Bytes of {@link TraceRecord.headers} that are in use; 0 where it is no segment. */
  headersLength = 0;
  /** The IP and TCP headers of a segment as they were on the wire. */
  headers = new Uint8Array(HEADERS_MAX_BYTES);
  /** Of a record of progress: how far the connection's windows and times have come. */
  progress = new Progress();
};
var Progress = class {
  /** Congestion window. */
  cwndBytes = 0;
  /** Slow-start threshold; `Infinity` before the first loss. */
  ssthreshBytes = Infinity;
  /** Sequence numbers that are sent and not acknowledged. */
  inFlightBytes = 0;
  /** Window that the peer has offered. */
  sendWindowBytes = 0;
  /** Smoothed round-trip time; 0 before the first measurement. */
  rttUs = 0;
  /** Retransmission timeout with its back-off. */
  rtoUs = 0;
};
var TraceReader = class {
  #ring;
  #record = new TraceRecord();
  #bytes;
  constructor(ring) {
    this.#ring = new RingConsumer(ring);
    this.#bytes = new Uint8Array(ring.words.buffer);
  }
  /** Calls `look` for each waiting record; it must not keep the object. */
  drain(look) {
    const { words } = this.#ring;
    if (!this.#ring.hasNext()) return;
    const record = this.#record;
    for (let at = this.#ring.next(); at >= 0; at = this.#ring.next()) {
      record.timeUs = (words[at] >>> 0) + words[at + 1] * 4294967296;
      record.kind = words[at + 2];
      record.stateBefore = words[at + 3];
      record.stateAfter = words[at + 4];
      readSegmentRecord(words, at + HEADER_WORDS, record.segment);
      this.#readBody(at, record);
      look(record);
    }
    this.#ring.release();
  }
  #readBody(at, record) {
    const { words } = this.#ring;
    const length = words[at + 6];
    record.headersLength = length;
    const from = (at + BODY) * 4;
    for (let i = 0; i < length; i++) record.headers[i] = this.#bytes[from + i];
    if (record.kind !== TraceKind.progress) return;
    const { progress } = record;
    const ssthresh = words[at + BODY + 1];
    progress.cwndBytes = words[at + BODY];
    progress.ssthreshBytes = ssthresh === WORD_MAX ? Infinity : ssthresh;
    progress.inFlightBytes = words[at + BODY + 2];
    progress.sendWindowBytes = words[at + BODY + 3];
    progress.rttUs = words[at + BODY + 4];
    progress.rtoUs = words[at + BODY + 5];
  }
};

// src/pipeline/messages.ts
var Command = {
  /** Listen: id, port, address, backlog as value, whether `::` is IPv6 only. */
  listen: 1,
  /** Stop to listen: id. */
  unlisten: 2,
  /** Connect: request, port, address, local address. */
  connect: 3,
  /** Forget a connect: request. */
  cancelConnect: 4,
  /** The row has been read from or written to: row. */
  news: 5,
  /** No more will be written: row, generation. */
  closeWrite: 6,
  /** The application lets go: row, generation. */
  close: 7,
  /** The same, at once with an RST: row, generation. */
  abort: 8,
  /** Set an {@link ConnectionOption}: row, generation, option as port, value. */
  option: 9,
  /** One connection of a listener was accepted: id. */
  acceptTaken: 10,
  /** Close every connection; `stopped` comes when none is left. */
  shutdown: 11,
  /** Reset every connection that a shutdown has left. */
  abortAll: 12
};
var Event = {
  /** The row has something to look at. */
  news: 1,
  /** A connection of a listener is established: row, generation, listener. */
  accepted: 2,
  /** A connect succeeded: row, generation, request. */
  connected: 3,
  /** A connect failed: request, error as value. */
  connectFailed: 4,
  /** Nothing of the row is needed any more: row, generation. */
  ended: 5,
  /** After `shutdown`: every connection has ended. */
  stopped: 6
};
var ConnectionOption = {
  /** 1: no Nagle. */
  noDelay: 1,
  /** 1: keepalive probes. */
  keepAlive: 2,
  /** Seconds; 0: close with an RST, -1: an ordinary close. */
  linger: 3,
  /** Milliseconds; 0: the stack's default. */
  userTimeout: 4,
  /** Index of the name in CONGESTION_NAMES. */
  congestion: 5,
  /** Differentiated Services code point, 0 to 63. */
  diffServ: 6,
  /** Hop limit, 1 to 255. */
  hopLimit: 7
};
var Field = {
  op: 0,
  row: 1,
  generation: 2,
  port: 3,
  request: 3,
  address: 4,
  value: 8,
  localPort: 9,
  ipv6Only: 9,
  localAddress: 12
};

// src/tcp/config.ts
var TCP_DEFAULTS = {
  congestion: "cubic",
  rtoInitialMs: 1e3,
  rtoMinMs: 200,
  rtoMaxMs: 12e4,
  synRetries: 6,
  synAckRetries: 5,
  dataRetries: 15,
  delayedAckMs: 40,
  mslMs: 3e4,
  finWait2Ms: 6e4,
  keepaliveIdleMs: 72e5,
  keepaliveIntervalMs: 75e3,
  keepaliveProbes: 9,
  userTimeoutMs: 0,
  receiveBufferInitialBytes: 128 * 1024,
  receiveBufferMaxBytes: 6 * 1024 * 1024,
  sendBufferInitialBytes: 64 * 1024,
  sendBufferMaxBytes: 4 * 1024 * 1024,
  initialWindowSegments: 10,
  ecn: "accurate-passive",
  ecnOption: true,
  ecnFallback: true,
  mtuProbing: "off",
  baseMss: 1024,
  mtuProbeFloor: 48,
  mtuProbeIntervalMs: 6e5,
  pathMtuMin: 552,
  pathMtuExpiresMs: 6e5,
  timestamps: true,
  windowScale: true,
  sack: true,
  diffServ: 0,
  hopLimit: 64,
  outOfOrderRanges: 64,
  challengeAckMs: 500,
  maxConnections: 65536,
  maxTimeWait: 16384,
  receiveMemoryBytes: 256 * 1024 * 1024,
  sendMemoryBytes: 256 * 1024 * 1024
};
var RANGES = {
  diffServ: [
    0,
    63
  ],
  hopLimit: [
    1,
    255
  ],
  rtoInitialMs: [
    1,
    12e4
  ],
  rtoMinMs: [
    1,
    12e4
  ],
  rtoMaxMs: [
    1,
    36e5
  ],
  synRetries: [
    0,
    127
  ],
  synAckRetries: [
    0,
    127
  ],
  dataRetries: [
    1,
    127
  ],
  delayedAckMs: [
    0,
    499
  ],
  mslMs: [
    1,
    24e4
  ],
  finWait2Ms: [
    1,
    36e5
  ],
  keepaliveIdleMs: [
    1,
    864e5 * 24
  ],
  keepaliveIntervalMs: [
    1,
    864e5
  ],
  keepaliveProbes: [
    1,
    127
  ],
  userTimeoutMs: [
    0,
    864e5 * 24
  ],
  receiveBufferInitialBytes: [
    2048,
    64 * 1024 * 1024
  ],
  receiveBufferMaxBytes: [
    2048,
    64 * 1024 * 1024
  ],
  sendBufferInitialBytes: [
    2048,
    64 * 1024 * 1024
  ],
  sendBufferMaxBytes: [
    2048,
    64 * 1024 * 1024
  ],
  initialWindowSegments: [
    1,
    1e3
  ],
  baseMss: [
    48,
    65495
  ],
  mtuProbeFloor: [
    48,
    65495
  ],
  mtuProbeIntervalMs: [
    1,
    864e5
  ],
  pathMtuMin: [
    68,
    65535
  ],
  pathMtuExpiresMs: [
    1,
    864e5
  ],
  outOfOrderRanges: [
    1,
    1024
  ],
  challengeAckMs: [
    0,
    6e4
  ],
  maxConnections: [
    1,
    1048576
  ],
  maxTimeWait: [
    0,
    1048576
  ],
  receiveMemoryBytes: [
    64 * 1024,
    1024 * 1024 * 1024
  ],
  sendMemoryBytes: [
    64 * 1024,
    1024 * 1024 * 1024
  ]
};
var CONGESTION_NAMES = [
  "cubic",
  "newreno",
  "none"
];
var ECN_NAMES = [
  "off",
  "on",
  "passive",
  "accurate",
  "accurate-in",
  "accurate-passive"
];
var MTU_PROBING_NAMES = [
  "off",
  "blackhole",
  "always"
];
var CHOICES = {
  congestion: CONGESTION_NAMES,
  ecn: ECN_NAMES,
  mtuProbing: MTU_PROBING_NAMES
};
function tcpConfig(options = {}) {
  const config = {
    ...TCP_DEFAULTS
  };
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(TCP_DEFAULTS, name)) {
      throw new TypeError(`tcp.${name}: there is no such option`);
    }
    if (value !== void 0) config[name] = checked(name, value);
  }
  const result = config;
  atMost(result, "rtoMinMs", "rtoMaxMs");
  atMost(result, "receiveBufferInitialBytes", "receiveBufferMaxBytes");
  atMost(result, "sendBufferInitialBytes", "sendBufferMaxBytes");
  return result;
}
function checked(name, value) {
  const wanted = typeof TCP_DEFAULTS[name];
  const given = typeof value;
  if (given !== wanted) {
    throw new TypeError(`tcp.${name}: expected a ${wanted}, got ${described(value)}`);
  }
  const choices = CHOICES[name];
  if (choices !== void 0 && !choices.includes(value)) {
    throw new TypeError(`tcp.${name}: "${value}" is not one of ${choices.join(", ")}`);
  }
  const range = RANGES[name];
  if (range !== void 0) {
    const number = value;
    if (!Number.isInteger(number) || number < range[0] || number > range[1]) {
      throw new RangeError(`tcp.${name}: ${number} is not a whole number from ${range[0]} to ${range[1]}`);
    }
  }
  return value;
}
function described(value) {
  switch (typeof value) {
    case "string":
      return `the string "${value}"`;
    case "number":
    case "boolean":
      return `the ${typeof value} ${value}`;
    default:
      return value === null ? "null" : `a value of type ${typeof value}`;
  }
}
function atMost(config, low, high) {
  if (config[low] > config[high]) {
    throw new RangeError(`tcp.${low}: ${config[low]} is more than tcp.${high}, which is ${config[high]}`);
  }
}

// src/net/errors.ts
function badResource() {
  return new Deno.errors.BadResource("Bad resource ID");
}
function interrupted() {
  return codedError(Deno.errors.Interrupted, "EINTR", "operation canceled");
}
function listenerClosed() {
  return new Deno.errors.BadResource("Listener has been closed");
}
function brokenPipe() {
  return codedError(Deno.errors.BrokenPipe, "EPIPE", "Broken pipe (os error 32)");
}
function acceptBusy() {
  return new Deno.errors.Busy("Another accept task is ongoing");
}
function stackEnded(cause) {
  return codedError(Deno.errors.ConnectionAborted, "ECONNABORTED", "The stack has stopped because one of its threads failed; see the cause", cause);
}
function softErrorCode(error) {
  switch (error) {
    case ConnectionError.none:
      return null;
    case ConnectionError.networkUnreachable:
      return "ENETUNREACH";
    case ConnectionError.refused:
      return "ECONNREFUSED";
    case ConnectionError.timedOut:
      return "ETIMEDOUT";
    default:
      return "EHOSTUNREACH";
  }
}
function unreachable(where, why) {
  return codedError(Deno.errors.NetworkUnreachable, "ENETUNREACH", `Network is unreachable (os error 101): cannot connect to ${where}, ${why}`);
}
function connectionError(error, where) {
  switch (error) {
    case ConnectionError.timedOut:
      return codedError(Deno.errors.TimedOut, "ETIMEDOUT", `Connection timed out (os error 110): ${where} no longer answers`);
    case ConnectionError.aborted:
      return codedError(Deno.errors.ConnectionAborted, "ECONNABORTED", `Software caused connection abort (os error 103): the connection with ${where} was aborted here`);
    default:
      return codedError(Deno.errors.ConnectionReset, "ECONNRESET", `Connection reset by peer (os error 104): ${where} ended the connection`);
  }
}
function connectError(error, where) {
  switch (error) {
    case ConnectionError.refused:
      return codedError(Deno.errors.ConnectionRefused, "ECONNREFUSED", `Connection refused (os error 111): nothing listens on ${where}`);
    case ConnectionError.timedOut:
      return codedError(Deno.errors.TimedOut, "ETIMEDOUT", `Connection timed out (os error 110): ${where} does not answer`);
    case ConnectionError.networkUnreachable:
      return codedError(Deno.errors.NetworkUnreachable, "ENETUNREACH", `Network is unreachable (os error 101): a router has no route to ${where}`);
    case ConnectionError.hostUnreachable:
      return codedError(Deno.errors.ConnectionRefused, "EHOSTUNREACH", `No route to host (os error 113): a router cannot reach ${where}`);
    case ConnectionError.addressNotAvailable:
      return codedError(Deno.errors.AddrNotAvailable, "EADDRNOTAVAIL", `Cannot assign requested address (os error 99): every ephemeral port to ${where} is in use`);
    case ConnectionError.tooManyConnections:
      return codedError(Deno.errors.Busy, "EMFILE", `Cannot connect to ${where}: the stack has as many connections as tcp.maxConnections allows`);
    default:
      return connectionError(error, where);
  }
}

// src/tcp/connection.ts
var NEVER = Infinity;
var Owner = {
  /** Nobody yet: the handshake of a passive open is under way. */
  listener: 0,
  /** The application holds it. */
  application: 1,
  /** The application has closed it; the stack finishes the exchange alone. */
  none: 2
};
var News = {
  none: 0,
  /** Something to tidy up, the next time that it looks. */
  quiet: 1,
  /** Something that it may be waiting for. */
  loud: 2
};
var Connection = class {
  /** Number of the row in shared memory, and the name in demultiplexer and timer wheel. */
  id;
  /** Told apart from earlier connections in the same row. */
  generation;
  /** Word index of the row. */
  row;
  state = State.CLOSED;
  owner = Owner.listener;
  error = 0;
  listener = null;
  /** The application's name for a `connect` that is under way, else -1. */
  request = -1;
  // Addresses as four words each (src/base/address.ts).
  local0;
  local1;
  local2;
  local3;
  remote0;
  remote1;
  remote2;
  remote3;
  localPort;
  remotePort;
  /** Of every segment over IPv6: the same for the life of the connection (RFC 6437 section 3); else 0. */
  flowLabel = 0;
  // Send sequence space: una <= nxt <= max, and una + wnd is the right edge.
  iss = 0;
  /** Oldest unacknowledged sequence number. */
  sndUna = 0;
  /** Next to send; goes back to `sndUna` when the retransmission timer expires. */
  sndNxt = 0;
  /** Behind everything ever sent. */
  sndMax = 0;
  /** The peer's window in bytes, scaled. */
  sndWnd = 0;
  /** Segment sequence and acknowledgment numbers of the last window update. */
  sndWl1 = 0;
  sndWl2 = 0;
  /** Greatest window that the peer ever offered; half of it is worth sending (section 3.8.6.2.1). */
  sndWndMax = 0;
  /** The peer's window scale. */
  sndScale = 0;
  /** End of the last segment sent that was not full: what Nagle's rule waits for (Minshall's form). */
  sndSmall = 0;
  /** Payload bytes of a full segment, options subtracted. */
  sndMss = 536;
  /** Most that is announced and sent as MSS, both ways; 0 is no limit but the path's (TCP_MAXSEG). */
  mssClamp = 0;
  // Receive sequence space.
  irs = 0;
  rcvNxt = 0;
  /** Right edge that was advertised; it never moves left. */
  rcvAdvertised = 0;
  /** Our window scale; 0 until both sides have offered one. */
  rcvScale = 0;
  /** Largest payload of a segment seen: what counts as full for delayed ACKs (as Linux's rcv_mss). */
  rcvMss = 536;
  /** The urgent pointer, when `urgent` is set (RFC 6093: the byte after the urgent data). */
  rcvUrgent = 0;
  urgent = false;
  /** How often the peer has moved the urgent pointer, and whether the application has not read up to it yet. */
  urgentMarks = 0;
  urgentUnread = false;
  // Options that both sides agreed on.
  timestamps = false;
  sack = false;
  windowScale = false;
  /** TS.Recent and when it was set (RFC 7323 section 4.3). */
  tsRecent = 0;
  tsRecentAtUs = 0;
  /** Added to the clock in every timestamp sent, so that it tells nothing about the host. */
  tsOffset = 0;
  /** Last acknowledgment number sent: RFC 7323 section 4.3, Last.ACK.sent. */
  lastAckSent = 0;
  /** Explicit congestion notification (RFC 3168, RFC 9768); null when it is not in use. */
  ecn = null;
  // The path's MTU (src/tcp/path_mtu.ts).
  /** MSS that the peer has announced and the application allows; no limit of the path is in it. */
  mssLimit = 536;
  /** Largest IP packet of the first link, bytes; 0 before the handshake has settled the segment size. */
  linkMtu = 0;
  /** Largest IP packet for the path, bytes; 0 before that when no router has told it. */
  pathMtu = 0;
  /** When what a router has said of it does not hold any more. */
  pathMtuEndUs = NEVER;
  /** A search by probes is under way or has been (RFC 4821), else null. */
  mtuSearch = null;
  // Bytes on either side.
  receive = null;
  send = null;
  /** The application will write no more: a FIN follows the last byte. */
  finQueued = false;
  /** The peer's FIN was taken in. */
  finReceived = false;
  /** Bytes that the application may have in `send` at once; grows with the congestion window. */
  sendLimit = 0;
  // Acknowledging.
  /** An ACK is due with the next output. */
  ackPending = false;
  /** Bytes received since the last ACK. */
  unackedBytes = 0;
  /** ACKs still to be sent without delay (as Linux's quick-ACK phase). */
  quickAcks = 0;
  /** Text goes back and forth, so that an ACK can wait for what is sent anyway (Linux's ping-pong mode). */
  interactive = false;
  /** When text last arrived in order. */
  lastTextAtUs = -NEVER;
  lastChallengeAtUs = -NEVER;
  /** Position up to which the application had read when the window was last looked at. */
  readSeen = 0;
  // Receive window tuning.
  tuneSeq = 0;
  tuneAtUs = 0;
  tuneRttUs = 0;
  tuneReadMark = 0;
  tuneReadAtUs = 0;
  // Retransmission and recovery.
  rtt;
  /** The sequence number whose acknowledgment is being timed, when `timing`. */
  rttSeq = 0;
  rttSentAtUs = 0;
  timing = false;
  /** Expiries of the retransmission timer in a row. */
  backoffs = 0;
  /** When the oldest unacknowledged data was first sent: for the user timeout. */
  unackedSinceUs = NEVER;
  /** What loss detection knows; there once the SYN was sent. */
  loss = null;
  /** The timer expired in the handshake: RFC 6298 section 5.7. */
  handshakeTimedOut = false;
  congestion;
  /** The window was the limit when something was last sent: it may grow (RFC 9293 section 3.8.2). */
  cwndLimited = false;
  lastSentAtUs = 0;
  // Deadlines in microseconds; the wheel holds the earliest or an earlier one.
  retransmitAtUs = NEVER;
  /** The retransmission deadline is that of a zero-window probe. */
  persisting = false;
  delayedAckAtUs = NEVER;
  keepaliveAtUs = NEVER;
  /** End of FIN-WAIT-2 or TIME-WAIT. */
  endAtUs = NEVER;
  wheelAtUs = NEVER;
  /** The earliest of them, when last worked out. */
  deadlineUs = NEVER;
  // Options of the application.
  noDelay = false;
  /** Buffers whose size the application has set do not grow with use (SO_RCVBUF, SO_SNDBUF). */
  receiveBufferFixed = false;
  sendBufferFixed = false;
  /** How often a SYN is sent again, and how long FIN-WAIT-2 lasts; the stack's when not changed. */
  synRetries = 0;
  finWait2Us = 0;
  /** Nothing short is sent while more may be written, for 200 ms at the most (TCP_CORK). */
  cork = false;
  keepAlive = false;
  /** Idle time before the first probe, between probes, and how many; the stack's when not changed. */
  keepaliveIdleUs = 0;
  keepaliveIntervalUs = 0;
  keepaliveProbes = 0;
  keepaliveProbesSent = 0;
  lastReceivedAtUs = 0;
  userTimeoutUs = 0;
  /** Abort instead of an orderly close: SO_LINGER with zero seconds. */
  lingerZero = false;
  /** DSCP and ECN bits, and hop limit, of what is sent; 0 as hop limit is the stack's. */
  trafficClass = 0;
  hopLimit = 0;
  // What the network says against the connection, without ending it (RFC 9293 section 3.9.1.8).
  softError = 0;
  softErrors = 0;
  // Work lists.
  dirty = false;
  /** More could be sent, but the sink has no room for it now. */
  blocked = false;
  news = 0;
  // Totals for `info()`.
  bytesSent = 0;
  bytesReceived = 0;
  bytesRetransmitted = 0;
  segmentsSent = 0;
  segmentsReceived = 0;
  segmentsRetransmitted = 0;
  segmentsOutOfOrder = 0;
  duplicateAcksSeen = 0;
  retransmitTimeouts = 0;
  recoveriesUndone = 0;
  constructor(id, generation, rows, tuple, rtt, congestion) {
    this.id = id;
    this.generation = generation;
    this.row = rows + id * ROW_WORDS;
    this.local0 = tuple.local0;
    this.local1 = tuple.local1;
    this.local2 = tuple.local2;
    this.local3 = tuple.local3;
    this.remote0 = tuple.remote0;
    this.remote1 = tuple.remote1;
    this.remote2 = tuple.remote2;
    this.remote3 = tuple.remote3;
    this.localPort = tuple.localPort;
    this.remotePort = tuple.remotePort;
    this.rtt = rtt;
    this.congestion = congestion;
  }
};

// src/tcp/window.ts
function synWindow(conn) {
  return Math.min(65535, conn.receive.limitBytes);
}
function receiveWindow(conn) {
  const promised = seqDiff(conn.rcvAdvertised, conn.rcvNxt);
  if (conn.receive === null) return promised > 0 ? promised : 0;
  const space = Math.min(conn.receive.space, 65535 << conn.rcvScale);
  const step = Math.min(conn.receive.limitBytes >> 1, conn.rcvMss);
  if (space - promised < step) return promised > 0 ? promised : 0;
  return space;
}
function advertise(conn) {
  const window = receiveWindow(conn);
  const scale = conn.rcvScale;
  const promised = seqDiff(conn.rcvAdvertised, conn.rcvNxt);
  let field2 = window >> scale;
  if (field2 << scale < promised) {
    const space = conn.receive === null ? 0 : conn.receive.space;
    if (field2 + 1 << scale < space + (1 << scale)) field2++;
  }
  const edge = seqAdd(conn.rcvNxt, field2 << scale);
  if (seqDiff(edge, conn.rcvAdvertised) > 0) conn.rcvAdvertised = edge;
  return field2;
}
function afterReceive(conn, segment, taken, hadGap, nowUs, config) {
  const full = segment.gsoSize > 0 ? segment.gsoSize : segment.payloadLength;
  if (full > conn.rcvMss) conn.rcvMss = full;
  conn.unackedBytes += taken;
  conn.lastTextAtUs = nowUs;
  measureReceiverRtt(conn, nowUs);
  if (hadGap || conn.unackedBytes >= 2 * conn.rcvMss || config.delayedAckMs === 0) {
    conn.ackPending = true;
  } else if (conn.quickAcks > 0 && !conn.interactive) {
    conn.quickAcks--;
    conn.ackPending = true;
  } else if (conn.delayedAckAtUs === NEVER) {
    conn.delayedAckAtUs = nowUs + config.delayedAckMs * 1e3;
  }
}
function measureReceiverRtt(conn, nowUs) {
  if (!seqGe(conn.rcvNxt, conn.tuneSeq)) return;
  const sample = Math.max(1, nowUs - conn.tuneAtUs);
  conn.tuneRttUs = conn.tuneRttUs === 0 ? sample : Math.min(sample, Math.round((7 * conn.tuneRttUs + sample) / 8));
  conn.tuneSeq = seqAdd(conn.rcvNxt, Math.max(conn.rcvMss, receiveWindow(conn)));
  conn.tuneAtUs = nowUs;
}
function afterRead(conn, readPosition, nowUs, config) {
  if (readPosition === conn.readSeen) return;
  conn.readSeen = readPosition;
  const receive = conn.receive;
  const rttUs = conn.tuneRttUs !== 0 ? conn.tuneRttUs : conn.rtt.srttUs;
  if (rttUs !== 0 && nowUs - conn.tuneReadAtUs >= rttUs) {
    const read = readPosition - conn.tuneReadMark | 0;
    if (2 * read > receive.limitBytes && !conn.receiveBufferFixed) {
      receive.limitBytes = Math.min(config.receiveBufferMaxBytes, 2 * receive.limitBytes);
    }
    conn.tuneReadMark = readPosition;
    conn.tuneReadAtUs = nowUs;
  }
  const promised = seqDiff(conn.rcvAdvertised, conn.rcvNxt);
  if (promised < receive.limitBytes >> 1 && receiveWindow(conn) > promised) conn.ackPending = true;
}

// src/tcp/report.ts
var WORD_MAX2 = 2147483647;
function reportAddresses(words, conn) {
  const row = conn.row;
  words[row + Row.local] = conn.local0;
  words[row + Row.local + 1] = conn.local1;
  words[row + Row.local + 2] = conn.local2;
  words[row + Row.local + 3] = conn.local3;
  words[row + Row.remote] = conn.remote0;
  words[row + Row.remote + 1] = conn.remote1;
  words[row + Row.remote + 2] = conn.remote2;
  words[row + Row.remote + 3] = conn.remote3;
  words[row + Row.localPort] = conn.localPort;
  words[row + Row.remotePort] = conn.remotePort;
}
function reportProgress(words, conn) {
  const row = conn.row;
  words[row + Row.state] = conn.state;
  words[row + Row.error] = conn.error;
  words[row + Row.txLimit] = conn.sendLimit;
  const info = row + Row.info;
  const { rtt, congestion } = conn;
  words[info + Info.rttUs] = rtt.srttUs;
  words[info + Info.rttVarUs] = rtt.rttVarUs;
  words[info + Info.rttMinUs] = rtt.minUs;
  words[info + Info.rtoUs] = clamp(rtt.backedOff(conn.backoffs));
  words[info + Info.cwndBytes] = clamp(congestion.cwndBytes);
  words[info + Info.ssthreshBytes] = clamp(congestion.ssthreshBytes);
  words[info + Info.mssSend] = conn.sndMss;
  words[info + Info.mssReceive] = conn.rcvMss;
  words[info + Info.sendWindow] = conn.sndWnd;
  words[info + Info.receiveWindow] = receiveWindow(conn);
  words[info + Info.bytesInFlight] = seqDiff(conn.sndMax, conn.sndUna);
  putTotal(words, info + Info.bytesSent, conn.bytesSent);
  putTotal(words, info + Info.bytesReceived, conn.bytesReceived);
  putTotal(words, info + Info.bytesRetransmitted, conn.bytesRetransmitted);
  words[info + Info.segmentsSent] = conn.segmentsSent;
  words[info + Info.segmentsReceived] = conn.segmentsReceived;
  words[info + Info.segmentsRetransmitted] = conn.segmentsRetransmitted;
  words[info + Info.segmentsOutOfOrder] = conn.segmentsOutOfOrder;
  words[info + Info.duplicateAcks] = conn.duplicateAcksSeen;
  words[info + Info.windowScales] = conn.sndScale | conn.rcvScale << 8;
  words[info + Info.options] = (conn.timestamps ? InfoOption.timestamps : 0) | (conn.sack ? InfoOption.sack : 0) | (conn.windowScale ? InfoOption.windowScale : 0) | ecnOption(conn);
  words[row + Row.pathMtu] = conn.pathMtu;
  words[info + Info.retransmitTimeouts] = conn.retransmitTimeouts;
  words[info + Info.receiveBufferBytes] = conn.receive === null ? 0 : conn.receive.limitBytes;
  words[info + Info.congestion] = CONGESTION_NAMES.indexOf(congestion.name);
  words[info + Info.backoffs] = conn.backoffs;
  words[row + Row.softError] = conn.softError;
  words[row + Row.softErrors] = conn.softErrors;
  if (conn.urgentUnread) reportUrgent(words, conn);
}
function reportUrgent(words, conn) {
  const row = conn.row;
  const end2 = seqDiff(conn.rcvUrgent, conn.irs) - 1;
  conn.urgentUnread = conn.receive !== null && (end2 - conn.receive.readPosition | 0) > 0;
  words[row + Row.urgentEnd] = end2;
  words[row + Row.urgentMarks] = conn.urgentMarks;
  words[row + Row.urgentUnread] = conn.urgentUnread ? 1 : 0;
}
function ecnOption({ ecn }) {
  if (ecn === null) return 0;
  return ecn.accurate === null ? InfoOption.ecn : InfoOption.accurateEcn;
}
function clamp(value) {
  return value < WORD_MAX2 ? value : WORD_MAX2;
}
function putTotal(words, at, value) {
  words[at] = value;
  words[at + 1] = value / 4294967296;
}
function readTotal(words, at) {
  return (words[at] >>> 0) + words[at + 1] * 4294967296;
}

// src/net/info.ts
var WORD_MAX3 = 2147483647;
function readInfo(layout, row) {
  const { words } = layout;
  const at = layout.row(row);
  const info = at + Row.info;
  const word = (index) => words[info + index];
  const options = word(Info.options);
  const scales = word(Info.windowScales);
  const ssthresh = word(Info.ssthreshBytes);
  return {
    state: stateNames[words[at + Row.state]],
    rttUs: word(Info.rttUs),
    rttVarUs: word(Info.rttVarUs),
    rttMinUs: word(Info.rttMinUs),
    rtoUs: word(Info.rtoUs),
    congestion: CONGESTION_NAMES[word(Info.congestion)],
    cwndBytes: word(Info.cwndBytes),
    ssthreshBytes: ssthresh === WORD_MAX3 ? Infinity : ssthresh,
    mssSendBytes: word(Info.mssSend),
    mssReceiveBytes: word(Info.mssReceive),
    sendWindowBytes: word(Info.sendWindow),
    receiveWindowBytes: word(Info.receiveWindow),
    receiveBufferBytes: word(Info.receiveBufferBytes),
    sendBufferBytes: words[at + Row.txLimit],
    inFlightBytes: word(Info.bytesInFlight),
    bytesSent: readTotal(words, info + Info.bytesSent),
    bytesReceived: readTotal(words, info + Info.bytesReceived),
    bytesRetransmitted: readTotal(words, info + Info.bytesRetransmitted),
    segmentsSent: word(Info.segmentsSent),
    segmentsReceived: word(Info.segmentsReceived),
    segmentsRetransmitted: word(Info.segmentsRetransmitted),
    segmentsOutOfOrder: word(Info.segmentsOutOfOrder),
    duplicateAcks: word(Info.duplicateAcks),
    retransmitTimeouts: word(Info.retransmitTimeouts),
    backoffs: word(Info.backoffs),
    urgentBytes: words[at + Row.urgentUnread] === 0 ? 0 : Math.max(0, words[at + Row.urgentEnd] - words[at + Row.rxRead] | 0),
    softError: softErrorCode(words[at + Row.softError]),
    pathMtuBytes: words[at + Row.pathMtu],
    ecn: (options & InfoOption.accurateEcn) !== 0 ? "accurate" : (options & InfoOption.ecn) !== 0 ? "classic" : "off",
    timestamps: (options & InfoOption.timestamps) !== 0,
    sack: (options & InfoOption.sack) !== 0,
    windowScale: (options & InfoOption.windowScale) === 0 ? null : {
      send: scales & 255,
      receive: scales >>> 8
    }
  };
}

// src/net/conn.ts
var READABLE_CHUNK_BYTES = 65536;
var TcpConn = class {
  /** The stack's end of the connection. */
  localAddr;
  /** The peer's end of the connection. */
  remoteAddr;
  #endpoint;
  #readable = null;
  #writable = null;
  /** Made by a stack; applications get connections from `connect` and `accept`. */
  constructor(endpoint) {
    this.#endpoint = endpoint;
    const { layout } = endpoint.port;
    const at = layout.row(endpoint.row);
    const { words } = layout;
    const textOf = endpoint.showsMapped ? mappedText : addressText;
    this.localAddr = netAddr(words, at + Row.local, words[at + Row.localPort], textOf);
    this.remoteAddr = netAddr(words, at + Row.remote, words[at + Row.remotePort], textOf);
  }
  /**
   * Reads up to `p.length` bytes: resolves with their number as soon as there is one, with `null` at the
   * end of the stream, with 0 for an empty `p`. Concurrent reads are served in order.
   */
  read(p) {
    return this.#endpoint.read(p);
  }
  /** Takes up to `p.length` bytes to be sent and resolves with their number, at least one. */
  write(p) {
    return this.#endpoint.write(p);
  }
  /** Ends the sending direction with a FIN behind what was written; reading goes on. */
  closeWrite() {
    return this.#endpoint.closeWrite();
  }
  /**
   * Closes the connection: a FIN behind what was written, or an RST when received data is unread (RFC 9293
   * section 3.6.1). Throws `BadResource` when it is closed already.
   */
  close() {
    this.#mustBeOpen();
    this.#endpoint.close();
  }
  /** Ends the connection at once with an RST (RFC 9293 section 3.10.5); what was not sent is lost. */
  abort() {
    this.#mustBeOpen();
    this.#endpoint.abort();
  }
  /** Lets pending reads keep the process alive, which is the default. */
  ref() {
    this.#endpoint.setReferenced(true);
  }
  /** Lets the process end although reads are pending; pending writes hold it always, as in Deno. */
  unref() {
    this.#endpoint.setReferenced(false);
  }
  /** Sends small segments at once (true) or while nothing small is unacknowledged (false, Nagle). */
  setNoDelay(noDelay = true) {
    this.#endpoint.setOption(ConnectionOption.noDelay, noDelay ? 1 : 0);
  }
  /** Probes the peer when the connection is idle (RFC 9293 section 3.8.4). */
  setKeepAlive(keepAlive = true) {
    this.#endpoint.setOption(ConnectionOption.keepAlive, keepAlive ? 1 : 0);
  }
  /** What `close()` does: 0 seconds ends with an RST, anything else with a FIN; null is the default. */
  setLinger(seconds) {
    if (seconds !== null) checkRange("seconds", seconds, 0, 65535);
    this.#endpoint.setOption(ConnectionOption.linger, seconds ?? -1);
  }
  /** How long sent data may stay unacknowledged, in milliseconds (RFC 9293 section 3.8.3); 0: default. */
  setUserTimeout(ms) {
    checkRange("ms", ms, 0, 2147483647);
    this.#endpoint.setOption(ConnectionOption.userTimeout, ms);
  }
  /**
   * The Differentiated Services field of what is sent from now on, 0 to 63 (RFC 2474, RFC 9293 section 3.9.1.5);
   * by default that of the stack.
   */
  setDiffServ(codePoint) {
    checkRange("codePoint", codePoint, 0, 63);
    this.#endpoint.setOption(ConnectionOption.diffServ, codePoint);
  }
  /** The hop limit (TTL) of what is sent from now on, 1 to 255; by default that of the stack. */
  setHopLimit(hops) {
    checkRange("hops", hops, 1, 255);
    this.#endpoint.setOption(ConnectionOption.hopLimit, hops);
  }
  /**
   * Called for what happens beside the bytes: urgent data, and reports of the network that do not end the
   * connection. Null, the default, for nobody; `info()` tells the last of each in any case.
   */
  set onNotice(handler) {
    this.#endpoint.setOnNotice(handler);
  }
  /** Changes the congestion control; the window stays as it is. */
  setCongestionControl(name) {
    const index = CONGESTION_NAMES.indexOf(name);
    if (index < 0) {
      throw new TypeError(`"${name}" is not a congestion control; there are ${CONGESTION_NAMES.join(", ")}`);
    }
    this.#endpoint.setOption(ConnectionOption.congestion, index);
  }
  /** The state of the connection and its measurements, as of the stack's last work on it. */
  info() {
    this.#mustBeOpen();
    return readInfo(this.#endpoint.port.layout, this.#endpoint.row);
  }
  /** The receiving direction as a byte stream; its end or its cancellation closes the connection. */
  get readable() {
    this.#readable ??= this.#makeReadable();
    return this.#readable;
  }
  /** The sending direction as a stream; closing or aborting it closes the connection. */
  get writable() {
    this.#writable ??= this.#makeWritable();
    return this.#writable;
  }
  /** Closes the connection unless it is closed already. */
  [Symbol.dispose]() {
    this.#closeQuietly();
  }
  #mustBeOpen() {
    if (this.#endpoint.closed) throw new Deno.errors.BadResource("Bad resource ID");
  }
  #closeQuietly() {
    if (!this.#endpoint.closed) this.#endpoint.close();
  }
  #makeReadable() {
    return new ReadableStream({
      type: "bytes",
      autoAllocateChunkSize: READABLE_CHUNK_BYTES,
      pull: async (controller) => {
        const request = controller.byobRequest;
        const view = request.view;
        try {
          const count = await this.#endpoint.read(view);
          if (count === null) {
            this.#closeQuietly();
            controller.close();
            request.respond(0);
          } else {
            request.respond(count);
          }
        } catch (error) {
          controller.error(error);
          this.#closeQuietly();
        }
      },
      cancel: () => this.#closeQuietly()
    });
  }
  #makeWritable() {
    return new WritableStream({
      write: async (chunk) => {
        try {
          let done = 0;
          while (done < chunk.length) {
            done += await this.#endpoint.write(done === 0 ? chunk : chunk.subarray(done));
          }
        } catch (error) {
          this.#closeQuietly();
          throw error;
        }
      },
      close: () => this.#closeQuietly(),
      abort: () => this.#closeQuietly()
    });
  }
};
function netAddr(words, at, port, textOf) {
  const address = {
    w0: words[at],
    w1: words[at + 1],
    w2: words[at + 2],
    w3: words[at + 3]
  };
  return {
    transport: "tcp",
    hostname: textOf(address),
    port
  };
}
function checkRange(name, value, low, high) {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${name}: ${value} is not a whole number from ${low} to ${high}`);
  }
}

// src/net/hostname.ts
function parseHostname(hostname) {
  if (hostname === "localhost") return {
    address: LOOPBACK_IPV4,
    isMapped: false
  };
  const bracketed = /^\[(.*:.*)\]$/.exec(hostname);
  const text2 = bracketed === null ? hostname : bracketed[1];
  const address = parseAddress(text2);
  if (address === null) {
    throw new TypeError(`hostname: "${hostname}" is not an IPv4 or IPv6 address; resolve names first, for example with Deno.resolveDns()`);
  }
  return {
    address,
    isMapped: text2.includes(":") && isIpv4(address)
  };
}
function addressesOf(hostname) {
  const { address, isMapped } = parseHostname(hostname);
  const addresses = hostname === "localhost" ? [
    address,
    LOOPBACK_IPV6
  ] : [
    address
  ];
  return {
    addresses,
    isMapped
  };
}

// src/net/listener.ts
var Listener = class {
  /** The address and port that it listens on. */
  addr;
  #id;
  #ports;
  #liveness;
  #onClose;
  /** Whether its connections show addresses as an IPv6 socket would. */
  #showsMapped;
  /** Established connections that nobody has accepted, the oldest first. */
  #waiting = [];
  #pending = null;
  #closed = false;
  #referenced = true;
  #failure = null;
  /** Made by a stack's `listen`. */
  constructor(id, ports, liveness, addr, onClose) {
    this.#id = id;
    this.#ports = ports;
    this.#liveness = liveness;
    this.addr = addr;
    this.#showsMapped = addr.hostname.includes(":");
    this.#onClose = onClose;
  }
  /** Where the stack delivers connections. */
  static handlerOf(listener) {
    return {
      accepted: (endpoint) => listener.#take(endpoint)
    };
  }
  /** Ends it because the stack has failed. */
  static fail(listener, error) {
    listener.#failure = error;
    listener.#closed = true;
    listener.#settle((pending) => pending.reject(error));
  }
  /**
   * Resolves with the next connection. Rejects with `Busy` while another `accept` waits, and with
   * `BadResource` when the listener is closed, before or meanwhile.
   */
  accept() {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(listenerClosed());
    if (this.#pending !== null) return Promise.reject(acceptBusy());
    const endpoint = this.#waiting.shift();
    if (endpoint !== void 0) return Promise.resolve(this.#open(endpoint));
    return new Promise((resolve, reject) => {
      this.#pending = {
        resolve,
        reject
      };
      if (this.#referenced) this.#liveness.hold();
    });
  }
  /** Stops listening. Connections that nobody accepted are reset. */
  close() {
    if (this.#closed) throw new Deno.errors.BadResource("Bad resource ID");
    this.#closed = true;
    for (const port of this.#ports) port.unlisten(this.#id);
    for (const endpoint of this.#waiting.splice(0)) endpoint.abort();
    this.#settle((pending) => pending.reject(listenerClosed()));
    this.#onClose();
  }
  /** Lets a pending `accept` keep the process alive, which is the default. */
  ref() {
    this.#setReferenced(true);
  }
  /** Lets the process end although an `accept` is pending. */
  unref() {
    this.#setReferenced(false);
  }
  /** Closes the listener unless it is closed already. */
  [Symbol.dispose]() {
    if (!this.#closed) this.close();
  }
  /** Accepts until the listener is closed; leaving the loop closes it, as Deno's. */
  async *[Symbol.asyncIterator]() {
    for (; ; ) {
      let conn;
      try {
        conn = await this.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        throw error;
      }
      let left = true;
      try {
        yield conn;
        left = false;
      } finally {
        if (left) this[Symbol.dispose]();
      }
    }
  }
  #take(endpoint) {
    endpoint.showsMapped = this.#showsMapped;
    if (this.#closed) {
      endpoint.abort();
    } else if (this.#pending === null) {
      this.#waiting.push(endpoint);
    } else {
      this.#settle((pending) => pending.resolve(this.#open(endpoint)));
    }
  }
  #open(endpoint) {
    endpoint.port.acceptTaken(this.#id);
    return new TcpConn(endpoint);
  }
  #settle(how) {
    const pending = this.#pending;
    if (pending === null) return;
    this.#pending = null;
    if (this.#referenced) this.#liveness.release();
    this.#ports[0].settleSoon();
    how(pending);
  }
  #setReferenced(referenced) {
    if (this.#closed || referenced === this.#referenced) return;
    this.#referenced = referenced;
    if (this.#pending === null) return;
    if (referenced) this.#liveness.hold();
    else this.#liveness.release();
    this.#ports[0].settleSoon();
  }
};

// src/net/liveness.ts
var Liveness = class {
  /** The timer itself: by the number of a timer Deno 2.9 neither references nor unreferences it. */
  #timer;
  #pending = 0;
  #referenced = false;
  constructor() {
    this.#timer = setInterval(() => {
    }, LONGEST_INTERVAL_MS);
    Deno.unrefTimer(this.#timer);
  }
  /** One more call waits. */
  hold() {
    this.#pending++;
    if (!this.#referenced) {
      this.#referenced = true;
      Deno.refTimer(this.#timer);
    }
  }
  /** One call less waits. */
  release() {
    this.#pending--;
  }
  /** Lets the process go if nobody waits; called once for each batch of events, not for each call. */
  settle() {
    if (this.#pending === 0 && this.#referenced) {
      this.#referenced = false;
      Deno.unrefTimer(this.#timer);
    }
  }
  /** Ends it. */
  close() {
    clearInterval(this.#timer);
  }
};
var LONGEST_INTERVAL_MS = 2147483647;

// src/ring/chain.ts
function chainRoom(memory, tail, length) {
  const { pool: pool2 } = memory;
  const inTail = tail === NIL ? 0 : pool2.words[pool2.table + tail * DESCRIPTOR_WORDS + ROOM];
  if (inTail >= length) return length;
  const inPool = pool2.free * pool2.blockBytes;
  return Math.min(length, inTail + inPool);
}
function withRoom(memory, tail) {
  const { pool: pool2 } = memory;
  const { words, table } = pool2;
  if (words[table + tail * DESCRIPTOR_WORDS + ROOM] > 0) return tail;
  const block = pool2.take();
  words[table + tail * DESCRIPTOR_WORDS + NEXT] = block;
  return block;
}
function chainAppendCopy(memory, tail, offset, length) {
  const { words, table } = memory.pool;
  let done = 0;
  while (done < length) {
    tail = withRoom(memory, tail);
    const at = table + tail * DESCRIPTOR_WORDS;
    const count = Math.min(words[at + ROOM], length - done);
    const target = words[at + START] + words[at + LENGTH];
    memory.area.copy(target, offset + done, count);
    words[at + LENGTH] += count;
    words[at + ROOM] -= count;
    done += count;
  }
  return tail;
}
function chainAppendArray(memory, tail, source, from, length) {
  const { words, table } = memory.pool;
  let done = 0;
  while (done < length) {
    tail = withRoom(memory, tail);
    const at = table + tail * DESCRIPTOR_WORDS;
    const count = Math.min(words[at + ROOM], length - done);
    const target = words[at + START] + words[at + LENGTH];
    memory.copier.write(source, from + done, target, count);
    words[at + LENGTH] += count;
    words[at + ROOM] -= count;
    done += count;
  }
  return tail;
}
function chainRelease(memory, first) {
  const { words, table } = memory.pool;
  let block = first;
  while (block !== NIL) {
    const next = words[table + block * DESCRIPTOR_WORDS + NEXT];
    memory.release(block);
    block = next;
  }
}

// src/ring/stream.ts
function streamWritten(stream) {
  return Atomics.load(stream.words, stream.written);
}
function streamRead(stream) {
  return Atomics.load(stream.words, stream.read);
}
function publishRead(stream, position) {
  Atomics.store(stream.words, stream.read, position);
}
var StreamWriter = class {
  /** Bytes appended, whether or not published; modulo 2^32. */
  written = 0;
  #head = NIL;
  #tail = NIL;
  /** Position of the first byte of `#head`. */
  #headPosition = 0;
  #memory;
  #shared;
  constructor(memory, shared) {
    this.#memory = memory;
    this.#shared = shared;
    const words = shared.words;
    words[shared.written] = 0;
    words[shared.head] = NIL;
    words[shared.epoch] = 0;
    words[shared.read] = 0;
  }
  /** Bytes that the consumer has not read yet. */
  get pending() {
    return this.written - streamRead(this.#shared) | 0;
  }
  /** Bytes that the consumer has read; modulo 2^32. */
  get read() {
    return streamRead(this.#shared);
  }
  /** Appends from a caller's array; returns how many bytes found memory. */
  appendArray(source, from, length) {
    const count = this.#makeRoom(length);
    if (count > 0) this.#tail = chainAppendArray(this.#memory, this.#tail, source, from, count);
    this.written = this.written + count | 0;
    return count;
  }
  /** Appends bytes that lie in the same memory; returns how many found room. Allocates nothing. */
  appendCopy(offset, length) {
    const count = this.#makeRoom(length);
    if (count > 0) this.#tail = chainAppendCopy(this.#memory, this.#tail, offset, count);
    this.written = this.written + count | 0;
    return count;
  }
  /** Appends a chain of blocks that the caller owned, without copying; they now belong to the stream. */
  appendChain(first, last, length) {
    const { words, table } = this.#memory.pool;
    if (this.#tail === NIL) {
      this.#startChain(first);
    } else {
      words[table + this.#tail * DESCRIPTOR_WORDS + NEXT] = first;
    }
    this.#tail = last;
    this.written = this.written + length | 0;
  }
  /** Shows all appended bytes to the consumer. */
  publish() {
    Atomics.store(this.#shared.words, this.#shared.written, this.written);
  }
  /** Frees the blocks that have been read. */
  reclaim() {
    if (this.#head === NIL) return;
    const read = streamRead(this.#shared);
    if (read === this.written) {
      this.#freeAll();
      return;
    }
    const { words, table } = this.#memory.pool;
    while (this.#head !== this.#tail) {
      const at = table + this.#head * DESCRIPTOR_WORDS;
      const end2 = this.#headPosition + words[at + LENGTH] | 0;
      if ((read - end2 | 0) <= 0) return;
      const next = words[at + NEXT];
      this.#memory.release(this.#head);
      this.#head = next;
      this.#headPosition = end2;
    }
  }
  /** Frees every block, read or not. The consumer must not look at the stream any more. */
  dispose() {
    if (this.#head !== NIL) this.#freeAll();
  }
  /** How many of `length` bytes there is memory for; sees to it that there is a tail to append to. */
  #makeRoom(length) {
    this.reclaimIfDrained();
    const count = chainRoom(this.#memory, this.#tail, length);
    if (count > 0 && this.#tail === NIL) {
      this.#tail = this.#memory.pool.take();
      this.#startChain(this.#tail);
    }
    return count;
  }
  /** A stream whose consumer has caught up starts afresh, in a block that the cache holds. */
  reclaimIfDrained() {
    if (this.#head !== NIL && streamRead(this.#shared) === this.written) this.#freeAll();
  }
  #startChain(first) {
    const { words, head, epoch } = this.#shared;
    this.#head = first;
    this.#headPosition = this.written;
    words[head] = first;
    words[epoch] = words[epoch] + 1 | 0;
  }
  #freeAll() {
    chainRelease(this.#memory, this.#head);
    this.#head = NIL;
    this.#tail = NIL;
  }
};
var StreamCursor = class {
  /** The position in the stream, modulo 2^32. */
  position = 0;
  #epoch = 0;
  #block = NIL;
  #offset = 0;
  /** Stands where another cursor of the same stream stands. */
  copyFrom(other) {
    this.position = other.position;
    this.#epoch = other.#epoch;
    this.#block = other.#block;
    this.#offset = other.#offset;
  }
  /**
   * Contiguous bytes from here on, at most `limit`, which must not go beyond `written`. Their place is
   * then `start`. `words` and `table` name the descriptors; `limit` must be positive.
   */
  span(shared, table, limit) {
    const words = shared.words;
    if (words[shared.epoch] !== this.#epoch) {
      this.#epoch = words[shared.epoch];
      this.#block = words[shared.head];
      this.#offset = 0;
    }
    let at = table + this.#block * DESCRIPTOR_WORDS;
    while (words[at + LENGTH] === this.#offset) {
      this.#block = words[at + NEXT];
      this.#offset = 0;
      at = table + this.#block * DESCRIPTOR_WORDS;
    }
    const there = words[at + LENGTH] - this.#offset;
    return there < limit ? there : limit;
  }
  /** Byte offset in the memory of the bytes that `span` has found. */
  start(shared, table) {
    return shared.words[table + this.#block * DESCRIPTOR_WORDS + START] + this.#offset;
  }
  /** Moves on by `count` bytes, no more than `span` said. */
  advance(count) {
    this.#offset += count;
    this.position = this.position + count | 0;
  }
  /** Moves on by `count` bytes over as many blocks as it takes. */
  skip(shared, table, count) {
    while (count > 0) {
      const step = this.span(shared, table, count);
      this.advance(step);
      count -= step;
    }
  }
};
var StreamReader = class {
  #cursor = new StreamCursor();
  #shared;
  #copier;
  #table;
  constructor(copier, table, shared) {
    this.#copier = copier;
    this.#table = table;
    this.#shared = shared;
  }
  /** Bytes that can be read now. */
  get available() {
    return streamWritten(this.#shared) - this.#cursor.position | 0;
  }
  /** Copies up to `target.length` bytes out; returns how many. */
  read(target) {
    const wanted = Math.min(this.available, target.length);
    let done = 0;
    while (done < wanted) {
      const count = this.#cursor.span(this.#shared, this.#table, wanted - done);
      const start = this.#cursor.start(this.#shared, this.#table);
      this.#copier.read(start, target, done, count);
      this.#cursor.advance(count);
      done += count;
    }
    if (done > 0) publishRead(this.#shared, this.#cursor.position);
    return done;
  }
};

// src/net/endpoint.ts
var NEWS_SHARE = 4;
var Endpoint = class {
  row;
  generation;
  /** For messages: the peer, as `address:port`. */
  where;
  /** Whether its addresses are shown as an IPv6 socket would: those of IPv4 in their mapped form. */
  showsMapped = false;
  port;
  #words;
  #at;
  #receive;
  #send;
  #reads = [];
  #writes = [];
  #closed = false;
  #writeClosed = false;
  /** A `closeWrite` that waits for the writes before it. */
  #closingWrite = null;
  /** Why the stack has failed, when it has. */
  #failure = null;
  #referenced = true;
  /** The connection's error has been given to a caller; from then on it is just closed. */
  #errorTaken = false;
  /** Who is told of what happens beside the bytes, and how much of it was told. */
  #onNotice = null;
  #urgentMarks = 0;
  #softErrors = 0;
  /** Bytes read since the TCP stage was last woken for it. */
  #unreported = 0;
  constructor(port, layout, memory, row, generation, where) {
    this.port = port;
    this.row = row;
    this.where = where;
    this.#words = layout.words;
    this.#at = layout.row(row);
    this.generation = generation;
    this.#receive = new StreamReader(memory.copier, layout.receivePool.table, layout.receiveStream(row));
    this.#send = new StreamWriter(memory, layout.sendStream(row));
  }
  /** Whether the application has let go of the connection. */
  get closed() {
    return this.#closed;
  }
  /** A word of the connection's row. */
  word(index) {
    return Atomics.load(this.#words, this.#at + index);
  }
  /** Copies received bytes into `target`: their number, or null at the end of the stream. */
  read(target) {
    if (target.length === 0) return Promise.resolve(0);
    if (this.#closed) return Promise.reject(this.#failure ?? badResource());
    if (this.#reads.length === 0) {
      const count = this.#take(target);
      if (count > 0) return Promise.resolve(count);
      if (this.#isOver()) return this.#ending();
    }
    return new Promise((resolve, reject) => {
      this.#reads.push({
        target,
        resolve,
        reject
      });
      if (this.#referenced) this.port.liveness.hold();
    });
  }
  /** Queues as many bytes as there is room for now; at least one, or it waits. */
  write(source) {
    if (this.#closed) return Promise.reject(this.#failure ?? badResource());
    if (this.#writeClosed) return Promise.reject(brokenPipe());
    if (this.word(Row.state) === State.CLOSED) return Promise.reject(this.#writeError());
    if (source.length === 0) return Promise.resolve(0);
    if (this.#writes.length === 0) {
      const count = this.#put(source);
      if (count > 0) return Promise.resolve(count);
    }
    return new Promise((resolve, reject) => {
      this.#writes.push({
        source,
        resolve,
        reject
      });
      this.port.liveness.hold();
    });
  }
  /** Ends the write side behind the writes that wait; resolves when they are through. */
  closeWrite() {
    if (this.#closed) return Promise.reject(this.#failure ?? badResource());
    if (this.#closingWrite !== null) return this.#closingWrite.promise;
    if (this.#writeClosed) return Promise.resolve();
    this.#writeClosed = true;
    if (this.#writes.length > 0) {
      this.#closingWrite = Promise.withResolvers();
      this.port.liveness.hold();
      return this.#closingWrite.promise;
    }
    if (this.word(Row.state) !== State.CLOSED) this.port.command(Command.closeWrite, this);
    return Promise.resolve();
  }
  /** Lets go of the connection; what was written is still sent. */
  close() {
    this.#end(Command.close, interrupted());
  }
  /** Ends the connection with an RST. */
  abort() {
    this.#end(Command.abort, interrupted());
  }
  /** The stack has failed: nothing will come any more. */
  fail(error) {
    this.#closed = true;
    this.#failure = error;
    this.#rejectReads(error);
    this.#rejectWrites(error);
    this.#settleCloseWrite(error);
  }
  #end(command, error) {
    this.#closed = true;
    this.#writeClosed = true;
    this.#rejectReads(error);
    this.#rejectWrites(error);
    this.#settleCloseWrite(error);
    this.port.command(command, this);
  }
  /** Sets a connection option. */
  setOption(option, value) {
    if (this.#closed) throw badResource();
    this.port.option(this, option, value);
  }
  /** Whether pending reads hold the process. Pending writes always do, as in Deno: data must not be lost. */
  setReferenced(referenced) {
    if (this.#closed || referenced === this.#referenced) return;
    for (let i = 0; i < this.#reads.length; i++) {
      if (referenced) this.port.liveness.hold();
      else this.port.liveness.release();
    }
    this.#referenced = referenced;
    this.port.settleSoon();
  }
  /** Has `handler` called for everything from now on that happens beside the bytes; null for nobody. */
  setOnNotice(handler) {
    this.#onNotice = handler;
    this.#urgentMarks = this.word(Row.urgentMarks);
    this.#softErrors = this.word(Row.softErrors);
  }
  #notify(handler) {
    const info = readInfo(this.port.layout, this.row);
    const marks = this.word(Row.urgentMarks);
    if (marks !== this.#urgentMarks) {
      this.#urgentMarks = marks;
      handler({
        kind: "urgent",
        bytes: info.urgentBytes
      });
    }
    const errors = this.word(Row.softErrors);
    if (errors !== this.#softErrors && info.softError !== null) {
      this.#softErrors = errors;
      handler({
        kind: "softError",
        code: info.softError
      });
    }
  }
  /** The TCP stage has changed something. */
  onNews() {
    this.#send.reclaim();
    if (this.#closed) return;
    if (this.#onNotice !== null) this.#notify(this.#onNotice);
    while (this.#reads.length > 0) {
      const { target, resolve, reject } = this.#reads[0];
      const count = this.#take(target);
      if (count > 0) {
        resolve(count);
      } else if (this.#isOver()) {
        const error = this.#readError();
        if (error === null) resolve(null);
        else reject(error);
      } else {
        break;
      }
      this.#reads.shift();
      this.#releaseRead();
    }
    this.resumeWrites();
  }
  /** Room may have appeared in the send buffer or in the memory behind it. */
  resumeWrites() {
    if (this.#writes.length === 0) return;
    if (this.word(Row.state) === State.CLOSED) {
      this.#rejectWrites(this.#writeError());
      this.#settleCloseWrite(null);
      return;
    }
    while (this.#writes.length > 0) {
      const { source, resolve } = this.#writes[0];
      const count = this.#put(source);
      if (count === 0) return;
      resolve(count);
      this.#writes.shift();
      this.port.liveness.release();
    }
    if (this.#closingWrite !== null) this.port.command(Command.closeWrite, this);
    this.#settleCloseWrite(null);
  }
  /** The TCP stage is done with the row: gives the memory of what was written back. */
  dispose() {
    this.#send.dispose();
  }
  #take(target) {
    const count = this.#receive.read(target);
    if (count > 0) {
      this.#unreported += count;
      const worth = this.#words[this.#at + Row.info + Info.receiveBufferBytes] / NEWS_SHARE;
      const loud = this.#unreported >= worth;
      if (loud) this.#unreported = 0;
      this.port.news(this, loud);
    }
    return count;
  }
  #put(source) {
    this.#send.reclaim();
    const pending = this.#send.pending;
    const share = Math.floor(this.port.pool.shareBytes) - pending;
    if (share <= 0) {
      this.port.awaitSendMemory(this);
      return 0;
    }
    const room = Math.min(this.word(Row.txLimit) - pending, share);
    if (room <= 0) return 0;
    const count = this.#send.appendArray(source, 0, Math.min(room, source.length));
    if (count > 0) {
      this.#send.publish();
      this.port.news(this, true);
    }
    return count;
  }
  /** No byte will come any more. */
  #isOver() {
    const over = this.word(Row.rxFinished) !== 0 || this.word(Row.state) === State.CLOSED;
    return over && this.#receive.available === 0;
  }
  #ending() {
    const error = this.#readError();
    return error === null ? Promise.resolve(null) : Promise.reject(error);
  }
  /** Why a read fails; null at the end of the stream, which the peer's FIN makes final. */
  #readError() {
    return this.word(Row.rxFinished) !== 0 ? null : this.#takeError();
  }
  /** Why a write fails. An RST behind the peer's FIN says only that it no longer reads, as in Linux. */
  #writeError() {
    const lateReset = this.word(Row.rxFinished) !== 0 && this.word(Row.error) === ConnectionError.reset;
    return (lateReset ? null : this.#takeError()) ?? brokenPipe();
  }
  /** The error of the connection, for the first who asks (as SO_ERROR in a kernel). */
  #takeError() {
    const error = this.word(Row.error);
    if (error === 0 || this.#errorTaken) return null;
    this.#errorTaken = true;
    return connectionError(error, this.where);
  }
  #releaseRead() {
    if (this.#referenced) this.port.liveness.release();
  }
  #rejectReads(error) {
    for (const { reject } of this.#reads.splice(0)) {
      reject(error);
      this.#releaseRead();
    }
    this.port.settleSoon();
  }
  /** Answers a `closeWrite` that waits; an error is one of this side, such as `close()`. */
  #settleCloseWrite(error) {
    if (this.#closingWrite === null) return;
    if (error === null) this.#closingWrite.resolve();
    else this.#closingWrite.reject(error);
    this.#closingWrite = null;
    this.port.liveness.release();
  }
  #rejectWrites(error) {
    for (const { reject } of this.#writes.splice(0)) {
      reject(error);
      this.port.liveness.release();
    }
    this.port.settleSoon();
  }
};

// src/net/port.ts
var Port = class {
  layout;
  liveness;
  pool;
  #pipeline;
  #memory;
  #words;
  #commands;
  #events;
  /** Commands that found the ring full, oldest first, as copies of whole records. */
  #backlog = [];
  #endpoints = /* @__PURE__ */ new Map();
  #listeners = /* @__PURE__ */ new Map();
  #connects = /* @__PURE__ */ new Map();
  /** Writers that hold their share of the send memory, and how much was free when the last one came. */
  #freeWhenWaiting = 0;
  #memoryWaiters = /* @__PURE__ */ new Set();
  #tcpBell;
  #flushScheduled = false;
  #loud = false;
  #pumping = false;
  #closed = false;
  #onStopped = () => {
  };
  #onTrace = null;
  constructor(pipeline, liveness) {
    this.#pipeline = pipeline;
    this.liveness = liveness;
    const { layout } = pipeline;
    this.layout = layout;
    this.#words = layout.words;
    this.pool = new BlockPool(layout.sendPool);
    const pool2 = this.pool;
    this.#memory = {
      area: layout.memory,
      pool: pool2,
      copier: pipeline.copier,
      release: (descriptor) => pool2.give(descriptor)
    };
    this.#commands = new RingProducer(layout.commands);
    this.#events = new RingConsumer(layout.events);
    this.#tcpBell = pipeline.tcpBell;
    pipeline.onEvents(() => this.#pumpInline());
  }
  /** Begins to take events. */
  start() {
    if (this.#pipeline.threaded) this.#watch();
  }
  /** All connections that the application has not let go of, and those that still send. */
  endpoints() {
    return this.#endpoints.values();
  }
  /** Who is told when a `shutdown` is complete. */
  onStopped(handler) {
    this.#onStopped = handler;
  }
  /** Who looks at the trace ring whenever something may be in it. */
  onTrace(handler) {
    this.#onTrace = handler;
  }
  /** Starts to listen, for all segments from now on; connections go to `handler`. */
  listen(id, address, port, backlog, ipv6Only, handler) {
    this.#listeners.set(id, handler);
    const at = this.#begin(Command.listen, id, 0);
    const words = this.#target;
    words[at + Field.port] = port;
    words[at + Field.value] = backlog;
    words[at + Field.ipv6Only] = ipv6Only ? 1 : 0;
    putAddress(words, at + Field.address, address);
    this.#finishNow();
  }
  /** Stops to listen. */
  unlisten(id) {
    this.#listeners.delete(id);
    this.#begin(Command.unlisten, id, 0);
    this.#finishNow();
  }
  /** One connection of the listener was accepted. */
  acceptTaken(id) {
    this.#begin(Command.acceptTaken, id, 0);
    this.#finish(false);
  }
  /** Opens a connection; the answer goes to `handler`. */
  connect(request, local, localPort, remote, port, handler) {
    this.#connects.set(request, handler);
    const at = this.#begin(Command.connect, request, 0);
    const words = this.#target;
    words[at + Field.port] = port;
    words[at + Field.localPort] = localPort;
    putAddress(words, at + Field.address, remote);
    putAddress(words, at + Field.localAddress, local);
    this.#finish(true);
  }
  /** Forgets a connect. */
  cancelConnect(request) {
    this.#connects.delete(request);
    this.#begin(Command.cancelConnect, request, 0);
    this.#finish(true);
  }
  /** A command about a connection. */
  command(op, endpoint) {
    this.#begin(op, endpoint.row, endpoint.generation);
    this.#finish(true);
  }
  /** Sets an option of a connection. */
  option(endpoint, option, value) {
    const at = this.#begin(Command.option, endpoint.row, endpoint.generation);
    this.#target[at + Field.port] = option;
    this.#target[at + Field.value] = value;
    this.#finish(true);
  }
  /** The endpoint has read or written; `loud` when the TCP stage should look soon. */
  news(endpoint, loud) {
    const word = this.layout.row(endpoint.row) + Row.newsForTcp;
    if (Atomics.exchange(this.#words, word, 1) === 0) {
      this.#begin(Command.news, endpoint.row, endpoint.generation);
      this.#finish(loud);
    } else if (loud) {
      this.#finishLoud();
    }
  }
  /** Closes everything; `onStopped` hears of the end. */
  shutdown() {
    this.#begin(Command.shutdown, 0, 0);
    this.#finish(true);
  }
  /** Resets what a shutdown has left; `onStopped` hears of it. */
  abortAll() {
    this.#begin(Command.abortAll, 0, 0);
    this.#finish(true);
  }
  /** Calls the endpoint again when more of the send memory is free. */
  awaitSendMemory(endpoint) {
    this.#memoryWaiters.add(endpoint);
    this.#freeWhenWaiting = this.pool.free;
  }
  /** Lets the process end if nobody waits any more, after the current turn. */
  settleSoon() {
    this.#scheduleFlush();
  }
  /** Nothing is sent or received any more; every pending call gets `error`. */
  fail(error) {
    for (const endpoint of this.#endpoints.values()) endpoint.fail(error);
    this.close();
  }
  /** Takes no more events and sends no more commands. */
  close() {
    this.#closed = true;
    this.#endpoints.clear();
    this.#connects.clear();
    this.#listeners.clear();
    Atomics.store(this.#words, this.layout.control + Control.appBell, 0);
    Atomics.notify(this.#words, this.layout.control + Control.appBell);
  }
  /**
   * Takes all waiting events; true when there were any. Within itself, when a viewer of the trace asks for
   * statistics, it does nothing.
   */
  pump() {
    if (this.#pumping || this.#closed) return false;
    this.#pumping = true;
    try {
      this.#onTrace?.();
      return this.#takeEvents();
    } finally {
      this.#pumping = false;
    }
  }
  #takeEvents() {
    const { words } = this.#events;
    let at = this.#events.next();
    if (at < 0) return false;
    for (; at >= 0; at = this.#events.next()) this.#onEvent(words, at);
    this.#events.release();
    this.#wakeMemoryWaiters();
    this.#scheduleFlush();
    return true;
  }
  #pumpInline() {
    queueMicrotask(() => {
      if (this.#closed) return;
      this.pump();
      this.#pipeline.appBell.announceSleep();
      if (this.#events.hasNext()) this.#pumpInline();
    });
  }
  /** Sleeps on the application's bell between batches of events. */
  async #watch() {
    const bell = this.#pipeline.appBell;
    while (!this.#closed) {
      if (this.pump()) {
        await null;
        continue;
      }
      bell.announceSleep();
      if (this.#events.hasNext()) {
        bell.announceAwake();
        continue;
      }
      const sleep = bell.sleepAsync();
      if (sleep !== null) await sleep;
    }
  }
  #onEvent(words, at) {
    const row = words[at + Field.row];
    const name = words[at + Field.request];
    switch (words[at + Field.op]) {
      case Event.news: {
        Atomics.store(words, this.layout.row(row) + Row.newsForApp, 0);
        const endpoint = this.#endpoints.get(row);
        if (endpoint?.generation === words[at + Field.generation]) endpoint.onNews();
        return;
      }
      case Event.accepted: {
        const endpoint = this.#adopt(row, words[at + Field.generation]);
        const handler = this.#listeners.get(name);
        if (handler === void 0) endpoint.abort();
        else handler.accepted(endpoint);
        return;
      }
      case Event.connected: {
        const endpoint = this.#adopt(row, words[at + Field.generation]);
        const handler = this.#connects.get(name);
        this.#connects.delete(name);
        if (handler === void 0) endpoint.abort();
        else handler.connected(endpoint);
        return;
      }
      case Event.connectFailed: {
        const handler = this.#connects.get(name);
        this.#connects.delete(name);
        handler?.failed(words[at + Field.value]);
        return;
      }
      case Event.ended: {
        const endpoint = this.#endpoints.get(row);
        if (endpoint?.generation !== words[at + Field.generation]) return;
        endpoint.dispose();
        this.#endpoints.delete(row);
        return;
      }
      case Event.stopped:
        this.#onStopped();
        return;
    }
  }
  #adopt(row, generation) {
    const at = this.layout.row(row);
    const words = this.#words;
    const remote = {
      w0: words[at + Row.remote],
      w1: words[at + Row.remote + 1],
      w2: words[at + Row.remote + 2],
      w3: words[at + Row.remote + 3]
    };
    const where = endpointText(remote, words[at + Row.remotePort]);
    const endpoint = new Endpoint(this, this.layout, this.#memory, row, generation, where);
    this.#endpoints.set(row, endpoint);
    return endpoint;
  }
  #wakeMemoryWaiters() {
    if (this.#memoryWaiters.size === 0 || this.pool.free <= this.#freeWhenWaiting) return;
    const waiters = [
      ...this.#memoryWaiters
    ];
    this.#memoryWaiters.clear();
    for (const endpoint of waiters) endpoint.resumeWrites();
  }
  /** Where the command under construction stands: the ring, or a copy when the ring is full. */
  #target = new Int32Array(0);
  #begin(op, row, generation) {
    let at = this.#backlog.length > 0 ? -1 : this.#commands.claim();
    if (at < 0) {
      this.#target = new Int32Array(MESSAGE_WORDS);
      this.#backlog.push(this.#target);
      at = 0;
    } else {
      this.#target = this.#words;
      this.#commands.push();
    }
    this.#target[at + Field.op] = op;
    this.#target[at + Field.row] = row;
    this.#target[at + Field.generation] = generation;
    return at;
  }
  #finish(loud) {
    if (loud) this.#loud = true;
    this.#scheduleFlush();
  }
  #finishLoud() {
    this.#loud = true;
    this.#scheduleFlush();
  }
  /** For what must hold when the call returns: a peer in this process may connect in the same turn. */
  #finishNow() {
    this.#finish(true);
    this.#flush();
  }
  /** Commands are shown once for each turn of the event loop, and at most one bell is rung for them. */
  #scheduleFlush() {
    if (this.#flushScheduled || this.#closed) return;
    this.#flushScheduled = true;
    queueMicrotask(() => this.#flush());
  }
  #flush() {
    this.#flushScheduled = false;
    this.liveness.settle();
    this.#moveBacklog();
    this.#commands.publish();
    if (this.#loud) {
      this.#loud = false;
      this.#tcpBell.ring();
    }
    if (this.#backlog.length > 0) setTimeout(() => this.#scheduleFlush(), 1);
  }
  #moveBacklog() {
    let moved = 0;
    while (moved < this.#backlog.length) {
      const at = this.#commands.claim();
      if (at < 0) {
        this.#loud = true;
        break;
      }
      this.#words.set(this.#backlog[moved++], at);
      this.#commands.push();
    }
    if (moved > 0) this.#backlog.splice(0, moved);
  }
};
function putAddress(words, at, address) {
  words[at] = address.w0;
  words[at + 1] = address.w1;
  words[at + 2] = address.w2;
  words[at + 3] = address.w3;
}

// src/tcp/ports.ts
var EPHEMERAL_FIRST = 32768;
var EPHEMERAL_LAST = 60999;
function ephemeralPort(random, isFree) {
  const count = EPHEMERAL_LAST - EPHEMERAL_FIRST + 1;
  const start = random.uint32() % count;
  for (let i = 0; i < count; i++) {
    const port = EPHEMERAL_FIRST + (start + i) % count;
    if (isFree(port)) return port;
  }
  return 0;
}

// src/net/ports.ts
var PortTable = class {
  #byPort = /* @__PURE__ */ new Map();
  /**
   * Takes a port for `address`, a free one for port 0; `ipv6Only` leaves the port of `::` free for IPv4.
   * Throws `AddrInUse` when it is taken.
   */
  take(address, port, random, ipv6Only = false) {
    const where = {
      address,
      ipv6Only
    };
    const chosen = port !== 0 ? port : ephemeralPort(random, (free) => !this.#byPort.has(free));
    const others = this.#byPort.get(chosen) ?? [];
    const taken = others.some((other) => covers(other, address) || covers(where, other.address));
    if (chosen === 0 || taken) {
      throw codedError(Deno.errors.AddrInUse, "EADDRINUSE", `Address already in use (os error 98): ${endpointText(address, port)}; close the other listener or use port 0 for a free one`);
    }
    this.#byPort.set(chosen, [
      ...others,
      where
    ]);
    return chosen;
  }
  /** Gives a port back. */
  give(address, port) {
    const listeners = this.#byPort.get(port) ?? [];
    const others = listeners.filter((other) => !sameAddress(other.address, address));
    if (others.length > 0) this.#byPort.set(port, others);
    else this.#byPort.delete(port);
  }
};
function covers(where, address) {
  if (!isUnspecified(where.address)) return sameAddress(where.address, address);
  return isIpv4(where.address) ? isIpv4(address) : !isIpv4(address) || !where.ipv6Only;
}
function checkPort(port) {
  if (typeof port !== "number" && typeof port !== "string") {
    throw new TypeError(`Invalid port (expected number): ${port}`);
  }
  const text2 = typeof port === "string" ? `'${port}'` : String(port);
  const value = port === "" ? NaN : Number(port);
  if (!Number.isInteger(value)) throw new TypeError(`Invalid port: ${text2}`);
  if (value < 0 || value > 65535) throw new RangeError(`Invalid port (out of range): ${port}`);
  return value;
}
function checkRemotePort(port) {
  const value = checkPort(port);
  if (value === 0) throw new RangeError(`Invalid port (out of range): ${port}`);
  return value;
}

// src/net/stack.ts
var CLOSE_PATIENCE_US = 5e5;
var RESET_PATIENCE_US = 1e5;
var DEFAULT_BACKLOG = 511;
var BACKLOG_MAX = 65535;
var Stack = class {
  /**
   * Resolves when the stack has been closed. Rejects with `ConnectionAborted` when one of its threads has
   * died; the `cause` is that thread's error.
   */
  closed;
  #pipelines;
  #ports;
  #prefixes;
  #clock;
  #random;
  #liveness = new Liveness();
  #portTable = new PortTable();
  #listeners = /* @__PURE__ */ new Set();
  /** Pending connects by request, to be rejected when the stack ends. */
  #connects = /* @__PURE__ */ new Map();
  /** Who looks at the trace. */
  #viewers = /* @__PURE__ */ new Set();
  #watchers = 0;
  #nextName = 1;
  #ended = null;
  #closing = null;
  #resolveClosed;
  #rejectClosed;
  /** Made by `open`. */
  constructor(parts) {
    this.#pipelines = parts.pipelines;
    this.#prefixes = parts.prefixes;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.closed = new Promise((resolve, reject) => {
      this.#resolveClosed = resolve;
      this.#rejectClosed = reject;
    });
    this.closed.catch(() => {
    });
    this.#ports = parts.pipelines.map((pipeline) => new Port(pipeline, this.#liveness));
    const { trace } = parts;
    if (trace !== void 0) {
      this.#viewers.add((record) => {
        if (record.kind !== TraceKind.progress) trace(record);
      });
    }
    for (const [index, pipeline] of parts.pipelines.entries()) {
      pipeline.onFailure((error) => this.#fail(error));
      const reader = new TraceReader(pipeline.layout.trace);
      const show = (record) => {
        for (const look of this.#viewers) look(record);
      };
      this.#ports[index].onTrace(() => reader.drain(show));
      this.#ports[index].start();
    }
  }
  /** The stack's own addresses. */
  get addresses() {
    return this.#prefixes.map(({ address }) => addressText(address));
  }
  /**
   * Listens for connections. Throws `AddrInUse` when the port is taken, `AddrNotAvailable` when the address
   * is not the stack's, `RangeError` or `TypeError` for an impossible port or backlog.
   */
  listen(options) {
    this.#mustBeOpen();
    checkTransport(options.transport);
    const port = checkPort(options.port ?? 0);
    const backlog = options.tcpBacklog ?? DEFAULT_BACKLOG;
    if (typeof backlog !== "number") {
      throw new TypeError(`tcpBacklog: ${String(backlog)} is not a number`);
    }
    if (!Number.isInteger(backlog) || backlog < 1 || backlog > BACKLOG_MAX) {
      throw new RangeError(`tcpBacklog: ${backlog} is not a whole number from 1 to ${BACKLOG_MAX}`);
    }
    const ipv6Only = options.ipv6Only ?? false;
    if (typeof ipv6Only !== "boolean") {
      throw new TypeError(`ipv6Only: ${String(ipv6Only)} is not a boolean`);
    }
    const { address, isMapped } = parseHostname(options.hostname ?? addressText(ANY_IPV4));
    if (!isUnspecified(address)) this.#mustBeOwn(address);
    const chosen = this.#portTable.take(address, port, this.#random, ipv6Only);
    const id = this.#nextName++;
    const addr = {
      transport: "tcp",
      hostname: isMapped ? mappedText(address) : addressText(address),
      port: chosen
    };
    const listener = new Listener(id, this.#ports, this.#liveness, addr, () => {
      this.#listeners.delete(listener);
      this.#portTable.give(address, chosen);
    });
    this.#listeners.add(listener);
    for (const each of this.#ports) {
      each.listen(id, address, chosen, backlog, ipv6Only, Listener.handlerOf(listener));
    }
    return listener;
  }
  /**
   * Connects. Rejects with `ConnectionRefused`, `NetworkUnreachable` or `TimedOut` as the network answers, with
   * `NetworkUnreachable` for broadcast and multicast addresses, `AddrNotAvailable` for a foreign `localHostname`,
   * with `signal.reason` when the signal aborts, with `RangeError` or `TypeError` for an impossible port.
   */
  async connect(options) {
    this.#mustBeOpen();
    checkTransport(options.transport);
    const port = checkRemotePort(options.port);
    const localPort = checkPort(options.localPort ?? 0);
    checkAttempts(options);
    const local = options.localHostname === void 0 ? null : parseHostname(options.localHostname).address;
    if (local !== null) this.#mustBeOwn(local);
    const from = {
      address: local,
      port: localPort
    };
    const { signal } = options;
    signal?.throwIfAborted();
    const { addresses, isMapped } = addressesOf(options.hostname ?? addressText(LOOPBACK_IPV4));
    const tried = options.autoSelectFamily === false ? addresses.slice(0, 1) : addresses;
    for (const remote of tried.slice(0, -1)) {
      try {
        return await this.#connectTo(remote, port, from, isMapped, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (this.#ended !== null) throw error;
      }
    }
    return await this.#connectTo(tried[tried.length - 1], port, from, isMapped, signal);
  }
  async #connectTo(address, port, from, showsMapped, signal) {
    const remote = isUnspecified(address) ? loopbackOf(address) : address;
    const where = endpointText(remote, port);
    this.#mustBeOneHost(remote, where);
    const source = from.address ?? this.#sourceFor(remote, where);
    const request = this.#nextName++;
    const pipe = this.#ports[request % this.#ports.length];
    this.#liveness.hold();
    let onAbort = () => {
    };
    try {
      return await new Promise((resolve, reject) => {
        this.#connects.set(request, reject);
        onAbort = () => {
          pipe.cancelConnect(request);
          reject(signal.reason);
        };
        signal?.addEventListener("abort", onAbort, {
          once: true
        });
        pipe.connect(request, source, from.port, remote, port, {
          connected: (endpoint) => {
            endpoint.showsMapped = showsMapped;
            resolve(new TcpConn(endpoint));
          },
          failed: (error) => reject(connectError(error, where))
        });
      });
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#connects.delete(request);
      this.#liveness.release();
      pipe.settleSoon();
    }
  }
  /** Totals since the stack was opened. */
  stats() {
    this.#takeEvents();
    const sets = this.#pipelines.flatMap(({ layout }) => [
      layout.readerCounters,
      layout.parserCounters,
      layout.tcpCounters
    ]);
    const sendBytes = this.#ports.reduce((sum, { pool: pool2 }) => sum + (pool2.count - pool2.free) * pool2.blockBytes, 0);
    const totals = sumCounters(sets);
    return {
      ...totals,
      memory: {
        sendBytes,
        receiveBytes: totals.counters.receiveMemoryNow
      }
    };
  }
  /** The connections that the application holds or that still have to deliver what it wrote. */
  connections() {
    this.#takeEvents();
    return this.#ports.flatMap((port) => [
      ...port.endpoints()
    ].map((endpoint) => {
      const { localAddr, remoteAddr } = new TcpConn(endpoint);
      return {
        ...readInfo(port.layout, endpoint.row),
        localAddr,
        remoteAddr
      };
    }));
  }
  /**
   * Lets `look` see the trace from now on until it is disposed: every segment in and out, every change of state,
   * and, as records of the kind `progress`, how windows and times of connections change. While nobody looks the
   * trace costs nothing. The record is filled again for the next one: copy what is to be kept.
   */
  watch(look) {
    this.#mustBeOpen();
    const viewer = (record) => look(record);
    this.#viewers.add(viewer);
    this.#watchers++;
    this.#setTraced();
    return {
      [Symbol.dispose]: () => {
        if (!this.#viewers.delete(viewer)) return;
        this.#watchers--;
        this.#setTraced();
      }
    };
  }
  #setTraced() {
    const watched = this.#watchers > 0 ? Traced.segments | Traced.progress : Traced.nothing;
    const traced = watched | (this.#viewers.size > 0 ? Traced.segments : Traced.nothing);
    for (const { layout } of this.#pipelines) {
      Atomics.store(layout.words, layout.control + Control.trace, traced);
    }
  }
  /**
   * Closes listeners and connections in order, waits up to half a second for the peers, and releases the
   * device and all threads. Pending calls reject with `Interrupted`. Calling it again gives the same promise.
   */
  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }
  /** The same as {@link Stack.close}. */
  [Symbol.asyncDispose]() {
    return this.close();
  }
  /**
   * The end of a connection that nobody holds wakes nobody, so it may be waiting to be noticed.
   */
  #takeEvents() {
    for (const port of this.#ports) port.pump();
  }
  async #close() {
    if (this.#ended !== null) return;
    this.#ended = interrupted();
    for (const listener of [
      ...this.#listeners
    ]) listener.close();
    for (const reject of this.#connects.values()) reject(interrupted());
    this.#liveness.hold();
    await Promise.all(this.#ports.map((port) => this.#shutDown(port)));
    await this.#release();
    this.#resolveClosed();
  }
  /** Has one pipeline close its connections, and reset those whose peers do not answer in time. */
  async #shutDown(port) {
    for (const endpoint of [
      ...port.endpoints()
    ]) if (!endpoint.closed) endpoint.close();
    if (await this.#stopped(port, CLOSE_PATIENCE_US, () => port.shutdown())) return;
    await this.#stopped(port, RESET_PATIENCE_US, () => port.abortAll());
  }
  /** Whether the pipeline reports within `patienceUs` that no connection is left. */
  #stopped(port, patienceUs, command) {
    return new Promise((resolve) => {
      const patience = this.#clock.wakeAt(this.#clock.now() + patienceUs, () => resolve(false));
      port.onStopped(() => {
        this.#clock.cancelWake(patience);
        resolve(true);
      });
      command();
    });
  }
  async #release() {
    for (const port of this.#ports) port.close();
    await Promise.all(this.#pipelines.map((pipeline) => pipeline.stop()));
    this.#liveness.close();
  }
  #fail(cause) {
    if (this.#ended !== null) return;
    const error = stackEnded(cause);
    this.#ended = error;
    for (const listener of this.#listeners) Listener.fail(listener, error);
    for (const reject of this.#connects.values()) reject(error);
    for (const port of this.#ports) port.fail(error);
    this.#closing = this.#release();
    this.#closing.catch(() => {
    });
    this.#rejectClosed(error);
  }
  #mustBeOpen() {
    if (this.#ended === null) return;
    if (this.#ended instanceof Deno.errors.ConnectionAborted) throw this.#ended;
    throw new Deno.errors.BadResource("The stack has been closed");
  }
  #mustBeOwn(address) {
    if (this.#isOwn(address)) return;
    throw codedError(Deno.errors.AddrNotAvailable, "EADDRNOTAVAIL", `Cannot assign requested address (os error 99): ${addressText(address)} is not one of the stack's addresses, ${this.addresses.join(", ")}`);
  }
  /** RFC 9293 section 3.9.2.3 (MUST-46): nobody answers for a whole network or a group. */
  #mustBeOneHost(address, where) {
    if (isMulticast(address)) throw unreachable(where, "which is a multicast address");
    if (this.#prefixes.some((prefix) => isBroadcast(address, prefix))) {
      throw unreachable(where, "which is a broadcast address");
    }
  }
  #isOwn(address) {
    return isLoopback(address) || this.#prefixes.some((own) => sameAddress(own.address, address));
  }
  /**
   * The address to connect from: the same for the stack itself, else one of the destination's network, else
   * the first of its family. Throws `NetworkUnreachable` when the stack has none of that family, and for a
   * multicast address, which is nobody to connect to (RFC 9293 section 3.9.2.3, MUST-46).
   */
  #sourceFor(remote, where) {
    if (isLoopback(remote)) return loopbackOf(remote);
    const family = this.#prefixes.filter(({ address }) => isIpv4(address) === isIpv4(remote));
    const own = family.find(({ address }) => sameAddress(address, remote)) ?? family.find((prefix) => inPrefix(remote, prefix)) ?? family[0];
    if (own !== void 0) return own.address;
    const name = isIpv4(remote) ? "IPv4" : "IPv6";
    throw unreachable(where, `the stack has no ${name} address but ${this.addresses.join(", ")}`);
  }
};
function loopbackOf(address) {
  return isIpv4(address) ? LOOPBACK_IPV4 : LOOPBACK_IPV6;
}
function checkAttempts(options) {
  const { autoSelectFamily, autoSelectFamilyAttemptDelay } = options;
  if (autoSelectFamily !== void 0 && typeof autoSelectFamily !== "boolean") {
    throw new TypeError(`autoSelectFamily: ${String(autoSelectFamily)} is not a boolean`);
  }
  const delay = autoSelectFamilyAttemptDelay;
  if (delay !== void 0 && !(typeof delay === "number" && delay >= 0)) {
    throw new TypeError(`autoSelectFamilyAttemptDelay: ${String(delay)} is not a time in ms`);
  }
}
function checkTransport(transport) {
  if (transport !== void 0 && transport !== "tcp") {
    throw new TypeError(`Unsupported transport: '${String(transport)}'; only "tcp" is supported here`);
  }
}

// src/ring/copier.ts
var ArrayCopier = class {
  #bytes;
  constructor(bytes) {
    this.#bytes = bytes;
  }
  read(offset, target, at, length) {
    target.set(this.#bytes.subarray(offset, offset + length), at);
  }
  write(source, from, offset, length) {
    const whole = length === source.length;
    this.#bytes.set(whole ? source : source.subarray(from, from + length), offset);
  }
};

// src/ring/bell.ts
var AWAKE = 0;
var ASLEEP = 1;
var Bell = class {
  words;
  index;
  #wake;
  /** `wake` gets the thread out of its sleep; by default it sleeps on the word itself. */
  constructor(words, index, wake) {
    this.words = words;
    this.index = index;
    this.#wake = wake ?? (() => void Atomics.notify(words, index));
  }
  /** Wakes the thread if it sleeps or is about to. */
  ring() {
    if (Atomics.load(this.words, this.index) === ASLEEP && Atomics.compareExchange(this.words, this.index, ASLEEP, AWAKE) === ASLEEP) {
      this.#wake();
    }
  }
  /** First step of going to sleep. Look for work once more before the second. */
  announceSleep() {
    Atomics.store(this.words, this.index, ASLEEP);
  }
  /** Takes the announcement back, after waking up or because there is work after all. */
  announceAwake() {
    Atomics.store(this.words, this.index, AWAKE);
  }
  /** Second step, for a thread that may block: sleeps until rung or until `timeoutMs` has passed. */
  sleep(timeoutMs) {
    Atomics.wait(this.words, this.index, ASLEEP, timeoutMs);
    this.announceAwake();
  }
  /** Second step, for a thread with an event loop: resolves when rung; null when rung already. */
  sleepAsync() {
    const result = Atomics.waitAsync(this.words, this.index, ASLEEP);
    return result.async ? result.value : null;
  }
};

// src/wire/checksum.ts
function checksumAdd(view, offset, length, sum) {
  const end2 = offset + length;
  const unrolledEnd = offset + (length & ~31);
  let words = 0;
  let highs = 0;
  let words2 = 0;
  let highs2 = 0;
  let at = offset;
  for (; at < unrolledEnd; at += 32) {
    const a = view.getInt32(at, true);
    const b = view.getInt32(at + 4, true);
    const c = view.getInt32(at + 8, true);
    const d = view.getInt32(at + 12, true);
    words = words + a + c | 0;
    highs = highs + (a >>> 16) + (c >>> 16) | 0;
    words2 = words2 + b + d | 0;
    highs2 = highs2 + (b >>> 16) + (d >>> 16) | 0;
    const e = view.getInt32(at + 16, true);
    const f = view.getInt32(at + 20, true);
    const g = view.getInt32(at + 24, true);
    const h = view.getInt32(at + 28, true);
    words = words + e + g | 0;
    highs = highs + (e >>> 16) + (g >>> 16) | 0;
    words2 = words2 + f + h | 0;
    highs2 = highs2 + (f >>> 16) + (h >>> 16) | 0;
  }
  words = words + words2 | 0;
  highs = highs + highs2 | 0;
  for (; at + 4 <= end2; at += 4) {
    const word = view.getInt32(at, true);
    words = words + word | 0;
    highs = highs + (word >>> 16) | 0;
  }
  if (at + 2 <= end2) {
    words = words + view.getUint16(at, true) | 0;
    at += 2;
  }
  if (at < end2) words = words + view.getUint8(at) | 0;
  const lows = words - (highs << 16);
  const folded = fold16((lows & 65535) + (lows >>> 16) + (highs & 65535) + (highs >>> 16));
  return fold16(((folded & 255) << 8 | folded >>> 8) + sum);
}
function checksumAddIn(memory, offset, length, sum) {
  return memory.vector === null ? checksumAdd(memory.view, offset, length, sum) : memory.vector.sum(offset, length, sum);
}
function checksumAddPiece(memory, offset, length, sum, position) {
  if ((position & 1) === 0) return checksumAddIn(memory, offset, length, sum);
  const piece = checksumAddIn(memory, offset, length, 0);
  return fold16(((piece & 255) << 8 | piece >>> 8) + sum);
}
function checksumFold(sum) {
  return ~fold16(sum) & 65535;
}
function pseudoHeaderSum4(src, dst, protocol, length) {
  return fold16((src >>> 16) + (src & 65535) + (dst >>> 16) + (dst & 65535) + protocol + length);
}
function fold16(sum) {
  const once = (sum & 65535) + (sum >>> 16);
  return (once & 65535) + (once >>> 16);
}

// src/wire/icmp.ts
var ICMP_HEADER_BYTES = 8;
var ICMP_QUOTED_BYTES = 8;
var IcmpField = {
  type: 0,
  code: 1,
  checksum: 2,
  /** RFC 1191 section 4: the next hop's MTU, in "fragmentation needed" only. */
  mtu: 6,
  quoted: 8
};
var IcmpType = {
  echoReply: 0,
  destinationUnreachable: 3,
  sourceQuench: 4,
  redirect: 5,
  echoRequest: 8,
  timeExceeded: 11,
  parameterProblem: 12
};
var IcmpUnreachableCode = {
  network: 0,
  host: 1,
  protocol: 2,
  port: 3,
  fragmentationNeeded: 4,
  /** RFC 1812 section 5.2.7.1: communication with the host is administratively prohibited. */
  prohibited: 10
};
function isIcmpChecksumRight(view, offset, length) {
  return checksumFold(checksumAdd(view, offset, length, 0)) === 0;
}
function writeIcmpChecksum(view, offset, length) {
  view.setUint16(offset + IcmpField.checksum, 0);
  view.setUint16(offset + IcmpField.checksum, checksumFold(checksumAdd(view, offset, length, 0)));
}
var Icmp6Type = {
  destinationUnreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echoRequest: 128,
  echoReply: 129
};
var ICMP6_MTU_FIELD = 4;
var UNREACHABLE_CODES = [
  IcmpUnreachableCode.network,
  IcmpUnreachableCode.prohibited,
  IcmpUnreachableCode.host,
  IcmpUnreachableCode.host,
  IcmpUnreachableCode.port,
  IcmpUnreachableCode.prohibited,
  IcmpUnreachableCode.prohibited
];
function unreachableCodeOf6(code) {
  return UNREACHABLE_CODES[code] ?? IcmpUnreachableCode.host;
}

// src/wire/ipv4.ts
var IPV4_HEADER_BYTES = 20;
var IPV4_TOTAL_MAX_BYTES = 65535;
var DEFAULT_HOP_LIMIT = 64;
var Ipv4Field = {
  versionIhl: 0,
  trafficClass: 1,
  totalLength: 2,
  identification: 4,
  fragment: 6,
  hopLimit: 8,
  protocol: 9,
  checksum: 10,
  source: 12,
  destination: 16
};
var Ipv4Fragment = {
  dontFragment: 16384,
  moreFragments: 8192,
  offsetMask: 8191
};
var Protocol = {
  icmp: 1,
  tcp: 6
};
function readIpv4HeaderLength(view, offset) {
  return (view.getUint8(offset) & 15) << 2;
}
function hasIpv4SourceRoute(view, offset, headerLength) {
  const end2 = offset + headerLength;
  for (let at = offset + IPV4_HEADER_BYTES; at < end2; ) {
    const kind = view.getUint8(at);
    if (kind === Ipv4Option.end) return false;
    if (kind === Ipv4Option.noOperation) {
      at++;
      continue;
    }
    const length = at + 1 < end2 ? view.getUint8(at + 1) : 0;
    if (kind === Ipv4Option.looseSourceRoute || kind === Ipv4Option.strictSourceRoute) return true;
    if (length < 2 || at + length > end2) return true;
    at += length;
  }
  return false;
}
var Ipv4Option = {
  end: 0,
  noOperation: 1,
  looseSourceRoute: 131,
  strictSourceRoute: 137
};
function isIpv4ChecksumRight(view, offset, headerLength) {
  if (headerLength !== IPV4_HEADER_BYTES) {
    return checksumFold(checksumAdd(view, offset, headerLength, 0)) === 0;
  }
  const a = view.getInt32(offset, true);
  const b = view.getInt32(offset + 4, true);
  const c = view.getInt32(offset + 8, true);
  const d = view.getInt32(offset + 12, true);
  const e = view.getInt32(offset + 16, true);
  const sum = (a & 65535) + (b & 65535) + (c & 65535) + (d & 65535) + (e & 65535) + (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16) + (e >>> 16);
  return checksumFold(sum) === 0;
}
function writeIpv4Header(view, offset, trafficClass, totalLength, identification, hopLimit, protocol, source, destination) {
  const first = 17664 | trafficClass & 255;
  const lifetime = (hopLimit & 255) << 8 | protocol;
  const sum = first + totalLength + (identification & 65535) + Ipv4Fragment.dontFragment + lifetime + (source >>> 16) + (source & 65535) + (destination >>> 16) + (destination & 65535);
  view.setInt32(offset, first << 16 | totalLength);
  view.setInt32(offset + 4, identification << 16 | Ipv4Fragment.dontFragment);
  view.setInt32(offset + 8, lifetime << 16 | checksumFold(sum));
  view.setInt32(offset + 12, source);
  view.setInt32(offset + 16, destination);
}

// src/wire/ipv6.ts
var IPV6_HEADER_BYTES = 40;
var IPV6_PAYLOAD_MAX_BYTES = 65535;
var IPV6_MTU_MIN = 1280;
var FLOW_LABEL_MASK = 1048575;
var EXTENSION_HEADERS_MAX = 8;
var EXTENSION_OPTIONS_MAX = 8;
var Ipv6Field = {
  versionClassLabel: 0,
  payloadLength: 4,
  nextHeader: 6,
  hopLimit: 7,
  source: 8,
  destination: 24
};
var Ipv6Next = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  icmp: 58,
  destinationOptions: 60
};
var EXTENSION_UNIT_BYTES = 8;
var FRAGMENT_FIELD = 2;
var FRAGMENT_MASK = 65529;
var SEGMENTS_LEFT_FIELD = 3;
var PAD_1 = 0;
var PAD_N = 1;
var UNKNOWN_OPTION_MASK = 192;
var TransportPlace = class {
  /** {@link Drop.none}, or why the packet cannot be used; the rest then says nothing. */
  reason = Drop.none;
  /** The protocol behind all extension headers. */
  protocol = 0;
  /** Where its header begins, a byte offset. */
  offset = 0;
};
function readTrafficClass(view, offset) {
  return view.getUint16(offset) >>> 4 & 255;
}
function writeIpv6Header(view, offset, trafficClass, flowLabel, payloadLength, nextHeader, hopLimit, src0, src1, src2, src3, dst0, dst1, dst2, dst3) {
  const first = 1610612736 | (trafficClass & 255) << 20 | flowLabel & FLOW_LABEL_MASK;
  view.setInt32(offset, first);
  view.setInt32(offset + 4, payloadLength << 16 | nextHeader << 8 | hopLimit & 255);
  view.setInt32(offset + 8, src0);
  view.setInt32(offset + 12, src1);
  view.setInt32(offset + 16, src2);
  view.setInt32(offset + 20, src3);
  view.setInt32(offset + 24, dst0);
  view.setInt32(offset + 28, dst1);
  view.setInt32(offset + 32, dst2);
  view.setInt32(offset + 36, dst3);
}
function pseudoHeaderSum6(view, offset, protocol, length) {
  return checksumAdd(view, offset + Ipv6Field.source, 32, protocol + length);
}
function transportChecksum6(view, offset, protocol, at, length) {
  return checksumFold(checksumAdd(view, at, length, pseudoHeaderSum6(view, offset, protocol, length)));
}
function findTransport(view, offset, end2, place2) {
  let next = view.getUint8(offset + Ipv6Field.nextHeader);
  let at = offset + IPV6_HEADER_BYTES;
  place2.reason = Drop.none;
  for (let count = 0; isExtension(next); count++) {
    if (count === EXTENSION_HEADERS_MAX) {
      place2.reason = Drop.ipExtensionLimit;
      return;
    }
    place2.reason = checkExtension(view, next, at, end2, count);
    if (place2.reason !== Drop.none) return;
    const following = view.getUint8(at);
    at += extensionLength(view, next, at);
    next = following;
  }
  place2.protocol = next;
  place2.offset = at;
}
function isExtension(next) {
  return next === Ipv6Next.hopByHop || next === Ipv6Next.routing || next === Ipv6Next.fragment || next === Ipv6Next.destinationOptions;
}
function extensionLength(view, kind, at) {
  if (kind === Ipv6Next.fragment) return EXTENSION_UNIT_BYTES;
  return EXTENSION_UNIT_BYTES * (1 + view.getUint8(at + 1));
}
function checkExtension(view, kind, at, end2, index) {
  if (at + EXTENSION_UNIT_BYTES > end2) return Drop.ipExtensionInvalid;
  const length = extensionLength(view, kind, at);
  if (at + length > end2) return Drop.ipExtensionInvalid;
  switch (kind) {
    case Ipv6Next.fragment:
      return (view.getUint16(at + FRAGMENT_FIELD) & FRAGMENT_MASK) === 0 ? Drop.none : Drop.ipFragment;
    case Ipv6Next.routing:
      return view.getUint8(at + SEGMENTS_LEFT_FIELD) === 0 ? Drop.none : Drop.ipSourceRouted;
    case Ipv6Next.hopByHop:
      if (index > 0) return Drop.ipExtensionInvalid;
  }
  return checkOptions(view, at + 2, at + length);
}
function checkOptions(view, offset, end2) {
  let count = 0;
  let at = offset;
  while (at < end2) {
    const type = view.getUint8(at);
    if (type === PAD_1) {
      at++;
      continue;
    }
    if (at + 2 > end2) return Drop.ipExtensionInvalid;
    const length = 2 + view.getUint8(at + 1);
    if (at + length > end2) return Drop.ipExtensionInvalid;
    if ((type & UNKNOWN_OPTION_MASK) !== 0) return Drop.ipOptionUnknown;
    if (type !== PAD_N && ++count > EXTENSION_OPTIONS_MAX) return Drop.ipExtensionLimit;
    at += length;
  }
  return Drop.none;
}

// src/wire/tcp.ts
var TCP_HEADER_BYTES = 20;
var TCP_OPTIONS_MAX_BYTES = 40;
var WINDOW_SCALE_MAX = 14;
var SACK_BLOCKS_MAX = 4;
var TcpField = {
  sourcePort: 0,
  destinationPort: 2,
  sequence: 4,
  acknowledgment: 8,
  /** The upper four bits count the header's 32-bit words; the lower nine are the flags. */
  dataOffsetFlags: 12,
  window: 14,
  checksum: 16,
  urgent: 18
};
var TCP_FLAGS_MASK = 511;
var TcpOption = {
  end: 0,
  noOperation: 1,
  /** RFC 9293 section 3.2. */
  mss: 2,
  /** RFC 7323 section 2.2. */
  windowScale: 3,
  /** RFC 2018 section 2. */
  sackPermitted: 4,
  /** RFC 2018 section 3. */
  sack: 5,
  /** RFC 7323 section 3.2. */
  timestamps: 8,
  /** RFC 9768 section 3.2.3: byte counters in the order ECT(0), CE, ECT(1). */
  accurateEcn0: 172,
  /** The same in the order ECT(1), CE, ECT(0). */
  accurateEcn1: 174
};
var MSS_HEAD = TcpOption.mss << 24 | 4 << 16;
var NOP_NOP = TcpOption.noOperation << 24 | TcpOption.noOperation << 16;
var TIMESTAMPS_HEAD = TcpOption.timestamps << 8 | 10;
var SACK_PERMITTED_HEAD = TcpOption.sackPermitted << 8 | 2;
var SACK_HEAD = NOP_NOP | TcpOption.sack << 8;
var NOP_WINDOW_SCALE = TcpOption.noOperation << 24 | TcpOption.windowScale << 16 | 3 << 8;
var NOP_NOP_TIMESTAMPS = NOP_NOP | TIMESTAMPS_HEAD;
function readTcpHeaderLength(view, offset) {
  return (view.getUint8(offset + TcpField.dataOffsetFlags) & 240) >> 2;
}
function fixedOptionsLength(options) {
  let length = 0;
  if ((options & OptionBit.mss) !== 0) length += 4;
  if ((options & OptionBit.timestamps) !== 0) length += 12;
  else if ((options & OptionBit.sackPermitted) !== 0) length += 4;
  if ((options & OptionBit.windowScale) !== 0) length += 4;
  return length;
}
function accurateEcnLength(fields) {
  return 2 + 3 * fields + 3 & ~3;
}
function accurateEcnLengthOf(segment) {
  return (segment.options & OptionBit.accurateEcn) !== 0 ? accurateEcnLength(segment.ecnFields) : 0;
}
function sackBlocksThatFit(segment) {
  if ((segment.options & OptionBit.sack) === 0) return 0;
  const others = fixedOptionsLength(segment.options) + accurateEcnLengthOf(segment);
  const room = TCP_OPTIONS_MAX_BYTES - 4 - others >> 3;
  return Math.min(segment.sackCount, room, SACK_BLOCKS_MAX);
}
function tcpOptionsLength(segment) {
  const blocks = sackBlocksThatFit(segment);
  const others = fixedOptionsLength(segment.options) + accurateEcnLengthOf(segment);
  return others + (blocks > 0 ? 4 + 8 * blocks : 0);
}
function writeTcpHeader(view, offset, segment) {
  let length = TCP_HEADER_BYTES;
  if (segment.options === OptionBit.timestamps) {
    view.setInt32(offset + 20, NOP_NOP_TIMESTAMPS);
    view.setInt32(offset + 24, segment.tsValue);
    view.setInt32(offset + 28, segment.tsEcho);
    length = TCP_HEADER_BYTES + 12;
  } else if (segment.options !== 0) {
    length = writeOptions(view, offset + TCP_HEADER_BYTES, segment) - offset;
  }
  view.setInt32(offset, segment.srcPort << 16 | segment.dstPort);
  view.setInt32(offset + TcpField.sequence, segment.seq);
  view.setInt32(offset + TcpField.acknowledgment, segment.ack);
  const dataOffsetFlags = length << 10 | segment.flags & TCP_FLAGS_MASK;
  view.setInt32(offset + TcpField.dataOffsetFlags, dataOffsetFlags << 16 | segment.window & 65535);
  view.setInt32(offset + TcpField.checksum, segment.urgent & 65535);
  return length;
}
function writeOptions(view, offset, segment) {
  const options = segment.options;
  let at = offset;
  if ((options & OptionBit.mss) !== 0) {
    view.setInt32(at, MSS_HEAD | segment.mss & 65535);
    at += 4;
  }
  const sackPermitted = (options & OptionBit.sackPermitted) !== 0;
  if ((options & OptionBit.timestamps) !== 0) {
    const before = sackPermitted ? SACK_PERMITTED_HEAD << 16 : NOP_NOP;
    view.setInt32(at, before | TIMESTAMPS_HEAD);
    view.setInt32(at + 4, segment.tsValue);
    view.setInt32(at + 8, segment.tsEcho);
    at += 12;
  } else if (sackPermitted) {
    view.setInt32(at, NOP_NOP | SACK_PERMITTED_HEAD);
    at += 4;
  }
  if ((options & OptionBit.windowScale) !== 0) {
    view.setInt32(at, NOP_WINDOW_SCALE | segment.windowScale & 255);
    at += 4;
  }
  if ((options & OptionBit.accurateEcn) !== 0) at = writeAccurateEcn(view, at, segment);
  return writeSack(view, at, segment);
}
function writeAccurateEcn(view, offset, segment) {
  const { ecnKind, ecnFields } = segment;
  const end2 = offset + accurateEcnLength(ecnFields);
  const isZeroFirst = ecnKind === TcpOption.accurateEcn0;
  view.setUint8(offset, ecnKind);
  view.setUint8(offset + 1, 2 + 3 * ecnFields);
  let at = offset + 2;
  for (let i = 0; i < ecnFields; i++) {
    const isFirst = i === 0;
    const isEct0 = isFirst === isZeroFirst;
    const bytes = i === 1 ? segment.ecnCeBytes : isEct0 ? segment.ecnE0Bytes : segment.ecnE1Bytes;
    view.setUint8(at, bytes >>> 16);
    view.setUint16(at + 1, bytes & 65535);
    at += 3;
  }
  while (at < end2) view.setUint8(at++, TcpOption.noOperation);
  return end2;
}
function writeSack(view, offset, segment) {
  const blocks = sackBlocksThatFit(segment);
  if (blocks === 0) return offset;
  view.setInt32(offset, SACK_HEAD | 2 + 8 * blocks);
  view.setInt32(offset + 4, segment.sackLeft0);
  view.setInt32(offset + 8, segment.sackRight0);
  if (blocks > 1) {
    view.setInt32(offset + 12, segment.sackLeft1);
    view.setInt32(offset + 16, segment.sackRight1);
  }
  if (blocks > 2) {
    view.setInt32(offset + 20, segment.sackLeft2);
    view.setInt32(offset + 24, segment.sackRight2);
  }
  if (blocks > 3) {
    view.setInt32(offset + 28, segment.sackLeft3);
    view.setInt32(offset + 32, segment.sackRight3);
  }
  return offset + 4 + 8 * blocks;
}
function clearTcpOptions(segment) {
  segment.options = 0;
  segment.mss = 0;
  segment.windowScale = 0;
  segment.tsValue = 0;
  segment.tsEcho = 0;
  segment.sackCount = 0;
  segment.sackLeft0 = 0;
  segment.sackRight0 = 0;
  segment.sackLeft1 = 0;
  segment.sackRight1 = 0;
  segment.sackLeft2 = 0;
  segment.sackRight2 = 0;
  segment.sackLeft3 = 0;
  segment.sackRight3 = 0;
  segment.ecnKind = 0;
  segment.ecnFields = 0;
  segment.ecnE0Bytes = 0;
  segment.ecnCeBytes = 0;
  segment.ecnE1Bytes = 0;
}
function readTcpOptions(view, offset, end2, segment) {
  clearTcpOptions(segment);
  if (end2 - offset === 12 && view.getInt32(offset) === NOP_NOP_TIMESTAMPS) {
    segment.options = OptionBit.timestamps;
    segment.tsValue = view.getInt32(offset + 4);
    segment.tsEcho = view.getInt32(offset + 8);
    return Drop.none;
  }
  let at = offset;
  while (at < end2) {
    const kind = view.getUint8(at);
    if (kind === TcpOption.end) break;
    if (kind === TcpOption.noOperation) {
      at++;
      continue;
    }
    if (at + 1 >= end2) return Drop.tcpOptionInvalid;
    const length = view.getUint8(at + 1);
    if (length < 2 || length > end2 - at) return Drop.tcpOptionInvalid;
    readOption(view, at, kind, length, segment);
    at += length;
  }
  return Drop.none;
}
function readOption(view, at, kind, length, segment) {
  const isSyn = (segment.flags & Flag.SYN) !== 0;
  switch (kind) {
    case TcpOption.mss:
      if (length !== 4 || !isSyn) return;
      segment.options |= OptionBit.mss;
      segment.mss = view.getUint16(at + 2);
      return;
    case TcpOption.windowScale:
      if (length !== 3 || !isSyn) return;
      segment.options |= OptionBit.windowScale;
      segment.windowScale = Math.min(view.getUint8(at + 2), WINDOW_SCALE_MAX);
      return;
    case TcpOption.sackPermitted:
      if (length === 2 && isSyn) segment.options |= OptionBit.sackPermitted;
      return;
    case TcpOption.timestamps:
      if (length !== 10) return;
      segment.options |= OptionBit.timestamps;
      segment.tsValue = view.getInt32(at + 2);
      segment.tsEcho = view.getInt32(at + 6);
      return;
    case TcpOption.sack:
      readSack(view, at + 2, length - 2, segment);
      return;
    case TcpOption.accurateEcn0:
    case TcpOption.accurateEcn1:
      readAccurateEcn(view, at, kind, length, segment);
      return;
  }
}
function readAccurateEcn(view, at, kind, length, segment) {
  const fields = Math.floor((length - 2) / 3);
  if (length !== 2 + 3 * fields || fields > 3) return;
  segment.options |= OptionBit.accurateEcn;
  segment.ecnKind = kind;
  segment.ecnFields = fields;
  const first = fields > 0 ? readCounter(view, at + 2) : 0;
  const third = fields > 2 ? readCounter(view, at + 8) : 0;
  segment.ecnCeBytes = fields > 1 ? readCounter(view, at + 5) : 0;
  segment.ecnE0Bytes = kind === TcpOption.accurateEcn0 ? first : third;
  segment.ecnE1Bytes = kind === TcpOption.accurateEcn0 ? third : first;
}
function readCounter(view, at) {
  return view.getUint8(at) << 16 | view.getUint16(at + 1);
}
function readSack(view, at, length, segment) {
  if (length === 0 || (length & 7) !== 0) return;
  const count = length >> 3;
  segment.options |= OptionBit.sack;
  segment.sackCount = count;
  segment.sackLeft0 = view.getInt32(at);
  segment.sackRight0 = view.getInt32(at + 4);
  segment.sackLeft1 = count > 1 ? view.getInt32(at + 8) : 0;
  segment.sackRight1 = count > 1 ? view.getInt32(at + 12) : 0;
  segment.sackLeft2 = count > 2 ? view.getInt32(at + 16) : 0;
  segment.sackRight2 = count > 2 ? view.getInt32(at + 20) : 0;
  segment.sackLeft3 = count > 3 ? view.getInt32(at + 24) : 0;
  segment.sackRight3 = count > 3 ? view.getInt32(at + 28) : 0;
}

// src/wire/virtio.ts
var VIRTIO_HEADER_BYTES = 10;
var VirtioField = {
  flags: 0,
  gsoType: 1,
  headerLength: 2,
  gsoSize: 4,
  checksumStart: 6,
  checksumOffset: 8
};
var VirtioFlag = {
  /** The checksum field holds the sum of the pseudo-header only; the rest is still to be added. */
  needsChecksum: 1,
  /** The sender of the frame has verified its checksum. */
  dataValid: 2
};
var VirtioGso = {
  none: 0,
  tcp4: 1,
  tcp6: 4,
  /** The first of the wire segments has CWR, the others must not (RFC 3168 section 6.1.2). */
  ecn: 128
};
function writeVirtioPlain(view, offset) {
  view.setInt32(offset, 0, true);
  view.setInt32(offset + 4, 0, true);
  view.setInt16(offset + 8, 0, true);
}
function writeVirtioPartial(view, offset, gsoType, headerLength, gsoSize, checksumStart, checksumOffset) {
  view.setUint8(offset, VirtioFlag.needsChecksum);
  view.setUint8(offset + VirtioField.gsoType, gsoType);
  view.setUint16(offset + VirtioField.headerLength, headerLength, true);
  view.setUint16(offset + VirtioField.gsoSize, gsoSize, true);
  view.setUint16(offset + VirtioField.checksumStart, checksumStart, true);
  view.setUint16(offset + VirtioField.checksumOffset, checksumOffset, true);
}

// src/ip/input_kind.ts
var InputKind = {
  /** Not to be used; `PacketInput.reason` says why. */
  dropped: 0,
  /** A TCP segment for this stack. */
  tcp: 1,
  /** An ICMP echo request of either family: the payload range is the whole ICMP message. */
  icmpEcho: 2,
  /**
   * An ICMP error about a TCP segment that this stack sent: the source, the destination, the ports and
   * `seq` are those of the quoted segment (so the source is ours), with `icmpType`, `icmpCode`, `icmpMtu`.
   */
  icmpError: 3
};

// src/ip/icmp_input.ts
var quotedPlace = new TransportPlace();
function readIcmp4(view, at, length, segment, own) {
  if (length < ICMP_HEADER_BYTES) return InputKind.dropped;
  const type = view.getUint8(at + IcmpField.type);
  const code = view.getUint8(at + IcmpField.code);
  beginMessage(segment, at, type, code);
  switch (type) {
    case IcmpType.echoRequest:
      segment.payloadLength = length;
      return InputKind.icmpEcho;
    case IcmpType.destinationUnreachable:
      if (code === IcmpUnreachableCode.fragmentationNeeded) {
        segment.icmpMtu = view.getUint16(at + IcmpField.mtu);
      }
      return readQuoted4(view, at, length, segment, own);
    case IcmpType.timeExceeded:
    case IcmpType.parameterProblem:
      return readQuoted4(view, at, length, segment, own);
    default:
      return InputKind.dropped;
  }
}
function readIcmp6(view, at, length, segment, own) {
  if (length < ICMP_HEADER_BYTES) return InputKind.dropped;
  const code = view.getUint8(at + IcmpField.code);
  switch (view.getUint8(at + IcmpField.type)) {
    case Icmp6Type.echoRequest:
      beginMessage(segment, at, IcmpType.echoRequest, code);
      segment.payloadLength = length;
      return InputKind.icmpEcho;
    case Icmp6Type.destinationUnreachable:
      beginMessage(segment, at, IcmpType.destinationUnreachable, unreachableCodeOf6(code));
      return readQuoted6(view, at, length, segment, own);
    case Icmp6Type.packetTooBig: {
      const { fragmentationNeeded } = IcmpUnreachableCode;
      beginMessage(segment, at, IcmpType.destinationUnreachable, fragmentationNeeded);
      const mtu = view.getUint32(at + ICMP6_MTU_FIELD);
      if (mtu < IPV6_MTU_MIN) return InputKind.dropped;
      segment.icmpMtu = Math.min(mtu, 65535);
      return readQuoted6(view, at, length, segment, own);
    }
    case Icmp6Type.timeExceeded:
      beginMessage(segment, at, IcmpType.timeExceeded, code);
      return readQuoted6(view, at, length, segment, own);
    case Icmp6Type.parameterProblem:
      beginMessage(segment, at, IcmpType.parameterProblem, code);
      return readQuoted6(view, at, length, segment, own);
    default:
      return InputKind.dropped;
  }
}
function beginMessage(segment, at, type, code) {
  segment.srcPort = 0;
  segment.dstPort = 0;
  segment.seq = 0;
  segment.ack = 0;
  segment.flags = 0;
  segment.window = 0;
  segment.urgent = 0;
  segment.gsoSize = 0;
  clearTcpOptions(segment);
  segment.payloadOffset = at;
  segment.payloadLength = 0;
  segment.icmpType = type;
  segment.icmpCode = code;
  segment.icmpMtu = 0;
}
function readQuoted4(view, icmp, length, segment, own) {
  const at = icmp + IcmpField.quoted;
  const size = length - IcmpField.quoted;
  if (size < IPV4_HEADER_BYTES || view.getUint8(at) >>> 4 !== 4) return InputKind.dropped;
  const headerLength = readIpv4HeaderLength(view, at);
  if (headerLength < IPV4_HEADER_BYTES || headerLength + ICMP_QUOTED_BYTES > size) {
    return InputKind.dropped;
  }
  const fragment = view.getUint16(at + Ipv4Field.fragment);
  const source = view.getInt32(at + Ipv4Field.source);
  if (view.getUint8(at + Ipv4Field.protocol) !== Protocol.tcp || (fragment & Ipv4Fragment.offsetMask) !== 0 || !own.has4(source)) {
    return InputKind.dropped;
  }
  setIpv4Addresses(segment, source, view.getInt32(at + Ipv4Field.destination));
  readQuotedTcp(view, at + headerLength, segment);
  return InputKind.icmpError;
}
function readQuoted6(view, icmp, length, segment, own) {
  const at = icmp + IcmpField.quoted;
  const end2 = icmp + length;
  if (end2 - at < IPV6_HEADER_BYTES || view.getUint8(at) >>> 4 !== 6) return InputKind.dropped;
  findTransport(view, at, end2, quotedPlace);
  if (quotedPlace.reason !== Drop.none || quotedPlace.protocol !== Protocol.tcp) {
    return InputKind.dropped;
  }
  if (quotedPlace.offset + ICMP_QUOTED_BYTES > end2) return InputKind.dropped;
  setIpv6Addresses(segment, view, at);
  if (!own.has6(segment.src0, segment.src1, segment.src2, segment.src3)) return InputKind.dropped;
  readQuotedTcp(view, quotedPlace.offset, segment);
  return InputKind.icmpError;
}
function readQuotedTcp(view, at, segment) {
  segment.srcPort = view.getUint16(at + TcpField.sourcePort);
  segment.dstPort = view.getUint16(at + TcpField.destinationPort);
  segment.seq = view.getInt32(at + TcpField.sequence);
}
function setIpv4Addresses(segment, source, destination) {
  segment.src0 = 0;
  segment.src1 = 0;
  segment.src2 = IPV4_MAPPED_W2;
  segment.src3 = source;
  segment.dst0 = 0;
  segment.dst1 = 0;
  segment.dst2 = IPV4_MAPPED_W2;
  segment.dst3 = destination;
}
function setIpv6Addresses(segment, view, at) {
  segment.src0 = view.getInt32(at + Ipv6Field.source);
  segment.src1 = view.getInt32(at + Ipv6Field.source + 4);
  segment.src2 = view.getInt32(at + Ipv6Field.source + 8);
  segment.src3 = view.getInt32(at + Ipv6Field.source + 12);
  segment.dst0 = view.getInt32(at + Ipv6Field.destination);
  segment.dst1 = view.getInt32(at + Ipv6Field.destination + 4);
  segment.dst2 = view.getInt32(at + Ipv6Field.destination + 8);
  segment.dst3 = view.getInt32(at + Ipv6Field.destination + 12);
}

// src/ip/own_addresses.ts
var OwnAddresses = class {
  /** The last words of the IPv4 addresses. */
  #ipv4;
  /** Four words for each IPv6 address. */
  #ipv6;
  #loopback;
  /** `loopback` says whether 127.0.0.0/8 and `::1` count as own, as they do for what never left the stack. */
  constructor(addresses, loopback) {
    const ipv4 = addresses.filter(isIpv4);
    this.#ipv4 = Int32Array.from(ipv4, (address) => address.w3);
    const ipv6 = addresses.filter((address) => !isIpv4(address));
    this.#ipv6 = Int32Array.from(ipv6.flatMap(({ w0, w1, w2, w3 }) => [
      w0,
      w1,
      w2,
      w3
    ]));
    this.#loopback = loopback;
  }
  /** Whether the IPv4 address with these 32 bits is an own one. */
  has4(word) {
    const own = this.#ipv4;
    for (let i = 0; i < own.length; i++) {
      if (own[i] === word) return true;
    }
    return this.#loopback && isLoopbackWord(word);
  }
  /** Whether the IPv6 address with these words is an own one; never for IPv4-mapped ones. */
  has6(w0, w1, w2, w3) {
    const own = this.#ipv6;
    for (let i = 0; i < own.length; i += 4) {
      if (own[i + 3] === w3 && own[i + 2] === w2 && own[i + 1] === w1 && own[i] === w0) return true;
    }
    return this.#loopback && w3 === 1 && isLoopbackWords(w0, w1, w2, w3);
  }
};

// src/ip/input.ts
var NO_CHECKSUM_START = -1;
var PacketInput = class {
  /** Why the last dropped frame was dropped. */
  reason = Drop.none;
  #virtioHeader;
  #loopback;
  #own;
  /** Where the transport header of the frame at hand begins, when there are extension headers. */
  #place = new TransportPlace();
  // What the virtio-net header of the frame at hand says.
  /** Whether the checksum need not be verified. */
  #vouched = false;
  /** Where the unfinished checksum begins, in bytes from the IP header, or NO_CHECKSUM_START. */
  #checksumStart = NO_CHECKSUM_START;
  #checksumOffset = 0;
  #gsoType = VirtioGso.none;
  #gsoSize = 0;
  /** Throws a `TypeError` for a loopback input with virtio-net headers, which nobody would write. */
  constructor(options) {
    this.#virtioHeader = options.virtioHeader;
    this.#loopback = options.loopback ?? false;
    if (this.#loopback && this.#virtioHeader) {
      throw new TypeError("A loopback input reads plain frames: virtioHeader must be false");
    }
    this.#vouched = this.#loopback;
    this.#own = new OwnAddresses(options.addresses, this.#loopback);
  }
  /**
   * Decodes the frame of `length` bytes at `offset` into `segment`. After {@link InputKind.dropped} the
   * segment holds nothing useful. The checks come in the order in which later ones rely on earlier ones,
   * and a checksum comes before the fields that it covers, so that damage is counted as damage.
   */
  decode(memory, offset, length, segment) {
    const view = memory.view;
    segment.slot = -1;
    segment.frameOffset = offset;
    segment.frameLength = length;
    let at = offset;
    let size = length;
    if (this.#virtioHeader) {
      if (length < VIRTIO_HEADER_BYTES) return this.#drop(Drop.frameTruncated);
      at += VIRTIO_HEADER_BYTES;
      size -= VIRTIO_HEADER_BYTES;
      if (!this.#readVirtioHeader(view, offset, size)) {
        return this.#drop(Drop.virtioHeaderInvalid);
      }
    }
    if (size < 1) return this.#drop(Drop.frameTruncated);
    switch (view.getUint8(at) >>> 4) {
      case 4:
        return this.#decodeIpv4(memory, at, size, segment);
      case 6:
        return this.#decodeIpv6(memory, at, size, segment);
      default:
        return this.#drop(Drop.ipVersionUnsupported);
    }
  }
  #drop(reason) {
    this.reason = reason;
    return InputKind.dropped;
  }
  #icmp(kind) {
    return kind === InputKind.dropped ? this.#drop(Drop.icmpInvalid) : kind;
  }
  /** Takes in the virtio-net header before a frame of `size` bytes; false when it contradicts itself. */
  #readVirtioHeader(view, offset, size) {
    const flags = view.getUint8(offset + VirtioField.flags);
    const gsoType = view.getUint8(offset + VirtioField.gsoType) & ~VirtioGso.ecn;
    this.#vouched = (flags & (VirtioFlag.needsChecksum | VirtioFlag.dataValid)) !== 0;
    this.#checksumStart = NO_CHECKSUM_START;
    if ((flags & VirtioFlag.needsChecksum) !== 0) {
      this.#checksumStart = view.getUint16(offset + VirtioField.checksumStart, true);
      this.#checksumOffset = view.getUint16(offset + VirtioField.checksumOffset, true);
      if (this.#checksumStart + this.#checksumOffset + 2 > size) return false;
    }
    this.#gsoType = gsoType;
    this.#gsoSize = 0;
    if (gsoType === VirtioGso.none) return true;
    if (gsoType !== VirtioGso.tcp4 && gsoType !== VirtioGso.tcp6) return false;
    this.#gsoSize = view.getUint16(offset + VirtioField.gsoSize, true);
    return this.#gsoSize > 0 && view.getUint16(offset + VirtioField.headerLength, true) <= size;
  }
  #decodeIpv4(memory, at, size, segment) {
    const { view } = memory;
    if (size < IPV4_HEADER_BYTES) return this.#drop(Drop.frameTruncated);
    const headerLength = readIpv4HeaderLength(view, at);
    if (headerLength < IPV4_HEADER_BYTES || headerLength > size) {
      return this.#drop(Drop.ipHeaderLengthInvalid);
    }
    const totalLength = view.getUint16(at + Ipv4Field.totalLength);
    if (totalLength < headerLength || totalLength > size) return this.#drop(Drop.ipLengthInvalid);
    if (!this.#loopback && !isIpv4ChecksumRight(view, at, headerLength)) {
      return this.#drop(Drop.ipChecksumInvalid);
    }
    const source = view.getInt32(at + Ipv4Field.source);
    const destination = view.getInt32(at + Ipv4Field.destination);
    const reason = this.#checkAddresses4(source, destination);
    if (reason !== Drop.none) return this.#drop(reason);
    const fragment = view.getUint16(at + Ipv4Field.fragment);
    if ((fragment & (Ipv4Fragment.moreFragments | Ipv4Fragment.offsetMask)) !== 0) {
      return this.#drop(Drop.ipFragment);
    }
    if (headerLength > IPV4_HEADER_BYTES && hasIpv4SourceRoute(view, at, headerLength)) {
      return this.#drop(Drop.ipSourceRouted);
    }
    setIpv4Addresses(segment, source, destination);
    segment.trafficClass = view.getUint8(at + Ipv4Field.trafficClass);
    segment.hopLimit = view.getUint8(at + Ipv4Field.hopLimit);
    segment.flowLabel = 0;
    const payload = at + headerLength;
    const payloadLength = totalLength - headerLength;
    switch (view.getUint8(at + Ipv4Field.protocol)) {
      case Protocol.tcp: {
        if (!this.#isOffloadForTcp(headerLength, VirtioGso.tcp4)) {
          return this.#drop(Drop.virtioHeaderInvalid);
        }
        const pseudo = this.#vouched ? 0 : pseudoHeaderSum4(source, destination, Protocol.tcp, payloadLength);
        return this.#decodeTcp(memory, payload, payloadLength, pseudo, segment);
      }
      case Protocol.icmp:
        if (this.#gsoType !== VirtioGso.none) return this.#drop(Drop.virtioHeaderInvalid);
        if (!this.#loopback && !isIcmpChecksumRight(view, payload, payloadLength)) {
          return this.#drop(Drop.icmpInvalid);
        }
        return this.#icmp(readIcmp4(view, payload, payloadLength, segment, this.#own));
      default:
        return this.#drop(Drop.ipProtocolUnsupported);
    }
  }
  #decodeIpv6(memory, at, size, segment) {
    const { view } = memory;
    if (size < IPV6_HEADER_BYTES) return this.#drop(Drop.frameTruncated);
    const length = IPV6_HEADER_BYTES + view.getUint16(at + Ipv6Field.payloadLength);
    if (length > size) return this.#drop(Drop.ipLengthInvalid);
    setIpv6Addresses(segment, view, at);
    const reason = this.#checkAddresses6(segment);
    if (reason !== Drop.none) return this.#drop(reason);
    const place2 = this.#place;
    findTransport(view, at, at + length, place2);
    if (place2.reason !== Drop.none) return this.#drop(place2.reason);
    segment.trafficClass = readTrafficClass(view, at);
    segment.hopLimit = view.getUint8(at + Ipv6Field.hopLimit);
    segment.flowLabel = view.getInt32(at + Ipv6Field.versionClassLabel) & FLOW_LABEL_MASK;
    const payload = place2.offset;
    const payloadLength = at + length - payload;
    switch (place2.protocol) {
      case Protocol.tcp: {
        if (!this.#isOffloadForTcp(payload - at, VirtioGso.tcp6)) {
          return this.#drop(Drop.virtioHeaderInvalid);
        }
        const pseudo = this.#vouched ? 0 : pseudoHeaderSum6(view, at, Protocol.tcp, payloadLength);
        return this.#decodeTcp(memory, payload, payloadLength, pseudo, segment);
      }
      case Ipv6Next.icmp: {
        if (this.#gsoType !== VirtioGso.none) return this.#drop(Drop.virtioHeaderInvalid);
        const icmp = Ipv6Next.icmp;
        if (!this.#loopback && transportChecksum6(view, at, icmp, payload, payloadLength) !== 0) {
          return this.#drop(Drop.icmpInvalid);
        }
        return this.#icmp(readIcmp6(view, payload, payloadLength, segment, this.#own));
      }
      default:
        return this.#drop(Drop.ipProtocolUnsupported);
    }
  }
  /**
   * RFC 1122 section 3.2.1.3: which sources no host may have, and which destinations are this host. In a
   * loopback input all of 127.0.0.0/8 is this host.
   */
  #checkAddresses4(source, destination) {
    const network = source >>> 24;
    if (network === 0 || network >= 224 && network < 240 || source === -1) {
      return Drop.ipSourceMartian;
    }
    if (!this.#loopback) {
      if (network === 127) return Drop.ipSourceMartian;
      if (this.#own.has4(source)) return Drop.ipSourceOwn;
    }
    return this.#own.has4(destination) ? Drop.none : Drop.ipDestinationForeign;
  }
  /**
   * The same of RFC 4291 section 2.5 and 2.7: no packet comes from a multicast group, from the unspecified
   * address, or from `::1` outside. IPv4-mapped addresses are names within a host: on the wire they would
   * get around what is decided about IPv4 addresses, so they are no source and no destination.
   */
  #checkAddresses6(s) {
    if (s.src0 >>> 24 === 255) return Drop.ipSourceMartian;
    if (s.src0 === 0 && s.src1 === 0) {
      if (s.src2 === IPV4_MAPPED_W2) return Drop.ipSourceMartian;
      const isLowest = s.src2 === 0 && (s.src3 === 0 || s.src3 === 1 && !this.#loopback);
      if (isLowest) return Drop.ipSourceMartian;
    }
    if (!this.#loopback && this.#own.has6(s.src0, s.src1, s.src2, s.src3)) return Drop.ipSourceOwn;
    return this.#own.has6(s.dst0, s.dst1, s.dst2, s.dst3) ? Drop.none : Drop.ipDestinationForeign;
  }
  /** Whether the virtio-net header's claims, if any, are about TCP behind `headerLength` bytes of IP headers. */
  #isOffloadForTcp(headerLength, gsoType) {
    if (this.#gsoType !== VirtioGso.none && this.#gsoType !== gsoType) return false;
    return this.#checksumStart === NO_CHECKSUM_START || this.#checksumStart === headerLength && this.#checksumOffset === TcpField.checksum;
  }
  /** `pseudo` is the running sum of the pseudo-header; not looked at when the checksum is vouched for. */
  #decodeTcp(memory, at, length, pseudo, segment) {
    const { view } = memory;
    if (length < TCP_HEADER_BYTES) return this.#drop(Drop.frameTruncated);
    if (!this.#vouched && checksumFold(checksumAddIn(memory, at, length, pseudo)) !== 0) {
      return this.#drop(Drop.tcpChecksumInvalid);
    }
    const headerLength = readTcpHeaderLength(view, at);
    if (headerLength < TCP_HEADER_BYTES || headerLength > length) {
      return this.#drop(Drop.tcpHeaderLengthInvalid);
    }
    readTcpFixedHeader(view, at, segment);
    if (segment.srcPort === 0 || segment.dstPort === 0) return this.#drop(Drop.tcpPortZero);
    if ((segment.flags & Flag.SYN) !== 0 && (segment.flags & (Flag.FIN | Flag.RST)) !== 0) {
      return this.#drop(Drop.tcpFlagsInvalid);
    }
    const end2 = at + headerLength;
    const reason = readTcpOptions(view, at + TCP_HEADER_BYTES, end2, segment);
    if (reason !== Drop.none) return this.#drop(reason);
    segment.payloadOffset = end2;
    segment.payloadLength = length - headerLength;
    segment.gsoSize = segment.payloadLength > this.#gsoSize ? this.#gsoSize : 0;
    segment.icmpType = 0;
    segment.icmpCode = 0;
    segment.icmpMtu = 0;
    return InputKind.tcp;
  }
};
function readTcpFixedHeader(view, at, segment) {
  segment.srcPort = view.getUint16(at + TcpField.sourcePort);
  segment.dstPort = view.getUint16(at + TcpField.destinationPort);
  segment.seq = view.getInt32(at + TcpField.sequence);
  segment.ack = view.getInt32(at + TcpField.acknowledgment);
  segment.flags = view.getUint16(at + TcpField.dataOffsetFlags) & TCP_FLAGS_MASK;
  segment.window = view.getUint16(at + TcpField.window);
  segment.urgent = view.getUint16(at + TcpField.urgent);
}

// src/pipeline/reader_stage.ts
var FRAME_LIMIT = SLOT_BYTES - SLOT_HEADROOM;
function receiveFrame(device, layout, slot, counters) {
  const { words, table } = layout.slotPool;
  const start = words[table + slot * DESCRIPTOR_WORDS + START];
  const length = device.receive(layout.memory.bytes, start, FRAME_LIMIT);
  if (length === 0) return 0;
  counters.count(Counter.framesIn);
  counters.add(Counter.frameBytesIn, length);
  if (length <= FRAME_LIMIT) return length;
  counters.drop(Drop.frameOversized);
  return -1;
}

// src/pipeline/direct_input.ts
var DirectInput = class {
  #layout;
  #device;
  #stage;
  #input;
  #segment = new Segment();
  constructor(layout, device, stage, settings) {
    this.#layout = layout;
    this.#device = device;
    this.#stage = stage;
    this.#input = new PacketInput({
      virtioHeader: device.virtioHeader,
      addresses: settings.addresses
    });
  }
  /** Takes up to `most` frames in; returns how many there were. */
  run(most, nowUs) {
    const layout = this.#layout;
    const { words, table } = layout.slotPool;
    const slots = this.#stage.slots.slots;
    const segment = this.#segment;
    let count = 0;
    while (count < most) {
      const slot = slots.take();
      if (slot === NIL) break;
      const length = receiveFrame(this.#device, layout, slot, layout.readerCounters);
      if (length <= 0) {
        slots.give(slot);
        if (length === 0) break;
        count++;
        continue;
      }
      const start = words[table + slot * DESCRIPTOR_WORDS + START];
      const kind = this.#input.decode(layout.memory, start, length, segment);
      if (kind === InputKind.dropped) layout.parserCounters.drop(this.#input.reason);
      segment.slot = slot;
      this.#stage.input(kind, segment, nowUs);
      count++;
    }
    return count;
  }
};

// src/tcp/congestion/cubic.ts
var C = 0.4;
var BETA = 0.7;
var ALPHA = 3 * (1 - BETA) / (1 + BETA);
var UNKNOWN = 0;
var Cubic = class {
  name = "cubic";
  cwndBytes;
  ssthreshBytes = Infinity;
  /** W_max: the window just before the last reduction, in segments. */
  #wMax = UNKNOWN;
  /** K: seconds from the start of the epoch until the window is W_max again. */
  #kSeconds = 0;
  /** When the current growth epoch began; -1 when none has. */
  #epochStartUs = -1;
  /** W_est: what Reno would have, in segments. */
  #wEst = 0;
  constructor(initialWindowBytes) {
    this.cwndBytes = initialWindowBytes;
  }
  onAck(ackedBytes, rttUs, limited, mss, nowUs) {
    if (!limited) {
      this.#epochStartUs = -1;
      return;
    }
    if (this.cwndBytes < this.ssthreshBytes) {
      this.cwndBytes += ackedBytes;
      return;
    }
    const cwnd = this.cwndBytes / mss;
    if (this.#epochStartUs < 0) this.#beginEpoch(cwnd, nowUs);
    const target = this.#target(cwnd, rttUs, nowUs);
    this.#wEst += ALPHA * (ackedBytes / this.cwndBytes);
    const grown = cwnd + (target - cwnd) / cwnd * (ackedBytes / mss);
    this.cwndBytes = Math.max(grown, this.#wEst, cwnd) * mss;
  }
  onLoss(flightBytes, mss) {
    this.#reduce(flightBytes, mss);
    this.cwndBytes = this.ssthreshBytes;
  }
  onEcn(flightBytes, mss) {
    this.onLoss(flightBytes, mss);
  }
  onRecovered() {
    this.cwndBytes = this.ssthreshBytes;
  }
  onTimeout(flightBytes, mss) {
    this.#reduce(flightBytes, mss);
    this.cwndBytes = mss;
  }
  #beginEpoch(cwnd, nowUs) {
    this.#epochStartUs = nowUs;
    if (cwnd < this.#wMax) {
      this.#kSeconds = Math.cbrt((this.#wMax - cwnd) / C);
    } else {
      this.#kSeconds = 0;
      this.#wMax = cwnd;
    }
    this.#wEst = cwnd;
  }
  /** Section 4.2: the cubic function one RTT from now, at most half as much again as the window. */
  #target(cwnd, rttUs, nowUs) {
    const t = (nowUs - this.#epochStartUs + rttUs) / 1e6;
    const offset = t - this.#kSeconds;
    const w = C * offset * offset * offset + this.#wMax;
    return Math.min(Math.max(w, cwnd), 1.5 * cwnd);
  }
  /** Sections 4.6 and 4.7: multiplicative decrease and fast convergence. */
  #reduce(flightBytes, mss) {
    const cwnd = this.cwndBytes / mss;
    this.#wMax = cwnd < this.#wMax ? cwnd * (1 + BETA) / 2 : cwnd;
    this.#epochStartUs = -1;
    this.ssthreshBytes = Math.max(Math.min(flightBytes, this.cwndBytes) * BETA, 2 * mss);
  }
};

// src/tcp/congestion/newreno.ts
var NewReno = class {
  name = "newreno";
  cwndBytes;
  ssthreshBytes = Infinity;
  /** Bytes acknowledged in congestion avoidance that have not yet earned growth. */
  #creditBytes = 0;
  constructor(initialWindowBytes) {
    this.cwndBytes = initialWindowBytes;
  }
  onAck(ackedBytes, _rttUs, limited, mss) {
    if (!limited) return;
    if (this.cwndBytes < this.ssthreshBytes) {
      this.cwndBytes += ackedBytes;
      return;
    }
    this.#creditBytes += ackedBytes;
    if (this.#creditBytes >= this.cwndBytes) {
      this.#creditBytes -= this.cwndBytes;
      this.cwndBytes += mss;
    }
  }
  onLoss(flightBytes, mss) {
    this.ssthreshBytes = Math.max(Math.min(flightBytes, this.cwndBytes) / 2, 2 * mss);
    this.cwndBytes = this.ssthreshBytes;
    this.#creditBytes = 0;
  }
  onEcn(flightBytes, mss) {
    this.onLoss(flightBytes, mss);
  }
  onRecovered() {
    this.cwndBytes = this.ssthreshBytes;
  }
  onTimeout(flightBytes, mss) {
    this.ssthreshBytes = Math.max(flightBytes / 2, 2 * mss);
    this.cwndBytes = mss;
    this.#creditBytes = 0;
  }
};

// src/tcp/congestion/none.ts
var UNBOUNDED_BYTES = 1073741823;
var NoControl = class {
  name = "none";
  /** Recovery may want another window for a while; nothing here would ever let it grow again. */
  get cwndBytes() {
    return UNBOUNDED_BYTES;
  }
  set cwndBytes(_bytes) {
  }
  ssthreshBytes = Infinity;
  onAck() {
  }
  onLoss() {
  }
  onEcn() {
  }
  onRecovered() {
  }
  onTimeout() {
  }
};

// src/tcp/congestion/create.ts
function createCongestion(name, initialWindowBytes) {
  switch (name) {
    case "cubic":
      return new Cubic(initialWindowBytes);
    case "newreno":
      return new NewReno(initialWindowBytes);
    case "none":
      return new NoControl();
  }
}

// src/base/siphash.ts
var INIT_0_HIGH = 1936682341;
var INIT_0_LOW = 1886610805;
var INIT_1_HIGH = 1685025377;
var INIT_1_LOW = 1852075885;
var INIT_2_HIGH = 1819895653;
var INIT_2_LOW = 1852142177;
var INIT_3_HIGH = 1952801890;
var INIT_3_LOW = 2037671283;
var HALF_FINAL_ROUNDS = 3;
var COMPRESSION_ROUNDS = 2;
var FINAL_ROUNDS = 4;
function halfSipHash13(key0, key1, words, count) {
  let v0 = key0 | 0;
  let v1 = key1 | 0;
  let v2 = INIT_2_HIGH ^ key0;
  let v3 = INIT_3_HIGH ^ key1;
  const rounds = count + 1 + HALF_FINAL_ROUNDS;
  for (let i = 0; i < rounds; i++) {
    const word = i < count ? words[i] : i === count ? count << 26 : 0;
    v3 ^= word;
    v0 = v0 + v1 | 0;
    v1 = (v1 << 5 | v1 >>> 27) ^ v0;
    v0 = v0 << 16 | v0 >>> 16;
    v2 = v2 + v3 | 0;
    v3 = (v3 << 8 | v3 >>> 24) ^ v2;
    v0 = v0 + v3 | 0;
    v3 = (v3 << 7 | v3 >>> 25) ^ v0;
    v2 = v2 + v1 | 0;
    v1 = (v1 << 13 | v1 >>> 19) ^ v2;
    v2 = v2 << 16 | v2 >>> 16;
    v0 ^= word;
    if (i === count) v2 ^= 255;
  }
  return v1 ^ v3;
}
var SipHash24 = class {
  /** The low 32 bits of the last result, signed: what `finish` returned. */
  low = 0;
  /** The high 32 bits of the last result, signed. */
  high = 0;
  #key;
  #state = new Int32Array(8);
  /** Words of the message so far. */
  #count = 0;
  /** The word that waits for the second half of its 64-bit block, when `#count` is odd. */
  #pending = 0;
  /** The key, 128 bits: `key0` holds its first four bytes in little-endian order. */
  constructor(key0, key1, key2, key3) {
    this.#key = Int32Array.of(key0, key1, key2, key3);
  }
  /** Begins a message. */
  start() {
    const key = this.#key;
    const state = this.#state;
    state[0] = key[0] ^ INIT_0_LOW;
    state[1] = key[1] ^ INIT_0_HIGH;
    state[2] = key[2] ^ INIT_1_LOW;
    state[3] = key[3] ^ INIT_1_HIGH;
    state[4] = key[0] ^ INIT_2_LOW;
    state[5] = key[1] ^ INIT_2_HIGH;
    state[6] = key[2] ^ INIT_3_LOW;
    state[7] = key[3] ^ INIT_3_HIGH;
    this.#count = 0;
    this.#pending = 0;
  }
  /** Appends one 32-bit word to the message. */
  word(word) {
    if ((this.#count & 1) === 0) this.#pending = word | 0;
    else this.#block(this.#pending, word | 0);
    this.#count++;
  }
  /** Ends the message; returns the low 32 bits of the hash and leaves all 64 in `low` and `high`. */
  finish() {
    this.#block((this.#count & 1) === 0 ? 0 : this.#pending, this.#count << 26);
    const state = this.#state;
    state[4] ^= 255;
    sipRounds(state, FINAL_ROUNDS);
    this.low = state[0] ^ state[2] ^ state[4] ^ state[6];
    this.high = state[1] ^ state[3] ^ state[5] ^ state[7];
    return this.low;
  }
  #block(low, high) {
    const state = this.#state;
    state[6] ^= low;
    state[7] ^= high;
    sipRounds(state, COMPRESSION_ROUNDS);
    state[0] ^= low;
    state[1] ^= high;
  }
};
function sipRounds(state, rounds) {
  let v0l = state[0], v0h = state[1], v1l = state[2], v1h = state[3];
  let v2l = state[4], v2h = state[5], v3l = state[6], v3h = state[7];
  for (let i = 0; i < rounds; i++) {
    let t = 0;
    v0l = v0l + v1l | 0;
    v0h = v0h + v1h + (v0l >>> 0 < v1l >>> 0 ? 1 : 0) | 0;
    t = (v1h << 13 | v1l >>> 19) ^ v0h;
    v1l = (v1l << 13 | v1h >>> 19) ^ v0l;
    v1h = t;
    t = v0h, v0h = v0l, v0l = t;
    v2l = v2l + v3l | 0;
    v2h = v2h + v3h + (v2l >>> 0 < v3l >>> 0 ? 1 : 0) | 0;
    t = (v3h << 16 | v3l >>> 16) ^ v2h;
    v3l = (v3l << 16 | v3h >>> 16) ^ v2l;
    v3h = t;
    v0l = v0l + v3l | 0;
    v0h = v0h + v3h + (v0l >>> 0 < v3l >>> 0 ? 1 : 0) | 0;
    t = (v3h << 21 | v3l >>> 11) ^ v0h;
    v3l = (v3l << 21 | v3h >>> 11) ^ v0l;
    v3h = t;
    v2l = v2l + v1l | 0;
    v2h = v2h + v1h + (v2l >>> 0 < v1l >>> 0 ? 1 : 0) | 0;
    t = (v1h << 17 | v1l >>> 15) ^ v2h;
    v1l = (v1l << 17 | v1h >>> 15) ^ v2l;
    v1h = t;
    t = v2h, v2h = v2l, v2l = t;
  }
  state[0] = v0l, state[1] = v0h, state[2] = v1l, state[3] = v1h;
  state[4] = v2l, state[5] = v2h, state[6] = v3l, state[7] = v3h;
}

// src/tcp/isn.ts
var ISN_TICK_US = 4;
var IsnGenerator = class {
  #hash;
  /** Takes its secret, 128 bits, from `random`; it stays the same for the life of the generator. */
  constructor(random) {
    const key0 = random.uint32();
    const key1 = random.uint32();
    const key2 = random.uint32();
    const key3 = random.uint32();
    this.#hash = new SipHash24(key0, key1, key2, key3);
  }
  next(local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort, nowUs) {
    const hash = this.#hash;
    hash.start();
    hash.word(local0);
    hash.word(local1);
    hash.word(local2);
    hash.word(local3);
    hash.word(remote0);
    hash.word(remote1);
    hash.word(remote2);
    hash.word(remote3);
    hash.word(localPort << 16 | remotePort);
    return seqAdd(hash.finish(), Math.floor(nowUs / ISN_TICK_US));
  }
};

// src/tcp/icmp_error.ts
function connectErrorOf(type, code) {
  if (type !== ICMP_UNREACHABLE) return ConnectionError.hostUnreachable;
  switch (code) {
    case ICMP_NET_UNREACHABLE:
    case ICMP_NET_UNKNOWN:
    case ICMP_NET_PROHIBITED:
    case ICMP_NET_UNREACHABLE_TOS:
      return ConnectionError.networkUnreachable;
    case ICMP_PROTOCOL_UNREACHABLE:
    case ICMP_PORT_UNREACHABLE:
      return ConnectionError.refused;
    default:
      return ConnectionError.hostUnreachable;
  }
}
function isFragmentationNeeded(type, code) {
  return type === ICMP_UNREACHABLE && code === ICMP_FRAGMENTATION_NEEDED;
}
function noteSoftError(conn, error) {
  conn.softError = error;
  conn.softErrors++;
  conn.news = News.loud;
}
var ICMP_UNREACHABLE = 3;
var ICMP_NET_UNREACHABLE = 0;
var ICMP_PROTOCOL_UNREACHABLE = 2;
var ICMP_PORT_UNREACHABLE = 3;
var ICMP_FRAGMENTATION_NEEDED = 4;
var ICMP_NET_UNKNOWN = 6;
var ICMP_NET_PROHIBITED = 9;
var ICMP_NET_UNREACHABLE_TOS = 11;

// src/tcp/accurate_ecn.ts
var PACKETS_INITIAL = 5;
var ACE_MASK = 7;
var COUNTER_MASK = 16777215;
var COUNTER_HALF = 8388608;
var MARKS_PER_ACK = 2;
var ACCURATE_ECN_BYTES = accurateEcnLength(3);
var SEGMENT_LEAST_BYTES = 36;
function reflection(codepoint) {
  switch (codepoint) {
    case Ecn.ect1:
      return 3;
    case Ecn.ect0:
      return 4;
    case Ecn.ce:
      return 6;
    default:
      return 2;
  }
}
function reflectedCodepoint(ace) {
  return ace === 3 ? Ecn.ect1 : ace === 4 ? Ecn.ect0 : ace === 6 ? Ecn.ce : Ecn.notEct;
}
function setAce(out2, ace) {
  out2.flags &= ~(Flag.AE | Flag.CWR | Flag.ECE);
  out2.flags |= (ace & ACE_MASK) << 6;
}
function aceOf(flags) {
  return flags >> 6 & ACE_MASK;
}
function answerAccurately(accurate, out2, again, timeouts) {
  if (timeouts > 1) {
    accurate.ect = false;
    return;
  }
  setAce(out2, reflection(accurate.peerCodepoint));
  if (!again && !accurate.optionOff) addOption(accurate, out2);
}
function takeHandshakeAck(accurate, segment) {
  const ace = aceOf(segment.flags);
  accurate.checked = true;
  const isData = segment.payloadLength > 0;
  if (ace === 0 || !isData && reflectedCodepoint(ace) !== Ecn.notEct) accurate.ect = false;
  accurate.toldAt = segment.tsValue;
}
function countMarks(conn, accurate, segment) {
  const codepoint = segment.trafficClass & Ecn.mask;
  const length = segment.payloadLength;
  if ((segment.options & OptionBit.accurateEcn) !== 0) noteOption(conn, accurate, segment);
  switch (codepoint) {
    case Ecn.ect0:
      accurate.e0Bytes = accurate.e0Bytes + length & COUNTER_MASK;
      break;
    case Ecn.ect1:
      accurate.e1Bytes = accurate.e1Bytes + length & COUNTER_MASK;
      break;
    case Ecn.ce: {
      const packets = segment.gsoSize > 0 ? Math.ceil(length / segment.gsoSize) : 1;
      accurate.ceBytes = accurate.ceBytes + length & COUNTER_MASK;
      accurate.marksReceived += packets;
      accurate.marksUntold += packets;
      break;
    }
  }
  if (length === 0) return;
  if (codepoint !== accurate.codepoint || accurate.marksUntold >= MARKS_PER_ACK) {
    conn.ackPending = true;
  }
  accurate.codepoint = codepoint;
}
function noteOption(conn, accurate, segment) {
  if (accurate.option || accurate.optionOff) return;
  const { ecnKind, ecnFields } = segment;
  const first = ecnKind === TcpOption.accurateEcn0 ? segment.ecnE0Bytes : segment.ecnE1Bytes;
  if (ecnFields > 0 && first === 0) {
    accurate.optionOff = true;
    return;
  }
  accurate.option = true;
  conn.sndMss = Math.max(conn.sndMss - ACCURATE_ECN_BYTES, SEGMENT_LEAST_BYTES);
}
function stampAccurate(accurate, out2) {
  if (accurate.ect) out2.trafficClass |= Ecn.ect0;
  const ace = accurate.reflects ? reflection(accurate.peerCodepoint) : PACKETS_INITIAL + accurate.marksReceived;
  accurate.reflects = false;
  accurate.marksUntold = 0;
  setAce(out2, ace);
  if (accurate.option) addOption(accurate, out2);
}
function addOption(accurate, out2) {
  const room = TCP_OPTIONS_MAX_BYTES - tcpOptionsLength(out2);
  let fields = 3;
  while (fields > 1 && accurateEcnLength(fields) > room) fields--;
  if (fields < 2) return;
  out2.options |= OptionBit.accurateEcn;
  out2.ecnKind = fields === 3 ? TcpOption.accurateEcn1 : TcpOption.accurateEcn0;
  out2.ecnFields = fields;
  out2.ecnE0Bytes = accurate.e0Bytes;
  out2.ecnCeBytes = accurate.ceBytes;
  out2.ecnE1Bytes = accurate.e1Bytes;
}
function mustCutHere(accurate) {
  return (PACKETS_INITIAL + accurate.marksReceived & 2) !== 0;
}
function takeAccurateFeedback(conn, accurate, segment, deliveredBytes, advanced) {
  if (!isLatest(conn, accurate, segment, deliveredBytes, advanced)) return 0;
  if (!accurate.checked) {
    accurate.checked = true;
    if (aceOf(segment.flags) === 0) accurate.ect = false;
  }
  const markedBytes = takeCounters(accurate, segment);
  if (!accurate.ect) return 0;
  const told = PACKETS_INITIAL + accurate.marksTold;
  const delta = aceOf(segment.flags) - told & ACE_MASK;
  const packets = Math.ceil(deliveredBytes / conn.sndMss);
  const marks = packets <= ACE_MASK ? delta : marksOfMany(conn, delta, packets, markedBytes, deliveredBytes);
  accurate.marksTold += marks;
  return marks;
}
function isLatest(conn, accurate, segment, deliveredBytes, advanced) {
  const newer = conn.timestamps && (segment.options & OptionBit.timestamps) !== 0 && seqDiff(segment.tsValue, accurate.toldAt) > 0;
  if (!newer && !advanced && deliveredBytes === 0) return false;
  accurate.toldAt = segment.tsValue;
  return true;
}
function takeCounters(accurate, segment) {
  if (!accurate.option || (segment.options & OptionBit.accurateEcn) === 0) return -1;
  const { ecnFields, ecnKind } = segment;
  const ect0 = ecnFields > 2 || ecnFields > 0 && ecnKind === TcpOption.accurateEcn0;
  const ect1 = ecnFields > 2 || ecnFields > 0 && ecnKind === TcpOption.accurateEcn1;
  if (ect0) accurate.toldE0Bytes = segment.ecnE0Bytes;
  if (ect1) accurate.toldE1Bytes = segment.ecnE1Bytes;
  if (ecnFields < 2) return -1;
  const bytes = segment.ecnCeBytes - accurate.toldCeBytes & COUNTER_MASK;
  if (bytes >= COUNTER_HALF) return -1;
  accurate.toldCeBytes = segment.ecnCeBytes;
  return bytes;
}
function marksOfMany(conn, delta, packets, markedBytes, deliveredBytes) {
  const safe = packets - (packets - delta & ACE_MASK);
  if (markedBytes < 0) return safe;
  if (markedBytes === 0) return delta;
  if (packets >= 2 * (ACE_MASK + 1)) {
    if (deliveredBytes <= markedBytes) return safe;
    const estimate = Math.ceil(markedBytes * packets / deliveredBytes);
    return Math.min(safe, delta + (estimate & ~ACE_MASK));
  }
  if (markedBytes > delta * conn.sndMss) return safe;
  return markedBytes < safe * conn.sndMss / 2 ? delta : safe;
}

// src/tcp/ecn_state.ts
var BYTES_INITIAL = 1;
var EcnMode = {
  /** The SYN has asked for RFC 3168. */
  requested: 0,
  /** The SYN has asked for accurate ECN, for which RFC 3168 is an answer too. */
  accurateRequested: 1,
  /** RFC 3168 is in use. */
  classic: 2,
  /** RFC 9768 is in use. */
  accurate: 3
};
var AccurateEcn = class {
  /** The codepoint that the peer's SYN or SYN-ACK had on arrival: it is told to the peer. */
  peerCodepoint;
  /** The next segment completes the handshake and tells `peerCodepoint`. */
  reflects;
  // What was received.
  /** Packets with CE (r.cep without its initial value). */
  marksReceived = 0;
  /** Of them those that no ACK has told of. */
  marksUntold = 0;
  /** Payload bytes by codepoint, modulo 2^24, with their initial values. */
  e0Bytes = BYTES_INITIAL;
  ceBytes = 0;
  e1Bytes = BYTES_INITIAL;
  /** Codepoint of the last data, before that of the handshake. */
  codepoint;
  // What the peer has told.
  /** Packets that arrived at the peer with CE (s.cep without its initial value). */
  marksTold = 0;
  /** The peer's counters of bytes as last told. */
  toldE0Bytes = BYTES_INITIAL;
  toldCeBytes = 0;
  toldE1Bytes = BYTES_INITIAL;
  /** Timestamp of the last segment whose ACE field was looked at. */
  toldAt = 0;
  /** The first ACE field after the handshake was looked at. */
  checked = false;
  // What works on the path.
  /** Packets may be ECN-capable; not when the codepoint or the ACE field is mangled on the way. */
  ect = true;
  /** The peer's option has come through, and its counters are not zeroed. */
  option = false;
  /** No option is sent: it is switched off, or its counters are zeroed on the way. */
  optionOff = false;
  constructor(peerCodepoint, reflects) {
    this.peerCodepoint = peerCodepoint;
    this.codepoint = peerCodepoint;
    this.reflects = reflects;
  }
};
var EcnState = class {
  mode;
  accurate;
  // Receiving.
  /** A mark was received and not yet answered by CWR: ECE goes out with every segment. */
  echoing = false;
  /** The peer sends ECN-capable data, so that data which is not is probably sent again. */
  ectSeen = false;
  // Sending.
  /** The window was reduced, and the next new data tells so. */
  owesCwr = false;
  /** Bytes that were acknowledged with ECE, in full segments (RFC 3168 only; as Linux's delivered_ce). */
  echoes = 0;
  /** The segment at hand tells of marks. */
  echoed = false;
  /** The window is on its way down because of marks, until more than `reduceUntil` is acknowledged. */
  reducing = false;
  reduceUntil = 0;
  constructor(mode, accurate = null) {
    this.mode = mode;
    this.accurate = accurate;
  }
};

// src/tcp/retransmission_queue.ts
var NO_SEGMENT = -1;
var Sent = {
  /** The peer has it (SACK). */
  sacked: 1,
  /** It is considered lost. */
  lost: 2,
  /** It was sent again, and that copy is in flight. */
  again: 4,
  /** It was sent more than once: an ACK does not tell which copy it is for (Karn). */
  everAgain: 8
};
var WORDS = 4;
var START2 = 0;
var END = 1;
var FLAGS = 2;
var NEXT2 = 3;
var INITIAL_SEGMENTS = 1024;
var SentSegmentPool = class {
  words = new Int32Array(INITIAL_SEGMENTS * WORDS);
  sentAtUs = new Float64Array(INITIAL_SEGMENTS);
  /** Head of the list of free places, linked by NEXT. */
  #free = NO_SEGMENT;
  #used = 0;
  #taken = 0;
  /** Segments in flight, of all connections. */
  get taken() {
    return this.#taken;
  }
  take(start, end2, flags, sentAtUs) {
    let segment = this.#free;
    if (segment === NO_SEGMENT) {
      if (this.#used === this.sentAtUs.length) this.#grow();
      segment = this.#used++;
    } else {
      this.#free = this.words[segment * WORDS + NEXT2];
    }
    const at = segment * WORDS;
    this.words[at + START2] = start;
    this.words[at + END] = end2;
    this.words[at + FLAGS] = flags;
    this.words[at + NEXT2] = NO_SEGMENT;
    this.sentAtUs[segment] = sentAtUs;
    this.#taken++;
    return segment;
  }
  give(segment) {
    this.words[segment * WORDS + NEXT2] = this.#free;
    this.#free = segment;
    this.#taken--;
  }
  #grow() {
    const words = new Int32Array(2 * this.words.length);
    words.set(this.words);
    this.words = words;
    const times = new Float64Array(2 * this.sentAtUs.length);
    times.set(this.sentAtUs);
    this.sentAtUs = times;
  }
};
var RetransmissionQueue = class {
  sackedBytes = 0;
  lostBytes = 0;
  againBytes = 0;
  #head = NO_SEGMENT;
  #tail = NO_SEGMENT;
  #pool;
  constructor(pool2) {
    this.#pool = pool2;
  }
  /** The oldest segment, or {@link NO_SEGMENT}. */
  get head() {
    return this.#head;
  }
  /** The newest segment, or {@link NO_SEGMENT}. */
  get tail() {
    return this.#tail;
  }
  /** The segment behind this one, or {@link NO_SEGMENT}. */
  next(segment) {
    return this.#pool.words[segment * WORDS + NEXT2];
  }
  /** First sequence number of a segment. */
  start(segment) {
    return this.#pool.words[segment * WORDS + START2];
  }
  /** Sequence number behind a segment. */
  end(segment) {
    return this.#pool.words[segment * WORDS + END];
  }
  /** {@link Sent} bits of a segment. */
  flags(segment) {
    return this.#pool.words[segment * WORDS + FLAGS];
  }
  /** When the segment was last sent, microseconds. */
  sentAtUs(segment) {
    return this.#pool.sentAtUs[segment];
  }
  #length(segment) {
    const at = segment * WORDS;
    return this.#pool.words[at + END] - this.#pool.words[at + START2] | 0;
  }
  /** Bytes in flight by RFC 6675's estimate ("pipe"), given all that is not acknowledged. */
  pipe(unacknowledged) {
    return unacknowledged - this.sackedBytes - this.lostBytes + this.againBytes;
  }
  /** Adds a segment that was sent for the first time. */
  push(start, end2, nowUs) {
    const segment = this.#pool.take(start, end2, 0, nowUs);
    if (this.#tail === NO_SEGMENT) this.#head = segment;
    else this.#pool.words[this.#tail * WORDS + NEXT2] = segment;
    this.#tail = segment;
  }
  /**
   * Takes off one segment that lies wholly before `ack`, or cuts one that `ack` splits; the caller has looked
   * at it before. False when the oldest segment begins at `ack` or behind it.
   */
  popBefore(ack) {
    const segment = this.#head;
    if (segment === NO_SEGMENT || seqGe(this.start(segment), ack)) return false;
    if (seqGt(this.end(segment), ack)) this.split(segment, ack);
    this.#count(segment, -1);
    this.#head = this.next(segment);
    if (this.#head === NO_SEGMENT) this.#tail = NO_SEGMENT;
    this.#pool.give(segment);
    return true;
  }
  /** Makes two segments of one; both are as the one was. The new one begins at `at`. */
  split(segment, at) {
    const rest = this.#pool.take(at, this.end(segment), this.flags(segment), this.sentAtUs(segment));
    const { words } = this.#pool;
    words[rest * WORDS + NEXT2] = words[segment * WORDS + NEXT2];
    words[segment * WORDS + NEXT2] = rest;
    words[segment * WORDS + END] = at;
    if (this.#tail === segment) this.#tail = rest;
    return rest;
  }
  /** Makes one segment of this and the one behind it, of which the same must be known. */
  join(segment) {
    const next = this.next(segment);
    const { words } = this.#pool;
    words[segment * WORDS + END] = words[next * WORDS + END];
    words[segment * WORDS + NEXT2] = words[next * WORDS + NEXT2];
    if (this.#tail === next) this.#tail = segment;
    this.#pool.give(next);
  }
  /** The peer has this segment. */
  markSacked(segment) {
    this.#setFlags(segment, this.flags(segment) & Sent.everAgain | Sent.sacked);
  }
  /** The segment, or the copy of it that was in flight, is considered lost. */
  markLost(segment) {
    this.#setFlags(segment, this.flags(segment) & Sent.everAgain | Sent.lost);
  }
  /** The segment was sent again. */
  markAgain(segment, nowUs) {
    this.#setFlags(segment, Sent.lost | Sent.again | Sent.everAgain);
    this.#pool.sentAtUs[segment] = nowUs;
  }
  /** The segment was sent again without being lost: a probe. */
  touch(segment, nowUs) {
    this.#pool.words[segment * WORDS + FLAGS] |= Sent.everAgain;
    this.#pool.sentAtUs[segment] = nowUs;
  }
  /** A lost segment was not lost after all. */
  unmarkLost(segment) {
    this.#setFlags(segment, this.flags(segment) & ~(Sent.lost | Sent.again));
  }
  /**
   * Forgets what the peer has said it has: it may have thrown it away (RFC 2018 section 8). Every
   * segment is then lost.
   */
  markAllLost(forgetSacked) {
    for (let s = this.#head; s !== NO_SEGMENT; s = this.next(s)) {
      if (forgetSacked || (this.flags(s) & Sent.sacked) === 0) this.markLost(s);
    }
  }
  /** The oldest segment at or behind `from` that is lost and not sent again, or {@link NO_SEGMENT}. */
  firstToRepeat(from) {
    if (this.lostBytes === this.againBytes) return NO_SEGMENT;
    let s = from;
    while (s !== NO_SEGMENT && (this.flags(s) & (Sent.lost | Sent.again)) !== Sent.lost) {
      s = this.next(s);
    }
    return s;
  }
  /** The first segment that ends behind `seq`, at or behind `from`. */
  findEndingAfter(seq, from) {
    let s = from;
    while (s !== NO_SEGMENT && seqLe(this.end(s), seq)) s = this.next(s);
    return s;
  }
  /** Whether `seq` is before the start of the segment. */
  startsAfter(segment, seq) {
    return seqLt(seq, this.start(segment));
  }
  /** Gives every segment back. */
  clear() {
    for (let s = this.#head; s !== NO_SEGMENT; ) {
      const next = this.next(s);
      this.#pool.give(s);
      s = next;
    }
    this.#head = NO_SEGMENT;
    this.#tail = NO_SEGMENT;
    this.sackedBytes = 0;
    this.lostBytes = 0;
    this.againBytes = 0;
  }
  #setFlags(segment, flags) {
    this.#count(segment, -1);
    this.#pool.words[segment * WORDS + FLAGS] = flags;
    this.#count(segment, 1);
  }
  #count(segment, sign) {
    const flags = this.flags(segment);
    const bytes = sign * this.#length(segment);
    if ((flags & Sent.sacked) !== 0) this.sackedBytes += bytes;
    if ((flags & Sent.lost) !== 0) this.lostBytes += bytes;
    if ((flags & Sent.again) !== 0) this.againBytes += bytes;
  }
};

// src/tcp/loss_recovery.ts
var Phase = {
  /** No loss is known. */
  open: 0,
  /** Fast recovery: a loss was detected, and the window is reduced for it. */
  recovery: 1,
  /** The retransmission timer has expired: what was in flight is considered lost. */
  loss: 2
};
var LossRecovery = class {
  queue;
  phase = Phase.open;
  /** Recovery ends when this is acknowledged: SND.MAX at its start (RFC 6582, RFC 6675). */
  recover;
  /** Duplicate ACKs in a row: how segments that left the network are counted without SACK. */
  duplicateAcks = 0;
  // RACK, RFC 8985 section 5.2.
  /** Of the segments that were delivered, when the one sent last was sent, and where it ended. */
  rackSentAtUs = 0;
  rackEnd;
  /** Round-trip time of that segment. */
  rackRttUs = 0;
  /** Highest sequence number that was delivered. */
  rackForward;
  /** A segment was delivered behind one that was sent after it. */
  reorderingSeen = false;
  /** Quarters of the least RTT that a segment may be late (RACK.reo_wnd_mult). */
  reorderQuarters = 1;
  /** Recoveries for which a widened window stays (RACK.reo_wnd_persist). */
  reorderPersist = 0;
  /** The round trip in which a DSACK has widened the window ends here; `dsackRoundOpen` while it lasts. */
  dsackRound = 0;
  dsackRoundOpen = false;
  /** When the next segment that may only be reordered counts as lost. */
  reorderAtUs = Infinity;
  // Tail loss probes, RFC 8985 section 7.
  probeAtUs = Infinity;
  /** SND.NXT when a probe was sent, and what was in flight; `probing` until it is settled. */
  probeEnd = 0;
  probeFlight = 0;
  probing = false;
  /** The probe was old data: only a DSACK tells whether the original was lost. */
  probeWasOld = false;
  // Proportional rate reduction, RFC 6937 section 3.
  deliveredBytes = 0;
  sentBytes = 0;
  flightAtStart = 0;
  // Undo: what the window was, and how many retransmissions a DSACK has not yet shown to be needless.
  undoCwndBytes = 0;
  undoSsthreshBytes = 0;
  undoPending = 0;
  undoPossible = false;
  /** SND.UNA when that began: what was received twice before it was not sent again in it. */
  undoFrom = 0;
  /** Bytes that the peer has reported as received twice. */
  duplicateBytes = 0;
  /** Timestamp value of the first retransmission of this recovery (Eifel, RFC 3522). */
  undoTimestamp = 0;
  constructor(pool2, iss) {
    this.queue = new RetransmissionQueue(pool2);
    this.recover = iss;
    this.rackEnd = iss;
    this.rackForward = iss;
  }
};
function proportionalWindow(recovery, pipeBytes, deliveredBytes, advanced, ssthreshBytes, mss) {
  recovery.deliveredBytes += deliveredBytes;
  const { deliveredBytes: delivered, sentBytes: sent, flightAtStart } = recovery;
  let send;
  if (pipeBytes > ssthreshBytes) {
    send = Math.ceil(delivered * ssthreshBytes / Math.max(flightAtStart, 1)) - sent;
  } else {
    const limit = Math.max(delivered - sent, deliveredBytes) + (advanced ? mss : 0);
    send = Math.min(ssthreshBytes - pipeBytes, limit);
  }
  if (sent === 0) send = Math.max(send, mss);
  return Math.max(pipeBytes + send, pipeBytes, mss);
}

// src/tcp/ecn.ts
var ECN_FLAGS = Flag.AE | Flag.CWR | Flag.ECE;
var QUICK_ACKS_AFTER_MARK = 2;
function asks(ecn) {
  return ecn === "on" || ecn === "accurate" || ecn === "accurate-in";
}
function acceptsAccurate(ecn) {
  return ecn === "accurate" || ecn === "accurate-in" || ecn === "accurate-passive";
}
function aceOf2(flags) {
  return (flags & ECN_FLAGS) >> 6;
}
function offerEcn(conn, syn, again, config) {
  if (conn.state === State.SYN_RECEIVED) {
    if (conn.ecn === null) return;
    if (conn.ecn.accurate === null) syn.flags |= Flag.ECE;
    else answerAccurately(conn.ecn.accurate, syn, again, conn.backoffs);
    return;
  }
  if (!asks(config.ecn)) return;
  const accurate = config.ecn === "accurate";
  conn.ecn ??= new EcnState(accurate ? EcnMode.accurateRequested : EcnMode.requested);
  if (!again || !config.ecnFallback) syn.flags |= accurate ? ECN_FLAGS : Flag.CWR | Flag.ECE;
}
function negotiateEcn(conn, syn, config) {
  if (conn.state === State.SYN_SENT) {
    if (conn.ecn === null) return;
    conn.ecn = answered(conn.ecn, syn);
    const accurate2 = conn.ecn?.accurate ?? null;
    if (accurate2 !== null) accurate2.optionOff = !config.ecnOption;
    return;
  }
  conn.ecn = null;
  const setup = Flag.ECE | Flag.CWR;
  if (config.ecn === "off" || (syn.flags & setup) !== setup) return;
  const codepoint = syn.trafficClass & Ecn.mask;
  const accurate = (syn.flags & Flag.AE) !== 0;
  if (accurate && acceptsAccurate(config.ecn)) {
    conn.ecn = new EcnState(EcnMode.accurate, new AccurateEcn(codepoint, false));
    conn.ecn.accurate.optionOff = !config.ecnOption;
  } else if (codepoint === Ecn.notEct || accurate) {
    conn.ecn = new EcnState(EcnMode.classic);
  }
}
function takeSynAgain(ecn, syn) {
  if (ecn.accurate === null) return;
  ecn.accurate.peerCodepoint = syn.trafficClass & Ecn.mask;
  if ((syn.flags & ECN_FLAGS) === 0) ecn.accurate.ect = false;
}
function answered(offer, syn) {
  const ace = aceOf2(syn.flags);
  if ((syn.flags & Flag.ACK) === 0) {
    return (ace & 3) === 3 ? new EcnState(EcnMode.classic) : null;
  }
  if (offer.mode === EcnMode.requested) {
    return (ace & 3) === 1 ? new EcnState(EcnMode.classic) : null;
  }
  switch (ace) {
    case 0:
    case 7:
      return null;
    case 1:
      return new EcnState(EcnMode.classic);
  }
  const accurate = new AccurateEcn(syn.trafficClass & Ecn.mask, true);
  if (accurate.peerCodepoint === Ecn.ce && reflectedCodepoint(ace) !== Ecn.notEct) {
    accurate.ect = false;
  } else if (accurate.peerCodepoint === Ecn.ce) {
    accurate.marksReceived++;
  }
  return new EcnState(EcnMode.accurate, accurate);
}
function takeMarks(conn, ecn, segment, counters) {
  const codepoint = segment.trafficClass & Ecn.mask;
  if (codepoint === Ecn.ce) counters.count(Counter.ecnMarksIn);
  if (ecn.accurate !== null) {
    countMarks(conn, ecn.accurate, segment);
    return;
  }
  const isNew = seqGt(seqAdd(segment.seq, segment.payloadLength), conn.rcvNxt);
  if (segment.payloadLength === 0 || !isNew) return;
  if ((segment.flags & Flag.CWR) !== 0) {
    ecn.echoing = false;
    conn.ackPending = true;
  }
  if (codepoint === Ecn.notEct) {
    if (ecn.ectSeen) acknowledgeSoon(conn);
    return;
  }
  ecn.ectSeen = true;
  if (codepoint !== Ecn.ce || ecn.echoing) return;
  ecn.echoing = true;
  acknowledgeSoon(conn);
}
function acknowledgeSoon(conn) {
  conn.quickAcks = Math.max(conn.quickAcks, QUICK_ACKS_AFTER_MARK);
  conn.interactive = false;
}
function takeFeedback(conn, ecn, segment, deliveredBytes, advanced) {
  if (ecn.accurate !== null) {
    const marks = takeAccurateFeedback(conn, ecn.accurate, segment, deliveredBytes, advanced);
    ecn.echoed = marks > 0;
    return;
  }
  ecn.echoed = (segment.flags & Flag.ECE) !== 0 && segment.ack === conn.sndUna;
  if (ecn.echoed) ecn.echoes += Math.ceil(deliveredBytes / conn.sndMss);
}
function reduceForMarks(conn, ecn, loss, flightBytes, pipeBytes, deliveredBytes, advanced, nowUs, counters) {
  const { congestion, sndMss } = conn;
  if (ecn.reducing && seqGt(conn.sndUna, ecn.reduceUntil)) {
    ecn.reducing = false;
    congestion.onRecovered(sndMss, nowUs);
  }
  if (!ecn.reducing) {
    if (!ecn.echoed || flightBytes === 0) return false;
    ecn.reducing = true;
    ecn.reduceUntil = conn.sndNxt;
    ecn.owesCwr = true;
    loss.undoPossible = false;
    loss.deliveredBytes = 0;
    loss.sentBytes = 0;
    loss.flightAtStart = flightBytes;
    loss.probing = false;
    counters.count(Counter.ecnReductions);
    congestion.onEcn(flightBytes, sndMss, nowUs);
  }
  const { ssthreshBytes } = congestion;
  const window = proportionalWindow(loss, pipeBytes, deliveredBytes, advanced, ssthreshBytes, sndMss);
  congestion.cwndBytes = pipeBytes + Math.ceil((window - pipeBytes) / sndMss) * sndMss;
  return true;
}
function isReducedForMarks(conn) {
  const { ecn } = conn;
  if (ecn === null) return false;
  const was = ecn.reducing;
  ecn.reducing = false;
  ecn.owesCwr = true;
  if (was && conn.loss !== null) conn.loss.undoPossible = false;
  return was;
}
function stampEcn(conn, ecn, out2) {
  if (ecn.accurate !== null) {
    stampAccurate(ecn.accurate, out2);
    return;
  }
  if (ecn.mode !== EcnMode.classic) return;
  if (out2.payloadLength > 0 && !conn.persisting && seqGe(out2.seq, conn.sndMax)) {
    out2.trafficClass |= Ecn.ect0;
    if (ecn.owesCwr) {
      ecn.owesCwr = false;
      out2.flags |= Flag.CWR;
    }
  }
  if (ecn.echoing) out2.flags |= Flag.ECE;
}

// src/tcp/mtu_search_state.ts
var MtuSearch = class {
  /** What is known to get through, or believed to; bytes of IP packets. */
  lowMtu;
  /** What may get through at the most. */
  highMtu;
  /** A probe of `probeMtu` bytes is on its way. */
  probing = false;
  probeMtu = 0;
  probeStart = 0;
  probeEnd = 0;
  /** The probe is being sent: it is not cut into segments. */
  sending = false;
  /** When the search began. */
  beganAtUs;
  constructor(lowMtu, highMtu, nowUs) {
    this.lowMtu = Math.min(lowMtu, highMtu);
    this.highMtu = highMtu;
    this.beganAtUs = nowUs;
  }
};

// src/tcp/segment_size.ts
var TIMESTAMPS_BYTES = 12;
var MIN_MSS = 48;
function isOverIpv4(conn) {
  return isIpv4Words(conn.remote0, conn.remote1, conn.remote2);
}
function headerBytes(conn) {
  return (isOverIpv4(conn) ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) + TCP_HEADER_BYTES;
}
function optionBytes(conn) {
  const ecn = conn.ecn?.accurate?.option === true ? ACCURATE_ECN_BYTES : 0;
  return (conn.timestamps ? TIMESTAMPS_BYTES : 0) + ecn;
}
function updateSegmentSize(conn) {
  const { mtuSearch, pathMtu } = conn;
  const mtu = mtuSearch === null ? pathMtu : Math.min(pathMtu, mtuSearch.lowMtu);
  const most = Math.max(Math.min(conn.mssLimit, mtu - headerBytes(conn)), MIN_MSS);
  conn.sndMss = Math.max(most - optionBytes(conn), MIN_MSS - TIMESTAMPS_BYTES);
}

// src/tcp/path_mtu.ts
var IPV6_MTU_MIN2 = 1280;
var PLATEAUS = [
  32e3,
  17914,
  8166,
  4352,
  2002,
  1492,
  1006,
  508,
  296,
  68
];
var DESTINATIONS_MAX = 1024;
var PathMtuCache = class {
  /** The one that was told first comes first, and gives way when there are too many. */
  #paths = /* @__PURE__ */ new Map();
  /** Destinations that are known. */
  get size() {
    return this.#paths.size;
  }
  /** Gives a new connection what is known of its path. */
  apply(conn, nowUs) {
    if (this.#paths.size === 0) return;
    const key = keyOf(conn);
    const entry = this.#paths.get(key);
    if (entry === void 0) return;
    if (entry.endUs <= nowUs) {
      this.#paths.delete(key);
      return;
    }
    conn.pathMtu = entry.mtu;
    conn.pathMtuEndUs = entry.endUs;
  }
  /**
   * A router has dropped a segment in flight for its length; nothing is wrong with the peer. Returns whether
   * there is something to send again.
   */
  onPacketTooBig(conn, mtu, nowUs, context) {
    if (!lowerPathMtu(conn, mtu, context.mtu, context.config, nowUs)) return false;
    context.counters.count(Counter.pathMtuLowered);
    this.#learn(conn);
    return true;
  }
  #learn(conn) {
    const key = keyOf(conn);
    this.#paths.delete(key);
    if (this.#paths.size >= DESTINATIONS_MAX) {
      for (const oldest of this.#paths.keys()) {
        this.#paths.delete(oldest);
        break;
      }
    }
    this.#paths.set(key, {
      mtu: conn.pathMtu,
      endUs: conn.pathMtuEndUs
    });
  }
};
function keyOf({ remote0, remote1, remote2, remote3 }) {
  return `${remote0},${remote1},${remote2},${remote3}`;
}
function plateauBelow(mtu) {
  for (const plateau of PLATEAUS) if (plateau < mtu) return plateau;
  return PLATEAUS[PLATEAUS.length - 1];
}
function lowerPathMtu(conn, claimed, linkMtu, config, nowUs) {
  const current = conn.pathMtu === 0 ? linkMtu : conn.pathMtu;
  const told = claimed === 0 ? plateauBelow(current) : claimed;
  const mtu = Math.max(told, isOverIpv4(conn) ? config.pathMtuMin : IPV6_MTU_MIN2);
  if (mtu >= current || isDoubtful(conn, mtu, config)) return false;
  conn.pathMtu = mtu;
  conn.pathMtuEndUs = nowUs + config.pathMtuExpiresMs * 1e3;
  const { mtuSearch } = conn;
  if (mtuSearch !== null) {
    mtuSearch.highMtu = Math.min(mtuSearch.highMtu, mtu);
    mtuSearch.lowMtu = Math.min(mtuSearch.lowMtu, mtu);
    mtuSearch.probing = false;
  }
  if (conn.linkMtu === 0) return true;
  updateSegmentSize(conn);
  if (conn.loss !== null) loseOversized(conn, conn.loss);
  return true;
}
function isDoubtful(conn, mtu, config) {
  const isUsual = mtu - headerBytes(conn) >= config.baseMss;
  const hasPassed = seqDiff(conn.sndUna, conn.iss) > conn.sndMss;
  return !isUsual && hasPassed && conn.backoffs === 0;
}
function loseOversized(conn, loss) {
  const { queue } = loss;
  let found = false;
  for (let s = queue.head; s !== NO_SEGMENT; s = queue.next(s)) {
    const isLong = seqDiff(queue.end(s), queue.start(s)) > conn.sndMss;
    if (!isLong || (queue.flags(s) & Sent.sacked) !== 0) continue;
    queue.markLost(s);
    found = true;
  }
  if (!found) return;
  joinLost(queue, conn.sndMss);
  conn.timing = false;
  loss.undoPossible = false;
  loss.probing = false;
  loss.probeAtUs = NEVER;
  if (loss.phase !== Phase.open) return;
  loss.phase = Phase.loss;
  loss.recover = conn.sndMax;
  loss.duplicateAcks = 0;
}
function joinLost(queue, mss) {
  for (let s = queue.head; s !== NO_SEGMENT; s = queue.next(s)) {
    if (!isOversized(queue, s, mss)) continue;
    const next = queue.next(s);
    if (next === NO_SEGMENT || !isOversized(queue, next, mss)) continue;
    const isSame = queue.flags(next) === queue.flags(s) && queue.sentAtUs(next) === queue.sentAtUs(s);
    if (isSame) queue.join(s);
  }
}
function isOversized(queue, segment, mss) {
  return (queue.flags(segment) & (Sent.lost | Sent.again)) === Sent.lost && seqDiff(queue.end(segment), queue.start(segment)) > mss;
}
function forgetPathMtu(conn) {
  conn.pathMtu = conn.linkMtu;
  conn.pathMtuEndUs = NEVER;
  updateSegmentSize(conn);
}

// src/tcp/mtu_search.ts
var RANGE_LEAST_BYTES = 8;
var SEGMENTS_BEHIND = 4;
var WINDOW_LEAST_SEGMENTS = 11;
var BLACK_HOLE_TIMEOUTS = 4;
function beginSearch(conn, config, nowUs) {
  const headers = headerBytes(conn);
  const low = config.baseMss + headers + optionBytes(conn);
  const high = Math.min(conn.mssLimit + headers, conn.pathMtu);
  conn.mtuSearch = new MtuSearch(low, high, nowUs);
  updateSegmentSize(conn);
}
function onTimeout(conn, config, nowUs) {
  const search = conn.mtuSearch;
  if (search !== null) search.probing = false;
  if (config.mtuProbing === "off" || conn.backoffs < BLACK_HOLE_TIMEOUTS) return;
  if (search === null) {
    beginSearch(conn, config, nowUs);
  } else {
    const overhead = headerBytes(conn) + optionBytes(conn);
    const half = Math.min(search.lowMtu - overhead >> 1, config.baseMss);
    search.lowMtu = Math.min(search.lowMtu, Math.max(half, config.mtuProbeFloor) + overhead);
    updateSegmentSize(conn);
  }
  conn.congestion.cwndBytes = Math.min(conn.congestion.cwndBytes, conn.sndMss);
}
function probeLength(conn, search, loss, unsent, room, config, nowUs) {
  if (search.probing || loss.phase !== Phase.open || loss.queue.sackedBytes > 0) return 0;
  if (conn.congestion.cwndBytes < WINDOW_LEAST_SEGMENTS * conn.sndMss) return 0;
  if (search.highMtu - search.lowMtu < RANGE_LEAST_BYTES) {
    searchAgain(conn, search, config, nowUs);
    return 0;
  }
  const mtu = search.highMtu + search.lowMtu >> 1;
  const length = mtu - headerBytes(conn) - optionBytes(conn);
  const needed = length + SEGMENTS_BEHIND * conn.sndMss;
  if (unsent < needed || conn.sndWnd - seqDiff(conn.sndNxt, conn.sndUna) < needed) return 0;
  if (room < length || length <= conn.sndMss) return 0;
  search.probeMtu = mtu;
  return length;
}
function searchAgain(conn, search, config, nowUs) {
  if (nowUs - search.beganAtUs < config.mtuProbeIntervalMs * 1e3) return;
  search.highMtu = Math.min(conn.mssLimit + headerBytes(conn), conn.pathMtu);
  search.beganAtUs = nowUs;
}
function onProgress(conn, search) {
  if (!search.probing || !seqGe(conn.sndUna, search.probeEnd)) return;
  search.probing = false;
  search.lowMtu = search.probeMtu;
  updateSegmentSize(conn);
}
function isProbeLost(conn, search, loss) {
  if (!search.probing) return false;
  search.probing = false;
  if (conn.sndUna !== search.probeStart) return false;
  search.highMtu = search.probeMtu - 1;
  loseOversized(conn, loss);
  return true;
}

// src/tcp/rack.ts
var DUPLICATE_THRESHOLD = 3;
var REORDER_QUARTERS_MAX = 16;
var REORDER_PERSIST = 16;
var DELAYED_ACK_MAX_US = 2e5;
var PROBE_INITIAL_US = 1e6;
var MINIMUM_US = 2e3;
function sentAfter(time1Us, end1, time2Us, end2) {
  return time1Us > time2Us || time1Us === time2Us && seqGt(end1, end2);
}
function rackDelivered(conn, segment, nowUs) {
  const recovery = conn.loss;
  const { queue } = recovery;
  const end2 = queue.end(segment);
  const sentAtUs = queue.sentAtUs(segment);
  const again = (queue.flags(segment) & Sent.everAgain) !== 0;
  if (seqGt(end2, recovery.rackForward)) recovery.rackForward = end2;
  else if (!again && seqLt(end2, recovery.rackForward)) recovery.reorderingSeen = true;
  const rttUs = nowUs - sentAtUs;
  if (again && rttUs < conn.rtt.minUs) return;
  if (sentAfter(sentAtUs, end2, recovery.rackSentAtUs, recovery.rackEnd)) {
    recovery.rackSentAtUs = sentAtUs;
    recovery.rackEnd = end2;
    recovery.rackRttUs = rttUs;
  }
}
function rackDuplicate(conn) {
  const recovery = conn.loss;
  if (recovery.dsackRoundOpen) return;
  recovery.dsackRoundOpen = true;
  recovery.dsackRound = conn.sndNxt;
  recovery.reorderingSeen = true;
  recovery.reorderQuarters = Math.min(recovery.reorderQuarters + 1, REORDER_QUARTERS_MAX);
  recovery.reorderPersist = REORDER_PERSIST;
}
function rackRecovered(recovery) {
  if (recovery.reorderPersist > 0 && --recovery.reorderPersist === 0) recovery.reorderQuarters = 1;
}
function reorderWindowUs(conn) {
  const recovery = conn.loss;
  if (!recovery.reorderingSeen) {
    const enough = recovery.queue.sackedBytes >= DUPLICATE_THRESHOLD * conn.sndMss;
    if (recovery.phase !== Phase.open || enough) return 0;
  }
  const windowUs = Math.floor(recovery.reorderQuarters * conn.rtt.minUs / 4);
  return Math.min(windowUs, conn.rtt.srttUs);
}
function rackDetect(conn, nowUs) {
  const recovery = conn.loss;
  const { queue } = recovery;
  recovery.reorderAtUs = Infinity;
  if (recovery.rackSentAtUs === 0) return false;
  const allowedUs = recovery.rackRttUs + reorderWindowUs(conn);
  let found = false;
  for (let s = queue.head; s !== NO_SEGMENT; s = queue.next(s)) {
    const flags = queue.flags(s);
    const sentAtUs = queue.sentAtUs(s);
    if (!sentAfter(recovery.rackSentAtUs, recovery.rackEnd, sentAtUs, queue.end(s))) {
      if ((flags & Sent.everAgain) === 0) break;
      continue;
    }
    if ((flags & Sent.sacked) !== 0 || (flags & (Sent.lost | Sent.again)) === Sent.lost) continue;
    const lostAtUs = sentAtUs + allowedUs;
    if (lostAtUs <= nowUs) {
      queue.markLost(s);
      found = true;
    } else if (lostAtUs < recovery.reorderAtUs) {
      recovery.reorderAtUs = lostAtUs;
    }
  }
  return found;
}
function armProbe(conn, nowUs) {
  const recovery = conn.loss;
  const { queue } = recovery;
  if (!conn.sack || recovery.phase !== Phase.open || queue.sackedBytes > 0) return;
  if (recovery.probing) return;
  const flight = seqDiff(conn.sndNxt, conn.sndUna);
  if (flight === 0) return;
  const { srttUs } = conn.rtt;
  let timeoutUs = srttUs > 0 ? Math.max(2 * srttUs, MINIMUM_US) : PROBE_INITIAL_US;
  if (flight <= conn.sndMss) timeoutUs += DELAYED_ACK_MAX_US;
  recovery.probeAtUs = Math.min(nowUs + timeoutUs, conn.retransmitAtUs);
}

// src/tcp/sack_input.ts
function takeSackBlocks(conn, segment, nowUs) {
  const count = segment.sackCount;
  if (count === 0) return false;
  const { sackLeft0, sackRight0, sackLeft1, sackRight1 } = segment;
  const duplicate = isDuplicate(segment, count);
  if (!duplicate) takeBlock(conn, sackLeft0, sackRight0, nowUs);
  if (count > 1) takeBlock(conn, sackLeft1, sackRight1, nowUs);
  if (count > 2) takeBlock(conn, segment.sackLeft2, segment.sackRight2, nowUs);
  if (count > 3) takeBlock(conn, segment.sackLeft3, segment.sackRight3, nowUs);
  return duplicate;
}
function isDuplicate(segment, count) {
  const { sackLeft0, sackRight0 } = segment;
  if (!seqLt(sackLeft0, sackRight0)) return false;
  if (seqLe(sackRight0, segment.ack)) return true;
  return count > 1 && seqGe(sackLeft0, segment.sackLeft1) && seqLe(sackRight0, segment.sackRight1);
}
function takeBlock(conn, left, right, nowUs) {
  if (!seqLt(left, right) || seqGt(right, conn.sndNxt) || seqLe(right, conn.sndUna)) return;
  const { queue } = conn.loss;
  const from = seqMax(left, conn.sndUna);
  let s = queue.findEndingAfter(from, queue.head);
  while (s !== NO_SEGMENT && seqLt(queue.start(s), right)) {
    if ((queue.flags(s) & Sent.sacked) === 0) s = markCovered(conn, s, from, right, nowUs);
    s = queue.next(s);
  }
}
function markCovered(conn, segment, left, right, nowUs) {
  const { queue } = conn.loss;
  const start = queue.start(segment);
  const end2 = queue.end(segment);
  const mss = conn.sndMss;
  let s = segment;
  if (seqLt(start, left)) {
    const skip = Math.ceil((left - start | 0) / mss) * mss;
    const cut = start + skip | 0;
    if (seqGe(cut, end2)) return s;
    s = queue.split(s, cut);
  }
  if (seqGt(end2, right)) {
    const keep = Math.floor((right - queue.start(s) | 0) / mss) * mss;
    if (keep <= 0) return s;
    queue.split(s, queue.start(s) + keep | 0);
  }
  rackDelivered(conn, s, nowUs);
  const timed = conn.timing && seqLt(queue.start(s), conn.rttSeq) && seqGe(queue.end(s), conn.rttSeq);
  if (timed && (queue.flags(s) & Sent.everAgain) === 0) {
    conn.rtt.sample(nowUs - conn.rttSentAtUs);
    conn.timing = false;
  }
  queue.markSacked(s);
  return s;
}

// src/tcp/undo.ts
function undo(conn, loss) {
  const { queue } = loss;
  for (let s = queue.head; s !== NO_SEGMENT; s = queue.next(s)) {
    if ((queue.flags(s) & Sent.lost) !== 0) queue.unmarkLost(s);
  }
  const { congestion } = conn;
  congestion.cwndBytes = Math.max(congestion.cwndBytes, loss.undoCwndBytes);
  congestion.ssthreshBytes = Math.max(congestion.ssthreshBytes, loss.undoSsthreshBytes);
  loss.phase = Phase.open;
  loss.undoPossible = false;
  loss.duplicateAcks = 0;
  conn.recoveriesUndone++;
}

// src/tcp/acknowledgment.ts
var DUPLICATE_THRESHOLD2 = 3;
function onAcknowledgment(conn, segment, windowBefore, nowUs, counters, config) {
  const loss = conn.loss;
  if (loss === null) return;
  const advanced = seqGt(segment.ack, conn.sndUna);
  if (!advanced && conn.persisting) {
    onProbeAnswered(conn, conn.sndWnd > windowBefore, nowUs);
    return;
  }
  if (!advanced && conn.backoffs > 0) onShrunkWindow(conn, loss, windowBefore, nowUs);
  const flight = seqDiff(conn.sndNxt, conn.sndUna);
  const acked = advanced ? seqDiff(segment.ack, conn.sndUna) : 0;
  let delivered = advanced ? takeAcknowledged(conn, loss, segment.ack, nowUs) : 0;
  if (advanced) advance(conn, segment.ack, nowUs);
  if (advanced && conn.mtuSearch !== null) onProgress(conn, conn.mtuSearch);
  const sackedBefore = loss.queue.sackedBytes;
  const duplicate = conn.sack && takeSackBlocks(conn, segment, nowUs);
  delivered += loss.queue.sackedBytes - sackedBefore;
  if (!advanced && isDuplicate2(conn, segment, windowBefore)) {
    loss.duplicateAcks++;
    conn.duplicateAcksSeen++;
    counters.count(Counter.duplicateAcks);
    if (!conn.sack) delivered += conn.sndMss;
  }
  if (conn.ecn !== null) takeFeedback(conn, conn.ecn, segment, delivered, advanced);
  if (duplicate) onDsack(conn, loss, segment);
  if (advanced) undoByTimestamp(conn, loss, segment);
  if (loss.probing) {
    const again = !advanced && conn.sndWnd === windowBefore;
    settleProbe(conn, loss, segment, duplicate, again, nowUs);
  }
  const lost = conn.sack ? rackDetect(conn, nowUs) : detectByDuplicates(conn, loss, advanced);
  react(conn, loss, acked, delivered, flight, lost, nowUs, counters);
  growSendLimit(conn, config);
  if (advanced) armProbe(conn, nowUs);
}
function onProbeAnswered(conn, opened, nowUs) {
  if (opened) {
    conn.persisting = false;
    conn.retransmitAtUs = NEVER;
    conn.backoffs = 0;
    return;
  }
  conn.backoffs = Math.min(conn.backoffs, PROBE_BACKOFF_CAP);
  conn.unackedSinceUs = nowUs;
}
var PROBE_BACKOFF_CAP = 10;
function onShrunkWindow(conn, loss, windowBefore, nowUs) {
  if (windowBefore >= conn.sndMss || conn.sndWnd <= windowBefore) return;
  loss.queue.markAllLost(false);
  conn.backoffs = 0;
  conn.retransmitAtUs = nowUs + conn.rtt.rtoUs;
}
function isDuplicate2(conn, segment, windowBefore) {
  if (segment.ack !== conn.sndUna || conn.sndUna === conn.sndMax) return false;
  if (segment.payloadLength > 0) return false;
  if ((segment.flags & (Flag.SYN | Flag.FIN)) !== 0) return false;
  return conn.sndWnd === windowBefore || (segment.options & OptionBit.sack) !== 0;
}
function takeAcknowledged(conn, loss, ack, nowUs) {
  const { queue } = loss;
  let delivered = 0;
  for (let s = queue.head; s !== NO_SEGMENT && seqLt(queue.start(s), ack); s = queue.head) {
    if (seqGt(queue.end(s), ack)) queue.split(s, ack);
    if ((queue.flags(s) & Sent.sacked) === 0) {
      delivered += seqDiff(queue.end(s), queue.start(s));
      rackDelivered(conn, s, nowUs);
    }
    queue.popBefore(ack);
  }
  if (conn.sack) return delivered;
  const known = Math.min(loss.duplicateAcks * conn.sndMss, delivered);
  const segments = Math.floor(delivered / conn.sndMss);
  loss.duplicateAcks = Math.max(0, loss.duplicateAcks - Math.max(0, segments - 1));
  return delivered - known;
}
function advance(conn, ack, nowUs) {
  const loss = conn.loss;
  conn.sndUna = ack;
  if (seqLt(conn.sndNxt, ack)) conn.sndNxt = ack;
  if (seqLt(conn.sndSmall, ack)) conn.sndSmall = ack;
  if (loss.phase === Phase.open && seqLt(loss.recover, ack)) loss.recover = ack;
  if (conn.timing && seqGe(ack, conn.rttSeq)) {
    conn.rtt.sample(nowUs - conn.rttSentAtUs);
    conn.timing = false;
  }
  releaseAcknowledged(conn, ack);
  if (conn.sack || loss.phase === Phase.open) loss.duplicateAcks = 0;
  conn.backoffs = 0;
  conn.persisting = false;
  const everything = ack === conn.sndMax;
  conn.retransmitAtUs = everything ? NEVER : nowUs + conn.rtt.rtoUs;
  conn.unackedSinceUs = everything ? NEVER : nowUs;
  loss.probeAtUs = NEVER;
  if (loss.dsackRoundOpen && seqGe(ack, loss.dsackRound)) loss.dsackRoundOpen = false;
}
function onDsack(conn, loss, segment) {
  const { sackLeft0: left, sackRight0: right } = segment;
  const bytes = seqDiff(right, left);
  loss.duplicateBytes += bytes;
  if (loss.duplicateBytes > conn.bytesRetransmitted) return;
  if (!isProbeDuplicate(loss, segment)) rackDuplicate(conn);
  if (!loss.undoPossible || loss.undoPending === 0 || seqLe(right, loss.undoFrom)) return;
  loss.undoPending = Math.max(0, loss.undoPending - Math.ceil(bytes / conn.sndMss));
  if (loss.undoPending === 0) undo(conn, loss);
}
function undoByTimestamp(conn, loss, segment) {
  if (loss.phase === Phase.open || !conn.timestamps) return;
  if (!loss.undoPossible || loss.undoPending === 0) return;
  if ((segment.options & OptionBit.timestamps) === 0) return;
  if (!seqLt(segment.tsEcho, loss.undoTimestamp)) return;
  if (loss.phase === Phase.recovery) rackDuplicate(conn);
  undo(conn, loss);
}
function isProbeDuplicate(loss, segment) {
  return loss.probing && loss.probeWasOld && segment.sackRight0 === loss.probeEnd;
}
function settleProbe(conn, loss, segment, duplicate, again, nowUs) {
  if (seqLt(segment.ack, loss.probeEnd)) return;
  if (!loss.probeWasOld || duplicate && isProbeDuplicate(loss, segment)) {
    loss.probing = false;
  } else if (seqGt(segment.ack, loss.probeEnd)) {
    loss.probing = false;
    if (!isReducedForMarks(conn)) conn.congestion.onLoss(loss.probeFlight, conn.sndMss, nowUs);
    conn.congestion.onRecovered(conn.sndMss, nowUs);
  } else if (again && segment.payloadLength === 0 && segment.sackCount === 0) {
    loss.probing = false;
  }
}
function detectByDuplicates(conn, loss, advanced) {
  const first = loss.phase === Phase.open && loss.duplicateAcks >= DUPLICATE_THRESHOLD2 && !seqLt(conn.sndUna, loss.recover);
  const partial = loss.phase === Phase.recovery && advanced && seqLt(conn.sndUna, loss.recover);
  if (!first && !partial) return false;
  const { queue } = loss;
  const head = queue.head;
  if (head === NO_SEGMENT) return false;
  const cut = seqAdd(queue.start(head), conn.sndMss);
  if (seqLt(cut, queue.end(head))) queue.split(head, cut);
  queue.markLost(head);
  return true;
}
function pipeOf(conn) {
  const loss = conn.loss;
  const flight = seqDiff(conn.sndNxt, conn.sndUna);
  const pipe = loss.queue.pipe(flight);
  if (conn.sack) return Math.max(pipe, 0);
  return Math.max(pipe - loss.duplicateAcks * conn.sndMss, 0);
}
function react(conn, loss, acked, delivered, flight, lost, nowUs, counters) {
  const { congestion, sndMss } = conn;
  if (loss.phase !== Phase.open && seqGe(conn.sndUna, loss.recover)) {
    leaveRecovery(conn, loss, nowUs);
  }
  switch (loss.phase) {
    case Phase.open:
      if (lost) {
        if (conn.mtuSearch !== null && isProbeLost(conn, conn.mtuSearch, loss)) return;
        enterRecovery(conn, loss, nowUs, counters);
        break;
      }
      if (conn.ecn !== null) {
        const pipe = pipeOf(conn);
        const { ecn } = conn;
        const isAhead = acked > 0;
        if (reduceForMarks(conn, ecn, loss, flight, pipe, delivered, isAhead, nowUs, counters)) {
          return;
        }
      }
      if (acked > 0) grow(conn, acked, flight, nowUs);
      return;
    case Phase.loss:
      if (acked > 0) congestion.onAck(acked, conn.rtt.srttUs, true, sndMss, nowUs);
      return;
  }
  congestion.cwndBytes = proportionalWindow(loss, pipeOf(conn), delivered, acked > 0 && !lost, congestion.ssthreshBytes, sndMss);
  if (lost && !conn.sack) {
    congestion.cwndBytes = Math.max(congestion.cwndBytes, pipeOf(conn) + sndMss);
  }
}
function grow(conn, acked, flight, nowUs) {
  const { congestion } = conn;
  const slowStart = congestion.cwndBytes < congestion.ssthreshBytes;
  const limited = conn.cwndLimited || slowStart && congestion.cwndBytes < 2 * flight;
  congestion.onAck(acked, conn.rtt.srttUs, limited, conn.sndMss, nowUs);
}
function enterRecovery(conn, loss, nowUs, counters) {
  const flight = seqDiff(conn.sndNxt, conn.sndUna);
  loss.phase = Phase.recovery;
  loss.recover = conn.sndNxt;
  loss.deliveredBytes = 0;
  loss.sentBytes = 0;
  loss.flightAtStart = flight;
  loss.probing = false;
  loss.probeAtUs = NEVER;
  rememberForUndo(conn, loss);
  if (!isReducedForMarks(conn)) conn.congestion.onLoss(flight, conn.sndMss, nowUs);
  conn.congestion.cwndBytes = pipeOf(conn) + conn.sndMss;
  conn.timing = false;
  counters.count(Counter.fastRetransmits);
}
function rememberForUndo(conn, loss) {
  loss.undoPossible = true;
  loss.undoPending = 0;
  loss.undoFrom = conn.sndUna;
  loss.undoCwndBytes = conn.congestion.cwndBytes;
  loss.undoSsthreshBytes = conn.congestion.ssthreshBytes;
}
function leaveRecovery(conn, loss, nowUs) {
  if (loss.phase === Phase.recovery) conn.congestion.onRecovered(conn.sndMss, nowUs);
  loss.phase = Phase.open;
  loss.duplicateAcks = 0;
  rackRecovered(loss);
}
function releaseAcknowledged(conn, ack) {
  const send = conn.send;
  if (send === null) return;
  const position = ack - conn.iss - 1 | 0;
  const bytes = (position - send.end | 0) > 0 ? send.end : position;
  send.acknowledge(bytes);
  const waiting = send.held <= conn.sendLimit >> 1;
  conn.news = waiting ? News.loud : conn.news === News.none ? News.quiet : conn.news;
}
function growSendLimit(conn, config) {
  if (conn.sendBufferFixed) return;
  const wanted = Math.min(2 * conn.congestion.cwndBytes, config.sendBufferMaxBytes);
  if (wanted > conn.sendLimit) conn.sendLimit = wanted;
}

// src/tcp/congestion/control.ts
function initialWindow(segments, mss) {
  return Math.min(segments * mss, Math.max(2 * mss, 1460 * segments));
}

// src/tcp/negotiation.ts
var DEFAULT_MSS = 536;
var MAX_SCALE = 14;
function announcedMss(mtu, clamp2, headers) {
  const most = mtu - headers;
  return clamp2 > 0 ? Math.min(most, clamp2) : most;
}
function windowScaleFor(bytes) {
  let scale = 0;
  while (scale < MAX_SCALE && 65535 << scale < bytes) scale++;
  return scale;
}
function negotiate(conn, syn, config, mtu, nowUs) {
  const options = syn.options;
  conn.timestamps = config.timestamps && (options & OptionBit.timestamps) !== 0;
  conn.sack = config.sack && (options & OptionBit.sackPermitted) !== 0;
  conn.windowScale = config.windowScale && (options & OptionBit.windowScale) !== 0;
  if (conn.timestamps) {
    conn.tsRecent = syn.tsValue;
    conn.tsRecentAtUs = nowUs;
  }
  if (conn.windowScale) {
    conn.sndScale = Math.min(syn.windowScale, MAX_SCALE);
    conn.rcvScale = windowScaleFor(config.receiveBufferMaxBytes);
  }
  negotiateEcn(conn, syn, config);
  const announced = (options & OptionBit.mss) !== 0 ? syn.mss : DEFAULT_MSS;
  conn.mssLimit = conn.mssClamp > 0 ? Math.min(announced, conn.mssClamp) : announced;
  conn.linkMtu = mtu;
  if (conn.pathMtu === 0 || conn.pathMtu > mtu) conn.pathMtu = mtu;
  if (config.mtuProbing === "always") beginSearch(conn, config, nowUs);
  else updateSegmentSize(conn);
  const accurate = conn.ecn?.accurate ?? null;
  if (accurate !== null && (options & OptionBit.accurateEcn) !== 0) {
    noteOption(conn, accurate, syn);
  }
  conn.congestion = createCongestion(config.congestion, initialWindow(config.initialWindowSegments, conn.sndMss));
  conn.sendLimit = config.sendBufferInitialBytes;
  conn.quickAcks = Math.min(16, conn.receive.limitBytes / (2 * conn.sndMss) | 0);
}

// src/tcp/out_of_order.ts
var Stored = {
  /** All of them are held (or were held already). */
  all: 0,
  /** Some were not: the connection holds as many ranges as it may. */
  rangeLimit: 1,
  /** Some were not: the receive pool is empty. */
  noMemory: 2
};
var OutOfOrder = class {
  count = 0;
  /** Bytes held. */
  bytes = 0;
  /** Left edge of the range that changed last: the first SACK block (RFC 2018 section 4). */
  latestLeft = 0;
  left;
  right;
  #head;
  #tail;
  #limit;
  constructor(limit) {
    this.#limit = limit;
    this.left = new Int32Array(limit);
    this.right = new Int32Array(limit);
    this.#head = new Int32Array(limit);
    this.#tail = new Int32Array(limit);
  }
  /** Holds the bytes of `[seq, seq + length)` that are not held yet; they lie at `offset`. */
  insert(memory, seq, offset, length) {
    const end2 = seqAdd(seq, length);
    let from = seq;
    let index = 0;
    while (seqLt(from, end2)) {
      while (index < this.count && seqLt(this.right[index], from)) index++;
      const touches = index < this.count && !seqGt(this.left[index], from);
      if (touches && seqGt(this.right[index], from)) {
        from = this.right[index];
        continue;
      }
      const source = offset + seqDiff(from, seq);
      const stored = touches ? this.#extend(memory, index, end2, source) : this.#open(memory, index, from, end2, source);
      if (stored !== Stored.all) return stored;
      from = this.right[index];
      this.latestLeft = this.left[index];
      this.#joinNext(memory, index);
    }
    return Stored.all;
  }
  /** Appends to range `index` what reaches up to `end` or to the next range. */
  #extend(memory, index, end2, source) {
    const from = this.right[index];
    const to = index + 1 < this.count ? seqMin(end2, this.left[index + 1]) : end2;
    const wanted = seqDiff(to, from);
    const fits = chainRoom(memory, this.#tail[index], wanted);
    if (fits > 0) {
      this.#tail[index] = chainAppendCopy(memory, this.#tail[index], source, fits);
      this.right[index] = seqAdd(from, fits);
      this.bytes += fits;
    }
    return fits < wanted ? Stored.noMemory : Stored.all;
  }
  /** Makes a range before range `index`, from `from` up to `end` or to that range. */
  #open(memory, index, from, end2, source) {
    if (this.count === this.#limit) return Stored.rangeLimit;
    const to = index < this.count ? seqMin(end2, this.left[index]) : end2;
    const wanted = seqDiff(to, from);
    if (chainRoom(memory, NIL, wanted) < wanted) return Stored.noMemory;
    const head = memory.pool.take();
    for (let i = this.count; i > index; i--) this.#move(i - 1, i);
    this.count++;
    this.left[index] = from;
    this.right[index] = to;
    this.#head[index] = head;
    this.#tail[index] = chainAppendCopy(memory, head, source, wanted);
    this.bytes += wanted;
    return Stored.all;
  }
  /** Makes ranges `index` and `index + 1` one if they touch. */
  #joinNext(memory, index) {
    const next = index + 1;
    if (next >= this.count || this.right[index] !== this.left[next]) return;
    memory.pool.link(this.#tail[index], this.#head[next]);
    this.#tail[index] = this.#tail[next];
    this.right[index] = this.right[next];
    this.#remove(next);
  }
  /** First descriptor of the first range. */
  get firstHead() {
    return this.#head[0];
  }
  /** Last descriptor of the first range. */
  get firstTail() {
    return this.#tail[0];
  }
  /** Forgets the first range, whose chain the caller has taken. */
  shift() {
    this.bytes -= seqDiff(this.right[0], this.left[0]);
    this.#remove(0);
  }
  /** Gives everything back. */
  clear(memory) {
    for (let i = 0; i < this.count; i++) chainRelease(memory, this.#head[i]);
    this.count = 0;
    this.bytes = 0;
  }
  /** Gives the last range back, to make room for bytes that are next in order. */
  dropLast(memory) {
    const last = this.count - 1;
    chainRelease(memory, this.#head[last]);
    this.bytes -= seqDiff(this.right[last], this.left[last]);
    this.count--;
  }
  #remove(index) {
    this.count--;
    for (let i = index; i < this.count; i++) this.#move(i + 1, i);
  }
  #move(from, to) {
    this.left[to] = this.left[from];
    this.right[to] = this.right[from];
    this.#head[to] = this.#head[from];
    this.#tail[to] = this.#tail[from];
  }
};

// src/tcp/outcome.ts
var Outcome = {
  /** Nothing besides what `output` will find. */
  none: 0,
  /** Send an ACK now, one for this segment (duplicates must be visible as such). */
  ack: 1,
  /** Send a challenge ACK, unless one was sent a short time ago (RFC 5961). */
  challenge: 2,
  /** Answer the segment with an RST that takes its numbers from it (RFC 9293 section 3.10.7.1). */
  reset: 3,
  /** Send an RST from the connection's own numbers; the connection has ended. */
  abort: 4,
  /** Send the SYN-ACK again. */
  synAck: 5,
  /** Send the oldest unacknowledged segment again. */
  retransmit: 6,
  /** Send new data or the newest segment again, to find out whether the tail was lost (RFC 8985). */
  lossProbe: 10,
  /** Send one byte beyond the window, or the FIN, to learn the window (section 3.8.6.1). */
  probe: 7,
  /** Send a segment that asks for an ACK without carrying anything (section 3.8.4). */
  keepalive: 8,
  /** A new SYN for a connection in TIME-WAIT: forget it and take the SYN as for a listener. */
  reopen: 9
};

// src/tcp/input.ts
var PAWS_IDLE_US = 24 * 86400 * 1e6;
function onSegment(conn, segment, nowUs, context) {
  conn.segmentsReceived++;
  if (conn.state === State.SYN_SENT) return onSynSent(conn, segment, nowUs, context);
  return onOtherStates(conn, segment, nowUs, context);
}
function onSynSent(conn, segment, nowUs, context) {
  const flags = segment.flags;
  const hasAck = (flags & Flag.ACK) !== 0;
  if (hasAck && segment.ack !== seqAdd(conn.iss, 1)) {
    context.counters.drop(Drop.tcpAckInvalid);
    return (flags & Flag.RST) !== 0 ? Outcome.none : Outcome.reset;
  }
  if ((flags & Flag.RST) !== 0) {
    if (!hasAck) {
      context.counters.drop(Drop.tcpAckMissing);
      return Outcome.none;
    }
    context.counters.count(Counter.resetsIn);
    end(conn, ConnectionError.refused);
    return Outcome.none;
  }
  if ((flags & Flag.SYN) === 0) {
    context.counters.drop(Drop.tcpFlagsInvalid);
    return Outcome.none;
  }
  conn.irs = segment.seq;
  conn.rcvNxt = seqAdd(segment.seq, 1);
  conn.rcvAdvertised = seqAdd(conn.rcvNxt, synWindow(conn));
  conn.lastAckSent = conn.rcvNxt;
  negotiate(conn, segment, context.config, context.mtu, nowUs);
  conn.sndWnd = segment.window;
  conn.sndWndMax = segment.window;
  conn.sndWl1 = segment.seq;
  if (!hasAck) {
    conn.state = State.SYN_RECEIVED;
    conn.sndNxt = conn.iss;
    return Outcome.none;
  }
  conn.sndWl2 = segment.ack;
  establish(conn, segment, nowUs, context.config);
  conn.lastReceivedAtUs = nowUs;
  conn.ackPending = true;
  takeText(conn, segment, nowUs, context);
  return Outcome.none;
}
function onOtherStates(conn, segment, nowUs, context) {
  const { counters } = context;
  if (conn.state === State.TIME_WAIT && mayReopen(conn, segment)) return Outcome.reopen;
  const scale = (segment.flags & Flag.SYN) !== 0 ? 0 : conn.sndScale;
  if (conn.state === State.SYN_RECEIVED && (segment.flags & Flag.SYN) !== 0) {
    const outcome2 = onSynAgain(conn, segment);
    if (outcome2 !== Outcome.none) return outcome2;
  }
  if (isOldTimestamp(conn, segment, nowUs)) {
    counters.drop(Drop.tcpTimestampOld);
    return answerToUnusable(segment);
  }
  if (!isAcceptable(conn, segment)) {
    counters.drop(Drop.tcpOutOfWindow);
    if ((segment.flags & Flag.RST) !== 0) return Outcome.none;
    const isFinAgain = conn.state === State.TIME_WAIT && (segment.flags & Flag.FIN) !== 0;
    if (isFinAgain) restartTimeWait(conn, nowUs, context.config);
    return answerToUnusable(segment);
  }
  conn.lastReceivedAtUs = nowUs;
  conn.keepaliveProbesSent = 0;
  rememberTimestamp(conn, segment, nowUs);
  if ((segment.flags & Flag.RST) !== 0) return onReset(conn, segment, counters);
  if ((segment.flags & Flag.SYN) !== 0) {
    counters.drop(Drop.tcpSynChallenged);
    return Outcome.challenge;
  }
  if ((segment.flags & Flag.ACK) === 0) {
    counters.drop(Drop.tcpAckMissing);
    return Outcome.none;
  }
  const outcome = onAckField(conn, segment, scale, nowUs, context);
  if (outcome !== Outcome.none) return outcome;
  if (conn.state === State.CLOSED) return Outcome.none;
  if (conn.ecn !== null) takeMarks(conn, conn.ecn, segment, counters);
  if ((segment.flags & Flag.URG) !== 0) noteUrgent(conn, segment);
  return takeText(conn, segment, nowUs, context);
}
function answerToUnusable(segment) {
  const hasText = segment.payloadLength > 0 || (segment.flags & Flag.FIN) !== 0;
  return hasText ? Outcome.ack : Outcome.challenge;
}
function mayReopen(conn, segment) {
  const flags = segment.flags & (Flag.SYN | Flag.RST | Flag.ACK);
  if (flags !== Flag.SYN) return false;
  const newerTimestamp = conn.timestamps && (segment.options & OptionBit.timestamps) !== 0 && seqDiff(segment.tsValue, conn.tsRecent) > 0;
  return newerTimestamp || seqGt(segment.seq, conn.rcvNxt);
}
function onSynAgain(conn, segment) {
  if (segment.seq !== conn.irs) return Outcome.none;
  const flags = segment.flags & (Flag.SYN | Flag.ACK | Flag.RST | Flag.FIN);
  if (flags === Flag.SYN) {
    if (conn.ecn !== null) takeSynAgain(conn.ecn, segment);
    return Outcome.synAck;
  }
  if (flags === (Flag.SYN | Flag.ACK) && segment.ack === seqAdd(conn.iss, 1)) {
    segment.flags &= ~Flag.SYN;
    segment.seq = conn.rcvNxt;
    conn.ackPending = true;
  }
  return Outcome.none;
}
function isOldTimestamp(conn, segment, nowUs) {
  if (!conn.timestamps || (segment.options & OptionBit.timestamps) === 0) return false;
  if ((segment.flags & Flag.RST) !== 0) return false;
  if (seqDiff(segment.tsValue, conn.tsRecent) >= 0) return false;
  return nowUs - conn.tsRecentAtUs < PAWS_IDLE_US;
}
function rememberTimestamp(conn, segment, nowUs) {
  if (!conn.timestamps || (segment.options & OptionBit.timestamps) === 0) return;
  if (seqLe(segment.seq, conn.lastAckSent) && seqDiff(segment.tsValue, conn.tsRecent) >= 0) {
    conn.tsRecent = segment.tsValue;
    conn.tsRecentAtUs = nowUs;
  }
}
function isAcceptable(conn, segment) {
  const window = seqDiff(conn.rcvAdvertised, conn.rcvNxt);
  if (segment.seq === conn.rcvNxt) return true;
  if (window === 0) return false;
  const length = segmentLength(segment);
  if (length === 0) {
    return seqGe(segment.seq, conn.rcvNxt) && seqLe(segment.seq, conn.rcvAdvertised);
  }
  const end2 = seqAdd(segment.seq, length);
  return seqLt(segment.seq, conn.rcvAdvertised) && seqGt(end2, conn.rcvNxt);
}
function onReset(conn, segment, counters) {
  if (segment.seq !== conn.rcvNxt) {
    counters.drop(Drop.tcpResetChallenged);
    return Outcome.challenge;
  }
  counters.count(Counter.resetsIn);
  switch (conn.state) {
    case State.SYN_RECEIVED:
      end(conn, ConnectionError.refused);
      return Outcome.none;
    case State.CLOSING:
    case State.LAST_ACK:
    case State.TIME_WAIT:
      end(conn, ConnectionError.none);
      return Outcome.none;
    default:
      counters.count(Counter.connectionsReset);
      end(conn, ConnectionError.reset);
      return Outcome.none;
  }
}
function onAckField(conn, segment, scale, nowUs, context) {
  const { counters } = context;
  if (conn.state === State.SYN_RECEIVED) {
    if (segment.ack !== seqAdd(conn.iss, 1)) {
      counters.drop(Drop.tcpAckInvalid);
      return Outcome.reset;
    }
    setWindow(conn, segment, scale);
    const accurate = conn.ecn?.accurate ?? null;
    if (accurate !== null) takeHandshakeAck(accurate, segment);
    establish(conn, segment, nowUs, context.config);
    return Outcome.none;
  }
  const tooNew = seqGt(segment.ack, conn.sndMax);
  if (tooNew || seqLt(segment.ack, seqAdd(conn.sndUna, -conn.sndWndMax))) {
    counters.drop(Drop.tcpAckInvalid);
    return Outcome.challenge;
  }
  const windowBefore = conn.sndWnd;
  const isLatest2 = seqLt(conn.sndWl1, segment.seq) || conn.sndWl1 === segment.seq && seqLe(conn.sndWl2, segment.ack);
  if (isLatest2 && seqLe(conn.sndUna, segment.ack)) setWindow(conn, segment, scale);
  onAcknowledgment(conn, segment, windowBefore, nowUs, counters, context.config);
  const finAcked = conn.finQueued && conn.send !== null && isFinAcknowledged(conn);
  if (finAcked) afterFinAcknowledged(conn, nowUs, context.config);
  return Outcome.none;
}
function setWindow(conn, segment, scale) {
  conn.sndWnd = segment.window << scale;
  conn.sndWl1 = segment.seq;
  conn.sndWl2 = segment.ack;
  if (conn.sndWnd > conn.sndWndMax) conn.sndWndMax = conn.sndWnd;
}
function isFinAcknowledged(conn) {
  const finSeq = seqAdd(conn.iss, 1 + conn.send.end);
  return seqGt(conn.sndUna, finSeq);
}
function afterFinAcknowledged(conn, nowUs, config) {
  switch (conn.state) {
    case State.FIN_WAIT_1:
      conn.state = State.FIN_WAIT_2;
      if (conn.owner === Owner.none) conn.endAtUs = nowUs + conn.finWait2Us;
      break;
    case State.CLOSING:
      enterTimeWait(conn, nowUs, config);
      break;
    case State.LAST_ACK:
      end(conn, ConnectionError.none);
      break;
  }
}
function noteUrgent(conn, segment) {
  const pointer = seqAdd(segment.seq, segment.urgent);
  if (!conn.urgent || seqGt(pointer, conn.rcvUrgent)) {
    conn.rcvUrgent = pointer;
    conn.urgent = true;
    conn.urgentMarks++;
    conn.urgentUnread = true;
    conn.news = News.loud;
  }
}
function takeText(conn, segment, nowUs, context) {
  const { counters } = context;
  const hasFin = (segment.flags & Flag.FIN) !== 0;
  if (segment.payloadLength === 0 && !hasFin) return Outcome.none;
  if (!canReceiveData(conn.state)) {
    if (segment.payloadLength > 0) counters.drop(Drop.tcpDuplicate);
    conn.ackPending = true;
    return Outcome.none;
  }
  const start = seqAdd(segment.seq, (segment.flags & Flag.SYN) !== 0 ? 1 : 0);
  const end2 = seqAdd(start, segment.payloadLength);
  if (conn.owner === Owner.none && seqGt(end2, conn.rcvNxt)) {
    counters.drop(Drop.tcpDataAfterClose);
    abort(conn);
    return Outcome.reset;
  }
  const clipped = seqGt(end2, conn.rcvAdvertised) ? conn.rcvAdvertised : end2;
  if (clipped !== end2) {
    counters.drop(Drop.tcpOutOfWindow);
    conn.ackPending = true;
  }
  if (seqGt(start, conn.rcvNxt)) return takeAhead(conn, segment, start, clipped, context);
  const before = conn.rcvNxt;
  if (seqGt(clipped, before)) {
    takeInOrder(conn, segment, start, clipped, nowUs, context);
  } else if (segment.payloadLength > 0) {
    counters.drop(Drop.tcpDuplicate);
    conn.interactive = false;
    conn.ackPending = true;
  }
  if (hasFin && clipped === end2 && seqGe(conn.rcvNxt, end2)) onFin(conn, nowUs, context.config);
  return Outcome.none;
}
function takeAhead(conn, segment, start, end2, context) {
  const { counters } = context;
  const length = seqDiff(end2, start);
  if (length > 0) {
    conn.interactive = false;
    conn.segmentsOutOfOrder++;
    counters.count(Counter.segmentsOutOfOrder);
    const stored = conn.receive.acceptAhead(start, segment.payloadOffset, length);
    if (stored === Stored.rangeLimit) counters.drop(Drop.tcpOutOfOrderLimit);
    if (stored === Stored.noMemory) counters.drop(Drop.tcpNoMemory);
  }
  return Outcome.ack;
}
function takeInOrder(conn, segment, start, end2, nowUs, context) {
  const { counters } = context;
  const before = conn.rcvNxt;
  const hadGap = conn.receive.outOfOrder !== null;
  const offset = segment.payloadOffset + seqDiff(before, start);
  conn.rcvNxt = conn.receive.acceptInOrder(segment, before, end2, offset);
  const taken = seqDiff(conn.rcvNxt, before);
  if (seqLt(conn.rcvNxt, end2)) counters.drop(Drop.tcpNoMemory);
  conn.bytesReceived += taken;
  counters.add(Counter.bytesIn, taken);
  conn.news = News.loud;
  if (conn.urgent && seqGe(conn.rcvNxt, conn.rcvUrgent)) conn.urgent = false;
  afterReceive(conn, segment, taken, hadGap, nowUs, context.config);
}
function onFin(conn, nowUs, config) {
  conn.rcvNxt = seqAdd(conn.rcvNxt, 1);
  if (seqLt(conn.rcvAdvertised, conn.rcvNxt)) conn.rcvAdvertised = conn.rcvNxt;
  conn.finReceived = true;
  conn.receive?.discardAhead();
  conn.ackPending = true;
  conn.news = News.loud;
  switch (conn.state) {
    case State.SYN_RECEIVED:
    case State.ESTABLISHED:
      conn.state = State.CLOSE_WAIT;
      break;
    case State.FIN_WAIT_1:
      conn.state = State.CLOSING;
      break;
    case State.FIN_WAIT_2:
      enterTimeWait(conn, nowUs, config);
      break;
  }
}
function establish(conn, segment, nowUs, config) {
  conn.state = State.ESTABLISHED;
  conn.sndUna = segment.ack;
  conn.sndNxt = segment.ack;
  if (seqLt(conn.sndMax, segment.ack)) conn.sndMax = segment.ack;
  conn.retransmitAtUs = NEVER;
  if (conn.timing) conn.rtt.sample(nowUs - conn.rttSentAtUs);
  conn.timing = false;
  if (conn.handshakeTimedOut) {
    conn.rtt.rtoUs = Math.max(conn.rtt.rtoUs, Math.min(3e6, config.rtoMaxMs * 1e3));
  }
  conn.backoffs = 0;
  conn.news = News.loud;
  conn.tuneSeq = seqAdd(conn.rcvNxt, receiveWindow(conn));
  conn.tuneAtUs = nowUs;
  conn.tuneReadAtUs = nowUs;
}
function end(conn, error) {
  conn.state = State.CLOSED;
  conn.error = error;
  conn.news = News.loud;
  conn.ackPending = false;
  stopTimers(conn);
}
function stopTimers(conn) {
  conn.retransmitAtUs = NEVER;
  conn.delayedAckAtUs = NEVER;
  conn.keepaliveAtUs = NEVER;
  conn.endAtUs = NEVER;
  if (conn.loss !== null) {
    conn.loss.reorderAtUs = NEVER;
    conn.loss.probeAtUs = NEVER;
  }
}
function abort(conn) {
  end(conn, ConnectionError.aborted);
}
function enterTimeWait(conn, nowUs, config) {
  conn.state = State.TIME_WAIT;
  stopTimers(conn);
  restartTimeWait(conn, nowUs, config);
}
function restartTimeWait(conn, nowUs, config) {
  conn.endAtUs = nowUs + 2 * config.mslMs * 1e3;
}

// src/tcp/listener.ts
var Listener2 = class {
  /** The application's name for it. */
  id;
  // The address listened on, as four words: 0.0.0.0 is every IPv4 address, :: every one of both families.
  local0;
  local1;
  local2;
  local3;
  port;
  /** Whether `::` means IPv6 alone (RFC 3493 section 5.3, IPV6_V6ONLY). */
  ipv6Only;
  /** Most handshakes in progress and connections not yet accepted, together. */
  backlog;
  /** Handshakes in progress. */
  handshakes = 0;
  /** Established connections that the application has not accepted. */
  waiting = 0;
  closed = false;
  /** Most that its connections announce and send as MSS; 0 is no limit but the path's. */
  mssClamp = 0;
  constructor(id, address, port, backlog, ipv6Only = false) {
    this.id = id;
    this.local0 = address[0];
    this.local1 = address[1];
    this.local2 = address[2];
    this.local3 = address[3];
    this.port = port;
    this.backlog = backlog;
    this.ipv6Only = ipv6Only;
  }
  /** Whether a further handshake may begin. */
  get hasRoom() {
    return this.handshakes + this.waiting < this.backlog;
  }
  /** Whether it listens on every address of a family, or of both. */
  get isWildcard() {
    return this.local3 === 0 && this.local0 === 0 && this.local1 === 0 && (this.local2 === 0 || this.local2 === IPV4_MAPPED_W2);
  }
  /** Whether a segment to this address is for it. */
  matches(w0, w1, w2, w3) {
    if (this.isWildcard) {
      const isIpv42 = isIpv4Words(w0, w1, w2);
      return this.local2 === IPV4_MAPPED_W2 ? isIpv42 : !isIpv42 || !this.ipv6Only;
    }
    return this.local3 === w3 && this.local2 === w2 && this.local1 === w1 && this.local0 === w0;
  }
};
function covers2(listener, other) {
  return listener.matches(other.local0, other.local1, other.local2, other.local3);
}
var ListenerTable = class {
  #byPort = /* @__PURE__ */ new Map();
  #byId = /* @__PURE__ */ new Map();
  /** Whether any listener has this port. */
  hasPort(port) {
    return this.#byPort.has(port);
  }
  /** Adds a listener; false when there is one on the same port that an address of both would be for. */
  add(listener) {
    const others = this.#byPort.get(listener.port) ?? [];
    if (others.some((other) => covers2(other, listener) || covers2(listener, other))) return false;
    this.#byPort.set(listener.port, [
      ...others,
      listener
    ]);
    this.#byId.set(listener.id, listener);
    return true;
  }
  /** The listener for a segment to this address and port, or null. */
  find(w0, w1, w2, w3, port) {
    const candidates = this.#byPort.get(port);
    if (candidates === void 0) return null;
    for (let i = 0; i < candidates.length; i++) {
      if (candidates[i].matches(w0, w1, w2, w3)) return candidates[i];
    }
    return null;
  }
  /** The listener that the application knows by this name. */
  get(id) {
    return this.#byId.get(id);
  }
  /** Removes a listener. */
  remove(listener) {
    listener.closed = true;
    this.#byId.delete(listener.id);
    const others = this.#byPort.get(listener.port)?.filter((other) => other !== listener) ?? [];
    if (others.length > 0) this.#byPort.set(listener.port, others);
    else this.#byPort.delete(listener.port);
  }
  /** All listeners. */
  all() {
    return [
      ...this.#byId.values()
    ];
  }
};

// src/tcp/sink.ts
var FIRST_PIECE = 2;

// src/tcp/output.ts
var SACK_BLOCKS_WITH_TIMESTAMPS = 3;
var SACK_BLOCKS = 4;
var LIMITED_TRANSMIT = 2;
var out = new Segment();
function output(conn, nowUs, context) {
  if (conn.state === State.CLOSED) return;
  if (conn.state === State.SYN_SENT || conn.state === State.SYN_RECEIVED) {
    if (conn.sndNxt === conn.iss) sendSyn(conn, nowUs, context);
    else if (conn.ackPending && conn.state === State.SYN_RECEIVED) sendAck(conn, nowUs, context);
    return;
  }
  sendData(conn, nowUs, context);
  if (conn.ackPending) sendAck(conn, nowUs, context);
}
function sendSyn(conn, nowUs, context) {
  const { config, sink, counters } = context;
  const passive = conn.state === State.SYN_RECEIVED;
  begin(conn, conn.iss, passive ? Flag.SYN | Flag.ACK : Flag.SYN);
  out.window = synWindow(conn);
  out.options = OptionBit.mss;
  out.mss = announcedMss(sink.mtu, conn.mssClamp, headerBytes(conn));
  if (passive ? conn.windowScale : config.windowScale) {
    out.options |= OptionBit.windowScale;
    out.windowScale = windowScaleFor(config.receiveBufferMaxBytes);
  }
  if (passive ? conn.sack : config.sack) out.options |= OptionBit.sackPermitted;
  if (passive ? conn.timestamps : config.timestamps) addTimestamps(conn, nowUs);
  offerEcn(conn, out, conn.sndMax !== conn.iss, config);
  if (passive) {
    const edge = seqAdd(conn.rcvNxt, out.window);
    if (seqGt(edge, conn.rcvAdvertised)) conn.rcvAdvertised = edge;
    conn.lastAckSent = conn.rcvNxt;
    conn.ackPending = false;
  }
  const again = conn.sndMax !== conn.iss;
  conn.sndNxt = seqAdd(conn.iss, 1);
  conn.sndMax = conn.sndNxt;
  if (again) {
    conn.timing = false;
    countRetransmission(conn, 0, counters);
  } else {
    conn.timing = true;
    conn.rttSeq = conn.sndNxt;
    conn.rttSentAtUs = nowUs;
  }
  if (conn.retransmitAtUs === NEVER) {
    conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.backoffs);
  }
  emit(conn, 0, FIRST_PIECE, nowUs, context);
}
function sendAck(conn, nowUs, context) {
  begin(conn, sequenceWithoutText(conn), Flag.ACK);
  acknowledge(conn, nowUs);
  addSackBlocks(conn);
  emit(conn, 0, FIRST_PIECE, nowUs, context);
}
function sequenceWithoutText(conn) {
  if (conn.persisting) return conn.sndNxt;
  const edge = seqAdd(conn.sndUna, conn.sndWnd);
  return seqDiff(conn.sndMax, edge) < 1 << conn.sndScale ? conn.sndMax : edge;
}
function sendReset(conn, nowUs, context) {
  begin(conn, sequenceWithoutText(conn), Flag.RST | Flag.ACK);
  out.ack = conn.rcvNxt;
  out.window = 0;
  context.counters.count(Counter.resetsOut);
  emit(conn, 0, FIRST_PIECE, nowUs, context);
}
function sendResetFor(segment, context) {
  out.src0 = segment.dst0;
  out.src1 = segment.dst1;
  out.src2 = segment.dst2;
  out.src3 = segment.dst3;
  out.dst0 = segment.src0;
  out.dst1 = segment.src1;
  out.dst2 = segment.src2;
  out.dst3 = segment.src3;
  out.srcPort = segment.dstPort;
  out.dstPort = segment.srcPort;
  const hasAck = (segment.flags & Flag.ACK) !== 0;
  out.seq = hasAck ? segment.ack : 0;
  out.ack = hasAck ? 0 : seqAdd(segment.seq, segmentLength(segment));
  out.flags = hasAck ? Flag.RST : Flag.RST | Flag.ACK;
  out.flowLabel = 0;
  clearRest();
  context.counters.count(Counter.resetsOut);
  context.counters.count(Counter.segmentsOut);
  context.sink.send(out, FIRST_PIECE);
}
function sendKeepalive(conn, nowUs, context) {
  begin(conn, seqAdd(conn.sndUna, -1), Flag.ACK);
  acknowledge(conn, nowUs);
  context.counters.count(Counter.keepaliveProbes);
  emit(conn, 0, FIRST_PIECE, nowUs, context);
}
function sendOldest(conn, nowUs, context) {
  const { queue } = conn.loss;
  const room = conn.sndWnd > 0 ? Math.min(conn.sndWnd, conn.sndMss) : conn.sndMss;
  if (queue.head !== NO_SEGMENT) repeat(conn, queue.head, room, nowUs, context);
}
function sendLossProbe(conn, nowUs, context) {
  const loss = conn.loss;
  const { queue } = loss;
  loss.probeEnd = conn.sndNxt;
  loss.probeFlight = seqDiff(conn.sndNxt, conn.sndUna);
  loss.probing = true;
  const unsent = conn.send.end - positionOf(conn, conn.sndNxt) | 0;
  const room = conn.sndWnd - seqDiff(conn.sndNxt, conn.sndUna);
  const length = Math.min(unsent, room, conn.sndMss);
  loss.probeWasOld = length <= 0;
  if (length > 0) {
    sendNew(conn, length, nowUs, context);
    loss.probeEnd = conn.sndNxt;
  } else if (queue.tail !== NO_SEGMENT) {
    const segment = lastWireSegment(conn, queue.tail);
    transmit(conn, queue.start(segment), queue.end(segment), nowUs, context);
    queue.touch(segment, nowUs);
  }
  conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.backoffs);
}
function lastWireSegment(conn, last) {
  const { queue } = conn.loss;
  const start = queue.start(last);
  const behind = seqDiff(queue.end(last), start);
  const bytes = behind - (isFinSent(conn) ? 1 : 0);
  const cut = Math.floor((bytes - 1) / conn.sndMss) * conn.sndMss;
  return cut > 0 ? queue.split(last, seqAdd(start, cut)) : last;
}
function sendProbe(conn, nowUs, context) {
  const unsent = conn.send.end - positionOf(conn, conn.sndNxt) | 0;
  if (conn.sndWnd === 0) context.counters.count(Counter.zeroWindowProbes);
  if (unsent > 0 || conn.finQueued) {
    const length = Math.min(unsent > 0 ? unsent : 0, Math.max(1, conn.sndWnd), conn.sndMss);
    sendNew(conn, length, nowUs, context);
    if (!conn.persisting) return;
    conn.loss.queue.clear();
    conn.loss.probeAtUs = NEVER;
    conn.sndNxt = conn.sndUna;
  }
}
function positionOf(conn, seq) {
  return seq - conn.iss - 1 | 0;
}
function sendData(conn, nowUs, context) {
  const { send, loss } = conn;
  if (send === null || loss === null) return;
  if (loss.queue.lostBytes > loss.queue.againBytes && !repeatLost(conn, nowUs, context)) return;
  conn.cwndLimited = false;
  if (conn.pathMtuEndUs <= nowUs) forgetPathMtu(conn);
  if (conn.mtuSearch !== null) sendMtuProbe(conn, conn.mtuSearch, nowUs, context);
  for (; ; ) {
    const unsent = send.end - positionOf(conn, conn.sndNxt) | 0;
    const finDue = conn.finQueued && unsent >= 0 && !isFinSent(conn);
    if (unsent <= 0 && !finDue) break;
    if (!context.sink.hasRoom(conn)) {
      conn.blocked = true;
      break;
    }
    const flight = seqDiff(conn.sndNxt, conn.sndUna);
    const cwnd = conn.congestion.cwndBytes + extraSegments(conn) * conn.sndMss;
    const onPath = cwnd - pipeOf(conn);
    if (unsent <= 0) {
      if (conn.sndWnd - flight < 1) return persistIfIdle(conn, nowUs);
      sendNew(conn, 0, nowUs, context);
      break;
    }
    const room = Math.min(conn.sndWnd - flight, onPath);
    const length = worthSending(conn, unsent, room, superBytesFor(conn, context));
    if (length === 0) {
      conn.cwndLimited = onPath < conn.sndMss;
      if (flight === 0) return persistIfIdle(conn, nowUs);
      break;
    }
    if (conn.persisting) stopPersisting(conn);
    sendNew(conn, length, nowUs, context);
  }
}
function sendMtuProbe(conn, search, nowUs, context) {
  const loss = conn.loss;
  const unsent = conn.send.end - positionOf(conn, conn.sndNxt) | 0;
  const room = conn.congestion.cwndBytes - pipeOf(conn);
  const length = probeLength(conn, search, loss, unsent, room, context.config, nowUs);
  if (length === 0 || !context.sink.hasRoom(conn)) return;
  search.probing = true;
  search.probeStart = conn.sndNxt;
  search.probeEnd = seqAdd(conn.sndNxt, length);
  search.sending = true;
  sendNew(conn, length, nowUs, context);
  search.sending = false;
  context.counters.count(Counter.mtuProbes);
}
function repeatLost(conn, nowUs, context) {
  const { queue } = conn.loss;
  const mss = conn.sndMss;
  const superBytes = superBytesFor(conn, context);
  const most = superBytes > mss ? superBytes - superBytes % mss : mss;
  for (let s = queue.head; ; ) {
    s = queue.firstToRepeat(s);
    if (s === NO_SEGMENT) return true;
    if (!context.sink.hasRoom(conn)) {
      conn.blocked = true;
      return false;
    }
    const pipe = pipeOf(conn);
    const room = Math.floor(conn.congestion.cwndBytes - pipe);
    const length = seqDiff(queue.end(s), queue.start(s));
    if (room < Math.min(length, mss) && pipe > 0) return false;
    const windowRoom = conn.sndWnd - seqDiff(queue.start(s), conn.sndUna);
    if (windowRoom <= 0 || windowRoom < Math.min(length, mss) && pipe > 0) return false;
    const whole = Math.max(room - room % mss, mss);
    repeat(conn, s, Math.min(whole, most, windowRoom), nowUs, context);
  }
}
function repeat(conn, segment, most, nowUs, context) {
  const loss = conn.loss;
  const { queue } = loss;
  const start = queue.start(segment);
  const cut = seqAdd(start, most);
  if (seqLt(cut, queue.end(segment))) queue.split(segment, cut);
  transmit(conn, start, queue.end(segment), nowUs, context);
  if (loss.undoPending === 0) loss.undoTimestamp = out.tsValue;
  loss.undoPending += Math.max(1, Math.ceil(out.payloadLength / conn.sndMss));
  if (segment === queue.head && loss.phase === Phase.recovery) {
    conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.backoffs);
  }
  queue.markAgain(segment, nowUs);
}
function superBytesFor(conn, context) {
  const accurate = conn.ecn === null ? null : conn.ecn.accurate;
  return accurate !== null && mustCutHere(accurate) ? 0 : context.sink.superBytes;
}
function extraSegments(conn) {
  const loss = conn.loss;
  return loss.phase === Phase.open && conn.sack && loss.queue.sackedBytes === 0 ? Math.min(loss.duplicateAcks, LIMITED_TRANSMIT) : 0;
}
function isFinSent(conn) {
  return seqGt(conn.sndNxt, seqAdd(conn.iss, 1 + conn.send.end));
}
function worthSending(conn, unsent, room, superBytes) {
  const mss = conn.sndMss;
  const most = superBytes > mss ? superBytes - superBytes % mss : mss;
  const length = Math.min(unsent, Math.floor(room), most);
  if (length >= mss) {
    const tail = length % mss;
    if (tail === 0) return length;
    return length === unsent && mayEndShort(conn) ? length : length - tail;
  }
  if (length <= 0) return 0;
  if (length === unsent) return mayEndShort(conn) ? length : 0;
  return length >= conn.sndWndMax / 2 ? length : 0;
}
function mayEndShort(conn) {
  if (conn.finQueued || seqLt(conn.sndNxt, conn.sndMax)) return true;
  if (conn.cork) return false;
  if (conn.noDelay) return true;
  return !seqGt(conn.sndSmall, conn.sndUna);
}
function persistIfIdle(conn, nowUs) {
  if (conn.sndNxt !== conn.sndUna || conn.retransmitAtUs !== NEVER) return;
  conn.persisting = true;
  conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.backoffs);
}
function stopPersisting(conn) {
  conn.persisting = false;
  conn.backoffs = 0;
  conn.retransmitAtUs = NEVER;
}
function sendNew(conn, length, nowUs, context) {
  const seq = conn.sndNxt;
  const behind = positionOf(conn, seqAdd(seq, length));
  const fin = conn.finQueued && behind === conn.send.end ? 1 : 0;
  const next = seqAdd(seq, length + fin);
  if (seqGe(seq, conn.sndMax) && !conn.timing) {
    conn.timing = true;
    conn.rttSeq = next;
    conn.rttSentAtUs = nowUs;
  }
  const isProbe = conn.persisting || conn.mtuSearch?.sending === true;
  if (length % conn.sndMss !== 0 && !isProbe) conn.sndSmall = next;
  const answersSoon = nowUs - conn.lastTextAtUs < context.config.delayedAckMs * 1e3;
  if (length > 0 && seq === conn.sndMax && answersSoon) conn.interactive = true;
  transmit(conn, seq, next, nowUs, context);
  conn.loss.queue.push(seq, next, nowUs);
  conn.sndNxt = next;
  armProbe(conn, nowUs);
  if (seqGt(next, conn.sndMax)) {
    context.counters.add(Counter.bytesOut, length);
    conn.sndMax = next;
  }
}
function transmit(conn, seq, next, nowUs, context) {
  const { sink, counters } = context;
  const send = conn.send;
  const position = positionOf(conn, seq);
  const fin = conn.finQueued && seqGt(next, seqAdd(conn.iss, 1 + send.end)) ? 1 : 0;
  const length = seqDiff(next, seq) - fin;
  let flags = Flag.ACK;
  if ((position + length | 0) === send.end && length > 0) flags |= Flag.PSH;
  if (fin === 1) flags |= Flag.FIN;
  begin(conn, seq, flags);
  acknowledge(conn, nowUs);
  out.payloadLength = length;
  if (length > conn.sndMss && !conn.mtuSearch?.sending) out.gsoSize = conn.sndMss;
  const end2 = length > 0 ? send.gather(position, length, sink.pieces, FIRST_PIECE) : FIRST_PIECE;
  if (seqLt(seq, conn.sndMax)) {
    countRetransmission(conn, length, counters);
    if (conn.timing && seqLt(seq, conn.rttSeq)) conn.timing = false;
  }
  conn.loss.sentBytes += length;
  if (conn.unackedSinceUs === NEVER) conn.unackedSinceUs = nowUs;
  if (conn.retransmitAtUs === NEVER) {
    conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.backoffs);
  }
  emit(conn, length, end2, nowUs, context);
}
function countRetransmission(conn, length, counters) {
  conn.segmentsRetransmitted++;
  conn.bytesRetransmitted += length;
  counters.count(Counter.segmentsRetransmitted);
  counters.add(Counter.bytesRetransmitted, length);
}
function begin(conn, seq, flags) {
  out.src0 = conn.local0;
  out.src1 = conn.local1;
  out.src2 = conn.local2;
  out.src3 = conn.local3;
  out.dst0 = conn.remote0;
  out.dst1 = conn.remote1;
  out.dst2 = conn.remote2;
  out.dst3 = conn.remote3;
  out.srcPort = conn.localPort;
  out.dstPort = conn.remotePort;
  out.flowLabel = conn.flowLabel;
  out.seq = seq;
  out.ack = (flags & Flag.ACK) !== 0 ? conn.rcvNxt : 0;
  out.flags = flags;
  clearRest();
  out.trafficClass = conn.trafficClass;
  out.hopLimit = conn.hopLimit;
}
function clearRest() {
  out.trafficClass = 0;
  out.hopLimit = 0;
  out.window = 0;
  out.urgent = 0;
  out.options = 0;
  out.sackCount = 0;
  out.payloadLength = 0;
  out.gsoSize = 0;
}
function acknowledge(conn, nowUs) {
  out.window = advertise(conn);
  if (conn.timestamps) addTimestamps(conn, nowUs);
  conn.lastAckSent = conn.rcvNxt;
  conn.ackPending = false;
  conn.unackedBytes = 0;
  conn.delayedAckAtUs = NEVER;
}
function addTimestamps(conn, nowUs) {
  out.options |= OptionBit.timestamps;
  out.tsValue = Math.floor(nowUs / 1e3) + conn.tsOffset | 0;
  out.tsEcho = (out.flags & Flag.ACK) !== 0 ? conn.tsRecent : 0;
}
function addSackBlocks(conn) {
  const queue = conn.receive === null ? null : conn.receive.outOfOrder;
  if (!conn.sack || queue === null) return;
  const most = conn.timestamps ? SACK_BLOCKS_WITH_TIMESTAMPS : SACK_BLOCKS;
  let latest = 0;
  while (latest < queue.count - 1 && queue.left[latest] !== queue.latestLeft) latest++;
  setSackBlock(0, queue.left[latest], queue.right[latest]);
  let count = 1;
  for (let i = 0; i < queue.count && count < most; i++) {
    if (i !== latest) setSackBlock(count++, queue.left[i], queue.right[i]);
  }
  out.sackCount = count;
  out.options |= OptionBit.sack;
}
function setSackBlock(index, left, right) {
  switch (index) {
    case 0:
      out.sackLeft0 = left;
      out.sackRight0 = right;
      break;
    case 1:
      out.sackLeft1 = left;
      out.sackRight1 = right;
      break;
    case 2:
      out.sackLeft2 = left;
      out.sackRight2 = right;
      break;
    default:
      out.sackLeft3 = left;
      out.sackRight3 = right;
  }
}
function emit(conn, length, end2, nowUs, context) {
  if (conn.ecn !== null && (out.flags & Flag.SYN) === 0) stampEcn(conn, conn.ecn, out);
  const wireSegments = out.gsoSize > 0 ? Math.ceil(length / out.gsoSize) : 1;
  conn.segmentsSent += wireSegments;
  conn.bytesSent += length;
  conn.lastSentAtUs = nowUs;
  context.counters.add(Counter.segmentsOut, wireSegments);
  context.sink.send(out, end2);
}

// src/tcp/timers.ts
var ORPHAN_RETRIES = 8;
var REPORT_AFTER_TIMEOUTS = 3;
function updateDeadline(conn) {
  let atUs = Math.min(conn.retransmitAtUs, conn.delayedAckAtUs);
  atUs = Math.min(atUs, conn.keepaliveAtUs, conn.endAtUs);
  const loss = conn.loss;
  if (loss !== null) atUs = Math.min(atUs, loss.reorderAtUs, loss.probeAtUs);
  conn.deadlineUs = atUs;
}
function onTimer(conn, nowUs, context) {
  if (conn.endAtUs <= nowUs) {
    end(conn, ConnectionError.none);
    return Outcome.none;
  }
  if (conn.delayedAckAtUs <= nowUs) {
    conn.delayedAckAtUs = NEVER;
    conn.ackPending = true;
  }
  if (conn.keepaliveAtUs <= nowUs) {
    const outcome = onKeepalive(conn, nowUs, context);
    if (outcome !== Outcome.none) return outcome;
  }
  const loss = conn.loss;
  if (loss !== null && loss.probeAtUs <= Math.min(conn.retransmitAtUs, nowUs)) {
    const outcome = onLossTimer(conn, loss, nowUs, context);
    if (outcome !== Outcome.none) return outcome;
  }
  if (conn.retransmitAtUs <= nowUs) return onRetransmit(conn, nowUs, context);
  return loss === null ? Outcome.none : onLossTimer(conn, loss, nowUs, context);
}
function onLossTimer(conn, loss, nowUs, context) {
  if (loss.reorderAtUs <= nowUs) {
    const found = rackDetect(conn, nowUs);
    const search = conn.mtuSearch;
    if (found && loss.phase === Phase.open) {
      const isProbe = search !== null && isProbeLost(conn, search, loss);
      if (!isProbe) enterRecovery(conn, loss, nowUs, context.counters);
    }
  }
  if (loss.probeAtUs > nowUs) return Outcome.none;
  loss.probeAtUs = NEVER;
  const silent = loss.phase === Phase.open && loss.queue.sackedBytes === 0;
  return silent && !loss.probing && seqLt(conn.sndUna, conn.sndNxt) ? Outcome.lossProbe : Outcome.none;
}
function onRetransmit(conn, nowUs, context) {
  const { config, counters } = context;
  conn.retransmitAtUs = NEVER;
  if (hasGivenUp(conn, nowUs, config)) return giveUp(conn, counters);
  conn.backoffs++;
  if (conn.state === State.SYN_SENT || conn.state === State.SYN_RECEIVED) {
    conn.handshakeTimedOut = true;
    conn.sndNxt = conn.iss;
    return Outcome.none;
  }
  conn.retransmitTimeouts++;
  if (conn.persisting) {
    if (conn.sndWnd > 0) {
      conn.persisting = false;
      conn.backoffs = 0;
    } else {
      conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.backoffs);
    }
    return Outcome.probe;
  }
  counters.count(Counter.retransmissionTimeouts);
  if (conn.backoffs === REPORT_AFTER_TIMEOUTS) noteSoftError(conn, ConnectionError.timedOut);
  if (conn.backoffs === 1) {
    const loss = conn.loss;
    rememberForUndo(conn, loss);
    const flight = seqDiff(conn.sndMax, conn.sndUna);
    const onPath = loss.phase === Phase.open ? flight : Math.min(flight, conn.congestion.cwndBytes);
    isReducedForMarks(conn);
    conn.congestion.onTimeout(onPath, conn.sndMss, nowUs);
  }
  conn.timing = false;
  onTimeout(conn, config, nowUs);
  loseEverything(conn);
  const userEndUs = conn.userTimeoutUs > 0 ? conn.unackedSinceUs + conn.userTimeoutUs : NEVER;
  conn.retransmitAtUs = Math.min(nowUs + conn.rtt.backedOff(conn.backoffs), userEndUs);
  return conn.sndWnd < conn.sndMss ? Outcome.retransmit : Outcome.none;
}
function loseEverything(conn) {
  const loss = conn.loss;
  const { queue } = loss;
  const head = queue.head;
  const reneged = head !== NO_SEGMENT && (queue.flags(head) & Sent.sacked) !== 0;
  queue.markAllLost(reneged);
  loss.phase = Phase.loss;
  loss.recover = conn.sndMax;
  loss.duplicateAcks = 0;
  loss.probing = false;
  loss.probeAtUs = NEVER;
  loss.reorderAtUs = NEVER;
}
function hasGivenUp(conn, nowUs, config) {
  switch (conn.state) {
    case State.SYN_SENT:
      return conn.backoffs >= conn.synRetries;
    case State.SYN_RECEIVED:
      return conn.backoffs >= config.synAckRetries;
  }
  if (conn.userTimeoutUs > 0 && nowUs - conn.unackedSinceUs >= conn.userTimeoutUs) return true;
  if (conn.owner === Owner.none && conn.backoffs >= ORPHAN_RETRIES) return true;
  if (conn.backoffs < config.dataRetries) return false;
  return conn.sndWnd > 0 || !isAlive(conn, nowUs, config);
}
function isAlive(conn, nowUs, config) {
  return nowUs - conn.lastReceivedAtUs <= 2 * config.rtoMaxMs * 1e3;
}
function giveUp(conn, counters) {
  const opening = conn.state === State.SYN_SENT || conn.state === State.SYN_RECEIVED;
  counters.count(Counter.connectionsTimedOut);
  end(conn, ConnectionError.timedOut);
  return opening ? Outcome.none : Outcome.abort;
}
function onKeepalive(conn, nowUs, context) {
  const { counters } = context;
  conn.keepaliveAtUs = NEVER;
  if (!conn.keepAlive || conn.state < State.ESTABLISHED) return Outcome.none;
  const idleUs = nowUs - conn.lastReceivedAtUs;
  const idleLimitUs = conn.keepaliveIdleUs;
  const busy = seqGe(conn.sndUna, conn.sndMax) === false;
  if (busy || idleUs < idleLimitUs && conn.keepaliveProbesSent === 0) {
    const lastUs = busy ? nowUs : conn.lastReceivedAtUs;
    conn.keepaliveAtUs = lastUs + idleLimitUs;
    return Outcome.none;
  }
  const userTimeoutOver = conn.userTimeoutUs > 0 && idleUs >= conn.userTimeoutUs && conn.keepaliveProbesSent > 0;
  if (conn.keepaliveProbesSent >= conn.keepaliveProbes || userTimeoutOver) {
    return giveUp(conn, counters);
  }
  conn.keepaliveProbesSent++;
  conn.keepaliveAtUs = nowUs + conn.keepaliveIntervalUs;
  return Outcome.keepalive;
}

// src/tcp/demux.ts
var ROW_WORDS2 = 12;
var NEXT3 = 0;
var HASH = 1;
var LOCAL = 2;
var REMOTE = 6;
var PORTS = 10;
var NONE = -1;
var message = new Int32Array(9);
function tupleHash(key0, key1, local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort) {
  const ports = localPort << 16 | remotePort;
  if (local2 === IPV4_MAPPED_W2 && remote2 === IPV4_MAPPED_W2 && (local0 | local1 | remote0 | remote1) === 0) {
    message[0] = local3;
    message[1] = remote3;
    message[2] = ports;
    return halfSipHash13(key0, key1, message, 3);
  }
  message[0] = local0;
  message[1] = local1;
  message[2] = local2;
  message[3] = local3;
  message[4] = remote0;
  message[5] = remote1;
  message[6] = remote2;
  message[7] = remote3;
  message[8] = ports;
  return halfSipHash13(key0, key1, message, 9);
}
var Demultiplexer = class {
  #key0;
  #key1;
  #capacity;
  #rows;
  #buckets;
  #size = 0;
  /** The id that was found last, whose row is compared before anything is hashed; -1 for none. */
  #last = NONE;
  /** A table for `capacity` ids under the secret key (`key0`, `key1`), 32 random bits each. */
  constructor(capacity, key0, key1) {
    this.#capacity = capacity;
    this.#key0 = key0 | 0;
    this.#key1 = key1 | 0;
    this.#rows = new Int32Array(capacity * ROW_WORDS2);
    this.#buckets = new Int32Array(bucketsFor(capacity)).fill(NONE);
  }
  /** How many ids there may be. */
  get capacity() {
    return this.#capacity;
  }
  /** How many ids are in the table. */
  get size() {
    return this.#size;
  }
  /**
   * Enters `id` under a four-tuple. Throws a `RangeError` for an id without a place or a port out of
   * range, an `Error` for an id that is in the table already or a tuple that another id has.
   */
  add(id, local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort) {
    const row = this.#rowOf(id);
    checkPort2(localPort);
    checkPort2(remotePort);
    const rows = this.#rows;
    if (rows[row + PORTS] !== 0) throw new Error(`Id ${id} is in the table: remove it first`);
    const other = this.find(local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort);
    if (other !== NONE) throw new Error(`Id ${id} cannot have the four-tuple of id ${other}`);
    const hash = tupleHash(this.#key0, this.#key1, local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort);
    rows[row + HASH] = hash;
    rows[row + LOCAL] = local0;
    rows[row + LOCAL + 1] = local1;
    rows[row + LOCAL + 2] = local2;
    rows[row + LOCAL + 3] = local3;
    rows[row + REMOTE] = remote0;
    rows[row + REMOTE + 1] = remote1;
    rows[row + REMOTE + 2] = remote2;
    rows[row + REMOTE + 3] = remote3;
    rows[row + PORTS] = localPort << 16 | remotePort;
    this.#enchain(id);
    this.#size++;
  }
  /** Takes `id` out of the table, if it is there; its four-tuple is then unknown. */
  remove(id) {
    const row = this.#rowOf(id);
    const rows = this.#rows;
    if (rows[row + PORTS] === 0) return;
    const buckets = this.#buckets;
    const bucket = rows[row + HASH] & buckets.length - 1;
    if (buckets[bucket] === id) {
      buckets[bucket] = rows[row + NEXT3];
    } else {
      let before = buckets[bucket] * ROW_WORDS2;
      while (rows[before + NEXT3] !== id) before = rows[before + NEXT3] * ROW_WORDS2;
      rows[before + NEXT3] = rows[row + NEXT3];
    }
    rows[row + PORTS] = 0;
    if (this.#last === id) this.#last = NONE;
    this.#size--;
  }
  /** The id that has this four-tuple, -1 when none has. */
  find(local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort) {
    const last = this.#last;
    if (last !== NONE && // deno-fmt-ignore
    rowHas(this.#rows, last * ROW_WORDS2, local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort)) {
      return last;
    }
    const hash = tupleHash(this.#key0, this.#key1, local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort);
    const rows = this.#rows;
    let id = this.#buckets[hash & this.#buckets.length - 1];
    while (id !== NONE) {
      const row = id * ROW_WORDS2;
      if (rows[row + HASH] === hash && // deno-fmt-ignore
      rowHas(rows, row, local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort)) {
        this.#last = id;
        return id;
      }
      id = rows[row + NEXT3];
    }
    return NONE;
  }
  /**
   * Makes room for `capacity` ids; what is in the table stays. A smaller capacity changes nothing. It
   * takes time in proportion to the table, so a caller that does not know its size doubles it.
   */
  grow(capacity) {
    if (capacity <= this.#capacity) return;
    const rows = new Int32Array(capacity * ROW_WORDS2);
    rows.set(this.#rows);
    this.#rows = rows;
    const before = this.#capacity;
    this.#capacity = capacity;
    const buckets = bucketsFor(capacity);
    if (buckets === this.#buckets.length) return;
    this.#buckets = new Int32Array(buckets).fill(NONE);
    for (let id = 0; id < before; id++) {
      if (rows[id * ROW_WORDS2 + PORTS] !== 0) this.#enchain(id);
    }
  }
  /** Puts a filled row at the head of its chain. */
  #enchain(id) {
    const row = id * ROW_WORDS2;
    const bucket = this.#rows[row + HASH] & this.#buckets.length - 1;
    this.#rows[row + NEXT3] = this.#buckets[bucket];
    this.#buckets[bucket] = id;
  }
  #rowOf(id) {
    if (!(id >= 0 && id < this.#capacity)) {
      throw new RangeError(`Id ${id} does not exist: ids go from 0 to ${this.#capacity - 1}`);
    }
    return id * ROW_WORDS2;
  }
};
function rowHas(rows, row, local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort) {
  return rows[row + PORTS] === (localPort << 16 | remotePort) && rows[row + REMOTE + 3] === remote3 && rows[row + REMOTE + 2] === remote2 && rows[row + REMOTE + 1] === remote1 && rows[row + REMOTE] === remote0 && rows[row + LOCAL + 3] === local3 && rows[row + LOCAL + 2] === local2 && rows[row + LOCAL + 1] === local1 && rows[row + LOCAL] === local0;
}
function bucketsFor(capacity) {
  let buckets = 1;
  while (buckets < capacity) buckets *= 2;
  return buckets;
}
function checkPort2(port) {
  if (!(port >= 1 && port <= 65535)) {
    throw new RangeError(`Port ${port} cannot be in the table: ports go from 1 to 65535`);
  }
}

// src/tcp/flow_label.ts
var LABEL_MASK = 1048575;
var FlowLabels = class {
  #key0;
  #key1;
  /** Takes its key, 64 bits, from `random`. */
  constructor(random) {
    this.#key0 = random.uint32();
    this.#key1 = random.uint32();
  }
  /** The label of a connection, 1 to 0xfffff; 0, which says nothing, over IPv4, where there is none. */
  of(t) {
    if (isIpv4Words(t.remote0, t.remote1, t.remote2)) return 0;
    const hash = tupleHash(this.#key0, this.#key1, t.local0, t.local1, t.local2, t.local3, t.remote0, t.remote1, t.remote2, t.remote3, t.localPort, t.remotePort);
    return hash & LABEL_MASK || 1;
  }
};

// src/tcp/receive_buffer.ts
var ReceiveBuffer = class {
  /** Most bytes that may be held; what is advertised never exceeds it. Grows with use. */
  limitBytes;
  stream;
  /** Made when the first segment arrives out of order, gone when the last gap closes. */
  outOfOrder = null;
  #memory;
  #rangeLimit;
  constructor(memory, words, limitBytes, rangeLimit) {
    this.#memory = memory;
    this.limitBytes = limitBytes;
    this.#rangeLimit = rangeLimit;
    this.stream = new StreamWriter(memory, words);
  }
  /** Bytes that the application has read; modulo 2^32. */
  get readPosition() {
    return this.stream.read;
  }
  /** Bytes that may still arrive, counted from the next one in order. */
  get space() {
    const most = Math.min(this.limitBytes, this.#memory.shareBytes);
    return Math.max(0, Math.floor(most) - this.stream.pending);
  }
  /**
   * Takes the bytes `[rcvNxt, end)` of a segment, which start at `offset`, and whatever they join up
   * with. Returns the new RCV.NXT, which falls short of `end` only when there is no memory.
   */
  acceptInOrder(segment, rcvNxt, end2, offset) {
    if (this.outOfOrder === null) return this.#append(segment, rcvNxt, end2, offset);
    const queue = this.outOfOrder;
    const first = rcvNxt;
    let next = rcvNxt;
    while (seqLt(next, end2)) {
      const gapEnd = queue.count > 0 && seqLt(queue.left[0], end2) ? queue.left[0] : end2;
      next = this.#append(segment, next, gapEnd, offset + seqDiff(next, first));
      if (next !== gapEnd) break;
      next = this.#join(queue, next);
    }
    next = this.#join(queue, next);
    if (queue.count === 0) this.outOfOrder = null;
    return next;
  }
  /** Holds the bytes of a segment that starts behind a gap. */
  acceptAhead(seq, offset, length) {
    this.outOfOrder ??= new OutOfOrder(this.#rangeLimit);
    const stored = this.outOfOrder.insert(this.#memory, seq, offset, length);
    if (this.outOfOrder.count === 0) this.outOfOrder = null;
    return stored;
  }
  #append(segment, from, to, offset) {
    const length = seqDiff(to, from);
    if (length === 0) return from;
    const frame = this.#memory.adoptFrame(segment, offset, length);
    if (frame !== NIL) {
      this.stream.reclaimIfDrained();
      this.stream.appendChain(frame, frame, length);
      return to;
    }
    let done = this.stream.appendCopy(offset, length);
    while (done < length && this.outOfOrder !== null && this.outOfOrder.count > 0) {
      this.outOfOrder.dropLast(this.#memory);
      done += this.stream.appendCopy(offset + done, length - done);
    }
    return seqAdd(from, done);
  }
  /** Moves ranges that now start at `next` into the stream. */
  #join(queue, next) {
    while (queue.count > 0 && queue.left[0] === next) {
      const right = queue.right[0];
      this.stream.appendChain(queue.firstHead, queue.firstTail, seqDiff(right, next));
      queue.shift();
      next = right;
    }
    return next;
  }
  /** Shows the application what has arrived in order. */
  publish() {
    this.stream.publish();
  }
  /** Gives back what the application has read. */
  reclaim() {
    this.stream.reclaim();
  }
  /** Gives everything back; the application must not read any more. */
  dispose() {
    this.stream.dispose();
    this.discardAhead();
  }
  /** Gives back what is held behind a gap. */
  discardAhead() {
    this.outOfOrder?.clear(this.#memory);
    this.outOfOrder = null;
  }
};

// src/tcp/rtt.ts
var RttEstimator = class {
  /** Smoothed RTT; 0 before the first sample. */
  srttUs = 0;
  /** RTT variation. */
  rttVarUs = 0;
  /** The least sample seen; 0 before the first. */
  minUs = 0;
  /** The timeout before back-off. */
  rtoUs;
  #minRtoUs;
  #maxRtoUs;
  constructor(initialRtoUs, minRtoUs, maxRtoUs) {
    this.rtoUs = initialRtoUs;
    this.#minRtoUs = minRtoUs;
    this.#maxRtoUs = maxRtoUs;
  }
  /** Takes one measurement of a segment that was sent once (Karn's rule, section 3). */
  sample(rttUs) {
    const rtt = rttUs < 1 ? 1 : Math.round(rttUs);
    if (this.srttUs === 0) {
      this.srttUs = rtt;
      this.rttVarUs = Math.floor(rtt / 2);
      this.minUs = rtt;
    } else {
      const deviation = Math.abs(this.srttUs - rtt);
      this.rttVarUs = Math.round(0.75 * this.rttVarUs + 0.25 * deviation);
      this.srttUs = Math.max(1, Math.round(0.875 * this.srttUs + 0.125 * rtt));
      if (rtt < this.minUs) this.minUs = rtt;
    }
    const margin = Math.max(4 * this.rttVarUs, this.#minRtoUs);
    this.rtoUs = Math.min(this.srttUs + margin, this.#maxRtoUs);
  }
  /** The timeout after `backoffs` expiries in a row (section 5.5). */
  backedOff(backoffs) {
    const factor = 2 ** Math.min(backoffs, 30);
    return Math.min(this.rtoUs * factor, this.#maxRtoUs);
  }
};

// src/tcp/send_buffer.ts
var SendBuffer = class {
  /** End of what the application has written, when last looked at. */
  end = 0;
  #shared;
  #table;
  #acked = new StreamCursor();
  #next = new StreamCursor();
  constructor(shared, table) {
    this.#shared = shared;
    this.#table = table;
  }
  /** Looks at how much the application has written. */
  refresh() {
    this.end = streamWritten(this.#shared);
  }
  /** Position up to which everything is acknowledged. */
  get acked() {
    return this.#acked.position;
  }
  /** Bytes that are not acknowledged, sent or not. */
  get held() {
    return this.end - this.#acked.position | 0;
  }
  /** The peer has acknowledged everything before `position`. */
  acknowledge(position) {
    const count = position - this.#acked.position | 0;
    if (count <= 0) return;
    this.#acked.skip(this.#shared, this.#table, count);
    if ((this.#next.position - position | 0) < 0) this.#next.copyFrom(this.#acked);
  }
  /** Lets the application have the acknowledged blocks back. */
  publish() {
    publishRead(this.#shared, this.#acked.position);
  }
  /**
   * Writes the places of the bytes from `position` on into `pieces` from index `at`, as pairs of offset
   * and length, and returns the index behind the last pair. The bytes must have been written.
   */
  gather(position, length, pieces, at) {
    const cursor = this.#next;
    if (cursor.position !== position) {
      cursor.copyFrom(this.#acked);
      cursor.skip(this.#shared, this.#table, position - cursor.position | 0);
    }
    let rest = length;
    while (rest > 0) {
      const count = cursor.span(this.#shared, this.#table, rest);
      pieces[at] = cursor.start(this.#shared, this.#table);
      pieces[at + 1] = count;
      at += 2;
      cursor.advance(count);
      rest -= count;
    }
    return at;
  }
};

// src/tcp/table.ts
var INITIAL_ROWS = 1024;
var NO_CONTROL_YET = new NoControl();
var ConnectionTable = class {
  #config;
  #layout;
  #memory;
  #isn;
  #random;
  #demux;
  #flowLabels;
  #sent = new SentSegmentPool();
  #rows = [];
  /** Rows that were used before and are free again. */
  #freeRows = [];
  #size = 0;
  constructor(parts) {
    this.#config = parts.config;
    this.#layout = parts.layout;
    this.#memory = parts.memory;
    this.#isn = parts.isn;
    this.#random = parts.random;
    const capacity = Math.min(INITIAL_ROWS, parts.layout.dimensions.connections);
    this.#demux = new Demultiplexer(capacity, parts.random.uint32(), parts.random.uint32());
    this.#flowLabels = new FlowLabels(parts.random);
  }
  /** Connections that hold a row. */
  get size() {
    return this.#size;
  }
  /** Rows that are in the tables, used or not; every row is below it. */
  get capacity() {
    return this.#demux.capacity;
  }
  /** Whether no row is left. */
  get isFull() {
    return this.#size >= this.#layout.dimensions.connections;
  }
  /** The connection in a row, or null. */
  get(row) {
    return this.#rows[row] ?? null;
  }
  /** All connections. */
  *all() {
    for (const conn of this.#rows) if (conn !== null) yield conn;
  }
  /** The connection that a segment from the peer belongs to, or null. */
  findFor(s) {
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, srcPort, dstPort } = s;
    return this.get(this.#demux.find(dst0, dst1, dst2, dst3, src0, src1, src2, src3, dstPort, srcPort));
  }
  /** The connection that sent a segment, or null. */
  findSender(s) {
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, srcPort, dstPort } = s;
    return this.get(this.#demux.find(src0, src1, src2, src3, dst0, dst1, dst2, dst3, srcPort, dstPort));
  }
  /** Whether no connection has this four-tuple with `localPort` in place of its own. */
  isFree(t, localPort) {
    const { local0, local1, local2, local3, remote0, remote1, remote2, remote3, remotePort } = t;
    const id = this.#demux.find(local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort);
    return id < 0;
  }
  /** A new connection in a free row. The table must not be full and the four-tuple must be free. */
  create(tuple, nowUs) {
    const id = this.#freeRows.pop() ?? this.#rows.length;
    if (id >= this.#demux.capacity) {
      this.#demux.grow(Math.min(2 * id, this.#layout.dimensions.connections));
    }
    const config = this.#config;
    const rtt = new RttEstimator(config.rtoInitialMs * 1e3, config.rtoMinMs * 1e3, config.rtoMaxMs * 1e3);
    const generation = this.#clearRow(id);
    const conn = new Connection(id, generation, this.#layout.rows, tuple, rtt, NO_CONTROL_YET);
    conn.receive = new ReceiveBuffer(this.#memory, this.#layout.receiveStream(id), config.receiveBufferInitialBytes, config.outOfOrderRanges);
    conn.send = new SendBuffer(this.#layout.sendStream(id), this.#layout.sendPool.table);
    conn.userTimeoutUs = config.userTimeoutMs * 1e3;
    conn.trafficClass = config.diffServ << 2;
    conn.hopLimit = config.hopLimit;
    conn.synRetries = config.synRetries;
    conn.finWait2Us = config.finWait2Ms * 1e3;
    conn.keepaliveIdleUs = config.keepaliveIdleMs * 1e3;
    conn.keepaliveIntervalUs = config.keepaliveIntervalMs * 1e3;
    conn.keepaliveProbes = config.keepaliveProbes;
    conn.lastReceivedAtUs = nowUs;
    this.#enter(conn, nowUs);
    return conn;
  }
  #clearRow(id) {
    const { words } = this.#layout;
    const row = this.#layout.row(id);
    const generation = words[row + Row.generation] + 1 | 0;
    words.fill(0, row, row + ROW_WORDS);
    words[row + Row.generation] = generation;
    words[row + Row.txHead] = NIL;
    return generation;
  }
  #enter(conn, nowUs) {
    const { local0, local1, local2, local3, remote0, remote1, remote2, remote3 } = conn;
    const { localPort, remotePort } = conn;
    this.#rows[conn.id] = conn;
    this.#size++;
    this.#demux.add(conn.id, local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort);
    const iss = this.#isn.next(local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort, nowUs);
    conn.loss = new LossRecovery(this.#sent, iss);
    setInitialNumber(conn, iss);
    conn.tsOffset = this.#random.uint32() | 0;
    conn.flowLabel = this.#flowLabels.of(conn);
  }
  /** The connection has ended: no segment finds it any more. It keeps its row. */
  unlist(conn) {
    conn.loss?.queue.clear();
    this.#demux.remove(conn.id);
  }
  /** Gives the row of an ended connection back. */
  remove(conn) {
    this.#rows[conn.id] = null;
    this.#freeRows.push(conn.id);
    this.#size--;
  }
};
function setInitialNumber(conn, iss) {
  conn.iss = iss;
  conn.sndUna = iss;
  conn.sndNxt = iss;
  conn.sndMax = iss;
  conn.sndSmall = iss;
  if (conn.loss !== null) {
    conn.loss.recover = iss;
    conn.loss.rackEnd = iss;
    conn.loss.rackForward = iss;
  }
}

// src/tcp/wheel.ts
var TICK_US = 256;
var DIGIT_BITS = 5;
var SLOTS_PER_LEVEL = 32;
var LEVELS = 6;
var TOP_LEVEL = LEVELS - 1;
var SLOT_NODES = LEVELS * SLOTS_PER_LEVEL;
var AHEAD_MAX_TICKS = (SLOTS_PER_LEVEL - 1) * SLOTS_PER_LEVEL ** TOP_LEVEL;
var NODE_BYTES = 16;
var NEXT4 = 2;
var PREV = 3;
var UNSCHEDULED = -1;
var TimerWheel = class {
  #capacity;
  #links;
  #deadlines;
  /** For each level, a bit for each slot that has timers. */
  #occupied = new Int32Array(LEVELS);
  /**
   * The wheel's own tick, in an array of one: a field would box each number beyond 32 bits, which is
   * garbage. No timer lies in a slot before it, and none above level 0 in a slot that it is in. It never
   * goes back, and it passes a slot only when that slot is empty.
   */
  #tick;
  #size = 0;
  /** A wheel for `capacity` timers that stands at the time `startUs`, in microseconds. */
  constructor(capacity, startUs) {
    const buffer = new ArrayBuffer((SLOT_NODES + capacity) * NODE_BYTES);
    this.#capacity = capacity;
    this.#links = new Int32Array(buffer);
    this.#deadlines = new Float64Array(buffer);
    this.#tick = Float64Array.of(Math.floor(startUs / TICK_US));
    for (let slot = 0; slot < SLOT_NODES; slot++) {
      this.#links[slot * 4 + NEXT4] = slot;
      this.#links[slot * 4 + PREV] = slot;
    }
    this.#clearFrom(0);
  }
  /** How many timers there may be. */
  get capacity() {
    return this.#capacity;
  }
  /** How many timers are scheduled. */
  get size() {
    return this.#size;
  }
  /**
   * Sets the timer of `id` to the time `atUs` in microseconds, from wherever it stood before. A time
   * that has passed is due at once; `Infinity` cancels. Throws a `RangeError` for an id that the wheel
   * has no place for, and for NaN.
   */
  schedule(id, atUs) {
    const node = this.#nodeOf(id);
    if (!(atUs < Infinity)) {
      if (atUs !== Infinity) throw new RangeError(`Timer ${id} cannot be scheduled at ${atUs}`);
      this.cancel(id);
      return;
    }
    const scheduled = this.#links[node * 4 + NEXT4] !== UNSCHEDULED;
    const before = scheduled ? this.#slotFor(node) : UNSCHEDULED;
    this.#deadlines[node * 2] = atUs;
    const slot = this.#slotFor(node);
    if (slot === before) return;
    if (scheduled) this.#unlink(node);
    else this.#size++;
    this.#link(node, slot);
  }
  /** Takes the timer of `id` off, if it is scheduled. */
  cancel(id) {
    const node = this.#nodeOf(id);
    if (this.#links[node * 4 + NEXT4] === UNSCHEDULED) return;
    this.#unlink(node);
    this.#links[node * 4 + NEXT4] = UNSCHEDULED;
    this.#size--;
  }
  /** Whether the timer of `id` is scheduled. */
  isScheduled(id) {
    return this.#links[this.#nodeOf(id) * 4 + NEXT4] !== UNSCHEDULED;
  }
  /** The time for which the timer of `id` is scheduled, in microseconds; `Infinity` when it is not. */
  deadline(id) {
    const node = this.#nodeOf(id);
    return this.#links[node * 4 + NEXT4] === UNSCHEDULED ? Infinity : this.#deadlines[node * 2];
  }
  /**
   * Takes off one timer that is due at `nowUs` and returns its id, or -1 when none is: call it until
   * then. Timers come in the order of their ticks, and within a tick in the order in which they came
   * into its slot. None comes before its deadline; each comes at the latest when `nowUs` is its deadline plus {@link TICK_US}.
   *
   * `Infinity` takes off all that are left, and the wheel's time stays at the last of them.
   *
   * Scheduling and cancelling between two calls is fine. What is then scheduled for a time that has
   * passed comes in the same loop, so a handler must not put itself back into the past each time.
   */
  expire(nowUs) {
    for (; ; ) {
      const level = this.#lowestLevel();
      const ahead2 = level < 0 ? 0 : this.#ticksAhead(level);
      const elapsed = Math.floor(nowUs / TICK_US) - this.#tick[0];
      if (level < 0 || !(ahead2 <= elapsed)) {
        if (elapsed > 0 && elapsed < Infinity) this.#tick[0] += elapsed;
        return -1;
      }
      this.#tick[0] += ahead2;
      const slot = slotAt(this.#tick[0] | 0, level);
      if (level > 0) {
        this.#cascade(slot);
        continue;
      }
      const id = this.#links[slot * 4 + NEXT4] - SLOT_NODES;
      this.cancel(id);
      return id;
    }
  }
  /**
   * The time in microseconds at which `expire` has something to do, `Infinity` when nothing is
   * scheduled. It may be early, by at most the length of a slot of the level in which the next timer
   * lies, and then `expire` returns -1 and the next answer is closer; it is never later than the time at
   * which `expire` would return the next timer.
   */
  nextExpiry() {
    const level = this.#lowestLevel();
    if (level < 0) return Infinity;
    const start = this.#tick[0] + this.#ticksAhead(level);
    if (level > 0 && level < TOP_LEVEL) {
      const slot = slotAt(start | 0, level);
      const first = this.#links[slot * 4 + NEXT4];
      if (first === this.#links[slot * 4 + PREV]) {
        return Math.ceil(this.#deadlines[first * 2] / TICK_US) * TICK_US;
      }
    }
    return start * TICK_US;
  }
  /** Makes room for `capacity` timers; what is scheduled stays so. A smaller capacity changes nothing. */
  grow(capacity) {
    const before = this.#capacity;
    if (capacity <= before) return;
    const buffer = new ArrayBuffer((SLOT_NODES + capacity) * NODE_BYTES);
    const links = new Int32Array(buffer);
    links.set(this.#links);
    this.#capacity = capacity;
    this.#links = links;
    this.#deadlines = new Float64Array(buffer);
    this.#clearFrom(before);
  }
  #clearFrom(firstId) {
    for (let node = SLOT_NODES + firstId; node < SLOT_NODES + this.#capacity; node++) {
      this.#links[node * 4 + NEXT4] = UNSCHEDULED;
    }
  }
  #nodeOf(id) {
    if (!(id >= 0 && id < this.#capacity)) {
      throw new RangeError(`Timer ${id} does not exist: ids go from 0 to ${this.#capacity - 1}`);
    }
    return SLOT_NODES + id;
  }
  /** The slot in which a timer belongs now, by its deadline. */
  #slotFor(node) {
    const ahead2 = Math.ceil(this.#deadlines[node * 2] / TICK_US) - this.#tick[0];
    const ticks = ahead2 <= 0 ? 0 : ahead2 >= AHEAD_MAX_TICKS ? AHEAD_MAX_TICKS : ahead2 | 0;
    const now = this.#tick[0] | 0;
    const tick = now + ticks | 0;
    const level = (31 - Math.clz32(tick ^ now | 1)) / DIGIT_BITS | 0;
    return slotAt(tick, level > TOP_LEVEL ? TOP_LEVEL : level);
  }
  #link(node, slot) {
    const links = this.#links;
    const last = links[slot * 4 + PREV];
    links[node * 4 + NEXT4] = slot;
    links[node * 4 + PREV] = last;
    links[last * 4 + NEXT4] = node;
    links[slot * 4 + PREV] = node;
    this.#occupied[slot >> DIGIT_BITS] |= 1 << (slot & SLOTS_PER_LEVEL - 1);
  }
  #unlink(node) {
    const links = this.#links;
    const next = links[node * 4 + NEXT4];
    const prev = links[node * 4 + PREV];
    links[next * 4 + PREV] = prev;
    links[prev * 4 + NEXT4] = next;
    if (next === prev) {
      this.#occupied[next >> DIGIT_BITS] &= ~(1 << (next & SLOTS_PER_LEVEL - 1));
    }
  }
  /** The lowest level that has timers, which has the next one; -1 when there are none. */
  #lowestLevel() {
    for (let level = 0; level < LEVELS; level++) {
      if (this.#occupied[level] !== 0) return level;
    }
    return -1;
  }
  /** How many ticks ahead the first occupied slot of `level` begins; the level must have one. */
  #ticksAhead(level) {
    const tick = this.#tick[0] | 0;
    const shift = level * DIGIT_BITS;
    const here = tick >>> shift & SLOTS_PER_LEVEL - 1;
    const bits = this.#occupied[level];
    const turned = bits >>> here | bits << SLOTS_PER_LEVEL - here;
    const slotsAhead = 31 - Math.clz32(turned & -turned);
    return (slotsAhead << shift) - (tick & (1 << shift) - 1);
  }
  /** Moves the timers of a slot that the tick has entered to where they belong now. */
  #cascade(slot) {
    const links = this.#links;
    let node = links[slot * 4 + NEXT4];
    links[slot * 4 + NEXT4] = slot;
    links[slot * 4 + PREV] = slot;
    this.#occupied[slot >> DIGIT_BITS] &= ~(1 << (slot & SLOTS_PER_LEVEL - 1));
    while (node !== slot) {
      const next = links[node * 4 + NEXT4];
      this.#link(node, this.#slotFor(node));
      node = next;
    }
  }
};
function slotAt(tick, level) {
  return level * SLOTS_PER_LEVEL + (tick >>> level * DIGIT_BITS & SLOTS_PER_LEVEL - 1);
}

// src/tcp/tcp.ts
var TIME_WAIT_LOOKS = 16;
var Tcp = class {
  config;
  counters;
  sink;
  mtu;
  listeners = new ListenerTable();
  #words;
  #events;
  #random;
  #handover;
  #table;
  #wheel;
  #dirty = [];
  #dirtyCount = 0;
  #pathMtus = new PathMtuCache();
  /** Connections in TIME-WAIT, the oldest first. */
  #timeWait = /* @__PURE__ */ new Set();
  constructor(parts) {
    this.config = parts.config;
    this.counters = parts.counters;
    this.sink = parts.sink;
    this.mtu = parts.sink.mtu;
    this.#words = parts.layout.words;
    this.#events = parts.events;
    this.#random = parts.random;
    this.#handover = parts.handover ?? null;
    this.#table = new ConnectionTable(parts);
    this.#wheel = new TimerWheel(this.#table.capacity, parts.nowUs);
  }
  /** Connections in any state, TIME-WAIT included. */
  get connectionCount() {
    return this.#table.size;
  }
  /** Connections in TIME-WAIT. */
  get timeWaitCount() {
    return this.#timeWait.size;
  }
  /** The connection in this row if it is still the one of that generation. */
  connection(row, generation) {
    const conn = this.#table.get(row);
    return conn?.generation === generation ? conn : null;
  }
  /** Takes one decoded segment in. */
  input(segment, nowUs) {
    this.counters.add(Counter.segmentsIn, segment.gsoSize > 0 ? Math.ceil(segment.payloadLength / segment.gsoSize) : 1);
    const conn = this.#table.findFor(segment);
    if (conn === null) {
      this.#onNoConnection(segment, nowUs);
      return;
    }
    const before = conn.state;
    let outcome = onSegment(conn, segment, nowUs, this);
    if (outcome === Outcome.reopen) {
      const { dst0, dst1, dst2, dst3, dstPort } = segment;
      const listener = this.listeners.find(dst0, dst1, dst2, dst3, dstPort);
      if (listener !== null && listener.hasRoom) {
        this.#reopen(conn, listener, segment, nowUs);
        return;
      }
      outcome = Outcome.challenge;
    }
    this.#act(conn, outcome, segment, nowUs);
    this.#settle(conn, before, nowUs);
  }
  /** Section 3.10.7.1 (CLOSED) and 3.10.7.2 (LISTEN). */
  #onNoConnection(segment, nowUs) {
    const { dst0, dst1, dst2, dst3, dstPort, flags } = segment;
    const isSyn = (flags & Flag.SYN) !== 0 && (flags & Flag.ACK) === 0;
    if (!isSyn && this.#handover !== null && this.#handover.offer(segment)) return;
    if ((flags & Flag.RST) !== 0) {
      this.counters.drop(Drop.tcpNoConnection);
      return;
    }
    const listener = this.listeners.find(dst0, dst1, dst2, dst3, dstPort);
    if (listener !== null && (flags & (Flag.SYN | Flag.ACK)) === 0) {
      this.counters.drop(Drop.tcpFlagsInvalid);
      return;
    }
    if (listener === null || !isSyn) {
      this.counters.drop(Drop.tcpNoConnection);
      sendResetFor(segment, this);
      return;
    }
    this.#onSyn(listener, segment, nowUs);
  }
  /** A new SYN for a connection in TIME-WAIT (RFC 9293 section 3.10.7.4, RFC 6191). */
  #reopen(old, listener, segment, nowUs) {
    const before = old.state;
    end(old, ConnectionError.none);
    this.#settle(old, before, nowUs);
    const conn = this.#onSyn(listener, segment, nowUs);
    const after = seqAdd(old.sndMax, REOPEN_GAP);
    if (conn !== null && seqLt(conn.iss, after)) setInitialNumber(conn, after);
  }
  /** A connection request for a listener. */
  #onSyn(listener, segment, nowUs) {
    if (!listener.hasRoom) {
      this.counters.drop(Drop.tcpBacklogFull);
      return null;
    }
    const conn = this.#create({
      local0: segment.dst0,
      local1: segment.dst1,
      local2: segment.dst2,
      local3: segment.dst3,
      remote0: segment.src0,
      remote1: segment.src1,
      remote2: segment.src2,
      remote3: segment.src3,
      localPort: segment.dstPort,
      remotePort: segment.srcPort
    }, nowUs);
    if (conn === null) {
      this.counters.drop(Drop.tcpConnectionLimit);
      return null;
    }
    conn.listener = listener;
    conn.mssClamp = listener.mssClamp;
    listener.handshakes++;
    conn.state = State.SYN_RECEIVED;
    conn.irs = segment.seq;
    conn.rcvNxt = seqAdd(segment.seq, 1);
    conn.rcvAdvertised = conn.rcvNxt;
    negotiate(conn, segment, this.config, this.mtu, nowUs);
    conn.sndWnd = segment.window;
    conn.sndWndMax = segment.window;
    conn.sndWl1 = segment.seq;
    this.#events.stateChanged(conn, State.LISTEN);
    this.#touch(conn);
    return conn;
  }
  /** Opens a connection actively; the answer comes as an event. `localPort` 0 picks one. */
  connect(request, tuple, nowUs) {
    let localPort = tuple.localPort;
    if (localPort === 0) {
      const isFree = (port) => !this.listeners.hasPort(port) && this.#table.isFree(tuple, port);
      localPort = ephemeralPort(this.#random, isFree);
    } else if (!this.#table.isFree(tuple, localPort)) {
      localPort = 0;
    }
    if (localPort === 0) {
      this.#events.connectFailed(request, ConnectionError.addressNotAvailable);
      return;
    }
    const conn = this.#create({
      ...tuple,
      localPort
    }, nowUs);
    if (conn === null) {
      this.counters.drop(Drop.tcpConnectionLimit);
      this.#events.connectFailed(request, ConnectionError.tooManyConnections);
      return;
    }
    this.counters.count(Counter.activeOpens);
    conn.owner = Owner.application;
    conn.request = request;
    conn.state = State.SYN_SENT;
    this.#events.stateChanged(conn, State.CLOSED);
    this.#touch(conn);
  }
  /** Forgets a `connect` that the application no longer waits for. */
  cancelConnect(request, nowUs) {
    for (const conn of this.#table.all()) {
      if (conn.request !== request) continue;
      const before = conn.state;
      conn.request = -1;
      conn.owner = Owner.none;
      if (before === State.SYN_RECEIVED) sendReset(conn, nowUs, this);
      abort(conn);
      this.#settle(conn, before, nowUs);
      return;
    }
  }
  /** Starts to listen. Returns the port, or a negative {@link ConnectionError}. */
  listen(id, address, port, backlog, ipv6Only = false) {
    let chosen = port;
    if (port === 0) {
      const isFree = (candidate) => !this.listeners.hasPort(candidate);
      chosen = ephemeralPort(this.#random, isFree);
      if (chosen === 0) return -ConnectionError.addressInUse;
    }
    const listener = new Listener2(id, address, chosen, backlog, ipv6Only);
    return this.listeners.add(listener) ? chosen : -ConnectionError.addressInUse;
  }
  /** Stops listening; handshakes in progress and connections that nobody accepted are reset. */
  unlisten(id, nowUs) {
    const listener = this.listeners.get(id);
    if (listener === void 0) return;
    this.listeners.remove(listener);
    for (const conn of this.#table.all()) {
      if (conn.listener !== listener || conn.owner !== Owner.listener) continue;
      const before = conn.state;
      sendReset(conn, nowUs, this);
      abort(conn);
      this.#settle(conn, before, nowUs);
    }
  }
  /** The application has accepted one connection of a listener. */
  acceptTaken(id) {
    const listener = this.listeners.get(id);
    if (listener !== void 0 && listener.waiting > 0) listener.waiting--;
  }
  /** The application has read or written. */
  onApplicationNews(conn, nowUs) {
    this.#touch(conn);
    if (conn.send !== null && !conn.finQueued) conn.send.refresh();
    if (conn.receive !== null && conn.owner === Owner.application) {
      conn.receive.reclaim();
      afterRead(conn, conn.receive.readPosition, nowUs, this.config);
    }
  }
  /** The application will write no more (section 3.10.4, for one direction). */
  closeWrite(conn, nowUs) {
    if (conn.finQueued) return;
    const before = conn.state;
    if (before !== State.ESTABLISHED && before !== State.CLOSE_WAIT) return;
    conn.send?.refresh();
    conn.finQueued = true;
    conn.state = before === State.ESTABLISHED ? State.FIN_WAIT_1 : State.LAST_ACK;
    this.#settle(conn, before, nowUs);
  }
  /** The application lets go of the connection (section 3.10.4). */
  close(conn, nowUs) {
    if (conn.owner !== Owner.application) return;
    const before = conn.state;
    const unread = conn.receive !== null && (conn.receive.stream.pending > 0 || conn.receive.outOfOrder !== null);
    conn.receive?.dispose();
    conn.owner = Owner.none;
    if (before === State.CLOSED) {
      this.#release(conn);
      return;
    }
    if (before === State.TIME_WAIT) {
      this.#detach(conn);
      return;
    }
    const opening = before === State.SYN_SENT || before === State.SYN_RECEIVED;
    if (unread || conn.lingerZero || opening) {
      this.#abort(conn, nowUs);
      return;
    }
    if (before === State.FIN_WAIT_2) conn.endAtUs = nowUs + conn.finWait2Us;
    this.closeWrite(conn, nowUs);
    this.#touch(conn);
  }
  /** The application ends the connection at once with an RST (section 3.10.5) and lets go of it. */
  abort(conn, nowUs) {
    if (conn.owner !== Owner.application) return;
    conn.lingerZero = true;
    this.close(conn, nowUs);
  }
  /** Resets every connection that still exchanges something, whoever holds it. */
  abortAll(nowUs) {
    for (const conn of this.#table.all()) {
      const over = conn.state === State.TIME_WAIT || conn.state === State.CLOSED;
      if (!over) this.#abort(conn, nowUs);
    }
  }
  #abort(conn, nowUs) {
    const before = conn.state;
    if (before !== State.TIME_WAIT && before !== State.SYN_SENT) sendReset(conn, nowUs, this);
    abort(conn);
    this.#settle(conn, before, nowUs);
  }
  /** Switches keepalive probes on or off. */
  setKeepAlive(conn, on, nowUs) {
    if (conn.state === State.CLOSED) return;
    conn.keepAlive = on;
    conn.keepaliveAtUs = on ? nowUs + conn.keepaliveIdleUs : Infinity;
    this.#touch(conn);
  }
  /** An ICMP error about a segment that this stack sent (RFC 5927, RFC 9293 section 3.9.2.2). */
  icmpError(segment, nowUs) {
    this.counters.count(Counter.icmpErrorsIn);
    const conn = this.#table.findSender(segment);
    if (conn === null || !seqInRange(segment.seq, conn.sndUna, conn.sndMax)) {
      this.counters.drop(Drop.icmpUnmatched);
      return;
    }
    const { icmpType, icmpCode } = segment;
    if (isFragmentationNeeded(icmpType, icmpCode)) {
      if (this.#pathMtus.onPacketTooBig(conn, segment.icmpMtu, nowUs, this)) this.#touch(conn);
      return;
    }
    const error = connectErrorOf(icmpType, icmpCode);
    if (conn.state !== State.SYN_SENT) {
      noteSoftError(conn, error);
      this.#touch(conn);
      return;
    }
    const before = conn.state;
    end(conn, error);
    this.#settle(conn, before, nowUs);
  }
  /** Runs every timer that is due. */
  expire(nowUs) {
    for (; ; ) {
      const id = this.#wheel.expire(nowUs);
      if (id < 0) return;
      const conn = this.#table.get(id);
      conn.wheelAtUs = Infinity;
      this.#touch(conn);
      updateDeadline(conn);
      if (conn.deadlineUs > nowUs) continue;
      const before = conn.state;
      const outcome = onTimer(conn, nowUs, this);
      this.#act(conn, outcome, null, nowUs);
      this.#settle(conn, before, nowUs);
    }
  }
  /** When the next timer is due, in microseconds; `Infinity` when none is. May be early, never late. */
  nextExpiry() {
    return this.#wheel.nextExpiry();
  }
  /** Lets every touched connection send and report. */
  flush(nowUs) {
    let blocked = 0;
    for (let i = 0; i < this.#dirtyCount; i++) {
      const conn = this.#dirty[i];
      conn.dirty = false;
      conn.blocked = false;
      if (this.#table.get(conn.id) !== conn) continue;
      output(conn, nowUs, this);
      this.#arm(conn);
      if (conn.receive !== null && conn.owner !== Owner.none) conn.receive.publish();
      conn.send?.publish();
      if (conn.owner !== Owner.listener && conn.request < 0) this.#report(conn);
      if (conn.blocked) this.#dirty[blocked++] = conn;
      conn.dirty = conn.blocked;
    }
    this.#dirtyCount = blocked;
  }
  #report(conn) {
    if (conn.send === null) return;
    reportProgress(this.#words, conn);
    this.#events.progressed(conn);
    if (conn.finReceived) this.#words[conn.row + Row.rxFinished] = 1;
    if (conn.news === News.none) return;
    this.#events.news(conn, conn.news === News.loud);
    conn.news = News.none;
  }
  #arm(conn) {
    updateDeadline(conn);
    if (conn.deadlineUs >= conn.wheelAtUs) return;
    conn.wheelAtUs = conn.deadlineUs;
    this.#wheel.schedule(conn.id, conn.deadlineUs);
  }
  #touch(conn) {
    if (conn.dirty) return;
    conn.dirty = true;
    this.#dirty[this.#dirtyCount++] = conn;
  }
  /** Does what the state machine asked for. */
  #act(conn, outcome, segment, nowUs) {
    switch (outcome) {
      case Outcome.none:
        return;
      case Outcome.ack:
        return sendAck(conn, nowUs, this);
      case Outcome.challenge:
        return this.#challenge(conn, nowUs);
      case Outcome.reset:
        return sendResetFor(segment, this);
      case Outcome.abort:
        return sendReset(conn, nowUs, this);
      case Outcome.synAck:
        return sendSyn(conn, nowUs, this);
      case Outcome.retransmit:
        return sendOldest(conn, nowUs, this);
      case Outcome.lossProbe:
        return sendLossProbe(conn, nowUs, this);
      case Outcome.probe:
        return sendProbe(conn, nowUs, this);
      case Outcome.keepalive:
        return sendKeepalive(conn, nowUs, this);
    }
  }
  /** RFC 5961 section 7: limited for each connection by itself, so that nothing can be learned of others. */
  #challenge(conn, nowUs) {
    if (nowUs - conn.lastChallengeAtUs < this.config.challengeAckMs * 1e3) {
      this.counters.drop(Drop.rateLimited);
      return;
    }
    conn.lastChallengeAtUs = nowUs;
    this.counters.count(Counter.challengeAcks);
    sendAck(conn, nowUs, this);
  }
  /** Draws the consequences of a change of state. */
  #settle(conn, before, nowUs) {
    this.#touch(conn);
    const { state } = conn;
    if (state === before) return;
    this.#events.stateChanged(conn, before);
    const opening = before === State.SYN_SENT || before === State.SYN_RECEIVED;
    if (opening && state !== State.SYN_RECEIVED) this.#settleOpening(conn, nowUs);
    if (state === State.TIME_WAIT) this.#enterTimeWait(conn, nowUs);
    if (state === State.CLOSED) this.#finish(conn);
  }
  #settleOpening(conn, nowUs) {
    const { listener, request } = conn;
    if (listener !== null) {
      listener.handshakes--;
      if (conn.state === State.CLOSED) {
        this.counters.count(Counter.failedOpens);
        return;
      }
      this.counters.count(Counter.passiveOpens);
      listener.waiting++;
      conn.owner = Owner.application;
      reportAddresses(this.#words, conn);
      reportProgress(this.#words, conn);
      this.#events.accepted(listener, conn);
      return;
    }
    if (request < 0) return;
    conn.request = -1;
    if (conn.state === State.CLOSED) {
      this.counters.count(Counter.failedOpens);
      conn.owner = Owner.none;
      this.#events.connectFailed(request, conn.error);
      return;
    }
    reportAddresses(this.#words, conn);
    reportProgress(this.#words, conn);
    conn.lastReceivedAtUs = nowUs;
    this.#events.connected(request, conn);
  }
  #enterTimeWait(conn, nowUs) {
    if (this.config.maxTimeWait === 0) {
      end(conn, ConnectionError.none);
      this.#settle(conn, State.TIME_WAIT, nowUs);
      return;
    }
    if (this.#timeWait.size >= this.config.maxTimeWait) this.#giveUpOldestTimeWait(nowUs);
    this.#timeWait.add(conn.id);
    if (conn.owner === Owner.none) this.#detach(conn);
  }
  #giveUpOldestTimeWait(nowUs) {
    for (const id of this.#timeWait) {
      this.#giveUpTimeWait(this.#table.get(id), nowUs);
      return;
    }
  }
  /** The same for the sake of a row, which one that the application still holds would not free. */
  #freeTimeWaitRow(nowUs) {
    let looks = TIME_WAIT_LOOKS;
    for (const id of this.#timeWait) {
      const conn = this.#table.get(id);
      if (conn.owner === Owner.none) {
        this.#giveUpTimeWait(conn, nowUs);
        return;
      }
      if (--looks === 0) return;
    }
  }
  #giveUpTimeWait(conn, nowUs) {
    this.counters.drop(Drop.tcpTimeWaitLimit);
    end(conn, ConnectionError.none);
    this.#settle(conn, State.TIME_WAIT, nowUs);
  }
  /** The application has nothing more to do with a connection that goes on for a while. */
  #detach(conn) {
    if (conn.send === null) return;
    conn.send.publish();
    conn.send = null;
    conn.receive?.dispose();
    conn.receive = null;
    this.#events.ended(conn);
  }
  /** The connection has reached CLOSED. */
  #finish(conn) {
    this.#table.unlist(conn);
    this.#wheel.cancel(conn.id);
    conn.wheelAtUs = Infinity;
    this.#timeWait.delete(conn.id);
    if (conn.owner !== Owner.application) this.#release(conn);
  }
  #release(conn) {
    const known = conn.owner === Owner.none && conn.send !== null;
    conn.receive?.dispose();
    conn.receive = null;
    conn.send?.publish();
    conn.send = null;
    this.#table.remove(conn);
    if (known) this.#events.ended(conn);
  }
  /** A new connection in a free row, or null when there is none. */
  #create(tuple, nowUs) {
    if (this.#table.isFull) this.#freeTimeWaitRow(nowUs);
    if (this.#table.isFull) return null;
    const conn = this.#table.create(tuple, nowUs);
    this.#pathMtus.apply(conn, nowUs);
    if (conn.id >= this.#wheel.capacity) this.#wheel.grow(this.#table.capacity);
    return conn;
  }
  /** All connections, for an orderly end of the stack. */
  all() {
    return this.#table.all();
  }
};
var REOPEN_GAP = 65537;

// src/pipeline/application_link.ts
var ApplicationLink = class {
  /** Where to record changes, when somebody looks. */
  trace = null;
  /** The application may be waiting for what was written since the last `publish`. */
  #loud = false;
  #ring;
  /** Places that must stay free for the rows. */
  #reserved;
  #words;
  constructor(layout) {
    this.#ring = new RingProducer(layout.events);
    this.#reserved = layout.rowEvents;
    this.#words = layout.words;
  }
  /** Whether a command can be obeyed, whose answer needs a place beside those of the rows. */
  get hasRoom() {
    return this.#ring.room > this.#reserved;
  }
  accepted(listener, conn) {
    this.#loud = true;
    this.#write(Event.accepted, conn.id, conn.generation, listener.id, 0);
  }
  connected(request, conn) {
    this.#loud = true;
    this.#write(Event.connected, conn.id, conn.generation, request, 0);
  }
  connectFailed(request, error) {
    this.#loud = true;
    this.#write(Event.connectFailed, -1, 0, request, error);
  }
  news(conn, loud) {
    if (loud) this.#loud = true;
    if (Atomics.exchange(this.#words, conn.row + Row.newsForApp, 1) === 0) {
      this.#write(Event.news, conn.id, conn.generation, 0, 0);
    }
  }
  ended(conn) {
    this.#write(Event.ended, conn.id, conn.generation, 0, 0);
  }
  stateChanged(conn, before) {
    this.trace?.state(conn, before);
  }
  progressed(conn) {
    this.trace?.progress(conn);
  }
  /** All connections have ended after a `shutdown`. */
  stopped() {
    this.#loud = true;
    this.#write(Event.stopped, -1, 0, 0, 0);
  }
  /** Shows the records to the application and says how soon it has to look at them. */
  publish() {
    const any = this.#ring.publish();
    const loud = this.#loud;
    this.#loud = false;
    return loud ? News.loud : any ? News.quiet : News.none;
  }
  #write(op, row, generation, name, value) {
    const at = this.#ring.claim();
    if (at < 0) throw new Error("The event ring is full, which its size should make impossible");
    const { words } = this.#ring;
    words[at + Field.op] = op;
    words[at + Field.row] = row;
    words[at + Field.generation] = generation;
    words[at + Field.request] = name;
    words[at + Field.value] = value;
    this.#ring.push();
  }
};

// src/pipeline/handover.ts
var HandoverInbox = class {
  /** How many pipelines have seen the frame that `next` gave. */
  seen = 0;
  #layout;
  #ring;
  #input;
  #counters;
  constructor(layout, virtioHeader, settings, counters) {
    this.#layout = layout;
    this.#ring = new RingConsumer(layout.handover);
    this.#input = new PacketInput({
      virtioHeader,
      addresses: settings.addresses
    });
    this.#counters = counters;
  }
  /** Whether a frame waits. */
  get hasNext() {
    return this.#ring.hasNext();
  }
  /**
   * Decodes the next frame and returns its kind, or -1 when none waits. Its payload stays in place
   * until the call after this one.
   */
  next(segment) {
    this.#ring.release();
    const at = this.#ring.next();
    if (at < 0) return -1;
    const { words } = this.#ring;
    const offset = frameOffset(this.#layout, at);
    const kind = this.#input.decode(this.#layout.memory, offset, words[at], segment);
    if (kind === InputKind.dropped) this.#counters.drop(this.#input.reason);
    this.seen = words[at + 1];
    return kind;
  }
};
function frameOffset(layout, at) {
  const index = (at - layout.handover.records) / HANDOVER_WORDS;
  return layout.handoverFrames + index * SLOT_BYTES + SLOT_HEADROOM;
}

// src/ip/output.ts
var ChecksumMode = {
  /** Nobody: frames that the stack sends to itself. The field is zero. */
  none: 0,
  /** The caller, with {@link finishTcpChecksum} once it knows the payload's sum. */
  full: 1,
  /** The device: a virtio-net header comes first, and the field holds the pseudo-header's sum. */
  virtioPartial: 2
};
function writePacket(memory, offset, segment, payloadLength, identification, checksum) {
  const view = memory.view;
  const ip = checksum === ChecksumMode.virtioPartial ? offset + VIRTIO_HEADER_BYTES : offset;
  const isIpv42 = isIpv4Words(segment.dst0, segment.dst1, segment.dst2);
  const ipHeaderLength = isIpv42 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  const tcp = ip + ipHeaderLength;
  const tcpHeaderLength = writeTcpHeader(view, tcp, segment);
  const tcpLength = tcpHeaderLength + payloadLength;
  if (isIpv42) writeHeader4(view, ip, segment, Protocol.tcp, tcpLength, identification);
  else writeHeader6(view, ip, segment, Protocol.tcp, tcpLength);
  if (checksum === ChecksumMode.virtioPartial) {
    const pseudo = isIpv42 ? pseudoHeaderSum4(segment.src3, segment.dst3, Protocol.tcp, tcpLength) : pseudoHeaderSum6(view, ip, Protocol.tcp, tcpLength);
    view.setUint16(tcp + TcpField.checksum, pseudo);
    writeOffload(view, offset, segment, payloadLength, ipHeaderLength, tcpHeaderLength);
  }
  return ip - offset + ipHeaderLength + tcpHeaderLength;
}
function writeHeader4(view, ip, segment, protocol, length, identification) {
  const totalLength = IPV4_HEADER_BYTES + length;
  if (totalLength > IPV4_TOTAL_MAX_BYTES) throw datagramTooLong(totalLength, "IPv4");
  writeIpv4Header(view, ip, segment.trafficClass, totalLength, identification, segment.hopLimit === 0 ? DEFAULT_HOP_LIMIT : segment.hopLimit, protocol, segment.src3, segment.dst3);
}
function writeHeader6(view, ip, segment, protocol, length) {
  if (length > IPV6_PAYLOAD_MAX_BYTES) throw datagramTooLong(IPV6_HEADER_BYTES + length, "IPv6");
  writeIpv6Header(view, ip, segment.trafficClass, segment.flowLabel, length, protocol, segment.hopLimit === 0 ? DEFAULT_HOP_LIMIT : segment.hopLimit, segment.src0, segment.src1, segment.src2, segment.src3, segment.dst0, segment.dst1, segment.dst2, segment.dst3);
}
function writeOffload(view, offset, segment, payloadLength, ipHeaderLength, tcpHeaderLength) {
  let gsoType = VirtioGso.none;
  let gsoSize = 0;
  let headerLength = 0;
  if (segment.gsoSize > 0 && payloadLength > segment.gsoSize) {
    gsoSize = segment.gsoSize;
    gsoType = ipHeaderLength === IPV4_HEADER_BYTES ? VirtioGso.tcp4 : VirtioGso.tcp6;
    if ((segment.flags & Flag.CWR) !== 0) gsoType |= VirtioGso.ecn;
    headerLength = ipHeaderLength + tcpHeaderLength;
  }
  const { checksum } = TcpField;
  writeVirtioPartial(view, offset, gsoType, headerLength, gsoSize, ipHeaderLength, checksum);
}
function finishTcpChecksum(view, ipOffset, headerBytes2, payloadSum) {
  const isIpv42 = view.getUint8(ipOffset) >>> 4 === 4;
  const tcp = ipOffset + (isIpv42 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
  const tcpLength = isIpv42 ? view.getUint16(ipOffset + Ipv4Field.totalLength) - IPV4_HEADER_BYTES : view.getUint16(ipOffset + Ipv6Field.payloadLength);
  const rest = payloadSum + Protocol.tcp + tcpLength;
  const source = ipOffset + (isIpv42 ? Ipv4Field.source : Ipv6Field.source);
  view.setUint16(tcp + TcpField.checksum, 0);
  const sum = checksumAdd(view, source, ipOffset + headerBytes2 - source, rest);
  view.setUint16(tcp + TcpField.checksum, checksumFold(sum));
}
var reply = new Segment();
function writeEchoReply(memory, offset, request, virtioHeader) {
  const view = memory.view;
  const messageLength = request.payloadLength;
  const ip = virtioHeader ? offset + VIRTIO_HEADER_BYTES : offset;
  const isIpv42 = isIpv4Words(request.dst0, request.dst1, request.dst2);
  const icmp = ip + (isIpv42 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
  turnAround(request);
  memory.copy(icmp, request.payloadOffset, messageLength);
  if (virtioHeader) writeVirtioPlain(view, offset);
  if (isIpv42) {
    writeHeader4(view, ip, reply, Protocol.icmp, messageLength, 0);
    view.setUint8(icmp + IcmpField.type, IcmpType.echoReply);
    writeIcmpChecksum(view, icmp, messageLength);
  } else {
    writeHeader6(view, ip, reply, Ipv6Next.icmp, messageLength);
    view.setUint8(icmp + IcmpField.type, Icmp6Type.echoReply);
    view.setUint16(icmp + IcmpField.checksum, 0);
    const sum = transportChecksum6(view, ip, Ipv6Next.icmp, icmp, messageLength);
    view.setUint16(icmp + IcmpField.checksum, sum);
  }
  return icmp - offset + messageLength;
}
function turnAround(request) {
  reply.src0 = request.dst0;
  reply.src1 = request.dst1;
  reply.src2 = request.dst2;
  reply.src3 = request.dst3;
  reply.dst0 = request.src0;
  reply.dst1 = request.src1;
  reply.dst2 = request.src2;
  reply.dst3 = request.src3;
  reply.trafficClass = request.trafficClass;
}
function datagramTooLong(length, family) {
  const most = family === "IPv4" ? IPV4_TOTAL_MAX_BYTES : IPV6_HEADER_BYTES + IPV6_PAYLOAD_MAX_BYTES;
  return new RangeError(`Cannot write an ${family} datagram of ${length} bytes: the most is ${most}`);
}

// src/pipeline/egress.ts
var SUPER_BYTES = 65535 - 80;
var MAX_PIECES = 64;
var LOOPBACK_PACKETS = 32;
var LOOPBACK_DATA_PACKETS = 16;
var Egress = class {
  /** Where the device does not cut super-segments, the egress does: the state machine runs once for many frames. */
  superBytes = SUPER_BYTES;
  mtu;
  pieces = new Int32Array(2 * MAX_PIECES);
  /** Where to record what is sent, when somebody looks. */
  trace = null;
  /** The pieces of one frame that is cut out of a super-segment. */
  #cut = new Int32Array(2 * MAX_PIECES);
  #device;
  #memory;
  #counters;
  #headers;
  #slots;
  #own;
  /** Pairs of (slot, length), a queue in an array. */
  #loopback = new Int32Array(2 * LOOPBACK_PACKETS);
  #loopbackHead = 0;
  #loopbackTail = 0;
  #identification = 0;
  constructor(device, layout, slots, counters, addresses) {
    this.#device = device;
    this.#memory = layout.memory;
    this.#headers = layout.headers;
    this.#slots = slots;
    this.#counters = counters;
    this.#own = new OwnAddresses(addresses, true);
    this.mtu = device.mtu;
  }
  hasRoom(remote) {
    const waiting = this.#loopbackTail - this.#loopbackHead;
    if (waiting < LOOPBACK_DATA_PACKETS) return true;
    const { remote0, remote1, remote2, remote3 } = remote;
    return !this.#isOwn(remote0, remote1, remote2, remote3);
  }
  send(segment, end2) {
    const isOwn = this.#isOwn(segment.dst0, segment.dst1, segment.dst2, segment.dst3);
    if (segment.gsoSize > 0 && !isOwn && !this.#device.virtioHeader) {
      this.#sendInFrames(segment);
      return;
    }
    if (isOwn) this.#loopBack(segment, end2);
    else if (this.#device.virtioHeader) this.#sendForOffload(segment, end2);
    else this.#sendComplete(segment, this.pieces, end2);
  }
  /** Answers an ICMP echo request that lies in its frame slot. */
  sendEchoReply(request) {
    const descriptor = this.#slots.slots.take();
    if (descriptor === NIL) {
      this.#counters.drop(Drop.loopbackFull);
      return;
    }
    const start = this.#startOf(descriptor);
    const length = writeEchoReply(this.#memory, start, request, this.#device.virtioHeader);
    this.pieces[0] = start;
    this.pieces[1] = length;
    this.#counters.count(Counter.icmpEchoReplies);
    this.#transmit(this.pieces, FIRST_PIECE, 0);
    this.#slots.slots.give(descriptor);
  }
  /** The next packet that the stack sent to itself: its slot, or {@link NIL}. */
  takeLoopback() {
    if (this.#loopbackHead === this.#loopbackTail) return NIL;
    return this.#loopback[2 * (this.#loopbackHead % LOOPBACK_PACKETS)];
  }
  /** Length in bytes of the packet that `takeLoopback` named, which is thereby taken. */
  loopbackLength() {
    const length = this.#loopback[2 * (this.#loopbackHead % LOOPBACK_PACKETS) + 1];
    this.#loopbackHead++;
    return length;
  }
  /** Whether packets to the stack itself wait. */
  get hasLoopback() {
    return this.#loopbackHead !== this.#loopbackTail;
  }
  #isOwn(w0, w1, w2, w3) {
    return isIpv4Words(w0, w1, w2) ? this.#own.has4(w3) : this.#own.has6(w0, w1, w2, w3);
  }
  #sendForOffload(segment, end2) {
    const { pieces } = this;
    this.#identification = this.#identification + 1 & 65535;
    pieces[0] = this.#headers;
    pieces[1] = writePacket(this.#memory, this.#headers, segment, segment.payloadLength, this.#identification, ChecksumMode.virtioPartial);
    this.trace?.segment(TraceKind.segmentOut, segment, this.#headers + VIRTIO_HEADER_BYTES, pieces[1] - VIRTIO_HEADER_BYTES);
    this.#transmit(pieces, end2, segment.payloadLength);
  }
  /** Sends one frame whose payload is `pieces` up to index `end`. */
  #sendComplete(segment, pieces, end2) {
    pieces[0] = this.#headers;
    pieces[1] = writePacket(this.#memory, this.#headers, segment, segment.payloadLength, 0, ChecksumMode.full);
    let sum = 0;
    let position = 0;
    for (let i = FIRST_PIECE; i < end2; i += 2) {
      sum = checksumAddPiece(this.#memory, pieces[i], pieces[i + 1], sum, position);
      position += pieces[i + 1];
    }
    finishTcpChecksum(this.#memory.view, this.#headers, pieces[1], sum);
    this.trace?.segment(TraceKind.segmentOut, segment, this.#headers, pieces[1]);
    this.#transmit(pieces, end2, segment.payloadLength);
  }
  /**
   * Cuts a super-segment into frames of `gsoSize` bytes of payload, as a device with segmentation offload would: PSH
   * and FIN go with the last one. The segment is lent out in the form of each, and has its own again in the end.
   */
  #sendInFrames(segment) {
    const { seq, flags, payloadLength, gsoSize } = segment;
    const { pieces } = this;
    const cut = this.#cut;
    let piece = FIRST_PIECE;
    let used2 = 0;
    segment.gsoSize = 0;
    for (let sent = 0; sent < payloadLength; sent += gsoSize) {
      const length = Math.min(gsoSize, payloadLength - sent);
      let end2 = FIRST_PIECE;
      for (let missing = length; missing > 0; end2 += 2) {
        const count = Math.min(missing, pieces[piece + 1] - used2);
        cut[end2] = pieces[piece] + used2;
        cut[end2 + 1] = count;
        missing -= count;
        used2 += count;
        if (used2 === pieces[piece + 1]) {
          piece += 2;
          used2 = 0;
        }
      }
      segment.seq = seqAdd(seq, sent);
      segment.payloadLength = length;
      segment.flags = sent + length === payloadLength ? flags : flags & ~(Flag.PSH | Flag.FIN);
      if (sent > 0) segment.flags &= ~Flag.CWR;
      this.#sendComplete(segment, cut, end2);
    }
    segment.seq = seq;
    segment.flags = flags;
    segment.payloadLength = payloadLength;
    segment.gsoSize = gsoSize;
  }
  /** Sends a frame: its headers, and `payloadLength` bytes in the pieces up to index `end`. */
  #transmit(pieces, end2, payloadLength) {
    const outcome = this.#device.send(this.#memory.bytes, pieces, end2 >> 1);
    if (outcome === SendOutcome.sent) {
      this.#counters.count(Counter.framesOut);
      this.#counters.add(Counter.frameBytesOut, pieces[1] + payloadLength);
    } else {
      this.#counters.drop(Drop.deviceSendFailed);
    }
  }
  /** Puts a packet into a frame slot as if it had come from the device. */
  #loopBack(segment, end2) {
    const full = this.#loopbackTail - this.#loopbackHead >= LOOPBACK_PACKETS;
    const descriptor = full ? NIL : this.#slots.slots.take();
    if (descriptor === NIL) {
      this.#counters.drop(Drop.loopbackFull);
      return;
    }
    const start = this.#startOf(descriptor);
    let length = writePacket(this.#memory, start, segment, segment.payloadLength, 0, ChecksumMode.none);
    this.trace?.segment(TraceKind.segmentOut, segment, start, length);
    const { pieces } = this;
    for (let i = FIRST_PIECE; i < end2; i += 2) {
      this.#memory.copy(start + length, pieces[i], pieces[i + 1]);
      length += pieces[i + 1];
    }
    const at = 2 * (this.#loopbackTail % LOOPBACK_PACKETS);
    this.#loopback[at] = descriptor;
    this.#loopback[at + 1] = length;
    this.#loopbackTail++;
  }
  #startOf(descriptor) {
    const { words, table } = this.#slots.slots;
    return words[table + descriptor * DESCRIPTOR_WORDS + START];
  }
};

// src/pipeline/slots.ts
var ADOPT_MIN_BYTES = 8192;
var SLOTS_FOR_INPUT = 64;
var ReceiveSlots = class {
  area;
  pool;
  copier;
  /** Frame slots that are neither on their way in nor held by unread bytes. */
  slots;
  #adoptLimit;
  #adopted = 0;
  constructor(layout) {
    this.area = layout.memory;
    this.pool = new BlockPool(layout.receivePool);
    this.copier = new ArrayCopier(this.area.bytes);
    this.slots = new BlockPool(layout.slotPool);
    this.#adoptLimit = Math.max(0, layout.dimensions.slots - SLOTS_FOR_INPUT);
  }
  get shareBytes() {
    return this.pool.shareBytes;
  }
  adoptFrame(segment, offset, length) {
    const slot = segment.slot;
    if (length < ADOPT_MIN_BYTES || slot === NIL || this.#adopted >= this.#adoptLimit) return NIL;
    const { words, table } = this.slots;
    const at = table + slot * DESCRIPTOR_WORDS;
    words[at + START] = offset;
    words[at + LENGTH] = length;
    words[at + NEXT] = NIL;
    words[at + ROOM] = 0;
    segment.slot = NIL;
    this.#adopted++;
    return slot;
  }
  release(descriptor) {
    if (this.slots.owns(descriptor)) {
      this.#adopted--;
      this.slots.give(descriptor);
    } else {
      this.pool.give(descriptor);
    }
  }
  /** Takes the frame of a segment that is done with back, unless somebody kept it. */
  recycle(segment) {
    if (segment.slot === NIL) return;
    this.slots.give(segment.slot);
    segment.slot = NIL;
  }
  /** Bytes of the blocks and slots that hold unread bytes. */
  get heldBytes() {
    const blocks = this.pool.count - this.pool.free;
    return blocks * this.pool.blockBytes + this.#adopted * this.slots.blockBytes;
  }
};

// src/pipeline/tcp_stage.ts
var LOOPBACK_PER_ROUND = 256;
var TIDY_DELAY_US = 5e4;
var TcpStage = class {
  slots;
  counters;
  #tcp;
  #egress;
  #link;
  #writer;
  /** The writer while somebody looks. */
  #trace = null;
  #commands;
  #appBell;
  #layout;
  #handover;
  #inbox;
  #loopbackInput;
  #loopbackSegment = new Segment();
  #shuttingDown = false;
  /** When the application is to be woken for quiet news; `Infinity` when there are none. */
  #tidyAtUs = Infinity;
  constructor(parts) {
    const { layout, settings } = parts;
    this.#layout = layout;
    this.counters = layout.tcpCounters;
    this.slots = new ReceiveSlots(layout);
    this.#writer = new TraceWriter(layout.trace, this.counters, parts.clock.originUs);
    this.#link = new ApplicationLink(layout);
    this.#egress = new Egress(parts.device, layout, this.slots, this.counters, settings.addresses);
    this.#commands = new RingConsumer(layout.commands);
    this.#appBell = parts.appBell ?? new Bell(layout.words, Control.appBell);
    this.#loopbackInput = new PacketInput({
      virtioHeader: false,
      addresses: settings.addresses,
      loopback: true
    });
    this.#handover = parts.handover ?? null;
    this.#inbox = new HandoverInbox(layout, parts.device.virtioHeader, settings, this.counters);
    this.#tcp = new Tcp({
      config: settings.config,
      layout,
      counters: this.counters,
      memory: this.slots,
      sink: this.#egress,
      events: this.#link,
      isn: parts.isn ?? new IsnGenerator(parts.random),
      random: parts.random,
      nowUs: parts.clock.now(),
      handover: parts.handover
    });
    if (settings.traced) layout.words[layout.control + Control.trace] |= Traced.segments;
  }
  /** Whether there is something to do besides segments from the device. */
  get hasWork() {
    return this.#commands.hasNext() || this.#egress.hasLoopback || this.#inbox.hasNext;
  }
  /** When `run` is due without anything having come in, in microseconds; `Infinity` when it is not. */
  nextExpiry() {
    return Math.min(this.#tcp.nextExpiry(), this.#tidyAtUs);
  }
  /** Takes one decoded packet in and gives its frame back. */
  input(kind, segment, nowUs) {
    this.#takeCommands(nowUs);
    this.#followViewers(nowUs);
    switch (kind) {
      case InputKind.tcp:
        if (this.#trace !== null) this.#traceInput(this.#trace, segment);
        if ((segment.flags & Flag.SYN) !== 0) this.#takeCommands(nowUs);
        this.#tcp.input(segment, nowUs);
        break;
      case InputKind.icmpEcho:
        this.#egress.sendEchoReply(segment);
        break;
      case InputKind.icmpError:
        this.#tcp.icmpError(segment, nowUs);
        break;
    }
    this.slots.recycle(segment);
  }
  /**
   * Does everything that is not input: commands, timers, output, news for the application. True when the
   * application had commands.
   */
  run(nowUs) {
    this.#followViewers(nowUs);
    const commanded = this.#takeCommands(nowUs);
    if (this.#inbox.hasNext) this.#takeHandedOver(nowUs);
    this.#tcp.expire(nowUs);
    this.#tcp.flush(nowUs);
    for (let i = 0; i < LOOPBACK_PER_ROUND && this.#takeLoopback(nowUs); i++) {
      if (!this.#egress.hasLoopback) this.#tcp.flush(nowUs);
    }
    if (this.#shuttingDown) this.#reportStopped();
    this.counters.set(Counter.connectionsNow, this.#tcp.connectionCount);
    this.counters.set(Counter.timeWaitNow, this.#tcp.timeWaitCount);
    this.counters.set(Counter.receiveMemoryNow, this.slots.heldBytes);
    this.#wakeApplication(nowUs);
    return commanded;
  }
  /**
   * Wakes the application for what it may be waiting for at once, and for what it only has to tidy up, such
   * as memory of acknowledged bytes, when nothing else has woken it in time.
   */
  #wakeApplication(nowUs) {
    let news = this.#link.publish();
    if (this.#trace !== null && this.#trace.publish()) news = News.loud;
    if (news === News.loud || nowUs >= this.#tidyAtUs) {
      this.#tidyAtUs = Infinity;
      this.#appBell.ring();
    } else if (news === News.quiet && this.#tidyAtUs === Infinity) {
      this.#tidyAtUs = nowUs + TIDY_DELAY_US;
    }
  }
  /** Writes a trace while somebody looks, and only then. */
  #followViewers(nowUs) {
    const { words, control } = this.#layout;
    const traced = words[control + Control.trace];
    const writer = this.#writer;
    writer.nowUs = nowUs;
    if (writer.traced === traced) return;
    writer.traced = traced;
    this.#trace = traced === Traced.nothing ? null : writer;
    this.#egress.trace = this.#trace;
    this.#link.trace = this.#trace;
  }
  #traceInput(trace, segment) {
    const { bytes } = this.#layout.memory;
    let start = segment.frameOffset;
    if (bytes[start] >>> 4 === 0) start += VIRTIO_HEADER_BYTES;
    trace.segment(TraceKind.segmentIn, segment, start, segment.payloadOffset - start);
  }
  #takeLoopback(nowUs) {
    const slot = this.#egress.takeLoopback();
    if (slot === NIL) return false;
    const length = this.#egress.loopbackLength();
    const { words, table } = this.slots.slots;
    const start = words[table + slot * DESCRIPTOR_WORDS + START];
    const segment = this.#loopbackSegment;
    const kind = this.#loopbackInput.decode(this.#layout.memory, start, length, segment);
    segment.slot = slot;
    if (kind === InputKind.dropped) this.counters.drop(this.#loopbackInput.reason);
    this.input(kind, segment, nowUs);
    return true;
  }
  /** Takes in frames that another queue's pipeline has found no connection for. */
  #takeHandedOver(nowUs) {
    const segment = this.#loopbackSegment;
    for (let kind = this.#inbox.next(segment); kind >= 0; kind = this.#inbox.next(segment)) {
      this.#handover.seen = this.#inbox.seen;
      this.input(kind, segment, nowUs);
      this.#handover.seen = 0;
    }
  }
  #takeCommands(nowUs) {
    const { words } = this.#commands;
    let obeyed = false;
    while (this.#commands.hasNext()) {
      if (!this.#link.hasRoom) {
        this.#tidyAtUs = nowUs;
        break;
      }
      this.#obey(words, this.#commands.next(), nowUs);
      obeyed = true;
    }
    if (obeyed) this.#commands.release();
    return obeyed;
  }
  #obey(words, at, nowUs) {
    const tcp = this.#tcp;
    const id = words[at + Field.row];
    switch (words[at + Field.op]) {
      case Command.listen: {
        const address = [
          ...words.subarray(at + Field.address, at + Field.address + 4)
        ];
        const ipv6Only = words[at + Field.ipv6Only] !== 0;
        tcp.listen(id, address, words[at + Field.port], words[at + Field.value], ipv6Only);
        return;
      }
      case Command.unlisten:
        return tcp.unlisten(id, nowUs);
      case Command.connect:
        return this.#connect(words, at, nowUs);
      case Command.cancelConnect:
        return tcp.cancelConnect(id, nowUs);
      case Command.acceptTaken:
        return tcp.acceptTaken(id);
      case Command.abortAll:
        return tcp.abortAll(nowUs);
      case Command.shutdown:
        return this.#shutDown(nowUs);
    }
    const op = words[at + Field.op];
    if (op === Command.news) {
      Atomics.store(words, this.#layout.row(id) + Row.newsForTcp, 0);
    }
    const conn = tcp.connection(id, words[at + Field.generation]);
    if (conn !== null) this.#obeyFor(conn, words, at, nowUs);
  }
  #obeyFor(conn, words, at, nowUs) {
    const tcp = this.#tcp;
    const op = words[at + Field.op];
    switch (op) {
      case Command.news:
        return tcp.onApplicationNews(conn, nowUs);
      case Command.closeWrite:
        return tcp.closeWrite(conn, nowUs);
      case Command.close:
        return tcp.close(conn, nowUs);
      case Command.abort:
        return tcp.abort(conn, nowUs);
      case Command.option:
        return this.#setOption(conn, words[at + Field.port], words[at + Field.value], nowUs);
      default:
        throw new Error(`The command ring holds an unknown command, ${op}`);
    }
  }
  #connect(words, at, nowUs) {
    const local = at + Field.localAddress;
    const remote = at + Field.address;
    this.#tcp.connect(words[at + Field.row], {
      local0: words[local],
      local1: words[local + 1],
      local2: words[local + 2],
      local3: words[local + 3],
      remote0: words[remote],
      remote1: words[remote + 1],
      remote2: words[remote + 2],
      remote3: words[remote + 3],
      localPort: words[at + Field.localPort],
      remotePort: words[at + Field.port]
    }, nowUs);
  }
  #setOption(conn, option, value, nowUs) {
    switch (option) {
      case ConnectionOption.noDelay:
        conn.noDelay = value !== 0;
        this.#tcp.onApplicationNews(conn, nowUs);
        return;
      case ConnectionOption.keepAlive:
        return this.#tcp.setKeepAlive(conn, value !== 0, nowUs);
      case ConnectionOption.linger:
        conn.lingerZero = value === 0;
        return;
      case ConnectionOption.userTimeout:
        conn.userTimeoutUs = value * 1e3;
        return;
      case ConnectionOption.diffServ:
        conn.trafficClass = value << 2;
        return;
      case ConnectionOption.hopLimit:
        conn.hopLimit = value;
        return;
      case ConnectionOption.congestion: {
        const { cwndBytes, ssthreshBytes } = conn.congestion;
        conn.congestion = createCongestion(CONGESTION_NAMES[value], cwndBytes);
        conn.congestion.ssthreshBytes = ssthreshBytes;
        return;
      }
    }
  }
  #shutDown(nowUs) {
    this.#shuttingDown = true;
    for (const listener of this.#tcp.listeners.all()) this.#tcp.unlisten(listener.id, nowUs);
    for (const conn of this.#tcp.all()) {
      if (conn.owner === Owner.application) this.#tcp.close(conn, nowUs);
    }
  }
  /** TIME-WAIT alone need not be waited for: nothing is lost when the process ends in it. */
  #reportStopped() {
    for (const conn of this.#tcp.all()) {
      if (conn.state !== State.TIME_WAIT && conn.state !== State.CLOSED) return;
    }
    this.#shuttingDown = false;
    this.#link.stopped();
  }
};

// src/pipeline/inline.ts
var BATCH = 64;
var InlinePipeline = class {
  threaded = false;
  layout;
  copier;
  tcpBell;
  appBell;
  #device;
  #clock;
  #stage;
  #input;
  #onEvents = () => {
  };
  #onFailure = () => {
  };
  #scheduled = false;
  #stopped = false;
  #wakeId = -1;
  #wakeAtUs = Infinity;
  constructor(parts) {
    this.layout = new Layout(parts.dimensions);
    this.copier = new ArrayCopier(this.layout.memory.bytes);
    this.#device = parts.device;
    this.#clock = parts.clock;
    const schedule = () => this.#schedule();
    this.tcpBell = new Bell(this.layout.words, Control.tcpBell, schedule);
    this.appBell = new Bell(this.layout.words, Control.appBell, () => this.#onEvents());
    this.#stage = new TcpStage({
      layout: this.layout,
      device: parts.device,
      settings: parts.settings,
      random: parts.random,
      clock: parts.clock,
      isn: parts.isn,
      appBell: this.appBell
    });
    this.#input = new DirectInput(this.layout, parts.device, this.#stage, parts.settings);
    parts.device.onArrival = schedule;
    this.appBell.announceSleep();
    this.#schedule();
  }
  onEvents(handler) {
    this.#onEvents = handler;
  }
  onFailure(handler) {
    this.#onFailure = handler;
  }
  stop() {
    this.#stopped = true;
    this.#clock.cancelWake(this.#wakeId);
    this.#device.onArrival = null;
    this.#device.close();
    return Promise.resolve();
  }
  #schedule() {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#round());
  }
  #round() {
    this.#scheduled = false;
    if (this.#stopped) return;
    try {
      const nowUs = this.#clock.now();
      const count = this.#input.run(BATCH, nowUs);
      this.#stage.run(nowUs);
      this.tcpBell.announceSleep();
      if (count > 0 || this.#stage.hasWork) this.#schedule();
      else this.#sleep(nowUs);
    } catch (error) {
      this.#stopped = true;
      this.#onFailure(error instanceof Error ? error : new Error(String(error)));
    }
  }
  #sleep(nowUs) {
    const atUs = Math.min(this.#stage.nextExpiry(), this.#device.nextArrival());
    if (atUs === this.#wakeAtUs) return;
    if (this.#wakeAtUs !== Infinity) this.#clock.cancelWake(this.#wakeId);
    this.#wakeAtUs = atUs;
    if (atUs === Infinity) return;
    this.#wakeId = this.#clock.wakeAt(Math.max(atUs, nowUs), () => {
      this.#wakeAtUs = Infinity;
      this.#schedule();
    });
  }
};

// src/page/text.ts
function both(words) {
  return {
    en: words,
    zh: words
  };
}
var SYN = 2;
var ACK = 16;
var FLAG_MEANINGS = {
  SYN: {
    en: "Synchronize: the sequence number is the sender's initial one.",
    zh: "\u540C\u6B65:\u5E8F\u53F7\u5B57\u6BB5\u662F\u53D1\u9001\u65B9\u7684\u521D\u59CB\u5E8F\u53F7\u3002"
  },
  ACK: {
    en: "The acknowledgment number counts.",
    zh: "\u786E\u8BA4\u53F7\u6709\u6548\u3002"
  },
  FIN: {
    en: "The sender has no more data.",
    zh: "\u53D1\u9001\u65B9\u4E0D\u518D\u53D1\u9001\u6570\u636E\u3002"
  },
  RST: {
    en: "The connection is broken off.",
    zh: "\u8FDE\u63A5\u88AB\u7ACB\u5373\u4E2D\u6B62\u3002"
  },
  PSH: {
    en: "Hand the data to the application now.",
    zh: "\u8BF7\u7ACB\u5373\u628A\u6570\u636E\u4EA4\u7ED9\u5E94\u7528\u7A0B\u5E8F\u3002"
  },
  URG: {
    en: "The urgent pointer counts.",
    zh: "\u7D27\u6025\u6307\u9488\u6709\u6548\u3002"
  },
  ECE: {
    en: "Congestion was seen on the way (ECN echo); in a SYN: ECN is offered.",
    zh: "\u9014\u4E2D\u51FA\u73B0\u62E5\u585E(ECN \u56DE\u663E);\u5728 SYN \u4E2D\u8868\u793A\u652F\u6301 ECN\u3002"
  },
  CWR: {
    en: "The congestion window was reduced.",
    zh: "\u53D1\u9001\u65B9\u5DF2\u51CF\u5C0F\u62E5\u585E\u7A97\u53E3\u3002"
  },
  AE: {
    en: "Accurate ECN (RFC 9768).",
    zh: "\u7CBE\u786E ECN(RFC 9768)\u3002"
  }
};
var text = {
  version: {
    en: "Version",
    zh: "\u7248\u672C"
  },
  versionMeans: {
    en: "Version of the Internet Protocol.",
    zh: "IP \u534F\u8BAE\u7684\u7248\u672C\u3002"
  },
  headerBytes: (bytes) => ({
    en: `The header is ${bytes} bytes long (counted in words of 4).`,
    zh: `\u9996\u90E8\u957F ${bytes} \u5B57\u8282(\u4EE5 4 \u5B57\u8282\u4E3A\u5355\u4F4D)\u3002`
  }),
  dscpMeans: {
    en: "Class of service, 0 for the ordinary.",
    zh: "\u670D\u52A1\u7C7B\u522B,0 \u4E3A\u666E\u901A\u3002"
  },
  totalLength: {
    en: "Total length",
    zh: "\u603B\u957F\u5EA6"
  },
  totalMeans: (bytes) => ({
    en: `${bytes} bytes.`,
    zh: `${bytes} \u5B57\u8282\u3002`
  }),
  identification: {
    en: "Identification",
    zh: "\u6807\u8BC6"
  },
  identificationMeans: {
    en: "Which fragments belong together.",
    zh: "\u6807\u660E\u54EA\u4E9B\u5206\u7247\u5C5E\u4E8E\u540C\u4E00\u4E2A\u5305\u3002"
  },
  reservedMeans: {
    en: "Reserved, zero.",
    zh: "\u4FDD\u7559\u4F4D,\u5E94\u4E3A\u96F6\u3002"
  },
  dfMeans: {
    en: "Don't fragment: routers answer instead.",
    zh: "\u4E0D\u8981\u5206\u7247:\u8FC7\u5927\u65F6\u8DEF\u7531\u5668\u4F1A\u56DE\u62A5\u9519\u8BEF\u3002"
  },
  mfMeans: {
    en: "More fragments follow.",
    zh: "\u540E\u9762\u8FD8\u6709\u5206\u7247\u3002"
  },
  fragmentOffset: {
    en: "Fragment offset",
    zh: "\u7247\u504F\u79FB"
  },
  fragmentMeans: {
    en: "Place of a fragment in its packet.",
    zh: "\u5206\u7247\u5728\u539F\u5305\u4E2D\u7684\u4F4D\u7F6E\u3002"
  },
  ttlMeans: {
    en: "Routers that the packet may still pass.",
    zh: "\u8FD8\u53EF\u4EE5\u7ECF\u8FC7\u591A\u5C11\u4E2A\u8DEF\u7531\u5668\u3002"
  },
  protocol: {
    en: "Protocol",
    zh: "\u534F\u8BAE"
  },
  checksum: {
    en: "Checksum",
    zh: "\u6821\u9A8C\u548C"
  },
  ipChecksumMeans: {
    en: "Over the IP header.",
    zh: "\u8986\u76D6 IP \u9996\u90E8\u3002"
  },
  checksumMeans: {
    en: "Over addresses, header and data. With offload the kernel finishes it, and here is its first part.",
    zh: "\u8986\u76D6\u5730\u5740\u3001\u9996\u90E8\u548C\u6570\u636E\u3002\u542F\u7528\u5378\u8F7D\u65F6\u7531\u5185\u6838\u5B8C\u6210,\u6B64\u5904\u53EA\u662F\u4E00\u90E8\u5206\u3002"
  },
  source: {
    en: "Source",
    zh: "\u6E90\u5730\u5740"
  },
  sourceMeans: {
    en: "Who sends it.",
    zh: "\u7531\u8C01\u53D1\u9001\u3002"
  },
  destination: {
    en: "Destination",
    zh: "\u76EE\u7684\u5730\u5740"
  },
  destinationMeans: {
    en: "Who is to get it.",
    zh: "\u53D1\u7ED9\u8C01\u3002"
  },
  options: {
    en: "Options",
    zh: "\u9009\u9879"
  },
  optionsMeans: {
    en: "IP options.",
    zh: "IP \u9009\u9879\u3002"
  },
  flowLabel: {
    en: "Flow label",
    zh: "\u6D41\u6807\u7B7E"
  },
  flowMeans: {
    en: "The same for all packets of a flow.",
    zh: "\u540C\u4E00\u4E2A\u6D41\u7684\u5305\u76F8\u540C\u3002"
  },
  payloadLength: {
    en: "Payload length",
    zh: "\u8F7D\u8377\u957F\u5EA6"
  },
  nextHeader: {
    en: "Next header",
    zh: "\u4E0B\u4E00\u9996\u90E8"
  },
  hopLimit: {
    en: "Hop limit",
    zh: "\u8DF3\u6570\u9650\u5236"
  },
  sourcePort: {
    en: "Source port",
    zh: "\u6E90\u7AEF\u53E3"
  },
  sourcePortMeans: {
    en: "The program that sends.",
    zh: "\u53D1\u9001\u65B9\u7684\u7A0B\u5E8F\u3002"
  },
  destinationPort: {
    en: "Destination port",
    zh: "\u76EE\u7684\u7AEF\u53E3"
  },
  destinationPortMeans: {
    en: "The program that is to get it.",
    zh: "\u63A5\u6536\u65B9\u7684\u7A0B\u5E8F\u3002"
  },
  seq: {
    en: "Sequence number",
    zh: "\u5E8F\u53F7"
  },
  seqMeans: (flags) => (flags & SYN) !== 0 ? {
    en: "The initial sequence number: a number that nobody can guess. The SYN itself takes it.",
    zh: "\u521D\u59CB\u5E8F\u53F7:\u4E00\u4E2A\u65E0\u6CD5\u731C\u6D4B\u7684\u6570\u3002SYN \u81EA\u5DF1\u5360\u7528\u5B83\u3002"
  } : {
    en: "Number of the first byte of data.",
    zh: "\u7B2C\u4E00\u4E2A\u6570\u636E\u5B57\u8282\u7684\u7F16\u53F7\u3002"
  },
  ack: {
    en: "Acknowledgment number",
    zh: "\u786E\u8BA4\u53F7"
  },
  ackMeans: (flags) => (flags & ACK) !== 0 ? {
    en: "The next byte that is expected.",
    zh: "\u671F\u5F85\u6536\u5230\u7684\u4E0B\u4E00\u4E2A\u5B57\u8282\u3002"
  } : {
    en: "Means nothing without the ACK flag.",
    zh: "\u6CA1\u6709 ACK \u6807\u5FD7\u65F6\u65E0\u610F\u4E49\u3002"
  },
  dataOffset: {
    en: "Data offset",
    zh: "\u6570\u636E\u504F\u79FB"
  },
  reserved: {
    en: "Rsvd",
    zh: "\u4FDD\u7559"
  },
  flagMeans: (name) => FLAG_MEANINGS[name],
  window: {
    en: "Window",
    zh: "\u7A97\u53E3"
  },
  windowMeans: (flags) => (flags & SYN) !== 0 ? {
    en: "Bytes that the sender can take in; not scaled in a SYN.",
    zh: "\u53D1\u9001\u65B9\u80FD\u63A5\u6536\u7684\u5B57\u8282\u6570;SYN \u4E2D\u4E0D\u7F29\u653E\u3002"
  } : {
    en: "Bytes that the sender can take in, to be shifted by its window scale.",
    zh: "\u53D1\u9001\u65B9\u80FD\u63A5\u6536\u7684\u5B57\u8282\u6570,\u9700\u6309\u5176\u7A97\u53E3\u6269\u5927\u56E0\u5B50\u5DE6\u79FB\u3002"
  },
  urgent: {
    en: "Urgent pointer",
    zh: "\u7D27\u6025\u6307\u9488"
  },
  urgentMeans: {
    en: "End of urgent data; only with URG.",
    zh: "\u7D27\u6025\u6570\u636E\u7684\u672B\u5C3E;\u4EC5\u5728 URG \u7F6E\u4F4D\u65F6\u6709\u6548\u3002"
  },
  mssMeans: {
    en: "Largest data of a segment that the sender takes.",
    zh: "\u53D1\u9001\u65B9\u80FD\u63A5\u6536\u7684\u6700\u5927\u62A5\u6587\u6BB5\u6570\u636E\u957F\u5EA6\u3002"
  },
  windowScale: {
    en: "Window scale",
    zh: "\u7A97\u53E3\u6269\u5927"
  },
  scaleMeans: (shift) => ({
    en: `My windows are to be multiplied by ${2 ** shift} (RFC 7323).`,
    zh: `\u6211\u7684\u7A97\u53E3\u503C\u8981\u4E58\u4EE5 ${2 ** shift}(RFC 7323)\u3002`
  }),
  sackPermitted: {
    en: "SACK permitted",
    zh: "\u5141\u8BB8 SACK"
  },
  sackPermittedMeans: {
    en: "Selective acknowledgments are welcome (RFC 2018).",
    zh: "\u5141\u8BB8\u9009\u62E9\u786E\u8BA4(RFC 2018)\u3002"
  },
  timestamps: {
    en: "Timestamps",
    zh: "\u65F6\u95F4\u6233"
  },
  timestampsMean: {
    en: "My clock, and the last one seen of yours: measures the round trip (RFC 7323).",
    zh: "\u6211\u7684\u65F6\u949F,\u4EE5\u53CA\u6700\u8FD1\u6536\u5230\u7684\u4F60\u7684\u65F6\u949F:\u7528\u4E8E\u6D4B\u91CF\u5F80\u8FD4\u65F6\u95F4(RFC 7323)\u3002"
  },
  sackMeans: {
    en: "Data that has arrived behind a gap.",
    zh: "\u7F3A\u53E3\u4E4B\u540E\u5DF2\u7ECF\u6536\u5230\u7684\u6570\u636E\u3002"
  },
  eolMeans: {
    en: "End of the options.",
    zh: "\u9009\u9879\u7ED3\u675F\u3002"
  },
  nopMeans: {
    en: "Nothing: padding.",
    zh: "\u65E0\u64CD\u4F5C:\u586B\u5145\u3002"
  },
  option: (kind) => ({
    en: `Option ${kind}`,
    zh: `\u9009\u9879 ${kind}`
  }),
  otherOptionMeans: {
    en: "Another option.",
    zh: "\u5176\u4ED6\u9009\u9879\u3002"
  }
};

// src/page/packet.ts
var FLAG_NAMES = [
  [
    Flag.AE,
    "AE"
  ],
  [
    Flag.CWR,
    "CWR"
  ],
  [
    Flag.ECE,
    "ECE"
  ],
  [
    Flag.URG,
    "URG"
  ],
  [
    Flag.ACK,
    "ACK"
  ],
  [
    Flag.PSH,
    "PSH"
  ],
  [
    Flag.RST,
    "RST"
  ],
  [
    Flag.SYN,
    "SYN"
  ],
  [
    Flag.FIN,
    "FIN"
  ]
];
function decodePacket(bytes, payloadBytes, gsoBytes = 0) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 40) return null;
  const isIpv42 = bytes[0] >>> 4 === 4;
  const tcpAt = isIpv42 ? (bytes[0] & 15) * 4 : 40;
  if (bytes[isIpv42 ? 9 : 6] !== Protocol.tcp || bytes.length < tcpAt + 20) return null;
  const [src, dst] = isIpv42 ? [
    12,
    16
  ].map((at) => addressText(ipv4Address(view.getInt32(at)))) : [
    8,
    24
  ].map((at) => address6(view, at));
  const options = readOptions(view, tcpAt);
  return {
    family: isIpv42 ? "IPv4" : "IPv6",
    bytes,
    tcpAt,
    ip: isIpv42 ? ipv4Fields(view, src, dst) : ipv6Fields(view, src, dst),
    tcp: [
      ...tcpFields(view, tcpAt),
      ...options.fields
    ],
    src,
    dst,
    seq: view.getUint32(tcpAt + TcpField.sequence),
    ack: view.getUint32(tcpAt + TcpField.acknowledgment),
    flags: view.getUint16(tcpAt + 12) & 511,
    window: view.getUint16(tcpAt + TcpField.window),
    payloadBytes,
    gsoBytes,
    ...options.found
  };
}
function address6(view, at) {
  const [w0, w1, w2, w3] = [
    0,
    4,
    8,
    12
  ].map((offset) => view.getInt32(at + offset));
  return addressText({
    w0,
    w1,
    w2,
    w3
  });
}
var hex = (value, digits) => `0x${value.toString(16).padStart(digits, "0")}`;
function field(name, at, bits, value, meaning) {
  return {
    name,
    at,
    bits,
    value: String(value),
    meaning
  };
}
var ECN_TEXTS = [
  "Not-ECT",
  "ECT(1)",
  "ECT(0)",
  "CE"
];
function ipv4Fields(view, src, dst) {
  const first = view.getUint8(0);
  const tos = view.getUint8(1);
  const total = view.getUint16(2);
  const fragment = view.getUint16(6);
  const bytes = (first & 15) * 4;
  const fields = [
    field(text.version, 0, 4, 4, text.versionMeans),
    field(both("IHL"), 4, 4, first & 15, text.headerBytes(bytes)),
    field(both("DSCP"), 8, 6, tos >>> 2, text.dscpMeans),
    field(both("ECN"), 14, 2, tos & 3, both(ECN_TEXTS[tos & 3])),
    field(text.totalLength, 16, 16, total, text.totalMeans(total)),
    field(text.identification, 32, 16, view.getUint16(4), text.identificationMeans),
    field(both("0"), 48, 1, fragment >>> 15, text.reservedMeans),
    field(both("DF"), 49, 1, fragment >>> 14 & 1, text.dfMeans),
    field(both("MF"), 50, 1, fragment >>> 13 & 1, text.mfMeans),
    field(text.fragmentOffset, 51, 13, fragment & 8191, text.fragmentMeans),
    field(both("TTL"), 64, 8, view.getUint8(8), text.ttlMeans),
    field(text.protocol, 72, 8, view.getUint8(9), both("TCP")),
    field(text.checksum, 80, 16, hex(view.getUint16(10), 4), text.ipChecksumMeans),
    field(text.source, 96, 32, src, text.sourceMeans),
    field(text.destination, 128, 32, dst, text.destinationMeans)
  ];
  if (bytes > 20) {
    fields.push(field(text.options, 160, (bytes - 20) * 8, `${bytes - 20} B`, text.optionsMeans));
  }
  return fields;
}
function ipv6Fields(view, src, dst) {
  const first = view.getUint32(0);
  const payload = view.getUint16(4);
  return [
    field(text.version, 0, 4, 6, text.versionMeans),
    field(both("DSCP"), 4, 6, first >>> 22 & 63, text.dscpMeans),
    field(both("ECN"), 10, 2, first >>> 20 & 3, both(ECN_TEXTS[first >>> 20 & 3])),
    field(text.flowLabel, 12, 20, hex(first & 1048575, 5), text.flowMeans),
    field(text.payloadLength, 32, 16, payload, text.totalMeans(payload)),
    field(text.nextHeader, 48, 8, view.getUint8(6), both("TCP")),
    field(text.hopLimit, 56, 8, view.getUint8(7), text.ttlMeans),
    field(text.source, 64, 128, src, text.sourceMeans),
    field(text.destination, 192, 128, dst, text.destinationMeans)
  ];
}
function tcpFields(view, at) {
  const offset = view.getUint8(at + 12) >>> 4;
  const flags = view.getUint16(at + 12) & 511;
  const fields = [
    field(text.sourcePort, 0, 16, view.getUint16(at), text.sourcePortMeans),
    field(text.destinationPort, 16, 16, view.getUint16(at + 2), text.destinationPortMeans),
    field(text.seq, 32, 32, view.getUint32(at + TcpField.sequence), text.seqMeans(flags)),
    field(text.ack, 64, 32, view.getUint32(at + TcpField.acknowledgment), text.ackMeans(flags)),
    field(text.dataOffset, 96, 4, offset, text.headerBytes(offset * 4)),
    field(text.reserved, 100, 3, view.getUint8(at + 12) >>> 1 & 7, text.reservedMeans)
  ];
  FLAG_NAMES.forEach(([bit, name], index) => {
    const isSet = (flags & bit) !== 0;
    fields.push(field(both(name), 103 + index, 1, isSet ? 1 : 0, text.flagMeans(name)));
  });
  fields.push(field(text.window, 112, 16, view.getUint16(at + TcpField.window), text.windowMeans(flags)), field(text.checksum, 128, 16, hex(view.getUint16(at + TcpField.checksum), 4), text.checksumMeans), field(text.urgent, 144, 16, view.getUint16(at + 18), text.urgentMeans));
  return fields;
}
function readOptions(view, at) {
  const found = {
    mss: null,
    windowScale: null,
    sackPermitted: false,
    timestamps: null,
    sack: []
  };
  const fields = [];
  const end2 = Math.min(view.byteLength, at + readTcpHeaderLength(view, at));
  for (let i = at + 20; i < end2; ) {
    const kind = view.getUint8(i);
    const single = kind === TcpOption.end || kind === TcpOption.noOperation;
    const length = single ? 1 : i + 1 < end2 ? view.getUint8(i + 1) : 0;
    if (length < 1 || !single && length < 2 || i + length > end2) break;
    fields.push(optionField(view, i, kind, length, (i - at) * 8, found));
    i += length;
  }
  return {
    fields,
    found
  };
}
function optionField(view, i, kind, length, bit, found) {
  const make = (name, value, meaning) => field(name, bit, length * 8, value, meaning);
  switch (`${kind}/${kind === TcpOption.sack ? "" : length}`) {
    case "0/1":
      return make(both("EOL"), "", text.eolMeans);
    case "1/1":
      return make(both("NOP"), "", text.nopMeans);
    case "2/4":
      found.mss = view.getUint16(i + 2);
      return make(both("MSS"), found.mss, text.mssMeans);
    case "3/3":
      found.windowScale = view.getUint8(i + 2);
      return make(text.windowScale, found.windowScale, text.scaleMeans(found.windowScale));
    case "4/2":
      found.sackPermitted = true;
      return make(text.sackPermitted, "", text.sackPermittedMeans);
    case "8/10":
      found.timestamps = [
        view.getUint32(i + 2),
        view.getUint32(i + 6)
      ];
      return make(text.timestamps, found.timestamps.join(" / "), text.timestampsMean);
    case "5/":
      for (let edge = i + 2; edge + 8 <= i + length; edge += 8) {
        found.sack.push([
          view.getUint32(edge),
          view.getUint32(edge + 4)
        ]);
      }
      return make(both("SACK"), found.sack.map(([a, b]) => `${a}-${b}`).join(" "), text.sackMeans);
    default:
      return make(text.option(kind), `${length} B`, text.otherOptionMeans);
  }
}

// src/page/conversation.ts
var TOLD_STATES = [
  "SYN-SENT",
  "FIN-WAIT-1",
  "LAST-ACK"
];
var MASK = 4294967295;
function ahead(a, b) {
  return a - b | 0;
}
var Side = class {
  /** The initial sequence number, or the first one seen; null before. */
  base = null;
  /** The number behind the highest one sent. */
  top = 0;
  lastAck = -1;
  lastWindow = -1;
  scale = 0;
};
var Numbers = class {
  #left = new Side();
  #right = new Side();
  /** Takes the next segment. */
  take(packet, fromLeft) {
    const [own, other] = fromLeft ? [
      this.#left,
      this.#right
    ] : [
      this.#right,
      this.#left
    ];
    const isSyn = (packet.flags & Flag.SYN) !== 0;
    if (own.base === null) {
      own.base = packet.seq;
      own.top = packet.seq;
    }
    const hasAck = (packet.flags & Flag.ACK) !== 0;
    if (hasAck && other.base === null) {
      other.base = packet.ack;
      other.top = packet.ack;
    }
    const marks = [];
    const length = packet.payloadBytes + (isSyn ? 1 : 0) + (packet.flags & Flag.FIN);
    const end2 = packet.seq + length & MASK;
    if (length > 0 && ahead(end2, own.top) <= 0 && own.top !== own.base) {
      marks.push("retransmission");
    } else if (length > 0) own.top = end2;
    const isPlain = hasAck && length === 0 && (packet.flags & Flag.RST) === 0;
    if (packet.sack.length > 0) marks.push("sack");
    else if (isPlain && packet.ack === own.lastAck && packet.window === own.lastWindow) {
      marks.push("duplicate");
    }
    if (packet.window === 0 && hasAck && (packet.flags & Flag.RST) === 0) marks.push("zero");
    own.lastAck = packet.ack;
    own.lastWindow = packet.window;
    return {
      seq: ahead(packet.seq, own.base),
      ack: hasAck && other.base !== null ? ahead(packet.ack, other.base) : null,
      marks,
      sack: packet.sack.map(([a, b]) => [
        ahead(a, other.base ?? a),
        ahead(b, other.base ?? a)
      ])
    };
  }
};

// src/page/lesson.ts
var DELAY_US = 2e4;
var REQUEST_BYTES = 120;
var ANSWER_BYTES = 4e3;
var MTU = 1500;
var CLIENT = "192.0.2.1/24";
var SERVER = "192.0.2.2/24";
var PORT = 80;
var HORIZON_US = 3e8;
var MOVES_MAX = 5e3;
var TURNS = 200;
var DIMENSIONS = {
  connections: 16,
  slots: 32,
  receiveBlocks: 64,
  sendBlocks: 32,
  traceRecords: 256,
  handoverFrames: 1
};
async function play(lost) {
  const clock = new ManualClock(1e6);
  const sent = [];
  const changes = [];
  const left = new End(clock, lost, sent, true);
  const right = new End(clock, lost, sent, false);
  left.other = right;
  right.other = left;
  const client = makeStack(left, clock, CLIENT, 1, true, changes);
  const server = makeStack(right, clock, SERVER, 2, false, changes);
  serveOne(server).catch(() => {
  });
  converse(client).catch(() => {
  });
  await run(clock, HORIZON_US);
  void Promise.all([
    client.close(),
    server.close()
  ]).catch(() => {
  });
  const frames = sent.length;
  await run(clock, clock.now() + 1e6);
  return arrange(sent.slice(0, frames), changes);
}
async function serveOne(server) {
  using listener = server.listen({
    port: PORT
  });
  const conn = await listener.accept();
  const buffer = new Uint8Array(4096);
  for (let got = 0; got < REQUEST_BYTES; ) got += await conn.read(buffer) ?? REQUEST_BYTES;
  const answer = new Uint8Array(ANSWER_BYTES).fill(65);
  for (let done = 0; done < answer.length; ) done += await conn.write(answer.subarray(done));
  while (await conn.read(buffer) !== null) ;
  conn.close();
}
async function converse(client) {
  const conn = await client.connect({
    hostname: SERVER.split("/")[0],
    port: PORT
  });
  await conn.write(new Uint8Array(REQUEST_BYTES).fill(63));
  const buffer = new Uint8Array(4096);
  for (let got = 0; got < ANSWER_BYTES; ) got += await conn.read(buffer) ?? ANSWER_BYTES;
  await conn.closeWrite();
  while (await conn.read(buffer) !== null) ;
  conn.close();
}
function makeStack(device, clock, cidr, seed, left, changes) {
  const prefix = parseCidr(cidr, "address");
  const random = new SeededRandom(seed);
  const pipeline = new InlinePipeline({
    device,
    dimensions: DIMENSIONS,
    settings: {
      addresses: [
        prefix.address
      ],
      config: tcpConfig(),
      traced: true
    },
    clock,
    random
  });
  return new Stack({
    pipelines: [
      pipeline
    ],
    prefixes: [
      prefix
    ],
    clock,
    random,
    trace: ({ kind, timeUs, stateAfter }) => {
      if (kind === TraceKind.state) changes.push({
        left,
        timeUs,
        state: stateNames[stateAfter]
      });
    }
  });
}
async function run(clock, untilUs) {
  for (let moves = 0; moves < MOVES_MAX; moves++) {
    for (let i = 0; i < TURNS; i++) await null;
    const next = clock.nextWake();
    if (next > untilUs) return;
    clock.set(Math.max(next, clock.now()));
  }
}
var End = class {
  name;
  mtu = MTU;
  virtioHeader = false;
  onArrival = null;
  other = null;
  #clock;
  #lost;
  #sent;
  #left;
  #arrived = [];
  #count = 0;
  constructor(clock, lost, sent, left) {
    this.name = left ? "client" : "server";
    this.#clock = clock;
    this.#lost = lost;
    this.#sent = sent;
    this.#left = left;
  }
  send(memory, pieces, count) {
    const parts = [];
    for (let i = 0; i < count; i++) {
      parts.push(...memory.subarray(pieces[2 * i], pieces[2 * i] + pieces[2 * i + 1]));
    }
    const frame = Uint8Array.from(parts);
    const id = `${this.#left ? "L" : "R"}${this.#count++}`;
    const isLost = this.#lost.has(id);
    const packet = packetOf(frame);
    if (packet !== null) {
      const sentUs = this.#clock.now();
      this.#sent.push({
        id,
        fromLeft: this.#left,
        sentUs,
        lost: isLost,
        packet
      });
    }
    if (!isLost) {
      this.#clock.wakeAt(this.#clock.now() + DELAY_US, () => this.other?.arrive(frame));
    }
    return SendOutcome.sent;
  }
  arrive(frame) {
    this.#arrived.push(frame);
    this.onArrival?.();
  }
  receive(memory, offset, limit) {
    const frame = this.#arrived.shift();
    if (frame === void 0 || frame.length > limit) return 0;
    memory.set(frame, offset);
    return frame.length;
  }
  nextArrival() {
    return this.#arrived.length > 0 ? 0 : Infinity;
  }
  close() {
    this.other = null;
  }
};
function packetOf(frame) {
  const view = new DataView(frame.buffer);
  const tcpAt = (frame[0] & 15) * 4;
  const end2 = tcpAt + readTcpHeaderLength(view, tcpAt);
  return decodePacket(frame.slice(0, end2), frame.length - end2);
}
function arrange(sent, changes) {
  const numbers = new Numbers();
  const arrows = sent.map(({ id, fromLeft, sentUs, lost, packet }) => ({
    id,
    timeUs: sentUs,
    packet,
    fromLeft,
    ...numbers.take(packet, fromLeft),
    left: null,
    right: null,
    lost
  }));
  const alone = [];
  for (const { left, timeUs, state } of changes) {
    const brought = arrows.find((arrow) => !arrow.lost && arrow.fromLeft !== left && arrow.timeUs + DELAY_US === timeUs && brings(arrow, state));
    const told = arrows.find((arrow) => arrow.fromLeft === left && arrow.timeUs === timeUs && tells(arrow, state));
    const owner = told ?? brought ?? aloneAt(timeUs, alone);
    if (left) owner.left = state;
    else owner.right = state;
  }
  return [
    ...arrows,
    ...alone
  ].sort((a, b) => a.timeUs - b.timeUs);
}
function brings({ packet }, state) {
  const isFin = (packet.flags & Flag.FIN) !== 0;
  return isFin === [
    "CLOSE-WAIT",
    "CLOSING",
    "TIME-WAIT"
  ].includes(state);
}
function tells({ packet }, state) {
  return TOLD_STATES.includes(state) && (packet.flags & (Flag.SYN | Flag.FIN)) !== 0;
}
function aloneAt(timeUs, alone) {
  const arrow = {
    id: `T${alone.length}`,
    timeUs,
    packet: null,
    fromLeft: true,
    seq: null,
    ack: null,
    left: null,
    right: null,
    marks: [],
    lost: false,
    sack: []
  };
  alone.push(arrow);
  return arrow;
}
export {
  ANSWER_BYTES,
  DELAY_US,
  REQUEST_BYTES,
  play
};
