import { Memory } from "../../src/base/memory.ts";
import { type Device, SendOutcome } from "../../src/device/device.ts";

/** A device that gives one frame, as often as it is filled, and swallows what is sent. */
export class OneFrameDevice implements Device {
  readonly name = "one-frame";
  readonly mtu = 1500;
  readonly virtioHeader = true;
  onArrival: (() => void) | null = null;
  /** The frame; it waits while `length` is not 0. */
  readonly frame: Memory;
  length = 0;
  /** Packets that were sent. */
  sent = 0;
  readonly #copied: number;

  /**
   * The frame has room for `bytes`, of which the first `copied` are handed on: payload that is not looked at
   * would be the benchmark's own cost.
   */
  constructor(bytes: number, copied = bytes) {
    this.frame = new Memory(new ArrayBuffer(bytes));
    this.#copied = copied;
  }

  receive(memory: Uint8Array, offset: number): number {
    const { length } = this;
    this.length = 0;
    const copied = Math.min(length, this.#copied);
    for (let i = 0; i < copied; i++) memory[offset + i] = this.frame.bytes[i];
    return length;
  }

  send(): SendOutcome {
    this.sent++;
    return SendOutcome.sent;
  }

  nextArrival(): number {
    return Infinity;
  }

  close(): void {}
}
