import { assert, assertEquals } from "@std/assert";
import { memoryPair, open, TraceKind } from "../../mod.ts";
import { connected, openAlone, parity, turn } from "./worlds.ts";

Deno.test("stats and connections show what has happened, also what woke nobody", async () => {
  // Goal: connections that have ended are gone from the list, and their memory from the counts, without any
  // other event on the stack.
  await using net = await openAlone();
  using listener = net.listen({ port: 0 });
  const [client, server] = await Promise.all([
    net.connect({ port: listener.addr.port }),
    listener.accept(),
  ]);
  assertEquals(net.connections().length, 2);
  await client.write(new Uint8Array(10_000));
  assert(net.stats().memory.sendBytes > 0);
  client.abort();
  for (let i = 0; i < 5; i++) await turn();
  server.close();
  for (let i = 0; i < 5; i++) await turn();
  assertEquals(net.connections(), []);
  assertEquals(net.stats().memory, { sendBytes: 0, receiveBytes: 0 });
});

Deno.test("a viewer of the trace may ask for statistics", async () => {
  // Goal: asking from within the delivery of events neither loses nor doubles any.
  let segments = 0;
  await using net = await open({
    device: memoryPair()[0],
    trace: () => {
      segments++;
      assert(net.stats().counters.segmentsOut >= 0);
      net.connections();
    },
  });
  using listener = net.listen({ port: 0 });
  const [client, server] = await Promise.all([
    net.connect({ port: listener.addr.port }),
    listener.accept(),
  ]);
  client.close();
  server.close();
  for (let i = 0; i < 5; i++) await turn();
  assert(segments > 3);
});

Deno.test("a trace is written while somebody looks, and only then", async () => {
  // Goal: a viewer may come and go; nothing is recorded for nobody, and two viewers see the same.
  await using net = await openAlone();
  using listener = net.listen({ port: 0 });
  const exchange = async () => {
    const [client, server] = await Promise.all([
      net.connect({ port: listener.addr.port }),
      listener.accept(),
    ]);
    client.close();
    server.close();
    for (let i = 0; i < 5; i++) await turn();
  };
  const seen: number[] = Object.values(TraceKind).map(() => 0);
  let others = 0;
  await exchange();
  const first = net.watch(({ kind, headers, headersLength }) => {
    seen[kind - 1]++;
    if (kind <= TraceKind.segmentOut) assert(headersLength >= 40 && headers[0] === 0x45);
  });
  const second = net.watch(() => others++);
  await exchange();
  const { segmentIn, segmentOut, state, progress } = TraceKind;
  for (const kind of [segmentIn, segmentOut, state, progress]) {
    assert(seen[kind - 1] >= 4, `kinds: ${seen}`);
  }
  const total = seen.reduce((sum, count) => sum + count, 0);
  assertEquals(others, total);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  second[Symbol.dispose]();
  await exchange();
  assertEquals([seen.reduce((sum, count) => sum + count, 0), others], [total, total]);
  assertEquals(net.stats().drops.traceOverflow, undefined);
});

parity("what was read and written is the same, whatever the place", async (world) => {
  // Goal: the simplest exchange.
  using pair = await connected(world);
  const buffer = new Uint8Array(10);
  assertEquals(await pair.client.write(Uint8Array.of(1, 2, 3)), 3);
  assertEquals(await pair.server.read(buffer), 3);
  assertEquals(buffer.subarray(0, 3), Uint8Array.of(1, 2, 3));
});
