/**
 * Finds the connection of a segment: from the four-tuple (local address and port, remote address and port)
 * to a small id, in constant time.
 *
 * A chained hash table in two columns of words. The peer chooses addresses and ports, so the hash has
 * a secret key: without it, nobody can pick tuples that share a chain.
 *
 * ```text
 *   #buckets, a power of two, at least as many as ids
 *   ┌────┬────┬────┬────┐
 *   │  0 │  6 │  0 │  3 │ ...            by the low bits of the hash: the first id of the chain, and one
 *   └────┴─┬──┴────┴────┘
 *          ▼
 *   #rows  row 5: next ─▶ row 9: next = -1
 *
 *   a row, 12 words:   0      1      2 .. 5          6 .. 9           10                 11
 *                      next   hash   local address   remote address   local << 16 | remote port   -
 * ```
 *
 * A row whose word for the ports is 0 is not in the table; port 0 is never in use on the wire.
 */
import { IPV4_MAPPED_W2 } from "../base/address.ts";
import { halfSipHash13 } from "../base/siphash.ts";

const ROW_WORDS = 12;
const NEXT = 0;
const HASH = 1;
const LOCAL = 2;
const REMOTE = 6;
const PORTS = 10;
const NONE = -1;

/** The message of the hash, filled anew for each: nothing keeps it. */
const message = new Int32Array(9);

/**
 * The hash of a four-tuple under a 64-bit key: 32 bits, signed. It places a connection in the table, and in
 * one of several queues: use different bits, or different keys, for the two. Not for values that a peer
 * sees.
 *
 * Two IPv4 addresses are hashed as the two words and the ports that are not the same for all of them,
 * which takes about half the time; the hash knows messages of different lengths apart.
 */
export function tupleHash(
  key0: number,
  key1: number,
  local0: number,
  local1: number,
  local2: number,
  local3: number,
  remote0: number,
  remote1: number,
  remote2: number,
  remote3: number,
  localPort: number,
  remotePort: number,
): number {
  const ports = (localPort << 16) | remotePort;
  if (
    local2 === IPV4_MAPPED_W2 && remote2 === IPV4_MAPPED_W2 &&
    (local0 | local1 | remote0 | remote1) === 0
  ) {
    message[0] = local3;
    message[1] = remote3;
    message[2] = ports;
    return halfSipHash13(key0, key1, message, 3);
  }
  message[0] = local0;
  message[1] = local1;
  message[2] = local2;
  message[3] = local3;
  message[4] = remote0;
  message[5] = remote1;
  message[6] = remote2;
  message[7] = remote3;
  message[8] = ports;
  return halfSipHash13(key0, key1, message, 9);
}

/**
 * The table of connections: ids 0 to `capacity - 1`, given by the caller, by four-tuple. Addresses are four
 * signed 32-bit words each (see src/base/address.ts), ports are 1 to 65535.
 */
export class Demultiplexer {
  readonly #key0: number;
  readonly #key1: number;
  #capacity: number;
  #rows: Int32Array;
  #buckets: Int32Array;
  #size = 0;
  /** The id that was found last, whose row is compared before anything is hashed; -1 for none. */
  #last = NONE;

  /**
   * A table for `capacity` ids under the secret key (`key0`, `key1`), 32 random bits each. Up to `most` ids
   * growing costs nothing: the room is there from the start, as zeros that take no memory until they are used.
   */
  constructor(capacity: number, key0: number, key1: number, most: number = capacity) {
    const reserved = Math.max(capacity, most);
    this.#capacity = capacity;
    this.#key0 = key0 | 0;
    this.#key1 = key1 | 0;
    this.#rows = new Int32Array(reserved * ROW_WORDS);
    this.#buckets = new Int32Array(bucketsFor(reserved));
  }

  /** How many ids there may be. */
  get capacity(): number {
    return this.#capacity;
  }

  /** How many ids are in the table. */
  get size(): number {
    return this.#size;
  }

  /**
   * Enters `id` under a four-tuple. Throws a `RangeError` for an id without a place or a port out of
   * range, an `Error` for an id that is in the table already or a tuple that another id has.
   */
  add(
    id: number,
    local0: number,
    local1: number,
    local2: number,
    local3: number,
    remote0: number,
    remote1: number,
    remote2: number,
    remote3: number,
    localPort: number,
    remotePort: number,
  ): void {
    const row = this.#rowOf(id);
    checkPort(localPort);
    checkPort(remotePort);
    const rows = this.#rows;
    if (rows[row + PORTS] !== 0) throw new Error(`Id ${id} is in the table: remove it first`);
    // deno-fmt-ignore
    const other = this.find(local0, local1, local2, local3, remote0, remote1, remote2, remote3,
      localPort, remotePort);
    if (other !== NONE) throw new Error(`Id ${id} cannot have the four-tuple of id ${other}`);
    // deno-fmt-ignore
    const hash = tupleHash(this.#key0, this.#key1, local0, local1, local2, local3,
      remote0, remote1, remote2, remote3, localPort, remotePort);
    rows[row + HASH] = hash;
    rows[row + LOCAL] = local0;
    rows[row + LOCAL + 1] = local1;
    rows[row + LOCAL + 2] = local2;
    rows[row + LOCAL + 3] = local3;
    rows[row + REMOTE] = remote0;
    rows[row + REMOTE + 1] = remote1;
    rows[row + REMOTE + 2] = remote2;
    rows[row + REMOTE + 3] = remote3;
    rows[row + PORTS] = (localPort << 16) | remotePort;
    this.#enchain(id);
    this.#size++;
  }

  /** Takes `id` out of the table, if it is there; its four-tuple is then unknown. */
  remove(id: number): void {
    const row = this.#rowOf(id);
    const rows = this.#rows;
    if (rows[row + PORTS] === 0) return;
    const buckets = this.#buckets;
    const bucket = rows[row + HASH] & (buckets.length - 1);
    if (buckets[bucket] === id + 1) {
      buckets[bucket] = rows[row + NEXT] + 1;
    } else {
      // Chains are short, about one and a half long on average, so they have no way back.
      let before = (buckets[bucket] - 1) * ROW_WORDS;
      while (rows[before + NEXT] !== id) before = rows[before + NEXT] * ROW_WORDS;
      rows[before + NEXT] = rows[row + NEXT];
    }
    rows[row + PORTS] = 0;
    if (this.#last === id) this.#last = NONE;
    this.#size--;
  }

  /** The id that has this four-tuple, -1 when none has. */
  find(
    local0: number,
    local1: number,
    local2: number,
    local3: number,
    remote0: number,
    remote1: number,
    remote2: number,
    remote3: number,
    localPort: number,
    remotePort: number,
  ): number {
    // Segments come in bursts of one connection: most are found here.
    const last = this.#last;
    if (
      last !== NONE &&
      // deno-fmt-ignore
      rowHas(this.#rows, last * ROW_WORDS, local0, local1, local2, local3,
        remote0, remote1, remote2, remote3, localPort, remotePort)
    ) {
      return last;
    }
    // deno-fmt-ignore
    const hash = tupleHash(this.#key0, this.#key1, local0, local1, local2, local3,
      remote0, remote1, remote2, remote3, localPort, remotePort);
    const rows = this.#rows;
    let id = this.#buckets[hash & (this.#buckets.length - 1)] - 1;
    while (id !== NONE) {
      const row = id * ROW_WORDS;
      if (
        rows[row + HASH] === hash &&
        // deno-fmt-ignore
        rowHas(rows, row, local0, local1, local2, local3,
          remote0, remote1, remote2, remote3, localPort, remotePort)
      ) {
        this.#last = id;
        return id;
      }
      id = rows[row + NEXT];
    }
    return NONE;
  }

  /**
   * Makes room for `capacity` ids; what is in the table stays. A smaller capacity changes nothing. Beyond
   * what was reserved it takes time in proportion to the table, so that a caller doubles it there.
   */
  grow(capacity: number): void {
    if (capacity <= this.#capacity) return;
    if (capacity * ROW_WORDS <= this.#rows.length) {
      this.#capacity = capacity;
      return;
    }
    const rows = new Int32Array(capacity * ROW_WORDS);
    rows.set(this.#rows);
    this.#rows = rows;
    const before = this.#capacity;
    this.#capacity = capacity;
    const buckets = bucketsFor(capacity);
    if (buckets === this.#buckets.length) return;
    this.#buckets = new Int32Array(buckets);
    for (let id = 0; id < before; id++) {
      if (rows[id * ROW_WORDS + PORTS] !== 0) this.#enchain(id);
    }
  }

  /** Puts a filled row at the head of its chain. */
  #enchain(id: number): void {
    const row = id * ROW_WORDS;
    const bucket = this.#rows[row + HASH] & (this.#buckets.length - 1);
    this.#rows[row + NEXT] = this.#buckets[bucket] - 1;
    this.#buckets[bucket] = id + 1;
  }

  #rowOf(id: number): number {
    if (!(id >= 0 && id < this.#capacity)) {
      throw new RangeError(`Id ${id} does not exist: ids go from 0 to ${this.#capacity - 1}`);
    }
    return id * ROW_WORDS;
  }
}

/** Whether a row holds this four-tuple; what differs most often is compared first. */
function rowHas(
  rows: Int32Array,
  row: number,
  local0: number,
  local1: number,
  local2: number,
  local3: number,
  remote0: number,
  remote1: number,
  remote2: number,
  remote3: number,
  localPort: number,
  remotePort: number,
): boolean {
  return rows[row + PORTS] === ((localPort << 16) | remotePort) &&
    rows[row + REMOTE + 3] === remote3 && rows[row + REMOTE + 2] === remote2 &&
    rows[row + REMOTE + 1] === remote1 && rows[row + REMOTE] === remote0 &&
    rows[row + LOCAL + 3] === local3 && rows[row + LOCAL + 2] === local2 &&
    rows[row + LOCAL + 1] === local1 && rows[row + LOCAL] === local0;
}

/** The power of two that is not below `capacity`: no more than one id to a bucket on average. */
function bucketsFor(capacity: number): number {
  let buckets = 1;
  while (buckets < capacity) buckets *= 2;
  return buckets;
}

function checkPort(port: number): void {
  if (!(port >= 1 && port <= 0xffff)) {
    throw new RangeError(`Port ${port} cannot be in the table: ports go from 1 to 65535`);
  }
}
