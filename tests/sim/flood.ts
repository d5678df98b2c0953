/**
 * A link with an attacker on it: between the frames of a well-behaved peer come those that a test makes up,
 * as many of them in each millisecond of simulated time as the test says.
 */

import type { Clock } from "../../src/base/clock.ts";
import { Memory } from "../../src/base/memory.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { type Device, SendOutcome } from "../../src/device/device.ts";
import { ChecksumMode, finishTcpChecksum, writePacket } from "../../src/ip/output.ts";
import { Flag, OptionBit, Segment } from "../../src/wire/segment.ts";

const TICK_US = 1000;
const FRAME_BYTES = 128;
/** Offset of the destination's last two bytes in an IPv4 header, and of its first two. */
const DESTINATION = 16;

/** Makes the next frame's segment, which is clear but for addresses. */
export type Attack = (segment: Segment, random: SeededRandom) => void;

/** The stack's end of the link. */
export class FloodedDevice implements Device {
  readonly name = "flooded";
  readonly mtu: number;
  readonly virtioHeader = false;
  onArrival: (() => void) | null = null;
  /** Frames of the attacker that the stack has taken, and answers to them. */
  attacks = 0;
  answers = 0;
  readonly #inner: Device;
  readonly #clock: Clock;
  readonly #perTick: number;
  readonly #attack: Attack;
  readonly #random: SeededRandom;
  readonly #segment = new Segment();
  readonly #frame = new Memory(new ArrayBuffer(FRAME_BYTES));
  readonly #peerWord: number;
  readonly #ownWord: number;
  #nextTickUs = Infinity;
  #leftUs = 0;
  #budget = 0;
  /** Whether the next frame is the attacker's, when both have one. */
  #turn = false;

  constructor(
    inner: Device,
    clock: Clock,
    perSecond: number,
    seed: number,
    words: { readonly own: number; readonly peer: number },
    attack: Attack,
  ) {
    this.#inner = inner;
    this.mtu = inner.mtu;
    this.#clock = clock;
    this.#perTick = Math.round(perSecond * TICK_US / 1e6);
    this.#attack = attack;
    this.#random = new SeededRandom(seed);
    this.#ownWord = words.own;
    this.#peerWord = words.peer;
    inner.onArrival = () => this.onArrival?.();
  }

  /** Whether there is something to take in at this time. */
  get isWaiting(): boolean {
    return this.nextArrival() <= this.#clock.now();
  }

  /** The attack goes on for this long from now. */
  start(durationUs: number): void {
    this.#nextTickUs = this.#clock.now();
    this.#leftUs = durationUs;
    this.onArrival?.();
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    this.#turn = !this.#turn;
    if (this.#turn) {
      const length = this.#attackFrame(memory, offset);
      return length > 0 ? length : this.#inner.receive(memory, offset, limit);
    }
    const length = this.#inner.receive(memory, offset, limit);
    return length > 0 ? length : this.#attackFrame(memory, offset);
  }

  #attackFrame(memory: Uint8Array, offset: number): number {
    if (this.#budget === 0 && this.#clock.now() >= this.#nextTickUs) {
      this.#budget = this.#perTick;
      this.#leftUs -= TICK_US;
      this.#nextTickUs = this.#leftUs > 0 ? this.#nextTickUs + TICK_US : Infinity;
    }
    if (this.#budget === 0) return 0;
    this.#budget--;
    this.attacks++;
    const s = Object.assign(this.#segment, EMPTY);
    s.src2 = 0xffff;
    s.dst2 = 0xffff;
    s.dst3 = this.#ownWord;
    this.#attack(s, this.#random);
    const length = writePacket(this.#frame, 0, s, 0, 0, ChecksumMode.full);
    finishTcpChecksum(this.#frame.view, 0, length, 0);
    for (let i = 0; i < length; i++) memory[offset + i] = this.#frame.bytes[i];
    return length;
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    const at = pieces[0] + DESTINATION;
    const word = (memory[at] << 24) | (memory[at + 1] << 16) | (memory[at + 2] << 8) |
      memory[at + 3];
    if (word === this.#peerWord) return this.#inner.send(memory, pieces, count);
    this.answers++;
    return SendOutcome.sent;
  }

  nextArrival(): number {
    return this.#budget > 0 ? 0 : Math.min(this.#nextTickUs, this.#inner.nextArrival());
  }

  close(): void {
    this.#inner.close();
  }
}

const EMPTY = new Segment();

/** A SYN from an address that somebody else may have. */
export function spoofedSyn(port: number): Attack {
  return (s, random) => {
    s.src3 = spoofedWord(random);
    s.srcPort = 1024 + random.uint32() % 60_000;
    s.dstPort = port;
    s.seq = random.uint32() | 0;
    s.flags = Flag.SYN;
    s.window = 65_535;
    s.options = OptionBit.mss | OptionBit.timestamps | OptionBit.sackPermitted |
      OptionBit.windowScale;
    s.mss = 1460;
    s.windowScale = 7;
    s.tsValue = random.uint32() | 0;
  };
}

/** An ACK from such an address, with a number that may be a cookie by chance. */
export function guessedCookie(port: number): Attack {
  return (s, random) => {
    s.src3 = spoofedWord(random);
    s.srcPort = 1024 + random.uint32() % 60_000;
    s.dstPort = port;
    s.seq = random.uint32() | 0;
    s.ack = random.uint32() | 0;
    s.flags = Flag.ACK;
    s.window = 65_535;
  };
}

/** 11.0.0.0 to 99.255.255.255. */
function spoofedWord(random: SeededRandom): number {
  return ((11 + random.uint32() % 89) << 24) | (random.uint32() & 0xff_ffff);
}
