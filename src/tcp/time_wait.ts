import { type Connection, Owner } from "./connection.ts";

/** How many connections in TIME-WAIT are looked at for one whose row can be had. */
const LOOKS = 16;

/** The connections in TIME-WAIT, the oldest first; by row, because most of them are dormant. */
export class TimeWaitList {
  readonly #rows = new Set<number>();
  readonly #get: (row: number) => Connection | null;

  /** `get` gives the connection of a row. */
  constructor(get: (row: number) => Connection | null) {
    this.#get = get;
  }

  /** How many there are. */
  get size(): number {
    return this.#rows.size;
  }

  /** Adds one, as the newest. */
  add(conn: Connection): void {
    this.#rows.add(conn.id);
  }

  /** Takes one off, if it is there. */
  delete(conn: Connection): void {
    this.#rows.delete(conn.id);
  }

  /** The oldest, or null. */
  oldest(): Connection | null {
    for (const row of this.#rows) return this.#get(row);
    return null;
  }

  /** An old one whose row would be free, which that of one that the application still holds would not. */
  oldestUnheld(): Connection | null {
    let looks = LOOKS;
    for (const row of this.#rows) {
      const conn = this.#get(row);
      if (conn !== null && conn.owner === Owner.none) return conn;
      if (--looks === 0) return null;
    }
    return null;
  }
}
