import { type Device, SendOutcome } from "../../src/device/device.ts";

/** The device of a script: keeps what the stack sends. Frames for the stack do not come this way. */
export class WireDevice implements Device {
  readonly name = "script";
  readonly mtu: number;
  readonly virtioHeader = false;
  onArrival: (() => void) | null = null;
  readonly #onFrame: (frame: Uint8Array<ArrayBuffer>) => void;

  /** `onFrame` gets each frame that the stack sends, as a copy of its own. */
  constructor(mtu: number, onFrame: (frame: Uint8Array<ArrayBuffer>) => void) {
    this.mtu = mtu;
    this.#onFrame = onFrame;
  }

  receive(): number {
    return 0;
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    let length = 0;
    for (let i = 0; i < count; i++) length += pieces[2 * i + 1];
    if (length > this.mtu) return SendOutcome.refused;
    const frame = new Uint8Array(length);
    let at = 0;
    for (let i = 0; i < count; i++) {
      const start = pieces[2 * i];
      frame.set(memory.subarray(start, start + pieces[2 * i + 1]), at);
      at += pieces[2 * i + 1];
    }
    this.#onFrame(frame);
    return SendOutcome.sent;
  }

  nextArrival(): number {
    return Infinity;
  }

  close(): void {}
}
