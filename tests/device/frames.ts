import type { Device, SendOutcome } from "../../src/device/device.ts";

const memory = new Uint8Array(new ArrayBuffer(1 << 18));
const HALF = 1 << 17;

/** Sends one frame, cut into `count` pieces that lie apart from each other. */
export function sendFrame(device: Device, frame: Uint8Array, count = 1): SendOutcome {
  const pieces = new Int32Array(2 * count);
  let at = 0;
  let taken = 0;
  for (let i = 0; i < count; i++) {
    const length = i === count - 1 ? frame.length - taken : Math.floor(frame.length / count);
    memory.set(frame.subarray(taken, taken + length), at);
    pieces[2 * i] = at;
    pieces[2 * i + 1] = length;
    taken += length;
    at += length + 13;
  }
  return device.send(memory, pieces, count);
}

/** The oldest waiting frame, or null. */
export function receiveFrame(device: Device, offset = HALF): Uint8Array | null {
  const length = device.receive(memory, offset, 65545);
  return length === 0 ? null : memory.slice(offset, offset + length);
}

/** A frame of so many bytes that carries a number in its first four. */
export function numberedFrame(number: number, length = 40): Uint8Array {
  const frame = new Uint8Array(length).fill(number & 0xff);
  new DataView(frame.buffer).setUint32(0, number);
  return frame;
}

/** The number in a frame made by {@link numberedFrame}. */
export function frameNumber(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(0);
}
