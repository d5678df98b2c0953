import { IPV4_MAPPED_W2, isIpv4Words } from "../base/address.ts";
import { StreamCursor, type StreamWords, type StreamWriter } from "../ring/stream.ts";

/** How well a datagram's destination fits what a socket is bound to; the best one gets it. */
export const Match = { none: 0, dual: 1, family: 2, address: 3 } as const;

/** One value of {@link Match}. */
export type Match = (typeof Match)[keyof typeof Match];

/** A UDP socket as the engine sees it. */
export class UdpSocket {
  /** Its row in the shared memory: number, generation, and index of the first word. */
  readonly id: number;
  readonly generation: number;
  readonly row: number;
  /** What it is bound to; unspecified for every address of the family, `::` for both families. */
  readonly local0: number;
  readonly local1: number;
  readonly local2: number;
  readonly local3: number;
  readonly port: number;
  /** Datagrams that the application has not received. */
  readonly receive: StreamWriter;
  /** Datagrams that are to be sent, and how far that has come. */
  readonly sendStream: StreamWords;
  readonly sent: StreamCursor = new StreamCursor();
  /** Four words for each group that it has joined. */
  groups: Int32Array = new Int32Array(0);
  /** It is in the engine's list of sockets to look at. */
  dirty = false;
  /** Datagrams were put into `receive` since it was published. */
  hasReceived = false;
  /** The application has let go of it; it ends when everything is sent. */
  closing = false;

  constructor(
    id: number,
    generation: number,
    row: number,
    address: readonly number[],
    port: number,
    receive: StreamWriter,
    sendStream: StreamWords,
  ) {
    this.id = id;
    this.generation = generation;
    this.row = row;
    [this.local0, this.local1, this.local2, this.local3] = address;
    this.port = port;
    this.receive = receive;
    this.sendStream = sendStream;
  }

  /** Whether it is bound to every address of a family, or of both. */
  get isWildcard(): boolean {
    return this.local3 === 0 && this.local0 === 0 && this.local1 === 0 &&
      (this.local2 === 0 || this.local2 === IPV4_MAPPED_W2);
  }

  /** How well an address fits. */
  match(w0: number, w1: number, w2: number, w3: number): Match {
    if (this.isWildcard) {
      const isIpv4 = isIpv4Words(w0, w1, w2);
      if ((this.local2 === IPV4_MAPPED_W2) === isIpv4) return Match.family;
      return isIpv4 ? Match.dual : Match.none;
    }
    const same = this.local3 === w3 && this.local2 === w2 && this.local1 === w1 &&
      this.local0 === w0;
    return same ? Match.address : Match.none;
  }

  /** Joins a group, or leaves it again. */
  setMember(group: readonly number[], joins: boolean): void {
    const others: number[] = [];
    for (let i = 0; i < this.groups.length; i += 4) {
      const words = this.groups.subarray(i, i + 4);
      if (words.some((word, index) => word !== group[index])) others.push(...words);
    }
    this.groups = Int32Array.from(joins ? [...others, ...group] : others);
  }

  /** Whether it is a member of a group. */
  isMember(w0: number, w1: number, w2: number, w3: number): boolean {
    const { groups } = this;
    for (let i = 0; i < groups.length; i += 4) {
      const same = groups[i + 3] === w3 && groups[i + 2] === w2 && groups[i + 1] === w1 &&
        groups[i] === w0;
      if (same) return true;
    }
    return false;
  }
}
