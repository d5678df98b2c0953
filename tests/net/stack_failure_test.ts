import { assert, assertEquals } from "@std/assert";
import {
  memoryPair,
  open,
  Stack,
  systemClock,
  systemRandom,
  type TcpConn,
  type UdpFlow,
} from "../../mod.ts";
import { parseCidr } from "../../src/base/address.ts";
import { TunDevice } from "../../src/device/tun.ts";
import { ThreadedPipeline } from "../../src/pipeline/threads.ts";
import { Field } from "../../src/pipeline/messages.ts";
import { DEFAULT_DIMENSIONS, type Layout } from "../../src/ring/layout.ts";
import { RingProducer } from "../../src/ring/ring.ts";
import { Row } from "../../src/ring/row.ts";
import { tcpConfig } from "../../src/tcp/config.ts";
import { ipConfig } from "../../src/ip/config.ts";
import { udpConfig } from "../../src/udp/config.ts";
import { testNeeding } from "../support/skip.ts";
import { openOnTun, SHAPES, TUN, untilUsage, usage } from "./tun_stacks.ts";
import { Cable } from "./virtual_pair.ts";
import { openAlone, turn, until } from "./worlds.ts";

/** What a call failed with. */
async function rejection(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    assert(error instanceof Error);
    return error;
  }
  throw new Error("The call did not fail");
}

interface Victim {
  readonly net: Stack;
  /** An established connection. */
  readonly conn: TcpConn;
  /** An address at which nobody answers. */
  readonly nobody: string;
}

/** Makes every kind of call wait, has `kill` end the pipeline, and looks at what became of them. */
async function assertAllFail(victim: Victim, kill: () => unknown, cause: RegExp): Promise<void> {
  const { net, conn, nobody } = victim;
  const listener = net.listen({ port: 100 });
  const looped = net.listen({ port: 101 });
  const reading = rejection(() => conn.read(new Uint8Array(1)));
  const stream = rejection(() => conn.readable.getReader().read());
  const accepting = rejection(() => listener.accept());
  const looping = rejection(async () => {
    for await (const other of looped) other.close();
  });
  const socket = net.listenDatagram({ transport: "udp", port: 100 });
  const receiving = rejection(() => socket.receive());
  const connecting = rejection(() => net.connect({ hostname: nobody, port: 80 }));
  await turn();
  await kill();
  const closed = await rejection(() => net.closed);
  assertEquals([closed.name, Reflect.get(closed, "code")], ["ConnectionAborted", "ECONNABORTED"]);
  assert(closed.cause instanceof Error);
  assert(cause.test(closed.cause.message), closed.cause.message);
  for (const pending of [reading, stream, accepting, looping, connecting, receiving]) {
    assert(await pending === closed);
  }
  const later = [
    () => net.listen({ port: 102 }),
    () => net.connect({ port: 102 }),
    () => listener.accept(),
    () => conn.read(new Uint8Array(1)),
    () => conn.write(new Uint8Array(1)),
    () => conn.closeWrite(),
    () => net.listenDatagram({ transport: "udp", port: 103 }),
    () => socket.receive(),
    () => socket.send(new Uint8Array(1), socket.addr),
  ];
  for (const call of later) assert(await rejection(call) === closed);
  // Letting go of what is dead is no error.
  conn[Symbol.dispose]();
  listener[Symbol.dispose]();
  socket[Symbol.dispose]();
  assertEquals(net.connections(), []);
  await net.close();
}

Deno.test("a device that throws ends an inline stack, and everybody hears of it", async () => {
  // Goal: API.md: nothing hangs, and the cause is the error itself.
  let isBroken = false;
  const device = new class extends Cable {
    override receive(memory: Uint8Array, offset: number, limit: number): number {
      if (isBroken) throw new Error("the device is on fire");
      return super.receive(memory, offset, limit);
    }
  }(memoryPair()[0]);
  const net = await open({ device });
  const listener = net.listen({ port: 7 });
  const [conn] = await Promise.all([net.connect({ port: 7 }), listener.accept()]);
  const kill = () => {
    isBroken = true;
    conn.setNoDelay(); // Something to do, so that the stack looks at its device.
  };
  await assertAllFail({ net, conn, nobody: "10.7.0.9" }, kill, /on fire/);
});

Deno.test("datagrams that wait to go, and flows, hear of it when an inline stack ends", async () => {
  // Goal: of UDP too nothing hangs: sends for which there was no room, and flows that nobody has closed.
  let isBroken = false;
  const [near, far] = memoryPair();
  const device = new class extends Cable {
    override receive(memory: Uint8Array, offset: number, limit: number): number {
      if (isBroken) throw new Error("the device is on fire");
      return super.receive(memory, offset, limit);
    }
  }(near);
  const net = await open({ device, address: "10.7.0.2/24" });
  const client = await open({ device: far, address: "10.7.0.1/24" });
  const flows: UdpFlow[] = [];
  const forwarder = net.forward({ transport: "udp" }, (flow) => void flows.push(flow));
  const socket = client.listenDatagram({ transport: "udp", port: 0 });
  for (const port of [1, 2, 3]) {
    await socket.send(new Uint8Array(1), { transport: "udp", hostname: "203.0.113.5", port });
  }
  await until(() => flows.length === 3, "the flows have come");
  const [answering, looping] = flows.slice(0, 2).map((flow) => flow.accept());
  await answering.receive();
  const sender = net.listenDatagram({ transport: "udp", port: 0 });
  const nobody = { transport: "udp", hostname: "10.7.0.9", port: 9 } as const;
  const payload = new Uint8Array(60_000);
  // The device breaks before the stack gets to send: of five only three have room.
  isBroken = true;
  const sends = [1, 2, 3, 4, 5].map(() => answering.send(payload).catch((error) => error));
  const others = [1, 2, 3, 4, 5].map(() => sender.send(payload, nobody).catch((error) => error));
  const receiving = rejection(() => answering.receive());
  const iterating = rejection(async () => {
    for await (const _payload of looping);
  });
  const closed = await rejection(() => net.closed);
  assert(closed.cause instanceof Error && closed.cause.message === "the device is on fire");
  for (const results of [await Promise.all(sends), await Promise.all(others)]) {
    assertEquals(results.slice(0, 3), [60_000, 60_000, 60_000]);
    assertEquals(results.slice(3), [closed, closed]);
  }
  assert(await receiving === closed);
  assert(await iterating === closed);
  const late = flows[2].accept();
  assertEquals(await late.receive(), new Uint8Array(1), "what has come before is still there");
  assert(await rejection(() => late.receive()) === closed);
  assert(await rejection(() => late.send(payload)) === closed);
  answering.close();
  forwarder[Symbol.dispose]();
  await Promise.all([net.close(), client.close()]);
});

Deno.test("a stack that failed and is closed then is closed, not failed twice", async () => {
  // Goal: close after failure resolves, and a failure after close is no failure.
  const net = await openAlone();
  await net.close();
  await net.closed;
  assertEquals(net.connections(), []);
});

/** Puts a command that does not exist into the ring, about the connection in row 0. */
function sendNonsense(layout: Layout): void {
  const ring = new RingProducer(layout.commands);
  const at = ring.claim();
  ring.words[at + Field.op] = 99;
  ring.words[at + Field.row] = 0;
  ring.words[at + Field.generation] = layout.words[layout.row(0) + Row.generation];
  ring.push();
  ring.publish();
}

for (const shape of ["split", "fused"] as const) {
  testNeeding(TUN, `${shape}: a thread that throws ends the stack with its error`, async () => {
    // Goal: the error crosses from the thread, and the other threads end too.
    const round = async () => {
      const prefix = parseCidr("10.79.0.2/24", "address");
      const tun = TunDevice.open({ name: "wsdie0" });
      tun.configure({ hostAddress: [parseCidr("10.79.0.1/24", "hostAddress")] });
      const [pipeline] = await ThreadedPipeline.start({
        shape,
        tuns: [tun],
        dimensions: DEFAULT_DIMENSIONS,
        settings: {
          ...{ addresses: [prefix.address], broadcasts: [], traced: false },
          ...{ config: tcpConfig(), udp: udpConfig(), ip: ipConfig() },
        },
      });
      const net = new Stack({
        pipelines: [pipeline],
        prefixes: [prefix],
        clock: systemClock,
        random: systemRandom,
        udp: udpConfig(),
        routes: [],
      });
      const listener = net.listen({ port: 7 });
      const [conn] = await Promise.all([net.connect({ port: 7 }), listener.accept()]);
      const kill = () => {
        sendNonsense(pipeline.layout);
        pipeline.tcpBell.ring();
      };
      await assertAllFail({ net, conn, nobody: "10.79.0.9" }, kill, /unknown command, 99/);
    };
    await round();
    const before = usage();
    await round();
    await untilUsage(before);
  });
}

for (const shape of SHAPES) {
  testNeeding(TUN, `${shape}: an interface that goes away ends the stack`, async () => {
    // Goal: `ip link del` under a running stack is told to everybody, with the interface's name.
    const { net, device, host } = await openOnTun(shape);
    const listener = net.listen({ port: 7 });
    const [conn] = await Promise.all([net.connect({ port: 7 }), listener.accept()]);
    const kill = async () => {
      const { success } = await new Deno.Command("ip", { args: ["link", "del", device] }).output();
      assert(success);
      await until(() => !Deno.readTextFileSync("/proc/net/dev").includes(device), "it is gone");
    };
    const nobody = host.replace(/1$/, "9");
    await assertAllFail({ net, conn, nobody }, kill, new RegExp(device));
  });
}
