/**
 * Joins two devices, so that what one receives the other sends.
 *
 * @module
 */

import type { Device } from "../../mod.ts";

/** Frames that are passed on before others get their turn. */
const BATCH = 64;

/** Passes frames on in both directions for as long as both devices are open. */
export function bridge(a: Device, b: Device): void {
  passOn(a, b);
  passOn(b, a);
}

function passOn(from: Device, to: Device): void {
  const memory = new Uint8Array(65_536);
  const piece = new Int32Array(2);
  const pass = () => {
    for (let i = 0; i < BATCH; i++) {
      const length = from.receive(memory, 0, memory.length - 1);
      if (length === 0) {
        // A frame may have come between the last look and now.
        if (from.nextArrival() > 0) return;
        continue;
      }
      piece[1] = length;
      // What finds the queue full is lost, as on any link.
      to.send(memory, piece, 1);
    }
    setTimeout(pass, 0);
  };
  from.onArrival = pass;
  pass();
}
