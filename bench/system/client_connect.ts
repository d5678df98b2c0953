import type { Bounds } from "./client_bulk.ts";
import type { Echoed } from "./client_echo.ts";
import {
  closeSocket,
  Epoll,
  EPOLLERR,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  MSG_DONTWAIT,
  receive,
  send,
  socketAddress,
  socketError,
  startConnect,
  systemError,
} from "./libc.ts";
import { ECHO_PORT } from "./loads.ts";

/** Source ports of one address. The client closes first, so each rests in TIME-WAIT afterwards. */
const FIRST_PORT = 5000;
const LAST_PORT = 64999;

/** Gives source addresses one after another, port by port, so that none is used twice in a run. */
class Sources {
  #address: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #left: string[];
  #port = FIRST_PORT;

  constructor(hosts: readonly string[]) {
    this.#left = hosts.slice(1);
    this.#address = socketAddress(hosts[0], FIRST_PORT);
    this.#view = new DataView(this.#address.buffer);
  }

  /** The next address and port, or null when all are used. The object is the same each time. */
  next(): Uint8Array<ArrayBuffer> | null {
    if (this.#port > LAST_PORT) {
      const host = this.#left.shift();
      if (host === undefined) return null;
      this.#address.set(socketAddress(host, FIRST_PORT));
      this.#port = FIRST_PORT;
    }
    this.#view.setUint16(2, this.#port++);
    return this.#address;
  }
}

/** Slots of connections in progress. A slot's socket is -1 when nothing is to be begun on it. */
interface Progress {
  readonly epoll: Epoll;
  readonly sockets: Int32Array;
  /** 1 once the byte was sent. */
  readonly sent: Uint8Array;
  readonly byte: Uint8Array<ArrayBuffer>;
}

/**
 * Connects, sends one byte, takes one back, closes; `connections` of them at a time, from as many
 * source addresses as `sources` gives.
 */
export function connectRate(bounds: Bounds, hosts: readonly string[]): Echoed {
  const sources = new Sources(hosts);
  const destination = socketAddress(bounds.host, ECHO_PORT);
  const progress: Progress = {
    epoll: new Epoll(bounds.connections),
    sockets: new Int32Array(bounds.connections).fill(-1),
    sent: new Uint8Array(bounds.connections),
    byte: new Uint8Array(1),
  };
  const start = performance.now();
  const deadline = start + bounds.secondsMax * 1000;
  let running = 0;
  for (let slot = 0; slot < bounds.connections; slot++) {
    if (begin(progress, slot, sources, destination)) running++;
  }
  let messages = 0;
  while (running > 0) {
    const count = progress.epoll.wait();
    const more = performance.now() < deadline;
    for (let i = 0; i < count; i++) {
      const slot = progress.epoll.index(i);
      if (!advance(progress, slot, progress.epoll.events(i))) continue;
      messages++;
      if (!more || !begin(progress, slot, sources, destination)) running--;
    }
  }
  const seconds = (performance.now() - start) / 1000;
  progress.epoll.close();
  return { seconds, bytes: 2 * messages, messages, p50Us: 0, p99Us: 0 };
}

function begin(
  progress: Progress,
  slot: number,
  sources: Sources,
  destination: Uint8Array<ArrayBuffer>,
): boolean {
  const source = sources.next();
  if (source === null) return false;
  const fd = startConnect(source, destination);
  progress.sockets[slot] = fd;
  progress.sent[slot] = 0;
  progress.epoll.add(fd, EPOLLIN | EPOLLOUT | EPOLLET, slot);
  return true;
}

/** Does what an event allows; gives whether the connection is over. */
function advance(progress: Progress, slot: number, events: number): boolean {
  const fd = progress.sockets[slot];
  if (events & EPOLLERR) throw systemError("connect", socketError(fd));
  if (progress.sent[slot] === 0 && events & EPOLLOUT) {
    send(fd, progress.byte, 1, 0);
    progress.sent[slot] = 1;
  }
  if ((events & EPOLLIN) === 0) return false;
  const length = receive(fd, progress.byte, 1, MSG_DONTWAIT);
  if (length < 0) return false;
  if (length === 0) throw new Error("the echo service closed before it answered");
  closeSocket(fd);
  progress.sockets[slot] = -1;
  return true;
}
