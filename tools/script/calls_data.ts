/** The calls that move bytes: every form of read and write. */

import { State } from "../../src/tcp/state.ts";
import type { Answer, Attempt } from "./answer.ts";
import type { Kernel } from "./kernel.ts";
import type { Socket } from "./socket.ts";
import { SYMBOLS } from "./symbols.ts";
import type { CallEvent, Value } from "./syntax.ts";
import { CallError, fieldOf, numberOf, optionalNumber, vectorBytes } from "./values.ts";

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
      return withControl(
        receive(kernel, socket, vectorBytes(fieldOf(args[1], "msg_iov")), flags(2)),
        socket,
        fieldOf(args[1], "msg_control"),
      );
    case "write":
      return send(kernel, socket, numberOf(args[2]), 0);
    case "send":
    case "sendto":
      return send(kernel, socket, numberOf(args[2]), flags(3));
    case "writev":
      return send(kernel, socket, vectorBytes(args[1]), 0);
    case "sendmsg":
      if (hasControl(fieldOf(args[1], "msg_control"))) {
        throw new CallError("control messages for sendmsg() are not there yet");
      }
      return send(kernel, socket, vectorBytes(fieldOf(args[1], "msg_iov")), flags(2));
    case "sendfile":
      return send(kernel, socket, numberOf(args[3]), 0);
  }
  return null;
}

function refused(flags: number, unknown: readonly string[]): void {
  for (const name of unknown) {
    if ((flags & SYMBOLS[name]) !== 0) throw new CallError(`${name} is not there yet`);
  }
}

function hasControl(value: Value | undefined): boolean {
  return value?.kind === "array" && value.items.length > 0;
}

/** Compares the control messages that recvmsg(2) gives: of those only the one about waiting bytes. */
function withControl(attempt: Attempt, socket: Socket, control: Value | undefined): Attempt {
  if (control?.kind !== "array") return attempt;
  const wanted = control.items.map((item) => {
    const type = fieldOf(item, "cmsg_type");
    if (type?.kind !== "name" || (type.name !== "TCP_CM_INQ" && type.name !== "TCP_INQ")) {
      throw new CallError("control messages other than TCP_CM_INQ are not there yet");
    }
    return optionalNumber(fieldOf(item, "cmsg_data"));
  });
  return () => {
    const answer = attempt();
    if (answer === null || answer.value < 0) return answer;
    // The end of the stream counts as a byte, so that whoever looks knows to read again.
    const isEnd = socket.conn?.finReceived === true ? 1 : 0;
    const waiting = (socket.stream?.available ?? 0) + isEnd;
    const other = wanted.find((bytes) => bytes !== null && bytes !== waiting);
    if (other === undefined) return answer;
    return { ...answer, fault: `expected TCP_CM_INQ ${other}, got ${waiting}` };
  };
}

/** Reads as read(2) does. */
export function receive(kernel: Kernel, socket: Socket, most: number, flags: number): Attempt {
  refused(flags, ["MSG_ERRQUEUE", "MSG_OOB"]);
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

/** Writes as write(2) does. */
export function send(kernel: Kernel, socket: Socket, length: number, flags: number): Attempt {
  refused(flags, ["MSG_FASTOPEN", "MSG_ZEROCOPY", "MSG_OOB"]);
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
    const room = Math.min(socket.room, length - count);
    if (room > 0) {
      conn.cork = socket.options.cork || (flags & MSG_MORE) !== 0;
      count += stream.write(room);
      machine.tcp.onApplicationNews(conn, machine.nowUs);
      machine.settle();
    }
    if (count >= length) return { value: count };
    if (waits && kernel.machine.nowUs < untilUs) return null;
    return count > 0 ? { value: count } : { value: -1, errno: "EAGAIN" };
  };
}
