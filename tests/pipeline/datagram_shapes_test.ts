// The three shapes of the pipeline, with offload and without, against the kernel's UDP: the same datagrams, the same
// counts, and nothing left behind.
import { assert, assertEquals } from "@std/assert";
import type { PipelineShape, Stack } from "../../mod.ts";
import { ip, until } from "../support/process.ts";
import { seededBytes } from "../support/payload.ts";
import { testNeeding } from "../support/skip.ts";
import { FAMILY_PLACES, openStack } from "../support/stack.ts";

const SEED = 41;
/** Nothing, a byte, odd lengths, all of a frame over either family, and one byte more. */
const LENGTHS: readonly number[] = [
  0,
  1,
  2,
  17,
  511,
  1232,
  1452,
  1453,
  1472,
  1473,
  3000,
  9001,
  65_507,
];

const SHAPES = (["split", "fused", "inline"] as const).flatMap((pipeline) =>
  [true, false].map((offload) => ({ pipeline, offload }))
);

type Socket = ReturnType<Stack["listenDatagram"]>;

/** Deno's socket is unstable, so its type is there only for who asks for it. */
const kernel = Deno as unknown as {
  listenDatagram(options: { transport: "udp"; hostname: string; port: number }): Socket;
};

function payload(length: number): Uint8Array {
  return seededBytes(SEED + length, length);
}

function addr(hostname: string, socket: Socket): Deno.NetAddr {
  return { transport: "udp", hostname, port: (socket.addr as Deno.NetAddr).port };
}

/** What tells that the kernel takes datagrams in: longer than nothing, and unlike what is tested. */
const READY = new TextEncoder().encode("ready");

/** Sends until one arrives: an address of IPv6 is not the kernel's at once. Gives how many that took. */
async function untilReady(own: Socket, peer: Socket, hostname: string): Promise<number> {
  const arrived = peer.receive().then(() => true);
  for (let sent = 1;; sent++) {
    await own.send(READY, addr(hostname, peer));
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 200));
    if (await Promise.race([arrived, late])) return sent;
    if (sent === 50) throw new Error("The kernel takes nothing in");
  }
}

/** The next datagram that is not one of those. */
async function receiveNext(socket: Socket): ReturnType<Socket["receive"]> {
  for (;;) {
    const received = await socket.receive();
    if (received[0].length !== READY.length) return received;
  }
}

async function assertReleased(net: Stack): Promise<void> {
  const rest = () => ({ ...net.stats().memory, now: net.stats().counters.datagramSocketsNow });
  await until("all memory is given back", () => {
    const { sendBytes, receiveBytes, now } = rest();
    return sendBytes === 0 && receiveBytes === 0 && now === 0;
  }, rest);
}

for (const { pipeline, offload } of SHAPES) {
  for (const { name: family, stack, host, headerBytes } of FAMILY_PLACES) {
    const what = `shapes of UDP: ${pipeline}, offload ${offload ? "on" : "off"}, ${family}`;
    // What the kernel sends in fragments is for reassembly.
    const arriving = LENGTHS.filter((length) => length + headerBytes + 8 <= 1500);

    testNeeding(
      { tun: true, programs: ["python3"] },
      `${what}: the same datagrams both ways`,
      async () => {
        await using net = await openStack({ device: "wsudp0", pipeline, offload });
        const own = net.listenDatagram({ transport: "udp", hostname: stack, port: 5000 });
        const peer = kernel.listenDatagram({ transport: "udp", hostname: host, port: 0 });
        const extra = await untilReady(own, peer, host);
        for (const length of arriving) await peer.send(payload(length), addr(stack, own));
        for (const length of arriving) {
          const [bytes, from] = await own.receive();
          assertEquals([bytes.length, from.hostname], [length, host]);
          assert(bytes.every((byte, i) => byte === payload(length)[i]));
        }
        for (const length of LENGTHS) {
          await own.send(payload(length), addr(host, peer));
          const [bytes, from] = await receiveNext(peer);
          assertEquals([bytes.length, from.hostname, from.port], [length, stack, 5000]);
          assertEquals(bytes, payload(length));
        }
        const { counters, drops } = net.stats();
        assertEquals(
          [counters.datagramsIn, counters.datagramsOut, counters.datagramBytesOut],
          [
            arriving.length,
            LENGTHS.length + extra,
            LENGTHS.reduce((sum, length) => sum + length, 0) + extra * READY.length,
          ],
        );
        // The kernel's neighbour discovery and multicast reports are dropped, and nothing of ours.
        assertEquals(Object.keys(drops).filter((name) => name.startsWith("udp")), []);
        assert(counters.fragmentsOut > 45 + 7);
        own.close();
        peer.close();
        await assertReleased(net);
      },
    );

    testNeeding(
      { tun: true },
      `${what}: a closed port is told of, as the kernel tells`,
      async () => {
        // Goal: the kernel's connected socket hears ECONNREFUSED, and the stack counts both sides' errors.
        await using net = await openStack({ device: "wsudp0", pipeline, offload });
        const code = await refusedBy(stack);
        assertEquals(code, 111);
        await until(
          "it is counted",
          () => net.stats().counters.udpErrorsOut === 1,
          () => net.stats(),
        );
        const own = net.listenDatagram({ transport: "udp", hostname: stack, port: 0 });
        await own.send(payload(3), { transport: "udp", hostname: host, port: 9 });
        await until("the kernel has answered", () => net.stats().counters.udpErrorsIn === 1);
        own.close();
      },
    );
  }
}

/** The errno with which a connected socket of the kernel hears of a datagram to port 9 of that address. */
async function refusedBy(hostname: string): Promise<number> {
  const script = `
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(10)
s.connect((sys.argv[1], 9))
s.send(b"x" * 700)
try:
    s.recv(1)
except OSError as error:
    print(error.errno)
`;
  const { stdout } = await new Deno.Command("python3", { args: ["-c", script, hostname] }).output();
  return Number(new TextDecoder().decode(stdout));
}

for (const pipeline of ["split", "fused"] as const satisfies readonly PipelineShape[]) {
  testNeeding({ tun: true }, `shapes of UDP: ${pipeline} with three queues`, async () => {
    // Goal: whichever queue a datagram comes by, its socket gets it, and the answer arrives.
    await using net = await openStack({ device: "wsudp0", pipeline, queues: 3 });
    const { stack, host } = FAMILY_PLACES[0];
    const own = net.listenDatagram({ transport: "udp", hostname: stack, port: 5000 });
    const peers = Array.from(
      { length: 20 },
      () => kernel.listenDatagram({ transport: "udp", hostname: host, port: 0 }),
    );
    for (let round = 0; round < 3; round++) {
      for (const [index, peer] of peers.entries()) {
        await peer.send(Uint8Array.of(index, round), addr(stack, own));
      }
      for (let i = 0; i < peers.length; i++) {
        const [bytes, from] = await own.receive();
        await own.send(bytes, from);
      }
      for (const [index, peer] of peers.entries()) {
        assertEquals((await peer.receive())[0], Uint8Array.of(index, round));
      }
    }
    own.close();
    for (const peer of peers) peer.close();
    await assertReleased(net);
  });
}

for (const { pipeline, offload } of SHAPES) {
  const what = `shapes of UDP: ${pipeline}, offload ${offload ? "on" : "off"}: a group`;
  testNeeding({ tun: true, programs: ["ip"] }, `${what} of the kernel and the stack`, async () => {
    // Goal: members on both sides of the TUN get what the other side sends; broadcasts arrive too.
    await using net = await openStack({ device: "wsudp0", pipeline, offload });
    const { host } = FAMILY_PLACES[0];
    await ip("route add 239.1.2.0/24 dev wsudp0");
    const group = { transport: "udp", hostname: "239.1.2.3", port: 5353 } as const;
    const own = net.listenDatagram({ transport: "udp", port: 5353 });
    const peer = kernel.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 5353 });
    await own.joinMulticastV4(group.hostname, "0.0.0.0");
    await peer.joinMulticastV4(group.hostname, host);
    await peer.send(Uint8Array.of(1), group);
    assertEquals((await own.receive())[0], Uint8Array.of(1));
    await own.send(Uint8Array.of(2), group);
    assertEquals((await peer.receive())[0], Uint8Array.of(2));
    const everyone = { ...group, hostname: "10.7.0.255" };
    await peer.send(Uint8Array.of(3), everyone);
    assertEquals((await own.receive())[0], Uint8Array.of(3));
    own.close();
    peer.close();
    await assertReleased(net);
  });
}
