// The stack as client: of the kernel's own listeners, and of networks that cannot be reached.
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Stack } from "../../mod.ts";
import { ip, until } from "../support/process.ts";
import { exchangeSeeded } from "../support/payload.ts";
import { becomeRouter, withRules } from "../support/rules.ts";
import { testNeeding } from "../support/skip.ts";
import { FAMILY_PLACES, HOST, openStack } from "../support/stack.ts";

const SEED = 90;
const IMPATIENT = { synRetries: 1, rtoInitialMs: 100 };

/** The class and the code of what a connect rejects with, and that its message names the address. */
async function refusal(net: Stack, hostname: string, port = 5400): Promise<[string, unknown]> {
  const error = await assertRejects(() => net.connect({ hostname, port }), Error);
  const where = hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
  assert(error.message.includes(where), error.message);
  return [error.name, "code" in error && error.code];
}

for (const { name, host } of FAMILY_PLACES) {
  testNeeding({ tun: true }, `e2e: a kernel listener gets every byte (${name})`, async () => {
    await using net = await openStack({ device: "wscli0" });
    using listener = Deno.listen({ hostname: host, port: 5400 });
    for (const length of [1, 70_000, 1_900_001]) {
      const [there, back] = [{ seed: SEED, length }, { seed: SEED + 1, length }];
      const accepting = listener.accept();
      using conn = await net.connect({ hostname: host, port: 5400 });
      using kernel = await accepting;
      assertEquals(conn.remoteAddr, kernel.localAddr);
      assertEquals(conn.localAddr, kernel.remoteAddr);
      assert(conn.localAddr.port >= 32_768 && conn.localAddr.port <= 60_999);
      await Promise.all([exchangeSeeded(conn, there, back), exchangeSeeded(kernel, back, there)]);
    }
    assertEquals(net.stats().counters.activeOpens, 3);
  });

  testNeeding({ tun: true }, `e2e: a closed port of the kernel refuses (${name})`, async () => {
    for (const pipeline of ["split", "fused", "inline"] as const) {
      await using net = await openStack({ device: "wscli0", pipeline });
      assertEquals(await refusal(net, host, 5999), ["ConnectionRefused", "ECONNREFUSED"]);
      assertEquals(net.stats().counters.connectionsNow, 0);
    }
  });
}

/**
 * Hosts that the kernel as a router does not reach, in each family: without a route, by an unreachable and
 * by a prohibited one. Over IPv6 Linux says "no route" of an unreachable one too.
 */
const BEHIND_THE_ROUTER = [
  {
    name: "IPv4",
    option: "-4",
    hosts: ["10.98.0.1", "10.99.1.1", "10.99.2.1"],
    codes: ["ENETUNREACH", "EHOSTUNREACH", "EHOSTUNREACH"],
  },
  {
    name: "IPv6",
    option: "-6",
    hosts: ["fd98::1", "fd99:1::1", "fd99:2::1"],
    codes: ["ENETUNREACH", "ENETUNREACH", "EHOSTUNREACH"],
  },
] as const;

for (const { name, option, hosts, codes } of BEHIND_THE_ROUTER) {
  const title = `e2e: routers that cannot go on are believed (${name})`;
  testNeeding({ tun: true, programs: ["ip"] }, title, async () => {
    // Goal: each ICMP code becomes the error that the kernel's own connect gives, at once.
    becomeRouter();
    await using net = await openStack({ device: "wscli0" });
    const routes = [`unreachable ${hosts[1]}`, `prohibit ${hosts[2]}`];
    for (const route of routes) await ip(`${option} route add ${route}`);
    try {
      const startMs = performance.now();
      for (const [index, host] of hosts.entries()) {
        assertEquals((await refusal(net, host))[1], codes[index], host);
      }
      assert(performance.now() - startMs < 900, "no answer of a router was waited out");
      const { counters } = net.stats();
      assertEquals([counters.icmpErrorsIn, counters.connectionsNow], [3, 0]);
    } finally {
      for (const route of routes) await ip(`${option} route del ${route}`);
    }
  });
}

testNeeding(
  { tun: true, programs: ["ip"] },
  "e2e: where nobody answers, the time runs out",
  async () => {
    becomeRouter();
    await using net = await openStack({ device: "wscli0", tcp: IMPATIENT });
    await ip("route add blackhole 10.99.3.0/24");
    try {
      assertEquals(await refusal(net, "10.99.3.1"), ["TimedOut", "ETIMEDOUT"]);
      const { counters } = net.stats();
      assertEquals([counters.segmentsOut, counters.segmentsRetransmitted], [2, 1]);
      assertEquals(counters.connectionsNow, 0);
    } finally {
      await ip("route del blackhole 10.99.3.0/24");
    }
  },
);

testNeeding(
  { tun: true, programs: ["ip"] },
  "e2e: an aborted connect leaves nothing behind",
  async () => {
    becomeRouter();
    await using net = await openStack({ device: "wscli0" });
    await ip("route add blackhole 10.99.3.0/24");
    try {
      const controller = new AbortController();
      const connecting = net.connect({ hostname: "10.99.3.1", port: 1, signal: controller.signal });
      await until("the SYN is out", () => net.stats().counters.segmentsOut > 0);
      controller.abort(new Error("not today"));
      await assertRejects(() => connecting, Error, "not today");
      await until("it is forgotten", () => net.stats().counters.connectionsNow === 0);
    } finally {
      await ip("route del blackhole 10.99.3.0/24");
    }
  },
);

testNeeding(
  { tun: true, programs: ["nft"] },
  "e2e: firewalls that reject are believed",
  async () => {
    await using net = await openStack({ device: "wscli0" });
    using listener = Deno.listen({ hostname: HOST, port: 5400 });
    const reject = (how: string) =>
      `chain in { type filter hook input priority 0; tcp dport 5400 reject with ${how}; }`;
    const answers: Record<string, string> = {
      "tcp reset": "ECONNREFUSED",
      "icmp type port-unreachable": "ECONNREFUSED",
      "icmp type net-unreachable": "ENETUNREACH",
      "icmp type host-unreachable": "EHOSTUNREACH",
      "icmp type admin-prohibited": "EHOSTUNREACH",
    };
    for (const [how, code] of Object.entries(answers)) {
      await withRules(reject(how), async () => {
        assertEquals((await refusal(net, HOST))[1], code, how);
      });
    }
    const accepting = listener.accept();
    using _conn = await net.connect({ hostname: HOST, port: 5400 });
    (await accepting).close();
  },
);

testNeeding(
  { tun: true, programs: ["nft"] },
  "e2e: errors of routers do not end what is established",
  async () => {
    // Goal: RFC 1122 section 4.2.3.9 and RFC 5927: the error is noted, the connection lives on.
    await using net = await openStack({ device: "wscli0" });
    using listener = Deno.listen({ hostname: HOST, port: 5400 });
    const accepting = listener.accept();
    using conn = await net.connect({ hostname: HOST, port: 5400 });
    using kernel = await accepting;
    const rule = "chain in { type filter hook input priority 0; tcp dport 5400 reject with icmp " +
      "type port-unreachable; }";
    await withRules(rule, async () => {
      await conn.write(new TextEncoder().encode("still"));
      await until("the errors have come", () => net.stats().counters.icmpErrorsIn >= 2);
    });
    const buffer = new Uint8Array(16);
    assertEquals(await kernel.read(buffer), 5);
    await kernel.write(buffer.subarray(0, 5));
    assertEquals(await conn.read(new Uint8Array(16)), 5);
  },
);
