/**
 * System calls on the sockets of a script, as Linux answers them. A call is begun once and then asked again
 * after everything that happens, until it has an answer: that is what blocking means here.
 */

import { IPV4_MAPPED_W2 } from "../../src/base/address.ts";
import { ActiveFastOpen } from "../../src/tcp/fast_open.ts";
import { State } from "../../src/tcp/state.ts";
import { type Answer, type Attempt, done, failed } from "./answer.ts";
import { DEFAULT_PORT, type Kernel } from "./kernel.ts";
import { dataCall, fastOpenMode } from "./calls_data.ts";
import { epollCall } from "./calls_epoll.ts";
import { pipeCall } from "./calls_pipe.ts";
import { pollCall } from "./calls_poll.ts";
import { ErrorQueue } from "./error_queue.ts";
import type { Socket } from "./socket.ts";
import {
  applyOptions,
  applyToListener,
  getOption,
  optionName,
  queueBytes,
  setOption,
} from "./socket_options.ts";
import { ERRNO, SYMBOLS } from "./symbols.ts";
import type { CallEvent, Value } from "./syntax.ts";
import { infoValue } from "./tcp_info.ts";
import { CallError, fieldOf, numberOf, optionalNumber, socketPort, textOf } from "./values.ts";

const DONE = done({ value: 0 });

/** How many values the calls take at the least, so that none is looked for in vain. */
const LEAST_VALUES: Readonly<Record<string, number>> = {
  socket: 3,
  bind: 3,
  listen: 2,
  accept: 3,
  accept4: 4,
  connect: 3,
  read: 3,
  readv: 3,
  recv: 4,
  recvfrom: 6,
  recvmsg: 3,
  write: 3,
  writev: 3,
  send: 4,
  sendto: 6,
  sendmsg: 3,
  close: 1,
  dup: 1,
  shutdown: 2,
  fcntl: 2,
  ioctl: 2,
  getsockopt: 5,
  setsockopt: 5,
  poll: 3,
  epoll_create: 1,
  epoll_ctl: 4,
  epoll_wait: 4,
};

/** Begins a call. Throws a {@link CallError} for what the runner does not know. */
export function beginCall(kernel: Kernel, call: CallEvent): Attempt {
  const least = LEAST_VALUES[call.name] ?? 0;
  if (call.args.length < least) throw new CallError(`${call.name}() takes ${least} values`);
  if (call.name === "socket") return done(makeSocket(kernel, call.args));
  if (call.name === "poll") return pollCall(kernel, call.args);
  // The files of sendfile(2): what is in them does not matter, everything that is sent is zeros.
  if (call.name === "cap_set") {
    kernel.settings.notes.push(`${call.text} has no effect`);
    return DONE;
  }
  if (call.name === "open") return done({ value: 0, opens: () => {} });
  const epoll = epollCall(kernel, call);
  if (epoll !== null) return epoll;
  const pipe = pipeCall(kernel, call);
  if (pipe !== null) return pipe;
  const descriptor = numberOf(call.args[0]);
  const socket = kernel.get(descriptor);
  if (socket === undefined) return done(failed("EBADF"));
  const data = dataCall(kernel, socket, call);
  return data ?? socketCall(kernel, socket, descriptor, call);
}

function makeSocket(kernel: Kernel, args: readonly Value[]): Answer {
  const family = optionalNumber(args[0]);
  const type = optionalNumber(args[1]) ?? SYMBOLS.SOCK_STREAM;
  const protocol = optionalNumber(args[2]) ?? 0;
  if (family === SYMBOLS.AF_INET6 && kernel.settings.socketFamily !== "ipv6") {
    throw new CallError("an IPv6 socket needs --ip_version=ipv6 or ipv4-mapped-ipv6");
  }
  if ((type & 15) !== SYMBOLS.SOCK_STREAM || (protocol !== 0 && protocol !== SYMBOLS.IPPROTO_TCP)) {
    throw new CallError("sockets other than TCP's are not there yet");
  }
  const socket = kernel.create();
  socket.nonBlocking = (type & SYMBOLS.SOCK_NONBLOCK) !== 0;
  socket.closesOnExec = (type & SYMBOLS.SOCK_CLOEXEC) !== 0;
  return { value: 0, opens: (descriptor) => kernel.enter(descriptor, socket) };
}

function socketCall(kernel: Kernel, socket: Socket, descriptor: number, call: CallEvent): Attempt {
  const { args } = call;
  switch (call.name) {
    case "bind":
      return done(bind(kernel, socket, args));
    case "listen":
      return done(listen(kernel, socket, args));
    case "accept":
    case "accept4":
      return accept(kernel, socket, args);
    case "connect":
      return connect(kernel, socket, args);
    case "shutdown":
      return done(shutDown(kernel, socket, numberOf(args[1])));
    case "dup":
      return done({ value: 0, opens: (number) => kernel.enter(number, socket) });
    case "close":
      kernel.remove(descriptor);
      // Another descriptor holds it still.
      return kernel.holds(socket) ? DONE : close(kernel, socket);
    case "fcntl":
      return done(control(socket, args));
    case "ioctl":
      return done(ioctl(socket, args));
    case "setsockopt": {
      const name = optionName(args[1], args[2]);
      const length = optionalNumber(args[4]) ?? Infinity;
      const errno = setOption(socket, name, args[3], length, kernel.settings.notes);
      if (errno !== null) return done(failed(errno));
      const listener = kernel.machine.tcp.listeners.get(socket.id);
      if (listener !== undefined) applyToListener(listener, socket.options);
      if (socket.conn !== null) {
        applyOptions(socket.conn, socket.options, kernel.machine.tcp, kernel.machine.nowUs);
      }
      kernel.machine.settle();
      return DONE;
    }
    case "getsockopt":
      return done(readOption(kernel, socket, args));
    case "getsockname":
    case "getpeername":
      kernel.settings.notes.push(`${call.name}: the address is not compared`);
      return DONE;
  }
  throw new CallError(`${call.name}() is not there yet`);
}

function bind(kernel: Kernel, socket: Socket, args: readonly Value[]): Answer {
  const port = socketPort(args[1]);
  if (socket.localPort !== 0) return failed("EINVAL");
  const wanted = port ?? DEFAULT_PORT;
  if (wanted !== 0 && kernel.isTaken(wanted, socket)) return failed("EADDRINUSE");
  socket.localPort = wanted === 0 ? kernel.ephemeralPort() : wanted;
  return { value: 0 };
}

function listen(kernel: Kernel, socket: Socket, args: readonly Value[]): Answer {
  if (socket.use === "listening") return { value: 0 };
  if (socket.use !== "new" && socket.use !== "closed") return failed("EINVAL");
  if (socket.localPort === 0) socket.localPort = kernel.ephemeralPort();
  const { tcp } = kernel.machine;
  // Linux compares the length of the queue with "greater", so that it holds one more.
  const backlog = Math.max(0, numberOf(args[1])) + 1;
  const any = kernel.settings.socketFamily === "ipv4" ? [0, 0, IPV4_MAPPED_W2, 0] : [0, 0, 0, 0];
  const port = tcp.listen(socket.id, any, socket.localPort, backlog);
  if (port < 0) return failed("EADDRINUSE");
  const listener = tcp.listeners.get(socket.id);
  if (listener !== undefined) applyToListener(listener, socket.options);
  socket.use = "listening";
  kernel.current = socket;
  kernel.flow = null;
  return { value: 0 };
}

function accept(kernel: Kernel, socket: Socket, args: readonly Value[]): Attempt {
  if (socket.use !== "listening") return done(failed("EINVAL"));
  const flags = args.length > 3 ? optionalNumber(args[3]) ?? 0 : 0;
  const untilUs = kernel.deadline(socket.options.receiveTimeoutUs);
  return () => {
    // Its listener has been shut down meanwhile.
    if (socket.use !== "listening") return failed("EINVAL");
    const stream = socket.acceptQueue.shift();
    if (stream === undefined) {
      return socket.nonBlocking || kernel.machine.nowUs >= untilUs ? failed("EAGAIN") : null;
    }
    kernel.machine.tcp.acceptTaken(socket.id);
    const child = kernel.create();
    child.use = "connected";
    child.stream = stream;
    child.localPort = socket.localPort;
    if (socket.errors !== null) {
      child.errors = new ErrorQueue();
      child.errors.zeroCopy = socket.errors.zeroCopy;
      child.errors.setStamping(socket.errors.stamping, 0);
    }
    child.options = { ...socket.options, others: new Map(socket.options.others) };
    child.nonBlocking = (flags & SYMBOLS.SOCK_NONBLOCK) !== 0;
    child.closesOnExec = (flags & SYMBOLS.SOCK_CLOEXEC) !== 0;
    return { value: 0, opens: (number) => kernel.enter(number, child) };
  };
}

/** A connect to AF_UNSPEC ends what there is; the socket is as new. */
function disconnect(kernel: Kernel, socket: Socket): Answer {
  const { machine } = kernel;
  const { use, stream } = socket;
  if (use === "listening") stopListening(kernel, socket);
  if (use === "connecting") machine.tcp.cancelConnect(socket.id, machine.nowUs);
  if (stream !== null) machine.tcp.abort(stream.conn, machine.nowUs);
  machine.settle();
  // Linux leaves the error of the reset that the peer is sent to whoever asks next.
  if (stream !== null) socket.connectError = "ECONNRESET";
  socket.stream = null;
  socket.use = "new";
  return { value: 0 };
}

function connect(kernel: Kernel, socket: Socket, args: readonly Value[]): Attempt {
  const family = optionalNumber(fieldOf(args[1], "sa_family"));
  if (family === SYMBOLS.AF_UNSPEC) return done(disconnect(kernel, socket));
  switch (socket.use) {
    case "listening":
      return done(failed("EISCONN"));
    case "connected":
      if (socket.isOpening && !socket.isSynDeferred) {
        return socket.nonBlocking ? done(failed("EALREADY")) : () => connected(socket);
      }
      // The first that asks again hears that the connect which did not wait has come to its end.
      if (!socket.connectPending) return done(failed("EISCONN"));
      socket.connectPending = false;
      return DONE;
    case "connecting":
      return socket.nonBlocking ? done(failed("EALREADY")) : () => connected(socket);
  }
  const pending = socket.takeError();
  if (pending !== null) return done(failed(pending));
  const mode = socket.options.fastOpenConnect ? fastOpenMode(socket) : ActiveFastOpen.no;
  kernel.connect(socket, socketPort(args[1]) ?? DEFAULT_PORT, mode);
  const answer = connected(socket);
  if (answer === null && socket.nonBlocking) {
    socket.connectPending = true;
    return done(failed("EINPROGRESS"));
  }
  const untilUs = kernel.deadline(socket.options.sendTimeoutUs);
  return () => {
    const late = kernel.machine.nowUs >= untilUs ? failed("EINPROGRESS") : null;
    return answer ?? connected(socket) ?? late;
  };
}

function connected(socket: Socket): Answer | null {
  if (socket.use === "connecting" || (socket.isOpening && !socket.isSynDeferred)) return null;
  const error = socket.use === "connected" ? null : socket.takeError();
  return error === null && socket.use === "connected"
    ? { value: 0 }
    : failed(error ?? "ECONNABORTED");
}

function shutDown(kernel: Kernel, socket: Socket, how: number): Answer {
  const { machine } = kernel;
  const { SHUT_RD, SHUT_WR, SHUT_RDWR } = SYMBOLS;
  if (how < SHUT_RD || how > SHUT_RDWR) return failed("EINVAL");
  if (socket.use === "listening" && how !== SHUT_WR) {
    stopListening(kernel, socket);
    machine.settle();
    socket.use = "closed";
    return { value: 0 };
  }
  if (socket.use === "connecting") {
    machine.tcp.cancelConnect(socket.id, machine.nowUs);
    socket.use = "closed";
    return { value: 0 };
  }
  const { conn } = socket;
  if (how !== SHUT_WR) socket.readShut = true;
  if (conn === null || conn.state === State.CLOSED) return failed("ENOTCONN");
  if (how !== SHUT_WR) conn.readShut = true;
  if (how !== SHUT_RD) {
    socket.writeShut = true;
    machine.tcp.closeWrite(conn, machine.nowUs);
    machine.settle();
  }
  return { value: 0 };
}

/** Handshakes and connections that nobody has accepted are reset. */
function stopListening({ machine }: Kernel, socket: Socket): void {
  machine.tcp.unlisten(socket.id, machine.nowUs);
  for (const { conn } of socket.acceptQueue.splice(0)) machine.tcp.abort(conn, machine.nowUs);
}

function close(kernel: Kernel, socket: Socket): Attempt {
  const { machine } = kernel;
  const { use, stream } = socket;
  socket.use = "closed";
  if (use === "listening") stopListening(kernel, socket);
  if (use === "connecting") machine.tcp.cancelConnect(socket.id, machine.nowUs);
  if (stream === null) {
    machine.settle();
    return DONE;
  }
  const { conn } = stream;
  machine.tcp.close(conn, machine.nowUs);
  machine.settle();
  const { linger } = socket.options;
  if (linger === null || linger === 0 || socket.nonBlocking) return DONE;
  const untilUs = machine.nowUs + linger * 1e6;
  machine.noteDeadline(untilUs);
  return () => {
    const over = conn.state === State.CLOSED || conn.state === State.TIME_WAIT ||
      conn.state === State.FIN_WAIT_2;
    return over || machine.nowUs >= untilUs ? { value: 0 } : null;
  };
}

function control(socket: Socket, args: readonly Value[]): Answer {
  switch (numberOf(args[1])) {
    case SYMBOLS.F_GETFL:
      return { value: SYMBOLS.O_RDWR | (socket.nonBlocking ? SYMBOLS.O_NONBLOCK : 0) };
    case SYMBOLS.F_SETFL:
      socket.nonBlocking = (numberOf(args[2]) & SYMBOLS.O_NONBLOCK) !== 0;
      return { value: 0 };
    case SYMBOLS.F_GETFD:
      return { value: socket.closesOnExec ? SYMBOLS.FD_CLOEXEC : 0 };
    case SYMBOLS.F_SETFD:
      socket.closesOnExec = (numberOf(args[2]) & SYMBOLS.FD_CLOEXEC) !== 0;
      return { value: 0 };
  }
  return failed("EINVAL");
}

function ioctl(socket: Socket, args: readonly Value[]): Answer {
  const request = numberOf(args[1]);
  if (request === SYMBOLS.FIONBIO) {
    socket.nonBlocking = numberOf(args[2]) !== 0;
    return { value: 0 };
  }
  if (socket.use === "listening") return failed("EINVAL");
  const bytes = queueBytes(socket, request);
  const wanted = optionalNumber(args[2]);
  const fault = wanted !== null && wanted !== bytes ? `expected [${wanted}], got [${bytes}]` : "";
  return fault === "" ? { value: 0 } : { value: 0, fault };
}

function readOption(kernel: Kernel, socket: Socket, args: readonly Value[]): Answer {
  const name = optionName(args[1], args[2]);
  if (name === "TCP_INFO") return infoAnswer(kernel, args[3]);
  if (name === "SO_LINGER") return lingerAnswer(socket, args[3]);
  if (name.startsWith("option ")) return failed("ENOPROTOOPT");
  if (name.endsWith("TIMEO")) return timeoutAnswer(socket, name, args[3]);
  const { mtu, notes } = kernel.settings;
  const found = getOption(socket, name, mtu, notes);
  const text = textOf(args[3]);
  if (args[3]?.kind === "ellipsis" || args[3] === undefined) return { value: 0 };
  const wanted = text ?? errorNumber(args[3]);
  if (wanted === found) return { value: 0 };
  const doubled = name === "SO_SNDBUF" || name === "SO_RCVBUF";
  if (doubled && !kernel.settings.exact && typeof found === "number") {
    // Linux counts its own bookkeeping too and gives twice what was set.
    if (wanted === 2 * found) return { value: 0 };
  }
  return { value: 0, fault: `expected [${wanted}], got [${found}]` };
}

/** Compares the fields of TCP_INFO that the script names. */
function infoAnswer(kernel: Kernel, value: Value): Answer {
  if (value.kind !== "struct") return { value: 0 };
  const { source } = kernel;
  for (const [name, field] of value.fields) {
    if (name === "...") continue;
    const wanted = field.kind === "name" ? infoValue(field.name, source) : optionalNumber(field);
    const found = infoValue(name, source);
    if (found === null) throw new CallError(`getsockopt TCP_INFO: ${name} is not there yet`);
    if (wanted !== null && wanted !== found) {
      return { value: 0, fault: `expected ${name}=${wanted}, got ${found}` };
    }
  }
  return { value: 0 };
}

function lingerAnswer(socket: Socket, value: Value): Answer {
  const { linger } = socket.options;
  const onoff = optionalNumber(fieldOf(value, "onoff", "l_onoff"));
  const seconds = optionalNumber(fieldOf(value, "linger", "l_linger"));
  const isOn = linger === null ? 0 : 1;
  const fits = (onoff ?? isOn) === isOn && (seconds ?? linger ?? 0) === (linger ?? 0);
  return fits
    ? { value: 0 }
    : { value: 0, fault: `expected onoff=${onoff}, got onoff=${isOn}, linger=${linger ?? 0}` };
}

function timeoutAnswer({ options }: Socket, name: string, value: Value): Answer {
  const us = (name === "SO_RCVTIMEO" ? options.receiveTimeoutUs : options.sendTimeoutUs) ?? 0;
  const found = [Math.floor(us / 1e6), us % 1e6];
  const wanted = [fieldOf(value, "tv_sec", "0"), fieldOf(value, "tv_usec", "1")].map(
    optionalNumber,
  );
  const fits = wanted.every((each, index) => each === null || each === found[index]);
  return fits ? { value: 0 } : { value: 0, fault: `expected ${wanted}, got ${found}` };
}

/** `[ECONNREFUSED]` stands for its number. */
function errorNumber(value: Value): number {
  const item = value.kind === "array" && value.items.length === 1 ? value.items[0] : value;
  if (item.kind === "name" && item.name in ERRNO) return ERRNO[item.name];
  return numberOf(value);
}
