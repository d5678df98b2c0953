/** A network of stacks in virtual time, built from one seed, with a hash of everything that it carried. */

import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/base/random.ts";
import { VirtualTime } from "../../../src/base/virtual_time.ts";
import { Network, type NetworkFrame, type NetworkHost } from "../../../src/device/network.ts";
import { open } from "../../../src/net/open.ts";
import type { Stack } from "../../../src/net/stack.ts";
import type { TcpOptions } from "../../../src/tcp/config.ts";

/** A host of the network with its stack. */
export interface LabHost {
  readonly node: NetworkHost;
  readonly stack: Stack;
  readonly address: string;
}

/** Longer than TIME-WAIT, keepalive and every back-off together. */
const AFTERLIFE_US = 2_000_000_000;

/** One experiment's network. */
export class Lab {
  readonly time = new VirtualTime();
  readonly random: SeededRandom;
  readonly network: Network;
  readonly hosts: LabHost[] = [];
  /** Frames that came to the end of any link. */
  frames = 0;
  #hash = 0x811c9dc5 | 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.network = new Network({ clock: this.time.clock, random: this.random });
    this.network.onFrame = (frame) => this.#note(frame);
  }

  /** A number that is the same for two runs only when every frame was, byte for byte, with its time. */
  get traceHash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** A new host with an open stack. */
  async host(tcp?: TcpOptions, mtu?: number): Promise<LabHost> {
    const address = `10.0.${this.hosts.length >> 8}.${(this.hosts.length & 255) + 1}`;
    const node = this.network.host(address, { mtu });
    const stack = await open({
      device: node.device,
      address: `${address}/8`,
      clock: this.time.clock,
      random: new SeededRandom(this.random.uint32()),
      tcp,
    });
    const host = { node, stack, address };
    this.hosts.push(host);
    return host;
  }

  /** Waits until nothing is timed any more, and checks that nothing is left in any stack. */
  async expectNothingLeft(): Promise<void> {
    await this.time.exhaust(AFTERLIFE_US);
    for (const { stack, address } of this.hosts) {
      const { counters, memory } = stack.stats();
      assertEquals(memory, { sendBytes: 0, receiveBytes: 0 }, `memory of ${address}`);
      assertEquals(counters.connectionsNow, 0, `connections of ${address}`);
      assertEquals(stack.connections(), [], `connections that ${address} knows`);
    }
  }

  /** Closes everything. */
  async close(): Promise<void> {
    await this.time.run(Promise.all(this.hosts.map(({ stack }) => stack.close())));
    this.network.close();
  }

  #note(frame: NetworkFrame): void {
    this.frames++;
    const { memory, offset, length, timeUs } = frame;
    let hash = Math.imul(this.#hash ^ timeUs, 0x01000193);
    // Headers and the first payload bytes: what a difference anywhere soon changes.
    const end = offset + Math.min(length, 64);
    for (let i = offset; i < end; i++) hash = Math.imul(hash ^ memory[i], 0x01000193);
    this.#hash = Math.imul(hash ^ length, 0x01000193);
  }
}
