/** The `woshou` command as a user runs it, and a terminal that remembers what was printed. */

import { painted, type Terminal } from "../../src/cli/terminal.ts";
import { type Ended, type RunOptions, runToEnd } from "../support/process.ts";
import { ServerProcess } from "../support/server.ts";

const WOSHOU = new URL("../../woshou.ts", import.meta.url).pathname;

/** The whole command. */
export function woshouCommand(args: readonly string[]): [string, string[]] {
  return [Deno.execPath(), ["run", "-A", "--no-prompt", WOSHOU, ...args]];
}

/** Runs it to its end. */
export function runWoshou(args: readonly string[], options?: RunOptions): Promise<Ended> {
  return runToEnd(...woshouCommand(args), options);
}

/** Where a stack of one test alone is. */
export interface OwnNetwork {
  readonly stack: string;
  readonly flags: readonly string[];
}

/**
 * A network that no other test uses, by a number of its own: a socket of the kernel's that an earlier test has left sends
 * to its peer again, which would be in the trace of whoever has that address now.
 */
export function ownNetwork(number: number): OwnNetwork {
  const network = `10.22.${number}`;
  return {
    stack: `${network}.2`,
    flags: ["--address", `${network}.2/24`, "--host", `${network}.1/24`],
  };
}

/** Starts it; resolves when it has said on stderr that it listens, or to whom. */
export async function startWoshou(args: readonly string[]): Promise<ServerProcess> {
  const [program, all] = woshouCommand(args);
  const child = new ServerProcess(
    new Deno.Command(program, {
      args: all,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
  try {
    await child.said(/^(listening on|following) .*\n/);
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
  return child;
}

/** A terminal that keeps what is printed. */
export class TestTerminal implements Terminal {
  readonly isWatched = false;
  readonly lines: string[] = [];
  readonly remarks: string[] = [];

  constructor(readonly isColoured = false) {}

  line(text: string): void {
    this.lines.push(...text.split("\n"));
  }

  remark(text: string): void {
    this.remarks.push(text);
  }

  paint(role: Parameters<Terminal["paint"]>[0], text: string): string {
    return this.isColoured ? painted(role, text) : text;
  }
}
