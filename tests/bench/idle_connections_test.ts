// What an idle connection costs, measured as the benchmark does.
import { assert } from "@std/assert";

const CONNECTIONS = 40_000;

/** Runs the benchmark without its echo, with further arguments; its figures. */
async function measured(...more: string[]): Promise<Record<string, number>> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-prompt", "--v8-flags=--expose-gc", "bench/idle_connections.ts"],
      ...["--json", "--memory", `--connections=${CONNECTIONS}`, ...more],
    ],
    cwd: new URL("../..", import.meta.url),
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("idle connections: the heap of the stage holds a few that are awake, and no more", async () => {
  // Goal: 40,000 connections, of which 1024 are awake with about two kilobytes each.
  const { heapBytes, timerRoundsInOneIdleMinute } = await measured();
  assert(heapBytes < 150, `${heapBytes} bytes of heap for each connection`);
  // Nothing expires: what is left are deadlines that were put off while connections were still awake.
  assert(timerRoundsInOneIdleMinute < 200, `${timerRoundsInOneIdleMinute} rounds`);
});

Deno.test("idle connections: what the application holds is small until it is used", async () => {
  // Goal: with everything outside of the heap (about 700 bytes) a million of them stay below a kilobyte each. Of
  // a tenth as many those that are awake, and tables that have just grown, are the greater part.
  const { heapBytes } = await measured("--api", "--connections=100000");
  assert(heapBytes < 400, `${heapBytes} bytes of heap for each connection`);
});
