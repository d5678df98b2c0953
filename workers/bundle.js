// Made by `deno task bundle` from workers/main.ts: change that, not this.
"use strict";
// workers/main.ts
var import_node_worker_threads = require("node:worker_threads");

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

// src/base/random.ts
var pool = new Uint32Array(256);
var used = pool.length;
var systemRandom = {
  uint32() {
    if (used === pool.length) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    return pool[used++];
  }
};

// src/device/libc.ts
var LIBC_SYMBOLS = {
  /** memcpy out of memory that is known by its address. */
  memcpyTo: {
    name: "memcpy",
    parameters: [
      "buffer",
      "usize",
      "usize"
    ],
    result: "void"
  },
  /** memcpy into such memory. */
  memcpyFrom: {
    name: "memcpy",
    parameters: [
      "usize",
      "buffer",
      "usize"
    ],
    result: "void"
  },
  open: {
    parameters: [
      "buffer",
      "i32",
      "u32"
    ],
    result: "i32"
  },
  close: {
    parameters: [
      "i32"
    ],
    result: "i32"
  },
  read: {
    parameters: [
      "i32",
      "buffer",
      "u32"
    ],
    result: "i32"
  },
  readv: {
    parameters: [
      "i32",
      "buffer",
      "i32"
    ],
    result: "i32"
  },
  write: {
    parameters: [
      "i32",
      "buffer",
      "u32"
    ],
    result: "i32"
  },
  writev: {
    parameters: [
      "i32",
      "buffer",
      "i32"
    ],
    result: "i32"
  },
  /** ioctl with a pointer to its argument. */
  ioctl: {
    parameters: [
      "i32",
      "u32",
      "buffer"
    ],
    result: "i32"
  },
  /** ioctl whose argument is the integer itself. */
  ioctlValue: {
    name: "ioctl",
    parameters: [
      "i32",
      "u32",
      "usize"
    ],
    result: "i32"
  },
  /** Lets another thread that is ready to run have the processor. */
  sched_yield: {
    parameters: [],
    result: "i32"
  },
  poll: {
    parameters: [
      "buffer",
      "u32",
      "i32"
    ],
    result: "i32"
  },
  /** poll on a thread of Deno's pool, for the application's thread, which must not block. */
  pollInBackground: {
    name: "poll",
    parameters: [
      "buffer",
      "u32",
      "i32"
    ],
    result: "i32",
    nonblocking: true
  },
  epoll_create1: {
    parameters: [
      "i32"
    ],
    result: "i32"
  },
  epoll_ctl: {
    parameters: [
      "i32",
      "i32",
      "i32",
      "buffer"
    ],
    result: "i32"
  },
  eventfd: {
    parameters: [
      "u32",
      "i32"
    ],
    result: "i32"
  },
  fcntl: {
    parameters: [
      "i32",
      "i32",
      "i32"
    ],
    result: "i32"
  },
  socket: {
    parameters: [
      "i32",
      "i32",
      "i32"
    ],
    result: "i32"
  },
  bind: {
    parameters: [
      "i32",
      "buffer",
      "u32"
    ],
    result: "i32"
  },
  send: {
    parameters: [
      "i32",
      "buffer",
      "u32",
      "i32"
    ],
    result: "i32"
  },
  recv: {
    parameters: [
      "i32",
      "buffer",
      "u32",
      "i32"
    ],
    result: "i32"
  },
  __errno_location: {
    parameters: [],
    result: "pointer"
  }
};
var LIBRARY_NAMES = [
  "libc.so.6",
  "libc.musl-x86_64.so.1",
  "libc.musl-aarch64.so.1",
  "libc.so"
];
var loaded = null;
var errnoCell = new Int32Array(1);
function libc() {
  return loaded ?? load();
}
function load() {
  if (Deno.build.os !== "linux") {
    throw new Deno.errors.NotSupported(`TUN devices are there on Linux only, not on ${Deno.build.os}; memoryPair() works everywhere`);
  }
  let cause;
  for (const name of LIBRARY_NAMES) {
    try {
      loaded = Deno.dlopen(name, LIBC_SYMBOLS).symbols;
      break;
    } catch (error2) {
      if (error2 instanceof Deno.errors.NotCapable) throw error2;
      cause ??= error2;
    }
  }
  if (loaded === null) {
    throw new Deno.errors.NotSupported(`No C library could be opened under the names ${LIBRARY_NAMES.join(", ")}`, {
      cause
    });
  }
  const place = loaded.__errno_location();
  if (place !== null) errnoCell = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(place, 4));
  return loaded;
}
function errno() {
  return errnoCell[0];
}
var Errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ENOSPC: 28,
  EBADFD: 77,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENOBUFS: 105
};
var MEANINGS = {
  EPERM: "operation not permitted",
  ENOENT: "no such file",
  EINTR: "interrupted by a signal",
  EIO: "input/output error (is the interface down?)",
  ENXIO: "no such device behind the file",
  E2BIG: "too many queues",
  EBADF: "bad file descriptor",
  EAGAIN: "would block",
  ENOMEM: "out of memory",
  EACCES: "permission denied",
  EFAULT: "bad address in memory",
  EBUSY: "device or resource busy",
  EEXIST: "exists already",
  ENODEV: "no such device",
  EINVAL: "invalid argument",
  ENFILE: "too many open files on the machine",
  EMFILE: "too many open files in this process",
  ENOTTY: "not a device that knows this request",
  ENOSPC: "no space left",
  EBADFD: "the interface is gone",
  EMSGSIZE: "message too long",
  EOPNOTSUPP: "operation not supported",
  EAFNOSUPPORT: "address family not supported",
  EADDRNOTAVAIL: "address not available",
  ENETDOWN: "network is down",
  ENOBUFS: "no buffer space"
};
var NAMES = new Map(Object.entries(Errno).map(([name, value]) => [
  value,
  name
]));
function errnoName(value) {
  return NAMES.get(value) ?? `E${value}`;
}
function errnoText(value) {
  const name = errnoName(value);
  const meaning = MEANINGS[name];
  return `${name}${meaning === void 0 ? "" : `, ${meaning}`} (os error ${value})`;
}
function cString(text) {
  return new TextEncoder().encode(`${text}\0`);
}

// src/device/device.ts
var SendOutcome = {
  sent: 0,
  /** The queue behind the device is full; the frame is lost, as on any network. */
  queueFull: 1,
  /** The device refused the frame (too long, closed, link down). */
  refused: 2
};

// src/base/errors.ts
function codedError(ErrorClass, code, message4, cause) {
  const error2 = cause === void 0 ? new ErrorClass(message4) : new ErrorClass(message4, {
    cause
  });
  return Object.assign(error2, {
    code
  });
}

// src/device/system_error.ts
function errorClassOf(value) {
  switch (value) {
    case Errno.EPERM:
    case Errno.EACCES:
      return Deno.errors.PermissionDenied;
    case Errno.ENOENT:
    case Errno.ENODEV:
    case Errno.ENXIO:
      return Deno.errors.NotFound;
    case Errno.EBUSY:
      return Deno.errors.Busy;
    case Errno.EEXIST:
      return Deno.errors.AlreadyExists;
    case Errno.EADDRNOTAVAIL:
      return Deno.errors.AddrNotAvailable;
    case Errno.EINTR:
      return Deno.errors.Interrupted;
    case Errno.EINVAL:
      return TypeError;
    case Errno.EOPNOTSUPP:
    case Errno.EAFNOSUPPORT:
    case Errno.ENOTTY:
      return Deno.errors.NotSupported;
    default:
      return Error;
  }
}
function systemError(value, action, help = "") {
  const message4 = `${action}: ${errnoText(value)}${help === "" ? "" : `. ${help}`}`;
  return codedError(errorClassOf(value), errnoName(value), message4);
}

// src/device/eventfd.ts
var EFD_CLOEXEC = 524288;
var EFD_NONBLOCK = 2048;
var one = new Uint8Array(new BigUint64Array([
  1n
]).buffer);
var scratch = new Uint8Array(new ArrayBuffer(8));
function createEventFd() {
  const fd = libc().eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw systemError(errno(), "Creating an eventfd");
  return fd;
}
function signalEventFd(fd) {
  libc().write(fd, one, 8);
}
function drainEventFd(fd) {
  return libc().read(fd, scratch, 8) === 8;
}
function closeFd(fd) {
  libc().close(fd);
}

// src/device/poll.ts
var POLLIN = 1;
var POLL_BROKEN = 8 | 16 | 32;
var WaitOutcome = {
  /** A frame waits in the device. */
  readable: 0,
  /** The eventfd was signalled; it stays so until it is drained. */
  woken: 1,
  /** The time is over, or a signal came. */
  timeout: 2,
  /** The device is closed or its interface is gone. */
  failed: 3
};
var PollSet = class {
  /** The structures themselves, as poll takes them. */
  bytes;
  #fds;
  #events;
  /** Waits for a device and for the eventfd that wakes its reader; -1 stands for none. */
  constructor(fd, eventFd) {
    const buffer = new ArrayBuffer(16);
    this.bytes = new Uint8Array(buffer);
    this.#fds = new Int32Array(buffer);
    this.#events = new Int16Array(buffer);
    this.#events[2] = POLLIN;
    this.#events[6] = POLLIN;
    this.set(fd, eventFd);
  }
  /** Names the descriptors to wait for; poll ignores negative ones. */
  set(fd, eventFd) {
    this.#fds[0] = fd;
    this.#fds[2] = eventFd;
  }
  /**
   * Blocks this thread for at most `timeoutMs` milliseconds, without end when negative. The eventfd
   * comes first, so that a busy device cannot keep its reader from being stopped.
   */
  wait(timeoutMs) {
    const ready = libc().poll(this.bytes, 2, timeoutMs);
    if (ready <= 0) return WaitOutcome.timeout;
    if (this.#events[7] !== 0) return WaitOutcome.woken;
    if ((this.#events[3] & POLL_BROKEN) !== 0) return WaitOutcome.failed;
    return WaitOutcome.readable;
  }
};

// src/device/arrival_watch.ts
var EPOLL_CLOEXEC = 524288;
var EPOLL_CTL_ADD = 1;
var EPOLLIN = 1;
var ArrivalWatch = class {
  #set;
  #epollFd;
  #stopFd;
  #onReadable;
  #armed = false;
  #stopped = false;
  /** Calls `onReadable` each time that `fd` becomes readable while the watch is armed. */
  constructor(fd, onReadable) {
    this.#epollFd = createEpollSet(fd);
    this.#stopFd = createEventFd();
    this.#set = new PollSet(this.#epollFd, this.#stopFd);
    this.#onReadable = onReadable;
  }
  /** Waits for the next arrival, if it does not wait already. */
  arm() {
    if (this.#armed || this.#stopped) return;
    this.#armed = true;
    libc().pollInBackground(this.#set.bytes, 2, -1).then(() => {
      this.#armed = false;
      if (this.#stopped) this.#close();
      else this.#onReadable();
    });
  }
  /** Ends the waiting; nothing is called any more. */
  stop() {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#armed) signalEventFd(this.#stopFd);
    else this.#close();
  }
  #close() {
    closeFd(this.#epollFd);
    closeFd(this.#stopFd);
  }
};
function createEpollSet(fd) {
  const set = libc().epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) throw systemError(errno(), "Creating an epoll set");
  const event = new Uint8Array(new Int32Array([
    EPOLLIN,
    0,
    0,
    0
  ]).buffer);
  if (libc().epoll_ctl(set, EPOLL_CTL_ADD, fd, event) === 0) return set;
  const refusal = errno();
  closeFd(set);
  throw systemError(refusal, "Adding a device to an epoll set");
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
function sameAddress(a, b) {
  return a.w3 === b.w3 && a.w2 === b.w2 && a.w1 === b.w1 && a.w0 === b.w0;
}
function isLoopbackWord(bits) {
  return bits >>> 24 === 127;
}
function isLoopbackWords(w0, w1, w2, w3) {
  if (w2 === IPV4_MAPPED_W2) return w1 === 0 && w0 === 0 && isLoopbackWord(w3);
  return w3 === 1 && w2 === 0 && w1 === 0 && w0 === 0;
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
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const hex = (part) => part.map((group) => group.toString(16)).join(":");
  if (bestStart < 0) return hex(groups);
  return `${hex(groups.slice(0, bestStart))}::${hex(groups.slice(bestStart + bestLength))}`;
}

// src/device/ifreq.ts
var IFREQ_BYTES = 40;
var IFNAMSIZ = 16;
var IFREQ_UNION = 16;
function interfaceRequest(name) {
  const request = new Uint8Array(new ArrayBuffer(IFREQ_BYTES));
  request.set(new TextEncoder().encode(name).subarray(0, IFNAMSIZ - 1));
  return request;
}
function interfaceRequestName(request) {
  const end2 = request.indexOf(0);
  return new TextDecoder().decode(request.subarray(0, end2 < 0 ? IFNAMSIZ - 1 : end2));
}

// src/device/netlink.ts
var HEADER_BYTES = 16;
var IFADDRMSG_BYTES = 8;
var ATTRIBUTES_START = HEADER_BYTES + IFADDRMSG_BYTES;
var AF_INET = 2;
var AF_INET6 = 10;
var AF_NETLINK = 16;
var SOCK_RAW = 3;
var SOCK_CLOEXEC = 524288;
var NETLINK_ROUTE = 0;
var NLMSG_ERROR = 2;
var NLMSG_DONE = 3;
var RTM_NEWADDR = 20;
var RTM_GETADDR = 22;
var NLM_F_REQUEST = 1;
var NLM_F_ACK = 4;
var NLM_F_DUMP = 768;
var NLM_F_EXCL = 512;
var NLM_F_CREATE = 1024;
var IFA_ADDRESS = 1;
var IFA_LOCAL = 2;
var IFA_F_NODAD = 2;
var ANSWER_BYTES = 32768;
var MAX_ANSWERS = 4096;
var SEQUENCE = 1;
function addAddress(ifindex, prefix) {
  const socket = openSocket();
  try {
    sendMessage(socket, newAddressMessage(ifindex, prefix));
    const answer = new Uint8Array(new ArrayBuffer(ANSWER_BYTES));
    const view = new DataView(answer.buffer);
    const length = receiveAnswer(socket, answer);
    if (length < HEADER_BYTES + 4 || view.getUint16(4, true) !== NLMSG_ERROR) {
      throw unexpectedAnswer("adding an address");
    }
    return -view.getInt32(HEADER_BYTES, true);
  } finally {
    closeFd(socket);
  }
}
function listAddresses(ifindex) {
  const socket = openSocket();
  try {
    const request = message(ATTRIBUTES_START, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
    sendMessage(socket, request);
    const answer = new Uint8Array(new ArrayBuffer(ANSWER_BYTES));
    const view = new DataView(answer.buffer);
    const found = [];
    for (let answers = 0; answers < MAX_ANSWERS; answers++) {
      const length = receiveAnswer(socket, answer);
      if (collectAddresses(view, length, ifindex, found)) return found;
    }
    throw unexpectedAnswer("listing addresses");
  } finally {
    closeFd(socket);
  }
}
function collectAddresses(view, length, ifindex, found) {
  for (let at = 0; at + HEADER_BYTES <= length; ) {
    const messageBytes = view.getUint32(at, true);
    const type = view.getUint16(at + 4, true);
    if (messageBytes < HEADER_BYTES || at + messageBytes > length) {
      throw unexpectedAnswer("listing addresses");
    }
    if (type === NLMSG_DONE) return true;
    if (type === NLMSG_ERROR) {
      throw systemError(-view.getInt32(at + HEADER_BYTES, true), "Listing addresses by netlink");
    }
    if (type === RTM_NEWADDR && messageBytes >= ATTRIBUTES_START) {
      const prefix = readAddress(view, at, at + messageBytes);
      if (prefix !== null && view.getUint32(at + HEADER_BYTES + 4, true) === ifindex) {
        found.push(prefix);
      }
    }
    at += messageBytes + 3 & ~3;
  }
  return false;
}
function readAddress(view, start, end2) {
  const family = view.getUint8(start + HEADER_BYTES);
  const length = view.getUint8(start + HEADER_BYTES + 1);
  let address = null;
  for (let at = start + ATTRIBUTES_START; at + 4 <= end2; ) {
    const attributeBytes = view.getUint16(at, true);
    const type = view.getUint16(at + 2, true);
    if (attributeBytes < 4 || at + attributeBytes > end2) break;
    if (type === IFA_LOCAL || type === IFA_ADDRESS && address === null) {
      address = addressFromBytes(view, at + 4, attributeBytes - 4, family) ?? address;
    }
    at += attributeBytes + 3 & ~3;
  }
  return address === null ? null : {
    address,
    length
  };
}
function addressFromBytes(view, at, length, family) {
  if (family === AF_INET && length === 4) return ipv4Address(view.getInt32(at));
  if (family !== AF_INET6 || length !== 16) return null;
  return {
    w0: view.getInt32(at),
    w1: view.getInt32(at + 4),
    w2: view.getInt32(at + 8),
    w3: view.getInt32(at + 12)
  };
}
function newAddressMessage(ifindex, prefix) {
  const { address } = prefix;
  const ipv4 = isIpv4(address);
  const words = ipv4 ? [
    address.w3
  ] : [
    address.w0,
    address.w1,
    address.w2,
    address.w3
  ];
  const attributeBytes = 4 + 4 * words.length;
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  const bytes = message(ATTRIBUTES_START + 2 * attributeBytes, RTM_NEWADDR, flags);
  const view = new DataView(bytes.buffer);
  view.setUint8(HEADER_BYTES, ipv4 ? AF_INET : AF_INET6);
  view.setUint8(HEADER_BYTES + 1, prefix.length);
  view.setUint8(HEADER_BYTES + 2, ipv4 ? 0 : IFA_F_NODAD);
  view.setUint32(HEADER_BYTES + 4, ifindex, true);
  let at = ATTRIBUTES_START;
  for (const type of [
    IFA_LOCAL,
    IFA_ADDRESS
  ]) {
    view.setUint16(at, attributeBytes, true);
    view.setUint16(at + 2, type, true);
    words.forEach((word, index) => view.setInt32(at + 4 + 4 * index, word));
    at += attributeBytes;
  }
  return bytes;
}
function message(length, type, flags) {
  const bytes = new Uint8Array(new ArrayBuffer(length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, SEQUENCE, true);
  return bytes;
}
function openSocket() {
  const socket = libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (socket < 0) throw systemError(errno(), "Opening a netlink socket");
  return socket;
}
function sendMessage(socket, bytes) {
  if (libc().send(socket, bytes, bytes.length, 0) !== bytes.length) {
    throw systemError(errno(), "Sending to netlink");
  }
}
function receiveAnswer(socket, answer) {
  const length = libc().recv(socket, answer, answer.length, 0);
  if (length <= 0) throw systemError(errno(), "Receiving from netlink");
  return length;
}
function unexpectedAnswer(action) {
  return codedError(Error, "EPROTO", `The kernel gave no usable answer to ${action} by netlink`);
}

// src/device/interface_config.ts
var AF_INET2 = 2;
var SOCK_DGRAM = 2;
var SOCK_CLOEXEC2 = 524288;
var SIOCGIFFLAGS = 35091;
var SIOCSIFFLAGS = 35092;
var SIOCGIFMTU = 35105;
var SIOCSIFMTU = 35106;
var SIOCGIFINDEX = 35123;
var IFF_UP = 1;
var MTU_MIN_BYTES = 576;
var MTU_MAX_BYTES = 65535;
function configureInterface(name, options = {}) {
  const { hostAddress = [], mtu } = options;
  if (mtu !== void 0) checkMtu(mtu);
  hostAddress.forEach(checkPrefix);
  const missing = new Missing(name);
  const before = interfaceState(name);
  if (mtu !== void 0 && before.mtu !== mtu) {
    missing.note(setInterfaceMtu(name, mtu), `the MTU ${mtu}`, `ip link set ${name} mtu ${mtu}`);
  }
  const index = interfaceIndex(name);
  const present = hostAddress.length === 0 ? [] : listAddresses(index);
  for (const prefix of hostAddress) {
    if (present.some((other) => samePrefix(other, prefix))) continue;
    const text = `${addressText(prefix.address)}/${prefix.length}`;
    const refusal = addAddress(index, prefix);
    if (refusal !== Errno.EEXIST) {
      missing.note(refusal, `the address ${text}`, `ip addr add ${text} dev ${name}`);
    }
  }
  if (!before.up) missing.note(bringUp(name), "a link that is up", `ip link set ${name} up`);
  missing.report();
  return {
    mtu: interfaceMtu(name)
  };
}
var Missing = class {
  #name;
  #what = [];
  #commands = [];
  #errno = 0;
  constructor(name) {
    this.#name = name;
  }
  /** Takes the outcome of one step: 0 when it succeeded. Any other failure than EPERM is thrown. */
  note(value, what, command) {
    if (value === 0) return;
    if (value !== Errno.EPERM && value !== Errno.EACCES) {
      throw systemError(value, `Giving the interface "${this.#name}" ${what}`);
    }
    this.#errno = value;
    this.#what.push(what);
    this.#commands.push(`sudo ${command}`);
  }
  report() {
    if (this.#errno === 0) return;
    throw codedError(Deno.errors.PermissionDenied, errnoName(this.#errno), `The interface "${this.#name}" lacks ${this.#what.join(", ")}, and setting that needs CAP_NET_ADMIN. This sets it:
  ${this.#commands.join(" && ")}`);
  }
};
function interfaceMtu(name) {
  return interfaceState(name).mtu;
}
function interfaceState(name) {
  const request = interfaceRequest(name);
  const view = new DataView(request.buffer);
  const about = `Asking about the interface "${name}"`;
  let refusal = interfaceIoctl(SIOCGIFMTU, request);
  if (refusal !== 0) throw systemError(refusal, about);
  const mtu = view.getInt32(IFREQ_UNION, true);
  refusal = interfaceIoctl(SIOCGIFFLAGS, request);
  if (refusal !== 0) throw systemError(refusal, about);
  return {
    mtu,
    up: (view.getInt16(IFREQ_UNION, true) & IFF_UP) !== 0
  };
}
function interfaceIndex(name) {
  const request = interfaceRequest(name);
  const refusal = interfaceIoctl(SIOCGIFINDEX, request);
  if (refusal !== 0) throw systemError(refusal, `Looking for the interface "${name}"`);
  return new DataView(request.buffer).getInt32(IFREQ_UNION, true);
}
function setInterfaceMtu(name, mtu) {
  const request = interfaceRequest(name);
  new DataView(request.buffer).setInt32(IFREQ_UNION, mtu, true);
  return interfaceIoctl(SIOCSIFMTU, request);
}
function bringUp(name) {
  const request = interfaceRequest(name);
  const refusal = interfaceIoctl(SIOCGIFFLAGS, request);
  if (refusal !== 0) return refusal;
  const view = new DataView(request.buffer);
  view.setInt16(IFREQ_UNION, view.getInt16(IFREQ_UNION, true) | IFF_UP, true);
  return interfaceIoctl(SIOCSIFFLAGS, request);
}
function interfaceIoctl(request, argument) {
  const socket = libc().socket(AF_INET2, SOCK_DGRAM | SOCK_CLOEXEC2, 0);
  if (socket < 0) throw systemError(errno(), "Opening a socket to configure an interface");
  const refusal = libc().ioctl(socket, request, argument) === 0 ? 0 : errno();
  closeFd(socket);
  return refusal;
}
function checkMtu(mtu) {
  if (!Number.isInteger(mtu) || mtu < MTU_MIN_BYTES || mtu > MTU_MAX_BYTES) {
    throw new RangeError(`mtu: ${mtu} must be a whole number of bytes from ${MTU_MIN_BYTES} to ${MTU_MAX_BYTES}`);
  }
}
function checkPrefix(prefix) {
  const longest = isIpv4(prefix.address) ? 32 : 128;
  if (!Number.isInteger(prefix.length) || prefix.length < 0 || prefix.length > longest) {
    const text = `${addressText(prefix.address)}/${prefix.length}`;
    throw new RangeError(`hostAddress: the prefix length in "${text}" must be from 0 to ${longest}`);
  }
}
function samePrefix(a, b) {
  return a.length === b.length && sameAddress(a.address, b.address);
}

// src/wire/ethernet.ts
var ETHERNET_HEADER_BYTES = 14;

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

// src/device/tun_open.ts
var TUN_PATH = "/dev/net/tun";
var O_RDWR = 2;
var O_NONBLOCK = 2048;
var O_CLOEXEC = 524288;
var TUNSETIFF = 1074025674;
var TUNSETOFFLOAD = 1074025680;
var TUNSETVNETHDRSZ = 1074025688;
var IFF_TUN = 1;
var IFF_TAP = 2;
var IFF_NO_PI = 4096;
var IFF_MULTI_QUEUE = 256;
var IFF_VNET_HDR = 16384;
var TUN_OFFLOADS = 1n | 2n | 4n | 8n;
function openTun(options) {
  checkInterfaceName(options.name);
  const { name, multiQueue = false } = options;
  let failure = 0;
  const isTap = options.layer === "ethernet";
  const kind = isTap ? IFF_TAP : IFF_TUN;
  for (const offload of options.offload === false || isTap ? [
    false
  ] : [
    true,
    false
  ]) {
    for (const queueFlag of multiQueue ? [
      IFF_MULTI_QUEUE
    ] : [
      0,
      IFF_MULTI_QUEUE
    ]) {
      const fd = openTunFile();
      const request = interfaceRequest(name);
      const flags = kind | IFF_NO_PI | queueFlag | (offload ? IFF_VNET_HDR : 0);
      new DataView(request.buffer).setInt16(IFREQ_UNION, flags, true);
      const attached = libc().ioctl(fd, TUNSETIFF, request) === 0;
      if (attached && setOffload(fd, offload)) {
        return finishOpen(fd, interfaceRequestName(request), offload, isTap);
      }
      failure = errno();
      closeFd(fd);
      if (failure !== Errno.EINVAL) throw attachFailure(failure, name);
      if (attached) break;
    }
  }
  throw attachFailure(failure, name);
}
function finishOpen(fd, name, virtioHeader, isTap) {
  try {
    const mtu = interfaceMtu(name) + (isTap ? ETHERNET_HEADER_BYTES : 0);
    return {
      fd,
      name,
      mtu,
      virtioHeader
    };
  } catch (error2) {
    closeFd(fd);
    throw error2;
  }
}
function setOffload(fd, wanted) {
  if (!wanted) return libc().ioctlValue(fd, TUNSETOFFLOAD, 0n) === 0;
  const headerBytes2 = new Uint8Array(new Int32Array([
    VIRTIO_HEADER_BYTES
  ]).buffer);
  return libc().ioctl(fd, TUNSETVNETHDRSZ, headerBytes2) === 0 && libc().ioctlValue(fd, TUNSETOFFLOAD, TUN_OFFLOADS) === 0;
}
function openTunFile() {
  const fd = libc().open(cString(TUN_PATH), O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
  if (fd >= 0) return fd;
  const value = errno();
  switch (value) {
    case Errno.ENOENT:
    case Errno.ENODEV:
    case Errno.ENXIO:
      throw codedError(Deno.errors.NotFound, errnoName(value), `${TUN_PATH} is missing: the kernel has no TUN driver here ("modprobe tun" loads it; a container needs "--device ${TUN_PATH}"). memoryPair() needs none`);
    case Errno.EPERM:
    case Errno.EACCES:
      throw codedError(Deno.errors.PermissionDenied, errnoName(value), `Opening ${TUN_PATH} is not permitted for this user ("sudo chmod 0666 ${TUN_PATH}" permits it; creating an interface needs CAP_NET_ADMIN still)`);
    default:
      throw systemError(value, `Opening ${TUN_PATH}`);
  }
}
function attachFailure(value, name) {
  switch (value) {
    case Errno.EPERM:
    case Errno.EACCES:
      return codedError(Deno.errors.PermissionDenied, errnoName(value), `Opening the TUN interface "${name}" needs CAP_NET_ADMIN, or an interface that belongs to this user. These two commands create one:
  sudo ip tuntap add dev ${name} mode tun user $USER
  sudo ip addr add 10.7.0.1/24 dev ${name} && sudo ip link set ${name} up`);
    case Errno.EBUSY:
      return codedError(Deno.errors.Busy, errnoName(value), `The TUN interface "${name}" is in use by another program, or by this one`);
    case Errno.EINVAL:
      return systemError(value, `device: opening "${name}" as a TUN interface`, "An interface of that name exists and is of another kind: no TUN, or of a single queue where several are asked for");
    default:
      return systemError(value, `Opening the TUN interface "${name}"`);
  }
}
function checkInterfaceName(name) {
  if (typeof name !== "string") {
    throw new TypeError(`device: an interface's name must be a string, not ${String(name)}`);
  }
  const bytes = new TextEncoder().encode(name).length;
  if (bytes < 1 || bytes > 15) {
    throw new RangeError(`device: "${name}" must have 1 to 15 bytes, it has ${bytes}`);
  }
  if (/[/:\s\u0000-\u001f]/.test(name) || name === "." || name === "..") {
    throw new TypeError(`device: "${name}" must have no slash, colon, space or control character, and be no dots alone`);
  }
}

// src/device/view_cache.ts
var ViewCache = class {
  #memory;
  #residents = new Int32Array(VIEWS).fill(-1);
  #candidates = new Int32Array(VIEWS).fill(-1);
  #views;
  /** A cache of views of `memory`. */
  constructor(memory) {
    this.#memory = memory;
    this.#views = new Array(VIEWS).fill(memory);
  }
  /** The view of the memory from `offset` on, or null when the place has none. */
  from(offset) {
    const index = Math.imul(offset, 2654435761) >>> HASH_SHIFT;
    if (this.#residents[index] === offset) {
      this.#candidates[index] = -1;
      return this.#views[index];
    }
    if (this.#candidates[index] !== offset) {
      this.#candidates[index] = offset;
      return null;
    }
    this.#residents[index] = offset;
    return this.#views[index] = this.#memory.subarray(offset);
  }
};
var HASH_SHIFT = 21;
var VIEWS = 1 << 32 - HASH_SHIFT;

// src/device/tun.ts
var MAX_PIECES = 64;
var NO_MEMORY = new Uint8Array(new ArrayBuffer(0));
var TunDevice = class _TunDevice {
  name;
  virtioHeader;
  /** Why the last `receive` gave 0 or the last `send` did not send; EAGAIN is the usual reason. */
  lastErrno = 0;
  #libc;
  #ownsFd;
  #iovec;
  #iovecBytes;
  #pollSet;
  #fd;
  #mtu;
  #memory = NO_MEMORY;
  /** The address of `#memory`. Both are set together; `#memory` keeps what is there alive. */
  #base = 0;
  #views = new ViewCache(NO_MEMORY);
  #onArrival = null;
  #watch = null;
  constructor(handle, ownsFd) {
    this.#libc = libc();
    this.#fd = handle.fd;
    this.#ownsFd = ownsFd;
    this.name = handle.name;
    this.#mtu = handle.mtu;
    this.virtioHeader = handle.virtioHeader;
    this.#iovec = new Uint32Array(new ArrayBuffer(MAX_PIECES * 16));
    this.#iovecBytes = new Uint8Array(this.#iovec.buffer);
    this.#pollSet = new PollSet(handle.fd, -1);
  }
  /**
   * Opens one queue of a TUN interface, which is created when there is none of that name. Closing the
   * device closes the descriptor, and with the last one a created interface disappears.
   *
   * Throws `TypeError`/`RangeError` for an impossible name, `Deno.errors.NotFound` without
   * `/dev/net/tun`, `PermissionDenied`, `Busy`, and `NotSupported` where there is no Linux.
   */
  static open(options) {
    return new _TunDevice(openTun(options), true);
  }
  /**
   * Attaches to a descriptor that another thread of this process opened and will close. That
   * thread closes it only when this device is no longer used.
   */
  static fromFd(fd, description) {
    return new _TunDevice({
      ...description,
      fd
    }, false);
  }
  /** The open descriptor and what is known of it, to be posted to another thread. */
  get handle() {
    return {
      fd: this.#fd,
      name: this.name,
      mtu: this.#mtu,
      virtioHeader: this.virtioHeader
    };
  }
  get mtu() {
    return this.#mtu;
  }
  /** Configures the kernel's side, as {@link configureInterface} does, and takes over its MTU. */
  configure(options = {}) {
    this.#mtu = configureInterface(this.name, options).mtu;
  }
  receive(memory, offset, limit) {
    checkRange(memory, offset, limit);
    if (memory !== this.#memory) this.#use(memory);
    const view = this.#views.from(offset);
    let length;
    if (view !== null) {
      length = this.#libc.read(this.#fd, view, limit);
    } else {
      this.#setIovec(0, offset, limit);
      length = this.#libc.readv(this.#fd, this.#iovecBytes, 1);
    }
    if (length <= 0) return this.#nothingReceived();
    if (length < limit) return length;
    const headerBytes2 = this.virtioHeader ? VIRTIO_HEADER_BYTES : 0;
    return wasCut(memory, offset + headerBytes2, limit - headerBytes2) ? limit + 1 : limit;
  }
  send(memory, pieces, count) {
    if (!(count >= 1 && count <= MAX_PIECES && 2 * count <= pieces.length)) {
      throw new RangeError(`A frame is sent from 1 to ${MAX_PIECES} pieces, not from ${count}`);
    }
    if (memory !== this.#memory) this.#use(memory);
    let sent;
    let view = null;
    if (count === 1) {
      checkRange(memory, pieces[0], pieces[1]);
      view = this.#views.from(pieces[0]);
    }
    if (view !== null) {
      sent = this.#libc.write(this.#fd, view, pieces[1]);
    } else {
      for (let i = 0; i < count; i++) {
        checkRange(memory, pieces[2 * i], pieces[2 * i + 1]);
        this.#setIovec(i, pieces[2 * i], pieces[2 * i + 1]);
      }
      sent = this.#libc.writev(this.#fd, this.#iovecBytes, count);
    }
    return sent >= 0 ? SendOutcome.sent : this.#notSent();
  }
  /**
   * Blocks until a frame waits, `eventFd` is signalled or `timeoutMs` milliseconds are over (never
   * when negative). For workers: it holds up its thread.
   */
  wait(eventFd, timeoutMs) {
    if (this.#fd < 0) return WaitOutcome.failed;
    this.#pollSet.set(this.#fd, eventFd);
    return this.#pollSet.wait(timeoutMs);
  }
  /** Throws an `Error` when the interface is gone: nothing will ever arrive. */
  nextArrival() {
    if (this.#fd < 0) return Infinity;
    const outcome = this.wait(-1, 0);
    if (outcome === WaitOutcome.failed) throw this.goneError();
    return outcome === WaitOutcome.readable ? 0 : Infinity;
  }
  /** What to throw after {@link WaitOutcome.failed}. */
  goneError() {
    return new Error(`The TUN device ${this.name} is gone`);
  }
  get onArrival() {
    return this.#onArrival;
  }
  /** Set, it makes the device watch for arrivals on a thread of Deno's pool: see {@link ArrivalWatch}. */
  set onArrival(handler) {
    this.#onArrival = handler;
    if (handler === null || this.#fd < 0) {
      this.#watch?.stop();
      this.#watch = null;
      return;
    }
    this.#watch ??= new ArrivalWatch(this.#fd, () => this.#onArrival?.());
    this.#watch.arm();
  }
  close() {
    if (this.#fd < 0) return;
    this.#watch?.stop();
    this.#watch = null;
    if (this.#ownsFd) closeFd(this.#fd);
    this.#fd = -1;
    this.#memory = NO_MEMORY;
    this.#views = new ViewCache(NO_MEMORY);
  }
  #use(memory) {
    const size = memory.buffer.byteLength;
    const pointer = Deno.UnsafePointer.of(memory);
    if (size === 0 || pointer === null) throw new TypeError("The memory for frames is empty");
    this.#base = Number(Deno.UnsafePointer.value(pointer));
    this.#views = new ViewCache(memory);
    this.#memory = memory;
  }
  #setIovec(index, offset, length) {
    const address = this.#base + offset;
    const word = index << 2;
    this.#iovec[word] = address;
    this.#iovec[word + 1] = address / 4294967296;
    this.#iovec[word + 2] = length;
  }
  #nothingReceived() {
    this.lastErrno = errno();
    if (this.#watch !== null && this.lastErrno === Errno.EAGAIN) this.#watch.arm();
    return 0;
  }
  #notSent() {
    this.lastErrno = errno();
    switch (this.lastErrno) {
      case Errno.EAGAIN:
      case Errno.ENOBUFS:
      case Errno.ENOMEM:
        return SendOutcome.queueFull;
      default:
        return SendOutcome.refused;
    }
  }
};
function checkRange(memory, offset, length) {
  if (!(offset >= 0 && length >= 0 && offset + length <= memory.length)) {
    throw new RangeError(`${length} bytes at ${offset} are not within the memory of ${memory.length} bytes`);
  }
}
function wasCut(memory, offset, length) {
  if (length < 20) return true;
  if (memory[offset] >>> 4 === 6) {
    return length < 40 + (memory[offset + 4] << 8 | memory[offset + 5]);
  }
  return length < (memory[offset + 2] << 8 | memory[offset + 3]);
}

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
  /** A SYN, or an ACK with a cookie, that found as many flows undecided as its `forward` allows; it comes again. */
  forwardPendingFull: 68,
  /** A SYN that has come again while its flow is being decided. */
  forwardUndecided: 69,
  /** A flow that nobody has decided in time. */
  forwardTimedOut: 70,
  /** A datagram that would begin a flow, of which its `forward` has as many as it may. */
  forwardFlowsFull: 71,
  /** A datagram of a flow, or of all flows of a `forward`, of which too many have not been received. */
  forwardQueueFull: 72
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
  mtuProbes: 33,
  /** Handshakes in progress at listeners, now. */
  handshakesNow: 34,
  /** SYN-ACKs that carry a SYN cookie (RFC 4987), and ACKs that brought a good and a bad one back. */
  synCookiesSent: 35,
  synCookiesReceived: 36,
  synCookiesFailed: 37,
  /** Fast Open (RFC 7413): SYNs whose data the peer has taken, and has not. */
  fastOpenActive: 38,
  fastOpenActiveFailed: 39,
  /** SYNs whose data was taken, and those with a cookie that was not good. */
  fastOpenPassive: 40,
  fastOpenPassiveFailed: 41,
  /** SYNs that asked for a cookie. */
  fastOpenCookieRequests: 42,
  /** SYNs whose data was not taken because too many others had not finished their handshake. */
  fastOpenOverflows: 43,
  /** Times that Fast Open was given up for a while because a path swallows it. */
  fastOpenBlackholes: 44,
  /** Connections that are packed away because nothing happens on them, now. */
  dormantNow: 45,
  /** Reports of text received twice (RFC 2883), sent and taken in. */
  duplicatesReported: 46,
  duplicateReportsIn: 47,
  /** Tail loss probes (RFC 8985), and reductions of the window that were taken back. */
  lossProbes: 48,
  recoveriesUndone: 49,
  /** Timeouts that F-RTO (RFC 5682) has shown to be for nothing. */
  spuriousTimeouts: 50,
  /** A peer has thrown away what it had acknowledged selectively (RFC 2018 section 8). */
  sackRenegings: 51,
  /** Duplicate ACKs that went as one with others. */
  acksCompressed: 52,
  /** UDP datagrams that a socket was given, and that one has sent; their payload. */
  datagramsIn: 53,
  datagramsOut: 54,
  datagramBytesIn: 55,
  datagramBytesOut: 56,
  /** Fragments of datagrams that were longer than the way out takes. */
  fragmentsOut: 57,
  /** ICMP errors about UDP datagrams that were received, of which sockets are not told. */
  udpErrorsIn: 58,
  /** ICMP errors that were sent, about anything. */
  icmpErrorsOut: 59,
  /** UDP sockets now. */
  datagramSocketsNow: 60,
  /** Fragments that came in, and packets that were made of them. */
  fragmentsIn: 61,
  packetsReassembled: 62,
  /** Bytes of memory that hold fragments of packets that are not complete, now. */
  fragmentMemoryNow: 63,
  /** Echo requests sent by `ping`, and those that were answered. */
  pingsOut: 64,
  pingsAnswered: 65,
  /** Flows to foreign destinations that wait for the decision of a `forward`, now. */
  flowsPendingNow: 66,
  /** Flows that were shown to a `forward`, and what has become of them. */
  flowsOffered: 67,
  flowsAccepted: 68,
  flowsRejected: 69,
  flowsDropped: 70,
  /** "Unreachable" messages (RFC 792, RFC 4443) that have answered rejected flows. */
  flowErrorsOut: 71
};
var counterNames = Object.keys(Counter);
var DROPS_START = 96;
var COUNTER_SLOTS = 192;
if (counterNames.length > DROPS_START || DROPS_START + dropNames.length > COUNTER_SLOTS) {
  throw new Error("The counters no longer fit into COUNTER_SLOTS");
}
var Counters = class {
  slots;
  /** The reason counted last, for the trace; whoever looks at it sets it back. */
  lastDrop = Drop.none;
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
    this.lastDrop = reason;
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
  /** Of a UDP socket (datagram.ts): 1 while a `send` waits for room. */
  sendWaiting: 58,
  /** Position in the stream behind the urgent data (RFC 6093); modulo 2^32. */
  urgentEnd: 64,
  /** How often the peer has moved it. */
  urgentMarks: 65,
  /** 1 while the application has not read up to it. */
  urgentUnread: 66,
  /** The last {@link ConnectionError} that did not end the connection, and how many there were. */
  softError: 67,
  softErrors: 68,
  recovery: 80,
  sending: 96
};
var ROW_WORDS = 112;
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
var Sending = {
  /** Number in `congestionPhaseNames`. */
  phase: 0,
  /** 64-bit totals as low and high words. */
  pacingRate: 1,
  deliveryRate: 3,
  bandwidth: 5,
  modelRttUs: 7,
  /** Bits: {@link SendingFlag}. */
  flags: 8
};
var SendingFlag = {
  windowLimited: 1,
  rateAppLimited: 2
};
if (Row.info + Info.backoffs >= Row.rxRead) throw new Error("The info words overrun the row");
var Recovery = {
  /** Index in `recoveryStateNames`. */
  state: 0,
  reordering: 1,
  reorderingEvents: 2,
  duplicateReports: 3,
  undone: 4,
  renegings: 5,
  sackedBytes: 6,
  lostBytes: 7,
  againBytes: 8,
  /** A 64-bit total as low and high words. */
  deliveredBytes: 9,
  ackDelayUs: 11,
  probesUnanswered: 12
};
var InfoOption = {
  timestamps: 1,
  sack: 2,
  windowScale: 4,
  /** ECN in the form of RFC 3168. */
  ecn: 8,
  /** ECN in the form of RFC 9768. */
  accurateEcn: 16,
  /** Data of the SYN was taken (RFC 7413); the value is that of Linux. */
  synData: 32
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

// src/ring/datagram.ts
var DATAGRAM_HEADER_BYTES = 44;
var DatagramWord = {
  length: 0,
  ports: 1,
  hops: 2,
  source: 3,
  destination: 7
};
var LOOPS_BACK = 65536;
function isSendWaiting(words, row) {
  return Atomics.load(words, row + Row.sendWaiting) !== 0;
}

// src/ring/pool.ts
var DESCRIPTOR_WORDS = 4;
var START = 0;
var LENGTH = 1;
var NEXT = 2;
var ROOM = 3;
var NIL = -1;
var FREE_SHARE = 8;
var SCARCE_SHARE = 16;
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
  /** Whether so little is left that those who hold more than their share should get no more. */
  get isScarce() {
    return this.#freeCount * SCARCE_SHARE < this.count;
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

// src/ring/layout.ts
var SLOT_BYTES = 65536 + 64;
var SLOT_HEADROOM = 6;
var RECEIVE_BLOCK_BYTES = 4096;
var SEND_BLOCK_BYTES = 16384;
var FRAME_WORDS = 2;
var SEGMENT_WORDS = 48;
var HANDOVER_WORDS = 2;
var FRAGMENT_PAGE_BYTES = 1024;
var QUOTE_WORDS = 312;
var QUOTE_RECORDS = 64;
var MESSAGE_WORDS = 16;
var EVENT_WORDS = 8;
var HEADERS_WORDS = 30;
var TRACE_WORDS = 8 + SEGMENT_WORDS + HEADERS_WORDS;
var FLOWS_MAX = 4096;
var FLOW_WORDS = 12;
var HEADER_BYTES2 = 256;
var Control = {
  tcpBell: 0,
  parserBell: 16,
  readerBell: 32,
  appBell: 48,
  stop: 64,
  /** What is traced: {@link Traced}. */
  trace: 80,
  /** Which protocols are let in for foreign destinations: {@link ForwardBit} bits, set by the tcp thread. */
  forward: 96
};
var ForwardBit = {
  tcp: 1,
  udp: 2
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
  /** Places of the event ring that belong to the rows and to flows that wait for a decision. */
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
  /** Word index of flow 0. */
  flows;
  /** Byte offset of the header area. */
  headers;
  /** Byte offset of the TCP thread's place for one datagram header. */
  datagramHeader;
  /** What senders are told of packets whose fragments did not all come: from the parser to the TCP thread. */
  quotes;
  /** Byte offset of the first page of fragments. */
  fragmentPages;
  slotPool;
  receivePool;
  sendPool;
  /**
   * `store` is that of another thread's layout of the same dimensions, or makes one of so many bytes.
   * Throws a `RangeError` when the dimensions are more than a pipeline can address.
   */
  constructor(dimensions, store = plainStore) {
    this.dimensions = dimensions;
    const { slots, receiveBlocks, sendBlocks, traceRecords, handoverFrames } = dimensions;
    const rowCount = dimensions.connections + dimensions.sockets;
    this.rowEvents = EVENTS_PER_ROW * rowCount + EVENTS_PER_FLOW * FLOWS_MAX;
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
      events: cut.ring(EVENT_WORDS, this.rowEvents + REPLY_RECORDS),
      trace: cut.ring(TRACE_WORDS, traceRecords),
      handover: cut.ring(HANDOVER_WORDS, handoverFrames),
      quotes: cut.ring(QUOTE_WORDS, QUOTE_RECORDS)
    };
    const rows = cut.bytes(rowCount * ROW_WORDS * 4);
    const flows = cut.bytes(FLOWS_MAX * FLOW_WORDS * 4);
    const receiveTable = cut.bytes((slots + receiveBlocks) * DESCRIPTOR_WORDS * 4);
    const sendTable = cut.bytes(sendBlocks * DESCRIPTOR_WORDS * 4);
    this.headers = cut.bytes(HEADER_BYTES2);
    this.datagramHeader = cut.bytes(DATAGRAM_HEADER_BYTES);
    this.handoverFrames = cut.bytes(rings.handover.capacity * SLOT_BYTES);
    this.fragmentPages = cut.bytes(dimensions.fragmentPages * FRAGMENT_PAGE_BYTES);
    const slotBytes = cut.bytes(slots * SLOT_BYTES);
    const receiveBytes2 = cut.bytes(receiveBlocks * RECEIVE_BLOCK_BYTES);
    const sendBytes = cut.bytes(sendBlocks * SEND_BLOCK_BYTES);
    if (cut.end > 2147483647) throw tooLarge(cut.end);
    this.memory = new Memory(typeof store === "function" ? store(cut.end) : store);
    this.words = new Int32Array(this.memory.buffer);
    const set = (index) => new Counters(new Float64Array(this.memory.buffer, counters[index], COUNTER_SLOTS));
    this.readerCounters = set(0);
    this.parserCounters = set(1);
    this.tcpCounters = set(2);
    const words = this.words;
    const ring = (place) => ({
      words,
      ...place
    });
    this.frames = ring(rings.frames);
    this.segments = ring(rings.segments);
    this.freeSlots = ring(rings.freeSlots);
    this.commands = ring(rings.commands);
    this.events = ring(rings.events);
    this.trace = ring(rings.trace);
    this.handover = ring(rings.handover);
    this.quotes = ring(rings.quotes);
    this.rows = rows / 4;
    this.flows = flows / 4;
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
        blocks: receiveBytes2
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
  /** Whether this is the row of a UDP socket, not of a connection. */
  isSocketRow(index) {
    return index >= this.dimensions.connections;
  }
  /** Word index of a row. */
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
var EVENTS_PER_FLOW = 2;
function plainStore(bytes) {
  return new SharedArrayBuffer(bytes);
}
function tooLarge(bytes) {
  return new RangeError(`tcp: ${bytes} bytes of buffers are more than the 2 GiB that one pipeline can address; lower maxConnections, receiveMemory or sendMemory`);
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
  /** Whether the destination is none of the stack's addresses: it is there because of a `forward`. */
  foreign = false;
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
  /** Bytes of the Fast Open cookie, 0 to 16 (RFC 7413 section 2); 0 asks for one. */
  fastOpenLength = 0;
  /** The Fast Open cookie's first four bytes as a big-endian word, zero behind its end; signed. */
  fastOpen0 = 0;
  /** The same, bytes 4 to 7. */
  fastOpen1 = 0;
  /** The same, bytes 8 to 11. */
  fastOpen2 = 0;
  /** The same, bytes 12 to 15. */
  fastOpen3 = 0;
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
  accurateEcn: 256,
  /** Fast Open, RFC 7413. */
  fastOpen: 512,
  /** With `fastOpen`: in the experimental form, kind 254 (RFC 7413 section 2, RFC 6994). */
  fastOpenExperimental: 1024
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
function turnAround(answer, packet) {
  answer.src0 = packet.dst0;
  answer.src1 = packet.dst1;
  answer.src2 = packet.dst2;
  answer.src3 = packet.dst3;
  answer.dst0 = packet.src0;
  answer.dst1 = packet.src1;
  answer.dst2 = packet.src2;
  answer.dst3 = packet.src3;
}
function segmentLength(segment) {
  const flags = segment.flags;
  return segment.payloadLength + ((flags & Flag.SYN) >> 1) + (flags & Flag.FIN);
}

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
  quoted: 8,
  /** Identifier and sequence number of an echo. */
  echoName: 4
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
  tcp: 6,
  udp: 17
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
  none: 59,
  destinationOptions: 60
};
var EXTENSION_UNIT_BYTES = 8;
var FRAGMENT_FIELD = 2;
var FRAGMENT_MASK = 65529;
var FRAGMENT_OFFSET_MASK = 65528;
var MORE_FRAGMENTS = 1;
var IDENTIFICATION_FIELD = 4;
var SEGMENTS_LEFT_FIELD = 3;
var PAD_1 = 0;
var PAD_N = 1;
var UNKNOWN_OPTION_MASK = 192;
var UNKNOWN_OPTION_SILENT = 64;
var UNKNOWN_OPTION_TOLD = 128;
var TransportPlace = class {
  /** {@link Drop.none}, or why the packet cannot be used; the rest then says nothing. */
  reason = Drop.none;
  /** The protocol behind all extension headers. */
  protocol = 0;
  /** Where its header begins, a byte offset; of a fragment that is not the first, where its bytes begin. */
  offset = 0;
  /** Where the header of a fragment stands that is not the whole packet; {@link NO_FRAGMENT} without one. */
  fragment = NO_FRAGMENT;
  /** The code of the ICMPv6 "parameter problem" that is due (RFC 4443 section 3.4), or {@link NO_PROBLEM}. */
  problem = NO_PROBLEM;
  /** The byte that it is about, counted from the fixed header. */
  pointer = 0;
  /** Whether it is due even when the packet was sent to a group (RFC 4443 section 2.4 e.3). */
  isProblemForGroup = false;
};
var NO_FRAGMENT = -1;
var NO_PROBLEM = -1;
var Problem = {
  headerField: 0,
  nextHeader: 1,
  option: 2,
  headerChain: 3
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
function findTransport(view, offset, end2, place) {
  let next = view.getUint8(offset + Ipv6Field.nextHeader);
  let at = offset + IPV6_HEADER_BYTES;
  let nextAt = offset + Ipv6Field.nextHeader;
  place.reason = Drop.none;
  place.fragment = NO_FRAGMENT;
  place.problem = NO_PROBLEM;
  for (let count = 0; isExtension(next); count++) {
    if (count === EXTENSION_HEADERS_MAX) {
      place.reason = Drop.ipExtensionLimit;
      return;
    }
    place.pointer = nextAt - offset;
    place.reason = checkExtension(view, next, at, end2, count, place, offset);
    if (place.reason !== Drop.none) return;
    nextAt = at;
    if (next === Ipv6Next.fragment) {
      const field = view.getUint16(at + FRAGMENT_FIELD) & FRAGMENT_MASK;
      if (field !== 0) {
        if (place.fragment !== NO_FRAGMENT) place.reason = Drop.ipFragment;
        if (place.reason !== Drop.none) return;
        place.fragment = at;
      }
      if ((field & FRAGMENT_OFFSET_MASK) !== 0) {
        place.protocol = view.getUint8(at);
        place.offset = at + EXTENSION_UNIT_BYTES;
        return;
      }
    }
    const following = view.getUint8(at);
    at += extensionLength(view, next, at);
    next = following;
  }
  place.pointer = nextAt - offset;
  place.protocol = next;
  place.offset = at;
}
function mayHoldIcmpError(view, offset, end2) {
  let next = view.getUint8(offset + Ipv6Field.nextHeader);
  let at = offset + IPV6_HEADER_BYTES;
  for (let count = 0; count < EXTENSION_HEADERS_MAX && isExtension(next); count++) {
    if (at + EXTENSION_UNIT_BYTES > end2) return false;
    if (next === Ipv6Next.fragment && readFragmentPosition(view, at) !== 0) return false;
    const following = view.getUint8(at);
    at += extensionLength(view, next, at);
    next = following;
  }
  if (next !== Ipv6Next.icmp) return false;
  if (at >= end2) return true;
  const type = view.getUint8(at);
  return type < ICMP6_FIRST_INFORMATIONAL || type === ICMP6_REDIRECT;
}
var ICMP6_FIRST_INFORMATIONAL = 128;
var ICMP6_REDIRECT = 137;
function isExtension(next) {
  return next === Ipv6Next.hopByHop || next === Ipv6Next.routing || next === Ipv6Next.fragment || next === Ipv6Next.destinationOptions;
}
function extensionLength(view, kind, at) {
  if (kind === Ipv6Next.fragment) return EXTENSION_UNIT_BYTES;
  return EXTENSION_UNIT_BYTES * (1 + view.getUint8(at + 1));
}
function readFragmentPosition(view, at) {
  return view.getUint16(at + FRAGMENT_FIELD) & FRAGMENT_OFFSET_MASK;
}
function hasMoreFragments(view, at) {
  return (view.getUint16(at + FRAGMENT_FIELD) & MORE_FRAGMENTS) !== 0;
}
function readFragmentIdentification(view, at) {
  return view.getInt32(at + IDENTIFICATION_FIELD);
}
function checkExtension(view, kind, at, end2, index, place, start) {
  if (at + EXTENSION_UNIT_BYTES > end2) return Drop.ipExtensionInvalid;
  const length = extensionLength(view, kind, at);
  if (at + length > end2) return Drop.ipExtensionInvalid;
  switch (kind) {
    case Ipv6Next.fragment:
      return Drop.none;
    case Ipv6Next.routing:
      if (view.getUint8(at + SEGMENTS_LEFT_FIELD) === 0) return Drop.none;
      place.problem = Problem.headerField;
      place.pointer = at + 2 - start;
      place.isProblemForGroup = false;
      return Drop.ipSourceRouted;
    case Ipv6Next.hopByHop:
      if (index > 0) {
        place.problem = Problem.nextHeader;
        place.isProblemForGroup = false;
        return Drop.ipExtensionInvalid;
      }
  }
  return checkOptions(view, at + 2, at + length, place, start);
}
function checkOptions(view, offset, end2, place, start) {
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
    const action = type & UNKNOWN_OPTION_MASK;
    if (action !== 0) {
      place.problem = action === UNKNOWN_OPTION_SILENT ? NO_PROBLEM : Problem.option;
      place.pointer = at - start;
      place.isProblemForGroup = action === UNKNOWN_OPTION_TOLD;
      return Drop.ipOptionUnknown;
    }
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
  accurateEcn1: 174,
  /** RFC 7413 section 2. */
  fastOpen: 34,
  /** RFC 6994: what follows the length is the number of the experiment. */
  experiment: 254
};
var FAST_OPEN_EXPERIMENT = 63881;
var FAST_OPEN_COOKIE_MIN = 4;
var FAST_OPEN_COOKIE_MAX = 16;
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
function fastOpenOptionLength(segment) {
  if ((segment.options & OptionBit.fastOpen) === 0) return 0;
  const head = (segment.options & OptionBit.fastOpenExperimental) !== 0 ? 4 : 2;
  return head + segment.fastOpenLength + 3 & ~3;
}
function sackBlocksThatFit(segment) {
  if ((segment.options & OptionBit.sack) === 0) return 0;
  const others = fixedOptionsLength(segment.options) + accurateEcnLengthOf(segment);
  const room = TCP_OPTIONS_MAX_BYTES - 4 - others >> 3;
  return Math.min(segment.sackCount, room, SACK_BLOCKS_MAX);
}
function tcpOptionsLength(segment) {
  const blocks = sackBlocksThatFit(segment);
  const others = fixedOptionsLength(segment.options) + accurateEcnLengthOf(segment) + fastOpenOptionLength(segment);
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
  at = writeSack(view, at, segment);
  return (options & OptionBit.fastOpen) !== 0 ? writeFastOpen(view, at, segment) : at;
}
function writeFastOpen(view, offset, segment) {
  const end2 = offset + fastOpenOptionLength(segment);
  let at = offset;
  if ((segment.options & OptionBit.fastOpenExperimental) !== 0) {
    view.setUint8(at, TcpOption.experiment);
    view.setUint8(at + 1, 4 + segment.fastOpenLength);
    view.setUint16(at + 2, FAST_OPEN_EXPERIMENT);
    at += 4;
  } else {
    view.setUint8(at, TcpOption.fastOpen);
    view.setUint8(at + 1, 2 + segment.fastOpenLength);
    at += 2;
  }
  for (let i = 0; i < segment.fastOpenLength; i++) {
    view.setUint8(at + i, fastOpenWord(segment, i >> 2) >>> 24 - 8 * (i & 3));
  }
  for (at += segment.fastOpenLength; at < end2; at++) view.setUint8(at, TcpOption.noOperation);
  return end2;
}
function fastOpenWord(segment, index) {
  if (index === 0) return segment.fastOpen0;
  if (index === 1) return segment.fastOpen1;
  return index === 2 ? segment.fastOpen2 : segment.fastOpen3;
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
  clearFastOpen(segment);
}
function clearFastOpen(segment) {
  segment.fastOpenLength = 0;
  segment.fastOpen0 = 0;
  segment.fastOpen1 = 0;
  segment.fastOpen2 = 0;
  segment.fastOpen3 = 0;
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
    case TcpOption.fastOpen:
      if (isSyn) readFastOpen(view, at + 2, length - 2, 0, segment);
      return;
    case TcpOption.experiment:
      if (!isSyn || length < 4 || view.getUint16(at + 2) !== FAST_OPEN_EXPERIMENT) return;
      readFastOpen(view, at + 4, length - 4, OptionBit.fastOpenExperimental, segment);
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
function readFastOpen(view, at, length, form, segment) {
  const isCookie = length >= FAST_OPEN_COOKIE_MIN && length <= FAST_OPEN_COOKIE_MAX;
  if (length !== 0 && (!isCookie || (length & 1) !== 0)) return;
  segment.options |= OptionBit.fastOpen | form;
  segment.fastOpenLength = length;
  segment.fastOpen0 = wordBefore(view, at, at + length);
  segment.fastOpen1 = wordBefore(view, at + 4, at + length);
  segment.fastOpen2 = wordBefore(view, at + 8, at + length);
  segment.fastOpen3 = wordBefore(view, at + 12, at + length);
}
function wordBefore(view, at, end2) {
  let value = 0;
  for (let i = at; i < at + 4; i++) value = value << 8 | (i < end2 ? view.getUint8(i) : 0);
  return value;
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

// src/wire/udp.ts
var UDP_HEADER_BYTES = 8;
var UdpField = {
  sourcePort: 0,
  destinationPort: 2,
  length: 4,
  checksum: 6
};
function writeUdpHeader(view, offset, sourcePort, destinationPort, payloadLength, checksum) {
  view.setInt32(offset, sourcePort << 16 | destinationPort);
  view.setInt32(offset + 4, UDP_HEADER_BYTES + payloadLength << 16 | checksum);
}
function udpPseudoSum(datagram, length) {
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = datagram;
  const last = pseudoHeaderSum4(src3, dst3, Protocol.udp, length);
  if (isIpv4Words(dst0, dst1, dst2)) return last;
  const first = pseudoHeaderSum4(src0, dst0, 0, 0) + pseudoHeaderSum4(src1, dst1, 0, 0);
  const sum = last + first + pseudoHeaderSum4(src2, dst2, 0, 0);
  return (sum & 65535) + (sum >>> 16);
}
function udpChecksum(datagram, payloadSum) {
  const length = UDP_HEADER_BYTES + datagram.payloadLength;
  const header = datagram.srcPort + datagram.dstPort + length;
  return checksumFold(udpPseudoSum(datagram, length) + header + payloadSum) || 65535;
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
  icmpError: 3,
  /** A UDP datagram for this stack, or for a group or a broadcast address of its network. */
  udp: 4,
  /** An ICMP error about a UDP datagram that this stack sent, told as {@link InputKind.icmpError}. */
  udpError: 5,
  /** A fragment that is kept: there is nothing to do. */
  fragment: 6,
  /**
   * Not to be used, as {@link InputKind.dropped}, and the sender is to be told: with an error of `icmpType` and
   * `icmpCode` as on the wire, and `icmpMtu` in the word behind them.
   */
  refused: 7,
  /** An ICMP echo reply: `seq` is identifier and sequence number, the payload range is the whole ICMP message. */
  icmpEchoReply: 8,
  /** An ICMP error about an echo request of this stack, told as {@link InputKind.icmpError}, `seq` as of the reply. */
  pingError: 9
};
function isDrop(kind) {
  return kind === InputKind.dropped || kind === InputKind.refused;
}

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
    case IcmpType.echoReply:
      return readEchoReply(view, at, length, segment);
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
    case Icmp6Type.echoReply:
      beginMessage(segment, at, IcmpType.echoReply, code);
      return readEchoReply(view, at, length, segment);
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
function readEchoReply(view, at, length, segment) {
  segment.payloadLength = length;
  segment.seq = view.getInt32(at + IcmpField.echoName);
  return InputKind.icmpEchoReply;
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
  const isSender = segment.foreign ? source === segment.dst3 : own.has4(source);
  if ((fragment & Ipv4Fragment.offsetMask) !== 0 || !isSender) return InputKind.dropped;
  setIpv4Addresses(segment, source, view.getInt32(at + Ipv4Field.destination));
  return readQuotedTransport(view, at + headerLength, view.getUint8(at + Ipv4Field.protocol), segment);
}
function readQuoted6(view, icmp, length, segment, own) {
  const at = icmp + IcmpField.quoted;
  const end2 = icmp + length;
  if (end2 - at < IPV6_HEADER_BYTES || view.getUint8(at) >>> 4 !== 6) return InputKind.dropped;
  findTransport(view, at, end2, quotedPlace);
  if (quotedPlace.reason !== Drop.none) return InputKind.dropped;
  const { fragment } = quotedPlace;
  if (fragment !== NO_FRAGMENT && readFragmentPosition(view, fragment) !== 0) {
    return InputKind.dropped;
  }
  if (quotedPlace.offset + ICMP_QUOTED_BYTES > end2) return InputKind.dropped;
  const { dst0, dst1, dst2, dst3 } = segment;
  setIpv6Addresses(segment, view, at);
  const { src0, src1, src2, src3 } = segment;
  const isSender = segment.foreign ? src3 === dst3 && src2 === dst2 && src1 === dst1 && src0 === dst0 : own.has6(src0, src1, src2, src3);
  if (!isSender) return InputKind.dropped;
  return readQuotedTransport(view, quotedPlace.offset, quotedPlace.protocol, segment);
}
function readQuotedTransport(view, at, protocol, segment) {
  if (protocol === Protocol.icmp || protocol === Ipv6Next.icmp) {
    return readQuotedEcho(view, at, protocol, segment);
  }
  if (protocol !== Protocol.tcp && protocol !== Protocol.udp) return InputKind.dropped;
  segment.srcPort = view.getUint16(at + TcpField.sourcePort);
  segment.dstPort = view.getUint16(at + TcpField.destinationPort);
  if (protocol === Protocol.udp) return InputKind.udpError;
  segment.seq = view.getInt32(at + TcpField.sequence);
  return InputKind.icmpError;
}
function readQuotedEcho(view, at, protocol, segment) {
  const request = protocol === Protocol.icmp ? IcmpType.echoRequest : Icmp6Type.echoRequest;
  if (view.getUint8(at) !== request) return InputKind.dropped;
  segment.seq = view.getInt32(at + IcmpField.echoName);
  return InputKind.pingError;
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

// src/ip/fragment.ts
var PAGE_BYTES = FRAGMENT_PAGE_BYTES;
var PAGES_PER_PACKET = 64;
var IPV6_KIND = 256;
var SHORT_HEADER_BYTES = 8;
var TINY_POSITION = 8;
var Fragment = class {
  src0 = 0;
  src1 = 0;
  src2 = 0;
  src3 = 0;
  dst0 = 0;
  dst1 = 0;
  dst2 = 0;
  dst3 = 0;
  identification = 0;
  /** The protocol of IPv4, which is part of what tells packets apart (RFC 791), or {@link IPV6_KIND}. */
  kind = 0;
  /** The protocol that the first fragment names. */
  protocol = 0;
  trafficClass = 0;
  /** Where its IP header and its part of the packet begin, byte offsets. */
  header = 0;
  offset = 0;
  /** Bytes of its part. */
  length = 0;
  /** Bytes of the packet before it. */
  position = 0;
  hasMore = false;
  /** Whether all headers up to that of the transport are there and can be read; only IPv6 knows. */
  isChainWhole = true;
  /** Bytes behind the last extension header in a first fragment of IPv6. */
  transportLength = 0;
  /** The protocol behind all extension headers in a first fragment of IPv6. */
  transport = 0;
  /** What is wrong with it by itself. */
  check() {
    const isIpv42 = this.kind !== IPV6_KIND;
    if (this.hasMore && (this.length & 7) !== 0) {
      if (!isIpv42) return Drop.ipFragmentInvalid;
      this.length &= ~7;
    }
    if (this.length === 0) return Drop.ipFragmentInvalid;
    const most = isIpv42 ? IPV4_TOTAL_MAX_BYTES - IPV4_HEADER_BYTES : IPV6_PAYLOAD_MAX_BYTES;
    if (this.position + this.length > most) return Drop.ipFragmentOversized;
    return this.#isTiny(isIpv42) ? Drop.ipFragmentTiny : Drop.none;
  }
  /**
   * RFC 7112: a first fragment of IPv6 has the whole chain of headers. Those of IPv4 always have 8 bytes, which
   * is enough to know the ports; only the flags of TCP could be put into a second one (RFC 1858 section 4).
   */
  #isTiny(isIpv42) {
    if (isIpv42) return this.position === TINY_POSITION && this.protocol === Protocol.tcp;
    if (this.position !== 0) return false;
    return !this.isChainWhole || this.transportLength < leastTransport(this.transport);
  }
};
function leastTransport(protocol) {
  if (protocol === Protocol.tcp) return TCP_HEADER_BYTES;
  return protocol === Protocol.udp || protocol === Ipv6Next.icmp ? SHORT_HEADER_BYTES : 0;
}

// src/ip/fragment_output.ts
var FRAGMENT_HEADER_BYTES = 8;
function fragmentBytes(segment, mtu) {
  const headers = isIpv4Words(segment.dst0, segment.dst1, segment.dst2) ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES;
  return mtu - headers & ~7;
}
function writeFragmentHeader(view, offset, segment, protocol, length, position, hasMore, identification) {
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, trafficClass, flowLabel } = segment;
  const hopLimit = segment.hopLimit === 0 ? DEFAULT_HOP_LIMIT : segment.hopLimit;
  if (isIpv4Words(dst0, dst1, dst2)) {
    const total = IPV4_HEADER_BYTES + length;
    const id = identification & 65535;
    writeIpv4Header(view, offset, trafficClass, total, id, hopLimit, protocol, src3, dst3);
    const field = position >>> 3 | (hasMore ? Ipv4Fragment.moreFragments : 0);
    view.setUint16(offset + Ipv4Field.fragment, field);
    view.setUint16(offset + Ipv4Field.checksum, 0);
    const sum = checksumAdd(view, offset, IPV4_HEADER_BYTES, 0);
    view.setUint16(offset + Ipv4Field.checksum, checksumFold(sum));
    return IPV4_HEADER_BYTES;
  }
  const next = Ipv6Next.fragment;
  const payload = FRAGMENT_HEADER_BYTES + length;
  writeIpv6Header(view, offset, trafficClass, flowLabel, payload, next, hopLimit, src0, src1, src2, src3, dst0, dst1, dst2, dst3);
  const at = offset + IPV6_HEADER_BYTES;
  view.setInt32(at, protocol << 24 | position | (hasMore ? 1 : 0));
  view.setInt32(at + 4, identification);
  return IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES;
}

// src/ip/fragment_input.ts
var FRAGMENT_POSITION_FIELD = 2;
function readFragment4(view, at, headerLength, totalLength, segment, part) {
  const field = view.getUint16(at + Ipv4Field.fragment);
  part.header = at;
  part.kind = view.getUint8(at + Ipv4Field.protocol);
  part.protocol = part.kind;
  part.identification = view.getUint16(at + Ipv4Field.identification);
  part.trafficClass = view.getUint8(at + Ipv4Field.trafficClass);
  part.offset = at + headerLength;
  part.length = totalLength - headerLength;
  part.position = (field & Ipv4Fragment.offsetMask) << 3;
  part.hasMore = (field & Ipv4Fragment.moreFragments) !== 0;
  copyAddresses(segment, part);
}
function readFragment6(view, at, end2, place, segment, part) {
  const header = place.fragment;
  part.header = at;
  part.kind = IPV6_KIND;
  part.protocol = view.getUint8(header);
  part.identification = readFragmentIdentification(view, header);
  part.trafficClass = readTrafficClass(view, at);
  part.offset = header + FRAGMENT_HEADER_BYTES;
  part.length = end2 - part.offset;
  part.position = readFragmentPosition(view, header);
  part.hasMore = hasMoreFragments(view, header);
  part.isChainWhole = place.reason === Drop.none;
  part.transport = place.protocol;
  part.transportLength = end2 - place.offset;
  copyAddresses(segment, part);
}
function copyAddresses(segment, part) {
  part.src0 = segment.src0;
  part.src1 = segment.src1;
  part.src2 = segment.src2;
  part.src3 = segment.src3;
  part.dst0 = segment.dst0;
  part.dst1 = segment.dst1;
  part.dst2 = segment.dst2;
  part.dst3 = segment.dst3;
}
function problemOfFragment6(reason, part, at, place) {
  place.isProblemForGroup = false;
  switch (reason) {
    case Drop.ipFragmentInvalid:
      if (part.length === 0) return false;
      place.problem = Problem.headerField;
      place.pointer = Ipv6Field.payloadLength;
      return true;
    case Drop.ipFragmentOversized:
      place.problem = Problem.headerField;
      place.pointer = place.fragment - at + FRAGMENT_POSITION_FIELD;
      return true;
    case Drop.ipFragmentTiny:
      place.problem = Problem.headerChain;
      place.pointer = 0;
      return true;
    default:
      return false;
  }
}

// src/ip/own_addresses.ts
var OwnAddresses = class {
  /** The last words of the IPv4 addresses. */
  #ipv4;
  /** Four words for each IPv6 address. */
  #ipv6;
  /** The last words of the broadcast addresses of the IPv4 networks. */
  #broadcasts;
  #loopback;
  /**
   * `loopback` says whether 127.0.0.0/8 and `::1` count as own, as they do for what never left the stack.
   * `broadcasts` are those of its networks, beside 255.255.255.255.
   */
  constructor(addresses, loopback, broadcasts = []) {
    const ipv4 = addresses.filter(isIpv4);
    this.#ipv4 = Int32Array.from(ipv4, (address) => address.w3);
    const ipv6 = addresses.filter((address) => !isIpv4(address));
    this.#ipv6 = Int32Array.from(ipv6.flatMap(({ w0, w1, w2, w3 }) => [
      w0,
      w1,
      w2,
      w3
    ]));
    this.#broadcasts = Int32Array.from(broadcasts, (address) => address.w3);
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
  /** Whether packets to this IPv4 address are for several hosts: multicast or broadcast (RFC 1122 section 3.3.6). */
  isGroup4(word) {
    if (word >>> 28 === 14 || word === -1) return true;
    const broadcasts = this.#broadcasts;
    for (let i = 0; i < broadcasts.length; i++) {
      if (broadcasts[i] === word) return true;
    }
    return false;
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

// src/ip/fragment_table.ts
var NONE = -1;
var Place = {
  source: 0,
  destination: 4,
  identification: 8,
  kind: 9,
  nextInBucket: 10,
  older: 11,
  newer: 12,
  /** Bytes of the whole packet behind its IP header; -1 before the last fragment has told. */
  total: 13,
  /** Where the fragment ends that reaches farthest. */
  end: 14,
  /** Bytes that are there. */
  held: 15,
  fragments: 16,
  /** A bit for each codepoint of ECN that fragments had. */
  ecn: 17,
  /** What the first fragment says that the packet holds. */
  protocol: 18,
  /** Bytes of the first fragment; 0 while it is missing. */
  firstLength: 19,
  header: 20
};
var KEY_WORDS = 10;
var ENTRY_WORDS = 32;
var FragmentTable = class {
  words;
  /** For each entry {@link PAGES_PER_PACKET} numbers of pages, each one more than it is; 0 for none. */
  pages;
  /** When the first of its fragments came, microseconds. */
  arrivedUs;
  #buckets;
  #free;
  #freeCount;
  #key0;
  #key1;
  #key = new Int32Array(KEY_WORDS);
  /** The oldest and the newest entry of IPv4 and of IPv6. */
  #oldest = [
    NONE,
    NONE
  ];
  #newest = [
    NONE,
    NONE
  ];
  constructor(capacity, random) {
    this.words = new Int32Array(capacity * ENTRY_WORDS);
    this.pages = new Int32Array(capacity * PAGES_PER_PACKET);
    this.arrivedUs = new Float64Array(capacity);
    let buckets = 1;
    while (buckets < capacity) buckets *= 2;
    this.#buckets = new Int32Array(buckets).fill(NONE);
    this.#free = new Int32Array(capacity);
    for (let i = 0; i < capacity; i++) this.#free[i] = capacity - 1 - i;
    this.#freeCount = capacity;
    this.#key0 = random.uint32() | 0;
    this.#key1 = random.uint32() | 0;
  }
  /** Entries in use. */
  get count() {
    return this.#free.length - this.#freeCount;
  }
  /** Whether there is no place for one more. */
  get isFull() {
    return this.#freeCount === 0;
  }
  /** Index of an entry's first word. */
  at(entry) {
    return entry * ENTRY_WORDS;
  }
  /** Index in `pages` of the page that holds byte `position` of an entry's packet. */
  pageAt(entry, position) {
    return entry * PAGES_PER_PACKET + Math.floor(position / PAGE_BYTES);
  }
  /** The entry that a fragment belongs to, or {@link NONE}. */
  find(fragment) {
    const { words } = this;
    const key = this.#keyOf(fragment);
    let entry = this.#buckets[this.#bucketOf(key)];
    while (entry !== NONE && !isKey(words, this.at(entry), key)) {
      entry = words[this.at(entry) + Place.nextInBucket];
    }
    return entry;
  }
  /** Makes an entry for the packet of a fragment; there must be room. */
  add(fragment, nowUs) {
    const { words } = this;
    const key = this.#keyOf(fragment);
    const bucket = this.#bucketOf(key);
    const entry = this.#free[--this.#freeCount];
    const at = this.at(entry);
    words.fill(0, at, at + ENTRY_WORDS);
    for (let i = 0; i < KEY_WORDS; i++) words[at + i] = key[i];
    words[at + Place.total] = -1;
    words[at + Place.nextInBucket] = this.#buckets[bucket];
    this.#buckets[bucket] = entry;
    this.arrivedUs[entry] = nowUs;
    const family = familyOf(fragment.kind);
    const newest = this.#newest[family];
    words[at + Place.older] = newest;
    words[at + Place.newer] = NONE;
    if (newest === NONE) this.#oldest[family] = entry;
    else words[this.at(newest) + Place.newer] = entry;
    this.#newest[family] = entry;
    return entry;
  }
  /** Keeps what the first fragment says about the whole packet. */
  keepHeader(view, entry, fragment) {
    const { words } = this;
    const at = this.at(entry);
    words[at + Place.protocol] = fragment.protocol;
    words[at + Place.firstLength] = fragment.length;
    const length = fragment.kind === IPV6_KIND ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES;
    for (let i = 0; i < length; i += 4) {
      words[at + Place.header + i / 4] = view.getInt32(fragment.header + i);
    }
  }
  /** Takes an entry out. Its pages are the caller's to give back. */
  remove(entry) {
    this.#takeFromBucket(entry);
    const { words } = this;
    const at = this.at(entry);
    const family = familyOf(words[at + Place.kind]);
    const older = words[at + Place.older];
    const newer = words[at + Place.newer];
    if (older === NONE) this.#oldest[family] = newer;
    else words[this.at(older) + Place.newer] = newer;
    if (newer === NONE) this.#newest[family] = older;
    else words[this.at(newer) + Place.older] = older;
    this.#free[this.#freeCount++] = entry;
  }
  /** The oldest entry of a family: 0 for IPv4, 1 for IPv6. */
  oldest(family) {
    return this.#oldest[family];
  }
  /** The oldest entry of both families other than `spared`; there must be one. */
  oldestOfAll(spared) {
    const a = this.#oldestBut(0, spared);
    const b = this.#oldestBut(1, spared);
    if (a === NONE || b === NONE) return a === NONE ? b : a;
    return this.arrivedUs[a] <= this.arrivedUs[b] ? a : b;
  }
  #oldestBut(family, spared) {
    const entry = this.#oldest[family];
    return entry !== NONE && entry === spared ? this.words[this.at(entry) + Place.newer] : entry;
  }
  #takeFromBucket(entry) {
    const { words } = this;
    const at = this.at(entry);
    for (let i = 0; i < KEY_WORDS; i++) this.#key[i] = words[at + i];
    const bucket = this.#bucketOf(this.#key);
    const next = words[at + Place.nextInBucket];
    let before = this.#buckets[bucket];
    if (before === entry) {
      this.#buckets[bucket] = next;
      return;
    }
    while (words[this.at(before) + Place.nextInBucket] !== entry) {
      before = words[this.at(before) + Place.nextInBucket];
    }
    words[this.at(before) + Place.nextInBucket] = next;
  }
  #keyOf(fragment) {
    const key = this.#key;
    key[0] = fragment.src0;
    key[1] = fragment.src1;
    key[2] = fragment.src2;
    key[3] = fragment.src3;
    key[4] = fragment.dst0;
    key[5] = fragment.dst1;
    key[6] = fragment.dst2;
    key[7] = fragment.dst3;
    key[8] = fragment.identification;
    key[9] = fragment.kind;
    return key;
  }
  #bucketOf(key) {
    return halfSipHash13(this.#key0, this.#key1, key, KEY_WORDS) & this.#buckets.length - 1;
  }
};
function isKey(words, at, key) {
  for (let i = 0; i < KEY_WORDS; i++) {
    if (words[at + i] !== key[i]) return false;
  }
  return true;
}
function familyOf(kind) {
  return kind === IPV6_KIND ? 1 : 0;
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
  turnAround(reply, request);
  reply.trafficClass = request.trafficClass;
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
function datagramTooLong(length, family) {
  const most = family === "IPv4" ? IPV4_TOTAL_MAX_BYTES : IPV6_HEADER_BYTES + IPV6_PAYLOAD_MAX_BYTES;
  return new RangeError(`Cannot write an ${family} datagram of ${length} bytes: the most is ${most}`);
}

// src/ip/icmp_output.ts
var ERROR4_MAX_BYTES = 576;
var ERROR_TRAFFIC_CLASS = 192;
var PORT_UNREACHABLE6 = 4;
var REASSEMBLY_EXCEEDED = 1;
var ERROR_QUOTE4_MAX_BYTES = ERROR4_MAX_BYTES - IPV4_HEADER_BYTES - ICMP_HEADER_BYTES;
var ERROR_QUOTE6_MAX_BYTES = IPV6_MTU_MIN - IPV6_HEADER_BYTES - ICMP_HEADER_BYTES;
var message2 = new Segment();
function setPortUnreachable(packet) {
  const isIpv42 = isIpv4Words(packet.dst0, packet.dst1, packet.dst2);
  packet.icmpType = isIpv42 ? IcmpType.destinationUnreachable : Icmp6Type.destinationUnreachable;
  packet.icmpCode = isIpv42 ? IcmpUnreachableCode.port : PORT_UNREACHABLE6;
  packet.icmpMtu = 0;
}
function setReassemblyExceeded(packet) {
  const isIpv42 = isIpv4Words(packet.dst0, packet.dst1, packet.dst2);
  packet.icmpType = isIpv42 ? IcmpType.timeExceeded : Icmp6Type.timeExceeded;
  packet.icmpCode = REASSEMBLY_EXCEEDED;
  packet.icmpMtu = 0;
}
function writeIcmpError(memory, offset, packet, ipOffset, ipLength, virtioHeader) {
  const { view } = memory;
  const isIpv42 = isIpv4Words(packet.dst0, packet.dst1, packet.dst2);
  const ip = virtioHeader ? offset + VIRTIO_HEADER_BYTES : offset;
  const icmp = ip + (isIpv42 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
  const most = isIpv42 ? ERROR_QUOTE4_MAX_BYTES : ERROR_QUOTE6_MAX_BYTES;
  const quoted = Math.min(ipLength, most);
  turnAround(message2, packet);
  message2.trafficClass = isIpv42 ? ERROR_TRAFFIC_CLASS : 0;
  memory.copy(icmp + IcmpField.quoted, ipOffset, quoted);
  view.setInt32(icmp, packet.icmpType << 24 | packet.icmpCode << 16);
  view.setInt32(icmp + 4, packet.icmpMtu);
  if (virtioHeader) writeVirtioPlain(view, offset);
  finishIcmp(view, ip, icmp, ICMP_HEADER_BYTES + quoted, message2);
  return icmp + ICMP_HEADER_BYTES + quoted - offset;
}
function finishIcmp(view, ip, icmp, length, ends) {
  if (isIpv4Words(ends.dst0, ends.dst1, ends.dst2)) {
    writeHeader4(view, ip, ends, Protocol.icmp, length, 0);
    writeIcmpChecksum(view, icmp, length);
    return;
  }
  writeHeader6(view, ip, ends, Ipv6Next.icmp, length);
  view.setUint16(icmp + IcmpField.checksum, 0);
  const sum = transportChecksum6(view, ip, Ipv6Next.icmp, icmp, length);
  view.setUint16(icmp + IcmpField.checksum, sum);
}
function writeEchoRequest(view, ip, ends, name, size) {
  const isIpv42 = isIpv4Words(ends.dst0, ends.dst1, ends.dst2);
  const icmp = ip + (isIpv42 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
  view.setInt32(icmp, (isIpv42 ? IcmpType.echoRequest : Icmp6Type.echoRequest) << 24);
  view.setInt32(icmp + IcmpField.echoName, name);
  const data = icmp + ICMP_HEADER_BYTES;
  for (let i = 0; i < size; i++) view.setUint8(data + i, i & 255);
  finishIcmp(view, ip, icmp, ICMP_HEADER_BYTES + size, ends);
  return data + size - ip;
}

// src/ip/expiry_quote.ts
var FRAGMENT_HEADER_BYTES2 = 8;
function quoteFirstFragment(memory, table, pages, entry, quotes) {
  const { words } = table;
  const at = table.at(entry);
  const firstLength = words[at + Place.firstLength];
  const to = firstLength === 0 ? -1 : quotes.begin();
  if (to < 0) return;
  const isIpv6 = words[at + Place.kind] === IPV6_KIND;
  const headers = isIpv6 ? writeHeaders6(memory.view, to, words, at, firstLength) : writeHeader42(memory.view, to, words, at, firstLength);
  const most = isIpv6 ? ERROR_QUOTE6_MAX_BYTES : ERROR_QUOTE4_MAX_BYTES;
  const length = Math.min(firstLength, most - headers);
  for (let done = 0; done < length; done += PAGE_BYTES) {
    const page = table.pages[table.pageAt(entry, done)] - 1;
    memory.copy(to + headers + done, pages.offset(page), Math.min(PAGE_BYTES, length - done));
  }
  quotes.end(headers + length);
}
function writeHeader42(view, to, words, at, firstLength) {
  copyHeader(view, to, words, at, IPV4_HEADER_BYTES);
  view.setUint8(to + Ipv4Field.versionIhl, 69);
  view.setUint16(to + Ipv4Field.totalLength, IPV4_HEADER_BYTES + firstLength);
  view.setUint16(to + Ipv4Field.fragment, Ipv4Fragment.moreFragments);
  view.setUint16(to + Ipv4Field.checksum, 0);
  const sum = checksumFold(checksumAdd(view, to, IPV4_HEADER_BYTES, 0));
  view.setUint16(to + Ipv4Field.checksum, sum);
  return IPV4_HEADER_BYTES;
}
function writeHeaders6(view, to, words, at, firstLength) {
  copyHeader(view, to, words, at, IPV6_HEADER_BYTES);
  view.setUint16(to + Ipv6Field.payloadLength, FRAGMENT_HEADER_BYTES2 + firstLength);
  view.setUint8(to + Ipv6Field.nextHeader, Ipv6Next.fragment);
  view.setInt32(to + IPV6_HEADER_BYTES, words[at + Place.protocol] << 24 | 1);
  view.setInt32(to + IPV6_HEADER_BYTES + 4, words[at + Place.identification]);
  return IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES2;
}
function copyHeader(view, to, words, at, length) {
  for (let i = 0; i < length; i += 4) view.setInt32(to + i, words[at + Place.header + i / 4]);
}

// src/ip/fragment_pages.ts
var UNIT_BYTES = 8;
var WORDS_PER_PAGE = PAGE_BYTES / UNIT_BYTES / 32;
var FragmentPages = class {
  #start;
  #free;
  #freeCount;
  /** A bit for each unit. */
  #there;
  /** `start` is the byte offset of the first page in the memory that they are in. */
  constructor(start, count) {
    this.#start = start;
    this.#free = new Int32Array(count);
    for (let i = 0; i < count; i++) this.#free[i] = count - 1 - i;
    this.#freeCount = count;
    this.#there = new Int32Array(count * WORDS_PER_PAGE);
  }
  /** Pages that are taken. */
  get used() {
    return this.#free.length - this.#freeCount;
  }
  /** Whether none is left. */
  get isExhausted() {
    return this.#freeCount === 0;
  }
  /** Takes an empty page; there must be one. */
  take() {
    return this.#free[--this.#freeCount];
  }
  /** Gives a page back. */
  give(page) {
    this.#there.fill(0, page * WORDS_PER_PAGE, (page + 1) * WORDS_PER_PAGE);
    this.#free[this.#freeCount++] = page;
  }
  /** Byte offset of a page. */
  offset(page) {
    return this.#start + page * PAGE_BYTES;
  }
  /** Says that `length` bytes from `from` on are there, a multiple of 8, or up to the packet's end. */
  mark(page, from, length) {
    const first = from >>> 3;
    const end2 = from + length + UNIT_BYTES - 1 >>> 3;
    for (let unit = first; unit < end2; ) {
      const next = Math.min((unit | 31) + 1, end2);
      this.#there[page * WORDS_PER_PAGE + (unit >>> 5)] |= maskOf(unit, next);
      unit = next;
    }
  }
  /** How many units between two positions of a packet are there. */
  unitsThere(table, entry, from, to) {
    const end2 = to + UNIT_BYTES - 1 >>> 3;
    let count = 0;
    for (let unit = from >>> 3; unit < end2; ) {
      const next = Math.min((unit | 31) + 1, end2);
      const page = table.pages[table.pageAt(entry, unit * UNIT_BYTES)] - 1;
      if (page >= 0) {
        const word = this.#there[page * WORDS_PER_PAGE + (unit >>> 5) % WORDS_PER_PAGE];
        count += bitsIn(word & maskOf(unit, next));
      }
      unit = next;
    }
    return count;
  }
};
function maskOf(unit, next) {
  const count = next - unit;
  return count === 32 ? -1 : (1 << count) - 1 << (unit & 31);
}
function bitsIn(word) {
  const pairs = word - (word >>> 1 & 1431655765);
  const fours = (pairs & 858993459) + (pairs >>> 2 & 858993459);
  return Math.imul(fours + (fours >>> 4) & 252645135, 16843009) >>> 24;
}

// src/ip/whole_header.ts
function writeWholeHeader(view, to, words, at, total) {
  const mark = wholeMark(words[at + Place.ecn]);
  if (mark === MARKS_MIXED) return -1;
  const isIpv42 = words[at + Place.kind] !== IPV6_KIND;
  const length = isIpv42 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  for (let i = 0; i < length; i += 4) view.setInt32(to + i, words[at + Place.header + i / 4]);
  if (isIpv42) {
    view.setUint8(to + Ipv4Field.versionIhl, 69);
    const trafficClass = view.getUint8(to + Ipv4Field.trafficClass);
    view.setUint8(to + Ipv4Field.trafficClass, trafficClass | mark);
    view.setUint16(to + Ipv4Field.totalLength, length + total);
    view.setUint16(to + Ipv4Field.fragment, 0);
    view.setUint16(to + Ipv4Field.checksum, 0);
    const sum = checksumFold(checksumAdd(view, to, length, 0));
    view.setUint16(to + Ipv4Field.checksum, sum);
  } else {
    const first = view.getInt32(to + Ipv6Field.versionClassLabel);
    view.setInt32(to + Ipv6Field.versionClassLabel, first | mark << 20);
    view.setUint16(to + Ipv6Field.payloadLength, total);
    view.setUint8(to + Ipv6Field.nextHeader, words[at + Place.protocol]);
  }
  return length;
}
var MARKS_MIXED = -1;
function wholeMark(marks) {
  const notCapable = 1 << Ecn.notEct;
  if ((marks & notCapable) !== 0 && marks !== notCapable) return MARKS_MIXED;
  return (marks & 1 << Ecn.ce) !== 0 ? Ecn.ce : 0;
}

// src/ip/reassembly.ts
var KEPT = 0;
var NOT_USED = -1;
var Reassembly = class {
  /** Why the last fragment was not used. */
  reason = Drop.none;
  #parts;
  #limitUs;
  #table = null;
  #pages = null;
  constructor(parts) {
    this.#parts = parts;
    const { config } = parts;
    this.#limitUs = [
      config.reassemblyTimeoutMs * 1e3,
      config.reassemblyTimeout6Ms * 1e3
    ];
  }
  /** Packets that wait for fragments. */
  get packets() {
    return this.#table === null ? 0 : this.#table.count;
  }
  /** Bytes of the pages that they take. */
  get heldBytes() {
    return this.#pages === null ? 0 : this.#pages.used * PAGE_BYTES;
  }
  /** When `expire` has something to do, in microseconds; `Infinity` when nothing waits. */
  nextExpiry() {
    const table = this.#table;
    if (table === null || table.count === 0) return Infinity;
    return Math.min(this.#expiryOf(table.oldest(0), 0), this.#expiryOf(table.oldest(1), 1));
  }
  /** Gives up the packets whose time is over, and tells their senders when it is due. True when there were any. */
  expire(memory, nowUs) {
    const table = this.#table;
    if (table === null || table.count === 0) return false;
    let any = false;
    for (let family = 0; family < 2; family++) {
      for (let entry = table.oldest(family); entry !== NONE; entry = table.oldest(family)) {
        if (this.#expiryOf(entry, family) > nowUs) break;
        this.#tell(memory, entry);
        this.#giveUp(entry, Drop.ipFragmentTimeout);
        any = true;
      }
    }
    return any;
  }
  /**
   * Takes a fragment in. Returns {@link KEPT}, {@link NOT_USED}, or the length in bytes of the packet that it has
   * completed, which then stands at byte `to`: an IP header without options and what was in the fragments.
   */
  add(memory, fragment, to, nowUs) {
    const { counters } = this.#parts;
    counters.count(Counter.fragmentsIn);
    this.expire(memory, nowUs);
    const reason = fragment.check();
    if (reason !== Drop.none) return this.#notUsed(reason);
    this.#table ??= new FragmentTable(this.#parts.config.reassemblyPackets, this.#parts.random);
    this.#pages ??= new FragmentPages(this.#parts.pages, this.#parts.pageCount);
    const entry = this.#entryFor(fragment, nowUs);
    const conflict = this.#checkAgainst(entry, fragment);
    if (conflict === Drop.ipFragmentDuplicate) return this.#notUsed(conflict);
    if (conflict !== Drop.none) {
      this.#giveUp(entry, conflict);
      return this.#notUsed(conflict);
    }
    this.#store(memory, entry, fragment);
    const words = this.#table.words;
    const at = this.#table.at(entry);
    if (words[at + Place.held] !== words[at + Place.total]) {
      counters.set(Counter.fragmentMemoryNow, this.heldBytes);
      return KEPT;
    }
    return this.#complete(memory, entry, to);
  }
  #notUsed(reason) {
    this.reason = reason;
    return NOT_USED;
  }
  #entryFor(fragment, nowUs) {
    const table = this.#table;
    const found = table.find(fragment);
    if (found !== NONE) return found;
    if (table.isFull) this.#evict(NONE);
    return table.add(fragment, nowUs);
  }
  /** What stands against a fragment of a packet of which some fragments are there. */
  #checkAgainst(entry, fragment) {
    const { words } = this.#table;
    const at = this.#table.at(entry);
    const total = words[at + Place.total];
    const end2 = fragment.position + fragment.length;
    const isEndWrong = fragment.hasMore ? total >= 0 && end2 > total : words[at + Place.end] > end2 || total >= 0 && total !== end2;
    if (isEndWrong) return Drop.ipFragmentEndConflict;
    if (words[at + Place.fragments] === 0) return Drop.none;
    const units = (end2 + 7 >>> 3) - (fragment.position >>> 3);
    const there = this.#pages.unitsThere(this.#table, entry, fragment.position, end2);
    if (there === 0) return Drop.none;
    return there === units ? Drop.ipFragmentDuplicate : Drop.ipFragmentOverlap;
  }
  /** Copies a fragment into its pages, which are taken from others when there are none left. */
  #store(memory, entry, fragment) {
    const table = this.#table;
    const pages = this.#pages;
    const { words } = table;
    const at = table.at(entry);
    const end2 = fragment.position + fragment.length;
    for (let done = fragment.position; done < end2; ) {
      const within = done % PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - within, end2 - done);
      const place = table.pageAt(entry, done);
      if (table.pages[place] === 0) {
        while (pages.isExhausted) this.#evict(entry);
        table.pages[place] = pages.take() + 1;
      }
      const page = table.pages[place] - 1;
      pages.mark(page, within, length);
      memory.copy(pages.offset(page) + within, fragment.offset + done - fragment.position, length);
      done += length;
    }
    words[at + Place.held] += fragment.length;
    words[at + Place.fragments]++;
    words[at + Place.ecn] |= 1 << (fragment.trafficClass & 3);
    if (!fragment.hasMore) words[at + Place.total] = end2;
    if (end2 > words[at + Place.end]) words[at + Place.end] = end2;
    if (fragment.position === 0) table.keepHeader(memory.view, entry, fragment);
  }
  /** Puts the packet together at `to` and forgets it. */
  #complete(memory, entry, to) {
    const table = this.#table;
    const at = table.at(entry);
    const total = table.words[at + Place.total];
    const headerLength = writeWholeHeader(memory.view, to, table.words, at, total);
    if (headerLength < 0) {
      this.#giveUp(entry, Drop.ipFragmentEcnMixed, 1);
      return this.#notUsed(Drop.ipFragmentEcnMixed);
    }
    const pages = this.#pages;
    for (let done = 0; done < total; done += PAGE_BYTES) {
      const page = table.pages[table.pageAt(entry, done)] - 1;
      const length = Math.min(PAGE_BYTES, total - done);
      memory.copy(to + headerLength + done, pages.offset(page), length);
    }
    this.#parts.counters.count(Counter.packetsReassembled);
    this.#forget(entry);
    return headerLength + total;
  }
  /** RFC 1122 section 3.3.2, RFC 8200 section 4.5: the sender is told when its first fragment was there. */
  #tell(memory, entry) {
    const { quotes } = this.#parts;
    if (quotes !== null) quoteFirstFragment(memory, this.#table, this.#pages, entry, quotes);
  }
  /** Gives way to newer packets: the oldest one that is not `spared`. */
  #evict(spared) {
    const entry = this.#table.oldestOfAll(spared);
    this.#giveUp(entry, Drop.ipFragmentEvicted);
  }
  /** Gives a packet up and counts its fragments, but for those that the caller counts. */
  #giveUp(entry, reason, countedElsewhere = 0) {
    const table = this.#table;
    const fragments = table.words[table.at(entry) + Place.fragments];
    this.#parts.counters.dropMany(reason, fragments - countedElsewhere);
    this.#forget(entry);
  }
  #forget(entry) {
    const table = this.#table;
    const first = table.pageAt(entry, 0);
    for (let place = first; place < first + PAGES_PER_PACKET; place++) {
      if (table.pages[place] === 0) continue;
      this.#pages.give(table.pages[place] - 1);
      table.pages[place] = 0;
    }
    table.remove(entry);
    this.#parts.counters.set(Counter.fragmentMemoryNow, this.heldBytes);
  }
  #expiryOf(entry, family) {
    return entry === NONE ? Infinity : this.#table.arrivedUs[entry] + this.#limitUs[family];
  }
};

// src/ip/input.ts
var WHOLE_PACKET_BYTES = VIRTIO_HEADER_BYTES + IPV6_HEADER_BYTES + IPV6_PAYLOAD_MAX_BYTES;
var NO_CHECKSUM_START = -1;
var PacketInput = class {
  /** Why the last dropped frame was dropped. */
  reason = Drop.none;
  #virtioHeader;
  #loopback;
  #own;
  #forward;
  /** Where the transport header of the frame at hand begins, when there are extension headers. */
  #place = new TransportPlace();
  /** Whether the frame at hand is for a group or a network, of which only UDP may be. */
  #toGroup = false;
  // What the virtio-net header of the frame at hand says.
  /** Whether the checksum need not be verified. */
  #vouched = false;
  /** Where the unfinished checksum begins, in bytes from the IP header, or NO_CHECKSUM_START. */
  #checksumStart = NO_CHECKSUM_START;
  #checksumOffset = 0;
  #gsoType = VirtioGso.none;
  #gsoSize = 0;
  #reassembly;
  /** The fragment at hand. */
  #part = new Fragment();
  #nowUs = 0;
  /** The frame at hand is a packet that was put together. */
  #isWhole = false;
  /** Throws a `TypeError` for a loopback input with virtio-net headers, which nobody would write. */
  constructor(options) {
    this.#virtioHeader = options.virtioHeader;
    this.#loopback = options.loopback ?? false;
    if (this.#loopback && this.#virtioHeader) {
      throw new TypeError("A loopback input reads plain frames: virtioHeader must be false");
    }
    this.#vouched = this.#loopback;
    this.#forward = options.forward ?? null;
    this.#own = new OwnAddresses(options.addresses, this.#loopback, options.broadcasts);
    this.#reassembly = options.reassembly ?? null;
  }
  /**
   * Decodes the frame of `length` bytes at `offset` into `segment`. After {@link InputKind.dropped} the
   * segment holds nothing useful. The checks come in the order in which later ones rely on earlier ones,
   * and a checksum comes before the fields that it covers, so that damage is counted as damage.
   *
   * The fragment that completes a packet is overwritten with the packet, which is then what the frame holds: there
   * must be room for the longest one, {@link WHOLE_PACKET_BYTES}.
   */
  decode(memory, offset, length, segment, nowUs = 0) {
    this.#nowUs = nowUs;
    return this.#decode(memory, offset, length, segment);
  }
  #decode(memory, offset, length, segment) {
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
  #icmp(kind, segment) {
    if (kind === InputKind.icmpEcho && segment.foreign) {
      return this.#drop(Drop.ipDestinationForeign);
    }
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
    segment.foreign = reason === Drop.ipDestinationForeign && this.#isForwarded(view.getUint8(at + Ipv4Field.protocol)) && isForwardable4(destination);
    if (reason !== Drop.none && !segment.foreign) return this.#drop(reason);
    if (headerLength > IPV4_HEADER_BYTES && hasIpv4SourceRoute(view, at, headerLength)) {
      return this.#drop(Drop.ipSourceRouted);
    }
    setIpv4Addresses(segment, source, destination);
    const fragment = view.getUint16(at + Ipv4Field.fragment);
    if ((fragment & (Ipv4Fragment.moreFragments | Ipv4Fragment.offsetMask)) !== 0) {
      readFragment4(view, at, headerLength, totalLength, segment, this.#part);
      return this.#keep(memory, at, segment);
    }
    segment.trafficClass = view.getUint8(at + Ipv4Field.trafficClass);
    segment.hopLimit = view.getUint8(at + Ipv4Field.hopLimit);
    segment.flowLabel = 0;
    const payload = at + headerLength;
    const payloadLength = totalLength - headerLength;
    const protocol = view.getUint8(at + Ipv4Field.protocol);
    if (this.#toGroup && protocol !== Protocol.udp) return this.#drop(Drop.ipDestinationForeign);
    switch (protocol) {
      case Protocol.tcp: {
        if (!this.#isOffloadFor(headerLength, VirtioGso.tcp4, TcpField.checksum)) {
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
        return this.#icmp(readIcmp4(view, payload, payloadLength, segment, this.#own), segment);
      case Protocol.udp:
        if (!this.#isOffloadFor(headerLength, VirtioGso.none, UdpField.checksum)) {
          return this.#drop(Drop.virtioHeaderInvalid);
        }
        return this.#decodeUdp(memory, payload, payloadLength, segment);
      default: {
        const { protocol: code } = IcmpUnreachableCode;
        return this.#refuse(segment, Drop.ipProtocolUnsupported, IcmpType.destinationUnreachable, code, 0);
      }
    }
  }
  #decodeIpv6(memory, at, size, segment) {
    const { view } = memory;
    if (size < IPV6_HEADER_BYTES) return this.#drop(Drop.frameTruncated);
    const length = IPV6_HEADER_BYTES + view.getUint16(at + Ipv6Field.payloadLength);
    if (length > size) return this.#drop(Drop.ipLengthInvalid);
    setIpv6Addresses(segment, view, at);
    const reason = this.#checkAddresses6(segment);
    const isForeign = reason === Drop.ipDestinationForeign && this.#forward !== null;
    if (reason !== Drop.none && !isForeign) return this.#drop(reason);
    const place = this.#place;
    findTransport(view, at, at + length, place);
    const isFragment = place.fragment !== NO_FRAGMENT;
    segment.foreign = isForeign && isForwardable6(segment) && // What a fragment holds is known when the packet is whole.
    (isFragment ? this.#forward.bits !== 0 : this.#isForwarded(place.protocol));
    if (isForeign && !segment.foreign) return this.#drop(reason);
    if (isFragment) return this.#fragment6(memory, at, at + length, segment);
    if (place.reason !== Drop.none) {
      return this.#refuse6(view, at, at + length, segment, place.reason);
    }
    segment.trafficClass = readTrafficClass(view, at);
    segment.hopLimit = view.getUint8(at + Ipv6Field.hopLimit);
    segment.flowLabel = view.getInt32(at + Ipv6Field.versionClassLabel) & FLOW_LABEL_MASK;
    const payload = place.offset;
    const payloadLength = at + length - payload;
    if (this.#toGroup && place.protocol !== Protocol.udp) {
      return this.#drop(Drop.ipDestinationForeign);
    }
    switch (place.protocol) {
      case Protocol.tcp: {
        if (!this.#isOffloadFor(payload - at, VirtioGso.tcp6, TcpField.checksum)) {
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
        return this.#icmp(readIcmp6(view, payload, payloadLength, segment, this.#own), segment);
      }
      case Protocol.udp:
        if (!this.#isOffloadFor(payload - at, VirtioGso.none, UdpField.checksum)) {
          return this.#drop(Drop.virtioHeaderInvalid);
        }
        return this.#decodeUdp(memory, payload, payloadLength, segment);
      case Ipv6Next.none:
        return this.#drop(Drop.ipProtocolUnsupported);
      default:
        place.problem = Problem.nextHeader;
        return this.#refuse6(view, at, at + length, segment, Drop.ipProtocolUnsupported);
    }
  }
  /** A drop of which the sender is told. */
  #refuse(segment, reason, type, code, word) {
    if (segment.foreign) return this.#drop(reason);
    beginMessage(segment, segment.frameOffset, type, code);
    segment.icmpMtu = word;
    this.reason = reason;
    return InputKind.refused;
  }
  /** The same over IPv6, with the problem that was found, if any is to be told. */
  #refuse6(view, at, end2, segment, reason) {
    const { problem, pointer, isProblemForGroup } = this.#place;
    if (problem === NO_PROBLEM || this.#toGroup && !isProblemForGroup) return this.#drop(reason);
    if (mayHoldIcmpError(view, at, end2)) return this.#drop(reason);
    return this.#refuse(segment, reason, Icmp6Type.parameterProblem, problem, pointer);
  }
  #fragment6(memory, at, end2, segment) {
    const { view } = memory;
    const place = this.#place;
    readFragment6(view, at, end2, place, segment, this.#part);
    if (place.reason === Drop.ipFragment) return this.#drop(Drop.ipFragment);
    if (place.reason !== Drop.none && place.problem !== NO_PROBLEM) {
      return this.#refuse6(view, at, end2, segment, place.reason);
    }
    const kind = this.#keep(memory, at, segment);
    if (kind !== InputKind.dropped || this.reason === Drop.ipFragment) return kind;
    if (!problemOfFragment6(this.reason, this.#part, at, place)) return kind;
    return this.#refuse6(view, at, end2, segment, this.reason);
  }
  /** Keeps the fragment at hand, or decodes the packet that it completes. */
  #keep(memory, at, segment) {
    const reassembly = this.#reassembly;
    if (reassembly === null || this.#isWhole) return this.#drop(Drop.ipFragment);
    if (this.#gsoType !== VirtioGso.none) return this.#drop(Drop.virtioHeaderInvalid);
    const length = reassembly.add(memory, this.#part, at, this.#nowUs);
    if (length === KEPT) return InputKind.fragment;
    if (length === NOT_USED) return this.#drop(reassembly.reason);
    if (this.#virtioHeader) writeVirtioPlain(memory.view, segment.frameOffset);
    const header = at - segment.frameOffset;
    this.#isWhole = true;
    const kind = this.#decode(memory, segment.frameOffset, header + length, segment);
    this.#isWhole = false;
    return kind;
  }
  /**
   * RFC 1122 section 3.2.1.3: which sources no host may have, and which destinations are this host. In a
   * loopback input all of 127.0.0.0/8 is this host.
   */
  #checkAddresses4(source, destination) {
    const network = source >>> 24;
    const isStarting = source === 0 && destination === -1;
    if (network === 0 && !isStarting || this.#own.isGroup4(source)) return Drop.ipSourceMartian;
    if (!this.#loopback) {
      if (network === 127) return Drop.ipSourceMartian;
      if (this.#own.has4(source)) return Drop.ipSourceOwn;
    }
    this.#toGroup = this.#own.isGroup4(destination);
    return this.#toGroup || this.#own.has4(destination) ? Drop.none : Drop.ipDestinationForeign;
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
    this.#toGroup = s.dst0 >>> 24 === 255;
    return this.#toGroup || this.#own.has6(s.dst0, s.dst1, s.dst2, s.dst3) ? Drop.none : Drop.ipDestinationForeign;
  }
  /** Whether packets of this protocol are let in for foreign destinations; ICMP comes with those that are. */
  #isForwarded(protocol) {
    if (this.#forward === null) return false;
    const { bits } = this.#forward;
    switch (protocol) {
      case Protocol.tcp:
        return (bits & ForwardBit.tcp) !== 0;
      case Protocol.udp:
        return (bits & ForwardBit.udp) !== 0;
      case Protocol.icmp:
      case Ipv6Next.icmp:
        return bits !== 0;
      default:
        return false;
    }
  }
  /**
   * Whether the virtio-net header's claims, if any, are about a protocol with its checksum at `field`, behind
   * `headerLength` bytes of IP headers.
   */
  #isOffloadFor(headerLength, gsoType, field) {
    if (this.#gsoType !== VirtioGso.none && this.#gsoType !== gsoType) return false;
    return this.#checksumStart === NO_CHECKSUM_START || this.#checksumStart === headerLength && this.#checksumOffset === field;
  }
  /** The addresses of `segment` are set. What follows the datagram in its packet is not looked at. */
  #decodeUdp(memory, at, size, segment) {
    const { view } = memory;
    if (size < UDP_HEADER_BYTES) return this.#drop(Drop.udpLengthInvalid);
    const length = view.getUint16(at + UdpField.length);
    if (length < UDP_HEADER_BYTES || length > size) return this.#drop(Drop.udpLengthInvalid);
    if (!this.#vouched) {
      const reason = checkUdpChecksum(memory, at, length, segment);
      if (reason !== Drop.none) return this.#drop(reason);
    }
    beginMessage(segment, at + UDP_HEADER_BYTES, 0, 0);
    segment.payloadLength = length - UDP_HEADER_BYTES;
    segment.srcPort = view.getUint16(at + UdpField.sourcePort);
    segment.dstPort = view.getUint16(at + UdpField.destinationPort);
    return segment.dstPort === 0 ? this.#drop(Drop.udpPortZero) : InputKind.udp;
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
function checkUdpChecksum(memory, at, length, segment) {
  if (memory.view.getUint16(at + UdpField.checksum) === 0) {
    const isIpv42 = isIpv4Words(segment.src0, segment.src1, segment.src2);
    return isIpv42 ? Drop.none : Drop.udpChecksumMissing;
  }
  const sum = checksumAddIn(memory, at, length, udpPseudoSum(segment, length));
  return checksumFold(sum) === 0 ? Drop.none : Drop.udpChecksumInvalid;
}
function isForwardable4(destination) {
  const network = destination >>> 24;
  return network !== 0 && network !== 127 && network < 224;
}
function isForwardable6({ dst0, dst1, dst2 }) {
  if (dst0 >>> 24 === 255) return false;
  return dst0 !== 0 || dst1 !== 0 || dst2 !== 0 && dst2 !== IPV4_MAPPED_W2;
}
function readTcpFixedHeader(view, at, segment) {
  segment.srcPort = view.getUint16(at + TcpField.sourcePort);
  segment.dstPort = view.getUint16(at + TcpField.destinationPort);
  segment.seq = view.getInt32(at + TcpField.sequence);
  segment.ack = view.getInt32(at + TcpField.acknowledgment);
  segment.flags = view.getUint16(at + TcpField.dataOffsetFlags) & TCP_FLAGS_MASK;
  segment.window = view.getUint16(at + TcpField.window);
  segment.urgent = view.getUint16(at + TcpField.urgent);
}

// src/pipeline/forward_switch.ts
var SharedForwardSwitch = class {
  #words;
  #at;
  constructor(layout) {
    this.#words = layout.words;
    this.#at = layout.control + Control.forward;
  }
  get bits() {
    return Atomics.load(this.#words, this.#at);
  }
  /** Lets more in. It stays so when a forward is closed: its connections go on. */
  open(bits) {
    Atomics.or(this.#words, this.#at, bits);
  }
};

// src/pipeline/handover.ts
var HandoverRing = class {
  /** How many pipelines have seen the frame at hand before this one. */
  seen = 0;
  #own;
  #next;
  #ring;
  #bell;
  #queues;
  #counters;
  constructor(own, next, bell, queues) {
    this.#own = own;
    this.#next = next;
    this.#ring = new RingProducer(next.handover);
    this.#bell = bell;
    this.#queues = queues;
    this.#counters = own.tcpCounters;
  }
  offer(segment) {
    if (this.seen + 1 >= this.#queues) return false;
    const from = segment.frameOffset;
    const at = this.#ring.claim();
    if (at < 0) {
      this.#counters.drop(Drop.handoverFull);
      return true;
    }
    const to = frameOffset(this.#next, at);
    const { bytes } = this.#own.memory;
    this.#next.memory.bytes.set(bytes.subarray(from, from + segment.frameLength), to);
    this.#ring.words[at] = segment.frameLength;
    this.#ring.words[at + 1] = this.seen + 1;
    this.#ring.push();
    this.#ring.publish();
    this.#counters.count(Counter.framesHandedOver);
    this.#bell.ring();
    return true;
  }
};
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
    const { addresses, broadcasts } = settings;
    const forward = new SharedForwardSwitch(layout);
    this.#input = new PacketInput({
      virtioHeader,
      addresses,
      broadcasts,
      forward
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
    if (isDrop(kind)) this.#counters.drop(this.#input.reason);
    this.seen = words[at + 1];
    return kind;
  }
};
function frameOffset(layout, at) {
  const index = (at - layout.handover.records) / HANDOVER_WORDS;
  return layout.handoverFrames + index * SLOT_BYTES + SLOT_HEADROOM;
}

// src/pipeline/reassembler.ts
function makeReassembly(layout, config, counters, random) {
  return new Reassembly({
    config,
    pages: layout.fragmentPages,
    pageCount: layout.dimensions.fragmentPages,
    counters,
    random,
    quotes: new QuoteRing(layout, counters)
  });
}
var QuoteRing = class {
  #ring;
  #counters;
  #at = -1;
  constructor(layout, counters) {
    this.#ring = new RingProducer(layout.quotes);
    this.#counters = counters;
  }
  begin() {
    this.#at = this.#ring.claim();
    if (this.#at >= 0) return (this.#at + 1) * 4;
    this.#counters.drop(Drop.icmpErrorLimited);
    return -1;
  }
  end(length) {
    this.#ring.words[this.#at] = length;
    this.#ring.push();
    this.#ring.publish();
  }
};

// src/pipeline/segment_record.ts
var USED_WORDS = 48;
var FOREIGN = 65536;
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
  const foreign = segment.foreign ? FOREIGN : 0;
  words[at + 16] = foreign | segment.trafficClass << 8 | segment.hopLimit;
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
  if ((segment.options & OptionBit.fastOpen) !== 0) writeFastOpen2(words, at + 39, segment);
}
function writeFastOpen2(words, at, segment) {
  words[at] = segment.fastOpenLength;
  words[at + 1] = segment.fastOpen0;
  words[at + 2] = segment.fastOpen1;
  words[at + 3] = segment.fastOpen2;
  words[at + 4] = segment.fastOpen3;
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
  segment.foreign = (words[at + 16] & FOREIGN) !== 0;
  segment.trafficClass = words[at + 16] >>> 8 & 255;
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
  if ((segment.options & OptionBit.fastOpen) !== 0) readFastOpen2(words, at + 39, segment);
  else clearFastOpen(segment);
  return words[at];
}
function readFastOpen2(words, at, segment) {
  segment.fastOpenLength = words[at];
  segment.fastOpen0 = words[at + 1];
  segment.fastOpen1 = words[at + 2];
  segment.fastOpen2 = words[at + 3];
  segment.fastOpen3 = words[at + 4];
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

// src/pipeline/parser_stage.ts
var ParserStage = class {
  #layout;
  #counters;
  #reassembly;
  #input;
  #frames;
  #segments;
  #segment = new Segment();
  /** `random` keys the table of fragments. */
  constructor(layout, virtioHeader, settings, random = systemRandom) {
    this.#layout = layout;
    this.#counters = layout.parserCounters;
    const { addresses, broadcasts } = settings;
    this.#reassembly = makeReassembly(layout, settings.ip, this.#counters, random);
    this.#input = new PacketInput({
      virtioHeader,
      addresses,
      broadcasts,
      reassembly: this.#reassembly,
      forward: new SharedForwardSwitch(layout)
    });
    this.#frames = new RingConsumer(layout.frames);
    this.#segments = new RingProducer(layout.segments);
  }
  /** Whether a frame waits. */
  get hasWork() {
    return this.#frames.hasNext();
  }
  /** When `expire` is due, in microseconds; `Infinity` when it is not. */
  nextExpiry() {
    return this.#reassembly.nextExpiry();
  }
  /** Gives up packets whose fragments did not come in time; `rung` is called when there were any. */
  expire(nowUs, rung) {
    if (this.#reassembly.expire(this.#layout.memory, nowUs)) rung();
  }
  /** Decodes up to `most` frames; `rung` is called after each is published. Returns how many. */
  run(most, nowUs, rung) {
    const { words, table } = this.#layout.slotPool;
    let count = 0;
    while (count < most) {
      const frame = this.#frames.next();
      if (frame < 0) break;
      const slot = words[frame];
      const start = words[table + slot * DESCRIPTOR_WORDS + START];
      const kind = this.#input.decode(this.#layout.memory, start, words[frame + 1], this.#segment, nowUs);
      if (isDrop(kind)) this.#counters.drop(this.#input.reason);
      this.#segment.slot = slot;
      const at = this.#segments.claim();
      if (at < 0) {
        throw new Error("The segment ring is full, which its size should make impossible");
      }
      writeSegmentRecord(words, at, kind, this.#segment);
      this.#segments.push();
      this.#segments.publish();
      count++;
      rung();
    }
    this.#frames.release();
    return count;
  }
};

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
var ReaderStage = class {
  #device;
  #layout;
  #counters;
  #free;
  #frames;
  /** A slot that was taken from the ring and not yet filled. */
  #slot = NIL;
  constructor(device, layout) {
    this.#device = device;
    this.#layout = layout;
    this.#counters = layout.readerCounters;
    this.#free = new RingConsumer(layout.freeSlots);
    this.#frames = new RingProducer(layout.frames);
  }
  /** Whether there is a slot to read into. */
  get hasSlot() {
    return this.#slot !== NIL || this.#free.hasNext();
  }
  /** Reads up to `most` frames and publishes each; `rung` is called after each. Returns how many. */
  run(most, rung) {
    let count = 0;
    while (count < most && this.#takeSlot()) {
      const length = receiveFrame(this.#device, this.#layout, this.#slot, this.#counters);
      if (length === 0) break;
      if (length < 0) continue;
      const at = this.#frames.claim();
      if (at < 0) throw new Error("The frame ring is full, which its size should make impossible");
      this.#frames.words[at] = this.#slot;
      this.#frames.words[at + 1] = length;
      this.#frames.push();
      this.#frames.publish();
      this.#slot = NIL;
      count++;
      rung();
    }
    this.#free.release();
    return count;
  }
  #takeSlot() {
    if (this.#slot !== NIL) return true;
    const at = this.#free.next();
    if (at < 0) return false;
    this.#slot = this.#free.words[at];
    return true;
  }
};

// src/pipeline/direct_input.ts
var DirectInput = class {
  #layout;
  #device;
  #stage;
  #reassembly;
  #input;
  #segment = new Segment();
  /** `random` keys the table of fragments. */
  constructor(layout, device, stage, settings, random = systemRandom) {
    this.#layout = layout;
    this.#device = device;
    this.#stage = stage;
    this.#reassembly = makeReassembly(layout, settings.ip, layout.parserCounters, random);
    this.#input = new PacketInput({
      virtioHeader: device.virtioHeader,
      addresses: settings.addresses,
      broadcasts: settings.broadcasts,
      reassembly: this.#reassembly,
      forward: new SharedForwardSwitch(layout)
    });
  }
  /** When packets whose fragments did not come are to be given up, in microseconds; `Infinity` when never. */
  nextExpiry() {
    return this.#reassembly.nextExpiry();
  }
  /** Takes up to `most` frames in; returns how many there were. */
  run(most, nowUs) {
    const layout = this.#layout;
    const { words, table } = layout.slotPool;
    const slots = this.#stage.slots.slots;
    const segment = this.#segment;
    let count = 0;
    this.#reassembly.expire(layout.memory, nowUs);
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
      const kind = this.#input.decode(layout.memory, start, length, segment, nowUs);
      if (isDrop(kind)) layout.parserCounters.drop(this.#input.reason);
      segment.slot = slot;
      this.#stage.input(kind, segment, nowUs);
      count++;
    }
    return count;
  }
};

// src/tcp/config.ts
var FastOpenBit = {
  /** `connect({ fastOpen })` asks for cookies and sends data in its SYN. */
  client: 1,
  /** `listen({ tcpFastOpen })` gives cookies and takes data of a SYN. */
  server: 2,
  /** Data is sent in a SYN without a cookie too, and none is asked for. */
  clientWithoutCookie: 4,
  /** Data of a SYN is taken without a cookie too: only where every client can be trusted. */
  serverWithoutCookie: 512,
  /** Every listener takes data of a SYN, with its backlog as the limit. */
  everyListener: 1024
};
var TCP_DEFAULTS = {
  congestion: "cubic",
  rtoInitialMs: 1e3,
  rtoMinMs: 200,
  rtoMaxMs: 12e4,
  synRetries: 6,
  synLinearTimeouts: 0,
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
  restartAfterIdle: false,
  pacing: false,
  pacingRateMaxBytes: 0,
  timestamps: true,
  windowScale: true,
  sack: true,
  diffServ: 0,
  hopLimit: 64,
  dsack: true,
  rack: true,
  tlp: true,
  frto: true,
  reordering: 3,
  sackDelayUs: 1e3,
  sackDelaySegments: 44,
  receiveAutoTuning: true,
  outOfOrderRanges: 64,
  challengeAckMs: 500,
  maxConnections: 65536,
  timeWaitIgnoresResets: false,
  awakeConnections: 1024,
  maxTimeWait: 16384,
  synCookies: "whenFull",
  synCookieSecret: "",
  maxHandshakes: 16384,
  abortOnOverflow: false,
  fastOpen: FastOpenBit.client | FastOpenBit.server,
  fastOpenSecret: "",
  fastOpenCookies: 1024,
  fastOpenBlackholeMs: 36e5,
  maxConnectionsPerAddress: 0,
  resetsPerSecond: 5e3,
  challengeAcksPerSecond: 1e3,
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
  synLinearTimeouts: [
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
  reordering: [
    1,
    300
  ],
  sackDelayUs: [
    0,
    1e5
  ],
  sackDelaySegments: [
    0,
    255
  ],
  pacingRateMaxBytes: [
    0,
    1e12
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
  awakeConnections: [
    0,
    1048576
  ],
  maxTimeWait: [
    0,
    1048576
  ],
  maxHandshakes: [
    1,
    1048576
  ],
  fastOpen: [
    0,
    2047
  ],
  fastOpenCookies: [
    0,
    65536
  ],
  fastOpenBlackholeMs: [
    0,
    864e5
  ],
  maxConnectionsPerAddress: [
    0,
    1048576
  ],
  resetsPerSecond: [
    0,
    1e6
  ],
  challengeAcksPerSecond: [
    0,
    1e6
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
  "bbr",
  "none"
];
var SYN_COOKIE_MODES = [
  "never",
  "whenFull",
  "always"
];

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
function isSynchronized(state) {
  return state >= State.ESTABLISHED;
}
function canSendData(state) {
  return state === State.ESTABLISHED || state === State.CLOSE_WAIT;
}
function canReceiveData(state) {
  return state === State.ESTABLISHED || state === State.FIN_WAIT_1 || state === State.FIN_WAIT_2;
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
  // The handshake (handshake.ts, fast_open.ts).
  /** What Fast Open has to do with it (RFC 7413); null for most. */
  fastOpen = null;
  /** It counts among the connections that its peer's address has here. */
  countedByAddress = false;
  // Bytes on either side.
  receive = null;
  send = null;
  /** The application will write no more: a FIN follows the last byte. */
  finQueued = false;
  /** The peer's FIN was taken in. */
  finReceived = false;
  /** The peer's FIN has come ahead of text that is missing, and its number. */
  finAhead = false;
  finAheadSeq = 0;
  /** The application has shut reading down: text behind our FIN would never be read. */
  readShut = false;
  /** Positions in the send stream behind which a segment must end; null while there is none. */
  recordEnds = null;
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
  /** How long an ACK waits (Linux's ato); 0 before the first text. */
  ackDelayUs = 0;
  /** Segments since the last ACK that looked like the end of something: none, one, more (bits 1 and 2). */
  ackPushed = 0;
  /** Payload of the last segment if it may have been a full one of a smaller MSS. */
  lastSegmentBytes = 0;
  /** Duplicate ACKs that were sent at once for the gap at `gapSeq`, and those that are held back now. */
  gapSeq = 0;
  gapAcks = 0;
  acksHeld = 0;
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
  /** When the SYN was sent, if it was sent once, when `timing`. */
  rttSentAtUs = 0;
  timing = false;
  /** Expiries of the retransmission timer since something was last acknowledged. */
  backoffs = 0;
  /** How often the timeout is doubled: until a round-trip time is measured (Karn). */
  rtoShift = 0;
  /** When the oldest unacknowledged data was first sent again: for the limits of section 3.8.3. */
  repeatedSinceUs = NEVER;
  /** Window probes without an answer, and when the first one went. */
  probesUnanswered = 0;
  probedSinceUs = NEVER;
  /** When the oldest unacknowledged data was first sent. */
  unackedSinceUs = NEVER;
  /** What loss detection knows; there once the SYN was sent. */
  loss = null;
  /** The timer expired in the handshake: RFC 6298 section 5.7. */
  handshakeTimedOut = false;
  congestion;
  /** The window was the limit when something was last sent: it may grow (RFC 9293 section 3.8.2). */
  cwndLimited = false;
  // Use of the congestion window (window_validation.ts), and pacing.
  /** Greatest flight since the window's use was last looked at, and where that ends. */
  cwndFlightMax = 0;
  cwndUsageEnd = 0;
  /** When the window was last reduced for a pause; 0 before the first. */
  cwndRestartedAtUs = 0;
  /** When text was last sent; 0 before the first. */
  lastTextSentAtUs = 0;
  /** There when segments are paced. */
  pacer = null;
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
  // Whether it may be packed (dormant.ts).
  /** It was touched since it was last looked at. */
  used = true;
  /** Its place among the connections that are awake. */
  awakeAt = 0;
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
  /** Segments with text, as they are on the wire. */
  textSegmentsSent = 0;
  textSegmentsReceived = 0;
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

// src/tcp/congestion/phase.ts
var CongestionPhase = {
  /** There is no control. */
  none: 0,
  slowStart: 1,
  /** Conservative slow start, RFC 9406. */
  conservativeSlowStart: 2,
  congestionAvoidance: 3,
  // The states of BBR, draft-ietf-ccwg-bbr section 4.3.
  startup: 4,
  drain: 5,
  probeDown: 6,
  probeCruise: 7,
  probeRefill: 8,
  probeUp: 9,
  probeRtt: 10
};

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

// src/tcp/congestion/rate_sample.ts
var RateSample = class {
  nowUs = 0;
  mss = 0;
  /** Delivered for the first time by this acknowledgment, cumulatively or selectively; 0 is no sample. */
  ackedBytes = 0;
  /** Found to be lost since the last sample. */
  newlyLostBytes = 0;
  /** Everything that this connection has delivered. */
  totalDeliveredBytes = 0;
  /** The same when the newest segment of this acknowledgment was sent. */
  priorDeliveredBytes = 0;
  /** When that was, or the acknowledgment before it; 0 without a sample. */
  priorAtUs = 0;
  /** What was delivered over `intervalUs`. */
  deliveredBytes = 0;
  /** The longer one of the time in which it was sent and that in which it was acknowledged. */
  intervalUs = 0;
  /** Delivery rate; 0 when this acknowledgment does not tell. */
  rate = 0;
  /** The application had nothing to send meanwhile: the path may carry more. */
  appLimited = false;
  /** In flight when the newest segment had just been sent. */
  inFlightAtSendBytes = 0;
  /** Lost since the newest segment was sent. */
  lostSinceSendBytes = 0;
  /** Round-trip time of the newest segment; 0 when it was sent more than once. */
  rttUs = 0;
  /** In flight now. */
  inFlightBytes = 0;
  /** The congestion window was the limit when something was last sent. */
  windowLimited = false;
  /** Loss recovery is under way. */
  recovering = false;
};

// src/tcp/delivery_rate.ts
var SENT_RATE_NUMBERS = 6;
var DELIVERED = 0;
var DELIVERED_AT = 1;
var FIRST_SENT = 2;
var APP_LIMITED = 3;
var IN_FLIGHT = 4;
var LOST = 5;
var sample = new RateSample();
var newestAtUs = -1;
var newestEnd = 0;
var NO_TIME = -1;
var DeliveryRate = class {
  /** Bytes delivered in all. */
  deliveredBytes = 0;
  /** When something was last delivered. */
  deliveredAtUs = 0;
  /** When the segment that was delivered last was sent. */
  firstSentAtUs = 0;
  /** The application had nothing to send until this much is delivered; 0 when it has. */
  appLimitedUntilBytes = 0;
  /** Bytes found to be lost in all, each as often as it was. */
  lostBytes = 0;
  /** The last rate that tells what the path carries, or the greatest one that may tell too little. */
  bytesPerSecond = 0;
  isAppLimited = false;
  #lostBefore = 0;
  /** Who is told of every lost segment. */
  control = null;
  /** Nothing is in flight, and something is sent. */
  onFlightStart(nowUs) {
    this.firstSentAtUs = nowUs;
    this.deliveredAtUs = nowUs;
  }
  /** A segment was sent, for the first time or again; `inFlightBytes` are now in flight. */
  onSent(rates, segment, inFlightBytes) {
    const at = segment * SENT_RATE_NUMBERS;
    rates[at + DELIVERED] = this.deliveredBytes;
    rates[at + DELIVERED_AT] = this.deliveredAtUs;
    rates[at + FIRST_SENT] = this.firstSentAtUs;
    rates[at + APP_LIMITED] = this.appLimitedUntilBytes > 0 ? 1 : 0;
    rates[at + IN_FLIGHT] = inFlightBytes;
    rates[at + LOST] = this.lostBytes;
  }
  /** A segment was delivered; one acknowledgment may tell this of many, of which the newest one counts. */
  onDelivered(rates, segment, bytes, end2, sentAtUs, again, nowUs) {
    this.deliveredBytes += bytes;
    this.deliveredAtUs = nowUs;
    sample.ackedBytes += bytes;
    if (sentAtUs < newestAtUs || sentAtUs === newestAtUs && !seqGt(end2, newestEnd)) return;
    newestAtUs = sentAtUs;
    newestEnd = end2;
    const at = segment * SENT_RATE_NUMBERS;
    sample.priorDeliveredBytes = rates[at + DELIVERED];
    sample.priorAtUs = rates[at + DELIVERED_AT];
    sample.appLimited = rates[at + APP_LIMITED] !== 0;
    sample.inFlightAtSendBytes = rates[at + IN_FLIGHT];
    sample.lostSinceSendBytes = this.lostBytes - rates[at + LOST];
    const sendElapsedUs = sentAtUs - rates[at + FIRST_SENT];
    sample.intervalUs = Math.max(sendElapsedUs, nowUs - sample.priorAtUs);
    sample.rttUs = again ? 0 : nowUs - sentAtUs;
    this.firstSentAtUs = sentAtUs;
  }
  /** A segment, or the copy of it that was sent last, was found to be lost. */
  onLost(rates, segment, bytes) {
    this.lostBytes += bytes;
    const at = segment * SENT_RATE_NUMBERS;
    this.control?.onSegmentLost(bytes, rates[at + IN_FLIGHT], this.lostBytes - rates[at + LOST], this.deliveredBytes);
  }
  /** The sender had room in its windows and nothing to fill it with; `inFlightBytes` are in flight. */
  onAppLimited(inFlightBytes) {
    this.appLimitedUntilBytes = Math.max(this.deliveredBytes + inFlightBytes, 1);
  }
  /**
   * Section 3.3: completes the sample of an acknowledgment. `rttMinUs` is the least round-trip time seen: a
   * shorter interval says more of a burst than of the path.
   */
  conclude(nowUs, mss, rttMinUs) {
    sample.nowUs = nowUs;
    sample.mss = mss;
    sample.totalDeliveredBytes = this.deliveredBytes;
    sample.newlyLostBytes = this.lostBytes - this.#lostBefore;
    this.#lostBefore = this.lostBytes;
    if (this.deliveredBytes > this.appLimitedUntilBytes) this.appLimitedUntilBytes = 0;
    sample.rate = 0;
    sample.deliveredBytes = 0;
    if (newestAtUs === NO_TIME) {
      sample.rttUs = 0;
      sample.lostSinceSendBytes = 0;
      return sample;
    }
    sample.deliveredBytes = this.deliveredBytes - sample.priorDeliveredBytes;
    if (sample.intervalUs > 0 && sample.intervalUs >= rttMinUs) {
      sample.rate = Math.floor(sample.deliveredBytes * 1e6 / sample.intervalUs);
      if (!sample.appLimited || sample.rate >= this.bytesPerSecond) {
        this.bytesPerSecond = sample.rate;
        this.isAppLimited = sample.appLimited;
      }
    }
    return sample;
  }
  /** The sample was taken note of: the next acknowledgment begins another. */
  forget() {
    sample.ackedBytes = 0;
    newestAtUs = NO_TIME;
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
  /** What the delivery rate needs of each segment, {@link SENT_RATE_NUMBERS} numbers. */
  rates = new Float64Array(INITIAL_SEGMENTS * SENT_RATE_NUMBERS);
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
    const rates = new Float64Array(2 * this.rates.length);
    rates.set(this.rates);
    this.rates = rates;
  }
};
var RetransmissionQueue = class {
  sackedBytes = 0;
  lostBytes = 0;
  againBytes = 0;
  /** Segments that were looked at, of all walks: what a peer's ACKs have cost. */
  steps = 0;
  /** What is delivered and lost of all this, and how fast. */
  rate = new DeliveryRate();
  #head = NO_SEGMENT;
  #tail = NO_SEGMENT;
  /** The segment that was acknowledged selectively last, where the next one most likely is. */
  #hint = NO_SEGMENT;
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
    this.steps++;
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
    if (this.#tail === NO_SEGMENT) {
      this.#head = segment;
      this.rate.onFlightStart(nowUs);
    } else {
      this.#pool.words[this.#tail * WORDS + NEXT2] = segment;
    }
    this.#tail = segment;
    this.#noteSent(segment);
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
    if (segment === this.#hint) this.#hint = NO_SEGMENT;
    this.#head = this.next(segment);
    if (this.#head === NO_SEGMENT) this.#tail = NO_SEGMENT;
    this.#pool.give(segment);
    return true;
  }
  /** Makes two segments of one; both are as the one was. The new one begins at `at`. */
  split(segment, at) {
    const rest = this.#pool.take(at, this.end(segment), this.flags(segment), this.sentAtUs(segment));
    const { words, rates } = this.#pool;
    const from = segment * SENT_RATE_NUMBERS;
    rates.copyWithin(rest * SENT_RATE_NUMBERS, from, from + SENT_RATE_NUMBERS);
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
    if (this.#hint === next) this.#hint = segment;
    this.#pool.give(next);
  }
  /** The peer has this segment. */
  markSacked(segment) {
    this.#hint = segment;
    this.#setFlags(segment, this.flags(segment) & Sent.everAgain | Sent.sacked);
  }
  /** The segment, or the copy of it that was in flight, is considered lost. */
  markLost(segment) {
    if ((this.flags(segment) & (Sent.lost | Sent.again)) !== Sent.lost) {
      this.rate.onLost(this.#pool.rates, segment, this.#length(segment));
    }
    this.#setFlags(segment, this.flags(segment) & Sent.everAgain | Sent.lost);
  }
  /** The segment was sent again. */
  markAgain(segment, nowUs) {
    this.#setFlags(segment, Sent.lost | Sent.again | Sent.everAgain);
    this.#pool.sentAtUs[segment] = nowUs;
    this.#noteSent(segment);
  }
  /** The segment was sent again without being lost: a probe. */
  touch(segment, nowUs) {
    this.#pool.words[segment * WORDS + FLAGS] |= Sent.everAgain;
    this.#pool.sentAtUs[segment] = nowUs;
    this.#noteSent(segment);
  }
  /** The peer has told that it has this segment, or has acknowledged it. */
  noteDelivered(segment, nowUs) {
    this.rate.onDelivered(this.#pool.rates, segment, this.#length(segment), this.end(segment), this.sentAtUs(segment), (this.flags(segment) & Sent.everAgain) !== 0, nowUs);
  }
  /** A lost segment was not lost after all. */
  unmarkLost(segment) {
    this.#setFlags(segment, this.flags(segment) & ~(Sent.lost | Sent.again));
  }
  /**
   * A timeout: everything that the peer is not known to have is lost, except what was sent after `sentAfterUs`
   * and may be on its way; the oldest is lost in any case (RFC 8985 section 6.3). `forgetSacked` when the
   * peer may have thrown away what it had (RFC 2018 section 8).
   */
  markAllLost(forgetSacked, sentAfterUs) {
    for (let s = this.#head; s !== NO_SEGMENT; s = this.next(s)) {
      const kept = !forgetSacked && (this.flags(s) & Sent.sacked) !== 0;
      const recent = !forgetSacked && s !== this.#head && this.sentAtUs(s) > sentAfterUs;
      if (!kept && !recent) this.markLost(s);
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
  /** Where to begin to look for `seq`: a segment that begins at or before it. */
  near(seq) {
    const hint = this.#hint;
    return hint !== NO_SEGMENT && seqLe(this.start(hint), seq) ? hint : this.#head;
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
    this.#hint = NO_SEGMENT;
    this.sackedBytes = 0;
    this.lostBytes = 0;
    this.againBytes = 0;
  }
  #noteSent(segment) {
    const all = this.end(this.#tail) - this.start(this.#head) | 0;
    this.rate.onSent(this.#pool.rates, segment, this.pipe(all));
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
var NO_SAMPLE = -1;
var LossRecovery = class {
  queue;
  phase = Phase.open;
  /** Recovery ends when this is acknowledged: SND.MAX at its start (RFC 6582, RFC 6675). */
  recover;
  /** Duplicate ACKs in a row: how segments that left the network are counted without SACK. */
  duplicateAcks = 0;
  /** What further duplicate ACKs may stand for without SACK until SND.UNA moves; -1 before the first. */
  duplicateRoomBytes = -1;
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
  /** Something that was sent later than all before was delivered: there may be losses to find. */
  rackAdvanced = false;
  // How far segments overtake each other (reordering.ts), and what the configuration allows.
  reordering = 3;
  reorderingEvents = 0;
  /** In this ACK: an original was delivered late, the first one from here on. */
  overtaken = false;
  overtakenFrom = 0;
  useRack = true;
  useProbes = true;
  // F-RTO, RFC 5682.
  frto = false;
  /** Only new data may be sent until the next ACK. */
  newDataOnly = false;
  /** In this ACK: something that was in flight at the timeout and was sent only once was delivered. */
  originalDelivered = false;
  // What this ACK may tell of the round-trip time (rtt_sample.ts).
  ackedAgain = false;
  ackedSentAtUs = NO_SAMPLE;
  sackedSentAtUs = NO_SAMPLE;
  /** The SACK blocks of the ACK before, as left and right edges, `sackSeenCount` of them. */
  sackSeen = null;
  sackSeenCount = 0;
  // Totals for `info()`: reports of duplicates, and bytes known to be delivered.
  duplicateReports = 0;
  renegings = 0;
  deliveredTotalBytes = 0;
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
  /** The window when the recovery began (Linux's prior_cwnd, RFC 6937's RecoverFS). */
  windowAtStart = 0;
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
function newLossRecovery(pool2, iss, config) {
  const loss = new LossRecovery(pool2, iss);
  loss.reordering = config.reordering;
  loss.useRack = config.rack;
  loss.useProbes = config.tlp;
  return loss;
}
function proportionalWindow(recovery, pipeBytes, deliveredBytes, safe, ssthreshBytes, mss) {
  recovery.deliveredBytes += deliveredBytes;
  const delivered = recovery.deliveredBytes / mss;
  const sent = recovery.sentBytes / mss;
  const ssthresh = Math.floor(ssthreshBytes / mss);
  const room = ssthresh - Math.ceil(pipeBytes / mss);
  let send;
  if (room < 0) {
    const before = Math.max(recovery.windowAtStart / mss, 1);
    send = Math.ceil(delivered * ssthresh / before - EPSILON) - sent;
  } else {
    send = Math.max(delivered - sent, deliveredBytes / mss) + (safe ? 1 : 0);
    send = Math.min(room, Math.floor(send));
  }
  if (sent === 0) send = Math.max(send, 1);
  return Math.max(pipeBytes + send * mss, pipeBytes, mss);
}
var EPSILON = 1e-9;

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
  const setup2 = Flag.ECE | Flag.CWR;
  if (config.ecn === "off" || (syn.flags & setup2) !== setup2) return;
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
    loss.windowAtStart = congestion.cwndBytes;
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

// src/tcp/undo.ts
function undo(conn, loss, counters) {
  const { queue } = loss;
  for (let s = queue.head; s !== NO_SEGMENT; s = queue.next(s)) {
    if ((queue.flags(s) & Sent.lost) !== 0) queue.unmarkLost(s);
  }
  const { congestion } = conn;
  if (loss.undoPossible) {
    congestion.cwndBytes = Math.max(congestion.cwndBytes, loss.undoCwndBytes);
    congestion.ssthreshBytes = Math.max(congestion.ssthreshBytes, loss.undoSsthreshBytes);
    congestion.undo();
  }
  loss.phase = Phase.open;
  loss.undoPossible = false;
  loss.duplicateAcks = 0;
  loss.frto = false;
  loss.newDataOnly = false;
  loss.rackAdvanced = true;
  conn.recoveriesUndone++;
  counters.count(Counter.recoveriesUndone);
}

// src/tcp/frto.ts
function beginFrto(loss, phaseBefore, again, config) {
  loss.frto = config.frto && (phaseBefore === Phase.open || again);
  loss.newDataOnly = false;
}
function onAckAfterTimeout(conn, loss, advanced, told, counters) {
  loss.newDataOnly = false;
  if (!loss.frto) return;
  if (loss.originalDelivered) {
    counters.count(Counter.spuriousTimeouts);
    conn.backoffs = 0;
    undo(conn, loss, counters);
    return;
  }
  if (seqGt(conn.sndNxt, loss.recover)) {
    if (told) loss.frto = false;
    return;
  }
  if (!advanced || seqGe(conn.sndUna, loss.recover)) return;
  loss.recover = conn.sndNxt;
  const edge = seqAdd(conn.sndUna, conn.sndWnd);
  const unsent = seqGt(seqAdd(conn.iss, 1 + conn.send.end), conn.sndNxt);
  if (unsent && seqGt(edge, conn.sndNxt)) loss.newDataOnly = true;
  else loss.frto = false;
}
function sendsNewFirst(loss) {
  return loss.newDataOnly;
}
function giveUpFrto(conn, loss) {
  if (!loss.newDataOnly || seqGt(conn.sndNxt, loss.recover)) return false;
  loss.newDataOnly = false;
  loss.frto = false;
  return true;
}

// src/tcp/reordering.ts
var REORDERING_MAX = 300;
function noteReordering(loss, start) {
  if (!loss.overtaken || seqLt(start, loss.overtakenFrom)) loss.overtakenFrom = start;
  loss.overtaken = true;
}
function settleReordering(conn, loss) {
  if (!loss.overtaken) return;
  loss.overtaken = false;
  if (loss.phase === Phase.loss && !loss.undoPossible) return;
  const distance = seqDiff(loss.rackForward, loss.overtakenFrom);
  if (distance <= 0) return;
  const segments = Math.ceil(distance / conn.sndMss);
  if (segments > loss.reordering) loss.reordering = Math.min(segments, REORDERING_MAX);
  loss.reorderingSeen = true;
  loss.reorderingEvents++;
}

// src/tcp/rack.ts
var REORDER_QUARTERS_MAX = 16;
var REORDER_PERSIST = 16;
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
  if (!again) {
    if (seqLt(queue.start(segment), recovery.rackForward)) {
      noteReordering(recovery, queue.start(segment));
    }
    if (!seqGt(end2, recovery.recover)) recovery.originalDelivered = true;
  }
  if (seqGt(end2, recovery.rackForward)) recovery.rackForward = end2;
  const rttUs = nowUs - sentAtUs;
  if (again && rttUs < conn.rtt.minUs) return;
  recovery.rackAdvanced = true;
  recovery.rackRttUs = rttUs;
  if (sentAfter(sentAtUs, end2, recovery.rackSentAtUs, recovery.rackEnd)) {
    recovery.rackSentAtUs = sentAtUs;
    recovery.rackEnd = end2;
  }
}
function rackDuplicate(conn) {
  const recovery = conn.loss;
  if (recovery.dsackRoundOpen) return;
  recovery.dsackRoundOpen = true;
  recovery.dsackRound = conn.sndNxt;
  recovery.reorderQuarters = Math.min(recovery.reorderQuarters + 1, REORDER_QUARTERS_MAX);
  recovery.reorderPersist = REORDER_PERSIST;
}
function rackRecovered(recovery) {
  if (recovery.reorderPersist > 0 && --recovery.reorderPersist === 0) recovery.reorderQuarters = 1;
}
function hasEnoughBehind(conn, recovery) {
  const { queue, reordering } = recovery;
  if (queue.sackedBytes >= reordering * conn.sndMss) return true;
  if (queue.sackedBytes === 0) return false;
  let segments = 0;
  for (let s = queue.head; s !== NO_SEGMENT && segments < reordering; s = queue.next(s)) {
    if ((queue.flags(s) & Sent.sacked) === 0) continue;
    segments += Math.ceil(seqDiff(queue.end(s), queue.start(s)) / conn.sndMss);
  }
  return segments >= reordering;
}
function reorderWindowUs(conn) {
  const recovery = conn.loss;
  if (!recovery.reorderingSeen) {
    if (recovery.phase !== Phase.open || hasEnoughBehind(conn, recovery)) return 0;
  }
  const windowUs = Math.floor(recovery.reorderQuarters * conn.rtt.minUs / 4);
  return Math.min(windowUs, conn.rtt.srttUs);
}
function rackDetect(conn, nowUs) {
  const recovery = conn.loss;
  const { queue } = recovery;
  recovery.reorderAtUs = Infinity;
  recovery.rackAdvanced = false;
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
  if (!conn.sack || !recovery.useProbes || recovery.phase !== Phase.open || queue.sackedBytes > 0) {
    return;
  }
  if (recovery.probing) return;
  const flight = seqDiff(conn.sndNxt, conn.sndUna);
  if (flight === 0) return;
  const { srttUs } = conn.rtt;
  let timeoutUs = PROBE_INITIAL_US;
  if (srttUs > 0) {
    const single = queue.head === queue.tail && flight <= conn.sndMss;
    timeoutUs = 2 * srttUs + (single ? conn.rtt.minRtoUs : MINIMUM_US);
  }
  recovery.probeAtUs = Math.min(nowUs + timeoutUs, conn.retransmitAtUs);
}

// src/tcp/fast_open_state.ts
var FastOpenState = class {
  /** The SYN came with data that was taken: the application has the connection before its handshake ends. */
  passive;
  /** An active open that waits for the application's first data to send its SYN. */
  waiting = false;
  /** The option of the SYN or of the SYN-ACK that is to be sent: bytes of the cookie, -1 for no option. */
  cookieLength = -1;
  cookie0 = 0;
  cookie1 = 0;
  cookie2 = 0;
  cookie3 = 0;
  experimental = false;
  /** Most bytes that the SYN may carry. */
  synBytesMax = 0;
  /** Bytes that it has carried, and whether the peer has taken any. */
  synBytes = 0;
  acked = false;
  constructor(passive) {
    this.passive = passive;
  }
  /** Takes the cookie of a segment over. */
  takeCookie(segment) {
    this.cookieLength = segment.fastOpenLength;
    this.cookie0 = segment.fastOpen0;
    this.cookie1 = segment.fastOpen1;
    this.cookie2 = segment.fastOpen2;
    this.cookie3 = segment.fastOpen3;
    this.experimental = (segment.options & OptionBit.fastOpenExperimental) !== 0;
  }
  /** Adds the option to a SYN or SYN-ACK that is sent for the first time. */
  addOption(out2) {
    if (this.cookieLength < 0) return;
    out2.options |= OptionBit.fastOpen | (this.experimental ? OptionBit.fastOpenExperimental : 0);
    out2.fastOpenLength = this.cookieLength;
    out2.fastOpen0 = this.cookie0;
    out2.fastOpen1 = this.cookie1;
    out2.fastOpen2 = this.cookie2;
    out2.fastOpen3 = this.cookie3;
  }
};

// src/tcp/secret.ts
var WORD_DIGITS = 8;
function hashesOf(text, random) {
  if (text === "") {
    return [
      new SipHash24(random.uint32(), random.uint32(), random.uint32(), random.uint32())
    ];
  }
  return text.split(",").map((digits) => {
    const word = (index) => parseInt(digits.slice(WORD_DIGITS * index, WORD_DIGITS * (index + 1)), 16) | 0;
    return new SipHash24(word(0), word(1), word(2), word(3));
  });
}
function startWithAddresses(hash, ends, purpose) {
  hash.start();
  hash.word(purpose);
  hash.word(ends.local0);
  hash.word(ends.local1);
  hash.word(ends.local2);
  hash.word(ends.local3);
  hash.word(ends.remote0);
  hash.word(ends.remote1);
  hash.word(ends.remote2);
  hash.word(ends.remote3);
}

// src/tcp/fast_open.ts
var COOKIE_BYTES = 8;
var PENALTY_US = 6e7;
var BLACKHOLE_DOUBLINGS = 6;
var SYN_OPTIONS_BYTES = 40;
function isOpenEarly(conn) {
  return conn.fastOpen !== null && conn.fastOpen.passive;
}
function isUsedEarly(conn) {
  if (conn.fastOpen === null || conn.owner === Owner.listener || conn.request >= 0) return false;
  return conn.state === State.SYN_SENT || conn.state === State.SYN_RECEIVED;
}
function isUnbegun(conn) {
  if (conn.fastOpen === null || !conn.fastOpen.waiting || conn.send === null) return false;
  conn.send.refresh();
  return conn.send.end === 0;
}
var ActiveFastOpen = {
  no: 0,
  /** Data goes with the SYN when the server's cookie is known; else one is asked for. */
  withCookie: 1,
  /** Data goes with the SYN in any case (TCP_FASTOPEN_NO_COOKIE). */
  withoutCookie: 2
};
var SynVerdict = {
  /** An ordinary handshake; the SYN-ACK carries the cookie that the state names, if any. */
  handshake: 0,
  /** The data is to be taken at once. */
  accept: 1
};
var FastOpenServer = class {
  #config;
  #counters;
  #hashes;
  /** What the next SYN-ACK is to carry. */
  reply = new FastOpenState(false);
  constructor(config, counters, random) {
    this.#config = config;
    this.#counters = counters;
    this.#hashes = hashesOf(config.fastOpenSecret, random);
  }
  /** Looks at a SYN for a listener, and leaves in `reply` what its SYN-ACK is to carry. */
  onSyn(listener, syn, ends, nowUs) {
    const { fastOpen } = this.#config;
    const { reply: reply2 } = this;
    reply2.cookieLength = -1;
    const hasOption = (syn.options & OptionBit.fastOpen) !== 0;
    if (hasOption && syn.fastOpenLength === 0) {
      this.#counters.count(Counter.fastOpenCookieRequests);
    }
    const isWanted = hasOption || syn.payloadLength > 0;
    if ((fastOpen & FastOpenBit.server) === 0 || !isWanted) return SynVerdict.handshake;
    if (!this.#hasRoom(listener, nowUs)) return SynVerdict.handshake;
    const free = listener.fastOpenNoCookie || (fastOpen & FastOpenBit.serverWithoutCookie) !== 0;
    if (free) return SynVerdict.accept;
    if (!hasOption) return SynVerdict.handshake;
    const known = syn.fastOpenLength > 0 ? this.#indexOf(syn, ends) : -1;
    if (syn.fastOpenLength > 0 && known < 0) {
      this.#counters.count(Counter.fastOpenPassiveFailed);
    }
    if (known !== 0) this.#give(syn, ends);
    return known >= 0 ? SynVerdict.accept : SynVerdict.handshake;
  }
  #hasRoom(listener, nowUs) {
    const everyone = (this.#config.fastOpen & FastOpenBit.everyListener) !== 0;
    const limit = listener.fastOpenLimit > 0 ? listener.fastOpenLimit : everyone ? listener.backlog : 0;
    if (limit === 0) return false;
    const { fastOpenPenalties } = listener;
    while (fastOpenPenalties.length > 0 && fastOpenPenalties[0] <= nowUs) {
      fastOpenPenalties.shift();
      listener.fastOpenPending--;
    }
    if (listener.fastOpenPending < limit) return true;
    this.#counters.count(Counter.fastOpenOverflows);
    return false;
  }
  #give(syn, ends) {
    const { reply: reply2 } = this;
    const hash = this.#hashes[0];
    hashAddresses(hash, ends);
    reply2.cookieLength = COOKIE_BYTES;
    reply2.cookie0 = byteSwapped(hash.low);
    reply2.cookie1 = byteSwapped(hash.high);
    reply2.cookie2 = 0;
    reply2.cookie3 = 0;
    reply2.experimental = (syn.options & OptionBit.fastOpenExperimental) !== 0;
  }
  /** Which secret has made the cookie of a SYN, or -1. */
  #indexOf(syn, ends) {
    if (syn.fastOpenLength !== COOKIE_BYTES) return -1;
    return this.#hashes.findIndex((hash) => {
      hashAddresses(hash, ends);
      return syn.fastOpen0 === byteSwapped(hash.low) && syn.fastOpen1 === byteSwapped(hash.high);
    });
  }
  /** The handshake of a connection whose data was taken has ended; `reset` when the peer has reset it. */
  onHandshakeOver(listener, reset, nowUs) {
    if (reset) listener.fastOpenPenalties.push(nowUs + PENALTY_US);
    else listener.fastOpenPending--;
  }
};
function hashAddresses(hash, ends) {
  const isIpv42 = ends.remote2 === IPV4_MAPPED_W2 && (ends.remote0 | ends.remote1) === 0;
  hash.start();
  if (!isIpv42) {
    hash.word(byteSwapped(ends.remote0));
    hash.word(byteSwapped(ends.remote1));
    hash.word(byteSwapped(ends.remote2));
  }
  hash.word(byteSwapped(ends.remote3));
  if (!isIpv42) {
    hash.word(byteSwapped(ends.local0));
    hash.word(byteSwapped(ends.local1));
    hash.word(byteSwapped(ends.local2));
  }
  hash.word(byteSwapped(ends.local3));
  hash.finish();
}
function byteSwapped(word) {
  return word << 24 | (word & 65280) << 8 | word >>> 8 & 65280 | word >>> 24;
}
var FastOpenClient = class {
  #config;
  #counters;
  #cache = /* @__PURE__ */ new Map();
  #disabledUntilUs = -Infinity;
  /** Times in a row that it was given up. */
  #disabledTimes = 0;
  constructor(config, counters) {
    this.#config = config;
    this.#counters = counters;
  }
  /** Servers whose cookie is known. */
  get size() {
    return this.#cache.size;
  }
  /**
   * What a new active open has to do with Fast Open; null when nothing. Its `waiting` says that the SYN may
   * carry data and is to wait for it.
   */
  begin(tuple, mtu, withoutCookie, nowUs) {
    const { fastOpen } = this.#config;
    if ((fastOpen & FastOpenBit.client) === 0 || nowUs < this.#disabledUntilUs) return null;
    const state = new FastOpenState(false);
    const cached = this.#cache.get(keyOf2(tuple));
    const most = mtu - 40 - SYN_OPTIONS_BYTES;
    if (withoutCookie || (fastOpen & FastOpenBit.clientWithoutCookie) !== 0) {
      state.waiting = true;
      state.synBytesMax = cached === void 0 ? Math.min(most, 536) : most;
    } else if (cached !== void 0 && cached.state.cookieLength > 0) {
      Object.assign(state, cached.state);
      state.waiting = true;
      state.synBytesMax = most;
    } else {
      state.cookieLength = 0;
      state.experimental = cached?.tryExperimental ?? false;
    }
    if (cached !== void 0 && cached.mss > 0) {
      state.synBytesMax = Math.min(state.synBytesMax, Math.max(0, cached.mss - SYN_OPTIONS_BYTES));
    }
    return state;
  }
  /** The SYN-ACK of an active open is here: keeps its cookie, and counts whether the data was taken. */
  onSynAck(conn, segment) {
    const state = conn.fastOpen;
    const asked = state.cookieLength >= 0;
    if (state.synBytes > 0) {
      this.#counters.count(state.acked ? Counter.fastOpenActive : Counter.fastOpenActiveFailed);
      if (state.acked) this.#disabledTimes = 0;
    }
    if (!asked) return;
    const mss = (segment.options & OptionBit.mss) !== 0 ? segment.mss : 536;
    const hasCookie = (segment.options & OptionBit.fastOpen) !== 0 && segment.fastOpenLength > 0;
    if (hasCookie) {
      const kept = new FastOpenState(false);
      kept.takeCookie(segment);
      this.#keep(conn, {
        state: kept,
        mss,
        tryExperimental: false
      });
    } else if (conn.handshakeTimedOut) {
      if (state.synBytes > 0) this.#cache.delete(keyOf2(conn));
    } else if (state.synBytes === 0) {
      const none = new FastOpenState(false);
      this.#keep(conn, {
        state: none,
        mss,
        tryExperimental: !state.experimental
      });
    }
  }
  #keep(tuple, cookie) {
    const key = keyOf2(tuple);
    this.#cache.delete(key);
    if (this.#config.fastOpenCookies === 0) return;
    this.#cache.set(key, cookie);
    if (this.#cache.size <= this.#config.fastOpenCookies) return;
    for (const oldest of this.#cache.keys()) {
      this.#cache.delete(oldest);
      break;
    }
  }
  /**
   * The retransmission timer of a connection that has used Fast Open has expired the `backoffs`th time in a
   * row: three times, or to the end, mean a path that swallows it (RFC 7413 section 7.1, as Linux).
   */
  onTimeout(backoffs, givenUp, nowUs) {
    const { fastOpenBlackholeMs } = this.#config;
    if (fastOpenBlackholeMs === 0 || backoffs !== 3 && !(givenUp && backoffs < 3)) return;
    const doublings = Math.min(this.#disabledTimes++, BLACKHOLE_DOUBLINGS);
    this.#disabledUntilUs = nowUs + fastOpenBlackholeMs * 1e3 * 2 ** doublings;
    this.#counters.count(Counter.fastOpenBlackholes);
  }
};
function keyOf2(tuple) {
  const { local0, local1, local2, local3, remote0, remote1, remote2, remote3 } = tuple;
  return `${local0},${local1},${local2},${local3},${remote0},${remote1},${remote2},${remote3}`;
}
function beginFastOpen(conn, out2) {
  const state = conn.fastOpen;
  state.addOption(out2);
  state.waiting = false;
  if ((out2.flags & Flag.ACK) !== 0 || state.synBytesMax === 0) return 0;
  state.synBytes = Math.min(conn.send.end, state.synBytesMax);
  return state.synBytes;
}
function settleSynData(conn, ack) {
  const state = conn.fastOpen;
  const bytes = seqDiff(ack, seqAdd(conn.iss, 1));
  state.acked = bytes > 0;
  if (bytes > 0) conn.send.acknowledge(bytes);
  const lost = state.synBytes - bytes;
  if (lost > 0) {
    conn.segmentsRetransmitted++;
    conn.bytesRetransmitted += lost;
  }
}

// src/tcp/give_up.ts
var ORPHAN_RETRIES = 8;
var MODEL_RTO_US = 2e5;
function retriesTimeUs(retries, rtoMaxUs) {
  const doublings = Math.max(0, Math.floor(Math.log2(rtoMaxUs / MODEL_RTO_US)));
  if (retries <= doublings) return (2 ** (retries + 1) - 1) * MODEL_RTO_US;
  return (2 ** (doublings + 1) - 1) * MODEL_RTO_US + (retries - doublings) * rtoMaxUs;
}
function hasGivenUp(conn, nowUs, config) {
  const userUs = conn.userTimeoutUs;
  switch (conn.state) {
    case State.SYN_SENT:
      return conn.backoffs >= conn.synRetries + config.synLinearTimeouts || userUs > 0 && conn.backoffs > 0 && nowUs - conn.unackedSinceUs >= userUs;
    case State.SYN_RECEIVED:
      return conn.backoffs >= (isOpenEarly(conn) ? config.synAckRetries + 1 : conn.synRetries);
  }
  if (conn.persisting) return hasProbedEnough(conn, nowUs, config);
  if (conn.backoffs === 0) return false;
  const silentUs = nowUs - conn.repeatedSinceUs;
  const limitUs = userUs > 0 ? userUs : retriesTimeUs(conn.owner === Owner.none ? ORPHAN_RETRIES : config.dataRetries, config.rtoMaxMs * 1e3);
  if (silentUs < limitUs) return false;
  if (conn.sndWnd > 0 || userUs > 0 || conn.owner === Owner.none) return true;
  return nowUs - conn.lastReceivedAtUs > 2 * config.rtoMaxMs * 1e3;
}
function hasProbedEnough(conn, nowUs, config) {
  const { userTimeoutUs } = conn;
  if (userTimeoutUs > 0 && nowUs - conn.probedSinceUs >= userTimeoutUs) return true;
  if (conn.owner !== Owner.none) return conn.probesUnanswered >= config.dataRetries;
  const longUs = retriesTimeUs(ORPHAN_RETRIES + 1, config.rtoMaxMs * 1e3);
  return conn.probesUnanswered >= ORPHAN_RETRIES || nowUs - conn.probedSinceUs >= longUs;
}
function synTimeoutUs(conn, config) {
  const isActive = conn.state === State.SYN_SENT;
  const linear = isActive ? Math.min(conn.rtoShift, config.synLinearTimeouts) : 0;
  return conn.rtt.backedOff(conn.rtoShift - linear);
}
function nextTimeoutUs(conn, sinceUs, delayUs, nowUs) {
  if (conn.userTimeoutUs === 0 || sinceUs === NEVER) return nowUs + delayUs;
  return Math.max(nowUs + 1e3, Math.min(nowUs + delayUs, sinceUs + conn.userTimeoutUs));
}

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

// src/tcp/persist.ts
function onProbeTimer(conn, nowUs, config) {
  if (conn.sndWnd > 0) {
    endProbing(conn);
    return Outcome.probe;
  }
  if (conn.probedSinceUs === NEVER) conn.probedSinceUs = nowUs;
  conn.probesUnanswered++;
  if (conn.rtoShift < config.dataRetries) conn.rtoShift++;
  restartProbeTimer(conn, nowUs);
  return Outcome.probe;
}
function onProbeAnswered(conn, opened, nowUs) {
  conn.probesUnanswered = 0;
  if (!opened) {
    if (conn.owner !== Owner.none && conn.sndWnd === 0) restartProbeTimer(conn, nowUs);
    return;
  }
  endProbing(conn);
  conn.backoffs = 0;
}
function endProbing(conn) {
  conn.persisting = false;
  conn.rtoShift = 0;
  conn.probesUnanswered = 0;
  conn.probedSinceUs = NEVER;
  conn.retransmitAtUs = NEVER;
}
function restartProbeTimer(conn, nowUs) {
  const delayUs = conn.rtt.backedOff(conn.rtoShift);
  conn.retransmitAtUs = nextTimeoutUs(conn, conn.probedSinceUs, delayUs, nowUs);
}

// src/tcp/rtt_sample.ts
var ECHO_MAX_MS = 12e4;
function noteAcknowledged(conn, segment) {
  const loss = conn.loss;
  if ((loss.queue.flags(segment) & Sent.everAgain) !== 0) loss.ackedAgain = true;
  else if (loss.ackedSentAtUs < 0) loss.ackedSentAtUs = loss.queue.sentAtUs(segment);
}
function noteSacked(conn, segment) {
  const loss = conn.loss;
  const once = (loss.queue.flags(segment) & Sent.everAgain) === 0;
  if (once && loss.sackedSentAtUs < 0) loss.sackedSentAtUs = loss.queue.sentAtUs(segment);
}
function beginSample(conn) {
  const loss = conn.loss;
  loss.ackedAgain = false;
  loss.ackedSentAtUs = NO_SAMPLE;
  loss.sackedSentAtUs = NO_SAMPLE;
}
function takeSample(conn, segment, advanced, duplicate, nowUs) {
  const loss = conn.loss;
  let rttUs = NO_SAMPLE;
  if (loss.ackedSentAtUs >= 0 && !loss.ackedAgain) rttUs = nowUs - loss.ackedSentAtUs;
  else if (loss.sackedSentAtUs >= 0) rttUs = nowUs - loss.sackedSentAtUs;
  else if (advanced && conn.timestamps && (segment.options & OptionBit.timestamps) !== 0) {
    if (duplicate) {
      conn.rtoShift = 0;
      return;
    }
    const elapsedMs = Math.floor(nowUs / 1e3) + conn.tsOffset - segment.tsEcho | 0;
    if (elapsedMs >= 0 && elapsedMs < ECHO_MAX_MS) rttUs = Math.max(elapsedMs, 1) * 1e3;
  }
  if (rttUs < 0) return;
  conn.rtt.sample(rttUs);
  conn.rtoShift = 0;
}

// src/tcp/sack_recovery.ts
function detectByScoreboard(conn) {
  const loss = conn.loss;
  const { queue } = loss;
  const enough = loss.reordering * conn.sndMss;
  let behind = queue.sackedBytes;
  let found = false;
  for (let s = queue.head; s !== NO_SEGMENT && behind >= enough; s = queue.next(s)) {
    const flags = queue.flags(s);
    if ((flags & Sent.sacked) !== 0) behind -= queue.end(s) - queue.start(s) | 0;
    else if ((flags & Sent.lost) === 0) {
      queue.markLost(s);
      found = true;
    }
  }
  return found;
}

// src/tcp/sack_input.ts
var BLOCKS_MAX = 4;
var lefts = new Int32Array(BLOCKS_MAX);
var rights = new Int32Array(BLOCKS_MAX);
function takeSackBlocks(conn, segment, nowUs, counters) {
  const count = segment.sackCount;
  if (count === 0) {
    conn.loss.sackSeenCount = 0;
    return false;
  }
  const { sackLeft0, sackRight0, sackLeft1, sackRight1 } = segment;
  const duplicate = isDuplicate(segment, count);
  let used2 = 0;
  if (!duplicate) used2 = select(conn, segment, sackLeft0, sackRight0, used2, counters);
  if (count > 1) used2 = select(conn, segment, sackLeft1, sackRight1, used2, counters);
  if (count > 2) {
    used2 = select(conn, segment, segment.sackLeft2, segment.sackRight2, used2, counters);
  }
  if (count > 3) {
    used2 = select(conn, segment, segment.sackLeft3, segment.sackRight3, used2, counters);
  }
  markBlocks(conn, used2, nowUs);
  return duplicate;
}
function isDuplicate(segment, count) {
  const { sackLeft0, sackRight0 } = segment;
  if (!seqLt(sackLeft0, sackRight0)) return false;
  if (seqLt(sackLeft0, segment.ack)) return true;
  return count > 1 && seqGe(sackLeft0, segment.sackLeft1) && seqLe(sackRight0, segment.sackRight1);
}
function select(conn, segment, left, right, used2, counters) {
  const valid = seqLt(left, right) && !seqGt(right, conn.sndNxt) && seqGt(left, conn.sndUna);
  if (!valid) {
    const late = segment.ack !== conn.sndUna && seqLe(right, conn.sndUna);
    if (!late) counters.drop(Drop.tcpSackInvalid);
    return used2;
  }
  let at = used2;
  for (; at > 0 && seqLt(left, lefts[at - 1]); at--) {
    lefts[at] = lefts[at - 1];
    rights[at] = rights[at - 1];
  }
  lefts[at] = left;
  rights[at] = right;
  return used2 + 1;
}
function markBlocks(conn, used2, nowUs) {
  const loss = conn.loss;
  loss.sackSeen ??= new Int32Array(2 * BLOCKS_MAX);
  let s = NO_SEGMENT;
  for (let i = 0; i < used2; i++) {
    const from = knownUpTo(loss, lefts[i], rights[i]);
    if (from === rights[i]) continue;
    if (s === NO_SEGMENT) s = loss.queue.near(from);
    s = takeBlock(conn, lefts[i], rights[i], from, s, nowUs);
    if (s === NO_SEGMENT) break;
  }
  for (let i = 0; i < used2; i++) {
    loss.sackSeen[2 * i] = lefts[i];
    loss.sackSeen[2 * i + 1] = rights[i];
  }
  loss.sackSeenCount = used2;
}
function knownUpTo(loss, left, right) {
  const seen = loss.sackSeen;
  for (let i = 0; i < loss.sackSeenCount; i++) {
    const seenLeft = seen[2 * i];
    const seenRight = seen[2 * i + 1];
    if (seqLe(seenLeft, left) && seqGt(seenRight, left)) return seqMin(seenRight, right);
  }
  return left;
}
function takeBlock(conn, left, right, from, near, nowUs) {
  const { queue } = conn.loss;
  let s = queue.findEndingAfter(from, near);
  let last = s;
  while (s !== NO_SEGMENT && seqLt(queue.start(s), right)) {
    if ((queue.flags(s) & Sent.sacked) === 0) s = markCovered(conn, s, left, right, nowUs);
    last = s;
    s = queue.next(s);
  }
  return last;
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
  noteSacked(conn, s);
  queue.noteDelivered(s, nowUs);
  queue.markSacked(s);
  return s;
}

// src/tcp/congestion/control.ts
var UNPACED_RATE = 2147483647;
function initialWindow(segments, mss) {
  return Math.min(segments * mss, Math.max(2 * mss, 1460 * segments));
}
function reducedWindow(windowBytes, factor, mss) {
  return Math.max(Math.floor(windowBytes * factor / mss), 2) * mss;
}

// src/tcp/window_validation.ts
function isWindowLimited(conn) {
  if (conn.cwndLimited) return true;
  const { cwndBytes, ssthreshBytes } = conn.congestion;
  return cwndBytes < ssthreshBytes && cwndBytes < 2 * conn.cwndFlightMax;
}
function validateWindow(conn, pipeBytes, stopped) {
  const { congestion, sndMss } = conn;
  const flight = seqDiff(conn.sndNxt, conn.sndUna);
  const limited = stopped || pipeBytes > congestion.cwndBytes - sndMss;
  const roundOver = seqGe(conn.sndUna, conn.cwndUsageEnd);
  if (roundOver || limited || !conn.cwndLimited && flight > conn.cwndFlightMax) {
    conn.cwndLimited = limited;
    conn.cwndFlightMax = flight;
    conn.cwndUsageEnd = conn.sndNxt;
  }
}
function onTransmitStart(conn, nowUs, config) {
  const sinceUs = Math.max(conn.lastTextSentAtUs, conn.cwndRestartedAtUs);
  const idleUs = nowUs - sinceUs;
  if (config.restartAfterIdle && sinceUs > 0 && idleUs > conn.rtt.rtoUs) {
    restart(conn, idleUs, nowUs, config);
  }
  conn.congestion.onTransmitStart(conn.rtt.srttUs, nowUs);
  conn.pacer?.update(conn.congestion, 0, conn.rtt.srttUs);
}
function restart(conn, idleUs, nowUs, config) {
  const { congestion } = conn;
  const least = Math.min(restartWindow(conn, config), congestion.cwndBytes);
  keepThreshold(conn);
  let cwnd = congestion.cwndBytes;
  for (let rest = idleUs - conn.rtt.rtoUs; rest > 0 && cwnd > least; rest -= conn.rtt.rtoUs) {
    cwnd /= 2;
  }
  congestion.cwndBytes = Math.max(wholeSegments(conn, cwnd), least);
  conn.cwndRestartedAtUs = nowUs;
}
function restartWindow(conn, config) {
  return initialWindow(config.initialWindowSegments, conn.sndMss);
}
function keepThreshold(conn) {
  const { congestion } = conn;
  const segments = Math.floor(congestion.cwndBytes / conn.sndMss);
  const kept = ((segments >> 1) + (segments >> 2)) * conn.sndMss;
  congestion.ssthreshBytes = Math.max(congestion.ssthreshBytes, kept);
}
function wholeSegments(conn, bytes) {
  return Math.floor(bytes / conn.sndMss) * conn.sndMss;
}

// src/tcp/acknowledgment.ts
var RENEGING_DELAY_US = 1e4;
function onAcknowledgment(conn, segment, windowBefore, nowUs, counters, config) {
  const loss = conn.loss;
  if (loss === null) return;
  const advanced = seqGt(segment.ack, conn.sndUna);
  if (!advanced && conn.persisting) {
    onProbeAnswered(conn, conn.sndWnd > windowBefore, nowUs);
    return;
  }
  if (!advanced && conn.backoffs > 0) onShrunkWindow(conn, loss, windowBefore, nowUs);
  conn.probesUnanswered = 0;
  const flight = seqDiff(conn.sndNxt, conn.sndUna);
  const acked = advanced ? seqDiff(segment.ack, conn.sndUna) : 0;
  beginSample(conn);
  loss.originalDelivered = false;
  let delivered = advanced ? takeAcknowledged(conn, loss, segment.ack, nowUs) : 0;
  if (advanced) advance(conn, segment.ack);
  if (advanced && conn.mtuSearch !== null) onProgress(conn, conn.mtuSearch);
  const sackedBefore = loss.queue.sackedBytes;
  const duplicate = conn.sack && takeSackBlocks(conn, segment, nowUs, counters);
  const sacked = loss.queue.sackedBytes - sackedBefore;
  delivered += sacked;
  settleReordering(conn, loss);
  takeSample(conn, segment, advanced, duplicate, nowUs);
  if (advanced) restartTimer(conn, nowUs);
  const again = !advanced && isDuplicate2(conn, segment, windowBefore);
  if (again) {
    conn.duplicateAcksSeen++;
    counters.count(Counter.duplicateAcks);
    if (conn.sack) loss.duplicateAcks++;
    else delivered += creditDuplicate(loss, flight, conn.sndMss);
  }
  loss.deliveredTotalBytes += delivered;
  if (conn.ecn !== null) takeFeedback(conn, conn.ecn, segment, delivered, advanced);
  if (duplicate) onDsack(conn, loss, segment, counters);
  if (advanced && isUnsureOfSacked(conn, loss)) {
    conn.retransmitAtUs = nowUs + Math.max(conn.rtt.srttUs / 2, RENEGING_DELAY_US);
  }
  if (advanced) undoByTimestamp(conn, loss, segment, counters);
  if (loss.phase === Phase.loss) {
    onAckAfterTimeout(conn, loss, advanced, sacked > 0 || again, counters);
  }
  if (loss.probing) {
    const same = !advanced && conn.sndWnd === windowBefore;
    settleProbe(conn, loss, segment, duplicate, same, nowUs);
  }
  const lost = detect(conn, loss, advanced, nowUs);
  react(conn, loss, acked, delivered, flight, lost, nowUs, counters);
  if (delivered > 0 || lost) sampleRate(conn, nowUs);
  growSendLimit(conn, config);
  if (advanced) armProbe(conn, nowUs);
}
function detect(conn, loss, advanced, nowUs) {
  if (!conn.sack) return detectByDuplicates(conn, loss, advanced);
  if (!loss.useRack) return detectByScoreboard(conn);
  return loss.rackAdvanced && rackDetect(conn, nowUs);
}
function isUnsureOfSacked(conn, loss) {
  const { head } = loss.queue;
  return conn.sack && head !== NO_SEGMENT && (loss.queue.flags(head) & Sent.sacked) !== 0;
}
function onShrunkWindow(conn, loss, windowBefore, nowUs) {
  if (windowBefore >= conn.sndMss || conn.sndWnd <= windowBefore) return;
  loss.queue.markAllLost(false, NEVER);
  conn.backoffs = 0;
  conn.rtoShift = 0;
  conn.retransmitAtUs = nowUs + conn.rtt.rtoUs;
}
function isDuplicate2(conn, segment, windowBefore) {
  if (segment.ack !== conn.sndUna || conn.sndUna === conn.sndMax) return false;
  if (segment.payloadLength > 0) return false;
  if ((segment.flags & (Flag.SYN | Flag.FIN)) !== 0) return false;
  return conn.sndWnd === windowBefore || (segment.options & OptionBit.sack) !== 0;
}
var DUPLICATE_THRESHOLD = 3;
function creditDuplicate(loss, flight, mss) {
  if (loss.duplicateRoomBytes < 0) {
    loss.duplicateRoomBytes = Math.max(flight, DUPLICATE_THRESHOLD * mss);
  }
  if (loss.duplicateRoomBytes === 0) return 0;
  loss.duplicateRoomBytes = Math.max(0, loss.duplicateRoomBytes - mss);
  loss.duplicateAcks++;
  return mss;
}
function takeAcknowledged(conn, loss, ack, nowUs) {
  const { queue } = loss;
  let delivered = 0;
  for (let s = queue.head; s !== NO_SEGMENT && seqLt(queue.start(s), ack); s = queue.head) {
    if (seqGt(queue.end(s), ack)) queue.split(s, ack);
    if ((queue.flags(s) & Sent.sacked) === 0) {
      delivered += seqDiff(queue.end(s), queue.start(s));
      noteAcknowledged(conn, s);
      rackDelivered(conn, s, nowUs);
      queue.noteDelivered(s, nowUs);
    } else if ((queue.flags(s) & Sent.everAgain) !== 0) loss.ackedAgain = true;
    queue.popBefore(ack);
  }
  if (conn.sack) return delivered;
  const known = Math.min(loss.duplicateAcks * conn.sndMss, delivered);
  const segments = Math.floor(delivered / conn.sndMss);
  loss.duplicateAcks = Math.max(0, loss.duplicateAcks - Math.max(0, segments - 1));
  return delivered - known;
}
function advance(conn, ack) {
  const loss = conn.loss;
  conn.sndUna = ack;
  if (seqLt(conn.sndNxt, ack)) conn.sndNxt = ack;
  if (seqLt(conn.sndSmall, ack)) conn.sndSmall = ack;
  if (loss.phase === Phase.open && seqLt(loss.recover, ack)) loss.recover = seqAdd(ack, -1);
  releaseAcknowledged(conn, ack);
  if (conn.sack || loss.phase === Phase.open) loss.duplicateAcks = 0;
  conn.backoffs = 0;
  conn.repeatedSinceUs = NEVER;
  conn.persisting = false;
  loss.probeAtUs = NEVER;
  loss.duplicateRoomBytes = -1;
  if (loss.dsackRoundOpen && seqGe(ack, loss.dsackRound)) loss.dsackRoundOpen = false;
}
function restartTimer(conn, nowUs) {
  const everything = conn.sndUna === conn.sndMax;
  conn.retransmitAtUs = everything ? NEVER : nowUs + conn.rtt.backedOff(conn.rtoShift);
  conn.unackedSinceUs = everything ? NEVER : nowUs;
}
function onDsack(conn, loss, segment, counters) {
  const { sackLeft0: left, sackRight0: right } = segment;
  const bytes = seqDiff(right, left);
  if (bytes > Math.max(conn.sndWndMax, conn.sndMss)) return;
  loss.duplicateReports += Math.max(1, Math.ceil(bytes / conn.sndMss));
  counters.count(Counter.duplicateReportsIn);
  loss.duplicateBytes += bytes;
  if (loss.duplicateBytes > conn.bytesRetransmitted) return;
  if (!isProbeDuplicate(loss, segment)) rackDuplicate(conn);
  if (!loss.undoPossible || loss.undoPending === 0 || seqLe(right, loss.undoFrom)) return;
  loss.undoPending = Math.max(0, loss.undoPending - Math.ceil(bytes / conn.sndMss));
  if (loss.undoPending > 0) return;
  loss.reorderPersist = Math.min(loss.reorderPersist + 1, REORDER_PERSIST);
  undo(conn, loss, counters);
}
function undoByTimestamp(conn, loss, segment, counters) {
  if (loss.phase === Phase.open || !conn.timestamps) return;
  if (!loss.undoPossible || loss.undoPending === 0) return;
  if ((segment.options & OptionBit.timestamps) === 0) return;
  if (!seqLt(segment.tsEcho, loss.undoTimestamp)) return;
  if (loss.phase === Phase.recovery) {
    loss.reorderingSeen = true;
    rackDuplicate(conn);
  }
  undo(conn, loss, counters);
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
  const first = loss.phase === Phase.open && loss.duplicateAcks >= loss.reordering && seqGt(conn.sndUna, loss.recover);
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
      if (acked > 0 || loss.reorderingSeen) grow(conn, delivered, nowUs);
      return;
    case Phase.loss:
      if (acked > 0) congestion.onAck(delivered, conn.rtt.srttUs, true, sndMss, nowUs);
      return;
  }
  congestion.cwndBytes = proportionalWindow(loss, pipeOf(conn), delivered, acked > 0 && !lost, congestion.ssthreshBytes, sndMss);
  if (lost && !conn.sack) {
    congestion.cwndBytes = Math.max(congestion.cwndBytes, pipeOf(conn) + sndMss);
  }
}
function grow(conn, delivered, nowUs) {
  if (delivered <= 0) return;
  const limited = isWindowLimited(conn);
  conn.congestion.onAck(delivered, conn.rtt.srttUs, limited, conn.sndMss, nowUs);
}
function sampleRate(conn, nowUs) {
  const { congestion, loss, pacer, rtt } = conn;
  const { rate } = loss.queue;
  const sample2 = rate.conclude(nowUs, conn.sndMss, rtt.minUs);
  sample2.inFlightBytes = pipeOf(conn);
  sample2.windowLimited = conn.cwndLimited;
  sample2.recovering = loss.phase !== Phase.open;
  congestion.onSample(sample2);
  rate.forget();
  if (congestion.phase === CongestionPhase.probeRtt) rate.onAppLimited(sample2.inFlightBytes);
  pacer?.update(congestion, sample2.inFlightBytes, rtt.srttUs);
}
function enterRecovery(conn, loss, nowUs, counters) {
  const flight = seqDiff(conn.sndNxt, conn.sndUna);
  loss.phase = Phase.recovery;
  loss.recover = conn.sndNxt;
  loss.deliveredBytes = 0;
  loss.sentBytes = 0;
  loss.windowAtStart = conn.congestion.cwndBytes;
  loss.frto = false;
  loss.newDataOnly = false;
  loss.probing = false;
  loss.probeAtUs = NEVER;
  rememberForUndo(conn, loss);
  if (!isReducedForMarks(conn)) conn.congestion.onLoss(flight, conn.sndMss, nowUs);
  conn.congestion.cwndBytes = pipeOf(conn) + conn.sndMss;
  counters.count(Counter.fastRetransmits);
}
function rememberForUndo(conn, loss) {
  conn.congestion.saveForUndo();
  loss.undoPossible = true;
  loss.undoPending = Math.ceil(loss.queue.againBytes / conn.sndMss);
  loss.undoFrom = conn.sndUna;
  loss.undoCwndBytes = conn.congestion.cwndBytes;
  loss.undoSsthreshBytes = conn.congestion.ssthreshBytes;
}
function leaveRecovery(conn, loss, nowUs) {
  if (loss.phase === Phase.recovery) conn.congestion.onRecovered(conn.sndMss, nowUs);
  loss.phase = Phase.open;
  loss.duplicateAcks = 0;
  loss.frto = false;
  loss.newDataOnly = false;
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

// src/tcp/congestion/max_filter.ts
var MaxFilter = class {
  /** The greatest value of both spans; 0 without any. */
  value = 0;
  #current = 0;
  #previous = 0;
  /** Takes a value of this span in. */
  update(value) {
    if (value > this.#current) this.#current = value;
    if (value > this.value) this.value = value;
  }
  /** A span is over. One without a value leaves the one before it in force. */
  advance() {
    if (this.#current === 0) return;
    this.#previous = this.#current;
    this.#current = 0;
    this.value = this.#previous;
  }
};

// src/tcp/congestion/bbr_model.ts
var LOSS_THRESHOLD = 0.02;
var BETA = 0.7;
var HEADROOM = 0.15;
var MIN_PIPE_SEGMENTS = 4;
var RTT_FILTER_US = 1e7;
var PROBE_RTT_INTERVAL_US = 5e6;
var EXTRA_ACKED_ROUNDS = 5;
var EXTRA_ACKED_MAX_US = 1e5;
var BbrModel = class {
  /** BBR.max_bw: the filter over the last two cycles of probing. */
  #bandwidth = new MaxFilter();
  /** BBR.bw_lo (bw_shortterm): what recent losses allow; `Infinity` without any. */
  bandwidthLow = Infinity;
  /** BBR.inflight_hi (inflight_longterm), above which probing has lost too much. */
  inFlightHigh = Infinity;
  /** BBR.inflight_lo (inflight_shortterm). */
  inFlightLow = Infinity;
  /** BBR.min_rtt; `Infinity` before the first sample. */
  rttMinUs = Infinity;
  #rttMinAtUs = 0;
  /** The same since the path was last seen without a queue, and whether that is too long ago. */
  #probeRttMinUs = Infinity;
  probeRttAtUs = 0;
  probeRttExpired = false;
  /** BBR.round_start: this acknowledgment is the first of a round trip; and rounds in all. */
  roundStart = false;
  roundsSinceProbe = 0;
  #nextRoundBytes = 0;
  /** The same for the rounds in which losses are looked at. */
  lossRoundStart = false;
  #lossRoundBytes = 0;
  lossInRound = false;
  /** Losses in this round that lay apart from one another: acknowledgments that told of some. */
  lossEvents = 0;
  #bandwidthLatest = 0;
  inFlightLatest = 0;
  /** BBR.full_bw: whether probing still finds more. */
  fullBandwidth = 0;
  #fullCount = 0;
  /** BBR.full_bw_now, and whether it ever was. */
  fullNow = false;
  fullReached = false;
  /** BBR.extra_acked: acknowledgments come in lumps of so much more than the bandwidth gives. */
  #extraAcked = new MaxFilter();
  #extraRounds = 0;
  #extraSinceUs = 0;
  #extraDelivered = 0;
  /** BBR.bw: the bandwidth to go by. */
  get bandwidth() {
    return Math.min(this.#bandwidth.value, this.bandwidthLow);
  }
  /** What lumps of acknowledgments need in flight beyond the path's own. */
  get extraAckedBytes() {
    const most = Math.floor(this.bandwidth * EXTRA_ACKED_MAX_US / 1e6);
    return Math.min(this.#extraAcked.value, most);
  }
  /** BBRBDPMultiple; `otherwiseBytes` while there is no round-trip time. */
  inPipe(gainPercent, otherwiseBytes) {
    if (this.rttMinUs === Infinity) return otherwiseBytes;
    return Math.floor(gainPercent * this.bandwidth * this.rttMinUs / 1e8);
  }
  /** BBRInflightWithHeadroom. */
  headroom(mss) {
    if (this.inFlightHigh === Infinity) return Infinity;
    const rest = this.inFlightHigh - Math.max(mss, HEADROOM * this.inFlightHigh);
    return Math.max(Math.floor(rest), minPipe(mss));
  }
  /** BBRUpdateLatestDeliverySignals, BBRUpdateCongestionSignals; `probing` raises no lower bounds. */
  takeDelivery(sample2, cwndBytes, probing) {
    this.lossRoundStart = false;
    if (sample2.priorAtUs > 0) {
      this.#bandwidthLatest = Math.max(this.#bandwidthLatest, sample2.rate);
      this.inFlightLatest = Math.max(this.inFlightLatest, sample2.deliveredBytes);
      if (sample2.priorDeliveredBytes >= this.#lossRoundBytes) {
        this.#lossRoundBytes = sample2.totalDeliveredBytes;
        this.lossRoundStart = true;
      }
    }
    this.#updateRound(sample2);
    if (sample2.rate > 0 && (sample2.rate >= this.#bandwidth.value || !sample2.appLimited)) {
      this.#bandwidth.update(sample2.rate);
    }
    if (sample2.newlyLostBytes > 0) this.lossEvents++;
    if (this.lossRoundStart && this.lossInRound && !probing) this.#lowerBounds(cwndBytes);
  }
  /** BBRAdvanceLatestDeliverySignals, once everything has looked at this acknowledgment. */
  advanceRound(sample2) {
    if (!this.lossRoundStart) return;
    this.#bandwidthLatest = sample2.rate;
    this.inFlightLatest = sample2.deliveredBytes;
    this.lossInRound = false;
    this.lossEvents = 0;
  }
  /** BBRNoteLoss. */
  noteLoss(totalDeliveredBytes) {
    if (!this.lossInRound) this.#lossRoundBytes = totalDeliveredBytes;
    this.lossInRound = true;
  }
  /** BBRResetCongestionSignals. */
  resetSignals() {
    this.lossInRound = false;
    this.lossEvents = 0;
    this.#bandwidthLatest = 0;
    this.inFlightLatest = 0;
  }
  /** BBRResetShortTermModel. */
  resetLowerBounds() {
    this.bandwidthLow = Infinity;
    this.inFlightLow = Infinity;
  }
  /** BBRAdvanceMaxBwFilter. */
  advanceCycle() {
    this.#bandwidth.advance();
  }
  /** BBRStartRound. */
  startRound(totalDeliveredBytes) {
    this.#nextRoundBytes = totalDeliveredBytes;
  }
  /** BBRResetFullBW. */
  resetFullBandwidth() {
    this.fullBandwidth = 0;
    this.#fullCount = 0;
    this.fullNow = false;
  }
  /** BBRCheckFullBWReached: three rounds in which the rate did not grow by a quarter. */
  checkFullBandwidth(sample2) {
    if (this.fullNow || !this.roundStart || sample2.appLimited || sample2.rate === 0) return;
    if (sample2.rate >= this.fullBandwidth * FULL_GROWTH) {
      this.resetFullBandwidth();
      this.fullBandwidth = sample2.rate;
      return;
    }
    this.#fullCount++;
    this.fullNow = this.#fullCount >= FULL_ROUNDS;
    if (this.fullNow) this.fullReached = true;
  }
  /** BBRUpdateMinRTT. */
  takeRtt(sample2) {
    const { nowUs, rttUs } = sample2;
    this.probeRttExpired = nowUs > this.probeRttAtUs + PROBE_RTT_INTERVAL_US && this.#probeRttMinUs !== Infinity;
    if (rttUs > 0 && (rttUs < this.#probeRttMinUs || this.probeRttExpired)) {
      this.#probeRttMinUs = rttUs;
      this.probeRttAtUs = nowUs;
    }
    const expired = nowUs > this.#rttMinAtUs + RTT_FILTER_US;
    if (this.#probeRttMinUs < this.rttMinUs || expired) {
      this.rttMinUs = this.#probeRttMinUs;
      this.#rttMinAtUs = this.probeRttAtUs;
    }
  }
  /** BBRUpdateACKAggregation. */
  takeAggregation(sample2, cwndBytes) {
    if (sample2.ackedBytes === 0) return;
    if (this.roundStart && ++this.#extraRounds >= (this.fullReached ? EXTRA_ACKED_ROUNDS : 1)) {
      this.#extraRounds = 0;
      this.#extraAcked.advance();
    }
    let expected = this.bandwidth * (sample2.nowUs - this.#extraSinceUs) / 1e6;
    if (this.#extraDelivered <= expected) {
      this.restartAggregation(sample2.nowUs);
      expected = 0;
    }
    this.#extraDelivered += sample2.ackedBytes;
    this.#extraAcked.update(Math.floor(Math.min(this.#extraDelivered - expected, cwndBytes)));
  }
  /** Nothing was in flight: what comes is counted from now. */
  restartAggregation(nowUs) {
    this.#extraDelivered = 0;
    this.#extraSinceUs = nowUs;
  }
  #updateRound(sample2) {
    this.roundStart = false;
    if (sample2.priorAtUs === 0 || sample2.ackedBytes === 0) return;
    if (sample2.priorDeliveredBytes < this.#nextRoundBytes) return;
    this.startRound(sample2.totalDeliveredBytes);
    this.roundsSinceProbe++;
    this.roundStart = true;
  }
  /** BBRAdaptLowerBoundsFromCongestion. */
  #lowerBounds(cwndBytes) {
    if (this.bandwidthLow === Infinity) this.bandwidthLow = this.#bandwidth.value;
    if (this.inFlightLow === Infinity) this.inFlightLow = cwndBytes;
    this.bandwidthLow = Math.max(this.#bandwidthLatest, Math.floor(BETA * this.bandwidthLow));
    this.inFlightLow = Math.max(this.inFlightLatest, Math.floor(BETA * this.inFlightLow));
  }
};
var FULL_GROWTH = 1.25;
var FULL_ROUNDS = 3;
function minPipe(mss) {
  return MIN_PIPE_SEGMENTS * mss;
}
function isLossTooHigh(lostBytes, inFlightBytes) {
  return lostBytes > inFlightBytes * LOSS_THRESHOLD;
}
function inFlightAtExcess(segmentBytes, inFlightBytes, lostBytes) {
  const inFlightBefore = inFlightBytes - segmentBytes;
  const lostBefore = lostBytes - segmentBytes;
  const prefix = (LOSS_THRESHOLD * inFlightBefore - lostBefore) / (1 - LOSS_THRESHOLD);
  return inFlightBefore + prefix;
}

// src/tcp/congestion/bbr.ts
var STARTUP_PACING_GAIN = 277;
var DRAIN_PACING_GAIN = 35;
var DOWN_PACING_GAIN = 90;
var UP_PACING_GAIN = 125;
var CWND_GAIN = 200;
var UP_CWND_GAIN = 225;
var PROBE_RTT_CWND_GAIN = 50;
var UNITY = 100;
var PACING_MARGIN = 0.99 / UNITY;
var STARTUP_LOSS_EVENTS = 6;
var PROBE_RTT_US = 2e5;
var PROBE_WAIT_US = 2e6;
var PROBE_WAIT_RANDOM_US = 1e6;
var RENO_ROUNDS_MAX = 63;
var SLOPE_ROUNDS_MAX = 30;
var QUANTUM_US = 1e3;
var QUANTUM_MAX_BYTES = 65536;
var OFFLOAD_QUANTA = 3;
var NOMINAL_RTT_US = 1e3;
var AckPhase = {
  init: 0,
  refilling: 1,
  probeStarting: 2,
  probeFeedback: 3,
  probeStopping: 4
};
var Bbr = class {
  name = "bbr";
  ssthreshBytes = Infinity;
  pacingRate = 0;
  #model = new BbrModel();
  #initialBytes;
  #cwndBytes;
  #mss = 0;
  /** The round-trip time was known when the first pacing rate was worked out. */
  #rttKnown = false;
  #state = CongestionPhase.startup;
  #pacingGain = STARTUP_PACING_GAIN;
  #cwndGain = CWND_GAIN;
  #idleRestart = false;
  // The cycle of probing, section 5.3.3.
  #cycleAtUs = 0;
  #probeWaitUs = 0;
  #ackPhase = AckPhase.init;
  /** BBR.bw_probe_samples: what comes in was sent while probing. */
  #probeSamples = false;
  /** How much must be acknowledged for the upper bound to grow by a segment, and what was. */
  #upThresholdBytes = Infinity;
  #upAckedBytes = 0;
  #upRounds = 0;
  /** A segment's loss was one too many; what was in flight until then. */
  #tooHigh = false;
  #tooHighBytes = 0;
  // ProbeRTT, section 5.3.4.
  #probeRttDoneAtUs = 0;
  #probeRttRoundDone = false;
  // Loss recovery, and its undo.
  #recovering = false;
  #priorCwndBytes = 0;
  #undoState = CongestionPhase.startup;
  #undoBandwidthLow = Infinity;
  #undoInFlightLow = Infinity;
  #undoInFlightHigh = Infinity;
  /** Of the last sample: for what happens between two. */
  #totalBytes = 0;
  #nowUs = 0;
  #random;
  constructor(initialWindowBytes, seed) {
    this.#initialBytes = initialWindowBytes;
    this.#cwndBytes = initialWindowBytes;
    this.#random = Math.imul(seed, 2654435761) ^ 1540483477 || 1;
  }
  /** Recovery reduces no window that follows from the model. */
  get cwndBytes() {
    return this.#cwndBytes;
  }
  set cwndBytes(_bytes) {
  }
  get phase() {
    return this.#state;
  }
  get bandwidth() {
    return this.#model.bandwidth;
  }
  get modelRttUs() {
    const { rttMinUs } = this.#model;
    return rttMinUs === Infinity ? 0 : rttMinUs;
  }
  /** Everything is done with the sample that follows. */
  onAck() {
  }
  /** BBRUpdateOnACK. */
  onSample(sample2) {
    const model = this.#model;
    this.#mss = sample2.mss;
    this.#totalBytes = sample2.totalDeliveredBytes;
    this.#nowUs = sample2.nowUs;
    if (this.#recovering && !sample2.recovering) this.onRecovered();
    if (sample2.ackedBytes === 0 && sample2.newlyLostBytes === 0) return;
    if (this.#tooHigh) this.#onTooHigh(this.#tooHighBytes, sample2);
    model.takeDelivery(sample2, this.#cwndBytes, this.#isProbing());
    model.takeAggregation(sample2, this.#cwndBytes);
    model.checkFullBandwidth(sample2);
    this.#checkStartupDone(sample2);
    if (this.#state === CongestionPhase.drain && sample2.inFlightBytes <= this.#inFlight()) {
      this.#startDown();
    }
    this.#updateCycle(sample2);
    model.takeRtt(sample2);
    this.#checkProbeRtt(sample2);
    model.advanceRound(sample2);
    this.#setPacingRate(this.#pacingGain);
    this.#setWindow(sample2);
  }
  /** BBRHandleLostPacket; what follows from it waits for the sample of this acknowledgment. */
  onSegmentLost(segmentBytes, inFlightBytes, lostBytes, deliveredBytes) {
    this.#model.noteLoss(deliveredBytes);
    if (!this.#probeSamples || this.#tooHigh || !isLossTooHigh(lostBytes, inFlightBytes)) return;
    this.#tooHigh = true;
    this.#tooHighBytes = inFlightAtExcess(segmentBytes, inFlightBytes, lostBytes);
  }
  onLoss() {
    this.#saveWindow();
    this.#recovering = true;
  }
  /** The model takes a mark for what a loss is: a sign of too much in flight, in this round. */
  onEcn() {
    this.#model.noteLoss(this.#totalBytes);
  }
  onRecovered() {
    if (!this.#recovering) return;
    this.#recovering = false;
    this.#restoreWindow();
  }
  /** BBROnEnterRTO. */
  onTimeout(pipeBytes, mss) {
    this.#saveWindow();
    this.#recovering = true;
    this.#cwndBytes = pipeBytes + mss;
  }
  /** BBRHandleRestartFromIdle; and BBRInitPacingRate at the very first. */
  onTransmitStart(rttUs, nowUs) {
    if (!this.#rttKnown && this.#model.bandwidth === 0) {
      this.#rttKnown = rttUs > 0;
      const assumedUs = rttUs > 0 ? rttUs : NOMINAL_RTT_US;
      const rate = STARTUP_PACING_GAIN * this.#cwndBytes * 1e6 / (UNITY * assumedUs);
      this.pacingRate = Math.min(Math.floor(rate), UNPACED_RATE);
    }
    this.#idleRestart = true;
    this.#nowUs = nowUs;
    this.#model.restartAggregation(nowUs);
    if (this.#isInProbeBandwidth()) this.#setPacingRate(UNITY);
    else if (this.#state === CongestionPhase.probeRtt) this.#checkProbeRttDone(nowUs);
  }
  /** BBRSaveStateUponLoss. */
  saveForUndo() {
    this.#undoState = this.#state;
    this.#undoBandwidthLow = this.#model.bandwidthLow;
    this.#undoInFlightLow = this.#model.inFlightLow;
    this.#undoInFlightHigh = this.#model.inFlightHigh;
  }
  /** BBRHandleSpuriousLossDetection. */
  undo() {
    const model = this.#model;
    this.#tooHigh = false;
    this.#recovering = false;
    this.#restoreWindow();
    model.lossInRound = false;
    model.resetFullBandwidth();
    model.bandwidthLow = Math.max(model.bandwidthLow, this.#undoBandwidthLow);
    model.inFlightLow = Math.max(model.inFlightLow, this.#undoInFlightLow);
    model.inFlightHigh = Math.max(model.inFlightHigh, this.#undoInFlightHigh);
    if (this.#state === CongestionPhase.probeRtt || this.#state === this.#undoState) return;
    if (this.#undoState === CongestionPhase.startup) this.#enterStartup();
    else if (this.#undoState === CongestionPhase.probeUp) this.#startUp(model.bandwidth);
  }
  // Section 5.3.1: Startup, and section 5.3.2: Drain.
  #enterStartup() {
    this.#enter(CongestionPhase.startup, STARTUP_PACING_GAIN, CWND_GAIN);
  }
  #checkStartupDone(sample2) {
    const model = this.#model;
    if (this.#state !== CongestionPhase.startup) return;
    const lossy = model.lossRoundStart && model.lossEvents >= STARTUP_LOSS_EVENTS;
    if (lossy && isLossTooHigh(sample2.lostSinceSendBytes, sample2.inFlightAtSendBytes)) {
      model.fullReached = true;
      model.inFlightHigh = Math.max(model.inPipe(UNITY, this.#initialBytes), model.inFlightLatest);
    }
    if (model.fullReached) {
      this.#enter(CongestionPhase.drain, DRAIN_PACING_GAIN, CWND_GAIN);
    }
  }
  // Section 5.3.3: ProbeBW.
  #startDown() {
    this.#model.resetSignals();
    this.#upThresholdBytes = Infinity;
    this.#model.roundsSinceProbe = this.#draw() < 0.5 ? 0 : 1;
    this.#probeWaitUs = PROBE_WAIT_US + this.#draw() * PROBE_WAIT_RANDOM_US;
    this.#cycleAtUs = this.#nowUs;
    this.#ackPhase = AckPhase.probeStopping;
    this.#model.startRound(this.#totalBytes);
    this.#enter(CongestionPhase.probeDown, DOWN_PACING_GAIN, CWND_GAIN);
  }
  #startCruise() {
    this.#enter(CongestionPhase.probeCruise, UNITY, CWND_GAIN);
  }
  #startRefill() {
    this.#model.resetLowerBounds();
    this.#upRounds = 0;
    this.#upAckedBytes = 0;
    this.#ackPhase = AckPhase.refilling;
    this.#model.startRound(this.#totalBytes);
    this.#enter(CongestionPhase.probeRefill, UNITY, CWND_GAIN);
  }
  #startUp(rate) {
    this.#probeSamples = true;
    this.#ackPhase = AckPhase.probeStarting;
    this.#model.startRound(this.#totalBytes);
    this.#model.resetFullBandwidth();
    this.#model.fullBandwidth = rate;
    this.#cycleAtUs = this.#nowUs;
    this.#enter(CongestionPhase.probeUp, UP_PACING_GAIN, UP_CWND_GAIN);
    this.#raiseSlope();
  }
  /** BBRUpdateProbeBWCyclePhase. */
  #updateCycle(sample2) {
    if (!this.#model.fullReached) return;
    this.#adaptUpperBound(sample2);
    switch (this.#state) {
      case CongestionPhase.probeDown:
        if (!this.#refillIfTime(sample2) && this.#isTimeToCruise(sample2)) this.#startCruise();
        return;
      case CongestionPhase.probeCruise:
        this.#refillIfTime(sample2);
        return;
      case CongestionPhase.probeRefill:
        if (this.#model.roundStart) this.#startUp(sample2.rate);
        return;
      case CongestionPhase.probeUp:
        if (this.#isTimeToGoDown(sample2)) this.#startDown();
        return;
    }
  }
  /** BBRIsTimeToProbeBW: after two or three seconds, or when Reno would have grown by a window. */
  #refillIfTime(sample2) {
    const waited = sample2.nowUs - this.#cycleAtUs > this.#probeWaitUs;
    const renoRounds = Math.min(this.#targetInFlight() / sample2.mss, RENO_ROUNDS_MAX);
    if (!waited && this.#model.roundsSinceProbe < renoRounds) return false;
    this.#startRefill();
    return true;
  }
  #isTimeToCruise(sample2) {
    if (sample2.inFlightBytes > this.#model.headroom(sample2.mss)) return false;
    return sample2.inFlightBytes <= this.#inFlight();
  }
  #isTimeToGoDown(sample2) {
    const model = this.#model;
    if (sample2.windowLimited && this.#cwndBytes >= model.inFlightHigh) {
      model.resetFullBandwidth();
      model.fullBandwidth = sample2.rate;
      return false;
    }
    return model.fullNow;
  }
  /** BBRAdaptLongTermModel. */
  #adaptUpperBound(sample2) {
    const model = this.#model;
    if (this.#ackPhase === AckPhase.probeStarting && model.roundStart) {
      this.#ackPhase = AckPhase.probeFeedback;
    }
    if (this.#ackPhase === AckPhase.probeStopping && model.roundStart) {
      this.#probeSamples = false;
      this.#ackPhase = AckPhase.init;
      if (this.#isInProbeBandwidth() && !sample2.appLimited) model.advanceCycle();
    }
    if (isLossTooHigh(sample2.lostSinceSendBytes, sample2.inFlightAtSendBytes)) {
      if (this.#probeSamples) this.#onTooHigh(sample2.inFlightAtSendBytes, sample2);
      return;
    }
    if (model.inFlightHigh === Infinity) return;
    model.inFlightHigh = Math.max(model.inFlightHigh, sample2.inFlightAtSendBytes);
    if (this.#state === CongestionPhase.probeUp) this.#probeUpward(sample2);
  }
  /** BBRHandleInflightTooHigh. */
  #onTooHigh(inFlightBytes, sample2) {
    this.#tooHigh = false;
    this.#probeSamples = false;
    if (!sample2.appLimited) {
      this.#model.inFlightHigh = Math.max(inFlightBytes, this.#targetInFlight() * BETA);
    }
    if (this.#state === CongestionPhase.probeUp) this.#startDown();
  }
  /** BBRRaiseInflightLongtermSlope: one segment a round trip, then two, four, ... */
  #raiseSlope() {
    const growth = 2 ** this.#upRounds;
    this.#upRounds = Math.min(this.#upRounds + 1, SLOPE_ROUNDS_MAX);
    this.#upThresholdBytes = Math.max(this.#cwndBytes / growth, this.#mss);
  }
  /** BBRProbeInflightLongtermUpward. */
  #probeUpward(sample2) {
    const model = this.#model;
    if (!sample2.windowLimited || this.#cwndBytes < model.inFlightHigh) return;
    this.#upAckedBytes += sample2.ackedBytes;
    const segments = Math.floor(this.#upAckedBytes / this.#upThresholdBytes);
    if (segments > 0) {
      this.#upAckedBytes -= segments * this.#upThresholdBytes;
      model.inFlightHigh += segments * sample2.mss;
    }
    if (model.roundStart) this.#raiseSlope();
  }
  // Section 5.3.4: ProbeRTT.
  #checkProbeRtt(sample2) {
    if (this.#state !== CongestionPhase.probeRtt && this.#model.probeRttExpired && !this.#idleRestart) {
      this.#saveWindow();
      this.#enter(CongestionPhase.probeRtt, UNITY, PROBE_RTT_CWND_GAIN);
      this.#probeRttDoneAtUs = 0;
      this.#ackPhase = AckPhase.probeStopping;
      this.#model.startRound(this.#totalBytes);
    }
    if (this.#state === CongestionPhase.probeRtt) this.#handleProbeRtt(sample2);
    if (sample2.ackedBytes > 0) this.#idleRestart = false;
  }
  #handleProbeRtt(sample2) {
    if (this.#probeRttDoneAtUs === 0) {
      if (sample2.inFlightBytes > this.#probeRttWindow()) return;
      this.#probeRttDoneAtUs = sample2.nowUs + PROBE_RTT_US;
      this.#probeRttRoundDone = false;
      this.#model.startRound(this.#totalBytes);
      return;
    }
    if (this.#model.roundStart) this.#probeRttRoundDone = true;
    if (this.#probeRttRoundDone) this.#checkProbeRttDone(sample2.nowUs);
  }
  #checkProbeRttDone(nowUs) {
    if (this.#probeRttDoneAtUs === 0 || nowUs <= this.#probeRttDoneAtUs) return;
    this.#model.probeRttAtUs = nowUs;
    this.#restoreWindow();
    this.#model.resetLowerBounds();
    if (!this.#model.fullReached) return this.#enterStartup();
    this.#startDown();
    this.#startCruise();
  }
  #probeRttWindow() {
    const bytes = this.#model.inPipe(PROBE_RTT_CWND_GAIN, this.#initialBytes);
    return Math.max(bytes, minPipe(this.#mss));
  }
  // Section 5.6: what follows from the model.
  #setPacingRate(gain) {
    const rate = Math.floor(gain * this.#model.bandwidth * PACING_MARGIN);
    if (rate > 0 && (this.#model.fullReached || rate > this.pacingRate)) {
      this.pacingRate = Math.min(rate, UNPACED_RATE);
    }
  }
  /** BBRSetCwnd. */
  #setWindow(sample2) {
    const model = this.#model;
    const most = this.#quantized(model.inPipe(this.#cwndGain, this.#initialBytes) + model.extraAckedBytes);
    let cwnd = this.#cwndBytes;
    if (sample2.newlyLostBytes > 0) cwnd = Math.max(cwnd - sample2.newlyLostBytes, sample2.mss);
    if (model.fullReached) cwnd = Math.min(cwnd + sample2.ackedBytes, most);
    else if (cwnd < most || sample2.totalDeliveredBytes < this.#initialBytes) {
      cwnd += sample2.ackedBytes;
    }
    if (this.#state === CongestionPhase.probeRtt) cwnd = Math.min(cwnd, this.#probeRttWindow());
    cwnd = Math.min(cwnd, this.#modelBound(sample2.mss));
    this.#cwndBytes = Math.floor(Math.max(cwnd, minPipe(sample2.mss)));
  }
  /** BBRBoundCwndForModel. */
  #modelBound(mss) {
    const model = this.#model;
    let bound = Infinity;
    if (this.#state === CongestionPhase.probeRtt || this.#state === CongestionPhase.probeCruise) {
      bound = model.headroom(mss);
    } else if (this.#isInProbeBandwidth()) {
      bound = model.inFlightHigh;
    }
    return Math.min(bound, model.inFlightLow);
  }
  /** BBRInflight: what the path holds, and what sending in bursts needs beside it. */
  #inFlight() {
    return this.#quantized(this.#model.inPipe(UNITY, this.#initialBytes));
  }
  /** BBRQuantizationBudget. */
  #quantized(bytes) {
    const quantum = Math.min(this.pacingRate * QUANTUM_US / 1e6, QUANTUM_MAX_BYTES);
    const budget = OFFLOAD_QUANTA * Math.max(quantum, 2 * this.#mss);
    const enough = Math.max(bytes, Math.ceil(budget), minPipe(this.#mss));
    return this.#state === CongestionPhase.probeUp ? enough + 2 * this.#mss : enough;
  }
  /** BBRTargetInflight. */
  #targetInFlight() {
    return Math.min(this.#model.inPipe(UNITY, this.#initialBytes), this.#cwndBytes);
  }
  #saveWindow() {
    const undisturbed = !this.#recovering && this.#state !== CongestionPhase.probeRtt;
    const cwnd = this.#cwndBytes;
    this.#priorCwndBytes = undisturbed ? cwnd : Math.max(this.#priorCwndBytes, cwnd);
  }
  #restoreWindow() {
    this.#cwndBytes = Math.max(this.#cwndBytes, this.#priorCwndBytes);
  }
  #enter(state, pacingGain, cwndGain) {
    this.#state = state;
    this.#pacingGain = pacingGain;
    this.#cwndGain = cwndGain;
  }
  #isInProbeBandwidth() {
    return this.#state >= CongestionPhase.probeDown && this.#state <= CongestionPhase.probeUp;
  }
  /** Losses are expected, and looked at by other means. */
  #isProbing() {
    return this.#state === CongestionPhase.startup || this.#state === CongestionPhase.probeRefill || this.#state === CongestionPhase.probeUp;
  }
  /** A number from 0 up to 1 (xorshift): flows that began together must not probe together. */
  #draw() {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return (x >>> 0) / 4294967296;
  }
};

// src/tcp/congestion/hystart.ts
var RTT_THRESHOLD_MIN_US = 4e3;
var RTT_THRESHOLD_MAX_US = 16e3;
var RTT_DIVISOR = 8;
var ROUND_SAMPLES = 8;
var CSS_ROUNDS = 5;
var CSS_GROWTH_DIVISOR = 4;
var HyStartVerdict = {
  goOn: 0,
  /** The threshold is to be set to the window: slow start is over. */
  leaveSlowStart: 1
};
var HyStart = class {
  /**
   * What was delivered when the round began. What is sent from then on belongs to the next one: a round that ended
   * with SND.NXT (windowEnd, section 4.2) would end before the answer to the ACK that it began with, and earlier
   * within a burst each time.
   */
  #roundBytes = 0;
  #samples = 0;
  /** Least round-trip times of the last round and of this one; `Infinity` before the first sample. */
  #lastRoundUs = Infinity;
  #roundUs = Infinity;
  /** Least round-trip time at the start of conservative slow start; `Infinity` outside of it. */
  #baselineUs = Infinity;
  #cssRounds = 0;
  /** In conservative slow start. */
  get isConservative() {
    return this.#baselineUs !== Infinity;
  }
  /** Section 4.2: an acknowledgment has come, and the window has grown for it. */
  onSample(sample2) {
    let verdict = HyStartVerdict.goOn;
    if (sample2.priorDeliveredBytes >= this.#roundBytes) verdict = this.#startRound(sample2);
    if (sample2.rttUs > 0) {
      this.#roundUs = Math.min(this.#roundUs, sample2.rttUs);
      this.#samples++;
    }
    if (this.#samples < ROUND_SAMPLES) return verdict;
    if (this.isConservative) {
      if (this.#roundUs < this.#baselineUs) this.#baselineUs = Infinity;
      return verdict;
    }
    if (this.#lastRoundUs === Infinity) return verdict;
    const thresholdUs = Math.max(RTT_THRESHOLD_MIN_US, Math.min(this.#lastRoundUs / RTT_DIVISOR, RTT_THRESHOLD_MAX_US));
    if (this.#roundUs >= this.#lastRoundUs + thresholdUs) {
      this.#baselineUs = this.#roundUs;
      this.#cssRounds = 0;
    }
    return verdict;
  }
  #startRound(sample2) {
    this.#roundBytes = sample2.totalDeliveredBytes;
    this.#lastRoundUs = this.#roundUs;
    this.#roundUs = Infinity;
    this.#samples = 0;
    if (!this.isConservative) return HyStartVerdict.goOn;
    this.#cssRounds++;
    return this.#cssRounds >= CSS_ROUNDS ? HyStartVerdict.leaveSlowStart : HyStartVerdict.goOn;
  }
};

// src/tcp/congestion/cubic.ts
var C = 0.4;
var BETA2 = 717 / 1024;
var ALPHA = 3 * (1 - BETA2) / (1 + BETA2);
var GROWTH_MAX = 1.5;
var BLIND_GROWTH = 1 / 20;
var UNKNOWN = 0;
var NO_EPOCH = -1;
var CubicEpoch = class {
  /** When it began, microseconds; later by all the time in which the sender did not use its window. */
  startUs = NO_EPOCH;
  /** W_max: the window just before the last reduction, less what fast convergence gives away. */
  wMax = UNKNOWN;
  /** K: seconds from the start until the window is W_max again. */
  kSeconds = 0;
  /** W_est: what Reno would have. */
  wEst = 0;
  /** cwnd_prior: the window just before the last reduction. */
  wPrior = 0;
  /** Where the cubic is flat: W_max, or the window of the beginning when that is larger. */
  origin = 0;
  copy(other) {
    this.startUs = other.startUs;
    this.wMax = other.wMax;
    this.kSeconds = other.kSeconds;
    this.wEst = other.wEst;
    this.wPrior = other.wPrior;
    this.origin = other.origin;
  }
  /** Section 4.8: after a timeout growth begins anew from the window then. */
  forget() {
    this.startUs = NO_EPOCH;
    this.wMax = UNKNOWN;
    this.wPrior = 0;
  }
  /** Sections 4.2 and 4.3: congestion avoidance begins with this window. */
  begin(window, nowUs) {
    this.startUs = nowUs;
    this.kSeconds = window < this.wMax ? Math.cbrt((this.wMax - window) / C) : 0;
    this.wEst = window;
    this.origin = Math.max(window, this.wMax);
  }
  /** W_cubic(t), figure 1, for a time in microseconds. */
  at(timeUs) {
    const offset = (timeUs - this.startUs) / 1e6 - this.kSeconds;
    return C * offset * offset * offset + this.origin;
  }
};
var Cubic = class {
  name = "cubic";
  cwndBytes;
  ssthreshBytes = Infinity;
  pacingRate = 0;
  bandwidth = 0;
  modelRttUs = 0;
  /** Made with the first reduction, or when congestion avoidance begins without one. */
  #epoch = null;
  /** What an undo gives back; made with the first reduction. */
  #saved = null;
  /** Growth that does not make a whole segment yet. */
  #credit = 0;
  /** When the window was last known to be in use. */
  #usedAtUs = 0;
  /** In recovery, whose reduction a timeout within it does not repeat (as Linux). */
  #recovering = false;
  /** Made when the window is in full use for the first time, until the first slow start is over, beyond any doubt. */
  #hystart = null;
  #firstSlowStart = true;
  constructor(initialWindowBytes) {
    this.cwndBytes = initialWindowBytes;
  }
  get phase() {
    if (this.cwndBytes >= this.ssthreshBytes) return CongestionPhase.congestionAvoidance;
    return this.#hystart !== null && this.#hystart.isConservative ? CongestionPhase.conservativeSlowStart : CongestionPhase.slowStart;
  }
  onAck(ackedBytes, rttUs, limited, mss, nowUs) {
    if (!limited) this.#shiftEpoch(nowUs);
    this.#usedAtUs = nowUs;
    if (!limited) return;
    let acked = ackedBytes;
    if (this.cwndBytes < this.ssthreshBytes) {
      if (this.phase === CongestionPhase.conservativeSlowStart) acked /= CSS_GROWTH_DIVISOR;
      const grown = Math.min(this.cwndBytes + acked, this.ssthreshBytes);
      acked -= grown - this.cwndBytes;
      this.cwndBytes = grown;
      if (acked <= 0) return;
    }
    this.#avoidCongestion(acked / mss, rttUs, mss, nowUs);
  }
  /** Sections 4.2 to 4.5, for newly acknowledged segments. */
  #avoidCongestion(segments, rttUs, mss, nowUs) {
    const epoch = this.#epoch ??= new CubicEpoch();
    const cwnd = this.cwndBytes / mss;
    if (epoch.startUs < 0) {
      epoch.begin(cwnd, nowUs);
      this.#credit = 0;
    }
    const alpha = epoch.wEst >= epoch.wPrior ? 1 : ALPHA;
    epoch.wEst += alpha * segments / cwnd;
    const target = Math.min(Math.max(epoch.at(nowUs + rttUs), cwnd), GROWTH_MAX * cwnd);
    let growth = (target - cwnd) / cwnd;
    if (epoch.wMax === UNKNOWN) growth = Math.max(growth, BLIND_GROWTH);
    this.#credit += growth * segments;
    const friendly = epoch.at(nowUs) < epoch.wEst;
    if (friendly) this.#credit = Math.max(this.#credit, epoch.wEst - cwnd);
    const whole = Math.floor(this.#credit);
    if (whole < 1) return;
    this.#credit -= whole;
    this.cwndBytes += whole * mss;
  }
  onSample(sample2) {
    if (!this.#firstSlowStart || this.ssthreshBytes !== Infinity || sample2.ackedBytes === 0) return;
    if (this.#hystart === null) {
      if (!sample2.windowLimited) return;
      this.#hystart = new HyStart();
    }
    if (this.#hystart.onSample(sample2) === HyStartVerdict.goOn) return;
    this.ssthreshBytes = this.cwndBytes;
    this.#endFirstSlowStart();
  }
  onSegmentLost() {
  }
  onLoss(_flightBytes, mss) {
    this.#reduce(mss);
    this.cwndBytes = this.ssthreshBytes;
    this.#recovering = true;
  }
  onEcn(flightBytes, mss) {
    this.onLoss(flightBytes, mss);
  }
  onRecovered() {
    this.cwndBytes = this.ssthreshBytes;
    this.#recovering = false;
    this.#endFirstSlowStart();
  }
  onTimeout(_pipeBytes, mss) {
    if (!this.#recovering) this.#reduce(mss);
    this.#recovering = false;
    this.#epoch?.forget();
    this.cwndBytes = mss;
  }
  onTransmitStart(_rttUs, nowUs) {
    this.#shiftEpoch(nowUs);
    this.#usedAtUs = nowUs;
  }
  saveForUndo() {
    this.#epoch ??= new CubicEpoch();
    this.#saved ??= new CubicEpoch();
    this.#saved.copy(this.#epoch);
  }
  /** Section 4.9.1. */
  undo() {
    if (this.#saved !== null) this.#epoch?.copy(this.#saved);
    this.#recovering = false;
  }
  #endFirstSlowStart() {
    this.#firstSlowStart = false;
    this.#hystart = null;
  }
  /** The time since the window was last in use did not pass for the curve. */
  #shiftEpoch(nowUs) {
    const epoch = this.#epoch;
    if (epoch === null || epoch.startUs < 0 || nowUs <= this.#usedAtUs) return;
    epoch.startUs = Math.min(epoch.startUs + nowUs - this.#usedAtUs, nowUs);
  }
  /** Sections 4.6 and 4.7: multiplicative decrease and fast convergence. */
  #reduce(mss) {
    const cwnd = this.cwndBytes / mss;
    const epoch = this.#epoch ??= new CubicEpoch();
    epoch.wMax = cwnd < epoch.wMax ? cwnd * (1 + BETA2) / 2 : cwnd;
    epoch.wPrior = cwnd;
    epoch.startUs = NO_EPOCH;
    this.ssthreshBytes = reducedWindow(this.cwndBytes, BETA2, mss);
  }
};

// src/tcp/congestion/newreno.ts
var BETA3 = 0.5;
var NewReno = class {
  name = "newreno";
  cwndBytes;
  ssthreshBytes = Infinity;
  pacingRate = 0;
  bandwidth = 0;
  modelRttUs = 0;
  /** Bytes acknowledged in congestion avoidance that have not yet earned growth. */
  #creditBytes = 0;
  #savedCreditBytes = 0;
  /** In recovery, whose reduction a timeout within it does not repeat (as Linux). */
  #recovering = false;
  constructor(initialWindowBytes) {
    this.cwndBytes = initialWindowBytes;
  }
  get phase() {
    return this.cwndBytes < this.ssthreshBytes ? CongestionPhase.slowStart : CongestionPhase.congestionAvoidance;
  }
  onAck(ackedBytes, _rttUs, limited, mss) {
    if (!limited) return;
    let acked = ackedBytes;
    if (this.cwndBytes < this.ssthreshBytes) {
      const grown = Math.min(this.cwndBytes + acked, this.ssthreshBytes);
      acked -= grown - this.cwndBytes;
      this.cwndBytes = grown;
      if (acked <= 0) return;
    }
    this.#creditBytes += acked;
    if (this.#creditBytes < this.cwndBytes) return;
    const segments = Math.floor(this.#creditBytes / this.cwndBytes);
    this.#creditBytes -= segments * this.cwndBytes;
    this.cwndBytes += segments * mss;
  }
  onSample() {
  }
  onSegmentLost() {
  }
  onLoss(_flightBytes, mss) {
    this.#reduce(mss);
    this.cwndBytes = this.ssthreshBytes;
    this.#recovering = true;
  }
  onEcn(flightBytes, mss) {
    this.onLoss(flightBytes, mss);
  }
  onRecovered() {
    this.cwndBytes = this.ssthreshBytes;
    this.#recovering = false;
  }
  onTimeout(_pipeBytes, mss) {
    if (!this.#recovering) this.#reduce(mss);
    this.#recovering = false;
    this.cwndBytes = mss;
  }
  onTransmitStart() {
  }
  saveForUndo() {
    this.#savedCreditBytes = this.#creditBytes;
  }
  undo() {
    this.#creditBytes = this.#savedCreditBytes;
    this.#recovering = false;
  }
  #reduce(mss) {
    this.ssthreshBytes = reducedWindow(this.cwndBytes, BETA3, mss);
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
  pacingRate = 0;
  phase = CongestionPhase.none;
  bandwidth = 0;
  modelRttUs = 0;
  onAck() {
  }
  onSample() {
  }
  onSegmentLost() {
  }
  onLoss() {
  }
  onEcn() {
  }
  onRecovered() {
  }
  onTimeout() {
  }
  onTransmitStart() {
  }
  saveForUndo() {
  }
  undo() {
  }
};

// src/tcp/congestion/create.ts
function createCongestion(name, initialWindowBytes, seed = 0) {
  switch (name) {
    case "cubic":
      return new Cubic(initialWindowBytes);
    case "newreno":
      return new NewReno(initialWindowBytes);
    case "bbr":
      return new Bbr(initialWindowBytes, seed);
    case "none":
      return new NoControl();
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
var CASCADE_BATCH = 1024;
var NODE_BYTES = 16;
var NEXT3 = 2;
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
  /** A slot that the tick has entered and that has not moved down whole; -1 for none. */
  #cascading = -1;
  /**
   * A wheel for `capacity` timers that stands at the time `startUs`, in microseconds. Up to `most` timers
   * growing copies nothing: the room is there from the start and takes no memory until it is used.
   */
  constructor(capacity, startUs, most = capacity) {
    const buffer = new ArrayBuffer((SLOT_NODES + Math.max(capacity, most)) * NODE_BYTES);
    this.#capacity = capacity;
    this.#links = new Int32Array(buffer);
    this.#deadlines = new Float64Array(buffer);
    this.#tick = Float64Array.of(Math.floor(startUs / TICK_US));
    for (let slot = 0; slot < SLOT_NODES; slot++) {
      this.#links[slot * 4 + NEXT3] = slot;
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
    const scheduled = this.#links[node * 4 + NEXT3] !== UNSCHEDULED;
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
    if (this.#links[node * 4 + NEXT3] === UNSCHEDULED) return;
    this.#unlink(node);
    this.#links[node * 4 + NEXT3] = UNSCHEDULED;
    this.#size--;
  }
  /** Whether the timer of `id` is scheduled. */
  isScheduled(id) {
    return this.#links[this.#nodeOf(id) * 4 + NEXT3] !== UNSCHEDULED;
  }
  /** The time for which the timer of `id` is scheduled, in microseconds; `Infinity` when it is not. */
  deadline(id) {
    const node = this.#nodeOf(id);
    return this.#links[node * 4 + NEXT3] === UNSCHEDULED ? Infinity : this.#deadlines[node * 2];
  }
  /**
   * Takes off one timer that is due at `nowUs` and returns its id, or -1 when none is: call it until
   * then. Timers come in the order of their ticks, and within a tick in the order in which they came
   * into its slot. None comes before its deadline; each comes at the latest when `nowUs` is its deadline plus {@link TICK_US}.
   *
   * `Infinity` takes off all that are left, and the wheel's time stays at the last of them.
   *
   * When very many timers move down a level at once they do so in batches, one for each call, and -1 is the
   * answer while some are left: `nextExpiry` then says that there is more to do at once.
   *
   * Scheduling and cancelling between two calls is fine. What is then scheduled for a time that has
   * passed comes in the same loop, so a handler must not put itself back into the past each time.
   */
  expire(nowUs) {
    if (this.#cascading >= 0 && !this.#cascade(this.#cascading)) return -1;
    for (; ; ) {
      const level = this.#lowestLevel();
      const ahead = level < 0 ? 0 : this.#ticksAhead(level);
      const elapsed = Math.floor(nowUs / TICK_US) - this.#tick[0];
      if (level < 0 || !(ahead <= elapsed)) {
        if (elapsed > 0 && elapsed < Infinity) this.#tick[0] += elapsed;
        return -1;
      }
      this.#tick[0] += ahead;
      const slot = slotAt(this.#tick[0] | 0, level);
      if (level > 0) {
        if (!this.#cascade(slot)) return -1;
        continue;
      }
      const id = this.#links[slot * 4 + NEXT3] - SLOT_NODES;
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
    if (this.#cascading >= 0) return this.#tick[0] * TICK_US;
    const level = this.#lowestLevel();
    if (level < 0) return Infinity;
    const start = this.#tick[0] + this.#ticksAhead(level);
    if (level > 0 && level < TOP_LEVEL) {
      const slot = slotAt(start | 0, level);
      const first = this.#links[slot * 4 + NEXT3];
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
    if ((SLOT_NODES + capacity) * NODE_BYTES <= this.#links.byteLength) {
      this.#capacity = capacity;
      this.#clearFrom(before);
      return;
    }
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
      this.#links[node * 4 + NEXT3] = UNSCHEDULED;
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
    const ahead = Math.ceil(this.#deadlines[node * 2] / TICK_US) - this.#tick[0];
    const ticks = ahead <= 0 ? 0 : ahead >= AHEAD_MAX_TICKS ? AHEAD_MAX_TICKS : ahead | 0;
    const now = this.#tick[0] | 0;
    const tick = now + ticks | 0;
    const level = (31 - Math.clz32(tick ^ now | 1)) / DIGIT_BITS | 0;
    return slotAt(tick, level > TOP_LEVEL ? TOP_LEVEL : level);
  }
  #link(node, slot) {
    const links = this.#links;
    const last = links[slot * 4 + PREV];
    links[node * 4 + NEXT3] = slot;
    links[node * 4 + PREV] = last;
    links[last * 4 + NEXT3] = node;
    links[slot * 4 + PREV] = node;
    this.#occupied[slot >> DIGIT_BITS] |= 1 << (slot & SLOTS_PER_LEVEL - 1);
  }
  #unlink(node) {
    const links = this.#links;
    const next = links[node * 4 + NEXT3];
    const prev = links[node * 4 + PREV];
    links[next * 4 + PREV] = prev;
    links[prev * 4 + NEXT3] = next;
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
  /**
   * Moves timers of a slot that the tick has entered to where they belong now, a batch of them; true when none
   * is left. Until then the tick stands at the start of that slot, so that none of them can be late in its
   * place: it is only looked at later.
   */
  #cascade(slot) {
    const links = this.#links;
    for (let moved = 0; moved < CASCADE_BATCH; moved++) {
      const node = links[slot * 4 + NEXT3];
      if (node === slot) break;
      const next = links[node * 4 + NEXT3];
      links[slot * 4 + NEXT3] = next;
      links[next * 4 + PREV] = slot;
      this.#link(node, this.#slotFor(node));
    }
    if (links[slot * 4 + NEXT3] !== slot) {
      this.#cascading = slot;
      return false;
    }
    this.#cascading = -1;
    this.#occupied[slot >> DIGIT_BITS] &= ~(1 << (slot & SLOTS_PER_LEVEL - 1));
    return true;
  }
};
function slotAt(tick, level) {
  return level * SLOTS_PER_LEVEL + (tick >>> level * DIGIT_BITS & SLOTS_PER_LEVEL - 1);
}

// src/tcp/pacing.ts
var SLOW_START_RATIO = 2;
var AVOIDANCE_RATIO = 1.2;
var QUANTUM_US2 = 1024;
var QUANTUM_MIN_SEGMENTS = 2;
var UNPACED_SEGMENTS = 10;
var CREDIT_US = 2 * TICK_US;
var Pacer = class {
  /** Bytes per second; 0 while there is nothing to work it out from. */
  rate = 0;
  /** What the rate may be at the most; `Infinity` for no limit. */
  rateMax;
  /** When the next segment may go. */
  nextAtUs = 0;
  /** When to look again, because something waits for that; `Infinity` when nothing does. */
  wakeAtUs = Infinity;
  #sentSegments = 0;
  constructor(rateMax) {
    this.rateMax = rateMax;
  }
  /** Works the rate out anew. `flightBytes` may be more than the window while that shrinks. */
  update(congestion, flightBytes, srttUs) {
    const { pacingRate } = congestion;
    const rate = pacingRate > 0 ? pacingRate : windowRate(congestion, flightBytes, srttUs);
    this.rate = Math.min(rate >= UNPACED_RATE ? Infinity : rate, this.rateMax);
  }
  /** Whether nothing may go now. What waits is woken when it may. */
  holdsBack(nowUs) {
    if (this.nextAtUs <= nowUs) return false;
    this.wakeAtUs = this.nextAtUs;
    return true;
  }
  /** Bytes went: the next ones wait as long as these take at the rate. */
  onSent(bytes, mss, nowUs) {
    this.#sentSegments += Math.ceil(bytes / mss);
    if (this.rate === 0 || this.#sentSegments <= UNPACED_SEGMENTS) return;
    this.nextAtUs = Math.max(this.nextAtUs, nowUs - CREDIT_US) + bytes * 1e6 / this.rate;
  }
  /** Bytes of one super-segment: about a millisecond's worth, two segments at least. */
  quantum(mss, superBytes) {
    if (this.rate === 0) return superBytes;
    const bytes = Math.max(this.rate * QUANTUM_US2 / 1e6, QUANTUM_MIN_SEGMENTS * mss);
    return Math.min(superBytes, Math.floor(bytes));
  }
};
function windowRate(congestion, flightBytes, srttUs) {
  if (srttUs === 0) return 0;
  const { cwndBytes, ssthreshBytes } = congestion;
  const ratio = cwndBytes < ssthreshBytes / 2 ? SLOW_START_RATIO : AVOIDANCE_RATIO;
  return ratio * Math.max(cwndBytes, flightBytes) * 1e6 / srttUs;
}

// src/tcp/congestion_switch.ts
function adoptCongestion(conn, control, config) {
  conn.congestion = control;
  if (conn.loss !== null) conn.loss.queue.rate.control = control;
  const rateMax = config.pacingRateMaxBytes;
  const paced = config.pacing || rateMax > 0 || control.name === "bbr";
  if (!paced) conn.pacer = null;
  else conn.pacer ??= new Pacer(rateMax > 0 ? rateMax : Infinity);
}
function switchCongestion(conn, name, config, nowUs) {
  const before = conn.congestion;
  if (before.name === name) return;
  const { ssthreshBytes } = before;
  const cwndBytes = before.name === "none" ? Math.min(conn.sndWnd, conn.sndWndMax) : before.cwndBytes;
  const least = 2 * conn.sndMss;
  const control = createCongestion(name, Math.max(cwndBytes, least), conn.iss);
  control.ssthreshBytes = before.name === "bbr" ? cwndBytes : ssthreshBytes;
  adoptCongestion(conn, control, config);
  control.onTransmitStart(conn.rtt.srttUs, nowUs);
}

// src/tcp/ending.ts
function end(conn, error2) {
  conn.state = State.CLOSED;
  conn.error = error2;
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
  if (conn.pacer !== null) conn.pacer.wakeAtUs = NEVER;
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
function takeIcmpError(conn, type, code) {
  const error2 = connectErrorOf(type, code);
  if (conn.state === State.SYN_SENT) end(conn, error2);
  else noteSoftError(conn, error2);
}
function noteSoftError(conn, error2) {
  conn.softError = error2;
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

// src/tcp/rate_limit.ts
var RateLimit = class {
  #perSecond;
  #tokens;
  #filledAtUs = 0;
  /** `perSecond` 0 is no limit. */
  constructor(perSecond) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
  }
  /** Whether one more may go now; if so, it counts. */
  allows(nowUs) {
    if (this.#perSecond === 0) return true;
    const earned = (nowUs - this.#filledAtUs) / 1e6 * this.#perSecond;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + earned);
    this.#filledAtUs = nowUs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
};
var HiddenRateLimit = class {
  #perSecond;
  #random;
  #second = -1;
  #left = 0;
  /** `perSecond` 0 is no limit. */
  constructor(perSecond, random) {
    this.#perSecond = perSecond;
    this.#random = random;
  }
  /** Whether one more may go now; if so, it counts. */
  allows(nowUs) {
    const mean = this.#perSecond;
    if (mean === 0) return true;
    const second = Math.floor(nowUs / 1e6);
    if (second !== this.#second) {
      this.#second = second;
      this.#left = Math.ceil(mean / 2) + this.#random.uint32() % mean;
    }
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }
};

// src/tcp/challenge.ts
var AnswerLimits = class {
  #config;
  #counters;
  #resets;
  #challenges;
  constructor(config, counters, random) {
    this.#config = config;
    this.#counters = counters;
    this.#resets = new RateLimit(config.resetsPerSecond);
    this.#challenges = new HiddenRateLimit(config.challengeAcksPerSecond, random);
  }
  /** RFC 5961 section 7: a limit for each connection by itself, and one for all that tells nothing. */
  allowsChallenge(conn, nowUs) {
    if (!this.allowsAnswer(conn, nowUs)) return false;
    if (!this.#challenges.allows(nowUs)) {
      this.#counters.drop(Drop.tcpChallengeLimited);
      return false;
    }
    this.#counters.count(Counter.challengeAcks);
    return true;
  }
  /** Whether the connection may answer a segment that fits nowhere; counts if so. */
  allowsAnswer(conn, nowUs) {
    if (nowUs - conn.lastChallengeAtUs < this.#config.challengeAckMs * 1e3) {
      this.#counters.drop(Drop.rateLimited);
      return false;
    }
    conn.lastChallengeAtUs = nowUs;
    return true;
  }
  /** Whether an RST may answer a segment of no connection. */
  allowsReset(nowUs) {
    if (this.#resets.allows(nowUs)) return true;
    this.#counters.drop(Drop.tcpResetLimited);
    return false;
  }
};

// src/tcp/closing.ts
var Closing = {
  /** It has ended already: only its row is given back. */
  release: 0,
  /** It waits for its end, and needs nothing of the application any more. */
  detach: 1,
  /** It ends with an RST: received data would be lost, or nothing was agreed on yet. */
  abort: 2,
  /** It ends in order: a FIN follows what was written. */
  inOrder: 3
};
function letGo(conn) {
  const { receive, state } = conn;
  const unread = receive !== null && (receive.stream.pending > 0 || receive.outOfOrder !== null);
  receive?.dispose();
  conn.owner = Owner.none;
  if (state === State.CLOSED) return Closing.release;
  if (state === State.TIME_WAIT) return Closing.detach;
  const opening = state === State.SYN_SENT || state === State.SYN_RECEIVED;
  const undone = opening && !isUsedEarly(conn) || isUnbegun(conn);
  return unread || conn.lingerZero || undone ? Closing.abort : Closing.inOrder;
}
function queueFin(conn) {
  const { state } = conn;
  const early = isUsedEarly(conn);
  if (conn.finQueued) return false;
  if (!canSendData(state) && !early) return false;
  conn.send?.refresh();
  conn.finQueued = true;
  if (!early) conn.state = state === State.ESTABLISHED ? State.FIN_WAIT_1 : State.LAST_ACK;
  return true;
}

// src/tcp/listener.ts
var Listener = class {
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
  /** Most handshakes in progress, and most connections not yet accepted: each by itself, as in Linux. */
  backlog;
  /** Handshakes in progress. */
  handshakes = 0;
  /** Those of them whose SYN-ACK was sent only once. */
  young = 0;
  /** When a handshake was last answered with a SYN cookie: no cookie is believed long after that. */
  cookiesAtUs = -Infinity;
  /** Most connections at once that take data of a SYN before the handshake is over; 0: none (RFC 7413). */
  fastOpenLimit = 0;
  /** Those that are there now. */
  fastOpenPending = 0;
  /** Data of a SYN is taken without a cookie too (TCP_FASTOPEN_NO_COOKIE). */
  fastOpenNoCookie = false;
  /** Until when those that the peer has reset still count as pending; microseconds, the first first. */
  fastOpenPenalties = [];
  /** Receive buffer of its connections in bytes; 0: the stack's. */
  receiveBufferBytes = 0;
  /** Timeouts for which a final ACK without data makes no connection yet (TCP_DEFER_ACCEPT). */
  deferAccept = 0;
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
  /** Whether a further handshake may be remembered. */
  get hasHandshakeRoom() {
    return this.handshakes < this.backlog;
  }
  /** Whether a further connection may wait to be accepted. */
  get hasAcceptRoom() {
    return this.waiting < this.backlog;
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
function covers(listener, other) {
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
    if (others.some((other) => covers(other, listener) || covers(listener, other))) return false;
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
  /** The listener for a segment, or null: none is for foreign destinations. */
  findFor({ foreign, dst0, dst1, dst2, dst3, dstPort }) {
    return foreign ? null : this.find(dst0, dst1, dst2, dst3, dstPort);
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

// src/tcp/demux.ts
var ROW_WORDS2 = 12;
var NEXT4 = 0;
var HASH = 1;
var LOCAL = 2;
var REMOTE = 6;
var PORTS = 10;
var NONE2 = -1;
var message3 = new Int32Array(9);
function tupleHash(key0, key1, local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort) {
  const ports = localPort << 16 | remotePort;
  if (local2 === IPV4_MAPPED_W2 && remote2 === IPV4_MAPPED_W2 && (local0 | local1 | remote0 | remote1) === 0) {
    message3[0] = local3;
    message3[1] = remote3;
    message3[2] = ports;
    return halfSipHash13(key0, key1, message3, 3);
  }
  message3[0] = local0;
  message3[1] = local1;
  message3[2] = local2;
  message3[3] = local3;
  message3[4] = remote0;
  message3[5] = remote1;
  message3[6] = remote2;
  message3[7] = remote3;
  message3[8] = ports;
  return halfSipHash13(key0, key1, message3, 9);
}
var Demultiplexer = class {
  #key0;
  #key1;
  #capacity;
  #rows;
  #buckets;
  #size = 0;
  /** The id that was found last, whose row is compared before anything is hashed; -1 for none. */
  #last = NONE2;
  /**
   * A table for `capacity` ids under the secret key (`key0`, `key1`), 32 random bits each. Up to `most` ids
   * growing costs nothing: the room is there from the start, as zeros that take no memory until they are used.
   */
  constructor(capacity, key0, key1, most = capacity) {
    const reserved = Math.max(capacity, most);
    this.#capacity = capacity;
    this.#key0 = key0 | 0;
    this.#key1 = key1 | 0;
    this.#rows = new Int32Array(reserved * ROW_WORDS2);
    this.#buckets = new Int32Array(bucketsFor(reserved));
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
    checkPort(localPort);
    checkPort(remotePort);
    const rows = this.#rows;
    if (rows[row + PORTS] !== 0) throw new Error(`Id ${id} is in the table: remove it first`);
    const other = this.find(local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort);
    if (other !== NONE2) throw new Error(`Id ${id} cannot have the four-tuple of id ${other}`);
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
    if (buckets[bucket] === id + 1) {
      buckets[bucket] = rows[row + NEXT4] + 1;
    } else {
      let before = (buckets[bucket] - 1) * ROW_WORDS2;
      while (rows[before + NEXT4] !== id) before = rows[before + NEXT4] * ROW_WORDS2;
      rows[before + NEXT4] = rows[row + NEXT4];
    }
    rows[row + PORTS] = 0;
    if (this.#last === id) this.#last = NONE2;
    this.#size--;
  }
  /** The id that has this four-tuple, -1 when none has. */
  find(local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort) {
    const last = this.#last;
    if (last !== NONE2 && // deno-fmt-ignore
    rowHas(this.#rows, last * ROW_WORDS2, local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort)) {
      return last;
    }
    const hash = tupleHash(this.#key0, this.#key1, local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort);
    const rows = this.#rows;
    let id = this.#buckets[hash & this.#buckets.length - 1] - 1;
    while (id !== NONE2) {
      const row = id * ROW_WORDS2;
      if (rows[row + HASH] === hash && // deno-fmt-ignore
      rowHas(rows, row, local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort)) {
        this.#last = id;
        return id;
      }
      id = rows[row + NEXT4];
    }
    return NONE2;
  }
  /**
   * Makes room for `capacity` ids; what is in the table stays. A smaller capacity changes nothing. Beyond
   * what was reserved it takes time in proportion to the table, so that a caller doubles it there.
   */
  grow(capacity) {
    if (capacity <= this.#capacity) return;
    if (capacity * ROW_WORDS2 <= this.#rows.length) {
      this.#capacity = capacity;
      return;
    }
    const rows = new Int32Array(capacity * ROW_WORDS2);
    rows.set(this.#rows);
    this.#rows = rows;
    const before = this.#capacity;
    this.#capacity = capacity;
    const buckets = bucketsFor(capacity);
    if (buckets === this.#buckets.length) return;
    this.#buckets = new Int32Array(buckets);
    for (let id = 0; id < before; id++) {
      if (rows[id * ROW_WORDS2 + PORTS] !== 0) this.#enchain(id);
    }
  }
  /** Puts a filled row at the head of its chain. */
  #enchain(id) {
    const row = id * ROW_WORDS2;
    const bucket = this.#rows[row + HASH] & this.#buckets.length - 1;
    this.#rows[row + NEXT4] = this.#buckets[bucket] - 1;
    this.#buckets[bucket] = id + 1;
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
function checkPort(port) {
  if (!(port >= 1 && port <= 65535)) {
    throw new RangeError(`Port ${port} cannot be in the table: ports go from 1 to 65535`);
  }
}

// src/tcp/request_table.ts
var WORDS2 = 24;
var LOCAL2 = 0;
var REMOTE2 = 4;
var PORTS2 = 8;
var IRS = 9;
var ISS = 10;
var FLAGS2 = 11;
var WINDOW_SCALE = 12;
var OPTIONS = 13;
var MSS = 14;
var TIMESTAMP = 15;
var TRAFFIC_CLASS = 16;
var TIMESTAMP_OFFSET = 17;
var TIMEOUTS = 18;
var ACKED = 19;
var BARE = 20;
var INITIAL_CAPACITY = 256;
var Ends = class {
  local0 = 0;
  local1 = 0;
  local2 = 0;
  local3 = 0;
  remote0 = 0;
  remote1 = 0;
  remote2 = 0;
  remote3 = 0;
  localPort = 0;
  remotePort = 0;
  /** Takes the ends of a segment from the peer. */
  take(segment) {
    this.local0 = segment.dst0;
    this.local1 = segment.dst1;
    this.local2 = segment.dst2;
    this.local3 = segment.dst3;
    this.remote0 = segment.src0;
    this.remote1 = segment.src1;
    this.remote2 = segment.src2;
    this.remote3 = segment.src3;
    this.localPort = segment.dstPort;
    this.remotePort = segment.srcPort;
  }
};
var RequestTable = class {
  #limit;
  #demux;
  #wheel;
  #words;
  /** When the SYN-ACK was first sent, and when a segment was last answered that fitted nowhere. */
  #sentAtUs;
  #answeredAtUs;
  #listeners = [];
  #free = [];
  #used = 0;
  /** A table for `limit` requests at the most. */
  constructor(limit, random, nowUs) {
    const capacity = Math.min(limit, INITIAL_CAPACITY);
    this.#limit = limit;
    this.#demux = new Demultiplexer(capacity, random.uint32(), random.uint32());
    this.#wheel = new TimerWheel(capacity, nowUs);
    this.#words = new Int32Array(capacity * WORDS2);
    this.#sentAtUs = new Float64Array(capacity);
    this.#answeredAtUs = new Float64Array(capacity);
  }
  /** Requests in the table. */
  get size() {
    return this.#demux.size;
  }
  /** Whether there is no place for another. */
  get isFull() {
    return this.#demux.size >= this.#limit;
  }
  /** The request that a segment is for, or -1. */
  find(s) {
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, srcPort, dstPort } = s;
    return this.#demux.find(dst0, dst1, dst2, dst3, src0, src1, src2, src3, dstPort, srcPort);
  }
  /** Adds what a SYN asks for. The table must not be full, and the four-tuple must be free. */
  add(listener, syn, iss, timestampOffset, nowUs) {
    const id = this.#free.pop() ?? this.#used++;
    if (id >= this.#demux.capacity) this.#grow();
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, srcPort, dstPort } = syn;
    this.#demux.add(id, dst0, dst1, dst2, dst3, src0, src1, src2, src3, dstPort, srcPort);
    const words = this.#words;
    const at = id * WORDS2;
    words[at + LOCAL2] = dst0;
    words[at + LOCAL2 + 1] = dst1;
    words[at + LOCAL2 + 2] = dst2;
    words[at + LOCAL2 + 3] = dst3;
    words[at + REMOTE2] = src0;
    words[at + REMOTE2 + 1] = src1;
    words[at + REMOTE2 + 2] = src2;
    words[at + REMOTE2 + 3] = src3;
    words[at + PORTS2] = dstPort << 16 | srcPort;
    words[at + IRS] = syn.seq;
    words[at + ISS] = iss;
    words[at + FLAGS2] = syn.flags;
    words[at + WINDOW_SCALE] = syn.windowScale << 16 | syn.window & 65535;
    words[at + OPTIONS] = syn.options;
    words[at + MSS] = syn.mss;
    words[at + TIMESTAMP] = syn.tsValue;
    words[at + TRAFFIC_CLASS] = syn.trafficClass;
    words[at + TIMESTAMP_OFFSET] = timestampOffset;
    words[at + TIMEOUTS] = 0;
    words[at + ACKED] = 0;
    words[at + BARE] = 0;
    this.#sentAtUs[id] = nowUs;
    this.#answeredAtUs[id] = -Infinity;
    this.#listeners[id] = listener;
    listener.handshakes++;
    listener.young++;
    return id;
  }
  /** Takes a request out. */
  remove(id) {
    const listener = this.listener(id);
    listener.handshakes--;
    if (this.timeouts(id) === 0) listener.young--;
    this.#listeners[id] = null;
    this.#wheel.cancel(id);
    this.#demux.remove(id);
    this.#free.push(id);
  }
  /** Writes what the SYN of a request has said into `syn`, whose payload is left alone. */
  readSyn(id, syn) {
    const words = this.#words;
    const at = id * WORDS2;
    syn.seq = words[at + IRS];
    syn.flags = words[at + FLAGS2];
    syn.window = words[at + WINDOW_SCALE] & 65535;
    syn.windowScale = words[at + WINDOW_SCALE] >>> 16;
    syn.options = words[at + OPTIONS];
    syn.mss = words[at + MSS];
    syn.tsValue = words[at + TIMESTAMP];
    syn.trafficClass = words[at + TRAFFIC_CLASS];
  }
  /** The SYN has come again: the peer is told of the ECN codepoint of the latest (RFC 9768 section 3.1.5). */
  noteSynAgain(id, syn) {
    const at = id * WORDS2;
    this.#words[at + TRAFFIC_CLASS] = syn.trafficClass;
    if ((syn.flags & (Flag.AE | Flag.CWR | Flag.ECE)) === 0) this.#words[at + BARE] = 1;
  }
  /** Whether one of its SYNs came without ECN. */
  wasBare(id) {
    return this.#words[id * WORDS2 + BARE] !== 0;
  }
  /** Writes the ends of a request into `ends`. */
  readEnds(id, ends) {
    const words = this.#words;
    const at = id * WORDS2;
    ends.local0 = words[at + LOCAL2];
    ends.local1 = words[at + LOCAL2 + 1];
    ends.local2 = words[at + LOCAL2 + 2];
    ends.local3 = words[at + LOCAL2 + 3];
    ends.remote0 = words[at + REMOTE2];
    ends.remote1 = words[at + REMOTE2 + 1];
    ends.remote2 = words[at + REMOTE2 + 2];
    ends.remote3 = words[at + REMOTE2 + 3];
    ends.localPort = words[at + PORTS2] >>> 16;
    ends.remotePort = words[at + PORTS2] & 65535;
  }
  /** Whether there is a request with this number. */
  has(id) {
    return (this.#listeners[id] ?? null) !== null;
  }
  /** The listener that the request is for. */
  listener(id) {
    return this.#listeners[id];
  }
  /** The initial sequence number of the peer. */
  irs(id) {
    return this.#words[id * WORDS2 + IRS];
  }
  /** Our initial sequence number. */
  iss(id) {
    return this.#words[id * WORDS2 + ISS];
  }
  /** What our timestamps are ahead of the clock. */
  timestampOffset(id) {
    return this.#words[id * WORDS2 + TIMESTAMP_OFFSET];
  }
  /** How often the timer has expired. */
  timeouts(id) {
    return this.#words[id * WORDS2 + TIMEOUTS];
  }
  /** The timer has expired once more. */
  countTimeout(id) {
    if (this.#words[id * WORDS2 + TIMEOUTS]++ === 0) this.listener(id).young--;
  }
  /** Whether the final ACK was here, and could not be used yet. */
  isAcked(id) {
    return this.#words[id * WORDS2 + ACKED] !== 0;
  }
  /** The final ACK was here. */
  markAcked(id) {
    this.#words[id * WORDS2 + ACKED] = 1;
  }
  /** When the SYN-ACK was first sent, microseconds. */
  sentAtUs(id) {
    return this.#sentAtUs[id];
  }
  /** Whether a segment that fits nowhere may be answered: not again within `leastUs`. Counts if so. */
  mayAnswer(id, nowUs, leastUs) {
    if (nowUs - this.#answeredAtUs[id] < leastUs) return false;
    this.#answeredAtUs[id] = nowUs;
    return true;
  }
  /** Sets the timer of a request. */
  schedule(id, atUs) {
    this.#wheel.schedule(id, atUs);
  }
  /** The next request whose timer has expired, or -1. */
  expire(nowUs) {
    return this.#wheel.expire(nowUs);
  }
  /** When the next timer is due; `Infinity` when none is. */
  nextExpiry() {
    return this.#wheel.nextExpiry();
  }
  /** All requests of a listener. */
  of(listener) {
    const found = [];
    for (let id = 0; id < this.#used; id++) if (this.#listeners[id] === listener) found.push(id);
    return found;
  }
  /** All requests. */
  all() {
    const found = [];
    for (let id = 0; id < this.#used; id++) if (this.#listeners[id] !== null) found.push(id);
    return found;
  }
  #grow() {
    const capacity = Math.min(2 * this.#demux.capacity, this.#limit);
    this.#demux.grow(capacity);
    this.#wheel.grow(capacity);
    const words = new Int32Array(capacity * WORDS2);
    words.set(this.#words);
    this.#words = words;
    const sent = new Float64Array(capacity);
    sent.set(this.#sentAtUs);
    this.#sentAtUs = sent;
    const answered2 = new Float64Array(capacity);
    answered2.set(this.#answeredAtUs);
    this.#answeredAtUs = answered2;
  }
};

// src/tcp/forward.ts
var UNPROVED_MAX = FLOWS_MAX / 2;
var ProvedListener = class extends Listener {
};
var Forward = class {
  filter;
  takesOwn;
  decisionUs;
  cookies;
  /** For flows of which there is a SYN alone; it has given the cookies too. */
  listener;
  /** For those whose peers have brought a cookie back. */
  proved;
  /** Flows that were accepted and whose peers have not answered yet. */
  opening = 0;
  constructor(id, settings, cookies) {
    const { pendingMax } = settings;
    this.filter = settings.filter;
    this.takesOwn = settings.takesOwn;
    this.decisionUs = settings.decisionUs;
    this.cookies = cookies;
    this.listener = new Listener(id, [
      0,
      0,
      0,
      0
    ], 0, pendingMax);
    this.proved = new ProvedListener(id, [
      0,
      0,
      0,
      0
    ], 0, pendingMax);
  }
};
var Forwarding = class {
  #host;
  #events;
  #random;
  #forwards = [];
  /** Made with the first forward: most engines have none. */
  #requests = null;
  /** Of each number, how often it was used: tells a decision about an earlier flow apart. */
  #generations = /* @__PURE__ */ new Map();
  /** The forwards of flows that were accepted and whose handshakes go on, by the application's request. */
  #opening = /* @__PURE__ */ new Map();
  #ends = new Ends();
  #syn = new Segment();
  constructor(host, events, random) {
    this.#host = host;
    this.#events = events;
    this.#random = random;
  }
  /** Flows that wait for a decision, and those that ended undecided and are not freed yet. */
  get size() {
    return this.#requests?.size ?? 0;
  }
  /** Takes the flows that the filter of these settings lets through. */
  open(id, settings, nowUs) {
    this.#requests ??= new RequestTable(FLOWS_MAX, this.#random, nowUs);
    const cookies = settings.cookies ?? this.#host.config.synCookies;
    this.#forwards.push(new Forward(id, settings, cookies));
  }
  /** Takes no more flows; those that wait end undecided, of which a peer that is connected hears by an RST. */
  close(id, nowUs) {
    const index = this.#forwards.findIndex(({ listener: listener2 }) => listener2.id === id);
    if (index < 0) return;
    const [{ listener, proved }] = this.#forwards.splice(index, 1);
    for (const flow of this.#requests.of(listener)) this.#end(flow);
    for (const flow of this.#requests.of(proved)) this.#endProved(flow, nowUs);
  }
  /** Whether a forward would take a SYN like this now. */
  hasRoomFor(segment) {
    const forward = this.#find(segment);
    return forward !== null && this.#hasRoom(forward);
  }
  /** Whether one more flow may be remembered of which there is a SYN alone. */
  #hasRoom(forward) {
    const { listener, opening, cookies } = forward;
    if (listener.handshakes + opening >= listener.backlog) return false;
    const { size, isFull } = this.#requests;
    if (cookies === "never") return !isFull;
    let unproved = size;
    for (let i = 0; i < this.#forwards.length; i++) unproved -= this.#forwards[i].proved.handshakes;
    return unproved < UNPROVED_MAX;
  }
  /**
   * Deals with a segment of a flow that waits, and with an ACK that brings a cookie back. Both are this engine's, and
   * no business of other queues.
   */
  claims(segment, nowUs) {
    const requests = this.#requests;
    if (requests === null) return false;
    const flow = requests.size === 0 ? -1 : requests.find(segment);
    if (flow >= 0) {
      this.#onUndecided(flow, segment);
      return true;
    }
    if ((segment.flags & (Flag.SYN | Flag.ACK | Flag.RST)) !== Flag.ACK) return false;
    const forward = this.#find(segment);
    return forward !== null && this.#takesCookie(forward, segment, nowUs);
  }
  /**
   * Deals with a segment for which there is neither a connection nor a listener, if it is the business of a
   * forward and {@link Forwarding.claims} has not dealt with it. What is not is answered as if there were none. `iss` is
   * as in {@link Handshakes.onSyn}.
   */
  takes(segment, iss, nowUs) {
    if (this.#forwards.length === 0 && !segment.foreign) return false;
    const forward = this.#find(segment);
    if (forward === null) {
      if (!segment.foreign) return false;
      const isOpen = this.#forwards.length > 0;
      this.#host.counters.drop(isOpen ? Drop.forwardFiltered : Drop.ipDestinationForeign);
      return true;
    }
    if ((segment.flags & (Flag.SYN | Flag.ACK | Flag.RST)) !== Flag.SYN) return false;
    this.#offer(forward, segment, iss, nowUs);
    return true;
  }
  #find(segment) {
    const { dst0, dst1, dst2, dst3, dstPort, foreign } = segment;
    for (let i = 0; i < this.#forwards.length; i++) {
      const forward = this.#forwards[i];
      if (!foreign && !forward.takesOwn) continue;
      if (forward.filter.lets(dst0, dst1, dst2, dst3, dstPort)) return forward;
    }
    return null;
  }
  /**
   * A peer that sends anything but its SYN again has given up, or was never in earnest. One that is connected may send
   * what it likes, which comes again; only its RST ends the flow, at exactly the next number (RFC 5961 section 3.2).
   */
  #onUndecided(flow, { flags, seq }) {
    const requests = this.#requests;
    this.#host.counters.drop(Drop.forwardUndecided);
    const hasGivenUp2 = this.#isProved(flow) ? (flags & Flag.RST) !== 0 && seq === seqAdd(requests.irs(flow), 1) : (flags & (Flag.SYN | Flag.ACK | Flag.RST)) !== Flag.SYN;
    if (hasGivenUp2) this.#end(flow);
  }
  #offer(forward, syn, iss, nowUs) {
    const { counters, handshakes } = this.#host;
    const { listener, cookies } = forward;
    const ends = this.#ends;
    ends.take(syn);
    const isFull = !this.#hasRoom(forward);
    const cookie = iss === null && (cookies === "always" || isFull && cookies !== "never");
    if (isFull && !cookie) {
      counters.drop(Drop.forwardPendingFull);
    } else if (!handshakes.addresses.allows(ends)) {
      counters.drop(Drop.tcpAddressLimit);
    } else if (cookie) {
      handshakes.answerWithCookie(listener, syn, nowUs);
    } else {
      const offset = handshakes.cookies.timestampOffset(ends);
      this.#show(forward, listener, syn, iss ?? handshakes.isnFor(ends, nowUs), offset, nowUs);
    }
  }
  /** Whether an ACK brings a cookie of this forward back: then the flow is shown. */
  #takesCookie(forward, ack, nowUs) {
    const { counters, handshakes } = this.#host;
    const { listener, proved, cookies } = forward;
    const syn = this.#syn;
    if (cookies === "never" || !handshakes.readCookie(listener, ack, syn, nowUs)) return false;
    const ends = this.#ends;
    ends.take(ack);
    if (this.#requests.isFull || !proved.hasHandshakeRoom) {
      counters.drop(Drop.forwardPendingFull);
    } else if (!handshakes.addresses.allows(ends)) {
      counters.drop(Drop.tcpAddressLimit);
    } else {
      const offset = handshakes.cookies.offsetSeen(ack, ends, nowUs);
      addressFrom(syn, ends);
      this.#show(forward, proved, syn, seqAdd(ack.ack, -1), offset, nowUs);
    }
    return true;
  }
  #show(forward, listener, syn, iss, timestampOffset, nowUs) {
    const requests = this.#requests;
    const flow = requests.add(listener, syn, iss, timestampOffset, nowUs);
    const generation = (this.#generations.get(flow) ?? 0) + 1 | 0;
    this.#generations.set(flow, generation);
    requests.schedule(flow, nowUs + forward.decisionUs);
    this.#host.counters.count(Counter.flowsOffered);
    this.#events.flow?.(flow, generation, listener.id, syn);
  }
  /** Ends a flow whose peer is connected, which hears of it. */
  #endProved(flow, nowUs) {
    if (this.#requests.isAcked(flow)) return;
    this.#readLast(flow);
    this.#host.refuse(this.#syn, nowUs);
    this.#end(flow);
  }
  /** Whether the peer of a flow has proved that it is there: for it there is a connection. */
  #isProved(flow) {
    return this.#requests.listener(flow) instanceof ProvedListener;
  }
  /** Lets the application know, once, that there is nothing to decide any more. */
  #end(flow) {
    if (this.#requests.isAcked(flow)) return;
    this.#requests.markAcked(flow);
    this.#events.flowEnded?.(flow, this.#generations.get(flow));
  }
  /** Whether the number still means that flow. */
  #has(flow, generation) {
    if (this.#requests === null || this.#generations.get(flow) !== generation) return false;
    return this.#requests.has(flow);
  }
  /** The handshake of a flow goes on, or is over; the answer comes as that of `connect`. */
  accept(flow, generation, request, nowUs) {
    const { config, counters, handshakes } = this.#host;
    const ended = !this.#has(flow, generation) || this.#requests.isAcked(flow);
    const requests = this.#requests;
    if (ended) {
      this.refuse(flow, generation);
      this.#events.connectFailed(request, ConnectionError.timedOut);
      return;
    }
    const ends = this.#ends;
    requests.readEnds(flow, ends);
    requests.readSyn(flow, this.#syn);
    const iss = requests.iss(flow);
    const offset = requests.timestampOffset(flow);
    const listener = requests.listener(flow);
    const proved = this.#isProved(flow);
    requests.remove(flow);
    const conn = !this.#host.isFree(ends) ? null : proved ? handshakes.openProved(ends, this.#syn, iss, offset, nowUs) : handshakes.openDecided(ends, this.#syn, iss, nowUs);
    if (conn === null) {
      counters.count(Counter.flowsDropped);
      this.#events.connectFailed(request, ConnectionError.tooManyConnections);
      return;
    }
    counters.count(Counter.flowsAccepted);
    conn.owner = Owner.application;
    conn.request = request;
    conn.synRetries = config.synAckRetries;
    this.#events.stateChanged(conn, State.LISTEN);
    if (proved) {
      turnToAck(this.#syn, ends, iss);
      this.#host.complete(conn, this.#syn, nowUs);
      return;
    }
    this.#host.touch(conn);
    const forward = this.#forwards.find((each) => each.listener === listener);
    if (forward === void 0) return;
    forward.opening++;
    this.#opening.set(request, forward);
  }
  /** The handshake of the connection of a request is over, for better or worse. */
  onHandshakeOver(request) {
    const forward = this.#opening.get(request);
    if (forward === void 0) return;
    this.#opening.delete(request);
    forward.opening--;
  }
  /** Forgets a flow without a word. */
  refuse(flow, generation) {
    if (!this.#has(flow, generation)) return;
    if (!this.#requests.isAcked(flow)) this.#host.counters.count(Counter.flowsDropped);
    this.#requests.remove(flow);
  }
  /**
   * Forgets a flow that the caller answers: the peer's SYN, or its ACK where there is a connection for it, which is there
   * until the next call; or null when the flow has ended already.
   */
  takeRejected(flow, generation) {
    if (!this.#has(flow, generation)) return null;
    const requests = this.#requests;
    const ended = requests.isAcked(flow);
    this.#readLast(flow);
    requests.remove(flow);
    if (ended) return null;
    this.#host.counters.count(Counter.flowsRejected);
    return this.#syn;
  }
  /** Reads what the peer of a flow has sent last: its SYN, or the ACK that has brought the cookie back. */
  #readLast(flow) {
    const requests = this.#requests;
    requests.readEnds(flow, this.#ends);
    requests.readSyn(flow, this.#syn);
    if (this.#isProved(flow)) turnToAck(this.#syn, this.#ends, requests.iss(flow));
    else addressFrom(this.#syn, this.#ends);
  }
  /** Whether there is a connection for the peer of a flow, which an RST alone can end. */
  isConnected(flow, generation) {
    return this.#has(flow, generation) && this.#isProved(flow);
  }
  /** Refuses a flow with an RST. */
  reset(flow, generation, nowUs) {
    const last = this.takeRejected(flow, generation);
    if (last !== null) this.#host.refuse(last, nowUs);
  }
  /** Ends flows that were not decided in time. */
  expire(nowUs) {
    if (this.#requests === null) return;
    for (let id = this.#requests.expire(nowUs); id >= 0; id = this.#requests.expire(nowUs)) {
      if (this.#requests.isAcked(id)) continue;
      this.#host.counters.drop(Drop.forwardTimedOut);
      if (this.#isProved(id)) this.#endProved(id, nowUs);
      else this.#end(id);
    }
  }
  /** When the next flow will have waited long enough; `Infinity` when none waits. */
  nextExpiry() {
    return this.#requests === null ? Infinity : this.#requests.nextExpiry();
  }
};
function addressFrom(syn, ends) {
  syn.src0 = ends.remote0;
  syn.src1 = ends.remote1;
  syn.src2 = ends.remote2;
  syn.src3 = ends.remote3;
  syn.dst0 = ends.local0;
  syn.dst1 = ends.local1;
  syn.dst2 = ends.local2;
  syn.dst3 = ends.local3;
  syn.srcPort = ends.remotePort;
  syn.dstPort = ends.localPort;
  syn.payloadLength = 0;
}
function turnToAck(syn, ends, iss) {
  addressFrom(syn, ends);
  syn.seq = seqAdd(syn.seq, 1);
  syn.ack = seqAdd(iss, 1);
  syn.flags = Flag.ACK;
  syn.options = 0;
}

// src/tcp/address_limit.ts
var AddressLimit = class {
  #limit;
  #counts = /* @__PURE__ */ new Map();
  /** `limit` 0 allows any number and counts nothing. */
  constructor(limit) {
    this.#limit = limit;
  }
  /** Addresses that have any. */
  get size() {
    return this.#counts.size;
  }
  /** Whether the address may have one more. */
  allows(remote) {
    return this.#limit === 0 || (this.#counts.get(keyOf3(remote)) ?? 0) < this.#limit;
  }
  /** The address has one more. */
  add(remote) {
    if (this.#limit === 0) return;
    const key = keyOf3(remote);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
  /** The address has one less. */
  remove(remote) {
    if (this.#limit === 0) return;
    const key = keyOf3(remote);
    const left = (this.#counts.get(key) ?? 1) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
};
function keyOf3(remote) {
  return `${remote.remote0},${remote.remote1},${remote.remote2},${remote.remote3}`;
}

// src/tcp/delayed_ack.ts
var QUICK_ACKS_MAX = 16;
var DELAY_MAX_US = 2e5;
var SMALL_MSS = 88;
var DEFAULT_MSS = 536;
var DUPLICATES_AT_ONCE = 3;
var SACK_DELAY_RTT_SHARE = 20;
var PUSHED_TWICE = 2;
function enterQuickAcks(conn, config) {
  addQuickAcks(conn);
  conn.interactive = false;
  conn.ackDelayUs = config.delayedAckMs * 1e3;
}
function addQuickAcks(conn) {
  const window = seqDiff(conn.rcvAdvertised, conn.rcvNxt);
  const segments = Math.floor(window / (2 * conn.rcvMss));
  const quick = Math.min(segments === 0 ? 2 : segments, QUICK_ACKS_MAX);
  if (quick > conn.quickAcks) conn.quickAcks = quick;
}
function scheduleAck(conn, segment, taken, gapClosed, nowUs, config, counters) {
  conn.unackedBytes += taken;
  learnSegmentSize(conn, segment);
  learnDelay(conn, nowUs, config);
  const quick = conn.quickAcks > 0 && !conn.interactive;
  if (quick || gapClosed || conn.unackedBytes > conn.rcvMss || config.delayedAckMs === 0) {
    conn.ackPending = true;
  } else if (conn.receive !== null && conn.receive.outOfOrder !== null) {
    const outcome = acknowledgeGap(conn, nowUs, config, counters);
    if (outcome !== Outcome.none) conn.ackPending = true;
  } else {
    delayAck(conn, nowUs, config);
  }
}
function learnSegmentSize(conn, segment) {
  const length = segment.gsoSize > 0 ? segment.gsoSize : segment.payloadLength;
  const pushed = (segment.flags & Flag.PSH) !== 0;
  const last = conn.lastSegmentBytes;
  conn.lastSegmentBytes = 0;
  if (length >= conn.rcvMss) {
    conn.rcvMss = length;
    if (pushed) conn.ackPushed |= 1;
    return;
  }
  const marked = (segment.flags & (Flag.PSH | Flag.FIN | Flag.URG | Flag.SYN)) !== 0;
  if (length >= DEFAULT_MSS || length >= SMALL_MSS && !marked) {
    conn.lastSegmentBytes = length;
    if (length === last) {
      conn.rcvMss = length;
      return;
    }
  }
  conn.ackPushed = conn.ackPushed === 0 ? 1 : PUSHED_TWICE | 1;
}
function learnDelay(conn, nowUs, config) {
  const leastUs = config.delayedAckMs * 1e3;
  const gapUs = nowUs - conn.lastTextAtUs;
  conn.lastTextAtUs = nowUs;
  if (conn.ackDelayUs === 0) {
    addQuickAcks(conn);
    conn.ackDelayUs = leastUs;
  } else if (gapUs <= leastUs / 2) {
    conn.ackDelayUs = Math.floor(conn.ackDelayUs / 2 + leastUs / 2);
  } else if (gapUs < conn.ackDelayUs) {
    conn.ackDelayUs = Math.min(Math.floor(conn.ackDelayUs / 2 + gapUs), conn.rtt.rtoUs);
  } else if (gapUs > conn.rtt.rtoUs) {
    addQuickAcks(conn);
  }
}
function delayAck(conn, nowUs, config) {
  const leastUs = config.delayedAckMs * 1e3;
  const mostUs = Math.max(DELAY_MAX_US, leastUs);
  let delayUs = conn.ackDelayUs;
  if (delayUs > leastUs) {
    const rttUs = conn.rtt.srttUs > 0 ? Math.max(conn.rtt.srttUs, leastUs) : mostUs;
    delayUs = Math.min(delayUs, mostUs, rttUs);
  }
  if (conn.delayedAckAtUs <= nowUs + delayUs / 4) {
    conn.ackPending = true;
    return;
  }
  conn.delayedAckAtUs = Math.min(conn.delayedAckAtUs, nowUs + delayUs);
}
function acknowledgeGap(conn, nowUs, config, counters) {
  if (!conn.sack || conn.acksHeld >= config.sackDelaySegments || config.sackDelayUs === 0) {
    return Outcome.ack;
  }
  if (conn.gapSeq !== conn.rcvNxt) {
    conn.gapSeq = conn.rcvNxt;
    conn.gapAcks = 0;
  }
  if (conn.gapAcks < DUPLICATES_AT_ONCE) {
    conn.gapAcks++;
    return Outcome.ack;
  }
  const { srttUs } = conn.rtt;
  const rttUs = srttUs > 0 && srttUs < conn.tuneRttUs ? srttUs : conn.tuneRttUs;
  const delayUs = Math.min(config.sackDelayUs, rttUs / SACK_DELAY_RTT_SHARE);
  if (delayUs === 0) return Outcome.ack;
  counters.count(Counter.acksCompressed);
  if (conn.acksHeld++ > 0) return Outcome.none;
  conn.delayedAckAtUs = Math.min(conn.delayedAckAtUs, nowUs + delayUs);
  return Outcome.none;
}
function onDelayedAck(conn, config) {
  conn.delayedAckAtUs = NEVER;
  conn.ackPending = true;
  if (conn.acksHeld > 0) return;
  if (conn.interactive) {
    conn.interactive = false;
    conn.ackDelayUs = config.delayedAckMs * 1e3;
  } else {
    conn.ackDelayUs = Math.min(2 * conn.ackDelayUs, conn.rtt.rtoUs);
  }
}
function onAckSent(conn, config) {
  const scheduled = conn.ackPending || conn.unackedBytes > 0 || conn.delayedAckAtUs !== NEVER;
  if (scheduled && conn.quickAcks > 0 && --conn.quickAcks === 0) {
    conn.ackDelayUs = config.delayedAckMs * 1e3;
  }
  conn.ackPending = false;
  conn.unackedBytes = 0;
  conn.delayedAckAtUs = NEVER;
  conn.ackPushed = 0;
  conn.acksHeld = 0;
}
function onTextSent(conn, nowUs) {
  if (nowUs - conn.lastTextAtUs < conn.ackDelayUs) conn.interactive = true;
}
function isAckDueAfterRead(conn) {
  if (conn.delayedAckAtUs === NEVER || conn.unackedBytes === 0) return false;
  if (conn.unackedBytes > conn.rcvMss) return true;
  if (conn.receive.stream.pending > 0) return false;
  return conn.ackPushed >= PUSHED_TWICE || conn.ackPushed > 0 && !conn.interactive;
}

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
  /** `resume` goes on with a stream that another writer has left drained, instead of starting one. */
  constructor(memory, shared, resume = false) {
    this.#memory = memory;
    this.#shared = shared;
    const words = shared.words;
    if (resume) {
      this.written = words[shared.written];
      return;
    }
    words[shared.written] = 0;
    words[shared.head] = NIL;
    words[shared.epoch] = 0;
    words[shared.read] = 0;
  }
  /** Bytes that the consumer has not read yet. */
  get pending() {
    return this.written - streamRead(this.#shared) | 0;
  }
  /** Whether it holds no block and has published everything: another writer could go on with the stream. */
  get isDrained() {
    const { words, written } = this.#shared;
    return this.#head === NIL && Atomics.load(words, written) === this.written;
  }
  /** Bytes that the consumer has read; modulo 2^32. */
  get read() {
    return streamRead(this.#shared);
  }
  /** Whether there is memory for `length` bytes, all of them. */
  hasMemoryFor(length) {
    this.reclaimIfDrained();
    return chainRoom(this.#memory, this.#tail, length) === length;
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
  /** Writes its place into four words from `at` on. */
  save(words, at) {
    words[at] = this.position;
    words[at + 1] = this.#epoch;
    words[at + 2] = this.#block;
    words[at + 3] = this.#offset;
  }
  /** Stands where the cursor stood that wrote these words. */
  restore(words, at) {
    this.position = words[at];
    this.#epoch = words[at + 1];
    this.#block = words[at + 2];
    this.#offset = words[at + 3];
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

// src/tcp/out_of_order.ts
var Stored = {
  /** All of them are held (or were held already). */
  all: 0,
  /** Some were not: the connection holds as many ranges as it may. */
  rangeLimit: 1,
  /** Some were not: the receive pool is empty. */
  noMemory: 2
};
var SACK_BLOCKS_MAX2 = 4;
var OutOfOrder = class {
  count = 0;
  /** Bytes held. */
  bytes = 0;
  /**
   * A number in each of the ranges that changed last, the newest first, `recentCount` of them: the order of
   * SACK blocks (RFC 2018 section 4). A range that is gone or has grown together with another leaves its
   * number behind.
   */
  recent = new Int32Array(SACK_BLOCKS_MAX2);
  recentCount = 0;
  /** Bytes of the last segment that were held already (RFC 2883): left and right edge, equal when none. */
  duplicateLeft = 0;
  duplicateRight = 0;
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
    this.duplicateLeft = seq;
    this.duplicateRight = seq;
    const stored = this.#store(memory, seq, offset, length);
    this.#noteRecent(seq);
    return stored;
  }
  #store(memory, seq, offset, length) {
    const end2 = seqAdd(seq, length);
    let from = seq;
    let index = 0;
    while (seqLt(from, end2)) {
      while (index < this.count && seqLt(this.right[index], from)) index++;
      const touches = index < this.count && !seqGt(this.left[index], from);
      if (touches && seqGt(this.right[index], from)) {
        this.#noteDuplicate(from, seqMin(this.right[index], end2));
        from = this.right[index];
        continue;
      }
      const source = offset + seqDiff(from, seq);
      const stored = touches ? this.#extend(memory, index, end2, source) : this.#open(memory, index, from, end2, source);
      if (stored !== Stored.all) return stored;
      from = this.right[index];
      this.#joinNext(memory, index);
    }
    return Stored.all;
  }
  /** The first part that was held already, and what follows on it without a hole. */
  #noteDuplicate(left, right) {
    const none = this.duplicateLeft === this.duplicateRight;
    if (none) this.duplicateLeft = left;
    if (none || this.duplicateRight === left) this.duplicateRight = right;
  }
  /** The index of the range that holds this number, or -1. */
  indexOf(seq) {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = low + high >> 1;
      if (seqGt(this.right[middle], seq)) high = middle;
      else low = middle + 1;
    }
    return low < this.count && !seqGt(this.left[low], seq) ? low : -1;
  }
  /** A segment that begins at `seq` is the newest. */
  #noteRecent(seq) {
    let kept = 0;
    const range = this.indexOf(seq);
    if (range < 0) return;
    for (let i = 0; i < this.recentCount; i++) {
      const other = this.indexOf(this.recent[i]);
      if (other >= 0 && other !== range) this.recent[kept++] = this.recent[i];
    }
    if (kept === SACK_BLOCKS_MAX2) kept--;
    for (let i = kept; i > 0; i--) this.recent[i] = this.recent[i - 1];
    this.recent[0] = seq;
    this.recentCount = kept + 1;
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

// src/tcp/receive_buffer.ts
var DuplicateReport = class {
  pending = false;
  /** The sequence numbers that came again. */
  left = 0;
  right = 0;
};
var ReceiveBuffer = class {
  /** Most bytes that may be held; what is advertised never exceeds it. Grows with use. */
  limitBytes;
  stream;
  /** Made when the first segment arrives out of order, gone when the last gap closes. */
  outOfOrder = null;
  /** What was received twice and is not reported yet; there once that has happened (RFC 2883). */
  duplicate = null;
  #memory;
  #rangeLimit;
  /** `resume` goes on with the stream of a buffer that was drained. */
  constructor(memory, words, limitBytes, rangeLimit, resume = false) {
    this.#memory = memory;
    this.limitBytes = limitBytes;
    this.#rangeLimit = rangeLimit;
    this.stream = new StreamWriter(memory, words, resume);
  }
  /** Whether nothing is held, once what was read is given back: another buffer could take its place. */
  get isDrained() {
    if (this.outOfOrder !== null) return false;
    this.stream.reclaim();
    return this.stream.isDrained;
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
  /**
   * Whether memory is scarce and this buffer with `moreBytes` would hold more than its share: windows were promised when there
   * was more, and peers whose bytes nobody reads, or who leave gaps, must not starve the others.
   */
  #isGreedy(moreBytes) {
    const { pool: pool2, shareBytes } = this.#memory;
    if (!pool2.isScarce) return false;
    const ahead = this.outOfOrder;
    const aheadBytes = ahead === null ? 0 : ahead.bytes + ahead.count * pool2.blockBytes;
    return this.stream.pending + aheadBytes + moreBytes > shareBytes;
  }
  /** Holds the bytes of a segment that starts behind a gap. */
  acceptAhead(seq, offset, length) {
    if (this.#isGreedy(this.#memory.pool.blockBytes)) return Stored.noMemory;
    this.outOfOrder ??= new OutOfOrder(this.#rangeLimit);
    const stored = this.outOfOrder.insert(this.#memory, seq, offset, length);
    if (this.outOfOrder.count === 0) this.outOfOrder = null;
    return stored;
  }
  #append(segment, from, to, offset) {
    const length = seqDiff(to, from);
    if (length === 0) return from;
    while (this.#isGreedy(0)) {
      if (this.outOfOrder === null || this.outOfOrder.count === 0) return from;
      this.outOfOrder.dropLast(this.#memory);
    }
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

// src/tcp/duplicate_report.ts
function reportDuplicate(conn, left, right, config) {
  const { receive } = conn;
  if (!conn.sack || !config.dsack || receive === null || !seqLt(left, right)) return;
  receive.duplicate ??= new DuplicateReport();
  const report = receive.duplicate;
  report.pending = true;
  report.left = left;
  report.right = right;
}
function extendDuplicate(conn, left, right, config) {
  const report = conn.receive === null ? null : conn.receive.duplicate;
  if (report === null || !report.pending) return reportDuplicate(conn, left, right, config);
  if (seqGt(left, report.right) || seqGt(report.left, right)) return;
  if (seqLt(left, report.left)) report.left = left;
  if (seqGt(right, report.right)) report.right = right;
}
function reportUnacceptable(conn, seq, end2, config) {
  if (seq === end2 || !seqLt(seq, conn.rcvNxt)) return;
  enterQuickAcks(conn, config);
  reportDuplicate(conn, seq, seqMin(end2, conn.rcvNxt), config);
}
function reportOverlap(conn, end2, config) {
  const queue = conn.receive.outOfOrder;
  if (queue === null) return;
  let high = end2;
  for (let i = 0; i < queue.count && seqLt(queue.left[i], high); i++) {
    const before = high;
    high = seqMin(high, queue.right[i]);
    extendDuplicate(conn, queue.left[i], before, config);
  }
}

// src/tcp/negotiation.ts
var DEFAULT_MSS_IPV4 = 536;
var DEFAULT_MSS_IPV6 = 1220;
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
  negotiateOptions(conn, syn, config, mtu, nowUs);
  if (config.mtuProbing === "always") beginSearch(conn, config, nowUs);
  const accurate = conn.ecn?.accurate ?? null;
  if (accurate !== null && (syn.options & OptionBit.accurateEcn) !== 0) {
    noteOption(conn, accurate, syn);
  }
  const window = initialWindow(config.initialWindowSegments, conn.sndMss);
  adoptCongestion(conn, createCongestion(config.congestion, window, conn.iss), config);
  if (conn.backoffs > 1) beginWithOneSegment(conn);
  conn.sendLimit = config.sendBufferInitialBytes;
}
function beginWithOneSegment(conn) {
  conn.congestion.cwndBytes = conn.sndMss;
}
function defaultMss(conn) {
  return isIpv4Words(conn.remote0, conn.remote1, conn.remote2) ? DEFAULT_MSS_IPV4 : DEFAULT_MSS_IPV6;
}
function negotiateOptions(conn, syn, config, mtu, nowUs) {
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
  const announced = (options & OptionBit.mss) !== 0 ? syn.mss : defaultMss(conn);
  conn.mssLimit = conn.mssClamp > 0 ? Math.min(announced, conn.mssClamp) : announced;
  conn.linkMtu = mtu;
  if (conn.pathMtu === 0 || conn.pathMtu > mtu) conn.pathMtu = mtu;
  updateSegmentSize(conn);
}

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
  let field = window >> scale;
  if (field << scale < promised) {
    const space = conn.receive === null ? 0 : conn.receive.space;
    if (field + 1 << scale < space + (1 << scale)) field++;
  }
  const edge = seqAdd(conn.rcvNxt, field << scale);
  if (seqDiff(edge, conn.rcvAdvertised) > 0) conn.rcvAdvertised = edge;
  return field;
}
function measureReceiverRtt(conn, nowUs) {
  if (!seqGe(conn.rcvNxt, conn.tuneSeq)) return;
  const sample2 = Math.max(1, nowUs - conn.tuneAtUs);
  conn.tuneRttUs = conn.tuneRttUs === 0 ? sample2 : Math.min(sample2, Math.round((7 * conn.tuneRttUs + sample2) / 8));
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
    const mayGrow = config.receiveAutoTuning && !conn.receiveBufferFixed;
    if (mayGrow && 2 * read > receive.limitBytes) {
      receive.limitBytes = Math.min(config.receiveBufferMaxBytes, 2 * receive.limitBytes);
    }
    conn.tuneReadMark = readPosition;
    conn.tuneReadAtUs = nowUs;
  }
  const promised = seqDiff(conn.rcvAdvertised, conn.rcvNxt);
  if (promised < receive.limitBytes >> 1 && receiveWindow(conn) > promised) conn.ackPending = true;
  if (isAckDueAfterRead(conn)) conn.ackPending = true;
}

// src/tcp/input.ts
var SACK_RANGES_TOLD = 3;
var PAWS_IDLE_US = 24 * 86400 * 1e6;
function onSegment(conn, segment, nowUs, context) {
  conn.segmentsReceived++;
  if (segment.payloadLength > 0) {
    conn.textSegmentsReceived += segment.gsoSize > 0 ? Math.ceil(segment.payloadLength / segment.gsoSize) : 1;
  }
  if (conn.state === State.SYN_SENT) return onSynSent(conn, segment, nowUs, context);
  return onOtherStates(conn, segment, nowUs, context);
}
var SYN_AGAIN_US = 2e3;
function echoesOther(conn, segment, nowUs, config) {
  const has = config.timestamps && (segment.options & OptionBit.timestamps) !== 0;
  if (!has || segment.tsEcho === 0) return false;
  const now = seqAdd(Math.floor(nowUs / 1e3), conn.tsOffset);
  const first = seqAdd(Math.floor(conn.rttSentAtUs / 1e3), conn.tsOffset);
  return seqLt(segment.tsEcho, first) || seqGt(segment.tsEcho, now);
}
function onSynSent(conn, segment, nowUs, context) {
  const flags = segment.flags;
  const hasAck = (flags & Flag.ACK) !== 0;
  if (hasAck && (seqLe(segment.ack, conn.iss) || seqGt(segment.ack, conn.sndMax))) {
    context.counters.drop(Drop.tcpAckInvalid);
    if (conn.backoffs === 0 && conn.sndNxt !== conn.iss) conn.retransmitAtUs = nowUs + SYN_AGAIN_US;
    return (flags & Flag.RST) !== 0 ? Outcome.none : Outcome.reset;
  }
  if (hasAck && echoesOther(conn, segment, nowUs, context.config)) {
    context.counters.drop(Drop.tcpTimestampOld);
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
  if (conn.fastOpen !== null) {
    settleSynData(conn, segment.ack);
    context.fastOpen.onSynAck(conn, segment);
  }
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
    reportUnacceptable(conn, segment.seq, endOf(segment), context.config);
    return answerToUnusable(segment);
  }
  if (!isAcceptable(conn, segment)) {
    counters.drop(Drop.tcpOutOfWindow);
    if ((segment.flags & Flag.RST) !== 0) return Outcome.none;
    const isFinAgain = conn.state === State.TIME_WAIT && (segment.flags & Flag.FIN) !== 0;
    if (isFinAgain) restartTimeWait(conn, nowUs, context.config);
    reportUnacceptable(conn, segment.seq, endOf(segment), context.config);
    return answerToUnusable(segment);
  }
  conn.lastReceivedAtUs = nowUs;
  conn.keepaliveProbesSent = 0;
  if ((segment.flags & Flag.RST) !== 0) return onReset(conn, segment, context);
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
  rememberTimestamp(conn, segment, nowUs);
  if (conn.ecn !== null) takeMarks(conn, conn.ecn, segment, counters);
  if ((segment.flags & Flag.URG) !== 0) noteUrgent(conn, segment);
  return takeText(conn, segment, nowUs, context);
}
function answerToUnusable(segment) {
  const hasText = segment.payloadLength > 0 || (segment.flags & Flag.FIN) !== 0;
  return hasText ? Outcome.ack : Outcome.challenge;
}
function endOf(segment) {
  return seqAdd(segment.seq, segmentLength(segment));
}
function mayReopen(conn, segment) {
  const flags = segment.flags & (Flag.SYN | Flag.RST | Flag.ACK);
  if (flags !== Flag.SYN) return false;
  if (conn.timestamps && (segment.options & OptionBit.timestamps) !== 0) {
    const age = seqDiff(conn.tsRecent, segment.tsValue);
    if (age !== 0) return age < 0;
  }
  return seqGt(segment.seq, conn.rcvNxt);
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
function onReset(conn, segment, context) {
  const { counters } = context;
  if (conn.state === State.TIME_WAIT && context.config.timeWaitIgnoresResets) return Outcome.none;
  if (segment.seq !== conn.rcvNxt) {
    counters.drop(Drop.tcpResetChallenged);
    return Outcome.challenge;
  }
  counters.count(Counter.resetsIn);
  switch (conn.state) {
    case State.SYN_RECEIVED:
      end(conn, isOpenEarly(conn) ? ConnectionError.reset : ConnectionError.refused);
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
    const first = seqAdd(conn.iss, 1);
    const early = isOpenEarly(conn);
    const last = conn.fastOpen === null ? first : conn.sndMax;
    if (seqLt(segment.ack, first) || seqGt(segment.ack, last)) {
      counters.drop(Drop.tcpAckInvalid);
      return Outcome.reset;
    }
    setWindow(conn, segment, scale);
    const accurate = conn.ecn?.accurate ?? null;
    if (accurate !== null) takeHandshakeAck(accurate, segment);
    if (!early) {
      if (conn.fastOpen !== null) settleSynData(conn, segment.ack);
      establish(conn, segment, nowUs, context.config);
      return Outcome.none;
    }
    establishEarly(conn, nowUs, context.config);
    if (segment.ack === first) return Outcome.none;
  }
  const tooNew = seqGt(segment.ack, conn.sndMax);
  if (tooNew || seqLt(segment.ack, seqAdd(conn.sndUna, -conn.sndWndMax))) {
    counters.drop(Drop.tcpAckInvalid);
    return Outcome.challenge;
  }
  const windowBefore = conn.sndWnd;
  if (mayUpdateWindow(conn, segment, scale)) setWindow(conn, segment, scale);
  onAcknowledgment(conn, segment, windowBefore, nowUs, counters, context.config);
  const finAcked = conn.finQueued && conn.send !== null && isFinAcknowledged(conn);
  if (finAcked) afterFinAcknowledged(conn, nowUs, context.config);
  return Outcome.none;
}
function mayUpdateWindow(conn, segment, scale) {
  if (seqLt(segment.ack, conn.sndUna)) return false;
  if (seqGt(segment.ack, conn.sndUna) || seqGt(segment.seq, conn.sndWl1)) return true;
  const window = segment.window << scale;
  return segment.seq === conn.sndWl1 && (window > conn.sndWnd || window === 0);
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
function takeSynText(conn, segment, nowUs, context) {
  takeText(conn, segment, nowUs, context);
}
function takeText(conn, segment, nowUs, context) {
  const { counters } = context;
  const hasFin = (segment.flags & Flag.FIN) !== 0;
  if (segment.payloadLength === 0 && !hasFin) return Outcome.none;
  if (!canReceiveData(conn.state) && !(conn.state === State.SYN_RECEIVED && isOpenEarly(conn))) {
    if (segment.payloadLength > 0) counters.drop(Drop.tcpDuplicate);
    conn.ackPending = true;
    return Outcome.none;
  }
  const start = seqAdd(segment.seq, (segment.flags & Flag.SYN) !== 0 ? 1 : 0);
  const end2 = seqAdd(start, segment.payloadLength);
  if (isUnwanted(conn) && seqGt(end2, conn.rcvNxt)) {
    counters.drop(Drop.tcpDataAfterClose);
    abort(conn);
    return Outcome.reset;
  }
  const clipped = seqMin(end2, conn.rcvAdvertised);
  if (clipped !== end2) {
    counters.drop(Drop.tcpOutOfWindow);
    conn.ackPending = true;
  }
  if (seqGt(start, conn.rcvNxt)) {
    if (hasFin && clipped === end2) noteFinAhead(conn, end2);
    return takeAhead(conn, segment, start, clipped, nowUs, context);
  }
  const isLast = hasFin && clipped === end2;
  if (isLast && conn.state === State.ESTABLISHED) conn.interactive = true;
  const before = conn.rcvNxt;
  if (seqGt(clipped, before)) {
    takeInOrder(conn, segment, start, clipped, nowUs, context);
  } else if (segment.payloadLength > 0) {
    counters.drop(Drop.tcpDuplicate);
    reportUnacceptable(conn, start, endOf(segment), context.config);
    conn.ackPending = true;
  }
  const finReached = isLast ? seqGe(conn.rcvNxt, end2) : isFinAheadReached(conn);
  if (finReached) onFin(conn, nowUs, context.config);
  return Outcome.none;
}
function isUnwanted(conn) {
  if (conn.owner === Owner.none) return true;
  return conn.readShut && (conn.state === State.FIN_WAIT_1 || conn.state === State.FIN_WAIT_2);
}
function takeAhead(conn, segment, start, end2, nowUs, context) {
  const { counters, config } = context;
  const length = seqDiff(end2, start);
  if (length > 0) {
    conn.segmentsOutOfOrder++;
    counters.count(Counter.segmentsOutOfOrder);
    const rangesBefore = conn.receive.outOfOrder?.count ?? 0;
    const stored = conn.receive.acceptAhead(start, segment.payloadOffset, length);
    if (stored === Stored.rangeLimit) counters.drop(Drop.tcpOutOfOrderLimit);
    if (stored === Stored.noMemory) counters.drop(Drop.tcpNoMemory);
    const ahead = conn.receive.outOfOrder;
    if (ahead !== null) {
      reportDuplicate(conn, ahead.duplicateLeft, ahead.duplicateRight, config);
      const isNew = ahead.count > rangesBefore && ahead.count >= SACK_RANGES_TOLD;
      if (isNew && conn.acksHeld > 0) return Outcome.ack;
    }
  }
  return acknowledgeGap(conn, nowUs, config, counters);
}
function noteFinAhead(conn, seq) {
  conn.finAhead = true;
  conn.finAheadSeq = seq;
}
function isFinAheadReached(conn) {
  return conn.finAhead && conn.rcvNxt === conn.finAheadSeq;
}
function takeInOrder(conn, segment, start, end2, nowUs, context) {
  const { counters, config } = context;
  const before = conn.rcvNxt;
  const hadGap = conn.receive.outOfOrder !== null;
  if (seqLt(start, before)) reportDuplicate(conn, start, before, config);
  if (hadGap) reportOverlap(conn, end2, config);
  const offset = segment.payloadOffset + seqDiff(before, start);
  conn.rcvNxt = conn.receive.acceptInOrder(segment, before, end2, offset);
  const taken = seqDiff(conn.rcvNxt, before);
  if (seqLt(conn.rcvNxt, end2)) counters.drop(Drop.tcpNoMemory);
  conn.bytesReceived += taken;
  counters.add(Counter.bytesIn, taken);
  conn.news = News.loud;
  if (conn.urgent && seqGe(conn.rcvNxt, conn.rcvUrgent)) conn.urgent = false;
  measureReceiverRtt(conn, nowUs);
  const gapClosed = hadGap && conn.receive.outOfOrder === null;
  scheduleAck(conn, segment, taken, gapClosed, nowUs, config, counters);
}
function onFin(conn, nowUs, config) {
  conn.rcvNxt = seqAdd(conn.rcvNxt, 1);
  if (seqLt(conn.rcvAdvertised, conn.rcvNxt)) conn.rcvAdvertised = conn.rcvNxt;
  conn.finReceived = true;
  conn.receive?.discardAhead();
  conn.finAhead = false;
  conn.news = News.loud;
  switch (conn.state) {
    case State.SYN_RECEIVED:
    case State.ESTABLISHED:
      conn.state = State.CLOSE_WAIT;
      acknowledgeSoon2(conn, nowUs, config);
      break;
    case State.FIN_WAIT_1:
      conn.ackPending = true;
      conn.state = State.CLOSING;
      break;
    case State.FIN_WAIT_2:
      conn.ackPending = true;
      enterTimeWait(conn, nowUs, config);
      break;
  }
}
function acknowledgeSoon2(conn, nowUs, config) {
  const atUs = nowUs + config.delayedAckMs * 1e3;
  if (config.delayedAckMs === 0 || conn.bytesReceived === 0) conn.ackPending = true;
  else if (atUs < conn.delayedAckAtUs) conn.delayedAckAtUs = atUs;
}
function establish(conn, segment, nowUs, config) {
  conn.sndNxt = segment.ack;
  conn.sndMax = segment.ack;
  conn.retransmitAtUs = NEVER;
  beginEstablished(conn, segment.ack, nowUs, config);
  if (conn.finQueued) conn.state = State.FIN_WAIT_1;
}
function establishEarly(conn, nowUs, config) {
  beginEstablished(conn, seqAdd(conn.iss, 1), nowUs, config);
  if (conn.finQueued) conn.state = State.FIN_WAIT_1;
  const unacked = conn.sndMax !== conn.sndUna;
  conn.unackedSinceUs = unacked ? nowUs : NEVER;
  conn.retransmitAtUs = unacked ? nowUs + conn.rtt.backedOff(0) : NEVER;
}
function beginEstablished(conn, una, nowUs, config) {
  conn.state = State.ESTABLISHED;
  conn.sndUna = una;
  if (conn.timing) conn.rtt.sample(nowUs - conn.rttSentAtUs);
  conn.timing = false;
  if (conn.handshakeTimedOut) {
    conn.rtt.rtoUs = Math.max(conn.rtt.rtoUs, Math.min(3e6, config.rtoMaxMs * 1e3));
  }
  conn.backoffs = 0;
  conn.rtoShift = 0;
  conn.repeatedSinceUs = NEVER;
  conn.news = News.loud;
  conn.tuneSeq = seqAdd(conn.rcvNxt, receiveWindow(conn));
  conn.tuneAtUs = nowUs;
  conn.tuneReadAtUs = nowUs;
}

// src/tcp/records.ts
function untilRecordEnd(conn, position, unsent) {
  const ends = conn.recordEnds;
  if (ends === null) return unsent;
  const { sndUna, iss } = conn;
  while (ends.length > 0 && (ends[0] - (sndUna - iss - 1) | 0) <= 0) ends.shift();
  for (const end2 of ends) {
    const length = end2 - position | 0;
    if (length > 0) return Math.min(unsent, length);
  }
  return unsent;
}

// src/tcp/sack_output.ts
var BLOCKS_WITH_TIMESTAMPS = 3;
var BLOCKS = 4;
var HEAD_BYTES = 4;
var BLOCK_BYTES = 8;
function addSackBlocks(conn, out2, roomBytes, counters) {
  if (!conn.sack || conn.receive === null) return;
  const { duplicate: report, outOfOrder: queue } = conn.receive;
  const duplicate = report !== null && report.pending;
  if (queue === null && !duplicate) return;
  const fits = Math.floor((roomBytes - HEAD_BYTES) / BLOCK_BYTES);
  const most = Math.min(fits, conn.timestamps ? BLOCKS_WITH_TIMESTAMPS : BLOCKS);
  if (most <= 0) return;
  let count = 0;
  if (duplicate) {
    setBlock(out2, count++, report.left, report.right);
    report.pending = false;
    counters.count(Counter.duplicatesReported);
  }
  if (queue !== null) {
    for (let i = 0; i < queue.recentCount && count < most; i++) {
      const range = queue.indexOf(queue.recent[i]);
      if (range < 0 || isNamedBefore(conn, i, range)) continue;
      setBlock(out2, count++, queue.left[range], queue.right[range]);
    }
  }
  out2.sackCount = count;
  if (count > 0) out2.options |= OptionBit.sack;
}
function isNamedBefore(conn, noted, range) {
  const queue = conn.receive.outOfOrder;
  for (let i = 0; i < noted; i++) {
    if (queue.indexOf(queue.recent[i]) === range) return true;
  }
  return false;
}
function setBlock(out2, index, left, right) {
  switch (index) {
    case 0:
      out2.sackLeft0 = left;
      out2.sackRight0 = right;
      break;
    case 1:
      out2.sackLeft1 = left;
      out2.sackRight1 = right;
      break;
    case 2:
      out2.sackLeft2 = left;
      out2.sackRight2 = right;
      break;
    default:
      out2.sackLeft3 = left;
      out2.sackRight3 = right;
  }
}

// src/tcp/sink.ts
var FIRST_PIECE = 2;

// src/tcp/output.ts
var OPTION_BYTES = 40;
var out = new Segment();
function output(conn, nowUs, context) {
  if (conn.state === State.CLOSED) return;
  if (conn.state === State.SYN_SENT || conn.state === State.SYN_RECEIVED) {
    const waits = conn.fastOpen !== null && conn.fastOpen.waiting && conn.send.end === 0 && !conn.finQueued;
    if (conn.sndNxt === conn.iss && !waits) sendSyn(conn, nowUs, context);
    else if (conn.ackPending && conn.state === State.SYN_RECEIVED) sendAck(conn, nowUs, context);
    if (!isOpenEarly(conn) || conn.sndNxt === conn.iss) return;
    sendData(conn, nowUs, context);
    conn.loss.probeAtUs = NEVER;
    return;
  }
  sendData(conn, nowUs, context);
  const paced = conn.pacer !== null && conn.pacer.wakeAtUs !== NEVER;
  if (conn.loss !== null && !paced && giveUpFrto(conn, conn.loss)) sendData(conn, nowUs, context);
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
  if (conn.unackedSinceUs === NEVER) conn.unackedSinceUs = nowUs;
  const text = conn.fastOpen === null || again ? 0 : beginFastOpen(conn, out);
  const next = seqAdd(conn.iss, 1 + text);
  if (!isOpenEarly(conn) || !again) conn.sndNxt = next;
  if (seqGt(next, conn.sndMax)) conn.sndMax = next;
  if (again) {
    conn.timing = false;
    countRetransmission(conn, 0, counters);
  } else {
    conn.timing = true;
    conn.rttSentAtUs = nowUs;
  }
  if (conn.retransmitAtUs === NEVER) {
    conn.retransmitAtUs = nowUs + synTimeoutUs(conn, config);
  }
  out.payloadLength = text;
  const end2 = text > 0 ? conn.send.gather(0, text, sink.pieces, FIRST_PIECE) : FIRST_PIECE;
  if (text > 0) counters.add(Counter.bytesOut, text);
  emit(conn, text, end2, nowUs, context);
}
function sendAck(conn, nowUs, context) {
  begin(conn, sequenceWithoutText(conn), Flag.ACK);
  acknowledge(conn, nowUs, context);
  addSackBlocks(conn, out, OPTION_BYTES, context.counters);
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
  turnAround(out, segment);
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
  context.counters.count(Counter.keepaliveProbes);
  askForAck(conn, nowUs, context);
}
function askForAck(conn, nowUs, context) {
  begin(conn, seqAdd(conn.sndUna, -1), Flag.ACK);
  acknowledge(conn, nowUs, context);
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
  context.counters.count(Counter.lossProbes);
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
  conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.rtoShift);
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
  if (conn.sndWnd === 0) {
    context.counters.count(Counter.zeroWindowProbes);
    return askForAck(conn, nowUs, context);
  }
  const unsent = conn.send.end - positionOf(conn, conn.sndNxt) | 0;
  if (unsent <= 0 && !conn.finQueued) return;
  sendNew(conn, Math.min(Math.max(0, unsent), conn.sndWnd, conn.sndMss), nowUs, context);
}
function positionOf(conn, seq) {
  return seq - conn.iss - 1 | 0;
}
function sendData(conn, nowUs, context) {
  const { send, loss } = conn;
  if (send === null || loss === null) return;
  if (conn.pacer !== null) conn.pacer.wakeAtUs = NEVER;
  const isLost = loss.queue.lostBytes > loss.queue.againBytes;
  if (isLost && !sendsNewFirst(loss) && !repeatLost(conn, nowUs, context)) return;
  if (conn.pathMtuEndUs <= nowUs) forgetPathMtu(conn);
  const before = conn.sndNxt;
  let stopped = false;
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
    if (flight === 0 && unsent > 0) onTransmitStart(conn, nowUs, context.config);
    const onPath = conn.congestion.cwndBytes - pipeOf(conn);
    if (unsent <= 0) {
      if (conn.sndWnd - flight < 1) return persistIfIdle(conn, nowUs);
      sendNew(conn, 0, nowUs, context);
      break;
    }
    const room = Math.min(conn.sndWnd - flight, onPath);
    const length = lengthToSend(conn, unsent, room, superBytesFor(conn, context));
    if (length === 0) {
      stopped = onPath < conn.sndMss;
      if (flight === 0) return persistIfIdle(conn, nowUs);
      break;
    }
    if (conn.persisting) endProbing(conn);
    if (conn.pacer !== null && conn.pacer.holdsBack(nowUs)) break;
    sendNew(conn, length, nowUs, context);
  }
  noteUse(conn, stopped, before);
}
function noteUse(conn, stopped, before) {
  const pipe = pipeOf(conn);
  const { cwndBytes } = conn.congestion;
  if (stopped || conn.sndNxt !== before) validateWindow(conn, pipe, stopped);
  const unsent = conn.send.end - positionOf(conn, conn.sndNxt) | 0;
  if (unsent < conn.sndMss && pipe < cwndBytes) conn.loss.queue.rate.onAppLimited(pipe);
}
function sendMtuProbe(conn, search, nowUs, context) {
  const loss = conn.loss;
  const unsent = conn.send.end - positionOf(conn, conn.sndNxt) | 0;
  const room = conn.congestion.cwndBytes - pipeOf(conn);
  const length = probeLength(conn, search, loss, unsent, room, context.config, nowUs);
  if (length === 0 || !context.sink.hasRoom(conn)) return;
  if (conn.pacer !== null && conn.pacer.holdsBack(nowUs)) return;
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
    if (conn.pacer !== null && conn.pacer.holdsBack(nowUs)) return false;
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
  if (conn.repeatedSinceUs === NEVER) conn.repeatedSinceUs = nowUs;
  loss.undoPending += Math.max(1, Math.ceil(out.payloadLength / conn.sndMss));
  if (segment === queue.head && loss.phase === Phase.recovery) {
    conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.rtoShift);
  }
  queue.markAgain(segment, nowUs);
}
function superBytesFor(conn, context) {
  const accurate = conn.ecn === null ? null : conn.ecn.accurate;
  const superBytes = accurate !== null && mustCutHere(accurate) ? 0 : context.sink.superBytes;
  return conn.pacer === null ? superBytes : conn.pacer.quantum(conn.sndMss, superBytes);
}
function isFinSent(conn) {
  return seqGt(conn.sndNxt, seqAdd(conn.iss, 1 + conn.send.end));
}
function lengthToSend(conn, unsent, room, superBytes) {
  if (conn.recordEnds === null) return worthSending(conn, unsent, room, superBytes);
  const due = untilRecordEnd(conn, positionOf(conn, conn.sndNxt), unsent);
  if (due < unsent && due < conn.sndMss && due <= room) return due;
  return worthSending(conn, due, room, superBytes);
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
  conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.rtoShift);
}
function sendNew(conn, length, nowUs, context) {
  const seq = conn.sndNxt;
  const behind = positionOf(conn, seqAdd(seq, length));
  const fin = conn.finQueued && behind === conn.send.end ? 1 : 0;
  const next = seqAdd(seq, length + fin);
  if (length % conn.sndMss !== 0 && !conn.mtuSearch?.sending) conn.sndSmall = next;
  if (length > 0 && seq === conn.sndMax) onTextSent(conn, nowUs);
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
  acknowledge(conn, nowUs, context);
  if (length < conn.sndMss) addSackBlocks(conn, out, conn.sndMss - length, counters);
  out.payloadLength = length;
  if (length > conn.sndMss && !conn.mtuSearch?.sending) out.gsoSize = conn.sndMss;
  const end2 = length > 0 ? send.gather(position, length, sink.pieces, FIRST_PIECE) : FIRST_PIECE;
  if (seqLt(seq, conn.sndMax)) {
    countRetransmission(conn, length, counters);
  }
  conn.loss.sentBytes += length;
  if (conn.pacer !== null && length > 0) conn.pacer.onSent(length, conn.sndMss, nowUs);
  if (conn.unackedSinceUs === NEVER) conn.unackedSinceUs = nowUs;
  if (conn.retransmitAtUs === NEVER) {
    conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.rtoShift);
  }
  emit(conn, length, end2, nowUs, context);
}
function countRetransmission(conn, length, counters) {
  const segments = Math.max(1, Math.ceil(length / conn.sndMss));
  conn.segmentsRetransmitted += segments;
  conn.bytesRetransmitted += length;
  counters.add(Counter.segmentsRetransmitted, segments);
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
function acknowledge(conn, nowUs, context) {
  out.window = advertise(conn);
  if (conn.timestamps) addTimestamps(conn, nowUs);
  conn.lastAckSent = conn.rcvNxt;
  onAckSent(conn, context.config);
}
function addTimestamps(conn, nowUs) {
  out.options |= OptionBit.timestamps;
  out.tsValue = Math.floor(nowUs / 1e3) + conn.tsOffset | 0;
  out.tsEcho = (out.flags & Flag.ACK) !== 0 ? conn.tsRecent : 0;
}
function emit(conn, length, end2, nowUs, context) {
  if (conn.ecn !== null && (out.flags & Flag.SYN) === 0) stampEcn(conn, conn.ecn, out);
  const wireSegments = out.gsoSize > 0 ? Math.ceil(length / out.gsoSize) : 1;
  conn.segmentsSent += wireSegments;
  conn.bytesSent += length;
  if (length > 0) {
    conn.lastTextSentAtUs = nowUs;
    conn.textSegmentsSent += wireSegments;
  }
  context.counters.add(Counter.segmentsOut, wireSegments);
  context.sink.send(out, end2);
}

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
  /** The least timeout. */
  get minRtoUs() {
    return this.#minRtoUs;
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

// src/tcp/syn_cookie.ts
var COOKIE_VALID_US = 128e6;
var OWN_TIMESTAMP_MS = 3e5;
var COUNT_US = 64e6;
var AGE_MAX = 2;
var MSS_IPV4 = [
  536,
  1300,
  1440,
  1460
];
var MSS_IPV6 = [
  1220,
  1420,
  1440,
  8940
];
var MSS_VALUES = 4;
var SCALE_BITS = 15;
var NO_SCALE = 15;
var SACK_BIT = 16;
var ECN_BIT = 32;
var OPTION_BITS = 63;
var OPTION_STEP = 64;
var COOKIE = 1;
var OFFSET = 2;
var SynCookies = class {
  /** Whether the secret was given, so that another host may have made what comes back here. */
  isShared;
  #hashes;
  #originUs;
  /** `originUs` makes the time of day of the stack's time, which hosts with one secret must share. */
  constructor(secret, random, originUs) {
    this.isShared = secret !== "";
    this.#hashes = hashesOf(secret, random);
    this.#originUs = originUs;
  }
  /**
   * What timestamps to this peer are ahead of the clock: the same for all its connections, so that a new one
   * continues where the last one was and its SYN is known to be new (RFC 6191, RFC 7323 section 5.8).
   */
  timestampOffset(ends) {
    const hash = this.#hashes[0];
    startWithAddresses(hash, ends, OFFSET);
    return hash.finish();
  }
  /** The initial sequence number that stands for this SYN. `segment.mss` is what the SYN has announced. */
  make(syn, ends, nowUs) {
    const hash = this.#hashes[0];
    return seqAdd(hashOf(hash, ends, syn.seq, this.#count(nowUs)), mssIndex(syn, ends));
  }
  /** The MSS that the cookie in this ACK tells, or 0 when it is none of ours or too old. */
  mssOf(ack, ends, nowUs) {
    const table = mssTable(ends);
    for (let i = 0; i < this.#hashes.length; i++) {
      const index = this.#indexOf(this.#hashes[i], ack, ends, nowUs);
      if (index < MSS_VALUES) return table[index];
    }
    return 0;
  }
  /** Whether cookies may come back to who has given the last one at that time. */
  mayComeBack(givenAtUs, nowUs) {
    return this.isShared || nowUs - givenAtUs < COOKIE_VALID_US;
  }
  /** What is ahead of the clock in the timestamps that the peer has seen: another host may have sent them. */
  offsetSeen(ack, ends, nowUs) {
    const offset = this.timestampOffset(ends);
    if ((ack.options & OptionBit.timestamps) === 0) return offset;
    const clock = Math.floor(nowUs / 1e3) | 0;
    const ageMs = seqDiff(clock + offset, ack.tsEcho);
    const isOwn = ageMs >= 0 && ageMs <= OWN_TIMESTAMP_MS;
    return isOwn ? offset : seqDiff(ack.tsEcho, clock);
  }
  #indexOf(hash, ack, ends, nowUs) {
    const cookie = seqAdd(ack.ack, -1);
    const synNumber = seqAdd(ack.seq, -1);
    const now = this.#count(nowUs);
    for (let age = 0; age < AGE_MAX; age++) {
      const index = seqDiff(cookie, hashOf(hash, ends, synNumber, now - age));
      if (index >= 0 && index < MSS_VALUES) return index;
    }
    return MSS_VALUES;
  }
  #count(nowUs) {
    return Math.floor((nowUs + this.#originUs) / COUNT_US);
  }
};
function hashOf(hash, ends, synNumber, count) {
  startWithAddresses(hash, ends, COOKIE);
  hash.word(ends.localPort << 16 | ends.remotePort);
  hash.word(synNumber);
  hash.word(count);
  return hash.finish();
}
function mssTable(ends) {
  return ends.remote2 === IPV4_MAPPED_W2 && (ends.remote0 | ends.remote1) === 0 ? MSS_IPV4 : MSS_IPV6;
}
function mssIndex(syn, ends) {
  const table = mssTable(ends);
  let index = table.length - 1;
  while (index > 0 && table[index] > syn.mss) index--;
  return index;
}
function reduceToCookie(syn, ends) {
  if ((syn.options & OptionBit.timestamps) === 0) {
    syn.options &= OptionBit.mss;
    syn.flags &= ~(Flag.ECE | Flag.CWR | Flag.AE);
  }
  if ((syn.flags & Flag.AE) !== 0) syn.flags &= ~(Flag.ECE | Flag.CWR | Flag.AE);
  syn.options &= OptionBit.mss | OptionBit.windowScale | OptionBit.sackPermitted | OptionBit.timestamps;
  syn.mss = mssTable(ends)[mssIndex(syn, ends)];
}
function cookieTimestamp(timestamp, scale, sack, ecn) {
  const options = (scale < 0 ? NO_SCALE : scale) | (sack ? SACK_BIT : 0) | (ecn ? ECN_BIT : 0);
  const value = timestamp & ~OPTION_BITS | options;
  return (value > timestamp ? value - OPTION_STEP : value) | 0;
}
function synFromAck(ack, syn, mss, timestampOffset) {
  syn.seq = seqAdd(ack.seq, -1);
  syn.flags = Flag.SYN;
  syn.window = Math.min(ack.window, 65535);
  syn.trafficClass = ack.trafficClass;
  syn.options = OptionBit.mss;
  syn.mss = mss;
  if ((ack.options & OptionBit.timestamps) === 0) return;
  const bits = seqDiff(ack.tsEcho, timestampOffset) & OPTION_BITS;
  syn.options |= OptionBit.timestamps;
  syn.tsValue = ack.tsValue;
  if ((bits & SACK_BIT) !== 0) syn.options |= OptionBit.sackPermitted;
  if ((bits & ECN_BIT) !== 0) syn.flags |= Flag.ECE | Flag.CWR;
  if ((bits & SCALE_BITS) === NO_SCALE) return;
  syn.options |= OptionBit.windowScale;
  syn.windowScale = bits & SCALE_BITS;
}

// src/tcp/report.ts
var WORD_MAX = 2147483647;
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
function reportNews(words, conn, events) {
  if (conn.send === null) return;
  reportProgress(words, conn);
  events.progressed(conn);
  if (conn.finReceived) words[conn.row + Row.rxFinished] = 1;
  if (conn.news === News.none) return;
  events.news(conn, conn.news === News.loud);
  conn.news = News.none;
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
  words[info + Info.rtoUs] = clamp(rtt.backedOff(conn.rtoShift));
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
  words[info + Info.options] = (conn.timestamps ? InfoOption.timestamps : 0) | (conn.sack ? InfoOption.sack : 0) | (conn.windowScale ? InfoOption.windowScale : 0) | ecnOption(conn) | (conn.fastOpen !== null && conn.fastOpen.acked ? InfoOption.synData : 0);
  words[row + Row.pathMtu] = conn.pathMtu;
  words[info + Info.retransmitTimeouts] = conn.retransmitTimeouts;
  words[info + Info.receiveBufferBytes] = conn.receive === null ? 0 : conn.receive.limitBytes;
  words[info + Info.congestion] = CONGESTION_NAMES.indexOf(congestion.name);
  words[info + Info.backoffs] = conn.backoffs;
  words[row + Row.softError] = conn.softError;
  words[row + Row.softErrors] = conn.softErrors;
  words[row + Row.urgentMarks] = conn.urgentMarks;
  if (conn.urgentUnread) reportUrgent(words, conn);
  reportRecovery(words, conn);
  reportSending(words, conn);
}
function reportUrgent(words, conn) {
  const row = conn.row;
  const end2 = seqDiff(conn.rcvUrgent, conn.irs) - 1;
  conn.urgentUnread = conn.receive !== null && (end2 - conn.receive.readPosition | 0) > 0;
  words[row + Row.urgentEnd] = end2;
  words[row + Row.urgentUnread] = conn.urgentUnread ? 1 : 0;
}
function ecnOption({ ecn }) {
  if (ecn === null) return 0;
  return ecn.accurate === null ? InfoOption.ecn : InfoOption.accurateEcn;
}
function reportRecovery(words, conn) {
  const at = conn.row + Row.recovery;
  const { loss } = conn;
  words[at + Recovery.ackDelayUs] = conn.ackDelayUs;
  words[at + Recovery.probesUnanswered] = conn.probesUnanswered;
  words[at + Recovery.undone] = conn.recoveriesUndone;
  if (loss === null) return;
  const { queue } = loss;
  words[at + Recovery.state] = recoveryState(conn);
  words[at + Recovery.reordering] = loss.reordering;
  words[at + Recovery.reorderingEvents] = loss.reorderingEvents;
  words[at + Recovery.duplicateReports] = loss.duplicateReports;
  words[at + Recovery.renegings] = loss.renegings;
  words[at + Recovery.sackedBytes] = queue.sackedBytes;
  words[at + Recovery.lostBytes] = queue.lostBytes;
  words[at + Recovery.againBytes] = queue.againBytes;
  putTotal(words, at + Recovery.deliveredBytes, loss.deliveredTotalBytes);
}
function recoveryState(conn) {
  const { loss } = conn;
  if (loss === null) return 0;
  if (loss.phase === Phase.recovery) return 3;
  if (loss.phase === Phase.loss) return 4;
  if (conn.ecn?.reducing) return 2;
  const missing = conn.sack ? loss.queue.sackedBytes : loss.duplicateAcks;
  return missing > 0 ? 1 : 0;
}
function reportSending(words, conn) {
  const at = conn.row + Row.sending;
  const { congestion, loss, pacer } = conn;
  words[at + Sending.phase] = congestion.phase;
  putTotal(words, at + Sending.pacingRate, pacer === null ? 0 : pacer.rate);
  putTotal(words, at + Sending.bandwidth, congestion.bandwidth);
  words[at + Sending.modelRttUs] = congestion.modelRttUs;
  if (loss === null) return;
  const { rate } = loss.queue;
  putTotal(words, at + Sending.deliveryRate, rate.bytesPerSecond);
  words[at + Sending.flags] = (conn.cwndLimited ? SendingFlag.windowLimited : 0) | (rate.isAppLimited ? SendingFlag.rateAppLimited : 0);
}
function clamp(value) {
  return value < WORD_MAX ? value : WORD_MAX;
}
function putTotal(words, at, value) {
  words[at] = value;
  words[at + 1] = value / 4294967296;
}
function readTotal(words, at) {
  return (words[at] >>> 0) + words[at + 1] * 4294967296;
}

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
  /** Writes its state into four words; nothing may be held. The application may be writing meanwhile. */
  sleep(words, at) {
    this.#acked.save(words, at);
  }
  /** Goes on from what {@link SendBuffer.sleep} wrote. */
  wake(words, at) {
    this.#acked.restore(words, at);
    this.#next.copyFrom(this.#acked);
    this.end = this.#acked.position;
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

// src/tcp/dormant.ts
var KEPT_WORDS = [
  ...[
    "owner",
    "iss",
    "sndUna",
    "sndWl1",
    "sndWl2",
    "sndWndMax",
    "sndScale",
    "mssClamp"
  ],
  ...[
    "irs",
    "rcvNxt",
    "rcvAdvertised",
    "rcvScale",
    "tsRecent",
    "tsOffset"
  ],
  ...[
    "lastAckSent",
    "quickAcks",
    "readSeen",
    "tuneSeq",
    "tuneReadMark",
    "synRetries"
  ],
  ...[
    "keepaliveProbes",
    "keepaliveProbesSent",
    "recoveriesUndone"
  ],
  ...[
    "flowLabel",
    "mssLimit",
    "linkMtu",
    "trafficClass",
    "hopLimit"
  ],
  ...[
    "ackDelayUs",
    "ackPushed",
    "lastSegmentBytes",
    "rtoShift"
  ],
  ...[
    "cwndFlightMax",
    "cwndUsageEnd"
  ]
];
var KEPT_NUMBERS = [
  ...[
    "tsRecentAtUs",
    "lastTextAtUs",
    "lastChallengeAtUs",
    "lastTextSentAtUs"
  ],
  ...[
    "lastReceivedAtUs",
    "tuneAtUs",
    "tuneRttUs",
    "tuneReadAtUs",
    "keepaliveAtUs"
  ],
  ...[
    "endAtUs",
    "finWait2Us",
    "keepaliveIdleUs",
    "keepaliveIntervalUs",
    "userTimeoutUs"
  ],
  ...[
    "segmentsSent",
    "segmentsReceived",
    "pathMtuEndUs",
    "cwndRestartedAtUs"
  ],
  ...[
    "textSegmentsSent",
    "textSegmentsReceived"
  ]
];
var SHOWN_WORDS = {
  state: Row.state,
  error: Row.error,
  sendLimit: Row.txLimit,
  pathMtu: Row.pathMtu,
  softError: Row.softError,
  softErrors: Row.softErrors,
  urgentMarks: Row.urgentMarks,
  sndWnd: Row.info + Info.sendWindow,
  sndMss: Row.info + Info.mssSend,
  rcvMss: Row.info + Info.mssReceive,
  segmentsRetransmitted: Row.info + Info.segmentsRetransmitted,
  segmentsOutOfOrder: Row.info + Info.segmentsOutOfOrder,
  duplicateAcksSeen: Row.info + Info.duplicateAcks,
  retransmitTimeouts: Row.info + Info.retransmitTimeouts
};
var SHOWN_TOTALS = {
  bytesSent: Row.info + Info.bytesSent,
  bytesReceived: Row.info + Info.bytesReceived,
  bytesRetransmitted: Row.info + Info.bytesRetransmitted
};
var SHOWN_RTT = {
  srttUs: Row.info + Info.rttUs,
  rttVarUs: Row.info + Info.rttVarUs,
  minUs: Row.info + Info.rttMinUs
};
var KEPT_FLAGS = [
  ...[
    "timestamps",
    "sack",
    "windowScale",
    "finQueued",
    "finReceived",
    "interactive"
  ],
  ...[
    "handshakeTimedOut",
    "cwndLimited",
    "noDelay",
    "receiveBufferFixed"
  ],
  ...[
    "sendBufferFixed",
    "cork",
    "keepAlive",
    "lingerZero"
  ],
  ...[
    "countedByAddress",
    "readShut"
  ]
];
var RESTING = {
  request: -1,
  urgent: false,
  urgentUnread: false,
  finAhead: false,
  acksHeld: 0,
  repeatedSinceUs: NEVER,
  probesUnanswered: 0,
  probedSinceUs: NEVER,
  ackPending: false,
  unackedBytes: 0,
  timing: false,
  backoffs: 0,
  unackedSinceUs: NEVER,
  retransmitAtUs: NEVER,
  persisting: false,
  delayedAckAtUs: NEVER,
  dirty: false,
  blocked: false
};
var KEPT_OBJECTS = [
  ...[
    "ecn",
    "mtuSearch",
    "fastOpen",
    "recordEnds",
    "pacer"
  ]
];
var SHOWN_WORD_NAMES = Object.keys(SHOWN_WORDS);
var SHOWN_TOTAL_NAMES = Object.keys(SHOWN_TOTALS);
var SHOWN_RTT_NAMES = Object.keys(SHOWN_RTT);
var RESTING_NAMES = Object.keys(RESTING);
var OCCUPIED = 0;
var FIRST_WORD = 1;
var FLAGS3 = FIRST_WORD + KEPT_WORDS.length;
var RTO = FLAGS3 + 1;
var SEND = RTO + 1;
var ROW_WORDS3 = SEND + 4;
var CWND = KEPT_NUMBERS.length;
var ROW_NUMBERS = CWND + 1;
var HAS_RECEIVE = 1 << KEPT_FLAGS.length;
var HAS_SEND = HAS_RECEIVE << 1;
if (KEPT_FLAGS.length > 28) throw new Error("The flags no longer fit into a word");
var DORMANT_BYTES = 4 * ROW_WORDS3 + 8 * ROW_NUMBERS;
var CHUNK_BITS = 10;
var CHUNK_ROWS = 1 << CHUNK_BITS;
var FORGETFUL = [
  "cubic",
  "newreno",
  "none"
];
function isAtRest(conn) {
  if (conn.state === State.SYN_SENT || conn.state === State.SYN_RECEIVED) return false;
  if (conn.sndUna !== conn.sndMax || conn.sndNxt !== conn.sndMax) return false;
  for (let i = 0; i < RESTING_NAMES.length; i++) {
    if (conn[RESTING_NAMES[i]] !== RESTING[RESTING_NAMES[i]]) return false;
  }
  const { loss, send, receive, pacer } = conn;
  if (pacer !== null && pacer.wakeAtUs !== NEVER) return false;
  if (loss !== null && !isLossAtRest(loss)) return false;
  if (send !== null && send.held !== 0) return false;
  return receive === null || receive.isDrained;
}
function isLossAtRest(loss) {
  return loss.phase === Phase.open && loss.queue.head === NO_SEGMENT && !loss.probing && loss.reorderAtUs === NEVER && loss.probeAtUs === NEVER;
}
function hasLearned(conn, loss) {
  return conn.segmentsRetransmitted > 0 || loss.reorderingSeen || loss.duplicateBytes > 0;
}
var DormantConnections = class {
  #parts;
  #words = [];
  #numbers = [];
  #learned = /* @__PURE__ */ new Map();
  #size = 0;
  constructor(parts) {
    this.#parts = parts;
  }
  /** How many there are. */
  get size() {
    return this.#size;
  }
  /** Whether the connection of this row is dormant. */
  has(id) {
    if (this.#size === 0 || id < 0) return false;
    const words = this.#words[id >> CHUNK_BITS];
    return words !== void 0 && words[(id & CHUNK_ROWS - 1) * ROW_WORDS3 + OCCUPIED] !== 0;
  }
  /** Packs a connection that is at rest. The object must not be used any more. */
  pack(conn) {
    const chunk = conn.id >> CHUNK_BITS;
    while (this.#words.length <= chunk) {
      this.#words.push(new Int32Array(0));
      this.#numbers.push(new Float64Array(0));
    }
    if (this.#words[chunk].length === 0) {
      this.#words[chunk] = new Int32Array(CHUNK_ROWS * ROW_WORDS3);
      this.#numbers[chunk] = new Float64Array(CHUNK_ROWS * ROW_NUMBERS);
    }
    const row = conn.id & CHUNK_ROWS - 1;
    reportProgress(this.#parts.layout.words, conn);
    packNumbers(conn, this.#numbers[chunk], row * ROW_NUMBERS);
    packWords(conn, this.#words[chunk], row * ROW_WORDS3);
    this.#keepLearned(conn);
    this.#size++;
  }
  #keepLearned(conn) {
    const { congestion, loss } = conn;
    const fresh = congestion.ssthreshBytes === Infinity && FORGETFUL.includes(congestion.name);
    const keptLoss = loss !== null && (!fresh || hasLearned(conn, loss)) ? loss : null;
    const objects = KEPT_OBJECTS.some((name) => conn[name] !== null) ? KEPT_OBJECTS.map((name) => conn[name]) : null;
    if (fresh && keptLoss === null && objects === null) return;
    this.#learned.set(conn.id, {
      loss: keptLoss,
      congestion: fresh ? null : congestion,
      objects
    });
  }
  /** Makes the connection of this row again; it must be dormant. */
  unpack(id) {
    const words = this.#words[id >> CHUNK_BITS];
    const numbers = this.#numbers[id >> CHUNK_BITS];
    const at = (id & CHUNK_ROWS - 1) * ROW_WORDS3;
    const atNumbers = (id & CHUNK_ROWS - 1) * ROW_NUMBERS;
    const learned = this.#learned.get(id);
    const conn = this.#make(id, numbers[atNumbers + CWND], learned);
    unpackNumbers(conn, numbers, atNumbers);
    unpackWords(conn, words, at);
    takeShown(conn, this.#parts.layout.words);
    conn.loss = learned?.loss ?? this.#freshLoss(conn);
    this.#makeBuffers(conn, words, at);
    words[at + OCCUPIED] = 0;
    if (learned !== void 0) {
      learned.objects?.forEach((value, i) => Object.assign(conn, {
        [KEPT_OBJECTS[i]]: value
      }));
      this.#learned.delete(id);
    }
    this.#size--;
    return conn;
  }
  /** That of a connection that has lost nothing: all that was sent has arrived. */
  #freshLoss(conn) {
    const loss = newLossRecovery(this.#parts.sent, conn.sndUna, this.#parts.config);
    loss.deliveredTotalBytes = conn.bytesSent;
    const { words } = this.#parts.layout;
    const sending = conn.row + Row.sending;
    const { rate } = loss.queue;
    rate.bytesPerSecond = readTotal(words, sending + Sending.deliveryRate);
    rate.isAppLimited = (words[sending + Sending.flags] & SendingFlag.rateAppLimited) !== 0;
    return loss;
  }
  #make(id, cwndBytes, learned) {
    const { layout, config } = this.#parts;
    const { words } = layout;
    const row = layout.row(id);
    const local = row + Row.local;
    const remote = row + Row.remote;
    const tuple = {
      local0: words[local],
      local1: words[local + 1],
      local2: words[local + 2],
      local3: words[local + 3],
      remote0: words[remote],
      remote1: words[remote + 1],
      remote2: words[remote + 2],
      remote3: words[remote + 3],
      localPort: words[row + Row.localPort],
      remotePort: words[row + Row.remotePort]
    };
    const rtt = new RttEstimator(0, config.rtoMinMs * 1e3, config.rtoMaxMs * 1e3);
    const control = CONGESTION_NAMES[words[row + Row.info + Info.congestion]];
    const congestion = learned?.congestion ?? createCongestion(control, cwndBytes);
    return new Connection(id, words[row + Row.generation], layout.rows, tuple, rtt, congestion);
  }
  #makeBuffers(conn, words, at) {
    const { layout, config, memory } = this.#parts;
    const flags = words[at + FLAGS3];
    if ((flags & HAS_RECEIVE) !== 0) {
      const stream = layout.receiveStream(conn.id);
      const limit = layout.words[conn.row + Row.info + Info.receiveBufferBytes];
      conn.receive = new ReceiveBuffer(memory, stream, limit, config.outOfOrderRanges, true);
    }
    if ((flags & HAS_SEND) !== 0) {
      conn.send = new SendBuffer(layout.sendStream(conn.id), layout.sendPool.table);
      conn.send.wake(words, at + SEND);
    }
  }
};
function packWords(conn, words, at) {
  const fields = conn;
  for (let i = 0; i < KEPT_WORDS.length; i++) words[at + FIRST_WORD + i] = fields[KEPT_WORDS[i]];
  let flags = 0;
  for (let i = 0; i < KEPT_FLAGS.length; i++) if (conn[KEPT_FLAGS[i]]) flags |= 1 << i;
  if (conn.receive !== null) flags |= HAS_RECEIVE;
  if (conn.send !== null) {
    flags |= HAS_SEND;
    conn.send.sleep(words, at + SEND);
  }
  words[at + FLAGS3] = flags;
  words[at + RTO] = conn.rtt.rtoUs;
  words[at + OCCUPIED] = 1;
}
function unpackWords(conn, words, at) {
  const fields = conn;
  for (let i = 0; i < KEPT_WORDS.length; i++) fields[KEPT_WORDS[i]] = words[at + FIRST_WORD + i];
  const flags = words[at + FLAGS3];
  for (let i = 0; i < KEPT_FLAGS.length; i++) conn[KEPT_FLAGS[i]] = (flags & 1 << i) !== 0;
  conn.rtt.rtoUs = words[at + RTO];
  conn.request = RESTING.request;
  conn.sndNxt = conn.sndUna;
  conn.sndMax = conn.sndUna;
  conn.sndSmall = conn.sndUna;
}
function takeShown(conn, words) {
  const { row, rtt } = conn;
  const fields = conn;
  for (const name of SHOWN_WORD_NAMES) fields[name] = words[row + SHOWN_WORDS[name]];
  for (const name of SHOWN_TOTAL_NAMES) conn[name] = readTotal(words, row + SHOWN_TOTALS[name]);
  for (const name of SHOWN_RTT_NAMES) rtt[name] = words[row + SHOWN_RTT[name]];
}
function packNumbers(conn, numbers, at) {
  for (let i = 0; i < KEPT_NUMBERS.length; i++) numbers[at + i] = conn[KEPT_NUMBERS[i]];
  numbers[at + CWND] = conn.congestion.cwndBytes;
}
function unpackNumbers(conn, numbers, at) {
  for (let i = 0; i < KEPT_NUMBERS.length; i++) conn[KEPT_NUMBERS[i]] = numbers[at + i];
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

// src/tcp/table.ts
var STEP_ROWS = 1024;
var LOOKS = 4;
var LOOKS_PER_ROUND = 4096;
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
  /** By row; null where there is none and where it is dormant. */
  #rows = [];
  #dormant;
  /** The connections that are not dormant, in no order, and the one that is looked at next. */
  #awake = [];
  #hand = 0;
  #looksDue = 0;
  /** Rows that were used before and are free again. */
  #freeRows = [];
  #size = 0;
  constructor(parts) {
    this.#config = parts.config;
    this.#layout = parts.layout;
    this.#memory = parts.memory;
    this.#isn = parts.isn;
    this.#random = parts.random;
    const { connections } = parts.layout.dimensions;
    const capacity = Math.min(STEP_ROWS, connections);
    const key0 = parts.random.uint32();
    this.#demux = new Demultiplexer(capacity, key0, parts.random.uint32(), connections);
    this.#dormant = new DormantConnections({
      ...parts,
      sent: this.#sent
    });
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
  /** Most connections that there may be. */
  get limit() {
    return this.#layout.dimensions.connections;
  }
  /** Whether no row is left. */
  get isFull() {
    return this.#size >= this.#layout.dimensions.connections;
  }
  /** The connection in a row, or null. */
  get(row) {
    if (row < 0) return null;
    return this.#rows[row] ?? (this.#dormant.has(row) ? this.#wake(row) : null);
  }
  /** All connections; those that are dormant wake up, one after the other. */
  *all() {
    for (let row = 0; row < this.#rows.length; row++) {
      const conn = this.get(row);
      if (conn !== null) yield conn;
    }
  }
  /** The connections that are not dormant: all that are being opened are among them. */
  awake() {
    return [
      ...this.#awake
    ];
  }
  /** Connections that are packed away. */
  get dormantCount() {
    return this.#dormant.size;
  }
  /**
   * Packs connections at rest while more than the configured number are awake (second chance: one that was
   * used since the last look stays). It takes bounded time. The deadlines of those that it packs are set in
   * `wheel`, or cancelled.
   */
  rest(wheel) {
    const awake = this.#awake;
    const most = this.#config.awakeConnections;
    let looks = Math.min(this.#looksDue, LOOKS_PER_ROUND) + 1;
    this.#looksDue = Math.max(0, this.#looksDue - looks);
    for (; looks > 0 && awake.length > most; looks--) {
      if (this.#hand >= awake.length) this.#hand = 0;
      const conn = awake[this.#hand];
      if (conn.used || !isAtRest(conn)) {
        conn.used = false;
        this.#hand++;
        continue;
      }
      wheel.schedule(conn.id, Math.min(conn.keepaliveAtUs, conn.endAtUs));
      this.#dormant.pack(conn);
      this.#rows[conn.id] = null;
      this.#leaveAwake(conn);
    }
    if (awake.length <= most) this.#looksDue = 0;
  }
  #wake(row) {
    const conn = this.#dormant.unpack(row);
    conn.wheelAtUs = Math.min(conn.keepaliveAtUs, conn.endAtUs);
    this.#rows[row] = conn;
    this.#joinAwake(conn);
    return conn;
  }
  #joinAwake(conn) {
    conn.awakeAt = this.#awake.length;
    this.#awake.push(conn);
    this.#looksDue += LOOKS;
  }
  #leaveAwake(conn) {
    const last = this.#awake.pop();
    if (last === conn) return;
    this.#awake[conn.awakeAt] = last;
    last.awakeAt = conn.awakeAt;
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
  /** The flow label of what is sent between these ends. */
  flowLabelOf(ends) {
    return this.#flowLabels.of(ends);
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
      this.#demux.grow(Math.min(id + STEP_ROWS, this.#layout.dimensions.connections));
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
    this.#joinAwake(conn);
    this.#size++;
    this.#demux.add(conn.id, local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort);
    const iss = this.#isn.next(local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort, nowUs);
    conn.loss = newLossRecovery(this.#sent, iss, this.#config);
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
    this.#leaveAwake(conn);
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

// src/tcp/handshake.ts
var FEW_HANDSHAKES = 8;
var LEAST_RETRIES = 2;
var Claim = {
  /** It does not. */
  none: 0,
  /** It does, and nothing more is to be done. */
  taken: 1,
  /** It completes one: `made` is the connection, which has not seen the segment yet. */
  made: 2
};
var Handshakes = class {
  addresses;
  cookies;
  fastOpen;
  /** The connection that {@link Claim.made} means. */
  made = null;
  #host;
  #parts;
  #isn;
  #requests;
  #embryo;
  #ends = new Ends();
  #syn = new Segment();
  constructor(host, parts, random) {
    const { config } = parts;
    this.#host = host;
    this.#parts = parts;
    this.#isn = parts.isn;
    this.addresses = new AddressLimit(config.maxConnectionsPerAddress);
    this.cookies = new SynCookies(config.synCookieSecret, random, parts.originUs ?? 0);
    this.fastOpen = new FastOpenServer(config, parts.counters, random);
    this.#requests = new RequestTable(config.maxHandshakes, random, parts.nowUs);
    this.#embryo = embryoOf(parts, this.#ends);
  }
  /** Requests that wait for their ACK. */
  get size() {
    return this.#requests.size;
  }
  /** When the next SYN-ACK is due again; `Infinity` when none is. */
  nextExpiry() {
    return this.#requests.nextExpiry();
  }
  /** Deals with a segment of no connection, if it is one of a handshake at this listener, or at any. */
  claim(listener, segment, nowUs) {
    const id = this.#requests.size === 0 ? -1 : this.#requests.find(segment);
    if (id >= 0) {
      this.made = this.#onSegment(id, segment, nowUs);
      return this.made === null ? Claim.taken : Claim.made;
    }
    const flags = segment.flags & (Flag.SYN | Flag.ACK | Flag.RST);
    if (listener === null || flags !== Flag.ACK) return Claim.none;
    return this.#onCookie(listener, segment, nowUs);
  }
  /**
   * A SYN for a listener (section 3.10.7.2, third). `iss` is the number to begin with when the SYN ends
   * a TIME-WAIT, which is a peer that is known to be there; else null. Returns the connection when the
   * SYN's data is taken at once (RFC 7413).
   */
  onSyn(listener, syn, iss, nowUs) {
    const { config, counters } = this.#host;
    const ends = this.#ends;
    ends.take(syn);
    const full = iss === null && (!listener.hasHandshakeRoom || this.#requests.isFull);
    const cookie = iss === null && (full || config.synCookies === "always");
    if (full && config.synCookies === "never") {
      counters.drop(Drop.tcpBacklogFull);
    } else if (!listener.hasAcceptRoom) {
      counters.drop(Drop.tcpAcceptQueueFull);
    } else if (!this.#host.hasRow(nowUs)) {
      counters.drop(Drop.tcpConnectionLimit);
    } else if (!this.addresses.allows(ends)) {
      counters.drop(Drop.tcpAddressLimit);
    } else if (cookie) {
      this.answerWithCookie(listener, syn, nowUs);
    } else if (this.fastOpen.onSyn(listener, syn, ends, nowUs) === SynVerdict.accept) {
      return this.#openEarly(listener, syn, iss ?? this.isnFor(ends, nowUs), nowUs);
    } else {
      this.#remember(listener, syn, iss ?? this.isnFor(ends, nowUs), nowUs);
    }
    return null;
  }
  /** An initial sequence number for these ends. */
  isnFor(e, nowUs) {
    const { local0, local1, local2, local3, remote0, remote1, remote2, remote3 } = e;
    const isn = this.#isn;
    return isn.next(local0, local1, local2, local3, remote0, remote1, remote2, remote3, e.localPort, e.remotePort, nowUs);
  }
  /**
   * A connection in SYN-RECEIVED for a SYN that the application has decided to take (forward.ts); nothing is
   * sent yet. Null when there is no row for it.
   */
  openDecided(ends, syn, iss, nowUs) {
    Object.assign(this.#ends, ends);
    const conn = this.#create(DECIDED, syn, iss, nowUs);
    if (conn === null) return null;
    conn.listener = null;
    this.addresses.add(conn);
    conn.tsOffset = this.cookies.timestampOffset(conn);
    return conn;
  }
  /** The same when the SYN-ACK was a cookie that has come back; `tsOffset` is of the timestamps that were sent. */
  openProved(ends, syn, iss, tsOffset, nowUs) {
    const conn = this.openDecided(ends, syn, iss, nowUs);
    if (conn === null) return null;
    conn.tsOffset = tsOffset;
    this.#afterSynAck(conn);
    return conn;
  }
  #remember(listener, syn, iss, nowUs) {
    const offset = this.cookies.timestampOffset(this.#ends);
    const id = this.#requests.add(listener, syn, iss, offset, nowUs);
    this.addresses.add(this.#ends);
    const embryo = this.#prepare(listener, syn, iss, offset, nowUs);
    embryo.fastOpen = this.fastOpen.reply.cookieLength > 0 ? this.fastOpen.reply : null;
    this.#parts.events.stateChanged(embryo, State.LISTEN);
    sendSyn(embryo, nowUs, this.#host);
    embryo.fastOpen = null;
    this.#requests.schedule(id, nowUs + this.#timeoutUs(0));
  }
  /** Makes the embryo the connection of these ends (in `#ends`), as it is before its SYN-ACK is sent. */
  #prepare(listener, syn, iss, timestampOffset, nowUs) {
    const embryo = this.#embryo;
    const { config, mtu } = this.#host;
    setEnds(embryo, this.#ends);
    embryo.flowLabel = this.#host.flowLabelOf(this.#ends);
    embryo.backoffs = 0;
    embryo.unackedSinceUs = NEVER;
    embryo.listener = listener;
    embryo.state = State.SYN_RECEIVED;
    embryo.receive.limitBytes = receiveBytes(listener, config);
    embryo.mssClamp = listener.mssClamp;
    embryo.tsOffset = timestampOffset;
    embryo.retransmitAtUs = NEVER;
    embryo.sndScale = 0;
    embryo.rcvScale = 0;
    setInitialNumber(embryo, iss);
    receiveSyn(embryo, syn);
    negotiateOptions(embryo, syn, config, mtu, nowUs);
    return embryo;
  }
  /** The embryo of a request, whose SYN-ACK was sent before. */
  #embryoOf(id, nowUs) {
    const requests = this.#requests;
    requests.readEnds(id, this.#ends);
    requests.readSyn(id, this.#syn);
    const iss = requests.iss(id);
    const offset = requests.timestampOffset(id);
    const embryo = this.#prepare(requests.listener(id), this.#syn, iss, offset, nowUs);
    embryo.sndNxt = seqAdd(iss, 1);
    embryo.sndMax = embryo.sndNxt;
    embryo.backoffs = requests.timeouts(id);
    return embryo;
  }
  // SYN cookies.
  /** Answers a SYN, and forgets it; `listener` is who will have given the cookie. */
  answerWithCookie(listener, syn, nowUs) {
    const { cookies } = this;
    const ends = this.#ends;
    ends.take(syn);
    listener.cookiesAtUs = nowUs;
    reduceToCookie(syn, ends);
    const offset = cookies.timestampOffset(ends);
    const embryo = this.#prepare(listener, syn, cookies.make(syn, ends, nowUs), offset, nowUs);
    const clock = Math.floor(nowUs / 1e3) | 0;
    const scale = embryo.windowScale ? syn.windowScale : -1;
    const ecn = (syn.flags & (Flag.ECE | Flag.CWR)) === (Flag.ECE | Flag.CWR);
    embryo.tsOffset = seqAdd(offset, seqDiff(cookieTimestamp(clock, scale, embryo.sack, ecn), clock));
    this.#host.counters.count(Counter.synCookiesSent);
    sendSyn(embryo, nowUs, this.#host);
  }
  /** An ACK for a listener that belongs to no request: it may bring a cookie back. */
  #onCookie(listener, ack, nowUs) {
    const { config, counters } = this.#host;
    const ends = this.#ends;
    const syn = this.#syn;
    if (config.synCookies === "never" || !this.readCookie(listener, ack, syn, nowUs)) {
      return Claim.none;
    }
    if (!listener.hasAcceptRoom || !this.addresses.allows(ends)) {
      counters.drop(listener.hasAcceptRoom ? Drop.tcpAddressLimit : Drop.tcpAcceptQueueFull);
      return Claim.taken;
    }
    const conn = this.#create(listener, syn, seqAdd(ack.ack, -1), nowUs);
    if (conn === null) return Claim.taken;
    this.addresses.add(ends);
    conn.tsOffset = this.cookies.offsetSeen(ack, ends, nowUs);
    this.#afterSynAck(conn);
    this.made = conn;
    return Claim.made;
  }
  /** Whether an ACK has a cookie of this listener: then `syn` becomes the SYN that it answers for, but for its ends. */
  readCookie(listener, ack, syn, nowUs) {
    const { config, counters } = this.#host;
    const { cookies } = this;
    const ends = this.#ends;
    if (!cookies.mayComeBack(listener.cookiesAtUs, nowUs)) return false;
    ends.take(ack);
    const mss = cookies.mssOf(ack, ends, nowUs);
    const hasTimestamp = (ack.options & OptionBit.timestamps) !== 0;
    if (mss === 0 || hasTimestamp && !config.timestamps) {
      counters.count(Counter.synCookiesFailed);
      return false;
    }
    counters.count(Counter.synCookiesReceived);
    synFromAck(ack, syn, mss, cookies.timestampOffset(ends));
    return true;
  }
  // Connections.
  /** A connection in SYN-RECEIVED for the ends in `#ends`, of which nothing was sent yet. */
  #create(listener, syn, iss, nowUs) {
    const { config, counters, mtu } = this.#host;
    const conn = this.#host.create(this.#ends, nowUs);
    if (conn === null) {
      counters.drop(Drop.tcpConnectionLimit);
      return null;
    }
    conn.listener = listener;
    conn.mssClamp = listener.mssClamp;
    conn.countedByAddress = true;
    conn.receive.limitBytes = receiveBytes(listener, config);
    conn.state = State.SYN_RECEIVED;
    setInitialNumber(conn, iss);
    receiveSyn(conn, syn);
    negotiate(conn, syn, config, mtu, nowUs);
    this.#parts.events.created?.(listener, conn);
    return conn;
  }
  /** The SYN-ACK of the connection was sent before there was one. */
  #afterSynAck(conn) {
    conn.sndNxt = seqAdd(conn.iss, 1);
    conn.sndMax = conn.sndNxt;
    conn.rcvAdvertised = seqAdd(conn.rcvNxt, synWindow(conn));
    conn.lastAckSent = conn.rcvNxt;
    conn.segmentsSent = 1;
  }
  /** RFC 7413 section 4.2.2: the SYN's data goes to the application before its SYN-ACK is sent. */
  #openEarly(listener, syn, iss, nowUs) {
    const { counters } = this.#host;
    const conn = this.#create(listener, syn, iss, nowUs);
    if (conn === null) return null;
    counters.count(Counter.fastOpenPassive);
    this.addresses.add(conn);
    const state = new FastOpenState(true);
    Object.assign(state, this.fastOpen.reply, {
      passive: true
    });
    conn.fastOpen = state;
    conn.tsOffset = this.cookies.timestampOffset(conn);
    conn.rcvAdvertised = seqAdd(conn.rcvNxt, synWindow(conn));
    listener.fastOpenPending++;
    this.#parts.events.stateChanged(conn, State.LISTEN);
    state.acked = syn.payloadLength > 0;
    if (state.acked) takeSynText(conn, syn, nowUs, this.#host);
    sendSyn(conn, nowUs, this.#host);
    return conn;
  }
  /**
   * A segment for a request: section 3.10.7.4 for SYN-RECEIVED, in the order of Linux's tcp_check_req.
   * Returns the connection when the handshake is complete; it has not seen the segment yet.
   */
  #onSegment(id, segment, nowUs) {
    const { counters } = this.#host;
    const embryo = this.#embryoOf(id, nowUs);
    const rcvNxt = embryo.rcvNxt;
    let flags = segment.flags & (Flag.SYN | Flag.ACK | Flag.RST | Flag.FIN);
    const isOld = embryo.timestamps && (segment.options & OptionBit.timestamps) !== 0 && (flags & Flag.RST) === 0 && seqLt(segment.tsValue, embryo.tsRecent);
    if (segment.seq === embryo.irs && flags === Flag.SYN && !isOld) {
      this.#answerAgain(id, embryo, segment, nowUs);
      return null;
    }
    const isReset = (flags & Flag.RST) !== 0;
    if (!isReset && (flags & Flag.ACK) !== 0 && segment.ack !== seqAdd(embryo.iss, 1)) {
      counters.drop(Drop.tcpAckInvalid);
      this.#host.refuse(segment, nowUs);
      return null;
    }
    if (isOld || !isInWindow(segment, rcvNxt, seqAdd(rcvNxt, synWindow(embryo)))) {
      counters.drop(isOld ? Drop.tcpTimestampOld : Drop.tcpOutOfWindow);
      if (!isReset) this.#acknowledge(id, embryo, nowUs);
      return null;
    }
    if (segment.seq === embryo.irs) flags &= ~Flag.SYN;
    if ((flags & (Flag.RST | Flag.SYN)) !== 0) {
      this.#onResetOrSyn(id, segment, rcvNxt, nowUs);
      return null;
    }
    if ((flags & Flag.ACK) === 0) {
      counters.drop(Drop.tcpAckMissing);
      return null;
    }
    return this.#complete(id, segment, nowUs);
  }
  /** A SYN that comes again: the SYN-ACK goes again, and its timer starts over. */
  #answerAgain(id, embryo, syn, nowUs) {
    if (!this.#requests.mayAnswer(id, nowUs, this.#host.config.challengeAckMs * 1e3)) {
      this.#host.counters.drop(Drop.rateLimited);
      return;
    }
    if (embryo.ecn !== null) takeSynAgain(embryo.ecn, syn);
    this.#requests.noteSynAgain(id, syn);
    sendSyn(embryo, nowUs, this.#host);
    this.#requests.schedule(id, nowUs + this.#timeoutUs(this.#requests.timeouts(id)));
  }
  #acknowledge(id, embryo, nowUs) {
    if (!this.#requests.mayAnswer(id, nowUs, this.#host.config.challengeAckMs * 1e3)) {
      this.#host.counters.drop(Drop.rateLimited);
      return;
    }
    embryo.sndUna = embryo.sndNxt;
    embryo.rcvAdvertised = seqAdd(embryo.rcvNxt, synWindow(embryo));
    this.#host.counters.count(Counter.challengeAcks);
    sendAck(embryo, nowUs, this.#host);
  }
  /**
   * An RST or another SYN in the window. The RST must be at RCV.NXT (RFC 5961 section 3.2); the SYN ends
   * the handshake, as in Linux, for it is of another connection of the peer.
   */
  #onResetOrSyn(id, segment, rcvNxt, nowUs) {
    const { counters } = this.#host;
    if ((segment.flags & Flag.RST) === 0) {
      this.#host.refuse(segment, nowUs);
    } else if (segment.seq !== rcvNxt) {
      counters.drop(Drop.tcpResetChallenged);
      this.#acknowledge(id, this.#embryo, nowUs);
      return;
    } else {
      counters.count(Counter.resetsIn);
    }
    this.#forget(id, ConnectionError.refused);
  }
  /** The ACK is as it must be: makes the connection, if somebody can take it. */
  #complete(id, segment, nowUs) {
    const requests = this.#requests;
    const { config, counters } = this.#host;
    const listener = requests.listener(id);
    const timeouts = requests.timeouts(id);
    const wasBare = requests.wasBare(id);
    const isBare = segment.payloadLength === 0 && (segment.flags & Flag.FIN) === 0;
    if (isBare && timeouts < listener.deferAccept) {
      requests.markAcked(id);
      return null;
    }
    if (!listener.hasAcceptRoom) {
      counters.drop(Drop.tcpAcceptQueueFull);
      if (config.abortOnOverflow) {
        this.#host.refuse(segment, nowUs);
        this.#forget(id, ConnectionError.aborted);
      } else {
        requests.markAcked(id);
      }
      return null;
    }
    const conn = this.#create(listener, this.#syn, requests.iss(id), nowUs);
    if (conn === null) return null;
    conn.tsOffset = requests.timestampOffset(id);
    this.#afterSynAck(conn);
    conn.segmentsSent += timeouts;
    conn.segmentsRetransmitted = timeouts;
    conn.handshakeTimedOut = timeouts > 0;
    if (timeouts > 1) beginWithOneSegment(conn);
    const accurate = conn.ecn?.accurate ?? null;
    if (accurate !== null && (timeouts > 1 || wasBare)) accurate.ect = false;
    conn.timing = timeouts === 0;
    conn.rttSentAtUs = requests.sentAtUs(id);
    requests.remove(id);
    return conn;
  }
  #forget(id, error2) {
    const embryo = this.#embryo;
    this.#requests.readEnds(id, this.#ends);
    setEnds(embryo, this.#ends);
    embryo.state = State.CLOSED;
    embryo.error = error2;
    this.addresses.remove(this.#ends);
    this.#requests.remove(id);
    this.#host.counters.count(Counter.failedOpens);
    this.#parts.events.stateChanged(embryo, State.SYN_RECEIVED);
  }
  /** A listener has ended: its handshakes are forgotten without a word, as by Linux; who goes on will hear it. */
  onUnlisten(listener) {
    for (const id of this.#requests.of(listener)) this.#forget(id, ConnectionError.aborted);
  }
  // Timers.
  #timeoutUs(timeouts) {
    const { rtoInitialMs, rtoMaxMs } = this.#host.config;
    return Math.min(rtoInitialMs * 2 ** timeouts, rtoMaxMs) * 1e3;
  }
  /** Sends SYN-ACKs again that are due, and forgets requests that were asked often enough. */
  expire(nowUs) {
    for (let id = this.#requests.expire(nowUs); id >= 0; id = this.#requests.expire(nowUs)) {
      this.#onTimer(id, nowUs);
    }
  }
  /** Linux's reqsk_timer_handler. */
  #onTimer(id, nowUs) {
    const requests = this.#requests;
    const timeouts = requests.timeouts(id);
    const listener = requests.listener(id);
    const { deferAccept } = listener;
    const acked = requests.isAcked(id);
    const triedEnough = timeouts >= this.#retriesFor(listener);
    const waits = deferAccept > 0 && acked && timeouts < deferAccept;
    if (triedEnough && !waits) {
      this.#host.counters.count(Counter.connectionsTimedOut);
      this.#forget(id, ConnectionError.timedOut);
      return;
    }
    const resend = deferAccept === 0 || !acked || timeouts >= deferAccept - 1;
    requests.countTimeout(id);
    if (resend) sendSyn(this.#embryoOf(id, nowUs), nowUs, this.#host);
    requests.schedule(id, nowUs + this.#timeoutUs(timeouts + 1));
  }
  /** When more than half of the places are taken, old handshakes get fewer retries, to make room for new ones. */
  #retriesFor({ handshakes, young, backlog }) {
    let retries = this.#host.config.synAckRetries;
    if (2 * handshakes <= Math.max(FEW_HANDSHAKES, backlog)) return retries;
    for (let some = 2 * young; retries > LEAST_RETRIES && handshakes >= some; some *= 2) retries--;
    return retries;
  }
  /** The ends of every request, for who shows them. */
  all() {
    return this.#requests.all().map((id) => {
      const ends = new Ends();
      this.#requests.readEnds(id, ends);
      return ends;
    });
  }
};
function receiveBytes(listener, config) {
  return listener.receiveBufferBytes > 0 ? listener.receiveBufferBytes : config.receiveBufferInitialBytes;
}
function setEnds(embryo, ends) {
  embryo.local0 = ends.local0;
  embryo.local1 = ends.local1;
  embryo.local2 = ends.local2;
  embryo.local3 = ends.local3;
  embryo.remote0 = ends.remote0;
  embryo.remote1 = ends.remote1;
  embryo.remote2 = ends.remote2;
  embryo.remote3 = ends.remote3;
  embryo.localPort = ends.localPort;
  embryo.remotePort = ends.remotePort;
}
function receiveSyn(conn, syn) {
  conn.irs = syn.seq;
  conn.rcvNxt = seqAdd(syn.seq, 1);
  conn.rcvAdvertised = conn.rcvNxt;
  conn.sndWnd = syn.window;
  conn.sndWndMax = syn.window;
  conn.sndWl1 = syn.seq;
}
function isInWindow(segment, from, to) {
  if (segment.seq === from) return true;
  const end2 = seqAdd(segment.seq, segmentLength(segment));
  if (seqLt(from, end2) && seqLt(segment.seq, to)) return true;
  return segment.seq === end2 && seqGe(segment.seq, from) && seqLt(segment.seq, to);
}
var DECIDED = new Listener(-1, [
  0,
  0,
  0,
  0
], 0, 0);
function embryoOf({ config, memory }, ends) {
  const { rtoInitialMs, rtoMinMs, rtoMaxMs } = config;
  const rtt = new RttEstimator(rtoInitialMs * 1e3, rtoMinMs * 1e3, rtoMaxMs * 1e3);
  const embryo = new Connection(-1, 0, 0, ends, rtt, new NoControl());
  embryo.owner = Owner.listener;
  embryo.trafficClass = config.diffServ << 2;
  embryo.hopLimit = config.hopLimit;
  const words = {
    words: new Int32Array(4),
    written: 0,
    head: 1,
    epoch: 2,
    read: 3
  };
  embryo.receive = new ReceiveBuffer(memory, words, config.receiveBufferInitialBytes, 1);
  return embryo;
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

// src/tcp/time_wait.ts
var LOOKS2 = 16;
var TimeWaitList = class {
  #rows = /* @__PURE__ */ new Set();
  #get;
  /** `get` gives the connection of a row. */
  constructor(get) {
    this.#get = get;
  }
  /** How many there are. */
  get size() {
    return this.#rows.size;
  }
  /** Adds one, as the newest. */
  add(conn) {
    this.#rows.add(conn.id);
  }
  /** Takes one off, if it is there. */
  delete(conn) {
    this.#rows.delete(conn.id);
  }
  /** The oldest, or null. */
  oldest() {
    for (const row of this.#rows) return this.#get(row);
    return null;
  }
  /** An old one whose row would be free, which that of one that the application still holds would not. */
  oldestUnheld() {
    let looks = LOOKS2;
    for (const row of this.#rows) {
      const conn = this.#get(row);
      if (conn !== null && conn.owner === Owner.none) return conn;
      if (--looks === 0) return null;
    }
    return null;
  }
};

// src/tcp/timers.ts
var REPORT_AFTER_TIMEOUTS = 3;
function updateDeadline(conn) {
  let atUs = Math.min(conn.retransmitAtUs, conn.delayedAckAtUs);
  atUs = Math.min(atUs, conn.keepaliveAtUs, conn.endAtUs);
  const loss = conn.loss;
  if (loss !== null) atUs = Math.min(atUs, loss.reorderAtUs, loss.probeAtUs);
  if (conn.pacer !== null) atUs = Math.min(atUs, conn.pacer.wakeAtUs);
  conn.deadlineUs = atUs;
}
function onTimer(conn, nowUs, context) {
  if (conn.endAtUs <= nowUs) {
    end(conn, ConnectionError.none);
    return Outcome.none;
  }
  if (conn.delayedAckAtUs <= nowUs) onDelayedAck(conn, context.config);
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
  const givenUp = hasGivenUp(conn, nowUs, config);
  if (conn.fastOpen !== null && !conn.fastOpen.passive) {
    context.fastOpen.onTimeout(conn.backoffs + 1, givenUp, nowUs);
  }
  if (givenUp) return giveUp(conn, counters);
  if (conn.persisting) return onProbeTimer(conn, nowUs, config);
  const again = conn.backoffs > 0;
  conn.backoffs++;
  if (conn.state === State.SYN_SENT || conn.state === State.SYN_RECEIVED) {
    conn.rtoShift++;
    conn.handshakeTimedOut = true;
    if (isOpenEarly(conn)) return Outcome.synAck;
    conn.sndNxt = conn.iss;
    if (conn.state === State.SYN_SENT) {
      const delayUs = synTimeoutUs(conn, config);
      conn.retransmitAtUs = nextTimeoutUs(conn, conn.unackedSinceUs, delayUs, nowUs);
    }
    return Outcome.none;
  }
  conn.retransmitTimeouts++;
  counters.count(Counter.retransmissionTimeouts);
  if (conn.backoffs === REPORT_AFTER_TIMEOUTS) noteSoftError(conn, ConnectionError.timedOut);
  onTimeout(conn, config, nowUs);
  enterLoss(conn, conn.loss, again, nowUs, config);
  conn.rtoShift++;
  const sinceUs = Math.min(conn.repeatedSinceUs, nowUs);
  conn.retransmitAtUs = nextTimeoutUs(conn, sinceUs, conn.rtt.backedOff(conn.rtoShift), nowUs);
  return conn.sndWnd < conn.sndMss ? Outcome.retransmit : Outcome.none;
}
function enterLoss(conn, loss, again, nowUs, config) {
  const { queue, phase } = loss;
  const isFirst = phase === Phase.open || seqGe(conn.sndUna, loss.recover) || phase === Phase.loss && !again;
  if (isFirst) {
    rememberForUndo(conn, loss);
    isReducedForMarks(conn);
  }
  if (phase === Phase.open && queue.sackedBytes >= config.reordering * conn.sndMss) {
    loss.reordering = Math.min(loss.reordering, config.reordering);
  }
  loseEverything(conn, loss, nowUs);
  const pipe = pipeOf(conn);
  if (isFirst || phase === Phase.recovery) conn.congestion.onTimeout(pipe, conn.sndMss, nowUs);
  conn.congestion.cwndBytes = pipe + conn.sndMss;
  beginFrto(loss, phase, again, config);
}
function loseEverything(conn, loss, nowUs) {
  const { queue } = loss;
  const head = queue.head;
  const reneged = head !== NO_SEGMENT && (queue.flags(head) & Sent.sacked) !== 0;
  if (reneged) {
    loss.sackSeenCount = 0;
    loss.renegings++;
  }
  const byTime = conn.sack && loss.useRack;
  queue.markAllLost(reneged, byTime ? nowUs - loss.rackRttUs : NEVER);
  loss.phase = Phase.loss;
  loss.recover = conn.sndMax;
  loss.duplicateAcks = 0;
  loss.probing = false;
  loss.probeAtUs = NEVER;
  loss.reorderAtUs = NEVER;
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
  if (!conn.keepAlive || !isSynchronized(conn.state)) return Outcome.none;
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

// src/tcp/tcp.ts
var EXPIRIES_PER_ROUND = 512;
var Tcp = class {
  config;
  counters;
  sink;
  mtu;
  listeners = new ListenerTable();
  /** The client's side of Fast Open. */
  fastOpen;
  /** Handshakes in progress at listeners, and flows that nobody has decided on: no connections yet. */
  handshakes;
  forwarding;
  #limits;
  #words;
  #events;
  #random;
  #handover;
  #table;
  #wheel;
  #dirty = [];
  #dirtyCount = 0;
  #pathMtus = new PathMtuCache();
  #timeWait = new TimeWaitList((row) => this.#table.get(row));
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
    this.#wheel = new TimerWheel(this.#table.capacity, parts.nowUs, this.#table.limit);
    this.handshakes = new Handshakes(this, parts, parts.random);
    this.forwarding = new Forwarding(this, parts.events, parts.random);
    this.fastOpen = new FastOpenClient(parts.config, parts.counters);
    this.#limits = new AnswerLimits(parts.config, parts.counters, parts.random);
  }
  /** Connections in any state, TIME-WAIT included. */
  get connectionCount() {
    return this.#table.size;
  }
  /** Connections in TIME-WAIT. */
  get timeWaitCount() {
    return this.#timeWait.size;
  }
  /** Connections that are packed away because nothing happens on them (dormant.ts). */
  get dormantCount() {
    return this.#table.dormantCount;
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
    if (conn === null) this.#onNoConnection(segment, nowUs);
    else this.#take(conn, segment, nowUs);
  }
  #take(conn, segment, nowUs) {
    const before = conn.state;
    let outcome = onSegment(conn, segment, nowUs, this);
    if (outcome === Outcome.reopen) {
      if (this.#reopen(conn, segment, nowUs)) return;
      outcome = Outcome.challenge;
    }
    this.#act(conn, outcome, segment, nowUs);
    this.#settle(conn, before, nowUs);
  }
  /** Section 3.10.7.1 (CLOSED) and 3.10.7.2 (LISTEN). */
  #onNoConnection(segment, nowUs) {
    const { flags } = segment;
    const listener = this.listeners.findFor(segment);
    const claim = this.handshakes.claim(listener, segment, nowUs);
    if (claim === Claim.made) this.#take(this.handshakes.made, segment, nowUs);
    if (claim !== Claim.none) return;
    if (listener === null && this.forwarding.claims(segment, nowUs)) return;
    const isSyn = (flags & Flag.SYN) !== 0 && (flags & Flag.ACK) === 0;
    if (!isSyn && this.#handover !== null && this.#handover.offer(segment)) return;
    if (listener === null && this.forwarding.takes(segment, null, nowUs)) return;
    if ((flags & Flag.RST) !== 0) return this.counters.drop(Drop.tcpNoConnection);
    if (listener !== null && (flags & (Flag.SYN | Flag.ACK)) === 0) {
      this.counters.drop(Drop.tcpFlagsInvalid);
      return;
    }
    if (listener === null || !isSyn) {
      this.counters.drop(Drop.tcpNoConnection);
      this.refuse(segment, nowUs);
      return;
    }
    this.#onSyn(listener, segment, null, nowUs);
  }
  complete(conn, ack, nowUs) {
    this.#take(conn, ack, nowUs);
  }
  refuse(segment, nowUs) {
    if (this.#limits.allowsReset(nowUs)) sendResetFor(segment, this);
  }
  /** A new SYN for a connection in TIME-WAIT (RFC 9293 section 3.10.7.4, RFC 6191), if somebody takes it. */
  #reopen(old, segment, nowUs) {
    const listener = this.listeners.findFor(segment);
    if (!(listener?.hasAcceptRoom ?? this.forwarding.hasRoomFor(segment))) return false;
    const before = old.state;
    end(old, ConnectionError.none);
    this.#settle(old, before, nowUs);
    const iss = seqAdd(old.sndMax, REOPEN_GAP);
    if (listener === null) this.forwarding.takes(segment, iss, nowUs);
    else this.#onSyn(listener, segment, iss, nowUs);
    return true;
  }
  /** A connection request for a listener. */
  #onSyn(listener, segment, iss, nowUs) {
    const conn = this.handshakes.onSyn(listener, segment, iss, nowUs);
    if (conn === null) return;
    this.touch(conn);
    this.#accept(listener, conn);
  }
  /**
   * Opens a connection actively; the answer comes as an event. `localPort` 0 picks one. With `fastOpen` and a
   * cookie the answer comes at once, and the SYN is sent with the first data (RFC 7413).
   */
  connect(request, tuple, nowUs, fastOpen = ActiveFastOpen.no) {
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
    const conn = this.create({
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
    conn.tsOffset = this.handshakes.cookies.timestampOffset(conn);
    if (fastOpen !== ActiveFastOpen.no) {
      const free = fastOpen === ActiveFastOpen.withoutCookie;
      conn.fastOpen = this.fastOpen.begin(conn, this.mtu, free, nowUs);
    }
    this.#events.stateChanged(conn, State.CLOSED);
    this.touch(conn);
    if (conn.fastOpen === null || !conn.fastOpen.waiting) return;
    conn.request = -1;
    conn.sendLimit = this.config.sendBufferInitialBytes;
    this.#hand(conn);
    this.#events.connected(request, conn);
  }
  /** Forgets a `connect` that the application no longer waits for. */
  cancelConnect(request, nowUs) {
    for (const conn of this.#table.awake()) {
      if (conn.request !== request) continue;
      const before = conn.state;
      this.forwarding.onHandshakeOver(request);
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
    const listener = new Listener(id, address, chosen, backlog, ipv6Only);
    return this.listeners.add(listener) ? chosen : -ConnectionError.addressInUse;
  }
  /** Stops listening; connections that nobody accepted are reset, handshakes forgotten. */
  unlisten(id, nowUs) {
    const listener = this.listeners.get(id);
    if (listener === void 0) return;
    this.listeners.remove(listener);
    this.handshakes.onUnlisten(listener);
    for (const conn of this.#table.awake()) {
      if (conn.listener !== listener || conn.owner !== Owner.listener) continue;
      const before = conn.state;
      if (before !== State.SYN_RECEIVED) sendReset(conn, nowUs, this);
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
    this.touch(conn);
    if (conn.send !== null && !conn.finQueued) conn.send.refresh();
    if (conn.receive !== null && conn.owner === Owner.application) {
      conn.receive.reclaim();
      afterRead(conn, conn.receive.readPosition, nowUs, this.config);
    }
  }
  /** The application will write no more (section 3.10.4, for one direction). */
  closeWrite(conn, nowUs) {
    const before = conn.state;
    if (queueFin(conn)) this.#settle(conn, before, nowUs);
  }
  /** The application lets go of the connection (section 3.10.4). */
  close(conn, nowUs) {
    if (conn.owner !== Owner.application) return;
    switch (letGo(conn)) {
      case Closing.release:
        return this.#release(conn);
      case Closing.detach:
        return this.#detach(conn);
      case Closing.abort:
        return this.#abort(conn, nowUs);
    }
    if (conn.state === State.FIN_WAIT_2) conn.endAtUs = nowUs + conn.finWait2Us;
    this.closeWrite(conn, nowUs);
    this.touch(conn);
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
    this.touch(conn);
  }
  /** An ICMP error about a segment that this stack sent (RFC 5927, RFC 9293 section 3.9.2.2). */
  icmpError(segment, nowUs) {
    this.counters.count(Counter.icmpErrorsIn);
    const conn = this.#table.findSender(segment);
    if (conn === null || !seqInRange(segment.seq, conn.sndUna, conn.sndMax)) {
      return this.counters.drop(Drop.icmpUnmatched);
    }
    const { icmpType, icmpCode } = segment;
    if (isFragmentationNeeded(icmpType, icmpCode)) {
      if (this.#pathMtus.onPacketTooBig(conn, segment.icmpMtu, nowUs, this)) this.touch(conn);
      return;
    }
    const before = conn.state;
    takeIcmpError(conn, icmpType, icmpCode);
    this.#settle(conn, before, nowUs);
  }
  /** Runs the timers that are due, a bounded number of them: {@link Tcp.nextExpiry} tells of the rest. */
  expire(nowUs) {
    this.handshakes.expire(nowUs);
    this.forwarding.expire(nowUs);
    for (let i = 0; i < EXPIRIES_PER_ROUND; i++) {
      const id = this.#wheel.expire(nowUs);
      if (id < 0) return;
      const conn = this.#table.get(id);
      conn.wheelAtUs = Infinity;
      this.touch(conn);
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
    const { handshakes, forwarding } = this;
    return Math.min(this.#wheel.nextExpiry(), handshakes.nextExpiry(), forwarding.nextExpiry());
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
      const isKnown = conn.owner !== Owner.listener && conn.request < 0;
      if (isKnown) reportNews(this.#words, conn, this.#events);
      if (conn.blocked) this.#dirty[blocked++] = conn;
      conn.dirty = conn.blocked;
    }
    this.#dirtyCount = blocked;
    this.#table.rest(this.#wheel);
  }
  #arm(conn) {
    updateDeadline(conn);
    if (conn.deadlineUs >= conn.wheelAtUs) return;
    conn.wheelAtUs = conn.deadlineUs;
    this.#wheel.schedule(conn.id, conn.deadlineUs);
  }
  touch(conn) {
    conn.used = true;
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
        if (this.#limits.allowsChallenge(conn, nowUs)) sendAck(conn, nowUs, this);
        return;
      case Outcome.reset:
        return this.refuse(segment, nowUs);
      case Outcome.abort:
        return sendReset(conn, nowUs, this);
      case Outcome.synAck:
        if (segment === null || this.#limits.allowsAnswer(conn, nowUs)) sendSyn(conn, nowUs, this);
        return;
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
  /** Draws the consequences of a change of state. */
  #settle(conn, before, nowUs) {
    this.touch(conn);
    const { state } = conn;
    if (state === before) return;
    this.#events.stateChanged(conn, before);
    const opening = before === State.SYN_SENT || before === State.SYN_RECEIVED;
    if (opening && state !== State.SYN_RECEIVED) this.#settleOpening(conn, nowUs);
    if (conn.countedByAddress && (state === State.TIME_WAIT || state === State.CLOSED)) {
      conn.countedByAddress = false;
      this.handshakes.addresses.remove(conn);
    }
    if (state === State.TIME_WAIT) this.#enterTimeWait(conn, nowUs);
    if (state === State.CLOSED) this.#finish(conn);
  }
  #settleOpening(conn, nowUs) {
    const { listener, request } = conn;
    if (listener !== null) {
      const early = isOpenEarly(conn);
      if (early) {
        const reset = conn.error === ConnectionError.reset;
        this.handshakes.fastOpen.onHandshakeOver(listener, reset, nowUs);
      }
      const failed = conn.state === State.CLOSED;
      this.counters.count(failed ? Counter.failedOpens : Counter.passiveOpens);
      if (!failed && !early) this.#accept(listener, conn);
      return;
    }
    if (request < 0) return;
    this.forwarding.onHandshakeOver(request);
    conn.request = -1;
    if (conn.state === State.CLOSED) {
      this.counters.count(Counter.failedOpens);
      conn.owner = Owner.none;
      this.#events.connectFailed(request, conn.error);
      return;
    }
    this.#hand(conn);
    conn.lastReceivedAtUs = nowUs;
    this.#events.connected(request, conn);
  }
  /** The application gets a connection of a listener. */
  #accept(listener, conn) {
    listener.waiting++;
    conn.owner = Owner.application;
    this.#hand(conn);
    this.#events.accepted(listener, conn);
  }
  /** Fills the row that the application is about to look at. */
  #hand(conn) {
    reportAddresses(this.#words, conn);
    reportProgress(this.#words, conn);
  }
  #enterTimeWait(conn, nowUs) {
    if (this.config.maxTimeWait === 0) {
      end(conn, ConnectionError.none);
      this.#settle(conn, State.TIME_WAIT, nowUs);
      return;
    }
    const oldest = this.#timeWait.size < this.config.maxTimeWait ? null : this.#timeWait.oldest();
    if (oldest !== null) this.#giveUpTimeWait(oldest, nowUs);
    this.#timeWait.add(conn);
    if (conn.owner === Owner.none) this.#detach(conn);
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
    this.#timeWait.delete(conn);
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
  isFree(ends) {
    return this.#table.isFree(ends, ends.localPort);
  }
  flowLabelOf(ends) {
    return this.#table.flowLabelOf(ends);
  }
  hasRow(nowUs) {
    const old = this.#table.isFull ? this.#timeWait.oldestUnheld() : null;
    if (old !== null) this.#giveUpTimeWait(old, nowUs);
    return !this.#table.isFull;
  }
  /** A new connection in a free row, or null when there is none. */
  create(tuple, nowUs) {
    if (!this.hasRow(nowUs)) return null;
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

// src/udp/socket.ts
var Match = {
  none: 0,
  dual: 1,
  family: 2,
  address: 3
};
var UdpSocket = class {
  /** Its row in the shared memory: number, generation, and index of the first word. */
  id;
  generation;
  row;
  /** What it is bound to; unspecified for every address of the family, `::` for both families. */
  local0;
  local1;
  local2;
  local3;
  port;
  /** Datagrams that the application has not received. */
  receive;
  /** Datagrams that are to be sent, and how far that has come. */
  sendStream;
  sent = new StreamCursor();
  /** Four words for each group that it has joined. */
  groups = new Int32Array(0);
  /** It is in the engine's list of sockets to look at. */
  dirty = false;
  /** Datagrams were put into `receive` since it was published. */
  hasReceived = false;
  /** The application has let go of it; it ends when everything is sent. */
  closing = false;
  constructor(id, generation, row, address, port, receive, sendStream) {
    this.id = id;
    this.generation = generation;
    this.row = row;
    [this.local0, this.local1, this.local2, this.local3] = address;
    this.port = port;
    this.receive = receive;
    this.sendStream = sendStream;
  }
  /** Whether it is bound to every address of a family, or of both. */
  get isWildcard() {
    return this.local3 === 0 && this.local0 === 0 && this.local1 === 0 && (this.local2 === 0 || this.local2 === IPV4_MAPPED_W2);
  }
  /** How well an address fits. */
  match(w0, w1, w2, w3) {
    if (this.isWildcard) {
      const isIpv42 = isIpv4Words(w0, w1, w2);
      if (this.local2 === IPV4_MAPPED_W2 === isIpv42) return Match.family;
      return isIpv42 ? Match.dual : Match.none;
    }
    const same = this.local3 === w3 && this.local2 === w2 && this.local1 === w1 && this.local0 === w0;
    return same ? Match.address : Match.none;
  }
  /** Joins a group, or leaves it again. */
  setMember(group, joins) {
    const others = [];
    for (let i = 0; i < this.groups.length; i += 4) {
      const words = this.groups.subarray(i, i + 4);
      if (words.some((word, index) => word !== group[index])) others.push(...words);
    }
    this.groups = Int32Array.from(joins ? [
      ...others,
      ...group
    ] : others);
  }
  /** Whether it is a member of a group. */
  isMember(w0, w1, w2, w3) {
    const { groups } = this;
    for (let i = 0; i < groups.length; i += 4) {
      const same = groups[i + 3] === w3 && groups[i + 2] === w2 && groups[i + 1] === w1 && groups[i] === w0;
      if (same) return true;
    }
    return false;
  }
};

// src/udp/table.ts
var NONE3 = [];
var SocketTable = class {
  #byPort = /* @__PURE__ */ new Map();
  /** The sockets that have joined a group. */
  #members = NONE3;
  /** Enters a socket. */
  add(socket) {
    this.#byPort.set(socket.port, [
      ...this.at(socket.port),
      socket
    ]);
  }
  /** Takes a socket out. */
  remove(socket) {
    this.#members = this.#members.filter((member) => member !== socket);
    const others = this.at(socket.port).filter((other) => other !== socket);
    if (others.length > 0) this.#byPort.set(socket.port, others);
    else this.#byPort.delete(socket.port);
  }
  /** The sockets of a port, in the order in which they were bound. */
  at(port) {
    return this.#byPort.get(port) ?? NONE3;
  }
  /**
   * The socket for a datagram to one host, or null: that with the address itself, else that of its family,
   * else that of both; of several the latest, as in Linux.
   */
  find(w0, w1, w2, w3, port) {
    const sockets = this.at(port);
    let best = null;
    let bestMatch = Match.none;
    for (let i = sockets.length - 1; i >= 0; i--) {
      const match = sockets[i].match(w0, w1, w2, w3);
      if (match <= bestMatch) continue;
      best = sockets[i];
      bestMatch = match;
    }
    return best;
  }
  /** Joins a group, or leaves it. */
  setMember(socket, group, joins) {
    socket.setMember(group, joins);
    const others = this.#members.filter((member) => member !== socket);
    this.#members = socket.groups.length > 0 ? [
      ...others,
      socket
    ] : others;
  }
  /** Whether datagrams to this group, or broadcasts, are taken in at all. */
  takesGroup(w0, w1, w2, w3) {
    const isBroadcast = isIpv4Words(w0, w1, w2) && w3 >>> 28 !== 14;
    if (isBroadcast) return true;
    for (let i = 0; i < this.#members.length; i++) {
      if (this.#members[i].isMember(w0, w1, w2, w3)) return true;
    }
    return false;
  }
};

// src/udp/udp.ts
var SENT_PER_ROUND = 64;
var NOWHERE = [
  0,
  0,
  0,
  0
];
var Udp = class {
  #parts;
  #words;
  #sink;
  #table = new SocketTable();
  #sockets = /* @__PURE__ */ new Map();
  /** Those that take what comes to foreign destinations, the oldest first. */
  #foreign = [];
  /** Sockets to look at in `flush`: the first so many, because an array that is emptied loses its memory. */
  #dirty = [];
  #dirtyCount = 0;
  /** Byte offset and word index of the place for one datagram header. */
  #headerBytes;
  #headerWords;
  #datagram = new Segment();
  #remote = {
    remote0: 0,
    remote1: 0,
    remote2: 0,
    remote3: 0
  };
  /** Where a datagram begins that may have to wait. */
  #mark = new StreamCursor();
  constructor(parts) {
    this.#parts = parts;
    this.#words = parts.layout.words;
    this.#sink = parts.sink;
    this.#headerBytes = parts.layout.datagramHeader;
    this.#headerWords = parts.layout.datagramHeader / 4;
  }
  /** Sockets that are open, or have something left to send. */
  get socketCount() {
    return this.#sockets.size;
  }
  /** Whether `flush` has left something to do. */
  get hasWork() {
    return this.#dirtyCount > 0;
  }
  /** Opens a socket in the row that the application has made ready. */
  bind(id, generation, address, port) {
    const { layout, memory } = this.#parts;
    const receive = new StreamWriter(memory, layout.receiveStream(id));
    const row = layout.row(id);
    const send = layout.sendStream(id);
    const socket = new UdpSocket(id, generation, row, address, port, receive, send);
    this.#sockets.set(id, socket);
    this.#table.add(socket);
  }
  /** Opens a socket for what comes to foreign destinations that `lets` lets through. */
  bindForeign(id, generation, filter) {
    const { layout, memory } = this.#parts;
    const receive = new StreamWriter(memory, layout.receiveStream(id));
    const send = layout.sendStream(id);
    const socket = new UdpSocket(id, generation, layout.row(id), NOWHERE, 0, receive, send);
    this.#sockets.set(id, socket);
    this.#foreign.push({
      socket,
      filter
    });
  }
  /** The application lets go of a socket; what it has queued is still sent. */
  unbind(id, generation) {
    const socket = this.#find(id, generation);
    if (socket === null) return;
    const index = this.#foreign.findIndex((one2) => one2.socket === socket);
    if (index < 0) this.#table.remove(socket);
    else this.#foreign.splice(index, 1);
    socket.closing = true;
    this.#touch(socket);
  }
  /** Lets go of every socket, in the same way. */
  unbindAll() {
    for (const { id, generation } of [
      ...this.#sockets.values()
    ]) this.unbind(id, generation);
  }
  /** Joins a group, or leaves it. */
  setMember(id, generation, group, joins) {
    const socket = this.#find(id, generation);
    if (socket !== null && !socket.closing) this.#table.setMember(socket, group, joins);
  }
  /** The application has received datagrams, or queued some. */
  onApplicationNews(id, generation) {
    const socket = this.#find(id, generation);
    if (socket === null) return;
    socket.receive.reclaim();
    this.#touch(socket);
  }
  /** Whether a socket would take a datagram from there: what an ICMP error quotes was sent by one. */
  hasSender(datagram) {
    const { src0, src1, src2, src3, srcPort } = datagram;
    return this.#table.find(src0, src1, src2, src3, srcPort) !== null;
  }
  /** Takes one decoded datagram in. */
  input(datagram, isGroup, nowUs) {
    const { dst0, dst1, dst2, dst3, dstPort } = datagram;
    if (datagram.foreign) {
      this.#inputForForeign(datagram);
      return;
    }
    if (isGroup) {
      this.#inputForGroup(datagram);
      return;
    }
    const socket = this.#table.find(dst0, dst1, dst2, dst3, dstPort);
    if (socket !== null) {
      this.#deliver(socket, datagram);
      return;
    }
    this.#parts.counters.drop(Drop.udpNoSocket);
    this.#sink.sendPortUnreachable(datagram, nowUs);
  }
  /** The first forward whose filter lets it through gets it. */
  #inputForForeign(datagram) {
    const { dst0, dst1, dst2, dst3, dstPort } = datagram;
    for (let i = 0; i < this.#foreign.length; i++) {
      const { socket, filter } = this.#foreign[i];
      if (!filter.lets(dst0, dst1, dst2, dst3, dstPort)) continue;
      this.#deliver(socket, datagram);
      return;
    }
    const isOpen = this.#foreign.length > 0;
    this.#parts.counters.drop(isOpen ? Drop.forwardFiltered : Drop.ipDestinationForeign);
  }
  /** RFC 1122 section 3.2.2: nobody is told when there is no socket for what was sent to many. */
  #inputForGroup(datagram) {
    const { dst0, dst1, dst2, dst3, dstPort } = datagram;
    const sockets = this.#table.at(dstPort);
    let given = 0;
    if (sockets.length > 0 && this.#table.takesGroup(dst0, dst1, dst2, dst3)) {
      for (let i = 0; i < sockets.length; i++) {
        if (sockets[i].match(dst0, dst1, dst2, dst3) === Match.none) continue;
        this.#deliver(sockets[i], datagram);
        given++;
      }
    }
    if (given === 0) this.#parts.counters.drop(Drop.udpNoSocket);
  }
  #deliver(socket, datagram) {
    const { counters, memory, config } = this.#parts;
    const { receive } = socket;
    const length = datagram.payloadLength;
    const needed = DATAGRAM_HEADER_BYTES + length;
    const pending = receive.pending;
    if (pending > 0 && pending + needed > config.receiveBufferBytes) {
      counters.drop(Drop.udpQueueFull);
      return;
    }
    const isOverShare = pending > 0 && pending + needed > memory.shareBytes;
    if (isOverShare || !receive.hasMemoryFor(needed)) {
      counters.drop(Drop.udpNoMemory);
      return;
    }
    this.#writeHeader(datagram);
    receive.appendCopy(this.#headerBytes, DATAGRAM_HEADER_BYTES);
    if (length > 0) receive.appendCopy(datagram.payloadOffset, length);
    counters.count(Counter.datagramsIn);
    counters.add(Counter.datagramBytesIn, length);
    socket.hasReceived = true;
    this.#touch(socket);
  }
  #writeHeader(datagram) {
    const words = this.#words;
    const at = this.#headerWords;
    words[at + DatagramWord.length] = datagram.payloadLength;
    words[at + DatagramWord.ports] = datagram.srcPort << 16 | datagram.dstPort;
    words[at + DatagramWord.hops] = datagram.trafficClass << 8 | datagram.hopLimit;
    words[at + DatagramWord.source] = datagram.src0;
    words[at + DatagramWord.source + 1] = datagram.src1;
    words[at + DatagramWord.source + 2] = datagram.src2;
    words[at + DatagramWord.source + 3] = datagram.src3;
    words[at + DatagramWord.destination] = datagram.dst0;
    words[at + DatagramWord.destination + 1] = datagram.dst1;
    words[at + DatagramWord.destination + 2] = datagram.dst2;
    words[at + DatagramWord.destination + 3] = datagram.dst3;
  }
  /** Lets every touched socket send and show what it has received. */
  flush(nowUs) {
    const count = this.#dirtyCount;
    this.#dirtyCount = 0;
    for (let i = 0; i < count; i++) this.#flushSocket(this.#dirty[i], nowUs);
  }
  #flushSocket(socket, nowUs) {
    socket.dirty = false;
    if (this.#sockets.get(socket.id) !== socket) return;
    const before = socket.sent.position;
    const isAllSent = this.#sendQueued(socket, nowUs);
    if (!isAllSent) this.#touch(socket);
    if (socket.closing) {
      if (isAllSent) this.#end(socket);
      return;
    }
    const hasSent = socket.sent.position !== before;
    if (!hasSent && !socket.hasReceived) return;
    let loud = hasSent && isSendWaiting(this.#words, socket.row);
    if (socket.hasReceived) {
      socket.hasReceived = false;
      socket.receive.publish();
      socket.receive.reclaim();
      loud = true;
    }
    this.#parts.events.news(socket, loud);
  }
  #end(socket) {
    socket.receive.dispose();
    this.#sockets.delete(socket.id);
    this.#parts.events.ended(socket);
  }
  /** Sends what the application has queued; false when some of it has to wait for the next round. */
  #sendQueued(socket, nowUs) {
    const stream = socket.sendStream;
    const before = socket.sent.position;
    const written = streamWritten(stream);
    let isWaiting = false;
    for (let count = 0; socket.sent.position !== written; count++) {
      isWaiting = count === SENT_PER_ROUND || !this.#sendNext(socket, nowUs);
      if (isWaiting) break;
    }
    if (socket.sent.position !== before) publishRead(stream, socket.sent.position);
    return !isWaiting;
  }
  /** Sends the oldest queued datagram; false when there is no room for it now. */
  #sendNext(socket, nowUs) {
    const { counters } = this.#parts;
    const sink = this.#sink;
    const datagram = this.#datagram;
    this.#mark.copyFrom(socket.sent);
    const hops = this.#readHeader(socket);
    const remote = this.#remote;
    remote.remote0 = datagram.dst0;
    remote.remote1 = datagram.dst1;
    remote.remote2 = datagram.dst2;
    remote.remote3 = datagram.dst3;
    if (!sink.hasRoom(remote)) {
      socket.sent.copyFrom(this.#mark);
      return false;
    }
    const end2 = this.#gather(socket, datagram.payloadLength);
    counters.count(Counter.datagramsOut);
    counters.add(Counter.datagramBytesOut, datagram.payloadLength);
    sink.sendDatagram(datagram, end2, (hops & LOOPS_BACK) !== 0, nowUs);
    return true;
  }
  /** Takes a header out of the queue, into the datagram at hand; returns its word about hops. */
  #readHeader(socket) {
    const { layout } = this.#parts;
    const { sent, sendStream } = socket;
    const { table } = layout.sendPool;
    for (let done = 0; done < DATAGRAM_HEADER_BYTES; ) {
      const count = sent.span(sendStream, table, DATAGRAM_HEADER_BYTES - done);
      layout.memory.copy(this.#headerBytes + done, sent.start(sendStream, table), count);
      sent.advance(count);
      done += count;
    }
    const words = this.#words;
    const at = this.#headerWords;
    const datagram = this.#datagram;
    const hops = words[at + DatagramWord.hops];
    datagram.payloadLength = words[at + DatagramWord.length];
    datagram.srcPort = words[at + DatagramWord.ports] >>> 16;
    datagram.dstPort = words[at + DatagramWord.ports] & 65535;
    datagram.hopLimit = hops & 255;
    datagram.trafficClass = hops >>> 8 & 255;
    datagram.src0 = words[at + DatagramWord.source];
    datagram.src1 = words[at + DatagramWord.source + 1];
    datagram.src2 = words[at + DatagramWord.source + 2];
    datagram.src3 = words[at + DatagramWord.source + 3];
    datagram.dst0 = words[at + DatagramWord.destination];
    datagram.dst1 = words[at + DatagramWord.destination + 1];
    datagram.dst2 = words[at + DatagramWord.destination + 2];
    datagram.dst3 = words[at + DatagramWord.destination + 3];
    return hops;
  }
  /** Puts the places of the next `length` queued bytes into the sink's pieces; returns the index behind them. */
  #gather(socket, length) {
    const { sent, sendStream } = socket;
    const { table } = this.#parts.layout.sendPool;
    const { pieces } = this.#sink;
    let end2 = FIRST_PIECE;
    for (let missing = length; missing > 0; end2 += 2) {
      const count = sent.span(sendStream, table, missing);
      pieces[end2] = sent.start(sendStream, table);
      pieces[end2 + 1] = count;
      sent.advance(count);
      missing -= count;
    }
    return end2;
  }
  #find(id, generation) {
    const socket = this.#sockets.get(id);
    return socket !== void 0 && socket.generation === generation ? socket : null;
  }
  #touch(socket) {
    if (socket.dirty) return;
    socket.dirty = true;
    this.#dirty[this.#dirtyCount++] = socket;
  }
};

// src/pipeline/messages.ts
var Command = {
  /** Listen: id, port, address, backlog as value, whether `::` is IPv6 only, Fast Open handshakes at once. */
  listen: 1,
  /** Stop to listen: id. */
  unlisten: 2,
  /** Connect: request, port, address, local address, ActiveFastOpen as value. */
  connect: 3,
  /** Forget a connect: request. */
  cancelConnect: 4,
  /** The row has been read from or written to: row, generation. */
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
  abortAll: 12,
  /** Send an echo request: request, hop limit as port, address, local address, bytes as value. */
  ping: 13,
  /** Forget one: request. */
  cancelPing: 14,
  /** Open a UDP socket: row, generation, port, address. */
  bindDatagram: 32,
  /** The application lets go of one: row, generation. */
  unbindDatagram: 33,
  /** Join a group, or leave it: row, generation, address, 1 or 0 as value. */
  groupMember: 34,
  /** A part of the filter of a forward that is not open yet: id, address, prefix length as value, whether it excludes. */
  forwardPrefix: 48,
  /** Another part: id, first port as port, last port as value. */
  forwardPorts: 49,
  /** Take flows to foreign destinations: id, {@link ForwardMode} bits as port, flows undecided at once as value, ms to decide. */
  forward: 50,
  /** Take no more of them: id. */
  unforward: 51,
  /** Go on with a flow: request, its generation, its number as value. The answer is that of `connect`. */
  acceptFlow: 52,
  /** Or do not: its number, generation, {@link FlowEnd} as value. */
  refuseFlow: 53,
  /** A UDP socket for foreign destinations: row, generation, the number of its filter's parts as value. */
  bindForeign: 54,
  /** "Unreachable" to the source of a datagram: its port and address, destination as local ones, ICMP code as value. */
  refuseDatagram: 55
};
var Event = {
  /** The row has something to look at. */
  news: 1,
  /** A connection of a listener is established: row, generation, listener. */
  accepted: 2,
  /** A connect succeeded: row, generation, request. */
  connected: 3,
  /** A connect failed: request, error as result. */
  connectFailed: 4,
  /** Nothing of the row is needed any more: row, generation. */
  ended: 5,
  /** After `shutdown`: every connection has ended. */
  stopped: 6,
  /** A ping has come to its end: request, error as result, microseconds, hop limit, ICMP type and code. */
  pinged: 7,
  /** There is a flow to be decided: its number, its generation, the forward. */
  flow: 16,
  /** It has ended undecided, and waits to be refused so that its number is free: its number, its generation. */
  flowEnded: 17
};
var ForwardMode = {
  /** It takes flows to the stack's own addresses too, at ports where nobody listens. */
  own: 1,
  /** Behind this bit when SYNs are answered with cookies: 1 and the index in SYN_COOKIE_MODES; 0: as listeners do. */
  cookiesShift: 1
};
var FlowEnd = {
  /** Nobody answers. */
  drop: 0,
  /** With an RST. */
  reset: 1,
  /** With "destination unreachable", of the code of ICMP that is added. */
  unreachable: 16
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
  /** Of an event, where a command has its address. */
  result: 4,
  rttUs: 5,
  hops: 6,
  icmp: 7,
  value: 8,
  localPort: 9,
  ipv6Only: 9,
  fastOpen: 10,
  excludes: 9,
  decisionMs: 9,
  localAddress: 12
};

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
  #flows;
  constructor(layout) {
    this.#ring = new RingProducer(layout.events);
    this.#reserved = layout.rowEvents;
    this.#words = layout.words;
    this.#flows = layout.flows;
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
  connectFailed(request, error2) {
    this.#loud = true;
    this.#write(Event.connectFailed, -1, 0, request, error2);
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
  flow(id, generation, forward, syn) {
    this.#loud = true;
    const words = this.#words;
    const at = this.#flows + id * FLOW_WORDS;
    words[at] = syn.dst0;
    words[at + 1] = syn.dst1;
    words[at + 2] = syn.dst2;
    words[at + 3] = syn.dst3;
    words[at + 4] = syn.src0;
    words[at + 5] = syn.src1;
    words[at + 6] = syn.src2;
    words[at + 7] = syn.src3;
    words[at + 8] = syn.dstPort << 16 | syn.srcPort;
    this.#write(Event.flow, id, generation, forward, 0);
  }
  flowEnded(id, generation) {
    this.#loud = true;
    this.#write(Event.flowEnded, id, generation, 0, 0);
  }
  stateChanged(conn, before) {
    this.trace?.state(conn, before);
  }
  progressed(conn) {
    this.trace?.progress(conn);
  }
  /** A `ping` has come to its end: with an answer, or with what an ICMP error of that type and code means. */
  pinged(request, error2, rttUs, hops, icmp) {
    this.#loud = true;
    const at = this.#ring.claim();
    if (at < 0) throw new Error("The event ring is full, which its size should make impossible");
    const { words } = this.#ring;
    words[at + Field.op] = Event.pinged;
    words[at + Field.row] = -1;
    words[at + Field.generation] = 0;
    words[at + Field.request] = request;
    words[at + Field.result] = error2;
    words[at + Field.rttUs] = rttUs;
    words[at + Field.hops] = hops;
    words[at + Field.icmp] = icmp;
    this.#ring.push();
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
  #write(op, row, generation, name, result) {
    const at = this.#ring.claim();
    if (at < 0) throw new Error("The event ring is full, which its size should make impossible");
    const { words } = this.#ring;
    words[at + Field.op] = op;
    words[at + Field.row] = row;
    words[at + Field.generation] = generation;
    words[at + Field.request] = name;
    words[at + Field.result] = result;
    this.#ring.push();
  }
};

// src/ip/path_mtu.ts
var PATH_MTU_ENTRIES = 64;
var PATH_MTU_LIFETIME_US = 6e8;
var PATH_MTU_MIN4 = 552;
var ENTRY_WORDS2 = 5;
var PathMtuTable = class {
  #entries = new Int32Array(PATH_MTU_ENTRIES * ENTRY_WORDS2);
  #learnedAtUs = new Float64Array(PATH_MTU_ENTRIES);
  #count = 0;
  #linkMtu;
  /** Where nothing is known, the path takes what the link takes. */
  constructor(linkMtu) {
    this.#linkMtu = linkMtu;
  }
  /** The largest packet for a destination, bytes. */
  of(w0, w1, w2, w3, nowUs) {
    if (this.#count === 0) return this.#linkMtu;
    const index = this.#find(w0, w1, w2, w3);
    if (index < 0) return this.#linkMtu;
    if (nowUs - this.#learnedAtUs[index] < PATH_MTU_LIFETIME_US) {
      return this.#entries[index * ENTRY_WORDS2 + 4];
    }
    this.#remove(index);
    return this.#linkMtu;
  }
  /** A router has said that packets for `destination` may have `mtu` bytes, 0 if it did not say how many. */
  learn(destination, mtu, nowUs) {
    const { w0, w1, w2, w3 } = destination;
    const least = isIpv4Words(w0, w1, w2) ? PATH_MTU_MIN4 : IPV6_MTU_MIN;
    const believed = Math.max(mtu, least);
    if (believed >= this.of(w0, w1, w2, w3, nowUs)) return;
    let index = this.#find(w0, w1, w2, w3);
    if (index < 0) index = this.#count < PATH_MTU_ENTRIES ? this.#count++ : this.#oldest();
    this.#entries.set([
      w0,
      w1,
      w2,
      w3,
      believed
    ], index * ENTRY_WORDS2);
    this.#learnedAtUs[index] = nowUs;
  }
  #find(w0, w1, w2, w3) {
    const entries = this.#entries;
    for (let i = 0, at = 0; i < this.#count; i++, at += ENTRY_WORDS2) {
      const isSame = entries[at + 3] === w3 && entries[at + 2] === w2 && entries[at + 1] === w1 && entries[at] === w0;
      if (isSame) return i;
    }
    return -1;
  }
  #oldest() {
    let oldest = 0;
    for (let i = 1; i < this.#count; i++) {
      if (this.#learnedAtUs[i] < this.#learnedAtUs[oldest]) oldest = i;
    }
    return oldest;
  }
  /** The last entry takes the place of the one that goes. */
  #remove(index) {
    const last = --this.#count;
    this.#entries.copyWithin(index * ENTRY_WORDS2, last * ENTRY_WORDS2, (last + 1) * ENTRY_WORDS2);
    this.#learnedAtUs[index] = this.#learnedAtUs[last];
  }
};

// src/ip/udp_output.ts
function udpPacketBytes(datagram) {
  const isIpv42 = isIpv4Words(datagram.dst0, datagram.dst1, datagram.dst2);
  const header = isIpv42 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  return header + UDP_HEADER_BYTES + datagram.payloadLength;
}
function writeUdpPacket(memory, offset, datagram, checksum, payloadSum) {
  const { view } = memory;
  const isPartial = checksum === ChecksumMode.virtioPartial;
  const ip = isPartial ? offset + VIRTIO_HEADER_BYTES : offset;
  const isIpv42 = isIpv4Words(datagram.dst0, datagram.dst1, datagram.dst2);
  const ipHeaderLength = isIpv42 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  const udp = ip + ipHeaderLength;
  const length = UDP_HEADER_BYTES + datagram.payloadLength;
  if (isIpv42) writeHeader4(view, ip, datagram, Protocol.udp, length, 0);
  else writeHeader6(view, ip, datagram, Protocol.udp, length);
  let field = 0;
  if (isPartial) {
    field = ~checksumFold(udpPseudoSum(datagram, length)) & 65535;
    writeVirtioPartial(view, offset, VirtioGso.none, 0, 0, ipHeaderLength, UdpField.checksum);
  } else if (checksum === ChecksumMode.full) {
    field = udpChecksum(datagram, payloadSum);
  }
  writeUdpHeader(view, udp, datagram.srcPort, datagram.dstPort, datagram.payloadLength, field);
  return udp + UDP_HEADER_BYTES - offset;
}

// src/pipeline/fragment_egress.ts
var FragmentEgress = class {
  #device;
  #memory;
  #headers;
  #counters;
  #egress;
  /** The pieces of one fragment. */
  #cut;
  /** Of the next packet in fragments: 32 bits, of which IPv4 has the lower half (RFC 7739). */
  #identification;
  constructor(device, layout, counters, random, egress) {
    this.#device = device;
    this.#memory = layout.memory;
    this.#headers = layout.headers;
    this.#counters = counters;
    this.#egress = egress;
    this.#cut = new Int32Array(egress.pieces.length);
    this.#identification = random.uint32() | 0;
  }
  /**
   * Sends what stands in the egress's pieces, from the first one on, as the `total` bytes of `protocol` behind the IP
   * header of `packet`, over a path of that MTU.
   */
  send(packet, protocol, total, mtu) {
    const { pieces } = this.#egress;
    const most = fragmentBytes(packet, mtu);
    this.#identification = this.#identification + 1 | 0;
    let piece = 0;
    let used2 = 0;
    for (let position = 0; position < total; position += most) {
      const length = Math.min(most, total - position);
      let cutEnd = FIRST_PIECE;
      for (let missing = length; missing > 0; cutEnd += 2) {
        const count = Math.min(missing, pieces[piece + 1] - used2);
        this.#cut[cutEnd] = pieces[piece] + used2;
        this.#cut[cutEnd + 1] = count;
        missing -= count;
        used2 += count;
        if (used2 === pieces[piece + 1]) {
          piece += 2;
          used2 = 0;
        }
      }
      this.#sendFragment(packet, protocol, cutEnd, length, position, position + length < total);
    }
  }
  #sendFragment(packet, protocol, end2, length, position, hasMore) {
    const { virtioHeader } = this.#device;
    const ip = this.#headers + (virtioHeader ? VIRTIO_HEADER_BYTES : 0);
    if (virtioHeader) writeVirtioPlain(this.#memory.view, this.#headers);
    const headers = writeFragmentHeader(this.#memory.view, ip, packet, protocol, length, position, hasMore, this.#identification);
    this.#cut[0] = this.#headers;
    this.#cut[1] = ip - this.#headers + headers;
    this.#counters.count(Counter.fragmentsOut);
    this.#egress.transmit(this.#cut, end2, length);
  }
};

// src/ip/icmp_limit.ts
var COSTS = 3;
var IcmpLimit = class {
  #perSecond;
  #burst;
  #random;
  #tokens;
  #filledAtUs = 0;
  constructor(perSecond, burst, random) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#random = random;
  }
  /** Whether one more may be sent now; if so, it counts. */
  allows(nowUs) {
    const earned = (nowUs - this.#filledAtUs) / 1e6 * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#filledAtUs = nowUs;
    if (this.#tokens < 1) return false;
    this.#tokens = Math.max(0, this.#tokens - this.#random.uint32() % COSTS);
    return true;
  }
};

// src/ip/icmp_message.ts
function readIcmpMessage(view, ip, icmp, message4) {
  const isIpv42 = view.getUint8(ip) >>> 4 === 4;
  let length;
  if (isIpv42) {
    length = view.getUint16(ip + Ipv4Field.totalLength);
    const source = view.getInt32(ip + Ipv4Field.source);
    setIpv4Addresses(message4, source, view.getInt32(ip + Ipv4Field.destination));
    message4.trafficClass = view.getUint8(ip + Ipv4Field.trafficClass);
    message4.hopLimit = view.getUint8(ip + Ipv4Field.hopLimit);
  } else {
    length = IPV6_HEADER_BYTES + view.getUint16(ip + Ipv6Field.payloadLength);
    setIpv6Addresses(message4, view, ip);
    message4.trafficClass = readTrafficClass(view, ip);
    message4.hopLimit = view.getUint8(ip + Ipv6Field.hopLimit);
  }
  const type = view.getUint8(icmp + IcmpField.type);
  message4.icmpType = type;
  message4.icmpCode = view.getUint8(icmp + IcmpField.code);
  message4.seq = view.getInt32(icmp + IcmpField.echoName);
  message4.payloadOffset = icmp - ip;
  message4.payloadLength = length - message4.payloadOffset;
  const isEcho = isIpv42 ? type === IcmpType.echoRequest || type === IcmpType.echoReply : type === Icmp6Type.echoRequest || type === Icmp6Type.echoReply;
  return isEcho ? message4.payloadOffset + ICMP_HEADER_BYTES : length;
}

// src/pipeline/trace_ring.ts
var TraceKind = {
  segmentIn: 1,
  segmentOut: 2,
  state: 3,
  /** UDP: of the segment only addresses, ports, length and hop limit count. */
  datagramIn: 4,
  datagramOut: 5,
  /** How far the windows and times of a connection have come. */
  progress: 6,
  /** Something of the segment that came in before was dropped: the whole, or the part that was of no use. */
  drop: 7,
  /** An ICMP message of either family that the stack has understood, or one that it sends. */
  icmpIn: 8,
  icmpOut: 9
};
var HEADER_WORDS = 8;
var BODY = HEADER_WORDS + SEGMENT_WORDS;
var HEADERS_MAX_BYTES = HEADERS_WORDS * 4;
var WORD_MAX2 = 2147483647;
var TraceWriter = class {
  /** The time of the round of work under way, by the stage's clock. */
  nowUs = 0;
  /** What is wanted, bits of {@link Traced}. */
  traced = Traced.nothing;
  #ring;
  #bytes;
  #view;
  #counters;
  #originUs;
  #scratch = new Segment();
  #message = new Segment();
  constructor(ring, counters, originUs) {
    this.#ring = new RingProducer(ring);
    this.#bytes = new Uint8Array(ring.words.buffer);
    this.#view = new DataView(ring.words.buffer);
    this.#counters = counters;
    this.#originUs = originUs;
  }
  /** Records a segment or a datagram; its headers are `length` bytes from byte `headers` of the ring's memory on. */
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
  /** Records the ICMP message at byte `icmp` in the packet at byte `ip` of the ring's memory. */
  icmp(kind, ip, icmp) {
    const at = this.#begin(kind);
    if (at < 0) return;
    const { words } = this.#ring;
    const message4 = this.#message;
    const kept = Math.min(readIcmpMessage(this.#view, ip, icmp, message4), HEADERS_MAX_BYTES);
    words[at + 6] = kept;
    writeSegmentRecord(words, at + HEADER_WORDS, 0, message4);
    this.#bytes.copyWithin((at + BODY) * 4, ip, ip + kept);
    this.#ring.push();
  }
  /** Records that the segment was dropped. */
  drop(reason, segment) {
    const at = this.#begin(TraceKind.drop);
    if (at < 0) return;
    this.#ring.words[at + 7] = reason;
    writeSegmentRecord(this.#ring.words, at + HEADER_WORDS, 0, segment);
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
    words[at + BODY] = Math.min(congestion.cwndBytes, WORD_MAX2);
    words[at + BODY + 1] = Math.min(congestion.ssthreshBytes, WORD_MAX2);
    words[at + BODY + 2] = seqDiff(conn.sndMax, conn.sndUna);
    words[at + BODY + 3] = conn.sndWnd;
    words[at + BODY + 4] = rtt.srttUs;
    words[at + BODY + 5] = Math.min(rtt.backedOff(conn.backoffs), WORD_MAX2);
    this.#finish(at, conn);
  }
  #finish(at, conn) {
    const { words } = this.#ring;
    words[at + 5] = conn.id;
    words[at + 6] = 0;
    const scratch2 = this.#scratch;
    scratch2.src0 = conn.local0;
    scratch2.src1 = conn.local1;
    scratch2.src2 = conn.local2;
    scratch2.src3 = conn.local3;
    scratch2.dst0 = conn.remote0;
    scratch2.dst1 = conn.remote1;
    scratch2.dst2 = conn.remote2;
    scratch2.dst3 = conn.remote3;
    scratch2.srcPort = conn.localPort;
    scratch2.dstPort = conn.remotePort;
    writeSegmentRecord(words, at + HEADER_WORDS, 0, scratch2);
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

// src/pipeline/icmp_egress.ts
var ECHO_BURST_SHARE = 10;
var IcmpEgress = class {
  /** Where to record what is sent, when somebody looks. */
  trace = null;
  #parts;
  #memory;
  #errors;
  #echoes;
  /** Both ends of the message at hand. */
  #ends = new Segment();
  constructor(parts) {
    this.#parts = parts;
    this.#memory = parts.layout.memory;
    const { errorsPerSecond, errorsBurst, echoRepliesPerSecond } = parts.config;
    this.#errors = new IcmpLimit(errorsPerSecond, errorsBurst, parts.random);
    const echoBurst = Math.max(1, echoRepliesPerSecond / ECHO_BURST_SHARE);
    this.#echoes = new IcmpLimit(echoRepliesPerSecond, echoBurst, parts.random);
  }
  /** Tells the sender of a datagram that nobody listens on its port. */
  sendPortUnreachable(datagram, nowUs) {
    setPortUnreachable(datagram);
    this.sendError(datagram, nowUs);
  }
  /** Sends the error that is due about a packet in its frame (`icmpType`, `icmpCode`, `icmpMtu`). */
  sendError(packet, nowUs) {
    const skipped = this.#parts.device.virtioHeader ? VIRTIO_HEADER_BYTES : 0;
    const { frameOffset: frameOffset2, frameLength } = packet;
    this.sendErrorAbout(packet, frameOffset2 + skipped, frameLength - skipped, nowUs);
  }
  /** The same about a packet whose first `length` bytes are at `offset`. */
  sendErrorAbout(packet, offset, length, nowUs) {
    const { egress, slots, counters, device } = this.#parts;
    if (egress.isOwn(packet.src0, packet.src1, packet.src2, packet.src3)) return;
    if (!this.#errors.allows(nowUs)) return counters.drop(Drop.icmpErrorLimited);
    const descriptor = slots.slots.take();
    if (descriptor === NIL) return counters.drop(Drop.icmpErrorLimited);
    const { virtioHeader } = device;
    const start = egress.startOf(descriptor);
    const { pieces } = egress;
    pieces[0] = start;
    pieces[1] = writeIcmpError(this.#memory, start, packet, offset, length, virtioHeader);
    this.#show(start + (virtioHeader ? VIRTIO_HEADER_BYTES : 0), packet);
    counters.count(Counter.icmpErrorsOut);
    egress.transmit(pieces, FIRST_PIECE, 0);
    slots.slots.give(descriptor);
  }
  /** Answers an echo request that lies in its frame slot. */
  sendEchoReply(request, nowUs) {
    const { counters } = this.#parts;
    if (!this.#echoes.allows(nowUs)) return counters.drop(Drop.icmpEchoLimited);
    const ends = this.#ends;
    turnAround(ends, request);
    ends.trafficClass = request.trafficClass;
    ends.hopLimit = 0;
    const descriptor = this.#claim(ends);
    if (descriptor === NIL) return;
    const ip = this.#ipOf(descriptor, ends);
    const length = writeEchoReply(this.#memory, ip, request, false);
    counters.count(Counter.icmpEchoReplies);
    this.#send(descriptor, ends, length, nowUs);
  }
  /** Sends an echo request with `size` bytes between both ends of `ends`; `name` comes back with the reply. */
  sendEchoRequest(ends, name, size, nowUs) {
    const descriptor = this.#claim(ends);
    if (descriptor === NIL) return;
    const ip = this.#ipOf(descriptor, ends);
    const length = writeEchoRequest(this.#memory.view, ip, ends, name, size);
    this.#parts.counters.count(Counter.pingsOut);
    this.#send(descriptor, ends, length, nowUs);
  }
  #isOwn(ends) {
    return this.#parts.egress.isOwn(ends.dst0, ends.dst1, ends.dst2, ends.dst3);
  }
  /** A slot for a message, or {@link NIL}, counted. */
  #claim(ends) {
    const { egress, slots, counters } = this.#parts;
    if (this.#isOwn(ends)) return egress.claimLoopback();
    const descriptor = slots.slots.take();
    if (descriptor === NIL) counters.drop(Drop.loopbackFull);
    return descriptor;
  }
  /** Where the IP header of a message belongs: behind the place for a virtio-net header when there is one. */
  #ipOf(descriptor, ends) {
    const { egress, device } = this.#parts;
    const skipped = device.virtioHeader && !this.#isOwn(ends) ? VIRTIO_HEADER_BYTES : 0;
    return egress.startOf(descriptor) + skipped;
  }
  /** Records the message in the packet at `ip`, of the family of `ends`, when somebody looks. */
  #show(ip, ends) {
    if (this.trace === null) return;
    const isIpv42 = isIpv4Words(ends.dst0, ends.dst1, ends.dst2);
    this.trace.icmp(TraceKind.icmpOut, ip, ip + (isIpv42 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES));
  }
  /** Sends the packet of `length` bytes that stands in a slot, whole or in fragments. */
  #send(descriptor, ends, length, nowUs) {
    const { egress, slots, device, fragments, paths } = this.#parts;
    this.#show(this.#ipOf(descriptor, ends), ends);
    if (this.#isOwn(ends)) {
      egress.pushLoopback(descriptor, length, FIRST_PIECE);
      return;
    }
    const { pieces } = egress;
    const start = egress.startOf(descriptor);
    const skipped = device.virtioHeader ? VIRTIO_HEADER_BYTES : 0;
    const { dst0, dst1, dst2, dst3 } = ends;
    const mtu = paths.of(dst0, dst1, dst2, dst3, nowUs);
    if (length <= mtu) {
      if (device.virtioHeader) writeVirtioPlain(this.#memory.view, start);
      pieces[0] = start;
      pieces[1] = skipped + length;
      egress.transmit(pieces, FIRST_PIECE, 0);
    } else {
      const isIpv42 = isIpv4Words(dst0, dst1, dst2);
      const header = isIpv42 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
      pieces[0] = start + skipped + header;
      pieces[1] = length - header;
      fragments.send(ends, isIpv42 ? Protocol.icmp : Ipv6Next.icmp, length - header, mtu);
    }
    slots.slots.give(descriptor);
  }
};

// src/pipeline/datagram_egress.ts
var UDP_HEADER_PLACE = HEADER_BYTES2 - UDP_HEADER_BYTES;
var DatagramEgress = class {
  pieces;
  /** Where to record what is sent, when somebody looks. */
  trace = null;
  /** What routers have said about the way. */
  paths;
  #device;
  #memory;
  #headers;
  #counters;
  #egress;
  #own;
  #fragments;
  /** The way out of ICMP, which cuts what is too long in the same way and knows the same paths. */
  icmp;
  #labels;
  /** The ends of the datagram at hand, as the labels want them. */
  #flow = {
    ...{
      local0: 0,
      local1: 0,
      local2: 0,
      local3: 0,
      localPort: 0
    },
    ...{
      remote0: 0,
      remote1: 0,
      remote2: 0,
      remote3: 0,
      remotePort: 0
    }
  };
  constructor(parts) {
    this.#device = parts.device;
    this.#memory = parts.layout.memory;
    this.#headers = parts.layout.headers;
    this.#counters = parts.counters;
    this.#egress = parts.egress;
    this.pieces = parts.egress.pieces;
    this.#own = new OwnAddresses(parts.addresses, true, parts.broadcasts);
    this.paths = new PathMtuTable(parts.device.mtu);
    const { device, layout, slots, counters, random, egress } = parts;
    this.#fragments = new FragmentEgress(device, layout, counters, random, egress);
    this.icmp = new IcmpEgress({
      ...{
        device,
        layout,
        slots,
        counters,
        random,
        egress
      },
      ...{
        config: parts.ip,
        fragments: this.#fragments,
        paths: this.paths
      }
    });
    this.#labels = new FlowLabels(parts.random);
  }
  /** Whether this datagram was sent to many: to a group, or to all of a network. */
  isForGroup(datagram) {
    const { dst0, dst1, dst2, dst3 } = datagram;
    if (isIpv4Words(dst0, dst1, dst2)) return this.#own.isGroup4(dst3);
    return dst0 >>> 24 === 255;
  }
  hasRoom(remote) {
    return this.#egress.hasRoom(remote);
  }
  sendDatagram(datagram, end2, loopsBack, nowUs) {
    const { dst0, dst1, dst2, dst3 } = datagram;
    const bytes = udpPacketBytes(datagram);
    const isIpv42 = isIpv4Words(dst0, dst1, dst2);
    const most = isIpv42 ? IPV4_TOTAL_MAX_BYTES : IPV6_HEADER_BYTES + IPV6_PAYLOAD_MAX_BYTES;
    if (bytes > most) {
      this.#counters.drop(Drop.udpTooLong);
      return;
    }
    datagram.flowLabel = isIpv42 ? 0 : this.#labelFor(datagram);
    this.trace?.segment(TraceKind.datagramOut, datagram);
    const isOwn = this.#egress.isOwn(dst0, dst1, dst2, dst3);
    if (isOwn || loopsBack && this.isForGroup(datagram)) this.#loopBack(datagram, end2);
    if (isOwn || datagram.hopLimit === 0) return;
    const mtu = this.paths.of(dst0, dst1, dst2, dst3, nowUs);
    if (bytes > mtu) this.#sendInFragments(datagram, end2, mtu);
    else if (this.#device.virtioHeader) this.#sendWhole(datagram, end2, 0);
    else this.#sendWhole(datagram, end2, this.#payloadSum(end2));
  }
  sendPortUnreachable(datagram, nowUs) {
    this.icmp.sendPortUnreachable(datagram, nowUs);
  }
  /** RFC 6437 section 3: one label for all that goes between two ports, as Linux has it for UDP too. */
  #labelFor(datagram) {
    const flow = this.#flow;
    flow.local0 = datagram.src0;
    flow.local1 = datagram.src1;
    flow.local2 = datagram.src2;
    flow.local3 = datagram.src3;
    flow.remote0 = datagram.dst0;
    flow.remote1 = datagram.dst1;
    flow.remote2 = datagram.dst2;
    flow.remote3 = datagram.dst3;
    flow.localPort = datagram.srcPort;
    flow.remotePort = datagram.dstPort;
    return this.#labels.of(flow);
  }
  #sendWhole(datagram, end2, payloadSum) {
    const mode = this.#device.virtioHeader ? ChecksumMode.virtioPartial : ChecksumMode.full;
    this.pieces[0] = this.#headers;
    this.pieces[1] = writeUdpPacket(this.#memory, this.#headers, datagram, mode, payloadSum);
    this.#egress.transmit(this.pieces, end2, datagram.payloadLength);
  }
  #loopBack(datagram, end2) {
    const descriptor = this.#egress.claimLoopback();
    if (descriptor === NIL) return;
    const start = this.#egress.startOf(descriptor);
    const headers = writeUdpPacket(this.#memory, start, datagram, ChecksumMode.none, 0);
    this.#egress.pushLoopback(descriptor, headers, end2);
  }
  #payloadSum(end2) {
    const { pieces } = this;
    let sum = 0;
    let position = 0;
    for (let i = FIRST_PIECE; i < end2; i += 2) {
      sum = checksumAddPiece(this.#memory, pieces[i], pieces[i + 1], sum, position);
      position += pieces[i + 1];
    }
    return sum;
  }
  /** The UDP header is the beginning of what is cut, so it becomes one more piece, before those of the payload. */
  #sendInFragments(datagram, end2, mtu) {
    const { pieces } = this;
    const { srcPort, dstPort, payloadLength } = datagram;
    const checksum = udpChecksum(datagram, this.#payloadSum(end2));
    const udp = this.#headers + UDP_HEADER_PLACE;
    writeUdpHeader(this.#memory.view, udp, srcPort, dstPort, payloadLength, checksum);
    pieces[0] = udp;
    pieces[1] = UDP_HEADER_BYTES;
    this.#fragments.send(datagram, Protocol.udp, UDP_HEADER_BYTES + payloadLength, mtu);
  }
};

// src/tcp/forward_filter.ts
var PREFIX_WORDS = 5;
var ForwardFilter = class {
  #prefixes = [];
  #excluded = [];
  /** Pairs of first and last port. */
  #ports = [];
  /** Lets a prefix in, or excludes it; `length` counts in the 128 bits of the address, mapped ones included. */
  addPrefix(address, length, excludes) {
    const list = excludes ? this.#excluded : this.#prefixes;
    list.push(address[0], address[1], address[2], address[3], length);
  }
  /** Lets ports in, both ends included. */
  addPorts(first, last) {
    this.#ports.push(first, last);
  }
  /** Whether a flow to this address and port is let through. */
  lets(w0, w1, w2, w3, port) {
    const ports = this.#ports;
    let letsPort = ports.length === 0;
    for (let i = 0; i < ports.length && !letsPort; i += 2) {
      letsPort = ports[i] <= port && port <= ports[i + 1];
    }
    if (!letsPort || isIn(this.#excluded, w0, w1, w2, w3)) return false;
    return this.#prefixes.length === 0 || isIn(this.#prefixes, w0, w1, w2, w3);
  }
};
function isIn(prefixes, w0, w1, w2, w3) {
  const isIpv42 = isIpv4Words(w0, w1, w2);
  for (let i = 0; i < prefixes.length; i += PREFIX_WORDS) {
    const length = prefixes[i + 4];
    if (isIpv4Words(prefixes[i], prefixes[i + 1], prefixes[i + 2]) !== isIpv42) continue;
    if (hasSameBits(prefixes[i], w0, length) && hasSameBits(prefixes[i + 1], w1, length - 32) && hasSameBits(prefixes[i + 2], w2, length - 64) && hasSameBits(prefixes[i + 3], w3, length - 96)) {
      return true;
    }
  }
  return false;
}
function hasSameBits(a, b, bits) {
  if (bits <= 0) return true;
  return bits >= 32 ? a === b : (a ^ b) >>> 32 - bits === 0;
}

// src/pipeline/forward_commands.ts
var ForwardCommands = class {
  #forwarding;
  #udp;
  #egress;
  /** A datagram that is refused: a segment without flags. */
  #segment = new Segment();
  /** Filters of forwards that are not open yet, by the forward's number. */
  #drafts = /* @__PURE__ */ new Map();
  constructor(forwarding, udp, egress) {
    this.#udp = udp;
    this.#forwarding = forwarding;
    this.#egress = egress;
  }
  /** Obeys the command at word `at`; false when it is about something else. */
  obey(words, at, nowUs) {
    const id = words[at + Field.row];
    const value = words[at + Field.value];
    const generation = words[at + Field.generation];
    switch (words[at + Field.op]) {
      case Command.forwardPrefix: {
        const address = [
          ...words.subarray(at + Field.address, at + Field.address + 4)
        ];
        this.#draft(id).addPrefix(address, value, words[at + Field.excludes] !== 0);
        return true;
      }
      case Command.forwardPorts:
        this.#draft(id).addPorts(words[at + Field.port], value);
        return true;
      case Command.forward: {
        const mode = words[at + Field.port];
        const settings = {
          filter: this.#draft(id),
          takesOwn: (mode & ForwardMode.own) !== 0,
          pendingMax: value,
          decisionUs: words[at + Field.decisionMs] * 1e3,
          cookies: SYN_COOKIE_MODES[(mode >> ForwardMode.cookiesShift) - 1] ?? null
        };
        this.#forwarding.open(id, settings, nowUs);
        this.#drafts.delete(id);
        return true;
      }
      case Command.bindForeign:
        this.#udp.bindForeign(id, generation, this.#draft(value));
        this.#drafts.delete(value);
        return true;
      case Command.refuseDatagram:
        this.#refuseDatagram(words, at, nowUs);
        return true;
      case Command.unforward:
        this.#forwarding.close(id, nowUs);
        return true;
      case Command.acceptFlow:
        this.#forwarding.accept(value, generation, id, nowUs);
        return true;
      case Command.refuseFlow:
        this.#refuse(id, generation, value, nowUs);
        return true;
      default:
        return false;
    }
  }
  #refuseDatagram(words, at, nowUs) {
    const segment = this.#segment;
    const from = at + Field.address;
    const to = at + Field.localAddress;
    segment.src0 = words[from];
    segment.src1 = words[from + 1];
    segment.src2 = words[from + 2];
    segment.src3 = words[from + 3];
    segment.dst0 = words[to];
    segment.dst1 = words[to + 1];
    segment.dst2 = words[to + 2];
    segment.dst3 = words[to + 3];
    segment.srcPort = words[at + Field.port];
    segment.dstPort = words[at + Field.localPort];
    this.#egress.sendUnreachable(segment, words[at + Field.value], nowUs);
  }
  #draft(id) {
    let filter = this.#drafts.get(id);
    if (filter === void 0) {
      filter = new ForwardFilter();
      this.#drafts.set(id, filter);
    }
    return filter;
  }
  #refuse(flow, generation, how, nowUs) {
    if (how === FlowEnd.drop) return this.#forwarding.refuse(flow, generation);
    const isReset = how === FlowEnd.reset || this.#forwarding.isConnected(flow, generation);
    if (isReset) return this.#forwarding.reset(flow, generation, nowUs);
    const syn = this.#forwarding.takeRejected(flow, generation);
    if (syn !== null) this.#egress.sendUnreachable(syn, how - FlowEnd.unreachable, nowUs);
  }
};

// src/ip/unreachable.ts
var ERROR_TRAFFIC_CLASS2 = 192;
var ERRORS_PER_SECOND = 1e3;
var ERRORS_BURST = 50;
function code6Of(code) {
  switch (code) {
    case IcmpUnreachableCode.network:
      return 0;
    case IcmpUnreachableCode.port:
      return 4;
    case IcmpUnreachableCode.host:
      return 3;
    default:
      return 1;
  }
}
var UnreachableBudget = class {
  #tokens = ERRORS_BURST;
  #filledAtUs = 0;
  /** Whether one more may be sent now; if so, it counts. */
  take(nowUs) {
    const gained = (nowUs - this.#filledAtUs) / 1e6 * ERRORS_PER_SECOND;
    this.#tokens = Math.min(ERRORS_BURST, this.#tokens + gained);
    this.#filledAtUs = nowUs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
};
var error = new Segment();
function writeUnreachable(memory, offset, syn, code, virtioHeader) {
  const { view } = memory;
  const isIpv42 = isIpv4Words(syn.dst0, syn.dst1, syn.dst2);
  const ip = virtioHeader ? offset + VIRTIO_HEADER_BYTES : offset;
  const icmp = ip + (isIpv42 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
  const quoted = icmp + IcmpField.quoted;
  const quotedBytes = syn.flags === 0 ? writeDatagramHeaders(view, quoted, syn, isIpv42) : writePacket(memory, quoted, syn, 0, 0, ChecksumMode.full);
  if (syn.flags !== 0) finishTcpChecksum(view, quoted, quotedBytes, 0);
  const length = ICMP_HEADER_BYTES + quotedBytes;
  turnAround(error, syn);
  error.trafficClass = isIpv42 ? ERROR_TRAFFIC_CLASS2 : 0;
  if (virtioHeader) writeVirtioPlain(view, offset);
  view.setInt32(icmp, 0);
  view.setInt32(icmp + 4, 0);
  if (isIpv42) {
    writeHeader4(view, ip, error, Protocol.icmp, length, 0);
    view.setUint8(icmp + IcmpField.type, IcmpType.destinationUnreachable);
    view.setUint8(icmp + IcmpField.code, code);
    writeIcmpChecksum(view, icmp, length);
  } else {
    writeHeader6(view, ip, error, Ipv6Next.icmp, length);
    view.setUint8(icmp + IcmpField.type, Icmp6Type.destinationUnreachable);
    view.setUint8(icmp + IcmpField.code, code6Of(code));
    const sum = transportChecksum6(view, ip, Ipv6Next.icmp, icmp, length);
    view.setUint16(icmp + IcmpField.checksum, sum);
  }
  return icmp + length - offset;
}
function writeDatagramHeaders(view, at, segment, isIpv42) {
  const udp = at + (isIpv42 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
  if (isIpv42) writeHeader4(view, at, segment, Protocol.udp, UDP_HEADER_BYTES, 0);
  else writeHeader6(view, at, segment, Protocol.udp, UDP_HEADER_BYTES);
  view.setUint16(udp + UdpField.sourcePort, segment.srcPort);
  view.setUint16(udp + UdpField.destinationPort, segment.dstPort);
  view.setUint16(udp + UdpField.length, UDP_HEADER_BYTES);
  view.setUint16(udp + UdpField.checksum, 0);
  return udp - at + UDP_HEADER_BYTES;
}

// src/pipeline/egress.ts
var SUPER_BYTES = 65535 - 80;
var MAX_PIECES2 = 64;
var LOOPBACK_PACKETS = 32;
var LOOPBACK_DATA_PACKETS = 16;
var Egress = class {
  /** Where the device does not cut super-segments, the egress does: the state machine runs once for many frames. */
  superBytes;
  mtu;
  pieces = new Int32Array(2 * MAX_PIECES2);
  /** Where to record what is sent, when somebody looks. */
  trace = null;
  /** The pieces of one frame that is cut out of a super-segment. */
  #cut = new Int32Array(2 * MAX_PIECES2);
  #device;
  #memory;
  #counters;
  #headers;
  #slots;
  #own;
  /** Pairs of (slot, length), a queue in an array. */
  #loopback = new Int32Array(2 * LOOPBACK_PACKETS);
  #errors = new UnreachableBudget();
  #loopbackHead = 0;
  #loopbackTail = 0;
  #identification = 0;
  constructor(device, layout, slots, counters, addresses, superBytes = SUPER_BYTES) {
    this.superBytes = superBytes;
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
    return !this.isOwn(remote0, remote1, remote2, remote3);
  }
  send(segment, end2) {
    const isOwn = this.isOwn(segment.dst0, segment.dst1, segment.dst2, segment.dst3);
    if (segment.gsoSize > 0 && !isOwn && !this.#device.virtioHeader) {
      this.#sendInFrames(segment);
      return;
    }
    if (isOwn) this.#loopBack(segment, end2);
    else if (this.#device.virtioHeader) this.#sendForOffload(segment, end2);
    else this.#sendComplete(segment, this.pieces, end2);
  }
  /** Answers the SYN of a flow that was rejected, of which only what it said is left. */
  sendUnreachable(syn, code, nowUs) {
    const isOwn = this.isOwn(syn.src0, syn.src1, syn.src2, syn.src3);
    if (isOwn || !this.#errors.take(nowUs)) {
      this.#counters.drop(Drop.rateLimited);
      return;
    }
    const { virtioHeader } = this.#device;
    this.pieces[0] = this.#headers;
    this.pieces[1] = writeUnreachable(this.#memory, this.#headers, syn, code, virtioHeader);
    if (this.trace !== null) {
      const ip = this.#headers + (virtioHeader ? VIRTIO_HEADER_BYTES : 0);
      const isIpv42 = isIpv4Words(syn.dst0, syn.dst1, syn.dst2);
      const icmp = ip + (isIpv42 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
      this.trace.icmp(TraceKind.icmpOut, ip, icmp);
    }
    this.#counters.count(Counter.flowErrorsOut);
    this.transmit(this.pieces, FIRST_PIECE, 0);
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
  /** Whether packets to this address are the stack's own. */
  isOwn(w0, w1, w2, w3) {
    return isIpv4Words(w0, w1, w2) ? this.#own.has4(w3) : this.#own.has6(w0, w1, w2, w3);
  }
  #sendForOffload(segment, end2) {
    const { pieces } = this;
    this.#identification = this.#identification + 1 & 65535;
    pieces[0] = this.#headers;
    pieces[1] = writePacket(this.#memory, this.#headers, segment, segment.payloadLength, this.#identification, ChecksumMode.virtioPartial);
    this.trace?.segment(TraceKind.segmentOut, segment, this.#headers + VIRTIO_HEADER_BYTES, pieces[1] - VIRTIO_HEADER_BYTES);
    this.transmit(pieces, end2, segment.payloadLength);
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
    this.transmit(pieces, end2, segment.payloadLength);
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
  transmit(pieces, end2, payloadLength) {
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
    const descriptor = this.claimLoopback();
    if (descriptor === NIL) return;
    const { payloadLength } = segment;
    const start = this.startOf(descriptor);
    const headers = writePacket(this.#memory, start, segment, payloadLength, 0, ChecksumMode.none);
    this.trace?.segment(TraceKind.segmentOut, segment, start, headers);
    this.pushLoopback(descriptor, headers, end2);
  }
  /** A frame slot for a packet to the stack itself, or {@link NIL}, counted, when there is no room for one. */
  claimLoopback() {
    const full = this.#loopbackTail - this.#loopbackHead >= LOOPBACK_PACKETS;
    const descriptor = full ? NIL : this.#slots.slots.take();
    if (descriptor === NIL) this.#counters.drop(Drop.loopbackFull);
    return descriptor;
  }
  /** Queues the packet whose headers, of that length, stand in the slot, with the payload in the pieces. */
  pushLoopback(descriptor, headers, end2) {
    const { pieces } = this;
    const start = this.startOf(descriptor);
    let length = headers;
    for (let i = FIRST_PIECE; i < end2; i += 2) {
      this.#memory.copy(start + length, pieces[i], pieces[i + 1]);
      length += pieces[i + 1];
    }
    const at = 2 * (this.#loopbackTail % LOOPBACK_PACKETS);
    this.#loopback[at] = descriptor;
    this.#loopback[at + 1] = length;
    this.#loopbackTail++;
  }
  /** Where the bytes of a frame slot begin. */
  startOf(descriptor) {
    const { words, table } = this.#slots.slots;
    return words[table + descriptor * DESCRIPTOR_WORDS + START];
  }
};

// src/ip/ping.ts
var Pings = class {
  #limit;
  #random;
  #byName = /* @__PURE__ */ new Map();
  #byRequest = /* @__PURE__ */ new Map();
  /** At most `limit` at once. */
  constructor(limit, random) {
    this.#limit = limit;
    this.#random = random;
  }
  /** How many wait. */
  get count() {
    return this.#byName.size;
  }
  /** Begins one; null when as many wait as may. */
  start(request, local, remote, size, nowUs) {
    if (this.#byName.size >= this.#limit) return null;
    let name = this.#random.uint32() | 0;
    while (this.#byName.has(name)) name = name + 1 | 0;
    const ping = {
      request,
      name,
      local,
      remote,
      size,
      sentAtUs: nowUs
    };
    this.#byName.set(name, ping);
    this.#byRequest.set(request, ping);
    return ping;
  }
  /** Forgets one that nobody waits for any more. */
  cancel(request) {
    const ping = this.#byRequest.get(request);
    if (ping !== void 0) this.#remove(ping);
  }
  /** The request that an echo reply answers, which is thereby done; null when it answers none. */
  takeAnswered(reply2) {
    const ping = this.#byName.get(reply2.seq);
    if (ping === void 0) return null;
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = reply2;
    if (!isAddress(ping.remote, src0, src1, src2, src3)) return null;
    if (!isAddress(ping.local, dst0, dst1, dst2, dst3)) return null;
    if (reply2.payloadLength !== ICMP_HEADER_BYTES + ping.size) return null;
    this.#remove(ping);
    return ping;
  }
  /** The request that an error is about, still waiting; null when it is about none. */
  findQuoted(error2) {
    const ping = this.#byName.get(error2.seq);
    if (ping === void 0) return null;
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = error2;
    const isSame = isAddress(ping.local, src0, src1, src2, src3) && isAddress(ping.remote, dst0, dst1, dst2, dst3);
    return isSame ? ping : null;
  }
  #remove(ping) {
    this.#byName.delete(ping.name);
    this.#byRequest.delete(ping.request);
  }
};
function isAddress(address, w0, w1, w2, w3) {
  return address[3] === w3 && address[2] === w2 && address[1] === w1 && address[0] === w0;
}

// src/pipeline/icmp_stage.ts
var IcmpStage = class {
  #counters;
  #egress;
  #link;
  #handover;
  #paths;
  #isForGroup;
  #pings;
  /** What reassembly tells about packets that were not complete in time. */
  #quotes;
  #view;
  #packet = new Segment();
  constructor(parts) {
    this.#counters = parts.counters;
    this.#egress = parts.egress;
    this.#link = parts.link;
    this.#handover = parts.handover;
    this.#paths = parts.paths;
    this.#isForGroup = parts.isForGroup;
    this.#pings = new Pings(parts.config.maxPings, parts.random);
    this.#quotes = new RingConsumer(parts.layout.quotes);
    this.#view = parts.layout.memory.view;
  }
  /** Whether `run` has something to do. */
  get hasWork() {
    return this.#quotes.hasNext();
  }
  /** Takes in what is neither TCP nor UDP. */
  input(kind, segment, nowUs) {
    switch (kind) {
      case InputKind.icmpEcho:
        return this.#egress.sendEchoReply(segment, nowUs);
      case InputKind.refused:
        return this.#egress.sendError(segment, nowUs);
      case InputKind.icmpEchoReply:
        return this.#onEchoReply(segment, nowUs);
      case InputKind.pingError:
        return this.#onPingError(segment, nowUs);
    }
  }
  /** Tells the senders of packets that were not complete in time. */
  run(nowUs) {
    const { words } = this.#quotes;
    if (!this.#quotes.hasNext()) return;
    for (let at = this.#quotes.next(); at >= 0; at = this.#quotes.next()) {
      this.#sendExceeded((at + 1) * 4, words[at], nowUs);
    }
    this.#quotes.release();
  }
  /** Sends an echo request for the application (messages.ts). */
  ping(words, at, nowUs) {
    const local = [
      ...words.subarray(at + Field.localAddress, at + Field.localAddress + 4)
    ];
    const remote = [
      ...words.subarray(at + Field.address, at + Field.address + 4)
    ];
    const request = words[at + Field.row];
    const size = words[at + Field.value];
    const ping = this.#pings.start(request, local, remote, size, nowUs);
    if (ping === null) {
      this.#link.pinged(request, ConnectionError.tooManyConnections, 0, 0, 0);
      return;
    }
    const packet = this.#packet;
    [packet.src0, packet.src1, packet.src2, packet.src3] = local;
    [packet.dst0, packet.dst1, packet.dst2, packet.dst3] = remote;
    packet.trafficClass = 0;
    packet.hopLimit = words[at + Field.port];
    this.#egress.sendEchoRequest(packet, ping.name, size, nowUs);
  }
  /** The application no longer waits for an answer. */
  cancelPing(request) {
    this.#pings.cancel(request);
  }
  #onEchoReply(reply2, nowUs) {
    const ping = this.#pings.takeAnswered(reply2);
    if (ping === null) {
      if (this.#handover === null || !this.#handover.offer(reply2)) {
        this.#counters.drop(Drop.icmpUnmatched);
      }
      return;
    }
    this.#counters.count(Counter.pingsAnswered);
    if (!this.#link.hasRoom) return;
    const rttUs = nowUs - ping.sentAtUs;
    this.#link.pinged(ping.request, ConnectionError.none, rttUs, reply2.hopLimit, 0);
  }
  #onPingError(error2, nowUs) {
    const ping = this.#pings.findQuoted(error2);
    if (ping === null) {
      this.#counters.drop(Drop.icmpUnmatched);
      return;
    }
    this.#counters.count(Counter.icmpErrorsIn);
    const { icmpType, icmpCode, icmpMtu } = error2;
    if (isFragmentationNeeded(icmpType, icmpCode)) {
      const destination = {
        w0: error2.dst0,
        w1: error2.dst1,
        w2: error2.dst2,
        w3: error2.dst3
      };
      this.#paths.learn(destination, icmpMtu, nowUs);
    }
    this.#pings.cancel(ping.request);
    if (!this.#link.hasRoom) return;
    const what = connectErrorOf(icmpType, icmpCode);
    this.#link.pinged(ping.request, what, 0, 0, icmpType << 8 | icmpCode);
  }
  #sendExceeded(offset, length, nowUs) {
    const packet = this.#packet;
    const view = this.#view;
    if (view.getUint8(offset) >>> 4 === 4) {
      const source = view.getInt32(offset + Ipv4Field.source);
      setIpv4Addresses(packet, source, view.getInt32(offset + Ipv4Field.destination));
    } else {
      setIpv6Addresses(packet, view, offset);
    }
    if (this.#isForGroup(packet)) return;
    setReassemblyExceeded(packet);
    this.#egress.sendErrorAbout(packet, offset, length, nowUs);
  }
};

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
  #udp;
  #icmp;
  #egress;
  #datagramEgress;
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
  #forwards;
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
    this.#datagramEgress = this.#makeDatagramEgress(parts);
    this.#commands = new RingConsumer(layout.commands);
    this.#appBell = parts.appBell ?? new Bell(layout.words, Control.appBell);
    this.#loopbackInput = new PacketInput({
      virtioHeader: false,
      addresses: settings.addresses,
      broadcasts: settings.broadcasts,
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
      originUs: parts.clock.originUs,
      handover: parts.handover
    });
    const datagrams = this.#datagramEgress;
    this.#icmp = new IcmpStage({
      ...{
        layout,
        counters: this.counters,
        config: settings.ip,
        random: parts.random
      },
      ...{
        egress: datagrams.icmp,
        paths: datagrams.paths
      },
      ...{
        link: this.#link,
        handover: this.#handover
      },
      isForGroup: (packet) => datagrams.isForGroup(packet)
    });
    this.#udp = new Udp({
      config: settings.udp,
      layout,
      counters: this.counters,
      memory: this.slots,
      sink: this.#datagramEgress,
      events: this.#link
    });
    if (settings.traced) layout.words[layout.control + Control.trace] |= Traced.segments;
    this.#forwards = new ForwardCommands(this.#tcp.forwarding, this.#udp, this.#egress);
  }
  #makeDatagramEgress(parts) {
    const { device, layout, settings, random } = parts;
    const { addresses, broadcasts } = settings;
    const { slots, counters } = this;
    return new DatagramEgress({
      ...{
        device,
        layout,
        slots,
        counters,
        addresses,
        broadcasts,
        random
      },
      ...{
        egress: this.#egress,
        ip: settings.ip
      }
    });
  }
  /** Whether there is something to do besides segments from the device. */
  get hasWork() {
    return this.#commands.hasNext() || this.#egress.hasLoopback || this.#udp.hasWork || this.#icmp.hasWork || this.#inbox.hasNext;
  }
  /** When `run` is due without anything having come in, in microseconds; `Infinity` when it is not. */
  nextExpiry() {
    return Math.min(this.#tcp.nextExpiry(), this.#tidyAtUs);
  }
  /** Takes one decoded packet in and gives its frame back. */
  input(kind, segment, nowUs) {
    this.#takeCommands(nowUs);
    this.#followViewers(nowUs);
    if (this.#trace !== null) this.#traceInput(this.#trace, kind, segment);
    switch (kind) {
      case InputKind.tcp:
        if ((segment.flags & Flag.SYN) !== 0) this.#takeCommands(nowUs);
        this.counters.lastDrop = Drop.none;
        this.#tcp.input(segment, nowUs);
        if (this.#trace !== null && this.counters.lastDrop !== Drop.none) {
          this.#trace.drop(this.counters.lastDrop, segment);
        }
        break;
      case InputKind.udp:
        this.#udp.input(segment, this.#datagramEgress.isForGroup(segment), nowUs);
        break;
      case InputKind.udpError:
        this.#onUdpError(segment, nowUs);
        break;
      case InputKind.icmpError:
        this.#tcp.icmpError(segment, nowUs);
        break;
      default:
        this.#icmp.input(kind, segment, nowUs);
    }
    this.slots.recycle(segment);
  }
  /**
   * An ICMP error about a datagram of this stack. The sockets are connected to nobody, and so, as in Linux, are
   * not told; but what is too long for the way goes in fragments from now on (RFC 1191, RFC 8201).
   */
  #onUdpError(error2, nowUs) {
    this.counters.count(Counter.udpErrorsIn);
    if (!this.#udp.hasSender(error2)) {
      this.counters.drop(Drop.icmpUnmatched);
      return;
    }
    if (!isFragmentationNeeded(error2.icmpType, error2.icmpCode)) return;
    const destination = {
      w0: error2.dst0,
      w1: error2.dst1,
      w2: error2.dst2,
      w3: error2.dst3
    };
    this.#datagramEgress.paths.learn(destination, error2.icmpMtu, nowUs);
  }
  /**
   * Does everything that is not input: commands, timers, output, news for the application. True when the
   * application had commands.
   */
  run(nowUs) {
    this.#followViewers(nowUs);
    const commanded = this.#takeCommands(nowUs);
    if (this.#inbox.hasNext) this.#takeHandedOver(nowUs);
    this.#icmp.run(nowUs);
    this.#tcp.expire(nowUs);
    this.#flush(nowUs);
    for (let i = 0; i < LOOPBACK_PER_ROUND && this.#takeLoopback(nowUs); i++) {
      if (!this.#egress.hasLoopback) this.#flush(nowUs);
    }
    if (this.#shuttingDown) this.#reportStopped();
    this.counters.set(Counter.connectionsNow, this.#tcp.connectionCount);
    this.counters.set(Counter.handshakesNow, this.#tcp.handshakes.size);
    this.counters.set(Counter.flowsPendingNow, this.#tcp.forwarding.size);
    this.counters.set(Counter.timeWaitNow, this.#tcp.timeWaitCount);
    this.counters.set(Counter.dormantNow, this.#tcp.dormantCount);
    this.counters.set(Counter.datagramSocketsNow, this.#udp.socketCount);
    this.counters.set(Counter.receiveMemoryNow, this.slots.heldBytes);
    this.#wakeApplication(nowUs);
    return commanded;
  }
  #flush(nowUs) {
    this.#tcp.flush(nowUs);
    this.#udp.flush(nowUs);
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
    this.#datagramEgress.trace = this.#trace;
    this.#datagramEgress.icmp.trace = this.#trace;
    this.#link.trace = this.#trace;
  }
  #traceInput(trace, kind, segment) {
    const { bytes } = this.#layout.memory;
    const { payloadOffset } = segment;
    let start = segment.frameOffset;
    if (bytes[start] >>> 4 === 0) start += VIRTIO_HEADER_BYTES;
    switch (kind) {
      case InputKind.tcp:
        return trace.segment(TraceKind.segmentIn, segment, start, payloadOffset - start);
      case InputKind.udp:
        return trace.segment(TraceKind.datagramIn, segment);
      case InputKind.icmpEcho:
      case InputKind.icmpEchoReply:
      case InputKind.icmpError:
      case InputKind.udpError:
      case InputKind.pingError:
        if (this.#handover === null || this.#handover.seen === 0) {
          trace.icmp(TraceKind.icmpIn, start, payloadOffset);
        }
    }
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
    if (isDrop(kind)) this.counters.drop(this.#loopbackInput.reason);
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
        const listener = tcp.listeners.get(id);
        if (listener !== void 0) listener.fastOpenLimit = words[at + Field.fastOpen];
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
      case Command.ping:
        return this.#icmp.ping(words, at, nowUs);
      case Command.cancelPing:
        return this.#icmp.cancelPing(id);
      case Command.abortAll:
        return tcp.abortAll(nowUs);
      case Command.shutdown:
        return this.#shutDown(nowUs);
    }
    if (this.#forwards.obey(words, at, nowUs)) return;
    const op = words[at + Field.op];
    if (op === Command.news) {
      Atomics.store(words, this.#layout.row(id) + Row.newsForTcp, 0);
    }
    if (this.#layout.isSocketRow(id)) {
      this.#obeyForSocket(words, at);
      return;
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
  #obeyForSocket(words, at) {
    const id = words[at + Field.row];
    const generation = words[at + Field.generation];
    if (words[at + Field.op] === Command.news) return this.#udp.onApplicationNews(id, generation);
    const address = [
      ...words.subarray(at + Field.address, at + Field.address + 4)
    ];
    switch (words[at + Field.op]) {
      case Command.bindDatagram:
        return this.#udp.bind(id, generation, address, words[at + Field.port]);
      case Command.unbindDatagram:
        return this.#udp.unbind(id, generation);
      case Command.groupMember:
        return this.#udp.setMember(id, generation, address, words[at + Field.value] !== 0);
      default:
        throw new Error(`The command ring holds an unknown command, ${words[at + Field.op]}`);
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
    }, nowUs, words[at + Field.value]);
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
      case ConnectionOption.congestion:
        switchCongestion(conn, CONGESTION_NAMES[value], this.#tcp.config, nowUs);
        this.#tcp.onApplicationNews(conn, nowUs);
        return;
    }
  }
  #shutDown(nowUs) {
    this.#shuttingDown = true;
    this.#udp.unbindAll();
    for (const listener of this.#tcp.listeners.all()) this.#tcp.unlisten(listener.id, nowUs);
    for (const conn of this.#tcp.all()) {
      if (conn.owner === Owner.application) this.#tcp.close(conn, nowUs);
    }
  }
  /** TIME-WAIT alone need not be waited for: nothing is lost when the process ends in it. */
  #reportStopped() {
    if (this.#udp.socketCount > 0) return;
    for (const conn of this.#tcp.all()) {
      if (conn.state !== State.TIME_WAIT && conn.state !== State.CLOSED) return;
    }
    this.#shuttingDown = false;
    this.#link.stopped();
  }
};

// src/pipeline/loops.ts
var BATCH = 64;
var SLOTS_AHEAD = 64;
var BUSY_POLL_US = 200;
var SLEEP_MAX_MS = 1e3;
var Patience = class {
  #idleSinceUs = -1;
  #libc = libc();
  /** There was work: the next idle time starts anew. */
  worked() {
    this.#idleSinceUs = -1;
  }
  /** Whether to look again at once instead of going to sleep. */
  spins() {
    const nowUs = systemClock.now();
    if (this.#idleSinceUs < 0) this.#idleSinceUs = nowUs;
    if (nowUs - this.#idleSinceUs >= BUSY_POLL_US) {
      this.#idleSinceUs = -1;
      return false;
    }
    this.#libc.sched_yield();
    return true;
  }
};
function isStopped(layout) {
  return Atomics.load(layout.words, layout.control + Control.stop) !== 0;
}
function sleepMs(atUs, nowUs) {
  return Math.max(0, Math.min((atUs - nowUs) / 1e3, SLEEP_MAX_MS));
}
function readerLoop(setup2) {
  const layout = new Layout(setup2.dimensions, setup2.memory);
  const device = TunDevice.fromFd(setup2.tun.fd, setup2.tun);
  const stage = new ReaderStage(device, layout);
  const parser = new Bell(layout.words, Control.parserBell);
  const own = new Bell(layout.words, Control.readerBell);
  const ringParser = () => parser.ring();
  const patience = new Patience();
  while (!isStopped(layout)) {
    if (stage.run(BATCH, ringParser) > 0) {
      patience.worked();
      continue;
    }
    if (patience.spins()) continue;
    if (stage.hasSlot) {
      checkAlive(device.wait(setup2.wakeFd, SLEEP_MAX_MS), device);
      continue;
    }
    own.announceSleep();
    if (stage.hasSlot || isStopped(layout)) own.announceAwake();
    else own.sleep(SLEEP_MAX_MS);
  }
  device.close();
}
function parserLoop(setup2) {
  const layout = new Layout(setup2.dimensions, setup2.memory);
  const stage = new ParserStage(layout, setup2.tun.virtioHeader, setup2.settings, systemRandom);
  const tcp = new Bell(layout.words, Control.tcpBell);
  const own = new Bell(layout.words, Control.parserBell);
  const ringTcp = () => tcp.ring();
  const patience = new Patience();
  while (!isStopped(layout)) {
    const nowUs = systemClock.now();
    stage.expire(nowUs, ringTcp);
    if (stage.run(BATCH, nowUs, ringTcp) > 0) {
      patience.worked();
      continue;
    }
    if (patience.spins()) continue;
    own.announceSleep();
    if (stage.hasWork || isStopped(layout)) own.announceAwake();
    else own.sleep(sleepMs(stage.nextExpiry(), nowUs));
  }
}
function tcpLoop(setup2) {
  const layout = new Layout(setup2.dimensions, setup2.memory);
  const device = TunDevice.fromFd(setup2.tun.fd, setup2.tun);
  const stage = makeTcpStage(layout, device, setup2);
  const segments = new RingConsumer(layout.segments);
  const feeder = new SlotFeeder(layout, stage);
  const own = new Bell(layout.words, Control.tcpBell);
  const segment = new Segment();
  const patience = new Patience();
  feeder.feed();
  while (!isStopped(layout)) {
    const nowUs = systemClock.now();
    let count = 0;
    while (count < BATCH) {
      const at = segments.next();
      if (at < 0) break;
      const kind = readSegmentRecord(layout.words, at, segment);
      stage.input(kind, segment, nowUs);
      count++;
    }
    if (count > 0) {
      segments.release();
      feeder.returned(count);
    }
    const commanded = stage.run(nowUs);
    feeder.feed();
    if (count > 0 || commanded) {
      patience.worked();
      continue;
    }
    if (patience.spins()) continue;
    own.announceSleep();
    if (segments.hasNext() || stage.hasWork || isStopped(layout)) own.announceAwake();
    else own.sleep(sleepMs(stage.nextExpiry(), systemClock.now()));
  }
  device.close();
}
function fusedLoop(setup2) {
  const layout = new Layout(setup2.dimensions, setup2.memory);
  const device = TunDevice.fromFd(setup2.tun.fd, setup2.tun);
  const stage = makeTcpStage(layout, device, setup2);
  const input = new DirectInput(layout, device, stage, setup2.settings, systemRandom);
  const own = new Bell(layout.words, Control.tcpBell);
  const patience = new Patience();
  while (!isStopped(layout)) {
    const nowUs = systemClock.now();
    const count = input.run(BATCH, nowUs);
    const commanded = stage.run(nowUs);
    if (count > 0 || commanded) {
      patience.worked();
      continue;
    }
    if (patience.spins()) continue;
    own.announceSleep();
    if (!stage.hasWork && !isStopped(layout)) {
      const atUs = Math.min(stage.nextExpiry(), input.nextExpiry());
      const timeoutMs = sleepMs(atUs, systemClock.now());
      const outcome = device.wait(setup2.wakeFd, Math.ceil(timeoutMs));
      if (outcome === WaitOutcome.woken) drainEventFd(setup2.wakeFd);
      checkAlive(outcome, device);
    }
    own.announceAwake();
  }
  device.close();
}
function makeTcpStage(layout, device, setup2) {
  return new TcpStage({
    layout,
    device,
    settings: setup2.settings,
    random: systemRandom,
    clock: systemClock,
    handover: makeHandover(layout, setup2)
  });
}
function makeHandover(layout, setup2) {
  if (setup2.next === null) return void 0;
  const { memory, wakeFd, queues } = setup2.next;
  const next = new Layout(setup2.dimensions, memory);
  const wake = setup2.role === "fused" ? () => signalEventFd(wakeFd) : void 0;
  return new HandoverRing(layout, next, new Bell(next.words, Control.tcpBell, wake), queues);
}
function checkAlive(outcome, device) {
  if (outcome === WaitOutcome.failed) throw device.goneError();
}
var SlotFeeder = class {
  #stage;
  #ring;
  #reader;
  /** Slots that are with the reader, the parser, or in a ring. */
  #ahead = 0;
  constructor(layout, stage) {
    this.#stage = stage;
    this.#ring = new RingProducer(layout.freeSlots);
    this.#reader = new Bell(layout.words, Control.readerBell);
  }
  /** So many slots have come back with their segments. */
  returned(count) {
    this.#ahead -= count;
  }
  feed() {
    let fed = 0;
    while (this.#ahead < SLOTS_AHEAD) {
      const slot = this.#stage.slots.slots.take();
      if (slot === NIL) break;
      const at = this.#ring.claim();
      this.#ring.words[at] = slot;
      this.#ring.push();
      this.#ahead++;
      fed++;
    }
    if (fed === 0) return;
    this.#ring.publish();
    this.#reader.ring();
  }
};

// workers/main.ts
var setup = import_node_worker_threads.workerData;
import_node_worker_threads.parentPort.postMessage("ready");
try {
  ({
    reader: readerLoop,
    parser: parserLoop,
    tcp: tcpLoop,
    fused: fusedLoop
  })[setup.role](setup);
} catch (error2) {
  import_node_worker_threads.parentPort.postMessage(error2);
}
