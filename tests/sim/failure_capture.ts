/** The capture of a simulation that has failed: what the watched ends saw, with their states and drops. */

import { parseAddress } from "../../src/base/address.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Device } from "../../src/device/device.ts";
import { PcapngWriter } from "../../src/device/pcapng.ts";
import type { TraceRecord } from "../../src/pipeline/trace_ring.ts";
import { FrameCapture } from "../../src/trace/frame_capture.ts";

/** Packets that are kept: the last ones, where the failure is. */
const PACKETS_MAX = 50_000;

/** What the options of `open` need to be watched. */
export interface Watched {
  readonly device: Device;
  readonly trace: (record: TraceRecord) => void;
}

/** Collects a capture in memory; each watched device is an interface of it. */
export class FailureCapture {
  /** What says what the file is: one block for the section, and one for each interface. */
  readonly #head: Uint8Array[] = [];
  readonly #packets: Uint8Array[] = [];
  readonly #captures: FrameCapture[] = [];
  #isHead = true;
  readonly #writer = new PcapngWriter((block) => this.#keep(block));

  /** Puts itself between a stack and its device. */
  watch(device: Device, address: string, clock: Clock): Watched {
    const own = parseAddress(address);
    const addresses = own === null ? [] : [own];
    this.#isHead = true;
    const capture = new FrameCapture(device, this.#writer, { addresses, clock, name: address });
    this.#isHead = false;
    this.#captures.push(capture);
    return { device: capture, trace: (record) => capture.take(record) };
  }

  /** Writes the file and gives its path. */
  async save(): Promise<string> {
    for (const capture of this.#captures) capture.flush();
    const path = await Deno.makeTempFile({ prefix: "woshou-sim-", suffix: ".pcapng" });
    using file = await Deno.open(path, { write: true });
    for (const block of [...this.#head, ...this.#packets]) {
      for (let done = 0; done < block.length;) done += await file.write(block.subarray(done));
    }
    return path;
  }

  #keep(block: Uint8Array): void {
    if (this.#isHead) {
      this.#head.push(block);
      return;
    }
    this.#packets.push(block);
    // Half at a time, so that a long run does not move the array for every frame.
    if (this.#packets.length > PACKETS_MAX) this.#packets.splice(0, PACKETS_MAX >> 1);
  }
}
