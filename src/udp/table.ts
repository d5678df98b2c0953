import { isIpv4Words } from "../base/address.ts";
import { Match, type UdpSocket } from "./socket.ts";

/** Nobody; one array for all ports without a socket. */
const NONE: readonly UdpSocket[] = [];

/**
 * The sockets of a stack, by port. Most ports have one socket; several share one when they are bound to
 * different addresses, or have all asked for it.
 */
export class SocketTable {
  readonly #byPort = new Map<number, UdpSocket[]>();
  /** The sockets that have joined a group. */
  #members: readonly UdpSocket[] = NONE;

  /** Enters a socket. */
  add(socket: UdpSocket): void {
    this.#byPort.set(socket.port, [...this.at(socket.port), socket]);
  }

  /** Takes a socket out. */
  remove(socket: UdpSocket): void {
    this.#members = this.#members.filter((member) => member !== socket);
    const others = this.at(socket.port).filter((other) => other !== socket);
    if (others.length > 0) this.#byPort.set(socket.port, others);
    else this.#byPort.delete(socket.port);
  }

  /** The sockets of a port, in the order in which they were bound. */
  at(port: number): readonly UdpSocket[] {
    return this.#byPort.get(port) ?? NONE;
  }

  /**
   * The socket for a datagram to one host, or null: that with the address itself, else that of its family,
   * else that of both; of several the latest, as in Linux.
   */
  find(w0: number, w1: number, w2: number, w3: number, port: number): UdpSocket | null {
    const sockets = this.at(port);
    let best: UdpSocket | null = null;
    let bestMatch: Match = Match.none;
    for (let i = sockets.length - 1; i >= 0; i--) {
      const match = sockets[i].match(w0, w1, w2, w3);
      if (match <= bestMatch) continue;
      best = sockets[i];
      bestMatch = match;
    }
    return best;
  }

  /** Joins a group, or leaves it. */
  setMember(socket: UdpSocket, group: readonly number[], joins: boolean): void {
    socket.setMember(group, joins);
    const others = this.#members.filter((member) => member !== socket);
    this.#members = socket.groups.length > 0 ? [...others, socket] : others;
  }

  /** Whether datagrams to this group, or broadcasts, are taken in at all. */
  takesGroup(w0: number, w1: number, w2: number, w3: number): boolean {
    const isBroadcast = isIpv4Words(w0, w1, w2) && (w3 >>> 28) !== 14;
    if (isBroadcast) return true;
    for (let i = 0; i < this.#members.length; i++) {
      if (this.#members[i].isMember(w0, w1, w2, w3)) return true;
    }
    return false;
  }
}
