import type { FourTuple } from "./connection.ts";

/** The remote address of a connection or handshake; what {@link FourTuple} has of it. */
type Remote = Pick<FourTuple, "remote0" | "remote1" | "remote2" | "remote3">;

/** Counts connections and handshakes by the peer's address, when there is a limit to them. */
export class AddressLimit {
  readonly #limit: number;
  readonly #counts = new Map<string, number>();

  /** `limit` 0 allows any number and counts nothing. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Addresses that have any. */
  get size(): number {
    return this.#counts.size;
  }

  /** Whether the address may have one more. */
  allows(remote: Remote): boolean {
    return this.#limit === 0 || (this.#counts.get(keyOf(remote)) ?? 0) < this.#limit;
  }

  /** The address has one more. */
  add(remote: Remote): void {
    if (this.#limit === 0) return;
    const key = keyOf(remote);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** The address has one less. */
  remove(remote: Remote): void {
    if (this.#limit === 0) return;
    const key = keyOf(remote);
    const left = (this.#counts.get(key) ?? 1) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}

function keyOf(remote: Remote): string {
  return `${remote.remote0},${remote.remote1},${remote.remote2},${remote.remote3}`;
}
