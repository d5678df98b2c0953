/** From a script's path and text to PASS or FAIL, whatever the script is. */

import type { Family } from "./addresses.ts";
import { parseScript } from "./parser.ts";
import { ScriptRun } from "./run.ts";
import { applyOption, defaultSettings, familiesOf, type Settings } from "./settings.ts";
import { type Command, type Script, ScriptError } from "./syntax.ts";
import { StackWorld } from "./stack_world.ts";
import type { World } from "./world.ts";

/** What the command line says about all scripts. */
export interface RunnerOptions {
  /** Only this family; both where the script does not say, when absent. */
  readonly ipVersion?: Family;
  readonly exact?: boolean;
  /** Words of `-D`. */
  readonly defines?: ReadonlyMap<string, string>;
  /** Makes what the script is played against, the stack by default; the commands come before its events. */
  readonly world?: (settings: Settings, before: readonly Command[]) => World;
}

/** How a script went. */
export interface ScriptResult {
  readonly path: string;
  readonly passed: boolean;
  /** Not played; the reason says why. */
  readonly skipped?: boolean;
  /** Line of the failure; 0 when it is about the whole file. */
  readonly line: number;
  /** Why it failed; empty when it passed. */
  readonly reason: string;
  /** What had no effect, what was printed, what was not looked at. */
  readonly notes: readonly string[];
}

/** Words that the suites' own runners define for each family. */
const USUAL_DEFINES: Readonly<Record<Family, readonly (readonly [string, string])[]>> = {
  ipv4: [
    ["TFO_COOKIE", "3021b9d889017eeb"],
    ["TFO_COOKIE_ZERO", "b7c12350a90dc8f5"],
    ["CMSG_LEVEL_IP", "SOL_IP"],
    ["CMSG_TYPE_RECVERR", "IP_RECVERR"],
  ],
  ipv6: [
    ["TFO_COOKIE", "c1d1e9742a47a9bc"],
    ["TFO_COOKIE_ZERO", "82af1a8f9a205c34"],
    ["CMSG_LEVEL_IP", "SOL_IPV6"],
    ["CMSG_TYPE_RECVERR", "IPV6_RECVERR"],
  ],
};

/** Runs one script. Never throws: whatever goes wrong is the reason of a failure. */
export function runScript(path: string, text: string, options: RunnerOptions = {}): ScriptResult {
  const notes: string[] = [];
  let family: Family | undefined;
  try {
    const families = chosenFamilies(path, text, options);
    for (family of families) runFamily(family, text, options, notes);
    return { path, passed: true, line: 0, reason: "", notes };
  } catch (error) {
    const line = error instanceof ScriptError ? error.line : 0;
    const reason = error instanceof ScriptError
      ? error.message
      : `the runner failed: ${error instanceof Error ? error.stack ?? error.message : error}`;
    const where = family === "ipv6" ? "as ipv6: " : "";
    return { path, passed: false, line, reason: where + reason.replaceAll("\n", " "), notes };
  }
}

/** The families to run a script as: those that it names, else those that it can run as. */
function chosenFamilies(
  path: string,
  text: string,
  options: RunnerOptions,
): readonly Family[] {
  const script = parseScript(text, definesFor("ipv4", options));
  const named = familiesOf(script.options);
  const [byName] = /(?<=v)[46](?=\.pkt$)/.exec(path) ?? [];
  const wanted = byName !== undefined
    ? [`ipv${byName}` as Family]
    : named ?? familiesOfIcmp(script);
  const chosen = wanted.filter((family) =>
    options.ipVersion === undefined || family === options.ipVersion
  );
  if (chosen.length > 0) return chosen;
  const line = script.options.find(({ name }) => name === "ip_version")?.line ?? 1;
  throw new ScriptError(line, `it runs as ${wanted.join(" and ")} only`);
}

/** The families in which every ICMP message of the script exists; both for a script without any. */
function familiesOfIcmp({ events }: Script): readonly Family[] {
  return BOTH.filter((family) =>
    events.every(({ action }) => action.kind !== "icmp" || action.numbers[family] !== null)
  );
}

const BOTH: readonly Family[] = ["ipv4", "ipv6"];

function definesFor(family: Family, options: RunnerOptions): ReadonlyMap<string, string> {
  return new Map([...USUAL_DEFINES[family], ...(options.defines ?? [])]);
}

function runFamily(family: Family, text: string, options: RunnerOptions, notes: string[]): void {
  const settings = defaultSettings(family);
  settings.exact = options.exact ?? false;
  const script = parseScript(text, definesFor(family, options));
  for (const option of script.options) applyOption(settings, option);
  const world = options.world?.(settings, script.before) ?? new StackWorld(settings, script.before);
  const run = new ScriptRun(script, world);
  try {
    run.run();
  } finally {
    world.close();
    notes.push(...settings.notes, ...run.output);
    for (const line of run.leftOver()) notes.push(`not looked at: ${line}`);
  }
}

/** The line of a result. */
export function resultLine(result: ScriptResult): string {
  if (result.passed) return `PASS ${result.path}`;
  if (result.skipped === true) return `SKIP ${result.path}: ${result.reason}`;
  return `FAIL ${result.path}:${result.line}: ${result.reason}`;
}
