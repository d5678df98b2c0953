// A stack whose frames are made and looked at by hand, on a clock that is moved by hand.
import { ManualClock, open, type OpenOptions, SeededRandom, type Stack } from "../../mod.ts";
import { TestDevice } from "./stage_parts.ts";

/** A stack at 10.7.0.2 and fd07::2. */
export class IcmpWorld implements AsyncDisposable {
  readonly device: TestDevice;
  readonly clock = new ManualClock(1_000_000);
  #net: Stack | null = null;

  constructor(virtioHeader = false) {
    this.device = new TestDevice(virtioHeader);
  }

  static async open(options: OpenOptions = {}, virtioHeader = false): Promise<IcmpWorld> {
    const world = new IcmpWorld(virtioHeader);
    world.#net = await open({
      device: world.device,
      address: ["10.7.0.2/24", "fd07::2/64"],
      clock: world.clock,
      random: new SeededRandom(1),
      ...options,
    });
    return world;
  }

  get net(): Stack {
    return this.#net!;
  }

  /** Has frames arrive and gives what the stack has sent then. */
  async exchange(...frames: (readonly number[])[]): Promise<number[][]> {
    for (const frame of frames) this.device.arrive(frame);
    return await this.sent();
  }

  /** What the stack has sent since it was last asked. */
  async sent(): Promise<number[][]> {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 0));
    return this.device.sent.splice(0).map((frame) => [...frame]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closing = this.net.close();
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.clock.advance(1_000_000);
    }
    await closing;
  }
}
