import type { Bounds } from "./client_bulk.ts";
import type { Echoed } from "./client_echo.ts";
import { closeSocket, connectUdpSocket, receive, send } from "./libc.ts";
import { DISCARD_PORT, ECHO_PORT } from "./loads.ts";

const MESSAGE_BYTES = 64;

/** Datagrams on the way at a time, in the echo load. */
const WINDOW = 64;

/**
 * Datagrams between two that are echoed: less than half of what the kernel's socket buffer holds of such small ones
 * (212,992 bytes, 768 for each), so that none is lost for want of a place.
 */
const BURST = 128;

/** Datagrams to discard, as many as the server takes in: an echo among them tells how far it is. */
export function datagramsIn(bounds: Bounds): Echoed {
  const discard = connectUdpSocket(bounds.host, DISCARD_PORT);
  const echo = connectUdpSocket(bounds.host, ECHO_PORT);
  const message = new Uint8Array(MESSAGE_BYTES);
  const start = performance.now();
  const deadline = start + bounds.secondsMax * 1000;
  let messages = 0;
  const burst = () => {
    for (let i = 0; i < BURST; i++) send(discard, message, MESSAGE_BYTES, 0);
    send(echo, message, MESSAGE_BYTES, 0);
  };
  burst();
  while (performance.now() < deadline) {
    burst();
    receive(echo, message, MESSAGE_BYTES, 0);
    messages += BURST + 1;
  }
  receive(echo, message, MESSAGE_BYTES, 0);
  messages += BURST + 1;
  const seconds = (performance.now() - start) / 1000;
  closeSocket(discard);
  closeSocket(echo);
  return { seconds, bytes: messages * MESSAGE_BYTES, messages, p50Us: 0, p99Us: 0 };
}

/** Datagrams that come back, {@link WINDOW} on the way at a time. */
export function datagramEcho(bounds: Bounds): Echoed {
  const fd = connectUdpSocket(bounds.host, ECHO_PORT);
  const message = new Uint8Array(MESSAGE_BYTES);
  const start = performance.now();
  const deadline = start + bounds.secondsMax * 1000;
  let messages = 0;
  for (let i = 0; i < WINDOW; i++) send(fd, message, MESSAGE_BYTES, 0);
  while (performance.now() < deadline) {
    receive(fd, message, MESSAGE_BYTES, 0);
    send(fd, message, MESSAGE_BYTES, 0);
    messages++;
  }
  for (let i = 0; i < WINDOW; i++) receive(fd, message, MESSAGE_BYTES, 0);
  messages += WINDOW;
  const seconds = (performance.now() - start) / 1000;
  closeSocket(fd);
  return { seconds, bytes: 2 * messages * MESSAGE_BYTES, messages, p50Us: 0, p99Us: 0 };
}
