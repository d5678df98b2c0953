/** The capture of a simulation that has failed: what the server's end saw, with its states and drops. */

import { parseAddress } from "../../src/base/address.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Device } from "../../src/device/device.ts";
import type { TraceRecord } from "../../src/pipeline/trace_ring.ts";
import { FrameCapture } from "../../src/trace/frame_capture.ts";

/** Blocks that are kept: those at the beginning that say what the file is, and the last ones, where the failure is. */
const HEAD_BLOCKS = 2;
const BLOCKS_MAX = 50_000;

/** Collects a capture in memory until it is known that it is wanted. */
export class FailureCapture {
  readonly #blocks: Uint8Array[] = [];
  #capture: FrameCapture | null = null;

  /** Puts itself between a stack and its device. */
  watch(device: Device, address: string, clock: Clock): Device {
    const own = parseAddress(address);
    const addresses = own === null ? [] : [own];
    this.#capture = new FrameCapture(device, (block) => this.#keep(block), { addresses, clock });
    return this.#capture;
  }

  /** For the option `trace` of the watched stack. */
  take(record: TraceRecord): void {
    this.#capture?.take(record);
  }

  /** Writes the file and gives its path. */
  async save(): Promise<string> {
    this.#capture?.flush();
    const path = await Deno.makeTempFile({ prefix: "woshou-sim-", suffix: ".pcapng" });
    using file = await Deno.open(path, { write: true });
    for (const block of this.#blocks) {
      for (let done = 0; done < block.length;) done += await file.write(block.subarray(done));
    }
    return path;
  }

  #keep(block: Uint8Array): void {
    this.#blocks.push(block);
    // Half at a time, so that a long run does not move the array for every frame.
    if (this.#blocks.length > BLOCKS_MAX) this.#blocks.splice(HEAD_BLOCKS, BLOCKS_MAX >> 1);
  }
}
