import { Counter, type Counters } from "../base/counters.ts";
import type { Memory } from "../base/memory.ts";
import type { Random } from "../base/random.ts";
import type { Device } from "../device/device.ts";
import { fragmentBytes, writeFragmentHeader } from "../ip/fragment_output.ts";
import type { Layout } from "../ring/layout.ts";
import { FIRST_PIECE } from "../tcp/sink.ts";
import type { Segment } from "../wire/segment.ts";
import { VIRTIO_HEADER_BYTES, writeVirtioPlain } from "../wire/virtio.ts";
import type { Egress } from "./egress.ts";

/** The way out of packets that are longer than the way takes: in fragments. */
export class FragmentEgress {
  readonly #device: Device;
  readonly #memory: Memory;
  readonly #headers: number;
  readonly #counters: Counters;
  readonly #egress: Egress;
  /** The pieces of one fragment. */
  readonly #cut: Int32Array;
  /** Of the next packet in fragments: 32 bits, of which IPv4 has the lower half (RFC 7739). */
  #identification: number;

  constructor(device: Device, layout: Layout, counters: Counters, random: Random, egress: Egress) {
    this.#device = device;
    this.#memory = layout.memory;
    this.#headers = layout.headers;
    this.#counters = counters;
    this.#egress = egress;
    this.#cut = new Int32Array(egress.pieces.length);
    this.#identification = random.uint32() | 0;
  }

  /**
   * Sends what stands in the egress's pieces, from the first one on, as the `total` bytes of `protocol` behind the IP
   * header of `packet`, over a path of that MTU.
   */
  send(packet: Segment, protocol: number, total: number, mtu: number): void {
    const { pieces } = this.#egress;
    const most = fragmentBytes(packet, mtu);
    this.#identification = (this.#identification + 1) | 0;
    let piece = 0;
    let used = 0;
    for (let position = 0; position < total; position += most) {
      const length = Math.min(most, total - position);
      let cutEnd = FIRST_PIECE;
      for (let missing = length; missing > 0; cutEnd += 2) {
        const count = Math.min(missing, pieces[piece + 1] - used);
        this.#cut[cutEnd] = pieces[piece] + used;
        this.#cut[cutEnd + 1] = count;
        missing -= count;
        used += count;
        if (used === pieces[piece + 1]) {
          piece += 2;
          used = 0;
        }
      }
      this.#sendFragment(packet, protocol, cutEnd, length, position, position + length < total);
    }
  }

  #sendFragment(
    packet: Segment,
    protocol: number,
    end: number,
    length: number,
    position: number,
    hasMore: boolean,
  ): void {
    const { virtioHeader } = this.#device;
    const ip = this.#headers + (virtioHeader ? VIRTIO_HEADER_BYTES : 0);
    if (virtioHeader) writeVirtioPlain(this.#memory.view, this.#headers);
    const headers = writeFragmentHeader(
      this.#memory.view,
      ip,
      packet,
      protocol,
      length,
      position,
      hasMore,
      this.#identification,
    );
    this.#cut[0] = this.#headers;
    this.#cut[1] = ip - this.#headers + headers;
    this.#counters.count(Counter.fragmentsOut);
    this.#egress.transmit(this.#cut, end, length);
  }
}
