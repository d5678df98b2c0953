/**
 * The kernel's sockets by FFI: synchronous calls without promises between them, so that the client is
 * not what a benchmark measures.
 */

const libc = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
  strerror: { parameters: ["i32"], result: "pointer" },
});

/** Linux on x86-64 packs `struct epoll_event`; elsewhere its data lies on an 8-byte boundary. */
const EPOLL_EVENT_BYTES = Deno.build.arch === "x86_64" ? 12 : 16;
const EPOLL_DATA_OFFSET = EPOLL_EVENT_BYTES - 8;

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const SO_ACCEPTCONN = 30;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_CONGESTION = 13;
const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;
const EPOLL_CTL_ADD = 1;

/** For {@link send} and {@link receive}: gives -1 with EAGAIN rather than wait. */
export const MSG_DONTWAIT = 0x40;
/** For {@link receive}: waits until the buffer is full. */
export const MSG_WAITALL = 0x100;
export const EPOLLIN = 1;
export const EPOLLOUT = 4;
export const EPOLLERR = 8;
export const EPOLLET = 0x8000_0000 | 0;
export const EAGAIN = 11;
const EINTR = 4;
const EINPROGRESS = 115;

/** What every socket waits at most in one call: a stack that hangs ends the load with an error. */
const CALL_TIMEOUT_SECONDS = 5;

const errnoView = new Deno.UnsafePointerView(libc.symbols.__errno_location()!);

/** The error number of the last call that failed. */
export function errno(): number {
  return errnoView.getInt32();
}

/** An error that names the call that failed and why. */
export function systemError(call: string, number = errno()): Error {
  const text = libc.symbols.strerror(number);
  const reason = text === null ? "unknown" : new Deno.UnsafePointerView(text).getCString();
  return new Error(`${call}: ${reason} (errno ${number})`);
}

function check(result: number, call: string): number {
  if (result < 0) throw systemError(call);
  return result;
}

/** An IPv4 `struct sockaddr_in`. */
export function socketAddress(host: string, port: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  host.split(".").forEach((part, i) => bytes[4 + i] = Number(part));
  return bytes;
}

const one = Uint8Array.from([1, 0, 0, 0]);
const cubic = new TextEncoder().encode("cubic");
const timeout = new Uint8Array(new BigInt64Array([BigInt(CALL_TIMEOUT_SECONDS), 0n]).buffer);

/** A connected blocking socket with CUBIC and without Nagle's algorithm. */
export function connectSocket(host: string, port: number): number {
  const fd = check(libc.symbols.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  setOption(fd, IPPROTO_TCP, TCP_CONGESTION, cubic, "TCP_CONGESTION=cubic");
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, one, "TCP_NODELAY");
  setOption(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, "SO_RCVTIMEO");
  setOption(fd, SOL_SOCKET, SO_SNDTIMEO, timeout, "SO_SNDTIMEO");
  const address = socketAddress(host, port);
  check(libc.symbols.connect(fd, address, address.length), `connect to ${host}:${port}`);
  return fd;
}

/** A blocking UDP socket that sends to one address and hears of one. */
export function connectUdpSocket(host: string, port: number): number {
  const fd = check(libc.symbols.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  setOption(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, "SO_RCVTIMEO");
  const address = socketAddress(host, port);
  check(libc.symbols.connect(fd, address, address.length), `connect to ${host}:${port}`);
  return fd;
}

/** A non-blocking socket with CUBIC, bound to `source`, on its way to `destination`. */
export function startConnect(
  source: Uint8Array<ArrayBuffer>,
  destination: Uint8Array<ArrayBuffer>,
): number {
  const { socket, bind, connect } = libc.symbols;
  const fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
  setOption(fd, IPPROTO_TCP, TCP_CONGESTION, cubic, "TCP_CONGESTION=cubic");
  setOption(fd, SOL_SOCKET, SO_REUSEADDR, one, "SO_REUSEADDR");
  check(bind(fd, source, source.length), "bind");
  if (connect(fd, destination, destination.length) < 0 && errno() !== EINPROGRESS) {
    throw systemError("connect");
  }
  return fd;
}

function setOption(
  fd: number,
  level: number,
  option: number,
  value: Uint8Array<ArrayBuffer>,
  name: string,
): void {
  check(libc.symbols.setsockopt(fd, level, option, value, value.length), `setsockopt ${name}`);
}

/**
 * Gives all listening sockets of this process CUBIC, which their connections inherit: `Deno.listen` has
 * no option for it, and a namespace's default may only be what the whole machine's default is.
 */
export function listenersUseCubic(): void {
  for (const entry of Deno.readDirSync("/proc/self/fd")) {
    const fd = Number(entry.name);
    optionLength[0] = 4;
    const { getsockopt } = libc.symbols;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, optionValue, optionLength) < 0) continue;
    if (optionValue[0] === 1) setOption(fd, IPPROTO_TCP, TCP_CONGESTION, cubic, "TCP_CONGESTION");
  }
}

const optionValue = new Int32Array(1);
const optionLength = new Uint32Array(1);

/** The pending error of a socket, 0 when there is none. */
export function socketError(fd: number): number {
  optionLength[0] = 4;
  check(libc.symbols.getsockopt(fd, SOL_SOCKET, SO_ERROR, optionValue, optionLength), "getsockopt");
  return optionValue[0];
}

/** send(2): bytes taken, or -1 with EAGAIN when `flags` says not to wait. Throws on other errors. */
export function send(
  fd: number,
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
  flags: number,
): number {
  const sent = libc.symbols.send(fd, bytes, length, flags | MSG_NOSIGNAL);
  if (sent < 0 && !wouldWait(flags)) throw systemError("send");
  return sent;
}

/** recv(2): bytes received, 0 at the end of the stream, -1 as {@link send}. */
export function receive(
  fd: number,
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
  flags: number,
): number {
  const received = libc.symbols.recv(fd, bytes, length, flags);
  if (received < 0 && !wouldWait(flags)) throw systemError("recv");
  return received;
}

/** EAGAIN of a call that was allowed to wait means that its timeout has passed. */
function wouldWait(flags: number): boolean {
  return (flags & MSG_DONTWAIT) !== 0 && errno() === EAGAIN;
}

/** Ends the direction to the peer. */
export function closeWrite(fd: number): void {
  check(libc.symbols.shutdown(fd, SHUT_WR), "shutdown");
}

/** Closes a file descriptor. */
export function closeSocket(fd: number): void {
  check(libc.symbols.close(fd), "close");
}

/** An epoll set whose members are known by an index that the caller chooses. */
export class Epoll {
  readonly #fd: number = check(libc.symbols.epoll_create1(0), "epoll_create1");
  readonly #event = new Uint8Array(EPOLL_EVENT_BYTES);
  readonly #eventView = new DataView(this.#event.buffer);
  readonly #ready: Uint8Array<ArrayBuffer>;
  readonly #readyView: DataView;
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#ready = new Uint8Array(capacity * EPOLL_EVENT_BYTES);
    this.#readyView = new DataView(this.#ready.buffer);
  }

  /** Adds `fd`; it leaves the set when it is closed. */
  add(fd: number, events: number, index: number): void {
    this.#eventView.setInt32(0, events, true);
    this.#eventView.setInt32(EPOLL_DATA_OFFSET, index, true);
    check(libc.symbols.epoll_ctl(this.#fd, EPOLL_CTL_ADD, fd, this.#event), "epoll_ctl");
  }

  /** Waits for events; gives how many there are. Throws when none comes in time. */
  wait(): number {
    const milliseconds = CALL_TIMEOUT_SECONDS * 1000;
    const count = libc.symbols.epoll_wait(this.#fd, this.#ready, this.#capacity, milliseconds);
    if (count > 0) return count;
    if (count === 0) throw new Error(`nothing happened for ${CALL_TIMEOUT_SECONDS} seconds`);
    if (errno() === EINTR) return 0;
    throw systemError("epoll_wait");
  }

  /** The index of the i-th event. */
  index(i: number): number {
    return this.#readyView.getInt32(i * EPOLL_EVENT_BYTES + EPOLL_DATA_OFFSET, true);
  }

  /** The event bits of the i-th event. */
  events(i: number): number {
    return this.#readyView.getInt32(i * EPOLL_EVENT_BYTES, true);
  }

  /** Releases the set. */
  close(): void {
    closeSocket(this.#fd);
  }
}
