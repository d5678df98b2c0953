/** Two stacks on a virtual clock, joined by a cable that can be cut: for what only time brings about. */

import {
  type Clock,
  type Device,
  ManualClock,
  memoryPair,
  open,
  SendOutcome,
  type Stack,
  type TcpConn,
  type TcpOptions,
} from "../../mod.ts";
import { runVirtual } from "../support/virtual_time.ts";

/** A device whose cable can be cut: then frames are lost in both directions, and nobody is told. */
export class Cable implements Device {
  isCut = false;
  readonly name: string;
  readonly mtu: number;
  readonly virtioHeader = false;
  readonly #device: Device;

  constructor(device: Device) {
    this.#device = device;
    this.name = device.name;
    this.mtu = device.mtu;
  }

  get onArrival(): (() => void) | null {
    return this.#device.onArrival;
  }

  set onArrival(handler: (() => void) | null) {
    this.#device.onArrival = handler;
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    for (;;) {
      const length = this.#device.receive(memory, offset, limit);
      if (length === 0 || !this.isCut) return length;
    }
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    return this.isCut ? SendOutcome.sent : this.#device.send(memory, pieces, count);
  }

  nextArrival(): number {
    return this.#device.nextArrival();
  }

  close(): void {
    this.#device.close();
  }
}

/** A client and a server with one connection between them, in virtual time. */
export class VirtualPair {
  readonly clock: ManualClock;
  readonly cable: Cable;
  readonly client: Stack;
  readonly server: Stack;
  readonly near: TcpConn;
  readonly far: TcpConn;

  private constructor(
    clock: ManualClock,
    cable: Cable,
    stacks: readonly [Stack, Stack],
    conns: readonly [TcpConn, TcpConn],
  ) {
    this.clock = clock;
    this.cable = cable;
    [this.client, this.server] = stacks;
    [this.near, this.far] = conns;
  }

  /** Opens both stacks and connects them. `wrap` puts something between the cable and the client. */
  static async open(
    tcp?: TcpOptions,
    wrap: (device: Device, clock: Clock) => Device = (device) => device,
  ): Promise<VirtualPair> {
    const clock = new ManualClock(1_000_000);
    const [a, b] = memoryPair();
    const cable = new Cable(a);
    const device = wrap(cable, clock);
    const client = await open({ device, address: "10.7.0.1/24", clock, tcp });
    const server = await open({ device: b, address: "10.7.0.2/24", clock, tcp });
    using listener = server.listen({ port: 7 });
    const connecting = Promise.all([
      client.connect({ hostname: "10.7.0.2", port: 7 }),
      listener.accept(),
    ]);
    const conns = await runVirtual(clock, connecting, { untilUs: 60e6 });
    return new VirtualPair(clock, cable, [client, server], conns);
  }

  /** Settles as `promise` does; fails when that takes more than `seconds` of virtual time. */
  run<T>(promise: Promise<T>, seconds = 60): Promise<T> {
    return runVirtual(this.clock, promise, { untilUs: this.clock.now() + seconds * 1e6 });
  }

  /** Closes what is open, waits for the end of every connection, and fails when anything is left. */
  async finish(): Promise<void> {
    this.near[Symbol.dispose]();
    this.far[Symbol.dispose]();
    await this.run(Promise.all([this.client.close(), this.server.close()]), 10);
    for (const stack of [this.client, this.server]) {
      const { sendBytes, receiveBytes } = stack.stats().memory;
      if (!this.cable.isCut && (sendBytes > 0 || receiveBytes > 0)) {
        throw new Error(`The stack still holds ${sendBytes} and ${receiveBytes} bytes`);
      }
    }
  }
}
