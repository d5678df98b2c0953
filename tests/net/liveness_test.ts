import { assertEquals } from "@std/assert";
import { Liveness } from "../../src/net/liveness.ts";
import { testNeeding } from "../support/skip.ts";
import { TUN } from "./tun_stacks.ts";

const CHILD = new URL("./liveness_child.ts", import.meta.url).pathname;

/** How long a process may go on that should end. */
const PATIENCE_MS = 10_000;
/**
 * How long a process must go on that should not end. There is no event for "does not end": a process
 * that nothing holds ends within some milliseconds, so that a short time tells.
 */
const HOLD_MS = 500;

/** Whether the process of this situation ends by itself. */
async function ends(place: string, situation: string, mayHold: boolean): Promise<boolean> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", "--no-check", CHILD, place, situation],
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  assertEquals(new TextDecoder().decode(value), "ready\n", `${place}: ${situation}`);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<"holds">((resolve) => {
    timer = setTimeout(() => resolve("holds"), mayHold ? HOLD_MS : PATIENCE_MS);
  });
  const outcome = await Promise.race([process.status, limit]);
  clearTimeout(timer);
  if (outcome === "holds") process.kill("SIGKILL");
  await Promise.all([process.status, reader.cancel()]);
  if (outcome !== "holds") assertEquals(outcome.code, 0, `${place}: ${situation}`);
  return outcome !== "holds";
}

/** What a process is held by. */
const HOLDS: Readonly<Record<string, boolean>> = {
  idle: false,
  accept: true,
  "accept, unref": false,
  "unref, accept": false,
  "accept, unref, ref": true,
  "accept, close": false,
  "for await": true,
  read: true,
  "read, unref": false,
  "unref, read": false,
  "read, unref, ref": true,
  "two reads, one served": true,
  "read, served": false,
  "read, close": false,
  readable: true,
  write: true,
  "write, unref": true,
  connect: true,
  "a socket": false,
  receive: true,
  "receive, unref": false,
  "unref, receive": false,
  "receive, unref, ref": true,
  "receive, close": false,
  "receive, sent and served": false,
};

/** Enough to see that threads make no difference. */
const WITH_THREADS = [
  "idle",
  "accept",
  "accept, unref",
  "read",
  "read, unref",
  "read, close",
  "write",
  "receive",
  "receive, unref",
  "receive, close",
];
/** On the kernel's loopback every connect is answered at once. */
const KERNEL = Object.keys(HOLDS).filter((situation) => situation !== "connect");
/** In the caller's thread the protocol's own timers, here that of FIN-WAIT-2, run on the caller's loop. */
const INLINE = Object.keys(HOLDS).filter((situation) => situation !== "read, close");

/** Processes at the same time: they mostly wait. */
const AT_ONCE = 4;

async function assertHolds(place: string, situations: readonly string[]): Promise<void> {
  for (let i = 0; i < situations.length; i += AT_ONCE) {
    await Promise.all(
      situations.slice(i, i + AT_ONCE).map(async (situation) => {
        const holds = HOLDS[situation];
        assertEquals(await ends(place, situation, holds), !holds, `${place}: ${situation}`);
      }),
    );
  }
}

Deno.test("pending calls hold the process as Deno's do, and unref releases it", async () => {
  // Goal: the same table for both; only a pending call of a referenced object holds.
  await Promise.all([assertHolds("deno", KERNEL), assertHolds("inline", INLINE)]);
});

for (const shape of ["split", "fused"]) {
  testNeeding(TUN, `${shape}: pending calls hold the process as Deno's do`, async () => {
    // Goal: the threads of the pipeline neither hold the process nor let it go.
    await assertHolds(shape, WITH_THREADS);
  });
}

Deno.test("liveness counts holds, and lets go only when it is told to settle", () => {
  // Goal: many calls that come and go in one turn cost one change of the timer.
  const changes: string[] = [];
  const { refTimer, unrefTimer } = Deno;
  Deno.refTimer = (id) => {
    changes.push("ref");
    refTimer(id);
  };
  Deno.unrefTimer = (id) => {
    changes.push("unref");
    unrefTimer(id);
  };
  const liveness = new Liveness();
  try {
    changes.length = 0;
    for (let i = 0; i < 10; i++) liveness.hold();
    for (let i = 0; i < 10; i++) liveness.release();
    liveness.hold();
    liveness.settle();
    assertEquals(changes, ["ref"]);
    liveness.release();
    liveness.settle();
    liveness.settle();
    assertEquals(changes, ["ref", "unref"]);
  } finally {
    liveness.close();
    Object.assign(Deno, { refTimer, unrefTimer });
  }
});
