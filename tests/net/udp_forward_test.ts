// Flows of datagrams over time and at their limits.
import { assertEquals } from "@std/assert";
import { ManualClock, memoryPair, open, type UdpFlowConn } from "../../mod.ts";
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
  for (let i = 0; i < 64; i++) assertEquals((await conn.receive())[0], i);
  await Promise.all([client.close(), gateway.close()]);
});
