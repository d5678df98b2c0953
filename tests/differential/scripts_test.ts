/**
 * Scripts against the kernel of this machine: what passes on the stack passes on Linux, or stands in
 * allowed.ts with its reason. Real time: a script that fails is played again, with room for a busy machine.
 */

import { assert, assertEquals } from "@std/assert";
import { nominalSeconds, playAll, type ScriptFile } from "../../tools/script/linux_pool.ts";
import { resultLine, runScript, type ScriptResult } from "../../tools/script/runner.ts";
import { DIFFERENCES } from "./allowed.ts";
import { isLong, skip, testNeeding } from "../support/skip.ts";

const folder = new URL("../script/", import.meta.url);

/** Scripts that take longer by their own times belong to the long tests. */
const LONGEST_SECONDS = isLong ? 100 : 0.45;

/** Of the others every so manieth is played each time, and all of them in the long tests. */
const SAMPLE = 4;

/** What scripts may use of the machine's time: much, since nothing but they depends on it. */
const POOL = { runner: {}, jobs: 6, toleranceMs: 25, retries: 4, longest: LONGEST_SECONDS };

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

function isAllowed(path: string): boolean {
  return DIFFERENCES.some((each) =>
    each.path.endsWith(".pkt") ? path === each.path : path.startsWith(each.path)
  );
}

async function played(files: readonly ScriptFile[]): Promise<ScriptResult[]> {
  const results: ScriptResult[] = [];
  await playAll(files, POOL, (result) => results.push(result));
  return results;
}

Deno.test("differential: the list of differences names scripts that are there", () => {
  // Goal: no reason outlives its script.
  const paths = scripts().map(({ path }) => path);
  for (const { path } of DIFFERENCES) {
    assert(paths.some((each) => each.startsWith(path)), `there is no ${path}`);
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
      const files = scripts().filter(({ path, text }) =>
        !isAllowed(path) && nominalSeconds(text) <= LONGEST_SECONDS
      ).filter((_, index) => isLong || index % SAMPLE === 0);
      const failed = (await played(files)).filter(({ passed }) => !passed);
      assertEquals(failed.map(resultLine).join("\n"), "");
    },
  );

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
