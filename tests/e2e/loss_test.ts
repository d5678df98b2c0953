// Through a router that loses packets, to a kernel that is not the router's own.
//
//   stack 10.7.0.2 ── TUN ── kernel of the run, which forwards and loses ── veth ── kernel of the peer
import { assert } from "@std/assert";
import { exchangeSeeded } from "../support/payload.ts";
import { makeNamespace, type Namespace, runIn } from "../support/namespace.ts";
import { becomeRouter, withRules } from "../support/rules.ts";
import { testNeeding } from "../support/skip.ts";
import { openStack, STACK } from "../support/stack.ts";
import type { PeerTask } from "./peer.ts";

const SEED = 1234;
const LENGTH = 2 * 1024 * 1024;
const NEEDS = { tun: true, programs: ["ip", "nft", "unshare", "nsenter", "timeout"] };

/** A namespace whose way to the stack leads through this one. */
async function makeRemote(): Promise<Namespace> {
  becomeRouter();
  const remote = await makeNamespace();
  await runIn(remote, "ip", "route", "add", "10.7.0.0/24", "via", remote.near.address);
  return remote;
}

/** Runs the peer in its namespace; one that takes too long ends with status 124. */
function peer(remote: Namespace, task: PeerTask): Promise<string> {
  const script = new URL("./peer.ts", import.meta.url).pathname;
  return runIn(remote, "timeout", "30", Deno.execPath(), "run", "-A", script, JSON.stringify(task));
}

for (const [pipeline, offload] of [["split", true], ["fused", false], ["inline", true]] as const) {
  const name = `${pipeline}, offload ${offload ? "on" : "off"}`;
  testNeeding(
    NEEDS,
    `e2e: one packet in twenty lost both ways, every byte arrives (${name})`,
    async () => {
      await using remote = await makeRemote();
      await using net = await openStack({ device: "wsloss0", pipeline, offload });
      using listener = net.listen({ port: 5500 });
      // Counted, not drawn, so that every run loses one in twenty.
      const lose = "numgen inc mod 20 == 7 drop";
      const rule = `chain lose {
        type filter hook forward priority 0
        iifname "wsloss0" ${lose}
        oifname "wsloss0" ${lose}
      }`;
      await withRules(rule, async () => {
        const serving = listener.accept().then(async (conn) => {
          using ours = conn;
          const [there, back] = [SEED, SEED + 1].map((seed) => ({ seed, length: LENGTH }));
          await exchangeSeeded(ours, back, there);
          return ours.info();
        });
        const task = { hostname: STACK, port: 5500, seed: SEED, length: LENGTH };
        const [info] = await Promise.all([serving, peer(remote, task)]);
        assert(info.segmentsRetransmitted > 0, "nothing of the stack's was lost");
        assert(info.segmentsOutOfOrder > 0, "nothing of the peer's was lost");
      });
    },
  );
}
