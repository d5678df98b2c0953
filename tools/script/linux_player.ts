/** Plays scripts against the kernel, one after the other, each in a network namespace of its own. */

/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />

import { createEventFd } from "../../src/device/eventfd.ts";
import { CallMemory, NEW_NETWORK, NUMBERS } from "./linux_memory.ts";
import { type LinuxTiming, LinuxWorld } from "./linux_world.ts";
import { type RunnerOptions, runScript, type ScriptResult } from "./runner.ts";

/** A script to play. */
export interface PlayRequest extends LinuxTiming {
  readonly path: string;
  readonly text: string;
  readonly options: Omit<RunnerOptions, "world">;
  /** How often a script that fails is played again. */
  readonly retries: number;
}

/** What became of it; a player that is stuck in a call is of no more use. */
export interface PlayResult {
  readonly result: ScriptResult;
  readonly stuck: boolean;
}

/** The thread that makes the calls, with what it shares. */
interface Caller {
  readonly memory: CallMemory;
  readonly doorbell: number;
}

const caller = startCaller();

function startCaller(): Promise<Caller> {
  const memory = new CallMemory();
  const doorbell = createEventFd();
  const url = new URL("./linux_caller.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve({ memory, doorbell });
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage({ shared: memory.shared, doorbell });
  });
}

self.onmessage = async ({ data }: MessageEvent<PlayRequest>) => {
  const made = await caller;
  let result = play(made, data);
  for (let i = 0; i < data.retries && !result.passed && !made.memory.isBusy; i++) {
    const again = play(made, data);
    if (again.passed) result = again;
  }
  self.postMessage({ result, stuck: made.memory.isBusy } satisfies PlayResult);
};

function play({ memory, doorbell }: Caller, request: PlayRequest): ScriptResult {
  const { path, text, options } = request;
  return runScript(path, text, {
    ...options,
    world: (settings, before) => {
      enterNetwork(memory);
      return new LinuxWorld(settings, before, memory, doorbell, request);
    },
  });
}

/** A new network for this thread, and for the one that makes the calls. */
function enterNetwork(memory: CallMemory): void {
  checked("unshare", memory.now(NUMBERS.unshare, NEW_NETWORK));
  const path = new TextEncoder().encode("/proc/thread-self/ns/net\0");
  memory.bytes.set(path, memory.own);
  const network = checked("open", memory.now(NUMBERS.open, memory.addressOf(memory.own), 0));
  memory.ask(NUMBERS.setns, [network, NEW_NETWORK]);
  while (memory.isBusy) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  checked("setns", memory.answer() ?? 0);
  memory.now(NUMBERS.close, network);
}

function checked(what: string, result: number): number {
  if (result < 0) throw new Error(`${what}: error ${-result}`);
  return result;
}
