import type { Clock } from "../base/clock.ts";
import { MAC_BYTES } from "../wire/ethernet.ts";

/** What is known of one host on the link. */
export interface Neighbor {
  /** The address as four words. */
  readonly words: readonly [number, number, number, number];
  /** Its MAC address; null while it is asked for. */
  mac: Uint8Array | null;
  /** When the MAC address was last heard, microseconds. */
  heardAtUs: number;
  /** When to ask again; Infinity when nobody has to. */
  askAtUs: number;
  /** Questions in a row without an answer. */
  asked: number;
  /** Packets that wait for the answer. */
  readonly waiting: Uint8Array[];
}

/** Hosts that are remembered; the one that was longest not heard gives way. */
export const NEIGHBORS_MAX = 1024;
/** Packets that wait for one host's answer, as Linux's unres_qlen in packets. */
export const WAITING_MAX = 64;
/** RFC 1122 section 2.3.2.1 and RFC 4861 section 10: one question a second, three of them. */
const ASK_INTERVAL_US = 1_000_000;
const ASK_MAX = 3;
/** How long an answer is believed before it is asked for again (RFC 4861's REACHABLE_TIME is 30 s; as Linux for ARP). */
const REACHABLE_US = 60_000_000;

/** The hosts on a link, by address: ARP's cache and that of neighbor discovery (RFC 826, RFC 4861). */
export class Neighbors {
  readonly #clock: Clock;
  readonly #byAddress = new Map<string, Neighbor>();
  /** The one that was looked up last: a conversation asks for the same one again and again. */
  #last: Neighbor | null = null;
  /** No question is due before this time. */
  #nextAskUs = Infinity;
  /** Packets lost because their host did not answer or too many waited. */
  lost = 0;

  /** A cache whose times are those of `clock`. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The host of this address, which is new when it was not known. */
  find(w0: number, w1: number, w2: number, w3: number): Neighbor {
    const last = this.#last;
    if (last !== null) {
      const { words } = last;
      if (words[3] === w3 && words[2] === w2 && words[1] === w1 && words[0] === w0) return last;
    }
    const key = `${w0},${w1},${w2},${w3}`;
    const found = this.#byAddress.get(key) ?? this.#add(key, [w0, w1, w2, w3]);
    this.#last = found;
    return found;
  }

  /** The host of this address if it is known. */
  known(w0: number, w1: number, w2: number, w3: number): Neighbor | null {
    return this.#byAddress.get(`${w0},${w1},${w2},${w3}`) ?? null;
  }

  /** Whether its address has to be asked for again; packets still go to the one that is known. */
  isStale(neighbor: Neighbor): boolean {
    return this.#clock.now() - neighbor.heardAtUs >= REACHABLE_US;
  }

  /** Takes a MAC address in; returns the packets that waited for it. */
  heard(neighbor: Neighbor, mac: Uint8Array): Uint8Array[] {
    neighbor.mac = mac.slice(0, MAC_BYTES);
    neighbor.heardAtUs = this.#clock.now();
    neighbor.askAtUs = Infinity;
    neighbor.asked = 0;
    return neighbor.waiting.splice(0);
  }

  /** Has a packet wait; the oldest gives way when too many do. */
  wait(neighbor: Neighbor, packet: Uint8Array): void {
    if (neighbor.waiting.length >= WAITING_MAX) {
      neighbor.waiting.shift();
      this.lost++;
    }
    neighbor.waiting.push(packet);
  }

  /** Begins to ask for a host, unless that is under way. */
  ask(neighbor: Neighbor): void {
    if (neighbor.askAtUs !== Infinity) return;
    neighbor.askAtUs = this.#clock.now();
    this.#nextAskUs = Math.min(this.#nextAskUs, neighbor.askAtUs);
  }

  /** A time before which there is no question to ask, Infinity when there is none. */
  get nextAskUs(): number {
    return this.#nextAskUs;
  }

  /** Calls `ask` for every host that is to be asked now; forgets those that have not answered. */
  askDue(ask: (neighbor: Neighbor) => void): void {
    const nowUs = this.#clock.now();
    if (this.#nextAskUs > nowUs) return;
    this.#nextAskUs = Infinity;
    for (const [key, neighbor] of this.#byAddress) {
      if (neighbor.askAtUs > nowUs) {
        this.#nextAskUs = Math.min(this.#nextAskUs, neighbor.askAtUs);
        continue;
      }
      if (neighbor.asked >= ASK_MAX) {
        this.lost += neighbor.waiting.length;
        this.#byAddress.delete(key);
        if (this.#last === neighbor) this.#last = null;
        continue;
      }
      neighbor.asked++;
      neighbor.askAtUs = nowUs + ASK_INTERVAL_US;
      this.#nextAskUs = Math.min(this.#nextAskUs, neighbor.askAtUs);
      ask(neighbor);
    }
  }

  #add(key: string, words: readonly [number, number, number, number]): Neighbor {
    if (this.#byAddress.size >= NEIGHBORS_MAX) this.#forgetOne();
    const heardAtUs = -Infinity;
    const neighbor = { words, mac: null, heardAtUs, askAtUs: Infinity, asked: 0, waiting: [] };
    this.#byAddress.set(key, neighbor);
    return neighbor;
  }

  #forgetOne(): void {
    let oldest: string | null = null;
    let heardAtUs = Infinity;
    for (const [key, neighbor] of this.#byAddress) {
      if (neighbor.heardAtUs >= heardAtUs) continue;
      oldest = key;
      heardAtUs = neighbor.heardAtUs;
    }
    if (oldest === null) return;
    this.lost += this.#byAddress.get(oldest)!.waiting.length;
    this.#byAddress.delete(oldest);
  }
}
