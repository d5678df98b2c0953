/** What the command lines of the examples have in common. */

import { parseArgs, type ParsedArgs } from "@std/cli/parse-args";
import { DEFAULT_DEVICE, type OpenOptions, type PipelineShape } from "../../mod.ts";

/** The flags that say where the stack is, for every example's help. */
export const STACK_HELP =
  `  --device NAME       TUN interface, opened or created (default ${DEFAULT_DEVICE})
  --address CIDR      the stack's own address (default 10.7.0.2/24; may be repeated, IPv6 too)
  --host CIDR         the kernel's address on the interface (default 10.7.0.1/24; may be repeated)
  --mtu N             largest IP packet (default: the interface's)
  --pipeline SHAPE    split, fused or inline (default split)
  --help              this text`;

const STACK_FLAGS = ["device", "address", "host", "mtu", "pipeline"];
const REPEATING = ["address", "host"];

/** The flags that an example has besides. */
export interface ExampleFlags {
  readonly string?: readonly string[];
  readonly boolean?: readonly string[];
  readonly collect?: readonly string[];
  /** Whether those of {@link STACK_HELP} are among them; default yes. */
  readonly stack?: boolean;
}

/** Reads a command line; an unknown flag or a flag without a value throws. */
export function readFlags(args: readonly string[], own: ExampleFlags = {}): ParsedArgs {
  const ofStack = own.stack === false ? [] : STACK_FLAGS;
  const strings = [...ofStack, ...own.string ?? []];
  const flags = parseArgs(args, {
    string: strings,
    boolean: ["help", ...own.boolean ?? []],
    collect: [...ofStack.filter((name) => REPEATING.includes(name)), ...own.collect ?? []],
    unknown: (arg) => {
      throw new Error(`unknown argument "${arg}"; --help tells what there is`);
    },
  });
  for (const name of strings) {
    const value = flags[name];
    if (value === "" || (Array.isArray(value) && value.includes(""))) {
      throw new Error(`--${name} needs a value`);
    }
  }
  return flags;
}

/** What the flags say to `open`. */
export function stackOptions(flags: ParsedArgs): OpenOptions {
  const list = (name: string, otherwise: string) => {
    const given = flags[name] as string[];
    return given.length > 0 ? given : [otherwise];
  };
  return {
    device: text(flags, "device") ?? DEFAULT_DEVICE,
    address: list("address", "10.7.0.2/24"),
    hostAddress: list("host", "10.7.0.1/24"),
    mtu: number(flags, "mtu"),
    pipeline: text(flags, "pipeline") as PipelineShape | undefined,
  };
}

/** The value of a flag, if it was given. */
export function text(flags: ParsedArgs, name: string): string | undefined {
  return flags[name] as string | undefined;
}

/** The same as a number; throws for what is none. */
export function number(flags: ParsedArgs, name: string): number | undefined {
  const value = text(flags, name);
  if (value === undefined) return undefined;
  const result = Number(value);
  if (!Number.isFinite(result)) throw new Error(`--${name}: "${value}" is not a number`);
  return result;
}

/** A port from 1 on. */
export function portNumber(value: string, flag: string): number {
  const port = Number(value);
  if (!/^\d{1,5}$/.test(value) || port < 1 || port > 65_535) {
    throw new Error(`${flag}: "${value}" is not a port`);
  }
  return port;
}

/** `HOST:PORT`, with brackets around a host with colons. */
export function hostPort(value: string, flag: string): { hostname: string; port: number } {
  const match = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(value);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) {
    throw new Error(`${flag}: "${value}" is not HOST:PORT`);
  }
  return { hostname: match[1] ?? match[2], port };
}

/** Runs an example: `main` until it ends or a signal asks to; one clear line on stderr when it fails. */
export async function runExample(
  help: string,
  main: (args: readonly string[], stopped: Promise<void>) => Promise<void>,
): Promise<void> {
  if (Deno.args.includes("--help")) {
    console.log(help);
    return;
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, resolve);
  try {
    await main(Deno.args, promise);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
  Deno.exit(0);
}
