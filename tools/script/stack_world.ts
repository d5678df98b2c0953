/** This project's stack as a script's world: everything happens within the caller's call, on virtual time. */

import type { Attempt } from "./answer.ts";
import { beginCall } from "./calls.ts";
import type { Flow } from "./flow.ts";
import type { SentPacket } from "./frames.ts";
import { Kernel } from "./kernel.ts";
import { applyCommand, type Settings } from "./settings.ts";
import { isStateCheck, stateFault } from "./state_check.ts";
import { type CallEvent, type Command, ScriptError } from "./syntax.ts";
import { infoValue } from "./tcp_info.ts";
import type { InfoNames, World } from "./world.ts";

/** How much longer than its time a packet is waited for, so that a message can say when it came. */
const PATIENCE_US = 200_000_000;

/** The stack, its clock and its sockets. */
export class StackWorld implements World {
  readonly settings: Settings;
  readonly patienceUs: number = PATIENCE_US;
  readonly callUs: number = 0;
  /** What leaves at one moment has the same time. */
  readonly burstUs: number = 0;
  readonly #kernel: Kernel;

  /** The commands come before the events: they say what the stack is made with. */
  constructor(settings: Settings, before: readonly Command[]) {
    this.settings = settings;
    for (const command of before) applyCommand(settings, command);
    this.#kernel = new Kernel(settings);
  }

  get elapsedUs(): number {
    return this.#kernel.machine.elapsedUs;
  }

  get sent(): SentPacket[] {
    return this.#kernel.machine.sent;
  }

  get flow(): Flow | null {
    return this.#kernel.flow;
  }

  get isIdle(): boolean {
    return this.#kernel.machine.nextUs === Infinity;
  }

  get writtenEnd(): number | null {
    const end = this.#kernel.connection?.conn?.send?.end;
    return end === undefined ? null : end + 1;
  }

  step(untilUs: number): void {
    const { machine } = this.#kernel;
    machine.step(machine.nowUs + (untilUs - machine.elapsedUs));
  }

  inject(frame: Uint8Array): void {
    this.#kernel.machine.inject(frame);
  }

  flowFor(isFirstSyn: boolean, seq: number): Flow {
    return this.#kernel.flowFor(isFirstSyn, seq);
  }

  begin(call: CallEvent): Attempt {
    return beginCall(this.#kernel, call);
  }

  command(command: Command): void {
    if (!isStateCheck(command.text)) return applyCommand(this.settings, command);
    const fault = stateFault(this.#kernel, command.text);
    if (fault !== null) throw new ScriptError(command.line, fault);
  }

  info(): InfoNames | null {
    const { source } = this.#kernel;
    return source === null ? null : (name) => infoValue(name, source);
  }

  close(): void {}
}
