// What a program sees of a UDP socket is what it sees of Deno's, in every detail.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type DatagramConn, memoryPair, open } from "../../mod.ts";
import { failure, isPending, until } from "./worlds.ts";
import {
  type AnyDatagram,
  type DatagramRequest,
  openAlone,
  openTwo,
  parity,
  portOf,
  to,
} from "./datagram_worlds.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

/** Name, code, and the beginning of the message, up to what this stack adds to it. */
async function failed(call: () => unknown): Promise<unknown[]> {
  const { name, code, message } = await failure(call);
  return [name, code, message.split(":")[0]];
}

const TOO_LONG = ["Error", "EMSGSIZE", "Message too long (os error 90)"];
const INVALID = ["TypeError", "EINVAL", "Invalid argument (os error 22)"];
const CLOSED = ["BadResource", undefined, "Socket has been closed"];
const IN_USE = ["AddrInUse", "EADDRINUSE", "Address already in use (os error 98)"];

parity("datagrams arrive whole, with their source", async (world) => {
  // Goal: what is sent as three is received as three, and an answer finds its way back.
  const [server, client] = [world.server(), world.client()];
  for (const length of [0, 1, 1472]) {
    assertEquals(await client.send(new Uint8Array(length).fill(length), to(world, server)), length);
  }
  for (const length of [0, 1, 1472]) {
    const [payload, from] = await server.receive();
    assertEquals(payload, new Uint8Array(length).fill(length));
    const { transport, hostname, port } = from as Deno.NetAddr;
    assertEquals([transport, hostname, port], ["udp", world.clientAddress, portOf(client)]);
    await server.send(bytes(length & 255), from);
    assertEquals((await client.receive())[0], bytes(length & 255));
  }
  server.close();
  client.close();
});

parity("the address of a socket: port 0 becomes a real one", async (world) => {
  // Goal: addr says what the socket is bound to; a port as text will do.
  const socket = world.server({ port: "0" });
  const { transport, hostname, port } = socket.addr as Deno.NetAddr;
  assertEquals([transport, hostname], ["udp", world.address]);
  assert(port > 0 && port <= 65_535);
  socket.close();
  const anyPort = world.server({ port: undefined });
  assert(portOf(anyPort) > 0);
  anyPort.close();
  await Promise.resolve();
});

parity("receive into a given array", async (world) => {
  // Goal: what does not fit is lost, and the next call gets the next datagram.
  const [server, client] = [world.server(), world.client()];
  const target = new Uint8Array(4);
  for (const payload of [bytes(1, 2, 3, 4, 5, 6), bytes(7, 8), bytes(9), bytes(10)]) {
    await client.send(payload, to(world, server));
  }
  const [long] = await server.receive(target);
  assertEquals(long, bytes(1, 2, 3, 4));
  assert(long.buffer === target.buffer);
  assertEquals((await server.receive(target))[0], bytes(7, 8));
  assertEquals(target, bytes(7, 8, 3, 4));
  assertEquals((await server.receive(new Uint8Array(0)))[0], bytes());
  assertEquals((await server.receive())[0], bytes(10));
  server.close();
  client.close();
});

parity("the longest datagram, and one byte more", async (world) => {
  // Goal: 65,507 bytes over IPv4 and 65,527 over IPv6, of which Deno's own array takes 65,507.
  const [server, client] = [world.server(), world.client()];
  const most = world.address.includes(":") ? 65_527 : 65_507;
  // A wire takes packets of 65,535 bytes; what is longer would come in fragments.
  const onWire = world.stacks.length === 2 ? Math.min(most, 65_535 - 48) : most;
  const payload = Uint8Array.from({ length: onWire }, (_, i) => i * 7);
  const tooLong = () => client.send(new Uint8Array(most + 1), to(world, server));
  assertEquals(await failed(tooLong), TOO_LONG);
  assertEquals(
    await failed(() => client.send(new Uint8Array(70_000), to(world, server))),
    TOO_LONG,
  );
  assertEquals(await client.send(payload, to(world, server)), onWire);
  const [received] = await server.receive(new Uint8Array(70_000));
  assertEquals(received, payload);
  server.close();
  client.close();
});

parity("concurrent receives are all served", async (world) => {
  // Goal: two that wait get one datagram each.
  const [server, client] = [world.server(), world.client()];
  const waiting = Promise.all([server.receive(), server.receive()]);
  await client.send(bytes(1), to(world, server));
  await client.send(bytes(2), to(world, server));
  const values = (await waiting).map(([payload]) => payload[0]);
  assertEquals(values.toSorted(), [1, 2]);
  server.close();
  client.close();
});

parity("close tells what is pending, and every call after it", async (world) => {
  // Goal: class, code and words of Deno's.
  const socket = world.server();
  const address = to(world, socket);
  const pending = [socket.receive(), socket.receive()];
  const failures = Promise.all(pending.map((call) => failed(() => call)));
  const next = socket[Symbol.asyncIterator]().next();
  socket.close();
  const interrupted = ["Interrupted", "EINTR", "operation canceled"];
  assertEquals(await failures, [interrupted, interrupted]);
  assertEquals(await next, { value: undefined, done: true });
  assertEquals(await failed(() => socket.close()), ["BadResource", undefined, "Bad resource ID"]);
  assertEquals(await failed(() => socket.receive()), CLOSED);
  assertEquals(await failed(() => socket.send(bytes(1), address)), CLOSED);
  assertEquals(portOf(socket), address.port);
  socket.ref();
  socket.unref();
});

parity(
  "iteration gives datagrams until the socket is closed, and leaving it does not close",
  async (world) => {
    // Goal: as Deno's, which is no owner of the socket.
    const [server, client] = [world.server(), world.client()];
    for (let i = 0; i < 3; i++) await client.send(bytes(i), to(world, server));
    for await (const [payload] of server) {
      assertEquals(payload, bytes(0));
      break;
    }
    const rest: number[] = [];
    for await (const [payload] of server) {
      rest.push(payload[0]);
      if (rest.length === 2) server.close();
    }
    assertEquals(rest, [1, 2]);
    client.close();
  },
);

parity("what cannot be sent", async (world) => {
  // Goal: the errors of Deno for payloads, ports and addresses that are none.
  const socket = world.server();
  const address = to(world, socket);
  const none = ["TypeError", undefined, "expected typed ArrayBufferView"];
  for (const payload of [undefined, "abc", new Uint16Array(1), new ArrayBuffer(3)]) {
    assertEquals(await failed(() => socket.send(payload as never, address)), none);
  }
  assertEquals(await failed(() => socket.receive("x" as unknown as Uint8Array)), none);
  assertEquals(await failed(() => socket.send(bytes(1), { ...address, port: 0 })), INVALID);
  for (const bad of ["7", undefined]) {
    const name = (await failure(() => socket.send(bytes(1), { ...address, port: bad as never })))
      .name;
    assertEquals(name, "TypeError");
  }
  assertEquals((await failure(() => socket.send(bytes(1), undefined as never))).name, "TypeError");
  if (!world.address.includes(":")) {
    for (const hostname of ["::1", "::ffff:127.0.0.1", "[::1]"]) {
      assertEquals(await failed(() => socket.send(bytes(1), { ...address, hostname })), [
        "Error",
        "EAFNOSUPPORT",
        "Address family not supported by protocol (os error 97)",
      ]);
    }
  }
  socket.close();
});

parity("a port is one socket's, unless all share it", async (world) => {
  // Goal: AddrInUse without reuseAddress on both; of those who share, the latest is given what comes.
  const first = world.server();
  const port = portOf(first);
  assertEquals(await failed(() => world.server({ port })), IN_USE);
  assertEquals(await failed(() => world.server({ port, reuseAddress: true })), IN_USE);
  first.close();
  const client = world.client();
  const old = world.server({ reuseAddress: true });
  const shared: DatagramRequest = { port: portOf(old), reuseAddress: true };
  const late = world.server(shared);
  const waiting = old.receive();
  await client.send(bytes(5), to(world, late));
  assertEquals((await late.receive())[0], bytes(5));
  assert(await isPending(waiting));
  late.close();
  await client.send(bytes(6), to(world, old));
  assertEquals((await waiting)[0], bytes(6));
  for (const socket of [old, client]) socket.close();
});

parity("where a socket cannot be opened", async (world) => {
  // Goal: addresses of others, ports that are none.
  const foreign = world.address.includes(":") ? "fd99::9" : "10.99.99.99";
  assertEquals(await failed(() => world.server({ hostname: foreign })), [
    "AddrNotAvailable",
    "EADDRNOTAVAIL",
    "Cannot assign requested address (os error 99)",
  ]);
  for (const port of [65_536, -1]) {
    assertEquals((await failure(() => world.server({ port }))).name, "RangeError");
  }
  assertEquals((await failure(() => world.server({ port: "x" }))).name, "TypeError");
});

parity("a socket of both families shows IPv4 in its mapped form", async (world) => {
  // Goal: "::" takes datagrams of both, and reaches both.
  const server = world.server({ hostname: "::" });
  const client = world.client();
  await client.send(bytes(1), to(world, server));
  const [, from] = await server.receive();
  const text = world.address.includes(":") ? world.clientAddress : `::ffff:${world.clientAddress}`;
  assertEquals((from as Deno.NetAddr).hostname, text);
  await server.send(bytes(2), from);
  assertEquals((await client.receive())[0], bytes(2));
  const plain = { transport: "udp", hostname: world.clientAddress, port: portOf(client) } as const;
  await server.send(bytes(3), plain);
  assertEquals((await client.receive())[0], bytes(3));
  const taken = world.address.includes(":") ? "::" : "0.0.0.0";
  const again = () => world.server({ port: portOf(server), hostname: taken });
  assertEquals(await failed(again), IN_USE);
  server.close();
  client.close();
});

parity("a closed port answers nobody's calls", async (world) => {
  // Goal: ICMP errors reach no socket that is connected to nobody: it goes on as if nothing had been.
  const [client, gone] = [world.client(), world.server()];
  const address = to(world, gone);
  gone.close();
  for (let i = 0; i < 3; i++) assertEquals(await client.send(bytes(i), address), 1);
  const waiting = client.receive();
  assert(await isPending(waiting));
  const server = world.server();
  await client.send(bytes(9), to(world, server));
  const [, from] = await server.receive();
  await server.send(bytes(8), from);
  assertEquals((await waiting)[0], bytes(8));
  client.close();
  server.close();
});

parity("multicast memberships: the errors", async (world) => {
  // Goal: what is no group, no interface, joined or left twice.
  if (world.isKernel || world.address.includes(":")) return; // Its namespace may have no such interface.
  const socket = world.server({ hostname: "0.0.0.0" });
  const join = (group: string, on: string) => failed(() => socket.joinMulticastV4(group, on));
  assertEquals(await join("10.0.0.1", "0.0.0.0"), INVALID);
  assertEquals(await join("x", "0.0.0.0"), ["Error", undefined, "invalid IPv4 address syntax"]);
  assertEquals(await join("224.0.0.251", "10.9.9.9"), [
    "Error",
    undefined,
    "No such device (os error 19)",
  ]);
  const membership = await socket.joinMulticastV4("224.0.0.251", "0.0.0.0");
  assertEquals(await join("224.0.0.251", "0.0.0.0"), IN_USE);
  assertEquals(await failed(() => membership.setTTL(400)), INVALID);
  await membership.setTTL(255);
  await membership.setTTL(-1);
  await membership.setLoopback(true);
  await membership.leave();
  assertEquals(await failed(() => membership.leave()), [
    "AddrNotAvailable",
    "EADDRNOTAVAIL",
    "Cannot assign requested address (os error 99)",
  ]);
  socket.close();
  assertEquals(await join("224.0.0.251", "0.0.0.0"), CLOSED);
  assertEquals(await failed(() => membership.setTTL(4)), CLOSED);
  assertEquals(await failed(() => membership.leave()), CLOSED);
});

/** The payloads' first bytes that a socket gets without waiting. */
async function drained(socket: AnyDatagram): Promise<number[]> {
  const values: number[] = [];
  for (;;) {
    const next = socket.receive();
    next.catch(() => {});
    if (await isPending(next)) return values;
    values.push((await next)[0][0]);
  }
}

for (const [family, group] of [["IPv4", "239.1.2.3"], ["IPv6", "ff02::fb"]] as const) {
  Deno.test(`a group's members get what is sent to it, over ${family}`, async () => {
    // Goal: members of another host; of this one only when looped back; nobody after leaving.
    const stacks = await openTwo();
    const hostname = family === "IPv4" ? "0.0.0.0" : "::";
    const sockets = stacks.map((stack, index) =>
      stack.listenDatagram({ transport: "udp", port: 5353, hostname, loopback: index === 1 })
    );
    const join = (socket: DatagramConn) =>
      family === "IPv4"
        ? socket.joinMulticastV4(group, "0.0.0.0")
        : socket.joinMulticastV6(group, 0);
    const everyone = { transport: "udp", hostname: group, port: 5353 } as const;
    const [a, b] = sockets;
    await a.send(bytes(1), everyone);
    assertEquals(await drained(b), [], "no member yet");
    const memberships = [await join(a), await join(b)];
    await a.send(bytes(2), everyone);
    await b.send(bytes(3), everyone);
    // What `drained` has asked for before is served first.
    await until(() => stacks[1].stats().counters.datagramsIn === 2, "both have arrived");
    assertEquals(stacks[0].stats().counters.datagramsIn, 1);
    await memberships[1].leave();
    await a.send(bytes(4), everyone);
    await until(() => (stacks[1].stats().drops.udpNoSocket ?? 0) === 2, "nobody takes it");
    await memberships[1].setLoopback(false);
    for (const socket of sockets) socket.close();
    for (const stack of stacks) await stack.close();
  });
}

Deno.test("broadcasts reach the sockets of every address, and no other", async () => {
  // Goal: 255.255.255.255 and that of the network, as on a network of the kernel.
  const stacks = await openTwo();
  const everywhere = stacks[1].listenDatagram({ transport: "udp", port: 6000 });
  const bound = stacks[1].listenDatagram({ transport: "udp", port: 6001, hostname: "10.7.0.2" });
  const client = stacks[0].listenDatagram({ transport: "udp", port: 0 });
  for (const hostname of ["255.255.255.255", "10.7.0.255"]) {
    await client.send(bytes(1), { transport: "udp", hostname, port: 6000 });
    const [, from] = await everywhere.receive();
    assertEquals((from as Deno.NetAddr).hostname, "10.7.0.1");
    await client.send(bytes(1), { transport: "udp", hostname, port: 6001 });
  }
  await until(() => stacks[1].stats().drops.udpNoSocket === 2, "the other socket gets none");
  assertEquals(stacks[1].stats().counters.udpErrorsOut, 0, "nobody is told");
  for (const socket of [everywhere, bound, client]) socket.close();
  for (const stack of stacks) await stack.close();
});

Deno.test("a full queue drops what comes, counted; a receive makes room", async () => {
  // Goal: memory never depends on what a peer sends.
  const net = await openAlone({ receiveBufferBytes: 2048 });
  const server = net.listenDatagram({ transport: "udp", port: 0, hostname: "127.0.0.1" });
  const client = net.listenDatagram({ transport: "udp", port: 0, hostname: "127.0.0.1" });
  for (let i = 0; i < 30; i++) await client.send(new Uint8Array(56).fill(i), server.addr);
  await until(() => net.stats().drops.udpQueueFull === 10, "twenty of 100 bytes fit");
  assertEquals(net.sockets()[0].receiveBytes, 2000);
  for (let i = 0; i < 20; i++) assertEquals((await server.receive())[0][0], i);
  await client.send(new Uint8Array(5000), server.addr);
  assertEquals((await server.receive())[0].length, 5000, "one always fits");
  server.close();
  client.close();
  await net.close();
});

Deno.test("a send that finds no room waits, in order, and close gives it up", async () => {
  // Goal: back-pressure to who sends, and nothing lost that was promised.
  const net = await openAlone({ sendBufferBytes: 2048, receiveBufferBytes: 1024 * 1024 });
  const server = net.listenDatagram({ transport: "udp", port: 0, hostname: "127.0.0.1" });
  const client = net.listenDatagram({ transport: "udp", port: 0, hostname: "127.0.0.1" });
  const sends = Array.from({ length: 200 }, (_, i) => client.send(bytes(i), server.addr));
  assert(await isPending(sends[199]) === false || net.sockets().length === 2);
  assertEquals(await Promise.all(sends), new Array(200).fill(1));
  for (let i = 0; i < 200; i++) assertEquals((await server.receive())[0][0], i);
  const last = Array.from({ length: 200 }, (_, i) => client.send(bytes(i), server.addr));
  const results = Promise.allSettled(last);
  client.close();
  const rejected = (await results).filter(({ status }) => status === "rejected").length;
  assertEquals(rejected, 200 - Math.floor(2048 / 45));
  server.close();
  await net.close();
});

Deno.test("sends that find the memory full wait for it, and what it can never hold is refused", async () => {
  // Goal: back-pressure by the pool that all sockets and connections share, and no deadlock.
  const net = await open({
    ...{ device: memoryPair()[0], address: "10.7.0.2/24" },
    ...{ tcp: { sendMemoryBytes: 65_536 }, udp: { receiveBufferBytes: 1024 * 1024 } },
  });
  const sockets = [1, 2].map((port) => net.listenDatagram({ transport: "udp", port }));
  const [server, client] = sockets;
  const sends = sockets.flatMap((socket) =>
    Array.from({ length: 10 }, (_, i) => {
      const addr = { transport: "udp", hostname: "10.7.0.2", port: 1 } as const;
      return socket.send(new Uint8Array(20_000).fill(i), addr);
    })
  );
  assertEquals(await Promise.all(sends), new Array(20).fill(20_000));
  const seen = new Map<number, number>();
  for (let i = 0; i < 20; i++) {
    const [payload, { port }] = await server.receive();
    assertEquals(payload[0], seen.get(port) ?? 0);
    seen.set(port, payload[0] + 1);
  }
  const tooMuch = () =>
    client.send(new Uint8Array(65_507), { ...server.addr, hostname: "127.0.0.1" });
  assertEquals((await failed(tooMuch))[1], "ENOBUFS");
  for (const socket of sockets) socket.close();
  await net.close();
});

Deno.test("as many sockets as the stack may have, and one more", async () => {
  // Goal: a named limit; closing one makes room again.
  const net = await openAlone({ maxSockets: 2 });
  const open = () => net.listenDatagram({ transport: "udp", port: 0 });
  const [first, second] = [open(), open()];
  assertNotEquals(first.addr.port, second.addr.port);
  assertEquals((await failed(open)).slice(0, 2), ["Busy", "EMFILE"]);
  first.close();
  await until(() => net.stats().counters.datagramSocketsNow === 1, "the row is free");
  await until(() => {
    try {
      open().close();
      return true;
    } catch {
      return false;
    }
  }, "there is room again");
  second.close();
  await net.close();
});

Deno.test("closing the stack interrupts what is pending", async () => {
  // Goal: nothing hangs, and the socket is closed with the stack.
  const net = await openAlone();
  const socket = net.listenDatagram({ transport: "udp", port: 0 });
  const pending = failed(() => socket.receive());
  await net.close();
  assertEquals(await pending, ["Interrupted", "EINTR", "operation canceled"]);
  assertEquals(await failed(() => socket.receive()), CLOSED);
  assertEquals(
    (await failure(() => net.listenDatagram({ transport: "udp", port: 0 }))).name,
    "BadResource",
  );
});

Deno.test("where no way leads", async () => {
  // Goal: no address of the family, a loopback source for the world, a foreign family.
  const net = await openAlone();
  const send = (hostname: string, bound: string) => {
    const socket = net.listenDatagram({ transport: "udp", port: 0, hostname: bound });
    return failed(() => socket.send(bytes(1), { transport: "udp", hostname, port: 9 }))
      .finally(() => socket.close());
  };
  const unreachable = [
    "NetworkUnreachable",
    "ENETUNREACH",
    "Network is unreachable (os error 101)",
  ];
  assertEquals(await send("10.7.0.1", "127.0.0.1"), INVALID);
  assertEquals(await send("127.0.0.1", "::1"), unreachable);
  assertEquals((await send("not a host", "0.0.0.0"))[0], "TypeError");
  await net.close();
});
