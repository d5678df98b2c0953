/**
 * The demonstration: `deno task demo`. One TCP connection between the kernel and woshou, drawn segment
 * by segment. It needs no privilege: it starts itself again in a network namespace of its own. Where
 * that or a TUN is refused it connects two woshou stacks over a memory pair instead, and says so.
 */

import { parseArgs } from "@std/cli/parse-args";
import type { PipelineShape } from "../mod.ts";
import { Patience } from "./demo/patience.ts";
import { play } from "./demo/play.ts";
import { MIB } from "./demo/progress.ts";
import { kernelScene, memoryScene, type Scene } from "./demo/scene.ts";
import { Screen } from "./demo/screen.ts";
import { inOwnNamespace, namespaceRefusal } from "./namespace.ts";

const HELP = `The demonstration of woshou: a TCP connection drawn segment by segment.

usage: deno task demo [options]

  --pipeline SHAPE   split, fused or inline (default split)
  --memory           two woshou stacks over a memory pair, without kernel and TUN
  --mib N            MiB to transfer each way, 1 to 256 (default 64)
  --help             this text

Colours are for terminals and obey NO_COLOR.`;

/** Set for the process that runs in the namespace made for it. */
const INSIDE_VARIABLE = "WOSHOU_DEMO_INSIDE";
const MIB_MAX = 256;
/** How long the threads of a stack may take to start. */
const START_MS = 10_000;
/** As a shell reports a program that SIGINT has ended. */
const INTERRUPTED_STATUS = 130;

const SHAPES: readonly string[] = ["split", "fused", "inline"];

/** What the command line asks for. */
export interface DemoOptions {
  readonly help: boolean;
  readonly memory: boolean;
  readonly pipeline: PipelineShape;
  /** Bytes to transfer each way. */
  readonly bytes: number;
}

/** The user has asked for the end. */
class Interrupted extends Error {}

/** Reads the command line. Throws an `Error` whose message is the one line to show. */
export function parseCommandLine(args: readonly string[]): DemoOptions {
  const flags = parseArgs(args, {
    string: ["pipeline", "mib"],
    boolean: ["help", "memory"],
    unknown: (arg) => {
      throw new Error(`unknown argument ${arg}; --help tells what there is`);
    },
  });
  const pipeline = (flags.pipeline ?? "split") as string;
  if (!SHAPES.includes(pipeline)) {
    throw new Error(`--pipeline ${pipeline}: there are ${SHAPES.join(", ")}`);
  }
  const mib = (flags.mib ?? "64") as string;
  if (!/^\d{1,3}$/.test(mib) || Number(mib) < 1 || Number(mib) > MIB_MAX) {
    throw new Error(`--mib ${mib}: not a whole number from 1 to ${MIB_MAX}`);
  }
  if (flags.memory && pipeline !== "inline" && flags.pipeline !== undefined) {
    throw new Error(`--pipeline ${pipeline}: with --memory both stacks are inline`);
  }
  return {
    help: flags.help as boolean,
    memory: flags.memory as boolean,
    pipeline: pipeline as PipelineShape,
    bytes: Number(mib) * MIB,
  };
}

/** Starts the same program in a namespace of its own, and ends as it ends. */
async function runInside(args: readonly string[]): Promise<number> {
  const again = ["run", "-A", "--no-prompt", import.meta.filename as string, ...args];
  const child = inOwnNamespace(Deno.execPath(), again, {
    env: { [INSIDE_VARIABLE]: "1" },
    stdin: "null",
  }).spawn();
  // A terminal signals both processes; anybody else only this one, which passes it on.
  const stop = () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // It has ended in the meantime.
    }
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
  return (await child.status).code;
}

/** Runs the demonstration in this process. */
async function runHere(options: DemoOptions, refusal: string | null): Promise<void> {
  const screen = new Screen();
  const interrupt = new AbortController();
  const stop = () => interrupt.abort(new Interrupted("interrupted"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
  const patience = new Patience(interrupt.signal);
  screen.line(
    screen.paint("title", "woshou 握手: a TCP connection from the handshake to the close"),
  );
  const scene = await patience.within(
    START_MS,
    "start of the stack",
    makeScene(options, screen, refusal),
  );
  screen.line(scene.place);
  try {
    await play({ scene, screen, patience, bytes: options.bytes });
  } finally {
    await scene.close();
  }
}

/** The kernel as the client if it may be, else the memory pair, with the reason. */
async function makeScene(
  options: DemoOptions,
  screen: Screen,
  refusal: string | null,
): Promise<Scene> {
  if (options.memory) return await memoryScene(screen);
  let reason = refusal === null ? null : `no network namespace of its own: ${refusal}`;
  if (reason === null) {
    try {
      return await kernelScene(screen, options.pipeline);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      reason = `no TUN interface: ${oneLine(error)}`;
    }
  }
  screen.line("not against the kernel, which would need more than there is here:");
  screen.remark(reason);
  return await memoryScene(screen);
}

/** Whether the system does not let us have a TUN, as against a fault of ours. */
function isRefusal(error: unknown): boolean {
  const { NotFound, PermissionDenied, NotSupported, NotCapable } = Deno.errors;
  return [NotFound, PermissionDenied, NotSupported, NotCapable].some((one) => error instanceof one);
}

/** One line for a person: what went wrong and, if that is known, why. */
function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error && error.cause instanceof Error
    ? ` (${error.cause.message})`
    : "";
  return `${text}${cause}`.replaceAll(/\s*\n\s*/g, " ");
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseCommandLine(args);
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const isInside = Deno.env.get(INSIDE_VARIABLE) === "1";
  const refusal = options.memory || isInside ? null : namespaceRefusal();
  if (!options.memory && !isInside && refusal === null) return await runInside(args);
  await runHere(options, refusal);
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    console.error(`woshou demo: ${oneLine(error)}`);
    Deno.exit(error instanceof Interrupted ? INTERRUPTED_STATUS : 1);
  }
}
