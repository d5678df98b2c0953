/**
 * Runs the test suite: `deno task test [file or folder ...] [options of deno test]`.
 *
 * The tests run in a network namespace of their own, so that those with a real TUN need no privilege
 * and no packet reaches the host. There is no network in there: everything that has to be downloaded is
 * downloaded first. The last line is `N passed, N failed, N skipped`.
 */

import { inOwnNamespace, namespaceRefusal, searchPath } from "./namespace.ts";
import {
  countsLine,
  parseSkipped,
  parseSummary,
  settleCounts,
  SKIP_MARK,
  type TestCounts,
} from "./test_report.ts";
import { bundleText } from "./bundle.ts";

/** Programs that tests start by themselves, whose imports must be there before the network is gone. */
const ENTRY_POINTS = ["mod.ts", "server.ts", "workers/main.ts"];

/** How long the output may go on after the end of the run. */
const PIPE_GRACE_MS = 2000;

/** Modules with packages that the product does not need: each has a configuration and a lock beside it. */
const OWN_LOCK_MODULES = ["tools/page/uplot.js", "tests/browser/drive.js"];

/** Something small to bundle, so that the bundler is downloaded. */
const SMALL_MODULE = "src/base/seq.ts";

async function main(args: readonly string[]): Promise<number> {
  Deno.chdir(new URL("..", import.meta.url));
  const paths = args.some((arg) => !arg.startsWith("-") && exists(arg)) ? [] : ["tests/"];
  const selection = [...args, ...paths];
  if (!await prepare(selection)) {
    console.log(countsLine(settleCounts(null, false)));
    return 1;
  }
  const refusal = namespaceRefusal();
  if (refusal !== null) {
    console.log(`No network namespace of its own (${refusal}): tests that need a TUN are skipped.`);
  }
  const folder = await Deno.makeTempDir({ prefix: "woshou-test-" });
  try {
    return await runTests(selection, `${folder}/junit.xml`, refusal === null);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Compiles everything and downloads what is missing; false when something does not compile. */
async function prepare(selection: readonly string[]): Promise<boolean> {
  // In CI a lock file that no longer fits is an error; elsewhere it is brought up to date.
  const frozen = Deno.env.get("CI") === "true" ? ["--frozen"] : [];
  const entries = ENTRY_POINTS.filter(exists);
  if (entries.length > 0 && !await denoSucceeds(["cache", ...frozen, ...entries])) return false;
  await bundleText(SMALL_MODULE);
  for (const module of OWN_LOCK_MODULES) {
    if (!await denoSucceeds(["cache", "--quiet", ...frozen, ...configOf(module), module])) {
      return false;
    }
  }
  return await denoSucceeds(["test", "--no-run", "--quiet", ...frozen, ...selection]);
}

function configOf(module: string): string[] {
  return ["--config", module.replace(/[^/]+$/, "deno.json")];
}

async function denoSucceeds(args: readonly string[]): Promise<boolean> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], stdin: "null" });
  return (await command.spawn().status).success;
}

async function runTests(
  selection: readonly string[],
  junitPath: string,
  isolated: boolean,
): Promise<number> {
  const args = ["test", "-A", "--no-prompt", `--junit-path=${junitPath}`, ...selection];
  const colour: Record<string, string> = Deno.stdout.isTerminal() && !Deno.noColor
    ? { FORCE_COLOR: "1" }
    : {};
  const options = { stdin: "null", stdout: "piped", env: colour } as const;
  const command = isolated
    ? inOwnNamespace(Deno.execPath(), args, options)
    : new Deno.Command(Deno.execPath(), { ...options, args, env: { ...colour, ...searchPath() } });
  const child = command.spawn();
  const stop = () => child.kill("SIGTERM");
  Deno.addSignalListener("SIGTERM", stop);
  const tally: Tally = { counts: null };
  const copying = copyAndCount(child.stdout, tally);
  const status = await child.status;
  // A process that a test has left running may hold the pipe open for ever.
  await Promise.race([copying, new Promise((done) => setTimeout(done, PIPE_GRACE_MS))]);
  Deno.removeSignalListener("SIGTERM", stop);
  printSkipped(junitPath, selection.some((arg) => arg.startsWith("--filter")));
  console.log(countsLine(settleCounts(tally.counts, status.success)));
  return status.code;
}

/** The last summary seen in the output. */
interface Tally {
  counts: TestCounts | null;
}

/** Passes the output on as it comes and picks the last summary out of it. */
async function copyAndCount(output: ReadableStream<Uint8Array>, tally: Tally): Promise<void> {
  let line = "";
  const decoder = new TextDecoder();
  for await (const chunk of output) {
    await writeAll(chunk);
    const lines = (line + decoder.decode(chunk, { stream: true })).split("\n");
    line = lines.pop() ?? "";
    for (const complete of lines) tally.counts = parseSummary(complete) ?? tally.counts;
  }
  tally.counts = parseSummary(line) ?? tally.counts;
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) written += await Deno.stdout.write(bytes.subarray(written));
}

/** Lists the skips; under a filter only the deliberate ones, as the file has those filtered out too. */
function printSkipped(junitPath: string, filtered: boolean): void {
  if (!exists(junitPath)) return;
  const skipped = parseSkipped(Deno.readTextFileSync(junitPath))
    .filter((name) => !filtered || name.includes(SKIP_MARK));
  if (skipped.length === 0) return;
  console.log("Skipped:");
  for (const name of skipped) console.log(`  ${name}`);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
