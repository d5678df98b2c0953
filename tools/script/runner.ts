/** From a script's path and text to PASS or FAIL, whatever the script is. */

import { parseScript } from "./parser.ts";
import { ScriptRun } from "./run.ts";
import { applyOption, defaultSettings } from "./settings.ts";
import { ScriptError } from "./syntax.ts";

/** What the command line says about all scripts. */
export interface RunnerOptions {
  /** Only this family; both where the script does not say, when absent. */
  readonly ipVersion?: "ipv4" | "ipv6";
  readonly exact?: boolean;
  /** Words of `-D`. */
  readonly defines?: ReadonlyMap<string, string>;
}

/** How a script went. */
export interface ScriptResult {
  readonly path: string;
  readonly passed: boolean;
  /** Line of the failure; 0 when it is about the whole file. */
  readonly line: number;
  /** Why it failed; empty when it passed. */
  readonly reason: string;
  /** What had no effect, what was printed, what was not looked at. */
  readonly notes: readonly string[];
}

/** Words that the suites' own runners define for IPv4. */
const USUAL_DEFINES: readonly (readonly [string, string])[] = [
  ["TFO_COOKIE", "3021b9d889017eeb"],
  ["TFO_COOKIE_ZERO", "b7c12350a90dc8f5"],
  ["CMSG_LEVEL_IP", "SOL_IP"],
  ["CMSG_TYPE_RECVERR", "IP_RECVERR"],
];

/** Runs one script. Never throws: whatever goes wrong is the reason of a failure. */
export function runScript(path: string, text: string, options: RunnerOptions = {}): ScriptResult {
  const notes: string[] = [];
  try {
    runIpv4(path, text, options, notes);
    return { path, passed: true, line: 0, reason: "", notes };
  } catch (error) {
    const line = error instanceof ScriptError ? error.line : 0;
    const reason = error instanceof ScriptError
      ? error.message
      : `the runner failed: ${error instanceof Error ? error.stack ?? error.message : error}`;
    return { path, passed: false, line, reason: reason.replaceAll("\n", " "), notes };
  }
}

function runIpv4(path: string, text: string, options: RunnerOptions, notes: string[]): void {
  const defines = new Map([...USUAL_DEFINES, ...(options.defines ?? [])]);
  const settings = defaultSettings();
  settings.exact = options.exact ?? false;
  if (/v6\.pkt$/.test(path)) {
    throw new ScriptError(1, "ipv6 is not there yet: the file's name says so");
  }
  if (options.ipVersion === "ipv6") throw new ScriptError(1, "ipv6 is not there yet: --ip-version");
  const script = parseScript(text, defines);
  for (const option of script.options) {
    // What follows in the script may have addresses of the family that this names.
    if (option.name === "ip_version" && option.value === "ipv6") {
      throw new ScriptError(option.line, "ipv6 is not there yet: --ip_version=ipv6");
    }
    applyOption(settings, option);
  }
  if (settings.ipVersion === null && !/v4\.pkt$/.test(path)) {
    notes.push("run as ipv4 only: ipv6 is not there yet");
  }
  const run = new ScriptRun(script, settings);
  try {
    run.run();
  } finally {
    notes.push(...settings.notes, ...run.output);
    for (const line of run.leftOver()) notes.push(`not looked at: ${line}`);
  }
}

/** The line of a result. */
export function resultLine(result: ScriptResult): string {
  if (result.passed) return `PASS ${result.path}`;
  return `FAIL ${result.path}:${result.line}: ${result.reason}`;
}
