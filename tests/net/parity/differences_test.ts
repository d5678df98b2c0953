/** Each difference of docs/differences.md, as an observation that gives one value on the kernel and another here. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { connected, failure, readAll, settled, turn, type World, worlds } from "../worlds.ts";

/** What is observed in a world, and what it is in each of the two. */
interface Difference {
  observe(world: World): Promise<unknown>;
  readonly onKernel: unknown;
  readonly onStack: unknown;
}

async function failedListen(world: World, options: Record<string, unknown>): Promise<string> {
  try {
    world.raw.listen({ port: 0, ...options }).close();
    await turn();
    return "no error";
  } catch (error) {
    return (error as Error).name;
  }
}

/** Both ends, when one has been given bytes that it has not read and then closed. */
async function closedUnread(world: World): Promise<string> {
  using pair = await connected(world);
  await pair.client.write(Uint8Array.of(1));
  await settled();
  pair.server.close();
  await settled();
  return await readAll(pair.client).then(() => "end", (error) => error.name);
}

/** How many of some writes failed because a close came in the same turn. */
async function interruptedWrites(world: World): Promise<boolean> {
  let failures = 0;
  for (let i = 0; i < 20; i++) {
    using pair = await connected(world);
    const writing = pair.server.write(Uint8Array.of(1));
    pair.server.close();
    await writing.catch(() => failures++);
  }
  return failures > 0;
}

/** What a read gives whose buffer is transferred while it waits, and what the next one then gives. */
async function givenAway(world: World): Promise<unknown[]> {
  using pair = await connected(world);
  const target = new Uint8Array(4);
  const waiting = pair.client.read(target);
  structuredClone(target.buffer, { transfer: [target.buffer] });
  await pair.server.write(Uint8Array.of(1, 2, 3));
  const first = await waiting;
  await pair.server.closeWrite();
  return [first, await pair.client.read(new Uint8Array(4))];
}

/** How sending datagrams to these ports ends. */
async function sendTo(world: World, ports: readonly number[]): Promise<string[]> {
  const options = { transport: "udp", hostname: "127.0.0.1", port: 0 } as const;
  const socket = (world.stacks[0] ?? Deno).listenDatagram(options);
  const outcomes = ports.map(async (port) => {
    try {
      await socket.send(Uint8Array.of(1), { ...options, port });
      return "sent";
    } catch (error) {
      return (error as Error).name;
    }
  });
  const names = await Promise.all(outcomes);
  socket.close();
  return names;
}

/** By the headings of docs/differences.md. */
const DIFFERENCES: Readonly<Record<string, Difference>> = {
  "Names are not resolved": {
    observe: (world) => failedListen(world, { hostname: "name.invalid" }),
    onKernel: "Error",
    onStack: "TypeError",
  },
  "Short forms of addresses are refused": {
    observe: (world) =>
      Promise.all(
        ["127.1", "2130706433", "0x7f.1", "127.0.0.01"].map((hostname) =>
          failedListen(world, { hostname })
        ),
      ),
    onKernel: Array(4).fill("no error"),
    onStack: Array(4).fill("TypeError"),
  },
  "Zones are refused": {
    observe: (world) => failedListen(world, { hostname: "::1%1" }),
    onKernel: "no error",
    onStack: "TypeError",
  },
  "Messages say more": {
    async observe(world) {
      const listener = world.listen({ port: 0 });
      const { port } = listener.addr;
      listener.close();
      const { message } = await failure(() => world.connect({ port }));
      return message.replace(String(port), "PORT");
    },
    onKernel: "Connection refused (os error 111)",
    onStack: "Connection refused (os error 111): nothing listens on 10.7.0.2:PORT",
  },
  "A transport that is not TCP is a TypeError": {
    observe: (world) => failedListen(world, { transport: "sctp" }),
    onKernel: "ReferenceError",
    onStack: "TypeError",
  },
  "A backlog is a number from 1 to 65535": {
    observe: (world) =>
      Promise.all(
        [0, -1, 1.5, 1e6].map((tcpBacklog) => failedListen(world, { tcpBacklog })),
      ),
    onKernel: Array(4).fill("no error"),
    onStack: Array(4).fill("RangeError"),
  },
  "An address that one cannot answer from cannot be listened on": {
    observe: (world) =>
      Promise.all(
        ["255.255.255.255", "224.0.0.1"].map((hostname) => failedListen(world, { hostname })),
      ),
    onKernel: ["no error", "no error"],
    onStack: ["AddrNotAvailable", "AddrNotAvailable"],
  },
  "Closing with unread data is a reset": {
    observe: closedUnread,
    onKernel: "end",
    onStack: "ConnectionReset",
  },
  "A write has happened when it returns": {
    observe: interruptedWrites,
    onKernel: true,
    onStack: false,
  },
  "A buffer that is given away loses no bytes": {
    observe: givenAway,
    onKernel: [3, null],
    onStack: [0, 3],
  },
  "A port to send a datagram to is checked": {
    observe: (world) => sendTo(world, [65_537, 9.5]),
    onKernel: ["sent", "sent"],
    onStack: ["RangeError", "TypeError"],
  },
  "What returns nothing returns undefined": {
    async observe(world) {
      using pair = await connected(world);
      const { client } = pair;
      return [client.setNoDelay(), client.setKeepAlive(), await client.closeWrite()];
    },
    onKernel: [null, null, null],
    onStack: [undefined, undefined, undefined],
  },
  "Addresses are ordinary objects": {
    async observe(world) {
      using pair = await connected(world);
      return Object.getPrototypeOf(pair.client.localAddr) === Object.prototype;
    },
    onKernel: false,
    onStack: true,
  },
  "There are more members and options": {
    async observe(world) {
      using pair = await connected(world);
      const prototype = Object.getPrototypeOf(pair.client);
      return [..."info abort setLinger setUserTimeout setCongestionControl".split(" ")]
        .map((name) => name in pair.client)
        .concat(Object.getPrototypeOf(prototype) === Object.prototype);
    },
    onKernel: Array(6).fill(false),
    onStack: Array(6).fill(true),
  },
};

Deno.test("docs/differences.md lists the differences that are shown here, and no others", async () => {
  // Goal: neither a difference without its reason nor a reason without its difference.
  const page = await Deno.readTextFile(new URL("../../../docs/differences.md", import.meta.url));
  const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
  assertEquals(headings, Object.keys(DIFFERENCES));
});

for (const [name, { observe, onKernel, onStack }] of Object.entries(DIFFERENCES)) {
  Deno.test(`differs on purpose: ${name}`, async () => {
    // Goal: the values of both, so that a change on either side is seen.
    assertNotEquals(onKernel, onStack);
    for (const [where, expected] of [["kernel", onKernel], ["stack", onStack]] as const) {
      const world = await worlds[where]();
      try {
        assertEquals(await observe(world), expected, where);
      } finally {
        await Promise.all(world.stacks.map((stack) => stack.close()));
      }
      assert(world.stacks.length === (where === "kernel" ? 0 : 2));
    }
  });
}
