// Through a router with a smaller MTU behind it, to a kernel that is not the router's own.
//
//   stack 10.7.0.2 ── TUN, MTU 1500 ── kernel of the run, which forwards ── veth, MTU 1300 ── peer
import { assert, assertEquals } from "@std/assert";
import type { OpenOptions, Stack, TcpConn } from "../../mod.ts";
import { makeNamespace, type Namespace, runIn } from "../support/namespace.ts";
import { exchangeSeeded } from "../support/payload.ts";
import { ip } from "../support/process.ts";
import { becomeRouter, withRules } from "../support/rules.ts";
import { testNeeding } from "../support/skip.ts";
import { openStack, STACK } from "../support/stack.ts";
import type { PeerTask } from "./peer.ts";

const SEED = 1191;
const LENGTH = 1024 * 1024;
const NARROW = 1300;
const PORT = 5700;
/** IP and TCP headers with timestamps. */
const HEADERS = 52;
const NEEDS = { tun: true, programs: ["ip", "nft", "unshare", "nsenter", "timeout"] };

/** A peer that announces an MSS for 1500 and sends for 1300: only the stack has something to learn. */
async function makeRemote(): Promise<Namespace> {
  becomeRouter();
  const remote = await makeNamespace();
  const route = ["10.7.0.0/24", "via", remote.near.address, "mtu", `${NARROW}`, "advmss", "1460"];
  await runIn(remote, "ip", "route", "add", ...route);
  return remote;
}

/** Exchanges a megabyte each way with the peer, over one connection to the stack's listener. */
async function exchange(net: Stack, remote: Namespace): Promise<TcpConn> {
  using listener = net.listen({ port: PORT });
  const task: PeerTask = { hostname: STACK, port: PORT, seed: SEED, length: LENGTH };
  const script = new URL("./peer.ts", import.meta.url).pathname;
  const args = ["60", Deno.execPath(), "run", "-A", script, JSON.stringify(task)];
  const serve = async () => {
    const conn = await listener.accept();
    const [there, back] = [SEED, SEED + 1].map((seed) => ({ seed, length: LENGTH }));
    await exchangeSeeded(conn, back, there);
    return conn;
  };
  const [conn] = await Promise.all([serve(), runIn(remote, "timeout", ...args)]);
  return conn;
}

async function withNet(options: OpenOptions, use: (net: Stack) => Promise<void>): Promise<void> {
  await using net = await openStack({ device: "wspmtu0", ...options });
  await use(net);
}

for (const [pipeline, offload] of [["split", true], ["fused", false], ["inline", true]] as const) {
  const shape = `${pipeline}, offload ${offload ? "on" : "off"}`;
  testNeeding(
    NEEDS,
    `e2e: a router tells the path's MTU, and nothing stalls (${shape})`,
    async () => {
      await using remote = await makeRemote();
      await ip(`link set ${remote.near.device} mtu ${NARROW}`);
      await withNet({ pipeline, offload }, async (net) => {
        using first = await exchange(net, remote);
        assertEquals(first.info().pathMtuBytes, NARROW);
        assertEquals(first.info().mssSendBytes, NARROW - HEADERS);
        assertEquals(net.stats().counters.pathMtuLowered, 1);
        assertEquals(net.stats().counters.retransmissionTimeouts, 0);
        // Goal: the second connection to the same place need not be told again.
        using second = await exchange(net, remote);
        assertEquals(second.info().pathMtuBytes, NARROW);
        assertEquals(net.stats().counters.pathMtuLowered, 1);
      });
    },
  );
}

/** The router drops what is too long and says nothing. */
const SILENT = `chain silent {
  type filter hook forward priority 0
  iifname "wspmtu0" meta length > ${NARROW} counter drop
}`;

testNeeding(NEEDS, "e2e: a black hole is found by repeated timeouts", async () => {
  await using remote = await makeRemote();
  const tcp = { mtuProbing: "blackhole", rtoMinMs: 20 } as const;
  await withRules(SILENT, () =>
    withNet({ pipeline: "fused", offload: false, tcp }, async (net) => {
      using conn = await exchange(net, remote);
      const { mssSendBytes } = conn.info();
      assert(mssSendBytes >= 1024 && mssSendBytes <= NARROW - HEADERS, `${mssSendBytes}`);
      assert(net.stats().counters.retransmissionTimeouts >= 4);
      assertEquals(net.stats().counters.pathMtuLowered, 0, "nobody has said anything");
    }));
});

testNeeding(NEEDS, "e2e: probes find the largest size that gets through", async () => {
  await using remote = await makeRemote();
  const tcp = { mtuProbing: "always" } as const;
  await withRules(SILENT, () =>
    withNet({ pipeline: "fused", offload: false, tcp }, async (net) => {
      using conn = await exchange(net, remote);
      const { mssSendBytes } = conn.info();
      const most = NARROW - HEADERS;
      assert(mssSendBytes > most - 16 && mssSendBytes <= most, `${mssSendBytes}`);
      const { counters } = net.stats();
      assert(counters.mtuProbes >= 3 && counters.mtuProbes <= 20, `${counters.mtuProbes} probes`);
      // Goal: a lost probe is repaired as any loss, without waiting for a timer.
      assert(counters.retransmissionTimeouts <= 1, `${counters.retransmissionTimeouts} timeouts`);
    }));
});
