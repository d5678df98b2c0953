// Made by `deno task page` from src/page/main.ts: change that, not this.
// src/page/dom.ts
var SVG = "http://www.w3.org/2000/svg";
function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}
function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}
function byId(id) {
  return document.getElementById(id);
}
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== void 0) element.setAttribute(name, String(value));
  }
  for (const child of children) {
    if (child === null || child === void 0 || child === false) continue;
    element.append(typeof child === "number" ? String(child) : child);
  }
  return element;
}
function rove(list, selector, choose) {
  list.addEventListener("keydown", (event) => {
    const items = [
      ...list.querySelectorAll(selector)
    ];
    const at = items.indexOf(document.activeElement);
    const to = target(event.key, at, items.length);
    if (at < 0 || to === null) return;
    event.preventDefault();
    items[to].focus();
    choose(items[to]);
  });
}
function target(key, at, count2) {
  switch (key) {
    case "ArrowDown":
    case "ArrowRight":
      return Math.min(at + 1, count2 - 1);
    case "ArrowUp":
    case "ArrowLeft":
      return Math.max(at - 1, 0);
    case "Home":
      return 0;
    case "End":
      return count2 - 1;
    default:
      return null;
  }
}

// src/wire/segment.ts
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

// src/page/explain.ts
var SIDES = {
  left: {
    en: "The client",
    zh: "\u5BA2\u6237\u7AEF"
  },
  right: {
    en: "The server",
    zh: "\u670D\u52A1\u5668"
  }
};
function explain(arrow) {
  if (arrow.packet === null) return explainTimer(arrow);
  const parts = [];
  if (arrow.marks.includes("retransmission")) parts.push(AGAIN);
  parts.push(explainSegment(arrow));
  if (arrow.marks.includes("sack")) parts.push(sackText(arrow));
  if (arrow.lost) parts.push(LOST);
  else parts.push(...statesText(arrow));
  return {
    en: parts.map(({ en }) => en).join(" "),
    zh: parts.map(({ zh }) => zh).join("")
  };
}
var AGAIN = {
  en: "No acknowledgment has come for it, so it is sent again.",
  zh: "\u6CA1\u6709\u6536\u5230\u5BF9\u5B83\u7684\u786E\u8BA4,\u56E0\u6B64\u91CD\u65B0\u53D1\u9001\u3002"
};
var LOST = {
  en: "It is lost on the way. Nobody tells the sender: only a missing acknowledgment will.",
  zh: "\u5B83\u5728\u9014\u4E2D\u4E22\u5931\u3002\u6CA1\u6709\u4EBA\u901A\u77E5\u53D1\u9001\u65B9,\u53EA\u6709\u8FDF\u8FDF\u4E0D\u6765\u7684\u786E\u8BA4\u80FD\u8BF4\u660E\u8FD9\u4E00\u70B9\u3002"
};
function explainTimer({ left, right }) {
  const side = left !== null ? SIDES.left : SIDES.right;
  return {
    en: `${side.en}'s timer has run out: ${left ?? right}. In TIME-WAIT it could still answer a repeated FIN, and old segments had time to die out.`,
    zh: `${side.zh}\u7684\u5B9A\u65F6\u5668\u5230\u671F:${left ?? right}\u3002\u5728 TIME-WAIT \u671F\u95F4\u5B83\u4ECD\u80FD\u5E94\u7B54\u91CD\u590D\u7684 FIN,\u65E7\u62A5\u6587\u4E5F\u6709\u65F6\u95F4\u6D88\u5931\u3002`
  };
}
function explainSegment(arrow) {
  const packet = arrow.packet;
  const { flags } = packet;
  const who = arrow.fromLeft ? SIDES.left : SIDES.right;
  const isSyn = (flags & Flag.SYN) !== 0;
  if ((flags & Flag.RST) !== 0) {
    return {
      en: `${who.en} breaks the connection off.`,
      zh: `${who.zh}\u4E2D\u6B62\u8FDE\u63A5\u3002`
    };
  }
  if (isSyn && (flags & Flag.ACK) !== 0) {
    return {
      en: `${who.en} agrees: its own initial number is ${packet.seq}, and with ack ${packet.ack} it says which byte it expects next: the SYN took one number. Second step of the handshake.`,
      zh: `${who.zh}\u540C\u610F:\u81EA\u5DF1\u7684\u521D\u59CB\u5E8F\u53F7\u662F ${packet.seq},\u5E76\u7528\u786E\u8BA4\u53F7 ${packet.ack} \u8BF4\u660E\u671F\u5F85\u7684\u4E0B\u4E00\u4E2A\u5B57\u8282(SYN \u5360\u7528\u4E00\u4E2A\u5E8F\u53F7)\u3002\u8FD9\u662F\u63E1\u624B\u7684\u7B2C\u4E8C\u6B65\u3002`
    };
  }
  if (isSyn) {
    return {
      en: `${who.en} asks for a connection. It draws an initial sequence number, ${packet.seq}, that nobody can guess, and says what it can do: largest segment, window scale, SACK. First step of the handshake.`,
      zh: `${who.zh}\u8BF7\u6C42\u5EFA\u7ACB\u8FDE\u63A5\u3002\u5B83\u9009\u53D6\u4E00\u4E2A\u65E0\u6CD5\u731C\u6D4B\u7684\u521D\u59CB\u5E8F\u53F7 ${packet.seq},\u5E76\u8BF4\u660E\u81EA\u5DF1\u7684\u80FD\u529B:\u6700\u5927\u62A5\u6587\u6BB5\u3001\u7A97\u53E3\u6269\u5927\u3001\u9009\u62E9\u786E\u8BA4\u3002\u8FD9\u662F\u63E1\u624B\u7684\u7B2C\u4E00\u6B65\u3002`
    };
  }
  if ((flags & Flag.FIN) !== 0) {
    return {
      en: `${who.en} has nothing more to send. The FIN takes a sequence number, ${arrow.seq}, so it is acknowledged like data; the other direction stays open.`,
      zh: `${who.zh}\u6CA1\u6709\u66F4\u591A\u6570\u636E\u8981\u53D1\u9001\u3002FIN \u5360\u7528\u5E8F\u53F7 ${arrow.seq},\u56E0\u6B64\u50CF\u6570\u636E\u4E00\u6837\u8981\u88AB\u786E\u8BA4;\u53E6\u4E00\u4E2A\u65B9\u5411\u4ECD\u7136\u7545\u901A\u3002`
    };
  }
  return packet.payloadBytes > 0 ? dataText(arrow, who) : ackText(arrow, who);
}
function dataText(arrow, who) {
  const bytes = arrow.packet.payloadBytes;
  const last = (arrow.seq ?? 0) + bytes - 1;
  return {
    en: `${who.en} sends ${bytes} bytes, numbers ${arrow.seq} to ${last}.`,
    zh: `${who.zh}\u53D1\u9001 ${bytes} \u5B57\u8282,\u5E8F\u53F7 ${arrow.seq} \u5230 ${last}\u3002`
  };
}
function ackText(arrow, who) {
  if (arrow.seq === 1 && arrow.ack === 1 && !arrow.marks.includes("sack")) {
    return {
      en: `${who.en} acknowledges the other's SYN. Third step: both know both numbers, and both know that the other knows.`,
      zh: `${who.zh}\u786E\u8BA4\u5BF9\u65B9\u7684 SYN\u3002\u7B2C\u4E09\u6B65:\u53CC\u65B9\u90FD\u77E5\u9053\u4E86\u4E24\u4E2A\u521D\u59CB\u5E8F\u53F7,\u4E5F\u90FD\u77E5\u9053\u5BF9\u65B9\u5DF2\u7ECF\u77E5\u9053\u3002`
    };
  }
  return {
    en: `${who.en} has everything before number ${arrow.ack} and expects that one next.`,
    zh: `${who.zh}\u5DF2\u6536\u5230\u5E8F\u53F7 ${arrow.ack} \u4E4B\u524D\u7684\u5168\u90E8\u5185\u5BB9,\u671F\u5F85\u4E0B\u4E00\u4E2A\u5E8F\u53F7 ${arrow.ack}\u3002`
  };
}
function sackText({ sack }) {
  const ranges = sack.map(([from, to]) => `${from}\u2013${to - 1}`).join(", ");
  return {
    en: `There is a gap: it has ${ranges} already (SACK), so that only what is missing is sent again.`,
    zh: `\u4E2D\u95F4\u6709\u7F3A\u53E3:${ranges} \u5DF2\u7ECF\u6536\u5230(SACK),\u5BF9\u65B9\u53EA\u9700\u91CD\u4F20\u7F3A\u5C11\u7684\u90E8\u5206\u3002`
  };
}
function statesText({ left, right }) {
  const texts = [];
  for (const [state, who] of [
    [
      left,
      SIDES.left
    ],
    [
      right,
      SIDES.right
    ]
  ]) {
    if (state === null) continue;
    texts.push({
      en: `${who.en} is now in ${state}.`,
      zh: `${who.zh}\u8FDB\u5165 ${state} \u72B6\u6001\u3002`
    });
  }
  return texts;
}

// src/base/address.ts
var IPV4_MAPPED_W2 = 65535;
var ANY_IPV4 = ipv4Address(0);
var LOOPBACK_IPV4 = ipv4Address(2130706433);
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
function ipv4Text(bits) {
  return `${bits >>> 24}.${bits >>> 16 & 255}.${bits >>> 8 & 255}.${bits & 255}`;
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
  for (let start2 = 0; start2 < 8; start2++) {
    let length = 0;
    while (start2 + length < 8 && groups[start2 + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start2;
      bestLength = length;
    }
  }
  const hex2 = (part) => part.map((group) => group.toString(16)).join(":");
  if (bestStart < 0) return hex2(groups);
  return `${hex2(groups.slice(0, bestStart))}::${hex2(groups.slice(bestStart + bestLength))}`;
}

// src/wire/ipv4.ts
var Protocol = {
  icmp: 1,
  tcp: 6,
  udp: 17
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
  /** A fragment where none can be: within a reassembled packet, or of what the stack sent to itself. */
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
  ipOptionUnknown: 42,
  /** A handshake or connection that found the queue of unaccepted connections full. */
  tcpAcceptQueueFull: 43,
  /** One address has as many connections as it may (`maxConnectionsPerAddress`). */
  tcpAddressLimit: 44,
  /** An RST that was not sent because of `resetsPerSecond`. */
  tcpResetLimited: 45,
  /** A challenge ACK that was not sent because of `challengeAcksPerSecond`. */
  tcpChallengeLimited: 46,
  /** A SACK block of what is not in flight, or the wrong way round (RFC 2018): only the block is unused. */
  tcpSackInvalid: 47,
  /** A UDP header that does not fit into its packet, or a length that contradicts it (RFC 768). */
  udpLengthInvalid: 48,
  /** The UDP checksum is wrong. */
  udpChecksumInvalid: 49,
  /** No UDP checksum, which only IPv4 allows (RFC 8200 section 8.1). */
  udpChecksumMissing: 50,
  /** UDP destination port 0, which cannot be used on the wire. */
  udpPortZero: 51,
  /** No socket for a UDP datagram: answered with "port unreachable", except when it was sent to a group. */
  udpNoSocket: 52,
  /** The datagrams that a socket has not read fill its receive buffer. */
  udpQueueFull: 53,
  /** No memory in the receive pool for a datagram. */
  udpNoMemory: 54,
  /** A datagram of a socket, longer than any packet that leads there. */
  udpTooLong: 55,
  /** An empty fragment, or one of IPv6 with others behind it whose length is no multiple of 8 (RFC 8200 4.5). */
  ipFragmentInvalid: 56,
  /** A fragment that ends beyond the longest packet ("ping of death"). */
  ipFragmentOversized: 57,
  /** A first fragment without the whole header of its transport, or TCP from offset 8 (RFC 7112, RFC 1858). */
  ipFragmentTiny: 58,
  /** The same bytes again, which are not needed. */
  ipFragmentDuplicate: 59,
  /** Fragments of a datagram that overlap: it is given up (RFC 5722). */
  ipFragmentOverlap: 60,
  /** Fragments that tell different ends of their datagram: it is given up ("teardrop"). */
  ipFragmentEndConflict: 61,
  /** Fragments of which some are ECN-capable and some are not: the datagram is given up (RFC 3168 section 5.3). */
  ipFragmentEcnMixed: 62,
  /** Fragments whose datagram was not complete in time. */
  ipFragmentTimeout: 63,
  /** Fragments of the datagram that waited longest, given up for newer ones at the limits. */
  ipFragmentEvicted: 64,
  /** An ICMP error that was due and not sent because of `errorsPerSecond`. */
  icmpErrorLimited: 65,
  /** An echo request that was not answered because of `echoRepliesPerSecond`. */
  icmpEchoLimited: 66,
  /** For a foreign destination that the filter of no open `forward` lets through. */
  forwardFiltered: 67,
  /** A SYN that found as many flows undecided as its `forward` allows; the peer sends it again. */
  forwardPendingFull: 68,
  /** A SYN that has come again while its flow is being decided. */
  forwardUndecided: 69,
  /** A flow that nobody has decided in time. */
  forwardTimedOut: 70
};
var dropNames = Object.keys(Drop);

// src/wire/tcp.ts
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
  accurateEcn1: 174,
  /** RFC 7413 section 2. */
  fastOpen: 34,
  /** RFC 6994: what follows the length is the number of the experiment. */
  experiment: 254
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

// src/page/text.ts
var language = "en";
function currentLanguage() {
  return language;
}
function setLanguage(chosen) {
  language = chosen;
}
function say(words) {
  return words[language];
}
function both(words) {
  return {
    en: words,
    zh: words
  };
}
function count(value) {
  return Math.round(value).toLocaleString("en-US");
}
function duration(us) {
  if (us < 1e3) return `${Math.round(us)} \xB5s`;
  return us < 1e6 ? `${(us / 1e3).toFixed(us < 1e4 ? 2 : 1)} ms` : `${(us / 1e6).toFixed(2)} s`;
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
function flagsText(flags) {
  const order = [
    "SYN",
    "FIN",
    "RST",
    "PSH",
    "ACK",
    "URG",
    "ECE",
    "CWR",
    "AE"
  ];
  const names = FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return names.sort((a, b) => order.indexOf(a) - order.indexOf(b)).join(" ");
}
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

// src/page/header_view.ts
var WORD_BITS = 32;
var WORDS = {
  none: {
    en: "Choose a segment to see its bits.",
    zh: "\u9009\u62E9\u4E00\u4E2A\u62A5\u6587\u6BB5,\u67E5\u770B\u5B83\u7684\u6BCF\u4E00\u4F4D\u3002"
  },
  field: {
    en: "Field",
    zh: "\u5B57\u6BB5"
  },
  bits: {
    en: "Bits",
    zh: "\u4F4D"
  },
  value: {
    en: "Value",
    zh: "\u503C"
  },
  meaning: {
    en: "Meaning",
    zh: "\u542B\u4E49"
  },
  headerOf: {
    en: "header",
    zh: "\u9996\u90E8"
  },
  data: {
    en: "bytes of data follow",
    zh: "\u5B57\u8282\u6570\u636E\u968F\u540E"
  }
};
function showHeader(place, packet) {
  if (packet === null) {
    place.replaceChildren(h("p", {
      class: "hint"
    }, say(WORDS.none)));
    return;
  }
  const { bytes, tcpAt } = packet;
  const said = h("p", {
    class: "field-said",
    "aria-live": "polite"
  });
  const title = `${flagsText(packet.flags)} \xB7 ${packet.src} \u2192 ${packet.dst}`;
  const tcpBytes = bytes.subarray(tcpAt);
  place.replaceChildren(h("p", {
    class: "packet-title"
  }, title), said, h("h3", {}, `TCP ${say(WORDS.headerOf)}`), grid(packet.tcp, tcpBytes, said), h("p", {
    class: "hint"
  }, `${packet.payloadBytes} ${say(WORDS.data)}`), h("h3", {}, `${packet.family} ${say(WORDS.headerOf)}`), grid(packet.ip, bytes.subarray(0, tcpAt), said), h("details", {}, h("summary", {}, `${say(WORDS.field)} \xB7 ${say(WORDS.meaning)}`), table([
    ...packet.tcp,
    ...packet.ip
  ], [
    ...packet.tcp.map(() => tcpAt * 8),
    0
  ])));
  const seq = packet.tcp[2];
  tell(said, seq, tcpBytes);
}
function bitsOf(field2, bytes, from = 0, length = field2.bits) {
  let bits = "";
  for (let bit = field2.at + from; bit < field2.at + from + length; bit++) {
    bits += bytes[bit >>> 3] >>> 7 - (bit & 7) & 1;
  }
  return bits;
}
function grid(fields, bytes, said) {
  const drawing = h("div", {
    class: "bits",
    role: "group"
  });
  for (let bit = 0; bit < WORD_BITS; bit += 8) {
    drawing.append(h("span", {
      class: "scale",
      style: `grid-column: span 8`
    }, bit));
  }
  fields.forEach((field2, index) => {
    for (let done = 0; done < field2.bits; ) {
      const room = WORD_BITS - (field2.at + done) % WORD_BITS;
      const length = Math.min(room, field2.bits - done);
      drawing.append(cell(field2, index, bytes, done, length, said));
      done += length;
    }
  });
  rove(drawing, "button", (button) => button.click());
  return drawing;
}
function cell(field2, index, bytes, from, length, said) {
  const isFirst = from === 0;
  const place = `${field2.at}\u2013${field2.at + field2.bits - 1}`;
  const name = say(field2.name);
  return h(isFirst ? "button" : "div", {
    class: `cell${length <= 3 ? " narrow" : ""}${isFirst ? "" : " more"}`,
    style: `grid-column: span ${length}`,
    "data-field": field2.name.en,
    "data-value": field2.value,
    "data-set": length === 1 && field2.value === "1",
    "aria-label": isFirst ? `${name}, ${say(WORDS.bits)} ${place}: ${field2.value}` : void 0,
    title: name,
    type: isFirst ? "button" : void 0,
    tabindex: isFirst && index > 0 ? -1 : void 0,
    click: (event) => {
      const button = event.currentTarget;
      button.parentElement.querySelectorAll("button").forEach((each) => each.tabIndex = -1);
      button.tabIndex = 0;
      tell(said, field2, bytes);
    }
  }, h("span", {
    class: "name"
  }, isFirst ? name : "\u2026"), isFirst && length > 3 ? h("span", {
    class: "value"
  }, field2.value) : null, h("span", {
    class: "digits",
    "aria-hidden": "true"
  }, bitsOf(field2, bytes, from, length)));
}
function tell(said, field2, bytes) {
  const digits = field2.bits <= 32 ? bitsOf(field2, bytes).replace(/(.{8})(?=.)/g, "$1 ") : "";
  said.replaceChildren(h("b", {}, say(field2.name)), " ", h("code", {}, field2.value), " ", h("code", {
    class: "digits"
  }, digits), h("br"), say(field2.meaning));
}
function table(fields, starts) {
  const heads = [
    WORDS.field,
    WORDS.bits,
    WORDS.value,
    WORDS.meaning
  ];
  const rows = fields.map((field2, i) => {
    const at = field2.at + (starts[i] ?? 0);
    const place = field2.bits === 1 ? `${at}` : `${at}\u2013${at + field2.bits - 1}`;
    return h("tr", {}, h("th", {
      scope: "row"
    }, say(field2.name)), h("td", {}, place), h("td", {}, field2.value), h("td", {
      class: "prose"
    }, say(field2.meaning)));
  });
  const head2 = h("tr", {}, ...heads.map((words) => h("th", {
    scope: "col"
  }, say(words))));
  return h("div", {
    class: "scroll",
    tabindex: 0,
    role: "region",
    "aria-label": say(WORDS.field)
  }, h("table", {
    class: "fields"
  }, h("thead", {}, head2), h("tbody", {}, ...rows)));
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
var InferredState = class {
  state = "CLOSED";
  #behindFin = -1;
  /** Takes a segment that the side has sent. */
  sent(packet) {
    const { flags } = packet;
    if ((flags & Flag.RST) !== 0) this.state = "CLOSED";
    else if ((flags & Flag.SYN) !== 0) {
      this.state = (flags & Flag.ACK) !== 0 ? "SYN-RECEIVED" : "SYN-SENT";
    } else if (this.state === "CLOSED") this.state = "ESTABLISHED";
    if ((flags & Flag.FIN) === 0) return;
    this.#behindFin = packet.seq + packet.payloadBytes + 1 >>> 0;
    if (this.state === "ESTABLISHED" || this.state === "SYN-RECEIVED") this.state = "FIN-WAIT-1";
    else if (this.state === "CLOSE-WAIT") this.state = "LAST-ACK";
  }
  /** Takes a segment that the side has received. */
  received(packet) {
    const { flags } = packet;
    const fin = (flags & Flag.FIN) !== 0;
    const acknowledged = (flags & Flag.ACK) !== 0 && packet.ack === this.#behindFin;
    if ((flags & Flag.RST) !== 0) this.state = "CLOSED";
    else this.state = this.#after(fin, acknowledged, (flags & Flag.SYN) !== 0);
  }
  #after(fin, acknowledged, syn) {
    switch (this.state) {
      case "SYN-SENT":
        return syn ? "ESTABLISHED" : this.state;
      case "SYN-RECEIVED":
      case "ESTABLISHED":
        return fin ? "CLOSE-WAIT" : "ESTABLISHED";
      case "FIN-WAIT-1":
        if (fin) return acknowledged ? "TIME-WAIT" : "CLOSING";
        return acknowledged ? "FIN-WAIT-2" : this.state;
      case "FIN-WAIT-2":
        return fin ? "TIME-WAIT" : this.state;
      case "CLOSING":
        return acknowledged ? "TIME-WAIT" : this.state;
      case "LAST-ACK":
        return acknowledged ? "CLOSED" : this.state;
      default:
        return this.state;
    }
  }
};
var Conversation = class {
  arrows = [];
  /** The stack's own changes of state, as pairs of names. */
  path = [];
  /** Whether the stack stands on the left: it opened. */
  ownLeft = false;
  ownState = "";
  #numbers = new Numbers();
  #peer = new InferredState();
  #known = false;
  /** Whether it was seen from the beginning: else nothing is known of the peer's state. */
  #whole = false;
  /** A change of state that comes with the segment after it. */
  #pending = null;
  /** Takes a segment. */
  segment(number, timeUs, isInput, packet) {
    if (!this.#known) {
      this.#known = true;
      this.#whole = (packet.flags & Flag.SYN) !== 0;
      if (!isInput && (packet.flags & (Flag.SYN | Flag.ACK)) === Flag.SYN) this.ownLeft = true;
    }
    const fromLeft = isInput !== this.ownLeft;
    const before = this.#peer.state;
    if (isInput) this.#peer.sent(packet);
    else this.#peer.received(packet);
    const peer = this.#peer.state === before || !this.#whole ? null : this.#peer.state;
    const arrow = {
      id: String(number),
      timeUs,
      packet,
      fromLeft,
      ...this.#numbers.take(packet, fromLeft),
      left: this.ownLeft ? null : peer,
      right: this.ownLeft ? peer : null,
      lost: false
    };
    this.arrows.push(arrow);
    if (this.#pending !== null && !isInput) this.#setOwn(arrow, this.#pending);
    this.#pending = null;
  }
  /** Takes a change of the stack's own state. */
  state(number, timeUs, before, after) {
    const name = stateNames[after];
    this.path.push([
      stateNames[before],
      name
    ]);
    this.ownState = name;
    if (before === State.CLOSED && this.arrows.length === 0) this.ownLeft = true;
    const last = this.arrows.at(-1);
    const isAnswer = !TOLD_STATES.includes(name) && last !== void 0 && last.timeUs === timeUs && last.packet !== null && last.fromLeft !== this.ownLeft;
    if (isAnswer) this.#setOwn(last, name);
    else if (after === State.CLOSED) {
      const arrow = bare(number, timeUs);
      this.#setOwn(arrow, name);
      this.arrows.push(arrow);
    } else this.#pending = name;
  }
  /** Notes that lines are missing here. */
  skipped(number, timeUs) {
    this.arrows.push({
      ...bare(number, timeUs),
      id: `gap${number}`,
      marks: [
        "skipped"
      ]
    });
  }
  #setOwn(arrow, name) {
    if (this.ownLeft) arrow.left = name;
    else arrow.right = name;
  }
};
function bare(number, timeUs) {
  return {
    id: String(number),
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
}
function arrowText(arrow) {
  const { packet, seq, ack } = arrow;
  if (packet === null) return "";
  const parts = [
    flagsText(packet.flags) || "\u2013",
    `seq=${seq}`
  ];
  if (ack !== null) parts.push(`ack=${ack}`);
  if (packet.payloadBytes > 0) parts.push(`len=${packet.payloadBytes}`);
  return parts.join(" ");
}
function detailText(arrow) {
  const { packet } = arrow;
  if (packet === null) return "";
  const parts = [
    `win=${packet.window}`
  ];
  if (packet.mss !== null) parts.push(`mss=${packet.mss}`);
  if (packet.windowScale !== null) parts.push(`wscale=${packet.windowScale}`);
  if (packet.sackPermitted) parts.push("sackOK");
  const { payloadBytes, gsoBytes } = packet;
  if (gsoBytes > 0 && payloadBytes > gsoBytes) {
    parts.push(`tso=${Math.ceil(payloadBytes / gsoBytes)}\xD7${gsoBytes}`);
  }
  for (const [from, to] of arrow.sack) parts.push(`sack=${from}\u2013${to}`);
  return parts.join(" ");
}

// src/page/ladder.ts
var MARKS = {
  retransmission: {
    en: "sent again",
    zh: "\u91CD\u4F20"
  },
  duplicate: {
    en: "duplicate ACK",
    zh: "\u91CD\u590D\u786E\u8BA4"
  },
  sack: {
    en: "SACK",
    zh: "\u9009\u62E9\u786E\u8BA4"
  },
  probe: {
    en: "probe",
    zh: "\u63A2\u6D4B"
  },
  skipped: {
    en: "segments that are not kept any more",
    zh: "\u6B64\u5904\u6709\u672A\u4FDD\u7559\u7684\u62A5\u6587\u6BB5"
  },
  zero: {
    en: "window closed",
    zh: "\u96F6\u7A97\u53E3"
  }
};
var WORDS2 = {
  lost: {
    en: "lost",
    zh: "\u4E22\u5931"
  },
  from: {
    en: "from left to right",
    zh: "\u4ECE\u5DE6\u5230\u53F3"
  },
  back: {
    en: "from right to left",
    zh: "\u4ECE\u53F3\u5230\u5DE6"
  }
};
var Ladder = class {
  element = h("ol", {
    class: "ladder"
  });
  options;
  chosen = null;
  #arrows = [];
  #rows = [];
  /** Whether the last row is to stay in sight as rows are added. */
  #followsEnd = false;
  constructor(options) {
    this.options = options;
    rove(this.element, "button.row", (row) => row.click());
    this.element.addEventListener("scroll", () => {
      const { scrollTop, scrollHeight, clientHeight } = this.element;
      this.#followsEnd = scrollTop + clientHeight > scrollHeight - 40;
    });
  }
  /** Shows other arrows. */
  show(arrows) {
    this.#arrows = arrows;
    this.#rows = [];
    this.element.replaceChildren();
    this.#followsEnd = false;
    this.extend();
  }
  /** Shows arrows that were added to the ones that are shown; of the last one the state may have changed. */
  extend() {
    const from = Math.max(0, this.#rows.length - 1);
    for (let i = from; i < this.#arrows.length; i++) {
      const row = this.#row(this.#arrows[i], i);
      if (i < this.#rows.length) {
        const old = this.#rows[i];
        const hadFocus = old.contains(document.activeElement);
        old.replaceWith(row);
        if (hadFocus) row.querySelector("button")?.focus({
          preventScroll: true
        });
      } else this.element.append(row);
      this.#rows[i] = row;
    }
    if (this.#followsEnd) this.element.scrollTop = this.element.scrollHeight;
  }
  /** Chooses the row of an arrow, as a click on it does. */
  choose(arrow) {
    this.chosen = arrow.id;
    for (const [i, row] of this.#rows.entries()) {
      const button = row.querySelector("button");
      const isChosen = this.#arrows[i].id === arrow.id;
      button?.setAttribute("aria-pressed", String(isChosen));
      if (button !== null) button.tabIndex = isChosen ? 0 : -1;
    }
    this.options.onChoose(arrow);
  }
  #row(arrow, index) {
    if (arrow.marks.includes("skipped")) {
      return h("li", {
        class: "gap"
      }, `\u22EE ${say(MARKS.skipped)} \u22EE`);
    }
    const previous = index === 0 ? arrow : this.#arrows[index - 1];
    const time = index === 0 ? "0" : `+${duration(arrow.timeUs - previous.timeUs)}`;
    const cells = [
      h("span", {
        class: "time"
      }, time),
      stateCell("left", arrow.left),
      arrow.packet === null ? h("span", {
        class: "wire idle"
      }) : this.#wire(arrow),
      stateCell("right", arrow.right)
    ];
    if (arrow.packet === null) return h("li", {}, h("div", {
      class: "row"
    }, ...cells));
    const isChosen = arrow.id === this.chosen;
    const isFirst = index === 0 && this.chosen === null;
    return h("li", {}, h("button", {
      type: "button",
      class: "row",
      "data-id": arrow.id,
      "aria-pressed": String(isChosen),
      "aria-label": this.#label(arrow),
      tabindex: isChosen || isFirst ? 0 : -1,
      click: () => this.choose(arrow)
    }, ...cells));
  }
  #wire(arrow) {
    const tags = arrow.marks.map((mark) => h("em", {
      class: `tag ${mark}`
    }, say(MARKS[mark])));
    const lostTag = arrow.lost ? h("em", {
      class: "tag lost"
    }, say(WORDS2.lost)) : null;
    const direction = arrow.fromLeft ? "to-right" : "to-left";
    const classes = `wire ${direction} ${kindOf(arrow)}${arrow.lost ? " is-lost" : ""}${arrow.marks.includes("retransmission") ? " again" : ""}`;
    return h("span", {
      class: classes
    }, h("span", {
      class: "what"
    }, this.#text(arrow), ...tags, lostTag), s("svg", {
      viewBox: "0 0 100 14",
      preserveAspectRatio: "none",
      "aria-hidden": "true"
    }, s("line", arrowLine(arrow))), h("span", {
      class: "head",
      "aria-hidden": "true"
    }, arrow.lost ? "\u2715" : ""), h("span", {
      class: "detail"
    }, detailText(arrow)));
  }
  #text(arrow) {
    const { packet } = arrow;
    if (!this.options.raw || packet === null) return arrowText(arrow);
    const raw = {
      ...arrow,
      seq: packet.seq,
      ack: arrow.ack === null ? null : packet.ack
    };
    return arrowText(raw);
  }
  #label(arrow) {
    const marks = arrow.marks.map((mark) => say(MARKS[mark]));
    const way = say(arrow.fromLeft ? WORDS2.from : WORDS2.back);
    const states = [
      arrow.left,
      arrow.right
    ].filter((state) => state !== null);
    const lost = arrow.lost ? [
      say(WORDS2.lost)
    ] : [];
    return [
      way,
      this.#text(arrow),
      detailText(arrow),
      ...marks,
      ...lost,
      ...states
    ].join(", ");
  }
};
function stateCell(side, state) {
  if (state === null) return h("span", {
    class: `state ${side}`
  });
  const name = h("b", {
    "data-state": state
  });
  state.split("-").forEach((part, i) => name.append(...i > 0 ? [
    "-",
    h("wbr")
  ] : [], part));
  return h("span", {
    class: `state ${side}`
  }, name);
}
function arrowLine({ fromLeft, lost }) {
  const end2 = lost ? 58 : 100;
  const y2 = lost ? 8 : 12;
  return fromLeft ? {
    x1: 0,
    y1: 1,
    x2: end2,
    y2
  } : {
    x1: 100,
    y1: 1,
    x2: 100 - end2,
    y2
  };
}
function kindOf({ packet }) {
  const flags = packet?.flags ?? 0;
  if ((flags & Flag.RST) !== 0) return "rst";
  if ((flags & Flag.SYN) !== 0) return "syn";
  if ((flags & Flag.FIN) !== 0) return "fin";
  return (packet?.payloadBytes ?? 0) > 0 ? "data" : "ack";
}

// src/page/state_view.ts
var BOX_WIDTH = 124;
var BOX_HEIGHT = 34;
var PLACES = {
  BEGIN: [
    270,
    22
  ],
  LISTEN: [
    270,
    96
  ],
  "SYN-RECEIVED": [
    72,
    180
  ],
  "SYN-SENT": [
    468,
    180
  ],
  ESTABLISHED: [
    270,
    252
  ],
  "FIN-WAIT-1": [
    72,
    330
  ],
  "CLOSE-WAIT": [
    468,
    330
  ],
  CLOSING: [
    270,
    390
  ],
  "FIN-WAIT-2": [
    72,
    450
  ],
  "LAST-ACK": [
    468,
    450
  ],
  "TIME-WAIT": [
    270,
    480
  ],
  CLOSED: [
    468,
    540
  ]
};
var EDGES = [
  [
    "BEGIN",
    "LISTEN",
    {
      en: "passive open",
      zh: "\u88AB\u52A8\u6253\u5F00"
    },
    0.5,
    -46,
    4
  ],
  [
    "BEGIN",
    "SYN-SENT",
    {
      en: "active open / SYN",
      zh: "\u4E3B\u52A8\u6253\u5F00 / SYN"
    },
    0.4,
    52,
    -6
  ],
  [
    "LISTEN",
    "SYN-RECEIVED",
    {
      en: "SYN / SYN ACK",
      zh: "SYN / SYN ACK"
    },
    0.5,
    -46,
    -8
  ],
  [
    "LISTEN",
    "SYN-SENT",
    {
      en: "send / SYN",
      zh: "\u53D1\u9001 / SYN"
    },
    0.55,
    -30,
    14
  ],
  [
    "SYN-SENT",
    "SYN-RECEIVED",
    {
      en: "SYN / SYN ACK",
      zh: "SYN / SYN ACK"
    },
    0.5,
    0,
    -5
  ],
  [
    "SYN-RECEIVED",
    "ESTABLISHED",
    {
      en: "ACK",
      zh: "ACK"
    },
    0.5,
    -16,
    12
  ],
  [
    "SYN-SENT",
    "ESTABLISHED",
    {
      en: "SYN ACK / ACK",
      zh: "SYN ACK / ACK"
    },
    0.5,
    44,
    14
  ],
  [
    "SYN-RECEIVED",
    "FIN-WAIT-1",
    {
      en: "close / FIN",
      zh: "\u5173\u95ED / FIN"
    },
    0.5,
    42,
    4
  ],
  [
    "ESTABLISHED",
    "FIN-WAIT-1",
    {
      en: "close / FIN",
      zh: "\u5173\u95ED / FIN"
    },
    0.5,
    34,
    14
  ],
  [
    "ESTABLISHED",
    "CLOSE-WAIT",
    {
      en: "FIN / ACK",
      zh: "FIN / ACK"
    },
    0.5,
    36,
    -4
  ],
  [
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    {
      en: "ACK of FIN",
      zh: "FIN \u7684 ACK"
    },
    0.5,
    40,
    14
  ],
  [
    "FIN-WAIT-1",
    "CLOSING",
    {
      en: "FIN / ACK",
      zh: "FIN / ACK"
    },
    0.5,
    20,
    -8
  ],
  [
    "FIN-WAIT-1",
    "TIME-WAIT",
    {
      en: "FIN ACK / ACK",
      zh: "FIN ACK / ACK"
    },
    0.5,
    -2,
    22
  ],
  [
    "FIN-WAIT-2",
    "TIME-WAIT",
    {
      en: "FIN / ACK",
      zh: "FIN / ACK"
    },
    0.5,
    -8,
    20
  ],
  [
    "CLOSING",
    "TIME-WAIT",
    {
      en: "ACK of FIN",
      zh: "FIN \u7684 ACK"
    },
    0.5,
    38,
    4
  ],
  [
    "CLOSE-WAIT",
    "LAST-ACK",
    {
      en: "close / FIN",
      zh: "\u5173\u95ED / FIN"
    },
    0.5,
    -42,
    4
  ],
  [
    "LAST-ACK",
    "CLOSED",
    {
      en: "ACK of FIN",
      zh: "FIN \u7684 ACK"
    },
    0.5,
    -40,
    -4
  ],
  [
    "TIME-WAIT",
    "CLOSED",
    {
      en: "after 2 MSL",
      zh: "2 MSL \u4E4B\u540E"
    },
    0.5,
    -34,
    14
  ]
];
var WORDS3 = {
  title: {
    en: "State diagram of RFC 9293",
    zh: "RFC 9293 \u72B6\u6001\u56FE"
  },
  nobody: {
    en: "no connections",
    zh: "\u6CA1\u6709\u8FDE\u63A5"
  }
};
function showStates(place, input) {
  const { counts, path, current } = input;
  const gone = new Set(path.map(([before, after]) => `${boxOf(before)} ${after}`));
  const summary = Object.entries(counts).map(([name, number]) => `${name} ${number}`).join(", ");
  const title = `${say(WORDS3.title)}: ${summary || say(WORDS3.nobody)}`;
  const edges = EDGES.map((edge) => drawEdge(place, edge, gone.has(`${edge[0]} ${edge[1]}`)));
  const drawing = s("svg", {
    viewBox: "0 0 540 562",
    role: "img",
    "aria-label": title,
    class: "states"
  }, s("defs", {}, head(place, "head"), head(place, "head-gone")), ...edges, ...Object.keys(PLACES).map((name) => drawBox(name, counts, current)));
  place.replaceChildren(drawing, h("p", {
    class: "unseen"
  }, title));
}
function boxOf(before) {
  return before === "CLOSED" ? "BEGIN" : before;
}
function head(place, name) {
  const marker = {
    id: `${place.id}-${name}`,
    viewBox: "0 0 8 8",
    refX: 7,
    refY: 4,
    markerWidth: 7,
    markerHeight: 7,
    orient: "auto"
  };
  return s("marker", marker, s("path", {
    d: "M0 0 8 4 0 8z",
    class: name
  }));
}
function drawEdge(place, edge, gone) {
  const [from, to, label, along, dx, dy] = edge;
  const [x1, y1] = PLACES[from];
  const [x2, y2] = PLACES[to];
  const [ax, ay] = border(x1, y1, x2, y2);
  const [bx, by] = border(x2, y2, x1, y1);
  const x = ax + (bx - ax) * along + dx;
  const y = ay + (by - ay) * along + dy;
  return s("g", {
    class: gone ? "edge gone" : "edge"
  }, s("line", {
    x1: ax,
    y1: ay,
    x2: bx,
    y2: by,
    "marker-end": `url(#${place.id}-${gone ? "head-gone" : "head"})`
  }), s("text", {
    x,
    y,
    "text-anchor": "middle"
  }, say(label)));
}
function border(x, y, toX, toY) {
  const [dx, dy] = [
    toX - x,
    toY - y
  ];
  const scale = Math.min(dx === 0 ? Infinity : (BOX_WIDTH / 2 + 2) / Math.abs(dx), dy === 0 ? Infinity : (BOX_HEIGHT / 2 + 2) / Math.abs(dy));
  return [
    x + dx * scale,
    y + dy * scale
  ];
}
function drawBox(name, counts, current) {
  const [x, y] = PLACES[name];
  const shown = name === "BEGIN" ? "CLOSED" : name;
  const number = counts[name] ?? 0;
  const box = {
    x: x - BOX_WIDTH / 2,
    y: y - BOX_HEIGHT / 2,
    width: BOX_WIDTH
  };
  const classes = `box${name === current ? " current" : ""}${number > 0 ? " used" : ""}`;
  return s("g", {
    class: classes,
    "data-state": name,
    "data-count": number
  }, s("rect", {
    ...box,
    height: BOX_HEIGHT,
    rx: 8
  }), s("text", {
    x,
    y: y + 5,
    "text-anchor": "middle"
  }, shown), number > 0 ? s("circle", {
    cx: box.x + BOX_WIDTH,
    cy: y,
    r: 12
  }) : null, number > 0 ? s("text", {
    class: "count",
    x: box.x + BOX_WIDTH,
    y: y + 4,
    "text-anchor": "middle"
  }, number > 999 ? "1k+" : number) : null);
}

// src/page/lesson_view.ts
var WORDS4 = {
  lose: {
    en: "Lose this segment",
    zh: "\u8BA9\u5B83\u4E22\u5931"
  },
  deliver: {
    en: "Let it arrive",
    zh: "\u8BA9\u5B83\u5230\u8FBE"
  },
  step: (now, all) => ({
    en: `Step ${now} of ${all}`,
    zh: `\u7B2C ${now} \u6B65,\u5171 ${all} \u6B65`
  }),
  start: {
    en: "Two stacks, both CLOSED but for the server's listener. Step forward to begin; a click on a segment chooses it, and then it can be lost.",
    zh: "\u4E24\u4E2A\u534F\u8BAE\u6808,\u9664\u670D\u52A1\u5668\u7684\u76D1\u542C\u5916\u90FD\u5904\u4E8E CLOSED\u3002\u6309\u201C\u524D\u8FDB\u201D\u5F00\u59CB;\u70B9\u51FB\u4E00\u4E2A\u62A5\u6587\u6BB5\u53EF\u4EE5\u9009\u4E2D\u5B83,\u7136\u540E\u8BA9\u5B83\u4E22\u5931\u3002"
  },
  failed: {
    en: "The lesson could not be loaded.",
    zh: "\u8BFE\u7A0B\u65E0\u6CD5\u52A0\u8F7D\u3002"
  }
};
var STORIES = [
  [
    {
      en: "Everything arrives",
      zh: "\u4E00\u5207\u987A\u5229"
    },
    []
  ],
  [
    {
      en: "The SYN is lost",
      zh: "SYN \u4E22\u5931"
    },
    [
      "L0"
    ]
  ],
  [
    {
      en: "The SYN ACK is lost",
      zh: "SYN ACK \u4E22\u5931"
    },
    [
      "R0"
    ]
  ],
  [
    {
      en: "Data is lost",
      zh: "\u6570\u636E\u4E22\u5931"
    },
    [
      "R2"
    ]
  ],
  [
    {
      en: "The last ACK is lost",
      zh: "\u6700\u540E\u7684 ACK \u4E22\u5931"
    },
    [
      "L5"
    ]
  ]
];
var Lesson = class {
  #lost = /* @__PURE__ */ new Set();
  #arrows = [];
  /** Steps that have been shown. */
  #step = 0;
  #play = null;
  #ladder;
  constructor() {
    this.#ladder = new Ladder({
      raw: false,
      onChoose: (arrow) => this.#chosen(arrow)
    });
    byId("lesson-ladder").replaceChildren(this.#ladder.element);
    const buttons = [
      [
        "lesson-first",
        () => 0
      ],
      [
        "lesson-back",
        () => this.#step - 1
      ],
      [
        "lesson-next",
        () => this.#step + 1
      ],
      [
        "lesson-last",
        () => this.#arrows.length
      ]
    ];
    for (const [id, to] of buttons) byId(id).addEventListener("click", () => this.#go(to()));
    byId("lesson-lose").addEventListener("click", () => void this.#toggleLoss());
    byId("lesson").addEventListener("keydown", (event) => this.#onKey(event));
  }
  /** Shows the lesson, in the language that is chosen now. */
  async open() {
    try {
      const address = new URL("/lesson.js", location.href).href;
      this.#play ??= (await import(address)).play;
    } catch (error) {
      byId("lesson-said").textContent = `${say(WORDS4.failed)} ${String(error)}`;
      return;
    }
    this.#drawStories();
    if (this.#arrows.length === 0) this.#arrows = await this.#play(this.#lost);
    this.#go(this.#step);
  }
  #drawStories() {
    const place = byId("lesson-stories");
    place.replaceChildren(...STORIES.map(([name, lost]) => {
      const isChosen = [
        ...this.#lost
      ].sort().join() === [
        ...lost
      ].sort().join();
      return h("button", {
        type: "button",
        "aria-pressed": String(isChosen),
        click: () => void this.#tell(new Set(lost), 0)
      }, say(name));
    }));
  }
  /** Plays the conversation with these losses and shows as many of its steps. */
  async #tell(lost, step) {
    if (this.#play === null) return;
    this.#lost = lost;
    this.#arrows = await this.#play(lost);
    const focused = document.activeElement?.textContent;
    this.#drawStories();
    const again = [
      ...byId("lesson-stories").querySelectorAll("button")
    ].find((button) => button.textContent === focused);
    again?.focus();
    this.#go(step);
  }
  #go(step) {
    this.#step = Math.max(0, Math.min(step, this.#arrows.length));
    const shown = this.#arrows.slice(0, this.#step);
    this.#ladder.chosen = shown.at(-1)?.id ?? null;
    this.#ladder.show(shown);
    const last = shown.at(-1);
    if (last === void 0) {
      byId("lesson-said").textContent = say(WORDS4.start);
      showHeader(byId("lesson-header"), null);
    } else if (last.packet === null) this.#chosen(last);
    else this.#ladder.choose(last);
    this.#ladder.element.scrollTop = this.#ladder.element.scrollHeight;
    this.#draw(shown);
  }
  #draw(shown) {
    const all = this.#arrows.length;
    byId("lesson-step").textContent = say(WORDS4.step(this.#step, all));
    disable("lesson-first", this.#step === 0);
    disable("lesson-back", this.#step === 0);
    disable("lesson-next", this.#step === all);
    disable("lesson-last", this.#step === all);
    disable("lesson-lose", this.#selected() === void 0);
    const left = pathOf(shown.map((arrow) => arrow.left), "CLOSED");
    const right = pathOf(shown.map((arrow) => arrow.right), "LISTEN");
    const [client, server] = [
      left.at(-1)?.[1] ?? "CLOSED",
      right.at(-1)?.[1] ?? "LISTEN"
    ];
    byId("lesson-left").replaceChildren(h("b", {
      "data-state": client
    }, client));
    byId("lesson-right").replaceChildren(h("b", {
      "data-state": server
    }, server));
    const last = shown.at(-1);
    const first = shown[0];
    byId("lesson-time").textContent = last === void 0 ? "0 ms" : duration(last.timeUs - first.timeUs);
    const counts = {};
    for (const state of [
      client,
      server
    ]) counts[state] = (counts[state] ?? 0) + 1;
    showStates(byId("lesson-states"), {
      counts,
      path: [
        ...left,
        ...right
      ],
      current: ""
    });
  }
  #chosen(arrow) {
    byId("lesson-said").textContent = say(explain(arrow));
    showHeader(byId("lesson-header"), arrow.packet);
    byId("lesson-lose").textContent = say(arrow.lost ? WORDS4.deliver : WORDS4.lose);
    disable("lesson-lose", arrow.packet === null);
  }
  #selected() {
    return this.#arrows.find((arrow) => arrow.id === this.#ladder.chosen && arrow.packet !== null);
  }
  async #toggleLoss() {
    const arrow = this.#selected();
    if (arrow === void 0) return;
    const lost = new Set(this.#lost);
    if (!lost.delete(arrow.id)) lost.add(arrow.id);
    await this.#tell(lost, this.#arrows.indexOf(arrow) + 1);
  }
  #onKey(event) {
    const inList = event.target.closest(".ladder, .bits") !== null;
    if (inList || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "ArrowRight") this.#go(this.#step + 1);
    else if (event.key === "ArrowLeft") this.#go(this.#step - 1);
    else return;
    event.preventDefault();
  }
};
function pathOf(states, start2) {
  const path = [];
  let before = start2;
  for (const state of states) {
    if (state === null) continue;
    path.push([
      before,
      state
    ]);
    before = state;
  }
  return path;
}
function disable(id, isDisabled) {
  const button = byId(id);
  button.setAttribute("aria-disabled", String(isDisabled));
}

// src/page/kinds.ts
var TraceKind = {
  segmentIn: 1,
  segmentOut: 2,
  state: 3
};

// src/page/plot_view.ts
var SAMPLES_MAX = 2048;
var HEIGHT = 210;
var MAX_WORD = 2147483647;
var WORDS5 = {
  time: {
    en: "time (s)",
    zh: "\u65F6\u95F4(\u79D2)"
  },
  bytes: {
    en: "Windows and flight, bytes",
    zh: "\u7A97\u53E3\u4E0E\u5728\u9014\u6570\u636E(\u5B57\u8282)"
  },
  times: {
    en: "Round trip, ms",
    zh: "\u5F80\u8FD4\u65F6\u95F4(\u6BEB\u79D2)"
  },
  cwnd: {
    en: "cwnd",
    zh: "\u62E5\u585E\u7A97\u53E3 cwnd"
  },
  ssthresh: {
    en: "ssthresh",
    zh: "\u6162\u542F\u52A8\u95E8\u9650 ssthresh"
  },
  inFlight: {
    en: "in flight",
    zh: "\u5728\u9014"
  },
  window: {
    en: "peer's window",
    zh: "\u5BF9\u65B9\u7A97\u53E3"
  },
  rtt: {
    en: "smoothed RTT",
    zh: "\u5E73\u6ED1 RTT"
  },
  rto: {
    en: "RTO",
    zh: "\u91CD\u4F20\u8D85\u65F6 RTO"
  },
  empty: {
    en: "Numbers come as soon as the connection moves.",
    zh: "\u8FDE\u63A5\u6709\u6D3B\u52A8\u540E\u5373\u663E\u793A\u6570\u636E\u3002"
  }
};
var LINES = [
  [
    1,
    WORDS5.cwnd,
    "--syn"
  ],
  [
    2,
    WORDS5.ssthresh,
    "--rst"
  ],
  [
    3,
    WORDS5.inFlight,
    "--data"
  ],
  [
    4,
    WORDS5.window,
    "--ack"
  ]
];
var TIMES = [
  [
    5,
    WORDS5.rtt,
    "--fin"
  ],
  [
    6,
    WORDS5.rto,
    "--ack"
  ]
];
var maker = null;
var Plots = class {
  #place;
  samples = [];
  #plots = [];
  constructor(place) {
    this.#place = place;
    new ResizeObserver(() => this.#fit()).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }
  /** Forgets what is shown. */
  clear() {
    this.samples.length = 0;
    this.draw();
  }
  /** Adds samples; only as many plots are made anew as have to be. */
  add(samples) {
    const wasEmpty = this.samples.length === 0;
    this.samples.push(...samples);
    if (this.samples.length > SAMPLES_MAX) {
      const thinned = this.samples.filter((_, i) => i % 2 === 0);
      this.samples.splice(0, Infinity, ...thinned);
    }
    if (wasEmpty || this.#plots.length === 0) this.draw();
    else this.#plots.forEach((plot, i) => plot.setData(this.#data(i === 0 ? LINES : TIMES)));
  }
  /** Draws everything anew: in another language or other colours. */
  draw() {
    for (const plot of this.#plots) plot.destroy();
    this.#plots = [];
    this.#place.replaceChildren();
    if (this.samples.length === 0) {
      this.#place.append(h("p", {
        class: "hint"
      }, say(WORDS5.empty)));
    } else if (maker === null) void this.#load();
    else {
      this.#make(maker, say(WORDS5.bytes), LINES);
      this.#make(maker, say(WORDS5.times), TIMES);
    }
  }
  async #load() {
    const address = new URL("/uplot.js", location.href).href;
    const module = await import(address);
    if (maker !== null) return;
    maker = module.default;
    this.draw();
  }
  #make(Maker, title, lines) {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: color("--text"),
      grid: {
        stroke: color("--line"),
        width: 1
      }
    };
    const isTimes = lines === TIMES;
    const shown = (value) => value === null ? "\u2013" : isTimes ? duration(value * 1e3) : count(value);
    const options = {
      width: this.#width(),
      height: HEIGHT,
      // RTT and RTO are far apart: 1 ms and 200 ms on a local link.
      scales: {
        x: {
          time: false
        },
        y: {
          distr: isTimes ? 3 : 1
        }
      },
      axes: [
        {
          ...axis,
          label: say(WORDS5.time),
          labelSize: 20,
          size: 34
        },
        {
          ...axis,
          size: 58,
          values: (_, ticks) => ticks.map(short)
        }
      ],
      series: [
        {
          label: say(WORDS5.time),
          value: (_, x) => x?.toFixed(3) ?? "\u2013"
        },
        ...lines.map(([, label, name]) => ({
          label: say(label),
          stroke: color(name),
          width: 2,
          points: {
            show: this.samples.length < 60,
            size: 5
          },
          value: (_, value) => shown(value)
        }))
      ]
    };
    const place = h("div", {
      role: "group",
      "aria-label": title
    });
    this.#place.append(h("h3", {}, title), place);
    this.#plots.push(new Maker(options, this.#data(lines), place));
  }
  #data(lines) {
    const { samples } = this;
    const start2 = samples[0][0];
    const scale = lines === TIMES ? 1e3 : 1;
    const least = lines === TIMES ? 1 : 0;
    const value = (raw) => raw < least || raw >= MAX_WORD ? null : raw / scale;
    return [
      samples.map(([timeUs]) => (timeUs - start2) / 1e6),
      ...lines.map(([column]) => samples.map((sample) => value(sample[column])))
    ];
  }
  #width() {
    return Math.max(200, this.#place.clientWidth);
  }
  #fit() {
    for (const plot of this.#plots) plot.setSize({
      width: this.#width(),
      height: HEIGHT
    });
  }
};
function short(value) {
  if (value === null) return "";
  if (Math.abs(value) >= 1e6) return `${+(value / 1e6).toFixed(2)}M`;
  return Math.abs(value) >= 1e4 ? `${+(value / 1e3).toFixed(1)}k` : String(+value.toFixed(3));
}

// src/page/table_view.ts
var COLUMNS = [
  {
    head: {
      en: "Peer",
      zh: "\u5BF9\u7AEF"
    },
    value: (row) => row.remote
  },
  {
    head: {
      en: "Here",
      zh: "\u672C\u7AEF"
    },
    value: (row) => row.local,
    minor: true
  },
  {
    head: {
      en: "State",
      zh: "\u72B6\u6001"
    },
    value: (row) => row.state
  },
  {
    head: {
      en: "RTT",
      zh: "RTT"
    },
    value: (row) => row.rttUs,
    shown: (row) => row.rttUs === 0 ? "\u2013" : duration(row.rttUs)
  },
  {
    head: {
      en: "cwnd",
      zh: "cwnd"
    },
    value: (row) => row.cwndBytes,
    minor: true
  },
  {
    head: {
      en: "In flight",
      zh: "\u5728\u9014"
    },
    value: (row) => row.inFlightBytes,
    minor: true
  },
  {
    head: {
      en: "Received",
      zh: "\u5DF2\u6536"
    },
    value: (row) => row.bytesReceived,
    minor: true
  },
  {
    head: {
      en: "Sent",
      zh: "\u5DF2\u53D1"
    },
    value: (row) => row.bytesSent,
    minor: true
  },
  {
    head: {
      en: "Again",
      zh: "\u91CD\u4F20"
    },
    value: (row) => row.segmentsRetransmitted,
    minor: true
  }
];
var WORDS6 = {
  none: {
    en: "No connections yet. Try:",
    zh: "\u8FD8\u6CA1\u6709\u8FDE\u63A5\u3002\u8BD5\u8BD5:"
  },
  viewer: {
    en: "this page",
    zh: "\u672C\u9875\u9762"
  },
  choose: {
    en: "Watch",
    zh: "\u67E5\u770B"
  },
  reason: {
    en: "Reason",
    zh: "\u539F\u56E0"
  },
  count: {
    en: "Count",
    zh: "\u6B21\u6570"
  },
  noDrops: {
    en: "Nothing was dropped.",
    zh: "\u6CA1\u6709\u4E22\u5F03\u4EFB\u4F55\u62A5\u6587\u3002"
  }
};
var ConnectionTable = class {
  #place;
  #onChoose;
  #sortBy = -1;
  #descending = true;
  #rows = [];
  chosen = -1;
  /** An address to connect to, for those who see nothing yet. */
  address = "";
  constructor(place, onChoose) {
    this.#place = place;
    this.#onChoose = onChoose;
  }
  /** Shows rows. */
  show(rows) {
    this.#rows = rows;
    this.draw();
  }
  /** Draws the table anew; the focus stays where it was. */
  draw() {
    const focused = document.activeElement?.dataset.key;
    if (this.#rows.length === 0) {
      const command = `nc ${this.address} 7`;
      this.#place.replaceChildren(h("p", {
        class: "hint"
      }, `${say(WORDS6.none)} `, h("code", {}, command)));
      return;
    }
    const body = this.#sorted().map((row) => this.#row(row));
    const head2 = h("tr", {}, ...COLUMNS.map((column, i) => this.#head(column, i)));
    this.#place.replaceChildren(h("table", {
      class: "connections"
    }, h("thead", {}, head2), h("tbody", {}, ...body)));
    if (focused !== void 0) {
      this.#place.querySelector(`[data-key="${focused}"]`)?.focus({
        preventScroll: true
      });
    }
  }
  #sorted() {
    if (this.#sortBy < 0) return [
      ...this.#rows
    ];
    const { value } = COLUMNS[this.#sortBy];
    const sign = this.#descending ? -1 : 1;
    return [
      ...this.#rows
    ].sort((a, b) => {
      const [x, y] = [
        value(a),
        value(b)
      ];
      return sign * (x < y ? -1 : x > y ? 1 : 0);
    });
  }
  #head(column, index) {
    const isSorted = index === this.#sortBy;
    const direction = this.#descending ? "descending" : "ascending";
    const mark = isSorted ? this.#descending ? " \u25BE" : " \u25B4" : "";
    return h("th", {
      scope: "col",
      class: `${column.minor ? "minor " : ""}${index > 2 ? "number" : ""}`,
      "aria-sort": isSorted ? direction : "none"
    }, h("button", {
      type: "button",
      "data-key": `sort${index}`,
      click: () => {
        this.#descending = isSorted ? !this.#descending : index > 2;
        this.#sortBy = index;
        this.draw();
      }
    }, say(column.head) + mark));
  }
  #row(row) {
    const isChosen = row.id === this.chosen;
    const cells = COLUMNS.map((column, i) => {
      const value = column.value(row);
      const isNumber = typeof value === "number";
      const shown = column.shown?.(row) ?? (isNumber ? count(value) : value);
      if (i === 0) return h("th", {
        scope: "row"
      }, this.#chooser(row, shown, isChosen));
      const cell2 = i === 2 ? h("b", {
        "data-state": shown
      }, shown) : shown;
      return h("td", {
        class: `${column.minor ? "minor " : ""}${isNumber ? "number" : ""}`
      }, cell2);
    });
    return h("tr", {
      class: isChosen ? "chosen" : void 0,
      "data-id": row.id
    }, ...cells);
  }
  #chooser(row, shown, isChosen) {
    const tag = row.page && h("em", {
      class: "tag"
    }, say(WORDS6.viewer));
    if (row.viewer) return h("span", {}, shown, " ", tag);
    const button = h("button", {
      type: "button",
      class: "link",
      "data-key": `row${row.id}`,
      "aria-pressed": String(isChosen),
      "aria-label": `${say(WORDS6.choose)} ${shown}`,
      click: () => this.#onChoose(row.id)
    }, shown);
    return h("span", {}, button, " ", tag);
  }
};
function showCounters(counters, drops, overview) {
  const isUsed = ([, value]) => value !== 0;
  const used = Object.entries(overview.counters).filter(isUsed);
  counters.replaceChildren(h("dl", {
    class: "counters"
  }, ...used.map(([name, value]) => pair(name, value))));
  const reasons = Object.entries(overview.drops).sort((a, b) => b[1] - a[1]);
  drops.replaceChildren(reasons.length === 0 ? h("p", {
    class: "hint"
  }, say(WORDS6.noDrops)) : h("dl", {
    class: "counters"
  }, ...reasons.map(([name, value]) => pair(name, value))));
}
function pair(name, value) {
  const readable = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return h("div", {}, h("dt", {}, readable), h("dd", {}, count(value)));
}

// src/page/live_view.ts
var ARROWS_MAX = 700;
var ARROWS_FIRST = 32;
var ARROWS_LAST = 480;
var WORDS7 = {
  connecting: {
    en: "Connecting \u2026",
    zh: "\u6B63\u5728\u8FDE\u63A5\u2026\u2026"
  },
  lost: {
    en: "The server does not answer. Trying again \u2026",
    zh: "\u670D\u52A1\u5668\u6CA1\u6709\u5E94\u7B54,\u6B63\u5728\u91CD\u8BD5\u2026\u2026"
  },
  resting: {
    en: "Resting while nobody looks.",
    zh: "\u65E0\u4EBA\u89C2\u770B,\u6682\u505C\u4E2D\u3002"
  },
  watching: (overview) => ({
    en: `Live from ${overview.addresses.join(", ")}: ${count(overview.open)} open, ${overview.viewers} watching` + (overview.forgotten > 0 ? `, ${count(overview.forgotten)} older ones forgotten` : ""),
    zh: `\u6765\u81EA ${overview.addresses.join("\u3001")} \u7684\u5B9E\u65F6\u6570\u636E:${count(overview.open)} \u4E2A\u8FDE\u63A5,${overview.viewers} \u4EBA\u89C2\u770B` + (overview.forgotten > 0 ? `,\u8F83\u65E9\u7684 ${count(overview.forgotten)} \u4E2A\u5DF2\u4E0D\u4FDD\u7559` : "")
  }),
  nothing: {
    en: "Choose a connection, or wait for the next one.",
    zh: "\u9009\u62E9\u4E00\u4E2A\u8FDE\u63A5,\u6216\u7B49\u5F85\u4E0B\u4E00\u4E2A\u3002"
  },
  peer: {
    en: "peer",
    zh: "\u5BF9\u7AEF"
  },
  stack: {
    en: "woshou",
    zh: "woshou(\u672C\u6808)"
  }
};
var Live = class {
  #source = null;
  #overview = null;
  #id = -1;
  #conversation = new Conversation();
  #news = 0;
  #ladder;
  #table;
  #plots;
  #follow = byId("follow");
  #raw = byId("raw");
  constructor() {
    this.#ladder = new Ladder({
      raw: false,
      onChoose: (arrow) => this.#chosen(arrow)
    });
    byId("live-ladder").replaceChildren(this.#ladder.element);
    this.#table = new ConnectionTable(byId("connections"), (id) => {
      this.#follow.checked = false;
      this.#choose(id);
    });
    this.#plots = new Plots(byId("plots"));
    this.#raw.addEventListener("change", () => {
      this.#ladder.options.raw = this.#raw.checked;
      this.#showAll();
    });
    this.#follow.addEventListener("change", () => this.#followNewest());
  }
  /** Begins to watch. */
  open() {
    if (this.#source !== null) return;
    this.#say(WORDS7.connecting);
    const query = this.#id < 0 ? "" : `?connection=${this.#id}`;
    const source = new EventSource(`/events${query}`);
    this.#source = source;
    this.#forget();
    source.addEventListener("overview", (event) => this.#onOverview(JSON.parse(event.data)));
    source.addEventListener("log", (event) => this.#onLog(JSON.parse(event.data)));
    source.addEventListener("gone", () => this.#choose(-1));
    source.addEventListener("error", () => {
      this.#say(WORDS7.lost);
      this.#forget();
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#reopen(source), 2e3);
    });
  }
  /** Stops to watch: while nobody looks the trace is off. */
  close() {
    this.#source?.close();
    this.#source = null;
    this.#say(WORDS7.resting);
  }
  /** Shows everything anew, in another language. */
  redraw() {
    this.#showAll();
    this.#plots.draw();
    this.#table.draw();
    if (this.#overview !== null) this.#onOverview(this.#overview);
  }
  #reopen(source) {
    if (this.#source !== source) return;
    this.close();
    this.open();
  }
  #say(words) {
    const place = byId("status");
    if (place.textContent !== say(words)) place.textContent = say(words);
  }
  #forget() {
    this.#conversation = new Conversation();
    this.#ladder.chosen = null;
    this.#plots.clear();
    this.#showAll();
    showHeader(byId("live-header"), null);
  }
  #choose(id) {
    if (id === this.#id) return;
    this.#id = id;
    this.#table.chosen = id;
    this.#source?.close();
    this.#source = null;
    this.open();
    this.#table.draw();
  }
  #onOverview(overview) {
    this.#overview = overview;
    this.#say(WORDS7.watching(overview));
    this.#table.address = overview.addresses[0];
    this.#table.chosen = this.#id;
    this.#table.show(overview.connections);
    showCounters(byId("counters"), byId("drops"), overview);
    byId("version").textContent = overview.version;
    this.#drawStates();
    this.#drawEnds();
    this.#followNewest();
  }
  #followNewest() {
    if (!this.#follow.checked || this.#overview === null) return;
    const { connections } = this.#overview;
    const newest = connections.find((row) => !row.page && row.lines > 0);
    if (newest !== void 0) this.#choose(newest.id);
  }
  #row() {
    return this.#overview?.connections.find((row) => row.id === this.#id);
  }
  #onLog(news) {
    if (news.id !== this.#id) return;
    const conversation = this.#conversation;
    if (news.skipped > 0) conversation.skipped(this.#news++, news.lines[0]?.[1] ?? 0);
    for (const line of news.lines) {
      const [number, timeUs, kind] = line;
      if (line[2] === TraceKind.state) {
        conversation.state(number, timeUs, line[3], line[4]);
        continue;
      }
      const bytes = Uint8Array.from(atob(line[5]), (letter) => letter.charCodeAt(0));
      const packet = decodePacket(bytes, line[3], line[4]);
      const isInput = kind === TraceKind.segmentIn;
      if (packet !== null) conversation.segment(number, timeUs, isInput, packet);
    }
    this.#plots.add(news.samples);
    if (news.lines.length === 0) return;
    if (conversation.arrows.length > ARROWS_MAX) {
      const many = conversation.arrows.length - ARROWS_FIRST - ARROWS_LAST;
      const [first] = conversation.arrows.splice(ARROWS_FIRST, many);
      conversation.skipped(this.#news++, first.timeUs);
      conversation.arrows.splice(ARROWS_FIRST, 0, conversation.arrows.pop());
      this.#showAll();
    } else this.#ladder.extend();
    this.#chooseFirst();
    this.#drawStates();
    this.#drawEnds();
  }
  /** Something is always decoded: the first segment, until another is chosen. */
  #chooseFirst() {
    if (this.#ladder.chosen !== null) return;
    const first = this.#conversation.arrows.find((arrow) => arrow.packet !== null);
    if (first !== void 0) this.#ladder.choose(first);
  }
  #chosen(arrow) {
    showHeader(byId("live-header"), arrow.packet);
  }
  #showAll() {
    const { arrows } = this.#conversation;
    this.#ladder.show(arrows);
    byId("live-empty").hidden = arrows.length > 0;
    byId("live-empty").textContent = say(WORDS7.nothing);
    const chosen = arrows.find((arrow) => arrow.id === this.#ladder.chosen);
    if (chosen !== void 0) this.#chosen(chosen);
  }
  #drawEnds() {
    const row = this.#row();
    const { ownLeft, arrows } = this.#conversation;
    byId("live-empty").hidden = arrows.length > 0;
    const own = end(say(WORDS7.stack), row?.local);
    const peer = end(say(WORDS7.peer), row?.remote);
    byId("live-left").replaceChildren(ownLeft ? own : peer);
    byId("live-right").replaceChildren(ownLeft ? peer : own);
  }
  #drawStates() {
    const counts = {};
    for (const { state } of this.#overview?.connections ?? []) {
      counts[state] = (counts[state] ?? 0) + 1;
    }
    const { path, ownState } = this.#conversation;
    const current = ownState || (this.#row()?.state ?? "");
    showStates(byId("states"), {
      counts,
      path,
      current
    });
  }
};
function end(name, address = "") {
  return h("span", {
    class: "end"
  }, h("b", {}, name), " ", h("code", {}, address));
}

// src/page/page_texts.ts
var PAGE_TEXTS = {
  title: {
    en: "woshou: watch the handshake",
    zh: "woshou:\u89C2\u770B\u63E1\u624B"
  },
  tagline: {
    en: "watch the handshake",
    zh: "\u89C2\u770B TCP \u63E1\u624B"
  },
  live: {
    en: "Live",
    zh: "\u5B9E\u65F6"
  },
  lesson: {
    en: "Step by step",
    zh: "\u5206\u6B65\u8BB2\u89E3"
  },
  pages: {
    en: "Parts of this page",
    zh: "\u9875\u9762\u5BFC\u822A"
  },
  language: {
    en: "\u4E2D\u6587",
    zh: "English"
  },
  languageLabel: {
    en: "\u4E2D\u6587: show this page in Chinese",
    zh: "English:\u7528\u82F1\u6587\u663E\u793A\u672C\u9875"
  },
  skip: {
    en: "Skip to the content",
    zh: "\u8DF3\u5230\u6B63\u6587"
  },
  connections: {
    en: "Connections",
    zh: "\u8FDE\u63A5"
  },
  follow: {
    en: "Follow the newest",
    zh: "\u8DDF\u968F\u6700\u65B0\u8FDE\u63A5"
  },
  raw: {
    en: "Raw sequence numbers",
    zh: "\u539F\u59CB\u5E8F\u53F7"
  },
  sequence: {
    en: "Sequence diagram",
    zh: "\u65F6\u5E8F\u56FE"
  },
  header: {
    en: "Header, bit by bit",
    zh: "\u9010\u4F4D\u89E3\u6790\u9996\u90E8"
  },
  states: {
    en: "States",
    zh: "\u72B6\u6001\u56FE"
  },
  plots: {
    en: "Windows and times",
    zh: "\u7A97\u53E3\u4E0E\u65F6\u95F4"
  },
  drops: {
    en: "Drops by reason",
    zh: "\u4E22\u5F03\u539F\u56E0"
  },
  counters: {
    en: "Counters",
    zh: "\u8BA1\u6570\u5668"
  },
  keys: {
    en: "Arrow keys move in lists and headers.",
    zh: "\u5728\u5217\u8868\u548C\u9996\u90E8\u4E2D\u53EF\u7528\u65B9\u5411\u952E\u79FB\u52A8\u3002"
  },
  lessonTitle: {
    en: "A connection, step by step",
    zh: "\u4E00\u6B65\u4E00\u6B65\u770B\u4E00\u4E2A\u8FDE\u63A5"
  },
  lessonKeys: {
    en: "\u2190 and \u2192 go back and forward. Both stacks run in your browser, with 20 ms between them.",
    zh: "\u6309 \u2190 \u548C \u2192 \u540E\u9000\u6216\u524D\u8FDB\u3002\u4E24\u4E2A\u534F\u8BAE\u6808\u90FD\u5728\u4F60\u7684\u6D4F\u89C8\u5668\u91CC\u8FD0\u884C,\u76F8\u9694 20 \u6BEB\u79D2\u3002"
  },
  stories: {
    en: "What is lost",
    zh: "\u4E22\u5931\u4EC0\u4E48"
  },
  client: {
    en: "client",
    zh: "\u5BA2\u6237\u7AEF"
  },
  server: {
    en: "server",
    zh: "\u670D\u52A1\u5668"
  },
  first: {
    en: "To the start",
    zh: "\u56DE\u5230\u5F00\u5934"
  },
  back: {
    en: "Back",
    zh: "\u540E\u9000"
  },
  next: {
    en: "Forward",
    zh: "\u524D\u8FDB"
  },
  last: {
    en: "To the end",
    zh: "\u5230\u6700\u540E"
  },
  steps: {
    en: "Steps",
    zh: "\u6B65\u9AA4"
  },
  source: {
    en: "A user-space TCP/IP stack for Deno. This page comes through it.",
    zh: "Deno \u7684\u7528\u6237\u6001 TCP/IP \u534F\u8BAE\u6808\u3002\u672C\u9875\u9762\u5C31\u662F\u7531\u5B83\u4F20\u6765\u7684\u3002"
  }
};

// src/page/main.ts
var KEY = "woshou-language";
function firstLanguage() {
  const kept = localStorage.getItem(KEY);
  if (kept === "en" || kept === "zh") return kept;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}
function translate() {
  document.documentElement.lang = currentLanguage() === "zh" ? "zh-Hans" : "en";
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = PAGE_TEXTS[element.dataset.text][currentLanguage()];
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", PAGE_TEXTS[element.dataset.label][currentLanguage()]);
  }
  document.title = PAGE_TEXTS.title[currentLanguage()];
}
function start() {
  setLanguage(firstLanguage());
  translate();
  const live = new Live();
  const lesson = new Lesson();
  const show = () => {
    const isLesson = location.hash === "#lesson";
    byId("live").hidden = isLesson;
    byId("lesson").hidden = !isLesson;
    byId("status").hidden = isLesson;
    byId("to-live").setAttribute("aria-current", isLesson ? "false" : "page");
    byId("to-lesson").setAttribute("aria-current", isLesson ? "page" : "false");
    if (isLesson) void lesson.open();
    if (isLesson || document.hidden) live.close();
    else live.open();
  };
  addEventListener("hashchange", show);
  document.addEventListener("visibilitychange", show);
  byId("language").addEventListener("click", () => {
    setLanguage(currentLanguage() === "en" ? "zh" : "en");
    localStorage.setItem(KEY, currentLanguage());
    translate();
    live.redraw();
    show();
  });
  show();
}
start();
