// Two stacks in which every connection is packed away as soon as nothing happens on it.
import { assert } from "@std/assert";
import { BAD_LINK, simulate } from "./simulation.ts";

const SEEDS = 20;
const BYTES = 128 * 1024;

Deno.test("simulation: connections that sleep between segments lose nothing over a bad link", async () => {
  // Goal: packing is no event of the protocol: every byte arrives, and nothing is left at the end.
  for (let seed = 1; seed <= SEEDS; seed++) {
    const tcp = { awakeConnections: 0 };
    const { frames } = await simulate({ seed, bytes: BYTES, link: BAD_LINK, tcp });
    assert(frames < 4 * (2 * BYTES / 1448) + 200, `seed ${seed}: ${frames} frames`);
  }
});
