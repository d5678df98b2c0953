import { type Random, systemRandom } from "../base/random.ts";
import type { Device } from "../device/device.ts";
import { isDrop, PacketInput } from "../ip/input.ts";
import type { Reassembly } from "../ip/reassembly.ts";
import type { Layout } from "../ring/layout.ts";
import { DESCRIPTOR_WORDS, NIL, START } from "../ring/pool.ts";
import { Segment } from "../wire/segment.ts";
import { makeReassembly } from "./reassembler.ts";
import { receiveFrame } from "./reader_stage.ts";
import { SharedForwardSwitch } from "./forward_switch.ts";
import type { StageSettings } from "./setup.ts";
import type { TcpStage } from "./tcp_stage.ts";

/** Reader and parser in the TCP stage's own thread: no rings, each frame runs to completion. */
export class DirectInput {
  readonly #layout: Layout;
  readonly #device: Device;
  readonly #stage: TcpStage;
  readonly #reassembly: Reassembly;
  readonly #input: PacketInput;
  readonly #segment = new Segment();

  /** `random` keys the table of fragments. */
  constructor(
    layout: Layout,
    device: Device,
    stage: TcpStage,
    settings: StageSettings,
    random: Random = systemRandom,
  ) {
    this.#layout = layout;
    this.#device = device;
    this.#stage = stage;
    this.#reassembly = makeReassembly(layout, settings.ip, layout.parserCounters, random);
    this.#input = new PacketInput({
      virtioHeader: device.virtioHeader,
      addresses: settings.addresses,
      broadcasts: settings.broadcasts,
      reassembly: this.#reassembly,
      forward: new SharedForwardSwitch(layout),
    });
  }

  /** When packets whose fragments did not come are to be given up, in microseconds; `Infinity` when never. */
  nextExpiry(): number {
    return this.#reassembly.nextExpiry();
  }

  /** Takes up to `most` frames in; returns how many there were. */
  run(most: number, nowUs: number): number {
    const layout = this.#layout;
    const { words, table } = layout.slotPool;
    const slots = this.#stage.slots.slots;
    const segment = this.#segment;
    let count = 0;
    this.#reassembly.expire(layout.memory, nowUs);
    while (count < most) {
      const slot = slots.take();
      if (slot === NIL) break;
      const length = receiveFrame(this.#device, layout, slot, layout.readerCounters);
      if (length <= 0) {
        slots.give(slot);
        if (length === 0) break;
        count++;
        continue;
      }
      const start = words[table + slot * DESCRIPTOR_WORDS + START];
      const kind = this.#input.decode(layout.memory, start, length, segment, nowUs);
      if (isDrop(kind)) layout.parserCounters.drop(this.#input.reason);
      segment.slot = slot;
      this.#stage.input(kind, segment, nowUs);
      count++;
    }
    return count;
  }
}
