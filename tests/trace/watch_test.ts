import { assert, assertEquals } from "@std/assert";
import { memoryPair, open, type Stack } from "../../mod.ts";
import type { LogLine, LogNews } from "../../src/trace/feed.ts";
import { endText, LOGS_MAX, VIEWERS_MAX, Watch } from "../../src/trace/watch.ts";
import { decodePacket, flagsText } from "../../src/page/packet.ts";
import { TraceKind } from "../../src/pipeline/trace_ring.ts";
import { stateNames } from "../../src/tcp/state.ts";
import { until } from "../support/process.ts";
import { turn } from "../net/worlds.ts";

const NOWHERE = ["10.7.0.2:80", "10.7.0.1:1"] as const;

/** A stack that talks to itself over its own address, and a watch of it. */
async function watched(body: (net: Stack, watch: Watch) => Promise<void>): Promise<void> {
  await using net = await open({ device: memoryPair()[0], address: "10.7.0.2/24" });
  await body(net, new Watch(net));
}

/** One connection to itself, with `bytes` one way, closed by both. */
async function converse(net: Stack, bytes: number): Promise<{ client: string; server: string }> {
  using listener = net.listen({ port: 0 });
  const [client, server] = await Promise.all([
    net.connect({ hostname: "10.7.0.2", port: listener.addr.port }),
    listener.accept(),
  ]);
  const ends = { client: endText(client.localAddr), server: endText(server.localAddr) };
  await client.write(new Uint8Array(bytes));
  await server.read(new Uint8Array(bytes));
  client.close();
  assertEquals(await server.read(new Uint8Array(1)), null);
  server.close();
  for (let i = 0; i < 20; i++) await turn();
  return ends;
}

function idOf(watch: Watch, local: string): number {
  return watch.overview().connections.find((row) => row.local === local)?.id ?? -1;
}

/** Lines as people read them. */
function shown(lines: readonly LogLine[]): string[] {
  return lines.map((line) => {
    if (line[2] === TraceKind.state) return `${stateNames[line[3]]} -> ${stateNames[line[4]]}`;
    const packet = decodePacket(Uint8Array.fromBase64(line[5]), line[3])!;
    return `${line[2] === TraceKind.segmentIn ? "<" : ">"} ${flagsText(packet.flags)}`;
  });
}

Deno.test("a viewer sees a connection from its first segment to its end, states between", async () => {
  await watched(async (net, watch) => {
    const viewer = watch.join(...NOWHERE)!;
    const { client, server } = await converse(net, 10);
    viewer.choose(idOf(watch, server));
    const news = viewer.news() as LogNews;
    assertEquals(shown(news.lines).slice(0, 6), [
      "< SYN",
      "LISTEN -> SYN-RECEIVED",
      "> SYN ACK",
      "< ACK",
      "SYN-RECEIVED -> ESTABLISHED",
      "< PSH ACK",
    ]);
    assertEquals(shown(news.lines).at(-1), "LAST-ACK -> CLOSED");
    assert(news.samples.length > 0 && news.samples[0][1] > 0, "there are samples with a cwnd");
    assertEquals(viewer.news(), null, "nothing is told twice");
    viewer.choose(idOf(watch, client));
    const other = shown((viewer.news() as LogNews).lines);
    assertEquals(other.slice(0, 3), ["CLOSED -> SYN-SENT", "> SYN", "< SYN ACK"]);
    viewer.leave();
  });
});

Deno.test("what a viewer's own connection carries is not recorded, and is again when it has gone", async () => {
  // Goal: showing a stream does not make more of it to show.
  await watched(async (net, watch) => {
    using listener = net.listen({ port: 0 });
    const [client, server] = await Promise.all([
      net.connect({ hostname: "10.7.0.2", port: listener.addr.port }),
      listener.accept(),
    ]);
    const viewer = watch.join(endText(server.localAddr), endText(server.remoteAddr))!;
    const lines = () =>
      watch.overview().connections.find((row) => row.local === endText(server.localAddr))!;
    await server.write(new Uint8Array(5000));
    await client.read(new Uint8Array(5000));
    assertEquals([lines().lines, lines().viewer, lines().state], [0, true, "ESTABLISHED"]);
    const other = watch.join(...NOWHERE)!;
    viewer.leave();
    await server.write(new Uint8Array(5000));
    await until("segments are recorded again", () => lines().lines > 0);
    other.leave();
    client.close();
    server.close();
  });
});

Deno.test("while nobody looks nothing is traced, and there is room for so many viewers", async () => {
  await watched(async (net, watch) => {
    await converse(net, 10);
    assertEquals(watch.overview().connections, []);
    const viewers = Array.from({ length: VIEWERS_MAX }, () => watch.join(...NOWHERE)!);
    assertEquals(watch.join(...NOWHERE), null);
    assertEquals(watch.viewers, VIEWERS_MAX);
    for (const viewer of viewers) {
      viewer.leave();
      viewer.leave();
    }
    assertEquals(watch.viewers, 0);
    await converse(net, 10);
    const lines = watch.overview().connections.reduce((sum, row) => sum + row.lines, 0);
    assertEquals(lines, 0);
  });
});

Deno.test("pings, datagrams and drops make no connection", async () => {
  // Goal: the list has connections alone, each once, however much else there is in the trace.
  await watched(async (net, watch) => {
    const viewer = watch.join(...NOWHERE)!;
    await net.ping("10.7.0.2");
    const socket = net.listenDatagram({ transport: "udp", hostname: "10.7.0.2", port: 5300 });
    await socket.send(Uint8Array.of(1), { ...socket.addr, port: 9 } as Deno.NetAddr);
    socket.close();
    await net.connect({ hostname: "10.7.0.2", port: 9, localPort: 40_000 }).catch(() => {});
    for (let i = 0; i < 20; i++) await turn();
    assert(net.stats().drops.tcpNoConnection > 0, "something was dropped");
    const ends = watch.overview().connections.map(({ local, remote }) => `${local} ${remote}`);
    assertEquals(ends.sort(), ["10.7.0.2:40000 10.7.0.2:9", "10.7.0.2:9 10.7.0.2:40000"]);
    const rows = watch.overview().connections;
    const lines = Object.fromEntries(rows.map((row) => [row.local, row.lines]));
    // The SYN, the RST, and the client's two changes of state.
    assertEquals(lines, { "10.7.0.2:40000": 4, "10.7.0.2:9": 2 });
    viewer.leave();
  });
});

Deno.test("of many connections the oldest that have ended are forgotten, and that is told", async () => {
  // Goal: memory does not grow with the number of connections.
  await watched(async (net, watch) => {
    const viewer = watch.join(...NOWHERE)!;
    const { server } = await converse(net, 10);
    viewer.choose(idOf(watch, server));
    assert(viewer.news() !== "gone");
    for (let i = 0; i < LOGS_MAX; i++) {
      await net.connect({ hostname: "10.7.0.2", port: 9 }).catch(() => {});
    }
    const overview = watch.overview();
    assertEquals(overview.connections.length, LOGS_MAX);
    assert(overview.forgotten > 0);
    assertEquals(viewer.news(), "gone");
    viewer.leave();
  });
});

Deno.test("addresses are as short as they can be", () => {
  assertEquals(endText({ hostname: "::ffff:10.7.0.1", port: 7 }), "10.7.0.1:7");
  assertEquals(endText({ hostname: "fd07::1", port: 7 }), "[fd07::1]:7");
});
