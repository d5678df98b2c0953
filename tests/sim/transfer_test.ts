// Two stacks over a bad link: every byte arrives, once and in order, and then nothing is left.
import { assert } from "@std/assert";
import type { TcpOptions } from "../../src/tcp/config.ts";
import { longTest } from "../support/skip.ts";
import { BAD_LINK, simulate } from "./simulation.ts";

/** WOSHOU_SEED=n repeats one seed. */
const only = Deno.env.get("WOSHOU_SEED");
const MIB = 1024 * 1024;

/** One run for each seed: the same bytes, no memory, no timer, and no more work than they are worth. */
async function transfer(
  count: number,
  bytes: number,
  tcp?: TcpOptions,
  family?: "IPv4" | "IPv6",
): Promise<void> {
  const seeds = only === undefined
    ? Array.from({ length: count }, (_, index) => index + 1)
    : [Number(only)];
  // Segments of 1448 bytes in both directions; each may need an ACK, and some are lost.
  const segments = 2 * bytes / 1448;
  for (const seed of seeds) {
    const { frames, moves } = await simulate({ seed, bytes, link: BAD_LINK, tcp, family });
    assert(
      frames < 4 * segments + 200,
      `WOSHOU_SEED=${seed}: ${frames} frames, ${segments} segments`,
    );
    assert(moves < 4 * segments + 2000, `WOSHOU_SEED=${seed}: ${moves} moves of the clock`);
  }
}

Deno.test("simulation: 1 MiB each way over a bad link, 200 seeds", async () => {
  // Goal: 5 % loss both ways, with reordering, duplication, jitter and corruption.
  await transfer(200, MIB);
});

Deno.test("simulation: 1 MiB each way over a bad link and IPv6, 50 seeds", async () => {
  // Goal: the same with longer headers and smaller segments.
  await transfer(50, MIB, undefined, "IPv6");
});

const variants: Readonly<Record<string, TcpOptions>> = {
  "NewReno without options": {
    congestion: "newreno",
    timestamps: false,
    sack: false,
    windowScale: false,
  },
  "buffers of three segments": {
    receiveBufferInitialBytes: 4380,
    receiveBufferMaxBytes: 4380,
    sendBufferInitialBytes: 4380,
    sendBufferMaxBytes: 4380,
  },
  "four out-of-order ranges, no congestion control": { congestion: "none", outOfOrderRanges: 4 },
  "BBR": { congestion: "bbr" },
  "BBR without options": { congestion: "bbr", timestamps: false, sack: false, windowScale: false },
  "CUBIC, paced, with restart after idle": { pacing: true, restartAfterIdle: true },
};

for (const [name, tcp] of Object.entries(variants)) {
  Deno.test(`simulation: ${name}`, async () => {
    // Goal: the same for other parameters, which stress windows and memory instead.
    await transfer(20, MIB / 8, tcp);
  });
}

longTest("simulation: 1 MiB each way over a bad link, 10,000 seeds", async () => {
  await transfer(10_000, MIB);
});

longTest("simulation: 10 MiB each way over a bad link, 100 seeds", async () => {
  await transfer(100, 10 * MIB);
});
