// Requirements of RFC 9293 that no other test shows as such; the table is rfc9293.txt.
import { assertEquals } from "@std/assert";
import { memoryPair, open } from "../../mod.ts";
import { Harness, OWN_PORT, PEER_PORT } from "../support/engine.ts";
import { VirtualPair } from "../net/virtual_pair.ts";
import { failure } from "../net/worlds.ts";
import { Flag, Segment } from "../../src/wire/segment.ts";
import { readTcpOptions } from "../../src/wire/tcp.ts";

Deno.test("rfc9293: PSH is on the segment that empties the buffer, and on no other", () => {
  const h = new Harness();
  h.establish("mss 1000");
  h.write(2500);
  h.expect(". 1:1001 ack 1", ". 1001:2001 ack 1", "P. 2001:2501 ack 1");
});

Deno.test("rfc9293: a window above 32767 is a large one", () => {
  const h = new Harness({ tcp: { congestion: "none" } });
  h.establish("mss 1460 win 65535");
  h.inject(". 1:1 ack 1 win 65535");
  h.write(65_000);
  assertEquals(h.outbox.reduce((sum, { line }) => sum + lengthOf(line), 0), 65_000);
});

Deno.test("rfc9293: a scaled window is more than 16 bits", () => {
  const h = new Harness({ tcp: { congestion: "none", sendBufferInitialBytes: 1 << 20 } });
  h.establish("mss 1460 ws 4 win 65535");
  h.inject(". 1:1 ack 1 win 10000");
  h.write(150_000);
  assertEquals(h.outbox.reduce((sum, { line }) => sum + lengthOf(line), 0), 150_000);
});

/** Bytes of a line such as `P. 1:1461 ack 1`. */
function lengthOf(line: string): number {
  const [, from, to] = line.match(/ (\d+):(\d+)/) ?? [];
  return Number(to) - Number(from);
}

Deno.test("rfc9293: RST and URG count although the own window is closed", () => {
  for (const flags of ["PU", "R"]) {
    const h = new Harness({
      tcp: { receiveBufferInitialBytes: 2048, receiveBufferMaxBytes: 2048 },
    });
    h.establish("mss 1024");
    h.inject("P. 1:1025 ack 1");
    h.inject("P. 1025:2049 ack 1");
    h.outbox.length = 0;
    assertEquals(h.conn.rcvNxt, h.conn.rcvAdvertised, "the window is closed");
    if (flags === "R") {
      h.inject("R. 2049:2049 ack 1");
      assertEquals(h.state, "CLOSED");
    } else {
      h.inject("PU. 2049:2059 ack 1 urg 10");
      assertEquals([h.conn.urgentMarks, h.state], [1, "ESTABLISHED"]);
    }
  }
});

Deno.test("rfc9293: options are read wherever they begin", () => {
  for (let padding = 0; padding < 8; padding++) {
    const bytes = [...Array(padding).fill(1), 2, 4, 0x05, 0xb4];
    const segment = new Segment();
    segment.flags = Flag.SYN;
    readTcpOptions(new DataView(Uint8Array.from(bytes).buffer), 0, bytes.length, segment);
    assertEquals(segment.mss, 1460, `${padding} bytes before it`);
  }
});

Deno.test("rfc9293: a port can be listened on while it connects, and neither disturbs the other", async () => {
  const [a, b] = memoryPair();
  await using near = await open({ device: a, address: "10.7.0.1/24" });
  await using far = await open({ device: b, address: "10.7.0.2/24" });
  const abort = new AbortController();
  const connecting = failure(() =>
    near.connect({ hostname: "10.7.0.9", port: 80, localPort: 5000, signal: abort.signal })
  );
  using listener = near.listen({ port: 5000 });
  const [client, server] = await Promise.all([
    far.connect({ hostname: "10.7.0.1", port: 5000 }),
    listener.accept(),
  ]);
  assertEquals(near.connections().map(({ state }) => state), ["ESTABLISHED"]);
  using second = near.listen({ port: 5001 });
  await client.write(Uint8Array.of(1));
  assertEquals(await server.read(new Uint8Array(1)), 1, `beside ${second.addr.port}`);
  abort.abort();
  await connecting;
  client.close();
  server.close();
});

Deno.test("rfc9293: an RST with text is an RST", () => {
  const h = new Harness();
  h.establish();
  h.inject("R. 1:11 ack 1");
  assertEquals([h.state, h.read()], ["CLOSED", 0]);
});

Deno.test("rfc9293: segments that wait together are acknowledged together", () => {
  const h = new Harness();
  h.establish("mss 1000");
  for (let i = 0; i < 9; i++) {
    const segment = h.segment(`. ${1 + 1000 * i}:${1001 + 1000 * i} ack 1`, OWN_PORT, PEER_PORT);
    h.tcp.input(segment, h.nowUs);
    h.slots.recycle(segment);
  }
  h.inject("P. 9001:10001 ack 1");
  h.expect(". 1:1 ack 10001");
});

Deno.test("rfc9293: a SYN can be tried for more than three minutes", async () => {
  const pair = await VirtualPair.open({ synRetries: 7 });
  const startUs = pair.clock.now();
  const attempt = failure(() => pair.client.connect({ hostname: "10.7.0.9", port: 80 }));
  assertEquals((await pair.run(attempt, 600)).name, "TimedOut");
  assertEquals((pair.clock.now() - startUs) / 1e6 > 180, true);
  await pair.finish();
});
