import { directDatagrams } from "../../examples/support/datagrams.ts";
import { direct, tun2socks, tun2socksUdp } from "../../examples/tun2socks.ts";
import { open } from "../../mod.ts";
import { SHAPES } from "../net/tun_stacks.ts";
import { until } from "../net/worlds.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Namespace } from "../support/namespace.ts";
import { testNeeding } from "../support/skip.ts";
import {
  BEHIND,
  curl,
  type Ended,
  endOf,
  makePlaces,
  NOBODY,
  runHere,
  startDante,
  startExample,
  startSocks,
  UNROUTED,
} from "./places.ts";
import { runIn } from "../support/namespace.ts";

const NEEDS = {
  tun: true,
  programs: ["ip", "nsenter", "curl", "microsocks", "nc", "ping"],
} as const;

const PERMISSIONS = ["--allow-ffi", "--allow-net"];

/** Starts tun2socks in the client's namespace and routes everything into its TUN. */
async function routeThrough(client: Namespace, flags: readonly string[]) {
  const example = await startExample(client, "tun2socks.ts", PERMISSIONS, [
    ...["--device", "wst2s0", "--verbose"],
    ...flags,
  ]);
  await runIn(client, "ip", "route", "add", "default", "dev", "wst2s0");
  return example;
}

/** Moves an interface of this process into the client's namespace and routes everything into it. */
async function giveDevice(client: Namespace, device: string): Promise<void> {
  await runHere("ip", "link", "set", device, "netns", String(client.pid));
  await runIn(client, "ip", "addr", "add", "10.7.0.1/24", "dev", device);
  await runIn(client, "ip", "link", "set", device, "up");
  await runIn(client, "ip", "route", "add", "default", "dev", device);
}

for (const pipeline of ["split", "fused", "inline"]) {
  testNeeding(NEEDS, `curl goes through tun2socks and a SOCKS5 proxy (${pipeline})`, async () => {
    await using places = await makePlaces();
    const { client } = places;
    await using _socks = await startSocks(1080, ["-u", "somebody", "-P", "secret"]);
    await using example = await routeThrough(client, [
      ...["--proxy", `${client.near.address}:1080`, "--user", "somebody", "--password", "secret"],
      ...["--pipeline", pipeline],
    ]);
    // Goal: bytes of any number, in both directions, arrive whole.
    for (const length of [1, 70_000, 20_000_000]) {
      const got = await curl(
        client,
        "-o",
        "/dev/null",
        "-w",
        "%{size_download}",
        `http://${BEHIND}:8080/${length}`,
      );
      assertEquals([got.code, got.stdout], [0, String(length)], got.stderr);
    }
    const post = await curl(
      client,
      "-H",
      "Expect:",
      "--data-binary",
      "@/proc/self/exe",
      `http://${BEHIND}:8080/`,
    );
    assert(Number(post.stdout) > 100_000, post.stderr);
    // A refusal is an RST; no handshake was finished for it.
    const refused = await curl(client, `http://${NOBODY}:81/`);
    assertEquals(refused.code, 7);
    assertMatch(refused.stderr, /refused|connect to/i);
    // No route: the client hears at once, and not by a timeout.
    const unrouted = await curl(client, "--connect-timeout", "10", `http://${UNROUTED}/`);
    assertEquals(unrouted.code, 7, unrouted.stderr);
    const { stderr } = await example.stop("SIGTERM");
    assertEquals(stderr, "");
  });
}

for (const pipeline of SHAPES) {
  testNeeding(
    NEEDS,
    `FIN, RST and back-pressure go through tun2socks without a proxy (${pipeline})`,
    async () => {
      await using places = await makePlaces();
      const { client } = places;
      // The kernel of the client has the interface, this process in another namespace its other end.
      const device = `wst2d${SHAPES.indexOf(pipeline)}`;
      await using net = await open({ device, address: "10.7.0.2/24", pipeline });
      tun2socks(net, direct);
      await giveDevice(client, device);
      // Half-close: the client's FIN reaches the server, whose answer comes back after it.
      const half = await endOf(client, "sh", [
        "-c",
        `head -c 300000 /dev/zero | nc -N -w 10 ${BEHIND} 7002`,
      ]);
      assertEquals(half.stdout, "after the end: 300000\n", half.stderr);
      const reset = await curl(client, `http://${BEHIND}:7001/`);
      assertEquals(reset.code, 56, reset.stderr);
      const refused = await curl(client, `http://${NOBODY}:81/`);
      assertEquals(refused.code, 7);
      const unrouted = await curl(client, "--connect-timeout", "10", `http://${UNROUTED}/`);
      assertEquals(unrouted.code, 7, unrouted.stderr);
      // A server that does not read stops its client, and no memory fills up for it.
      const flood = client.start("sh", ["-c", `exec nc -w 60 ${BEHIND} 7003 </dev/zero`]);
      await until(
        () => net.connections().some(({ receiveWindowBytes }) => receiveWindowBytes === 0),
        "the window is shut",
      );
      assert(net.stats().memory.receiveBytes <= 16 << 20, JSON.stringify(net.stats().memory));
      flood.kill("SIGKILL");
      await flood.status;
    },
  );
}

testNeeding(NEEDS, "1,000 curls at once go through tun2socks", async () => {
  await using places = await makePlaces();
  const { client } = places;
  await using _socks = await startSocks(1080);
  await using _example = await routeThrough(client, ["--proxy", `${client.near.address}:1080`]);
  // One curl with 1,000 transfers at once is what 1,000 curls are to the stack, and no load of its own.
  const urls = Array.from(
    { length: 1000 },
    () => ["-o", "/dev/null", `http://${BEHIND}:8080/20000`],
  );
  const { code, stdout, stderr } = await endOf(client, "curl", [
    ...[
      "-sS",
      "--noproxy",
      "*",
      "--max-time",
      "60",
      "-Z",
      "--parallel-immediate",
      "--parallel-max",
      "1000",
    ],
    ...["-H", "Connection: close", "-w", "%{http_code} %{size_download}\n"],
    ...urls.flat(),
  ]);
  assertEquals(code, 0, stderr);
  assertEquals(stdout.trim().split("\n").filter((line) => line === "200 20000").length, 1000);
});

const UDP_NEEDS = { tun: true, programs: ["ip", "nsenter", "nc", "dig"] } as const;

/** What a program of the client's hears of datagrams. */
async function assertDatagrams(client: Namespace): Promise<void> {
  const text = (length: number) => `${"woshou".repeat(length / 6)}\n`;
  for (const length of [6, 7200]) {
    // The longer one comes in fragments, both ways.
    const got = await datagram(client, 7004, text(length));
    assertEquals([got.code, got.stdout], [0, text(length)], got.stderr);
  }
  assertMatch((await dig(client)).stdout, /status: NOERROR/);
  // What another address answers first is not passed on as if the right one had.
  assertEquals((await datagram(client, 7005, "me\n")).stdout, "me\n");
}

function dig(client: Namespace): Promise<Ended> {
  return endOf(client, "dig", ["+tries=1", "+time=8", `@${BEHIND}`, "a.test"]);
}

/** Sends a datagram with nc and waits for one. */
function datagram(client: Namespace, port: number, text: string): Promise<Ended> {
  const command = `printf %s "$1" | nc -u -W 1 -w 8 ${BEHIND} ${port}`;
  return endOf(client, "sh", ["-c", command, "sh", text]);
}

/** Sends one that nobody answers. */
async function sendOnly(client: Namespace, host: string): Promise<void> {
  const { stdout } = await endOf(client, "sh", ["-c", `echo hello | nc -u -w 1 ${host} 7004`]);
  assertEquals(stdout, "");
}

for (const pipeline of SHAPES) {
  testNeeding(
    { tun: true, programs: [...UDP_NEEDS.programs, "danted"] },
    `dig and nc go through tun2socks and the UDP ASSOCIATE of dante (${pipeline})`,
    async () => {
      await using places = await makePlaces();
      const { client, server } = places;
      await using _dante = await startDante(client.near.address, server.near.address, 1080);
      const flags = ["--proxy", `${client.near.address}:1080`, "--pipeline", pipeline];
      await using example = await routeThrough(client, flags);
      await assertDatagrams(client);
      const { stdout, stderr } = await example.stop("SIGTERM");
      assertEquals(stderr, "");
      assertMatch(
        stdout,
        /^udp 10\.7\.0\.1:\d+ > 198\.51\.100\.7:7004: 1 datagrams there, 1 back$/m,
      );
    },
  );

  testNeeding(
    UDP_NEEDS,
    `dig and nc go through tun2socks without a proxy (${pipeline})`,
    async () => {
      await using places = await makePlaces();
      const { client } = places;
      const device = `wst2u${SHAPES.indexOf(pipeline)}`;
      await using net = await open({ device, address: "10.7.0.2/24", pipeline });
      const lines: string[] = [];
      tun2socksUdp(net, directDatagrams, (line) => lines.push(line));
      await giveDevice(client, device);
      await assertDatagrams(client);
      // A way out that fails is no end of the flow, but what could not be sent is told of.
      await sendOnly(client, UNROUTED);
      await net.close();
      await until(() => lines.length === 5, "all flows have been told of");
      const [lost] = lines.filter((line) => line.includes(UNROUTED));
      assertMatch(lost, /: 0 datagrams there, 0 back, 1 dropped \(not sent: .*unreachable.*\)$/);
      const [other] = lines.filter((line) => line.includes(":7005:"));
      assertMatch(other, /: 1 datagrams there, 1 back, 1 dropped \(not from the target\)$/);
    },
  );
}

testNeeding(
  { tun: true, programs: [...UDP_NEEDS.programs, "microsocks"] },
  "a proxy that carries no UDP is told by ICMP, and without UDP nothing is",
  async () => {
    await using places = await makePlaces();
    const { client } = places;
    await using _socks = await startSocks(1080);
    const proxy = ["--proxy", `${client.near.address}:1080`];
    {
      await using example = await routeThrough(client, proxy);
      const refused = await dig(client);
      assertMatch(refused.stdout + refused.stderr, /host unreachable/);
      const { stdout, stderr } = await example.stop("SIGTERM");
      assertEquals(stderr, "");
      assertMatch(stdout, /^udp .*:53: the SOCKS5 proxy answers: command not supported$/m);
    }
    await using example = await routeThrough(client, [...proxy, "--no-udp"]);
    await sendOnly(client, BEHIND);
    const { stdout } = await example.stop("SIGTERM");
    assertMatch(stdout, /^dropped: .*"ipDestinationForeign":[1-9]/m);
    assertEquals(stdout.includes("udp"), false);
  },
);
