import type { Device } from "../device/device.ts";
import { InputKind, PacketInput } from "../ip/input.ts";
import type { Layout } from "../ring/layout.ts";
import { DESCRIPTOR_WORDS, NIL, START } from "../ring/pool.ts";
import { Segment } from "../wire/segment.ts";
import { receiveFrame } from "./reader_stage.ts";
import { SharedForwardSwitch } from "./forward_switch.ts";
import type { StageSettings } from "./setup.ts";
import type { TcpStage } from "./tcp_stage.ts";

/** Reader and parser in the TCP stage's own thread: no rings, each frame runs to completion. */
export class DirectInput {
  readonly #layout: Layout;
  readonly #device: Device;
  readonly #stage: TcpStage;
  readonly #input: PacketInput;
  readonly #segment = new Segment();

  constructor(layout: Layout, device: Device, stage: TcpStage, settings: StageSettings) {
    this.#layout = layout;
    this.#device = device;
    this.#stage = stage;
    this.#input = new PacketInput({
      virtioHeader: device.virtioHeader,
      addresses: settings.addresses,
      broadcasts: settings.broadcasts,
      forward: new SharedForwardSwitch(layout),
    });
  }

  /** Takes up to `most` frames in; returns how many there were. */
  run(most: number, nowUs: number): number {
    const layout = this.#layout;
    const { words, table } = layout.slotPool;
    const slots = this.#stage.slots.slots;
    const segment = this.#segment;
    let count = 0;
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
      const kind = this.#input.decode(layout.memory, start, length, segment);
      if (kind === InputKind.dropped) layout.parserCounters.drop(this.#input.reason);
      segment.slot = slot;
      this.#stage.input(kind, segment, nowUs);
      count++;
    }
    return count;
  }
}
