import type { Bounds, Moved } from "./client_bulk.ts";
import {
  closeSocket,
  connectSocket,
  Epoll,
  EPOLLIN,
  MSG_DONTWAIT,
  MSG_WAITALL,
  receive,
  send,
} from "./libc.ts";
import { ECHO_PORT } from "./loads.ts";

const MESSAGE_BYTES = 64;

/** Round trips whose time is kept; the load ends when there are so many. */
const LATENCIES_MAX = 1_000_000;
const latencies = new Float64Array(LATENCIES_MAX);

/** What an echo load has moved; percentiles are 0 where they are not measured. */
export interface Echoed extends Moved {
  readonly messages: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** One connection, one message on the way at a time: how long a message takes there and back. */
export function pingPong(bounds: Bounds): Echoed {
  const fd = connectSocket(bounds.host, ECHO_PORT);
  const message = new Uint8Array(MESSAGE_BYTES);
  const answer = new Uint8Array(MESSAGE_BYTES);
  const start = performance.now();
  const deadline = start + bounds.secondsMax * 1000;
  let messages = 0;
  let now = start;
  while (now < deadline && messages < LATENCIES_MAX) {
    message[0] = messages & 255;
    send(fd, message, MESSAGE_BYTES, 0);
    const length = receive(fd, answer, MESSAGE_BYTES, MSG_WAITALL);
    if (length !== MESSAGE_BYTES || answer[0] !== (messages & 255)) {
      throw new Error(`message ${messages} did not come back: ${length} bytes`);
    }
    const then = now;
    now = performance.now();
    latencies[messages++] = now - then;
  }
  closeSocket(fd);
  const sorted = latencies.subarray(0, messages).sort();
  return {
    seconds: (now - start) / 1000,
    bytes: 2 * messages * MESSAGE_BYTES,
    messages,
    p50Us: percentileUs(sorted, 0.5),
    p99Us: percentileUs(sorted, 0.99),
  };
}

/** The nearest-rank percentile of sorted milliseconds, in microseconds. */
function percentileUs(sorted: Float64Array, fraction: number): number {
  return sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)] * 1000;
}

/** Many connections, one message on the way on each. */
export function echoMany(bounds: Bounds): Echoed {
  const sockets = Array.from(
    { length: bounds.connections },
    () => connectSocket(bounds.host, ECHO_PORT),
  );
  const epoll = new Epoll(sockets.length);
  sockets.forEach((fd, i) => epoll.add(fd, EPOLLIN, i));
  const buffer = new Uint8Array(MESSAGE_BYTES);
  const start = performance.now();
  const deadline = start + bounds.secondsMax * 1000;
  for (const fd of sockets) send(fd, buffer, MESSAGE_BYTES, 0);
  const messages = answerAll(epoll, sockets, buffer, deadline, bounds.bytesMax / MESSAGE_BYTES);
  const seconds = (performance.now() - start) / 1000;
  epoll.close();
  for (const fd of sockets) closeSocket(fd);
  return { seconds, bytes: 2 * messages * MESSAGE_BYTES, messages, p50Us: 0, p99Us: 0 };
}

function answerAll(
  epoll: Epoll,
  sockets: number[],
  buffer: Uint8Array<ArrayBuffer>,
  deadline: number,
  messagesMax: number,
): number {
  const received = new Int32Array(sockets.length);
  let messages = 0;
  while (messages < messagesMax && performance.now() < deadline) {
    const count = epoll.wait();
    for (let i = 0; i < count; i++) {
      const index = epoll.index(i);
      const wanted = MESSAGE_BYTES - received[index];
      const length = receive(sockets[index], buffer, wanted, MSG_DONTWAIT);
      if (length === 0) throw new Error("the echo service ended");
      if (length > 0) received[index] += length;
      if (received[index] < MESSAGE_BYTES) continue;
      received[index] = 0;
      messages++;
      send(sockets[index], buffer, MESSAGE_BYTES, 0);
    }
  }
  return messages;
}
