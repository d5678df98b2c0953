/**
 * Runs packet scripts against the stack on a virtual clock: `deno task script FILE|DIR...`.
 *
 * Prints `PASS path` or `FAIL path:line: reason` for each and `N passed, N failed` at the end; exits with 1
 * when one failed, and with 2 when it was called wrongly. See docs/scripts.md.
 */

import { parseArgs } from "@std/cli/parse-args";
import { HOST_NETNS_VARIABLE, inOwnNamespace, namespaceRefusal } from "./namespace.ts";
import { playAll, type ScriptFile } from "./script/linux_pool.ts";
import { resultLine, type RunnerOptions, runScript, type ScriptResult } from "./script/runner.ts";

const USAGE = `usage: deno task script [options] FILE|DIR...
  --json              one JSON object a line
  --verbose           also what had no effect, was printed, or was not looked at
  --exact             PSH, option order, window scale and window as written
  --ip-version=ipv4   only this family
  -D NAME=value       defines a word
  --kernel            against the kernel of this machine, in namespaces of its own, in real time
  --tolerance=15      with --kernel: the least tolerance of times, in milliseconds
  --retries=2         with --kernel: how often a script that fails is played again
  --longest=30        with --kernel: scripts that take more seconds are skipped
  --jobs=4            with --kernel: scripts at once`;

const FLAGS: readonly string[] = ["json", "verbose", "exact", "help", "kernel"];
const NUMBERS: Readonly<Record<string, number>> = {
  tolerance: 15,
  retries: 2,
  longest: 30,
  jobs: 4,
};

async function main(words: string[]): Promise<number> {
  const args = parseArgs(words, {
    boolean: [...FLAGS],
    string: ["ip-version", "D", "define", ...Object.keys(NUMBERS)],
    collect: ["D", "define"],
    unknown: (word, key) => {
      if (key === undefined) return true;
      throw new TypeError(`there is no option ${word}`);
    },
  });
  if (args.help || args._.length === 0) {
    console.log(USAGE);
    return args.help ? 0 : 2;
  }
  const options: RunnerOptions = {
    exact: args.exact === true,
    ipVersion: ipVersion(args["ip-version"]),
    defines: defines([args.D, args.define].flat().filter((word) => typeof word === "string")),
  };
  const paths = args._.map(String).flatMap((path) => [...scriptsIn(path)]);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const count = (result: ScriptResult) => {
    counts[result.passed ? "passed" : result.skipped === true ? "skipped" : "failed"]++;
    print(result, args.json === true, args.verbose === true);
  };
  if (args.kernel === true) {
    const refusal = kernelRefusal();
    if (refusal === INSIDE) await playOnKernel(paths, options, args, count);
    else if (refusal === null) return await again(words);
    else for (const path of paths) count({ ...SKIPPED, path, reason: refusal });
  } else {
    for (const path of paths) count(resultOf(path, options));
  }
  console.log(summary(counts, args.json === true));
  return counts.failed > 0 || paths.length === 0 ? 1 : 0;
}

const SKIPPED = { passed: false, skipped: true, line: 0, notes: [] } as const;

function summary(
  { passed, failed, skipped }: { passed: number; failed: number; skipped: number },
  json: boolean,
): string {
  if (json) return JSON.stringify({ passed, failed, ...(skipped > 0 ? { skipped } : {}) });
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** This process is in the namespace that was made for it. */
const INSIDE = "inside";

/** Why scripts cannot be played against the kernel; null when they can in a namespace that is still to be made. */
function kernelRefusal(): string | null {
  if (Deno.build.arch !== "x86_64") return `system calls are known by x86-64's numbers only`;
  const left = Deno.env.get(HOST_NETNS_VARIABLE);
  if (left !== undefined && left !== Deno.readLinkSync("/proc/self/ns/net")) return INSIDE;
  return namespaceRefusal();
}

/** The same command in a namespace. */
async function again(words: readonly string[]): Promise<number> {
  const args = ["run", "-A", import.meta.filename!, ...words];
  const streams = { stdin: "null", stdout: "inherit", stderr: "inherit" } as const;
  const { code } = await inOwnNamespace(Deno.execPath(), args, streams).output();
  return code;
}

async function playOnKernel(
  paths: readonly string[],
  options: RunnerOptions,
  args: Readonly<Record<string, unknown>>,
  count: (result: ScriptResult) => void,
): Promise<void> {
  const number = (name: string): number => {
    const value = args[name] === undefined ? NUMBERS[name] : Number(args[name]);
    if (!(value >= 0)) throw new TypeError(`--${name}: "${args[name]}" is not a number`);
    return value;
  };
  const files: ScriptFile[] = [];
  for (const path of paths) {
    try {
      files.push({ path, text: Deno.readTextFileSync(path) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      count({ path, passed: false, line: 0, reason, notes: [] });
    }
  }
  const results: (ScriptResult | undefined)[] = [];
  let next = 0;
  await playAll(files, {
    runner: options,
    jobs: Math.max(1, number("jobs")),
    toleranceMs: number("tolerance"),
    retries: number("retries"),
    longest: number("longest"),
  }, (result, index) => {
    results[index] = result;
    // In the order of their names, whichever ends first.
    for (let ready = results[next]; ready !== undefined; ready = results[++next]) count(ready);
  });
}

function ipVersion(value: unknown): "ipv4" | "ipv6" | undefined {
  if (value === undefined || value === "ipv4" || value === "ipv6") return value;
  throw new TypeError(`--ip-version: "${value}" is neither ipv4 nor ipv6`);
}

function defines(words: readonly string[]): Map<string, string> {
  return new Map(words.map((word) => {
    const [name, ...value] = word.split("=");
    return [name, value.join("=")];
  }));
}

/** The scripts that a path names: itself, or every `*.pkt` below it in the order of their names. */
function* scriptsIn(path: string): Generator<string> {
  if (!isFolder(path)) {
    yield path;
    return;
  }
  const entries = [...Deno.readDirSync(path)].sort((a, b) => a.name < b.name ? -1 : 1);
  const prefix = path.endsWith("/") ? path : `${path}/`;
  for (const entry of entries) {
    if (entry.isDirectory) yield* scriptsIn(prefix + entry.name);
    else if (entry.name.endsWith(".pkt")) yield prefix + entry.name;
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    // What cannot be looked at fails when it is read, as a script of its own.
    return false;
  }
}

function resultOf(path: string, options: RunnerOptions): ScriptResult {
  try {
    return runScript(path, Deno.readTextFileSync(path), options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { path, passed: false, line: 0, reason, notes: [] };
  }
}

function print(result: ScriptResult, json: boolean, verbose: boolean): void {
  if (json) {
    const { notes, ...rest } = result;
    console.log(JSON.stringify(verbose ? { ...rest, notes } : rest));
    return;
  }
  console.log(resultLine(result));
  if (verbose) { for (const note of result.notes) console.log(`    ${note}`); }
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n${USAGE}`);
    Deno.exit(2);
  }
}
