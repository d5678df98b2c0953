/**
 * Scripts against the kernel of this machine: what passes on the stack passes on Linux, or stands in
 * allowed.ts with its reason and fails there. Real time: what comes out otherwise is played again, with room for
 * a busy machine. `SAMPLE=1 deno task test tests/differential` plays every script that is short enough.
 */

import { assert, assertEquals } from "@std/assert";
import { nominalSeconds, playAll, type ScriptFile } from "../../tools/script/linux_pool.ts";
import { resultLine, runScript, type ScriptResult } from "../../tools/script/runner.ts";
import { type Difference, DIFFERENCES, KERNEL } from "./allowed.ts";
import { isLong, skip, testNeeding } from "../support/skip.ts";

const folder = new URL("../script/", import.meta.url);

/** Scripts that take longer by their own times belong to the long tests. */
const LONGEST_SECONDS = isLong ? 100 : 0.45;

/** Of the others every so manieth is played each time, and all of them in the long tests. */
const SAMPLE = isLong ? 1 : Number(Deno.env.get("SAMPLE") ?? 4);

/** What scripts may use of the machine's time: much, since nothing but they depends on it. */
const POOL = { runner: {}, jobs: 6, toleranceMs: 25, retries: 4, longest: LONGEST_SECONDS };

/** How often a difference that does not show is looked for. */
const ROUNDS = 5;

function scripts(below = ""): ScriptFile[] {
  const found: ScriptFile[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(new URL(below, folder))) {
    const path = below + name;
    if (isDirectory) found.push(...scripts(`${path}/`));
    else if (name.endsWith(".pkt")) {
      found.push({ path, text: Deno.readTextFileSync(new URL(path, folder)) });
    }
  }
  return found.sort((a, b) => a.path < b.path ? -1 : 1);
}

function differenceOf(path: string): Difference | undefined {
  return DIFFERENCES.find((each) =>
    each.path.endsWith("/") ? path.startsWith(each.path) : path === each.path
  );
}

/** What is played this time: of the scripts in the list, or of the others. */
function chosen(inList: boolean): ScriptFile[] {
  return scripts().filter(({ path, text }) =>
    (differenceOf(path) !== undefined) === inList && nominalSeconds(text) <= LONGEST_SECONDS
  ).filter((_, index) => index % SAMPLE === 0);
}

async function played(files: readonly ScriptFile[], retries = POOL.retries) {
  const results: ScriptResult[] = [];
  await playAll(files, { ...POOL, retries }, (result) => results.push(result));
  return results;
}

/** Why a difference does not show as the list has it; null when it does. */
function unshown(result: ScriptResult): string | null {
  const { path, passed, line } = result;
  if (passed) return `${path} passes on the kernel: take it off the list`;
  const { at } = differenceOf(path)!;
  const text = Deno.readTextFileSync(new URL(path, folder)).split("\n")[line - 1] ?? "";
  return text.includes(at) ? null : `${resultLine(result)}\nis not at "${at}"`;
}

Deno.test("differential: the list of differences names scripts that are there", () => {
  // Goal: no reason outlives its script.
  const paths = scripts().map(({ path }) => path);
  for (const { path } of DIFFERENCES) {
    assert(paths.some((each) => differenceOf(each)?.path === path), `there is no ${path}`);
  }
});

if (Deno.build.arch !== "x86_64") {
  skip("differential: scripts against the kernel", "system calls are known for x86-64", "platform");
} else {
  testNeeding(
    { tun: true, programs: ["ip"] },
    "differential: the kernel plays scripts as the stack",
    async () => {
      // Goal: every expectation of the project's own scripts is Linux's too, or a difference with a reason.
      const failed = (await played(chosen(false))).filter(({ passed }) => !passed);
      if (failed.length > 0) throw new Error(failed.map(resultLine).join("\n"));
    },
  );

  testDifferences();

  testNeeding(
    { tun: true, programs: ["ip"] },
    "differential: a wrong expectation fails on both",
    async () => {
      // Goal: the kernel is really asked: wrong flags, a wrong option, a wrong error, a wrong time.
      const open =
        "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n+0 listen(3, 1) = 0\n" +
        "+0 < S 0:0(0) win 32792 <mss 1000>\n";
      const files: ScriptFile[] = [
        { path: "flags", text: `${open}+0 > . 0:0(0) ack 1` },
        { path: "option", text: `${open}+0 > S. 0:0(0) ack 1 <mss 1234>` },
        { path: "time", text: `${open}+.3 > S. 0:0(0) ack 1 <mss 1460>` },
        { path: "error", text: "0 close(3) = -1 EINVAL (Invalid argument)" },
        { path: "block", text: `${open}+0 accept(3, ..., ...) = 4` },
        { path: "nothing", text: "0 socket(" },
      ];
      for (const result of await played(files)) {
        const here = runScript(result.path, files.find(({ path }) => path === result.path)!.text);
        assertEquals([result.passed, result.line], [false, here.line], result.path);
      }
    },
  );
}

function testDifferences(): void {
  const name = "differential: the kernel differs where the list says so";
  if (!Deno.osRelease().startsWith(KERNEL)) {
    return skip(
      name,
      `the list is about Linux ${KERNEL}x, this is ${Deno.osRelease()}`,
      "platform",
    );
  }
  testNeeding({ tun: true, programs: ["ip"] }, name, async () => {
    // Goal: no script is excused that needs no excuse, and each fails for the reason that is given.
    let files = chosen(true);
    let wrong: string[] = [];
    for (let round = 0; round < ROUNDS && files.length > 0; round++) {
      const results = (await played(files, 0)).filter((result) => unshown(result) !== null);
      wrong = results.map((result) => unshown(result)!);
      files = files.filter(({ path }) => results.some((result) => result.path === path));
    }
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
  });
}
