/** The calls that move bytes: every form of read and write. */

import { endRecord } from "../../src/tcp/records.ts";
import { State } from "../../src/tcp/state.ts";
import { FastOpenBit } from "../../src/tcp/config.ts";
import { ActiveFastOpen } from "../../src/tcp/fast_open.ts";
import type { Answer, Attempt } from "./answer.ts";
import { controlFault, type ControlMessage } from "./control_messages.ts";
import { DEFAULT_PORT, type Kernel } from "./kernel.ts";
import { asIpv6 } from "./error_queue.ts";
import type { Socket } from "./socket.ts";
import { SYMBOLS } from "./symbols.ts";
import type { CallEvent, Value } from "./syntax.ts";
import { CallError, fieldOf, numberOf, optionalNumber, socketPort, vectorBytes } from "./values.ts";

/** Begins a call that reads or writes; null when it is another one. */
export function dataCall(kernel: Kernel, socket: Socket, call: CallEvent): Attempt | null {
  const { args } = call;
  const flags = (index: number) => optionalNumber(args[index]) ?? 0;
  switch (call.name) {
    case "read":
      return receive(kernel, socket, numberOf(args[2]), 0);
    case "recv":
    case "recvfrom":
      return receive(kernel, socket, numberOf(args[2]), flags(3));
    case "readv":
      return receive(kernel, socket, vectorBytes(args[1]), 0);
    case "recvmsg":
      return receiveMessage(kernel, socket, args[1], flags(2));
    case "write":
      return send(kernel, socket, numberOf(args[2]), 0);
    case "send":
      noteIgnored(kernel, call, flags(3));
      return send(kernel, socket, numberOf(args[2]), flags(3));
    case "sendto":
      noteIgnored(kernel, call, flags(3));
      return (flags(3) & SYMBOLS.MSG_FASTOPEN) !== 0
        ? sendOpening(kernel, socket, numberOf(args[2]), flags(3), args[4])
        : send(kernel, socket, numberOf(args[2]), flags(3));
    case "writev":
      return send(kernel, socket, vectorBytes(args[1]), 0);
    case "sendmsg":
      return (flags(2) & SYMBOLS.MSG_FASTOPEN) !== 0
        ? sendOpening(
          kernel,
          socket,
          vectorBytes(fieldOf(args[1], "msg_iov")),
          flags(2),
          fieldOf(args[1], "msg_name"),
        )
        : send(
          kernel,
          socket,
          vectorBytes(fieldOf(args[1], "msg_iov")),
          flags(2),
          stampsIn(fieldOf(args[1], "msg_control")),
        );
    case "sendfile":
      return send(kernel, socket, numberOf(args[3]), 0);
  }
  return null;
}

/** Flags that mean nothing here are listed for --verbose. */
function noteIgnored(kernel: Kernel, call: CallEvent, flags: number): void {
  const { MSG_DONTROUTE, MSG_CONFIRM, MSG_NOSIGNAL } = SYMBOLS;
  const ignored = [["MSG_DONTROUTE", MSG_DONTROUTE], ["MSG_CONFIRM", MSG_CONFIRM], [
    "MSG_NOSIGNAL",
    MSG_NOSIGNAL,
  ]] as const;
  for (const [name, flag] of ignored) {
    if ((flags & flag) !== 0) kernel.settings.notes.push(`${call.name}: ${name} has no effect`);
  }
}

function refused(flags: number, unknown: readonly string[]): void {
  for (const name of unknown) {
    if ((flags & SYMBOLS[name]) !== 0) throw new CallError(`${name} is not there yet`);
  }
}

/** Reads as recvmsg(2) does: with its control messages, or from the error queue. */
function receiveMessage(
  kernel: Kernel,
  socket: Socket,
  message: Value | undefined,
  flags: number,
): Attempt {
  const control = fieldOf(message, "msg_control");
  const { toleranceUs } = kernel.settings;
  const compared = (answer: Answer, found: readonly ControlMessage[]): Answer => {
    const fault = controlFault(control, found, toleranceUs);
    return fault === null ? answer : { ...answer, fault };
  };
  if ((flags & SYMBOLS.MSG_ERRQUEUE) !== 0) {
    return () => {
      const reports = socket.errors?.take() ?? null;
      const found = kernel.settings.family === "ipv6" ? reports?.map(asIpv6) ?? null : reports;
      return found === null ? { value: -1, errno: "EAGAIN" } : compared({ value: 0 }, found);
    };
  }
  const attempt = receive(kernel, socket, vectorBytes(fieldOf(message, "msg_iov")), flags);
  return () => {
    const answer = attempt();
    if (answer === null || answer.value < 0) return answer;
    return compared(answer, waitingMessage(socket));
  };
}

/** TCP_CM_INQ: how much waits behind what was read. */
function waitingMessage(socket: Socket): ControlMessage[] {
  if (socket.options.others.get("TCP_INQ") !== 1) return [];
  // The end of the stream counts as a byte, so that whoever looks knows to read again.
  const isEnd = socket.conn?.finReceived === true ? 1 : 0;
  const waiting = (socket.stream?.available ?? 0) + isEnd;
  const { SOL_TCP, TCP_CM_INQ } = SYMBOLS;
  return [{ level: SOL_TCP, type: TCP_CM_INQ, fields: new Map([["value", waiting]]) }];
}

/** The flags of SO_TIMESTAMPING that a control message of sendmsg(2) has. */
function stampsIn(control: Value | undefined): number {
  if (control?.kind !== "array") return 0;
  let stamps = 0;
  for (const item of control.items) {
    if (numberOf(fieldOf(item, "cmsg_type")) !== SYMBOLS.SO_TIMESTAMPING) {
      throw new CallError(
        "control messages of sendmsg() other than SO_TIMESTAMPING are not there yet",
      );
    }
    stamps |= numberOf(fieldOf(item, "cmsg_data"));
  }
  return stamps;
}

/** Reads as read(2) does. */
export function receive(kernel: Kernel, socket: Socket, most: number, flags: number): Attempt {
  refused(flags, ["MSG_OOB"]);
  const { MSG_PEEK, MSG_DONTWAIT, MSG_WAITALL } = SYMBOLS;
  const waits = !socket.nonBlocking && (flags & MSG_DONTWAIT) === 0;
  const untilUs = kernel.deadline(waits ? socket.options.receiveTimeoutUs : null);
  let count = 0;
  return () => {
    const { stream } = socket;
    if (stream === null) {
      if (socket.use === "connecting") return waits ? null : { value: -1, errno: "EAGAIN" };
      const error = socket.takeError();
      if (error === null && socket.readShut && socket.use !== "listening") return { value: 0 };
      return { value: -1, errno: error ?? "ENOTCONN" };
    }
    if (socket.use === "closed") return { value: -1, errno: "EBADF" };
    if ((flags & MSG_PEEK) !== 0 && stream.available > 0) {
      return { value: Math.min(most, stream.available) };
    }
    count += stream.read(most - count);
    if (count > 0) {
      const { machine } = kernel;
      machine.tcp.onApplicationNews(stream.conn, machine.nowUs);
      machine.settle();
    }
    const wanted = (flags & MSG_WAITALL) !== 0 ? most : socket.options.readLowBytes;
    if (count >= Math.min(wanted, most)) return { value: count };
    if (socket.isReadOver) return ending(socket, count);
    if (waits && kernel.machine.nowUs < untilUs) return null;
    return count > 0 ? { value: count } : { value: -1, errno: "EAGAIN" };
  };
}

function ending(socket: Socket, count: number): Answer {
  if (count > 0) return { value: count };
  const error = socket.takeError();
  // After the peer's FIN the end of the stream comes before any error of Linux's tcp_reset.
  return error === null || error === "EPIPE" ? { value: 0 } : { value: -1, errno: error };
}

/** How a socket's active open uses Fast Open. */
export function fastOpenMode({ options }: Socket): ActiveFastOpen {
  return options.fastOpenNoCookie ? ActiveFastOpen.withoutCookie : ActiveFastOpen.withCookie;
}

/** Connects and writes in one call, as sendto(2) with MSG_FASTOPEN does. */
function sendOpening(
  kernel: Kernel,
  socket: Socket,
  length: number,
  flags: number,
  address: Value | undefined,
): Attempt {
  const fail = (errno: string) => () => ({ value: -1, errno });
  if ((kernel.settings.config.fastOpen & FastOpenBit.client) === 0) return fail("EOPNOTSUPP");
  if (socket.use === "listening") return fail("EISCONN");
  if (socket.use === "connecting" || (socket.isOpening && !socket.isSynDeferred)) {
    return fail("EALREADY");
  }
  if (socket.use === "connected" && !socket.isOpening) return fail("EISCONN");
  if (socket.use !== "connected") {
    const port = address === undefined ? null : socketPort(address);
    kernel.connect(socket, port ?? DEFAULT_PORT, fastOpenMode(socket));
  }
  const waits = !socket.nonBlocking && (flags & SYMBOLS.MSG_DONTWAIT) === 0;
  if (socket.stream === null && !waits) return fail("EINPROGRESS");
  return send(kernel, socket, length, flags & ~SYMBOLS.MSG_FASTOPEN);
}

/** Writes as write(2) does. */
export function send(
  kernel: Kernel,
  socket: Socket,
  length: number,
  flags: number,
  stamps = 0,
): Attempt {
  refused(flags, ["MSG_FASTOPEN", "MSG_OOB"]);
  const { MSG_DONTWAIT, MSG_MORE } = SYMBOLS;
  const waits = !socket.nonBlocking && (flags & MSG_DONTWAIT) === 0;
  const untilUs = kernel.deadline(waits ? socket.options.sendTimeoutUs : null);
  let count = 0;
  return () => {
    const { stream } = socket;
    if (stream === null) {
      if (socket.use === "connecting") return waits ? null : { value: -1, errno: "EAGAIN" };
      return { value: -1, errno: socket.takeError() ?? "EPIPE" };
    }
    const { conn } = stream;
    const error = socket.takeError();
    if (error !== null) return { value: -1, errno: error };
    if (socket.writeShut || socket.use === "closed" || conn.state === State.CLOSED) {
      return count > 0 ? { value: count } : { value: -1, errno: "EPIPE" };
    }
    const { machine } = kernel;
    const deferred = socket.isSynDeferred;
    // The SYN takes what it can; the rest waits for the connection.
    const most = deferred ? conn.fastOpen!.synBytesMax : socket.isOpening ? 0 : Infinity;
    const room = Math.min(socket.room, length - count, most);
    if (room > 0 || deferred) {
      conn.cork = socket.options.cork || (flags & MSG_MORE) !== 0;
      count += stream.write(room);
      // What is reported is the last byte, before it may go and be acknowledged.
      const isZeroCopy = (flags & SYMBOLS.MSG_ZEROCOPY) !== 0;
      socket.written += room;
      if (count >= length) {
        socket.errors?.noteWrite(socket.written, isZeroCopy, stamps);
        if ((flags & SYMBOLS.MSG_EOR) !== 0) endRecord(conn, socket.written);
      }
      machine.tcp.onApplicationNews(conn, machine.nowUs);
      machine.settle();
    }
    if (count >= length && !(waits && socket.isOpening)) return { value: count };
    if (waits && kernel.machine.nowUs < untilUs) return null;
    return count > 0 ? { value: count } : { value: -1, errno: "EAGAIN" };
  };
}
