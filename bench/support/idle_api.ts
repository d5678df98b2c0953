/**
 * The same peer in front of a whole stack as an application has it: `open`, `listen`, `accept`, and the
 * objects that the application then holds.
 */

import { ManualClock } from "../../src/base/clock.ts";
import { parseIpv4 } from "../../src/base/address.ts";
import { Memory } from "../../src/base/memory.ts";
import { type Device, SendOutcome } from "../../src/device/device.ts";
import { ChecksumMode, writePacket } from "../../src/ip/output.ts";
import type { TcpConn } from "../../src/net/conn.ts";
import type { Listener } from "../../src/net/listener.ts";
import { open } from "../../src/net/open.ts";
import type { Stack } from "../../src/net/stack.ts";
import { FixedIsn } from "../../src/tcp/isn.ts";
import { Flag, OptionBit, Segment } from "../../src/wire/segment.ts";

const OWN = parseIpv4("10.7.0.2")!;
const FIRST_PEER = parseIpv4("11.0.0.1")!.w3;
const PORTS_PER_PEER = 60_000;
const FIRST_PORT = 1024;
const PORT = 7;
/** Connections that the peer opens before it waits for the application: less than the backlog. */
const AT_A_TIME = 1000;
const ISS = 1000;
const PEER_ISS = 5000;

/** A device that makes the peer's frames when it is asked for them, and swallows what is sent. */
class OpeningDevice implements Device {
  readonly name = "opening";
  readonly mtu = 1500;
  readonly virtioHeader = true;
  onArrival: (() => void) | null = null;
  readonly #frame = new Memory(new ArrayBuffer(2048));
  readonly #segment = new Segment();
  #next = 0;
  #end = 0;

  /** Opens `count` more connections. */
  opening(count: number): void {
    this.#end += 2 * count;
    this.onArrival?.();
  }

  receive(memory: Uint8Array, offset: number): number {
    if (this.#next === this.#end) return 0;
    const index = this.#next >> 1;
    const isSyn = (this.#next++ & 1) === 0;
    const s = this.#segment;
    s.src2 = s.dst2 = 0xffff;
    s.src3 = (FIRST_PEER + Math.floor(index / PORTS_PER_PEER)) | 0;
    s.dst3 = OWN.w3;
    s.srcPort = FIRST_PORT + index % PORTS_PER_PEER;
    s.dstPort = PORT;
    s.seq = isSyn ? PEER_ISS : PEER_ISS + 1;
    s.ack = isSyn ? 0 : ISS + 1;
    s.flags = isSyn ? Flag.SYN : Flag.ACK;
    s.window = 65_535;
    s.options = isSyn ? OptionBit.mss | OptionBit.windowScale | OptionBit.sackPermitted : 0;
    s.mss = 1460;
    s.windowScale = 7;
    const length = writePacket(this.#frame, 0, s, 0, 0, ChecksumMode.virtioPartial);
    for (let i = 0; i < length; i++) memory[offset + i] = this.#frame.bytes[i];
    return length;
  }

  send(): SendOutcome {
    return SendOutcome.sent;
  }

  nextArrival(): number {
    return Infinity;
  }

  close(): void {}
}

/** A stack whose application accepts every connection and keeps it. */
export class IdleApi {
  readonly accepted: TcpConn[] = [];
  readonly #device: OpeningDevice;
  readonly #listener: Listener;

  private constructor(device: OpeningDevice, stack: Stack) {
    this.#device = device;
    this.#listener = stack.listen({ port: PORT, tcpBacklog: 4096 });
    this.#accept();
  }

  static async open(connections: number): Promise<IdleApi> {
    const device = new OpeningDevice();
    const stack = await open({
      device,
      address: "10.7.0.2/24",
      isn: new FixedIsn(ISS),
      clock: new ManualClock(1_000_000),
      tcp: { maxConnections: connections },
    });
    return new IdleApi(device, stack);
  }

  /** Opens `count` connections and waits until the application has them all. */
  async openMany(count: number): Promise<void> {
    for (let left = count; left > 0; left -= AT_A_TIME) await this.#open(Math.min(left, AT_A_TIME));
  }

  async #open(count: number): Promise<void> {
    const wanted = this.accepted.length + count;
    this.#device.opening(count);
    for (let i = 0; this.accepted.length < wanted && i < 100 * count; i++) await null;
    if (this.accepted.length !== wanted) throw new Error(`${this.accepted.length} were accepted`);
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) this.accepted.push(conn);
  }
}
