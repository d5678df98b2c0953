import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Device, ManualClock, memoryPair, open, type Stack } from "../../mod.ts";
import { passTime, runVirtual } from "../support/virtual_time.ts";
import { icmpBytes, ipv4Frame } from "../wire/frames.ts";
import {
  connected,
  failed,
  failure,
  isPending,
  openAlone,
  openTwo,
  parity,
  turn,
  untilEmpty,
} from "./worlds.ts";

/** A stack on a wire, and the other end of the wire, on which nobody answers. */
async function openAtNobody(clock?: ManualClock): Promise<{ net: Stack; wire: Device }> {
  const [near, wire] = memoryPair();
  return { net: await open({ device: near, address: "10.7.0.2/24", clock }), wire };
}

/** The next frame that the stack has sent, or null. */
function nextFrame(wire: Device): Uint8Array | null {
  const memory = new Uint8Array(wire.mtu);
  const length = wire.receive(memory, 0, memory.length);
  return length === 0 ? null : memory.slice(0, length);
}

/** Sends the frame's sender an ICMP "destination unreachable" about it. */
function sendUnreachable(wire: Device, frame: Uint8Array, code: number): void {
  const quoted = [...frame.subarray(0, 28)];
  const answer = Uint8Array.from(ipv4Frame({
    protocol: 1,
    source: 0x0a07_0001,
    destination: 0x0a07_0002,
    payload: icmpBytes(3, code, [0, 0, 0, 0, ...quoted]),
  }));
  wire.send(answer, Int32Array.of(0, answer.length), 1);
}

parity("connecting to a port that nobody listens on is refused", async (world) => {
  // Goal: class and code.
  const listener = world.listen({ port: 0 });
  listener.close();
  assertEquals(
    await failed(() => world.connect({ port: listener.addr.port })),
    ["ConnectionRefused", "ECONNREFUSED"],
  );
});

Deno.test("an ICMP error answers a connect by its code", async () => {
  // Goal: API.md's row: unreachable networks, hosts and ports, as Linux maps them.
  const EXPECTED: readonly [number, string, string][] = [
    [0, "NetworkUnreachable", "ENETUNREACH"],
    [1, "ConnectionRefused", "EHOSTUNREACH"],
    [2, "ConnectionRefused", "ECONNREFUSED"],
    [3, "ConnectionRefused", "ECONNREFUSED"],
    [6, "NetworkUnreachable", "ENETUNREACH"],
    [10, "ConnectionRefused", "EHOSTUNREACH"],
    [13, "ConnectionRefused", "EHOSTUNREACH"],
  ];
  const { net, wire } = await openAtNobody();
  for (const [code, name, errno] of EXPECTED) {
    const connecting = failure(() => net.connect({ hostname: "10.7.0.9", port: 80 }));
    for (let i = 0; i < 5; i++) await turn();
    sendUnreachable(wire, nextFrame(wire)!, code);
    const error = await connecting;
    assertEquals([error.name, error.code], [name, errno], `code ${code}`);
    assert(error.message.includes("10.7.0.9:80"), error.message);
  }
  await untilEmpty(net);
  await net.close();
});

Deno.test("a connect that nobody answers is TimedOut after the last retry", async () => {
  // Goal: the SYN goes out 1 + 6 times with doubling pauses (RFC 6298 section 5.5): 127 seconds.
  const clock = new ManualClock();
  const { net, wire } = await openAtNobody(clock);
  const connecting = failed(() => net.connect({ hostname: "10.7.0.9", port: 80 }));
  assertEquals(await runVirtual(clock, connecting, { untilUs: 200e6 }), ["TimedOut", "ETIMEDOUT"]);
  assertEquals(Math.round(clock.now() / 1e6), 127);
  let count = 0;
  while (nextFrame(wire) !== null) count++;
  assertEquals(count, 7);
  assertEquals(net.connections(), []);
  await runVirtual(clock, net.close(), { untilUs: 200e6 });
});

parity("a signal that has aborted before fails a connect with its reason", async (world) => {
  // Goal: nothing is sent, and the reason is passed on as it is.
  using listener = world.listen({ port: 0 });
  const { port } = listener.addr;
  const reason = new Error("changed my mind");
  const error = await assertRejects(() =>
    world.connect({ port, signal: AbortSignal.abort(reason) })
  );
  assert(error === reason);
  const plain = await failure(() => world.connect({ port, signal: AbortSignal.abort() }));
  assertEquals(plain.name, "AbortError");
  for (const stack of world.stacks) assertEquals(stack.stats().counters.activeOpens, 0);
});

parity("a signal that aborts after connect leaves the connection alone", async (world) => {
  // Goal: it is the attempt that is given up, not what came of it.
  using listener = world.listen({ port: 0 });
  const controller = new AbortController();
  const [client, server] = await Promise.all([
    world.connect({ port: listener.addr.port, signal: controller.signal }),
    listener.accept(),
  ]);
  controller.abort();
  await client.write(Uint8Array.of(1));
  assertEquals(await server.read(new Uint8Array(5)), 1);
  client.close();
  server.close();
});

Deno.test("a signal that aborts a connect under way fails it and leaves nothing behind", async () => {
  // Goal: in every phase: before the SYN is out, while nobody answers, and when the answer is on its way.
  const { net, wire } = await openAtNobody();
  for (const turns of [0, 1, 5]) {
    const controller = new AbortController();
    const reason = new Error(`after ${turns} turns`);
    const connecting = assertRejects(() =>
      net.connect({ hostname: "10.7.0.9", port: 80, signal: controller.signal })
    );
    for (let i = 0; i < turns; i++) await turn();
    controller.abort(reason);
    assert(await connecting === reason);
    await untilEmpty(net);
    assertEquals(net.stats().counters.connectionsNow, 0);
  }
  while (nextFrame(wire) !== null);
  await net.close();
});

Deno.test("a signal that aborts at any microtask of a connect leaves nothing behind", async () => {
  // Goal: the answer and the abort may cross; then the connection is reset, and nobody ever sees it.
  const [client, server] = await openTwo();
  const listener = server.listen({ port: 7 });
  let established = 0;
  for (let microtasks = 0; microtasks < 40; microtasks++) {
    const controller = new AbortController();
    const signal = controller.signal;
    const connecting = client.connect({ hostname: "10.7.0.2", port: 7, signal });
    const outcome = connecting.then((conn) => conn.close(), (error) => assert(error === "no"));
    for (let i = 0; i < microtasks; i++) await null;
    controller.abort("no");
    await outcome;
    if (await connecting.then(() => true, () => false)) established++;
  }
  assert(established > 0 && established < 40, `${established} of 40 were established`);
  listener.close();
  await untilEmpty(client);
  await untilEmpty(server);
  await Promise.all([client.close(), server.close()]);
});

Deno.test("connect takes its own port when told, and says when it cannot", async () => {
  // Goal: localPort: used as given, refused when the same four-tuple exists.
  await using net = await openAlone();
  using listener = net.listen({ port: 7 });
  const options = { port: 7, localPort: 5000 };
  const [client, server] = await Promise.all([net.connect(options), listener.accept()]);
  assertEquals(client.localAddr.port, 5000);
  assertEquals(await failed(() => net.connect(options)), ["AddrNotAvailable", "EADDRNOTAVAIL"]);
  const bad = await failure(() => net.connect({ port: 7, localPort: 70_000 }));
  assertEquals(bad.name, "RangeError");
  client.close();
  server.close();
  await untilEmpty(net);
});

Deno.test("connects beyond the connection limit are Busy, and nothing else suffers", async () => {
  // Goal: tcp.maxConnections is a limit with an error of its own that names it.
  await using net = await openAlone({ maxConnections: 4 });
  using listener = net.listen({ port: 7 });
  const ends: Deno.TcpConn[] = [];
  for (let i = 0; i < 2; i++) {
    ends.push(...await Promise.all([net.connect({ port: 7 }), listener.accept()]));
  }
  const { name, code, message } = await failure(() => net.connect({ port: 7 }));
  assertEquals([name, code], ["Busy", "EMFILE"]);
  assert(message.includes("tcp.maxConnections"), message);
  await ends[0].write(Uint8Array.of(1));
  assertEquals(await ends[1].read(new Uint8Array(5)), 1);
  for (const end of ends) end.close();
  await untilEmpty(net);
  const [client, server] = await Promise.all([net.connect({ port: 7 }), listener.accept()]);
  client.close();
  server.close();
});

Deno.test("what cannot be an address is a TypeError that names it", async () => {
  // Goal: host names are not resolved here, and the message says what to do.
  await using net = await openAlone();
  for (const hostname of ["example.com", "1.2.3", "1.2.3.4.5", "256.1.1.1"]) {
    for (
      const call of [
        () => net.connect({ port: 7, hostname }),
        () => net.listen({ port: 7, hostname }),
      ]
    ) {
      const { name, message } = await failure(call);
      assertEquals(name, "TypeError");
      assert(message.includes(`"${hostname}"`), message);
    }
  }
  const transport = "udp" as "tcp";
  assertEquals((await failure(() => net.listen({ port: 7, transport }))).name, "TypeError");
  assertEquals((await failure(() => net.connect({ port: 7, transport }))).name, "TypeError");
});

parity("localhost and 0.0.0.0 are the place itself", async (world) => {
  // Goal: what Linux makes of them in connect.
  if (world.stacks.length === 2) return; // There the place itself is the client, which does not listen.
  for (const hostname of ["localhost", "0.0.0.0", "127.0.0.1"]) {
    using listener = world.listen({ port: 0, hostname: "0.0.0.0" });
    const { port } = listener.addr;
    const [client, server] = await Promise.all([
      world.connect({ port, hostname }),
      listener.accept(),
    ]);
    assertEquals(client.remoteAddr.hostname, "127.0.0.1");
    client.close();
    server.close();
  }
});

Deno.test("a stack with several addresses uses the one of the destination's network", async () => {
  // Goal: the peer sees an address that it can answer to.
  const [a, b] = memoryPair();
  await using near = await open({ device: a, address: ["10.7.0.1/24", "10.8.0.1/24"] });
  await using far = await open({ device: b, address: ["10.7.0.2/24", "10.8.0.2/24"] });
  assertEquals(near.addresses, ["10.7.0.1", "10.8.0.1"]);
  using listener = far.listen({ port: 7 });
  for (const net of ["10.7.0", "10.8.0"]) {
    const [client, server] = await Promise.all([
      near.connect({ hostname: `${net}.2`, port: 7 }),
      listener.accept(),
    ]);
    assertEquals(server.remoteAddr.hostname, `${net}.1`);
    assertEquals(server.localAddr.hostname, `${net}.2`);
    client.close();
    server.close();
  }
});

parity("a connection outlives everything that was closed before it", async (world) => {
  // Goal: its listener's end and other connections' ends do not touch it.
  using pair = await connected(world);
  const other = await connected(world);
  other.client.close();
  other.server.close();
  const reading = pair.client.read(new Uint8Array(5));
  assert(await isPending(reading));
  await pair.server.write(Uint8Array.of(1, 2));
  assertEquals(await reading, 2);
});

Deno.test("time does not pass for a connection that is idle", async () => {
  // Goal: no timer runs and no segment is sent for an hour of silence.
  const clock = new ManualClock();
  const net = await open({ device: memoryPair()[0], clock });
  const listener = net.listen({ port: 7 });
  const [client, server] = await Promise.all([net.connect({ port: 7 }), listener.accept()]);
  await passTime(clock, 1e6);
  const { segmentsOut } = net.stats().counters;
  await passTime(clock, 3600e6);
  assertEquals(net.stats().counters.segmentsOut, segmentsOut);
  client.close();
  server.close();
  listener.close();
  await runVirtual(clock, net.close(), { untilUs: 3700e6 });
});
