/** A stack with the standard services that runs while something watches it. */

import { open } from "../net/open.ts";
import type { OpenOptions } from "../net/options.ts";
import type { Stack } from "../net/stack.ts";
import { startServices } from "../services/all.ts";
import type { Arguments, FlagSpec } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/** When a session ends by itself. */
export const SESSION_FLAGS: readonly FlagSpec[] = [
  { name: "count", letter: "c", value: "N", text: "end after so many packets" },
  { name: "seconds", value: "S", text: "end after so many seconds (default: with Ctrl-C)" },
];

/** How a session runs. */
export interface Session {
  readonly options: OpenOptions;
  readonly seconds: number | undefined;
  /** Settles the session early when it aborts. */
  readonly enough: AbortSignal;
}

/** Counts segments and says when there are enough. */
export class Countdown {
  /** Segments counted. */
  seen = 0;
  readonly #limit: number;
  readonly #enough = new AbortController();

  /** Reads `--count`. */
  constructor(args: Arguments) {
    this.#limit = args.wholeNumber("count", 1) ?? Infinity;
  }

  /** Aborts when there were enough. */
  get signal(): AbortSignal {
    return this.#enough.signal;
  }

  /** Counts one; false when there have been enough already. */
  count(): boolean {
    if (this.seen >= this.#limit) return false;
    this.seen++;
    if (this.seen === this.#limit) this.#enough.abort();
    return true;
  }
}

/** Opens the stack, serves, and closes it when a signal comes, the time is over or there is enough. */
export async function runSession(session: Session, terminal: Terminal): Promise<void> {
  const net = await open(session.options);
  const stop = () => void net.close();
  const timer = session.seconds === undefined ? null : setTimeout(stop, session.seconds * 1000);
  session.enough.addEventListener("abort", stop, { once: true });
  try {
    await serveUntilClosed(net, (text) => {
      terminal.remark(`listening on ${net.addresses.join(", ")}: ${text}`);
      if (session.enough.aborted) stop();
    });
    const lost = net.stats().drops.traceOverflow ?? 0;
    if (lost > 0) terminal.remark(`${lost} records came faster than they were taken, and are lost`);
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}

/**
 * Runs the services until the stack is closed, which a signal does too. Rejects when the stack fails. `onListening` is
 * told which there are.
 */
export async function serveUntilClosed(
  net: Stack,
  onListening: (text: string) => void,
): Promise<void> {
  const stop = () => void net.close();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  try {
    const { text, finished } = startServices(net);
    onListening(text);
    await net.closed;
    await finished;
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
  }
}
