// Flows of datagrams over time and at their limits.
import { assertEquals } from "@std/assert";
import { ManualClock, memoryPair, open, type UdpFlowConn } from "../../mod.ts";
import { turn, until } from "./worlds.ts";
import { drainMicrotasks, passTime, runVirtual } from "../support/virtual_time.ts";

Deno.test("flows end when they are idle, and there are no more than may be", async () => {
  const clock = new ManualClock(1_000_000);
  const [a, b] = memoryPair();
  const client = await open({ device: a, address: "10.7.0.1/24", clock });
  const gateway = await open({ device: b, address: "10.7.0.2/24", clock });
  const conns: UdpFlowConn[] = [];
  const ends: string[] = [];
  gateway.forward({ transport: "udp", flowsMax: 2, idleMs: 1000 }, async (flow) => {
    const conn = flow.accept();
    conns.push(conn);
    for await (const _payload of conn);
    ends.push(`${flow.localAddr.port} at ${Math.round(clock.now() / 1000)}`);
  });
  const socket = client.listenDatagram({ transport: "udp", port: 4000 });
  const send = async (port: number) => {
    socket.send(new Uint8Array(1), { transport: "udp", hostname: "203.0.113.5", port });
    await drainMicrotasks();
  };
  await send(1);
  await passTime(clock, 600_000);
  await send(2);
  await send(3); // One too many.
  assertEquals(conns.length, 2);
  assertEquals(gateway.stats().drops, { forwardFlowsFull: 1 });
  await send(1);
  await passTime(clock, 1_200_000);
  // The first one was used again at 1.6 s of the clock, the second one at the same time.
  assertEquals(ends.toSorted(), ["1 at 2600", "2 at 2600"]);
  await send(3);
  assertEquals(conns.length, 3);
  await conns[2].send(new Uint8Array(5));
  await drainMicrotasks();
  const [payload] = await socket.receive();
  assertEquals(payload.length, 5);
  const closing = Promise.all([client.close(), gateway.close()]);
  await runVirtual(clock, closing, { untilUs: clock.now() + 10e6 });
  assertEquals(ends.length, 3);
});

Deno.test("a flow whose datagrams nobody receives keeps 64 of them", async () => {
  const [a, b] = memoryPair();
  const client = await open({ device: a, address: "10.7.0.1/24" });
  const gateway = await open({ device: b, address: "10.7.0.2/24" });
  const taken = Promise.withResolvers<UdpFlowConn>();
  gateway.forward({ transport: "udp" }, (flow) => taken.resolve(flow.accept()));
  using socket = client.listenDatagram({ transport: "udp", port: 0 });
  const count = 100;
  for (let i = 0; i < count; i++) {
    await socket.send(Uint8Array.of(i), { transport: "udp", hostname: "203.0.113.5", port: 1 });
  }
  const conn = await taken.promise;
  while (gateway.stats().counters.datagramsIn < count) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertEquals(gateway.stats().drops, { forwardQueueFull: count - 64 });
  for (let i = 0; i < 64; i++) assertEquals((await conn.receive())[0], i);
  await Promise.all([client.close(), gateway.close()]);
});

Deno.test("a send that waits for room rejects when its flow, or the forward, is closed", async () => {
  const [a, b] = memoryPair();
  const client = await open({ device: a, address: "10.7.0.1/24" });
  const gateway = await open({ device: b, address: "10.7.0.2/24" });
  const conns: UdpFlowConn[] = [];
  const forwarder = gateway.forward({ transport: "udp" }, (flow) => void conns.push(flow.accept()));
  using socket = client.listenDatagram({ transport: "udp", port: 0 });
  for (const port of [1, 2]) {
    await socket.send(new Uint8Array(1), { transport: "udp", hostname: "203.0.113.5", port });
  }
  await until(() => conns.length === 2, "the flows have come");
  const payload = new Uint8Array(60_000);
  const nameOf = (error: Error) => error.name;
  const outcomes = (conn: UdpFlowConn) => [1, 2, 3, 4].map(() => conn.send(payload).catch(nameOf));
  // Three fill the queue of the forward, and of the others each waits for its own flow.
  const [first, second] = [outcomes(conns[0]), outcomes(conns[1])];
  conns[0].close();
  forwarder.close();
  assertEquals(await Promise.all(first), [60_000, 60_000, 60_000, "Interrupted"]);
  assertEquals(await Promise.all(second), new Array(4).fill("Interrupted"));
  await Promise.all([client.close(), gateway.close()]);
});

Deno.test("what waits in all flows together has a limit in bytes", async () => {
  // Goal: the number of flows is no measure of memory, since a peer chooses it and the size of its datagrams.
  const udp = { sendBufferBytes: 1 << 20, receiveBufferBytes: 1 << 20 };
  const [a, b] = memoryPair({ mtu: 65_535 });
  const client = await open({ device: a, address: "10.7.0.1/24", udp });
  const gateway = await open({ device: b, address: "10.7.0.2/24", udp });
  const conns: UdpFlowConn[] = [];
  gateway.forward({ transport: "udp" }, (flow) => void conns.push(flow.accept()));
  using socket = client.listenDatagram({ transport: "udp", port: 0 });
  const payload = new Uint8Array(60_000);
  let sent = 0;
  const send = async (port: number) => {
    await socket.send(payload, { transport: "udp", hostname: "203.0.113.5", port });
    sent++;
    await until(() => gateway.stats().counters.datagramsIn === sent, "it has come");
    await turn();
  };
  const most = Math.floor((16 << 20) / payload.length);
  for (let i = 0; i < most; i++) await send(1 + i % 7);
  assertEquals(gateway.stats().drops, {});
  await send(1); // Of an open flow.
  await send(99); // Of a new one.
  assertEquals([gateway.stats().drops, conns.length], [{ forwardQueueFull: 2 }, 7]);
  // What is received makes room, and so does a flow that is closed.
  await conns[6].receive();
  await send(1);
  conns[5].close();
  for (let i = 0; i < 39; i++) await send(99);
  assertEquals([gateway.stats().drops, conns.length], [{ forwardQueueFull: 2 }, 8]);
  await Promise.all([client.close(), gateway.close()]);
});
