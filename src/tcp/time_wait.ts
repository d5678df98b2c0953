import { type Connection, Owner } from "./connection.ts";

/** How many connections in TIME-WAIT are looked at for one whose row can be had. */
const LOOKS = 16;

/** The connections in TIME-WAIT, the oldest first. */
export class TimeWaitList {
  readonly #conns = new Set<Connection>();

  /** How many there are. */
  get size(): number {
    return this.#conns.size;
  }

  /** Adds one, as the newest. */
  add(conn: Connection): void {
    this.#conns.add(conn);
  }

  /** Takes one off, if it is there. */
  delete(conn: Connection): void {
    this.#conns.delete(conn);
  }

  /** The oldest, or null. */
  oldest(): Connection | null {
    for (const conn of this.#conns) return conn;
    return null;
  }

  /** An old one whose row would be free, which that of one that the application still holds would not. */
  oldestUnheld(): Connection | null {
    let looks = LOOKS;
    for (const conn of this.#conns) {
      if (conn.owner === Owner.none) return conn;
      if (--looks === 0) return null;
    }
    return null;
  }
}
