/** Many scripts against the kernel at once: most of the time each only waits. */

import type { PlayRequest, PlayResult } from "./linux_player.ts";
import { parseScript } from "./parser.ts";
import type { RunnerOptions, ScriptResult } from "./runner.ts";

/** How scripts are played against the kernel. */
export interface PoolOptions {
  readonly runner: Omit<RunnerOptions, "world">;
  /** Scripts at once. */
  readonly jobs: number;
  /** The least tolerance, in milliseconds. */
  readonly toleranceMs: number;
  readonly retries: number;
  /** Scripts that take longer by their own times are skipped, in seconds. */
  readonly longest: number;
}

/** How much longer than its time something is waited for. */
const PATIENCE_US = 1_000_000;

/** A script by its path and text. */
export interface ScriptFile {
  readonly path: string;
  readonly text: string;
}

/** Plays all scripts; `done` gets each result when it is there. The calling process is in a user namespace. */
export async function playAll(
  files: readonly ScriptFile[],
  options: PoolOptions,
  done: (result: ScriptResult, index: number) => void,
): Promise<void> {
  let next = 0;
  const player = async () => {
    let worker: Worker | null = null;
    while (next < files.length) {
      const index = next++;
      const file = files[index];
      const seconds = nominalSeconds(file.text);
      if (seconds > options.longest) {
        const reason = `takes ${Math.round(seconds)} s, more than --longest=${options.longest}`;
        done({ path: file.path, passed: false, skipped: true, line: 0, reason, notes: [] }, index);
        continue;
      }
      worker ??= new Worker(new URL("./linux_player.ts", import.meta.url), { type: "module" });
      const { result, stuck } = await played(worker, file, options).catch(brokenPlayer(file));
      if (stuck) {
        worker.terminate();
        worker = null;
      }
      done(result, index);
    }
    worker?.terminate();
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, files.length) }, player));
}

/** A player that has ended by itself: its script failed, and another player goes on. */
function brokenPlayer({ path }: ScriptFile): (error: Error) => PlayResult {
  return ({ message }) => {
    const reason = `the runner failed: ${message}`;
    return { result: { path, passed: false, line: 0, reason, notes: [] }, stuck: true };
  };
}

function played(worker: Worker, file: ScriptFile, options: PoolOptions): Promise<PlayResult> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<PlayResult>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    const request: PlayRequest = {
      ...file,
      options: options.runner,
      retries: options.retries,
      toleranceUs: options.toleranceMs * 1000,
      patienceUs: PATIENCE_US,
    };
    worker.postMessage(request);
  });
}

/** How long a script takes if everything comes when it is due; 0 for one that cannot be read. */
export function nominalSeconds(text: string): number {
  let us = 0;
  try {
    for (const { time, action } of parseScript(text, new Map()).events) {
      if (time.kind === "relative") us += time.us;
      else if (time.kind === "absolute") us = Math.max(us, time.us);
      else if (time.kind === "range") us = (time.relative ? us : 0) + time.toUs;
      if (action.kind === "call" && action.endUs !== null) us += action.endUs;
    }
  } catch {
    // It fails when it is played, with its reason.
  }
  return us / 1e6;
}
