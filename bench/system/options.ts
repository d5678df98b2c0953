import { parseArgs } from "@std/cli/parse-args";

/** What the benchmark is asked to do. */
export interface Options {
  readonly rounds: number;
  /** Seconds of each load, and before it to warm up. */
  readonly seconds: number;
  readonly warmup: number;
  /** Names of loads and targets; null for the usual ones. */
  readonly only: readonly string[] | null;
  readonly targets: readonly string[] | null;
  readonly json: string | null;
  readonly serverCommand: readonly string[];
  readonly mtu: number;
  readonly smoke: boolean;
  readonly help: boolean;
}

/** A mistake in the options: told in one line. */
export class UsageError extends Error {}

export const USAGE = `deno task bench [options]

Measures woshou's server against Deno.listen on the kernel, in namespaces of its own (no root).

  --rounds N         rounds over all loads and targets (5)
  --seconds S        seconds of each load (1)
  --warmup S         seconds before each load that are not counted (0.2)
  --only A,B         these loads only
  --targets A,B      these targets only; ratios are to "kernel"
  --mtu N            MTU of every link, in bytes (1500)
  --server COMMAND   the server (deno run --allow-ffi server.ts); flags are appended
  --json FILE        where the samples go (bench/results/system-TIME.json)
  --smoke            one short round; fails unless every load moved bytes
  --help             this text, with the names of loads and targets
`;

const STRINGS = ["rounds", "seconds", "warmup", "only", "targets", "mtu", "server", "json"];

/** Parses the command line. Throws a {@link UsageError} that names the option and the value. */
export function parseOptions(args: readonly string[]): Options {
  const flags = parseArgs(args, {
    string: STRINGS,
    boolean: ["smoke", "help"],
    unknown(arg) {
      throw new UsageError(`unknown option or argument: ${arg}`);
    },
  });
  const smoke = flags.smoke === true;
  return {
    rounds: number(flags.rounds, "rounds", smoke ? 1 : 5, 1, 60),
    seconds: number(flags.seconds, "seconds", smoke ? 0.15 : 1, 0.01, 60),
    warmup: number(flags.warmup, "warmup", smoke ? 0.05 : 0.2, 0.01, 60),
    only: list(flags.only),
    targets: list(flags.targets),
    json: typeof flags.json === "string" ? flags.json : null,
    serverCommand: typeof flags.server === "string"
      ? flags.server.split(/\s+/).filter((word) => word !== "")
      : [Deno.execPath(), "run", "--allow-ffi", "server.ts"],
    mtu: number(flags.mtu, "mtu", 1500, 576, 65535),
    smoke,
    help: flags.help === true,
  };
}

function number(
  value: unknown,
  option: string,
  fallback: number,
  low: number,
  high: number,
): number {
  if (value === undefined) return fallback;
  const result = Number(value);
  if (value === "" || !(result >= low && result <= high)) {
    throw new UsageError(`--${option}: "${value}" is not a number from ${low} to ${high}`);
  }
  return result;
}

function list(value: unknown): readonly string[] | null {
  if (typeof value !== "string") return null;
  return value.split(",").filter((name) => name !== "");
}

/** Picks by name, in the order of `all`; throws a {@link UsageError} for a name that is not there. */
export function pick<T extends { readonly name: string }>(
  all: readonly T[],
  names: readonly string[],
  option: string,
): T[] {
  for (const name of names) {
    if (!all.some((entry) => entry.name === name)) {
      const known = all.map((entry) => entry.name).join(", ");
      throw new UsageError(`--${option}: there is no "${name}"; there are ${known}`);
    }
  }
  return all.filter((entry) => names.includes(entry.name));
}
