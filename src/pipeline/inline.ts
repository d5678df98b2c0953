import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Device } from "../device/device.ts";
import { ArrayCopier, type Copier } from "../ring/copier.ts";
import { Bell } from "../ring/bell.ts";
import { Control, Layout } from "../ring/layout.ts";
import type { Dimensions } from "../ring/layout.ts";
import type { IsnSource } from "../tcp/isn.ts";
import { DirectInput } from "./direct_input.ts";
import type { Pipeline } from "./pipeline.ts";
import type { StageSettings } from "./setup.ts";
import { TcpStage } from "./tcp_stage.ts";

/** Frames that are taken in before the caller's thread gets its turn again. */
const BATCH = 64;

/** What an inline pipeline is made of. */
export interface InlineParts {
  readonly device: Device;
  readonly dimensions: Dimensions;
  readonly settings: StageSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly isn?: IsnSource;
}

/**
 * All stages in the caller's thread: no workers, no permissions, and with a clock that is moved by hand
 * nothing happens but what the test makes happen. Work is done in microtasks, so that a call of the API
 * never runs the protocol inside itself.
 */
export class InlinePipeline implements Pipeline {
  readonly threaded = false;
  readonly layout: Layout;
  readonly copier: Copier;
  readonly tcpBell: Bell;
  readonly appBell: Bell;
  readonly #device: Device;
  readonly #clock: Clock;
  readonly #stage: TcpStage;
  readonly #input: DirectInput;
  #onEvents: () => void = () => {};
  #onFailure: (error: Error) => void = () => {};
  #scheduled = false;
  #stopped = false;
  #wakeId = -1;
  #wakeAtUs = Infinity;

  constructor(parts: InlineParts) {
    this.layout = new Layout(parts.dimensions);
    this.copier = new ArrayCopier(this.layout.memory.bytes);
    this.#device = parts.device;
    this.#clock = parts.clock;
    const schedule = () => this.#schedule();
    this.tcpBell = new Bell(this.layout.words, Control.tcpBell, schedule);
    this.appBell = new Bell(this.layout.words, Control.appBell, () => this.#onEvents());
    this.#stage = new TcpStage({
      layout: this.layout,
      device: parts.device,
      settings: parts.settings,
      random: parts.random,
      clock: parts.clock,
      isn: parts.isn,
      appBell: this.appBell,
    });
    this.#input = new DirectInput(
      this.layout,
      parts.device,
      this.#stage,
      parts.settings,
      parts.random,
    );
    parts.device.onArrival = schedule;
    this.appBell.announceSleep();
    this.#schedule();
  }

  onEvents(handler: () => void): void {
    this.#onEvents = handler;
  }

  onFailure(handler: (error: Error) => void): void {
    this.#onFailure = handler;
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#clock.cancelWake(this.#wakeId);
    this.#device.onArrival = null;
    this.#device.close();
    return Promise.resolve();
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#round());
  }

  #round(): void {
    this.#scheduled = false;
    if (this.#stopped) return;
    try {
      const nowUs = this.#clock.now();
      const count = this.#input.run(BATCH, nowUs);
      this.#stage.run(nowUs);
      this.tcpBell.announceSleep();
      if (count > 0 || this.#stage.hasWork) this.#schedule();
      else this.#sleep(nowUs);
    } catch (error) {
      this.#stopped = true;
      this.#onFailure(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #sleep(nowUs: number): void {
    const atUs = Math.min(
      this.#stage.nextExpiry(),
      this.#input.nextExpiry(),
      this.#device.nextArrival(),
    );
    if (atUs === this.#wakeAtUs) return;
    if (this.#wakeAtUs !== Infinity) this.#clock.cancelWake(this.#wakeId);
    this.#wakeAtUs = atUs;
    if (atUs === Infinity) return;
    this.#wakeId = this.#clock.wakeAt(Math.max(atUs, nowUs), () => {
      this.#wakeAtUs = Infinity;
      this.#schedule();
    });
  }
}
