/**
 * Runs packet scripts against the stack on a virtual clock: `deno task script FILE|DIR...`.
 *
 * Prints `PASS path` or `FAIL path:line: reason` for each and `N passed, N failed` at the end; exits with 1
 * when one failed, and with 2 when it was called wrongly. See docs/scripts.md.
 */

import { parseArgs } from "@std/cli/parse-args";
import { resultLine, type RunnerOptions, runScript, type ScriptResult } from "./script/runner.ts";

const USAGE = `usage: deno task script [options] FILE|DIR...
  --json              one JSON object a line
  --verbose           also what had no effect, was printed, or was not looked at
  --exact             PSH, option order, window scale and window as written
  --ip-version=ipv4   only this family
  -D NAME=value       defines a word`;

const FLAGS: readonly string[] = ["json", "verbose", "exact", "help"];

function main(words: string[]): number {
  const args = parseArgs(words, {
    boolean: [...FLAGS],
    string: ["ip-version", "D", "define"],
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
  let failures = 0;
  for (const path of paths) {
    const result = resultOf(path, options);
    if (!result.passed) failures++;
    print(result, args.json === true, args.verbose === true);
  }
  const passed = paths.length - failures;
  console.log(
    args.json
      ? JSON.stringify({ passed, failed: failures })
      : `${passed} passed, ${failures} failed`,
  );
  return failures > 0 || paths.length === 0 ? 1 : 0;
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
    Deno.exit(main(Deno.args));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n${USAGE}`);
    Deno.exit(2);
  }
}
