import { assert, assertEquals, assertThrows } from "@std/assert";
import { open, type Stack, type UdpFlow } from "../../mod.ts";
import { testNeeding } from "../support/skip.ts";
import { SHAPES, TUN } from "./tun_stacks.ts";
import { openTwo, until } from "./worlds.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function withTwo(body: (client: Stack, gateway: Stack) => Promise<void>): Promise<void> {
  const [client, gateway] = await openTwo();
  try {
    await body(client, gateway);
  } finally {
    await Promise.all([client.close(), gateway.close()]);
  }
}

for (
  const [family, elsewhere, any] of [
    ["IPv4", "203.0.113.5", "0.0.0.0"],
    ["IPv6", "2001:db8::5", "::"],
  ]
) {
  Deno.test(`datagrams to a foreign address are a flow, and answers come from there (${family})`, async () => {
    await withTwo(async (client, gateway) => {
      const flows: UdpFlow[] = [];
      gateway.forward({ transport: "udp" }, async (flow) => {
        flows.push(flow);
        using conn = flow.accept();
        for await (const payload of conn) {
          await conn.send(encoder.encode(`echo ${decoder.decode(payload)}`));
        }
      });
      using socket = client.listenDatagram({ transport: "udp", port: 0, hostname: any });
      const to = { transport: "udp", hostname: elsewhere, port: 53 } as const;
      for (const text of ["one", "two", ""]) {
        await socket.send(encoder.encode(text), to);
        const [payload, from] = await socket.receive();
        assertEquals([decoder.decode(payload), from], [`echo ${text}`, to]);
      }
      assertEquals(flows.length, 1);
      assertEquals(flows[0].localAddr, to);
      assertEquals(flows[0].remoteAddr.port, (socket.addr as Deno.NetAddr).port);
    });
  });

  Deno.test(`a rejected datagram is answered with ICMP, a dropped one with nothing (${family})`, async () => {
    await withTwo(async (client, gateway) => {
      let offered = 0;
      gateway.forward({ transport: "udp" }, (flow) => {
        offered++;
        if (flow.localAddr.port === 1) flow.reject("port");
        else flow.drop();
        assert(flow.decided);
        assertThrows(() => flow.accept(), Deno.errors.BadResource);
      });
      using socket = client.listenDatagram({ transport: "udp", port: 0, hostname: any });
      await socket.send(new Uint8Array(9), { transport: "udp", hostname: elsewhere, port: 2 });
      await socket.send(new Uint8Array(9), { transport: "udp", hostname: elsewhere, port: 1 });
      await until(() => client.stats().counters.udpErrorsIn === 1, "the error has come");
      assertEquals([offered, gateway.stats().counters.flowErrorsOut], [2, 1]);
    });
  });
}

Deno.test("a handler that throws rejects the flow, and a flow that is closed begins anew", async () => {
  await withTwo(async (client, gateway) => {
    const errors: unknown[] = [];
    let offered = 0;
    gateway.forward({ transport: "udp", onError: (error) => errors.push(error) }, (flow) => {
      if (++offered === 1) flow.accept().close();
      else throw new Error("no idea");
    });
    using socket = client.listenDatagram({ transport: "udp", port: 0 });
    const to = { transport: "udp", hostname: "203.0.113.5", port: 7 } as const;
    await socket.send(new Uint8Array(1), to);
    await until(() => offered === 1, "the first flow has come");
    await socket.send(new Uint8Array(1), to);
    await until(() => errors.length === 1, "the second one has failed");
    assertEquals(String(errors[0]), "Error: no idea");
  });
});

Deno.test("the filter decides on datagrams in the stage, and a forward that is closed takes none", async () => {
  await withTwo(async (client, gateway) => {
    const seen: number[] = [];
    let pending: Promise<unknown> = Promise.resolve();
    const forwarder = gateway.forward({ transport: "udp", filter: { ports: 53 } }, (flow) => {
      seen.push(flow.localAddr.port);
      const conn = flow.accept();
      pending = conn.receive().then(() => conn.receive()).catch((error) => error);
    });
    using socket = client.listenDatagram({ transport: "udp", port: 0 });
    const send = (port: number) =>
      socket.send(new Uint8Array(1), { transport: "udp", hostname: "203.0.113.5", port });
    await send(54);
    await send(53);
    await until(() => seen.length === 1, "the flow has come");
    assertEquals([seen, gateway.stats().drops.forwardFiltered], [[53], 1]);
    forwarder.close();
    const error = await pending;
    assert(error instanceof Deno.errors.Interrupted, String(error));
    await send(53);
    await until(() => gateway.stats().drops.ipDestinationForeign === 1, "nobody takes it");
    assertEquals(seen.length, 1);
  });
});

for (const pipeline of SHAPES) {
  testNeeding(
    TUN,
    `datagrams of the kernel go through a forward and back (${pipeline})`,
    async () => {
      const device = `wsudpf${SHAPES.indexOf(pipeline)}`;
      await using net = await open({
        device,
        address: "10.78.0.2/24",
        hostAddress: "10.78.0.1/24",
        pipeline,
      });
      const { success } = await new Deno.Command("ip", {
        args: ["route", "add", "203.0.113.0/24", "dev", device],
      }).output();
      assert(success);
      net.forward({ transport: "udp" }, async (flow) => {
        const conn = flow.accept();
        for await (const payload of conn) await conn.send(payload);
      });
      const socket = Deno.listenDatagram({ transport: "udp", hostname: "10.78.0.1", port: 0 });
      const late = setTimeout(() => socket.close(), 10_000);
      for (let i = 0; i < 100; i++) {
        const to = { transport: "udp", hostname: `203.0.113.${1 + i}`, port: 1000 + i } as const;
        await socket.send(encoder.encode(`datagram ${i}`), to);
        const [payload, from] = await socket.receive();
        assertEquals([decoder.decode(payload), from], [`datagram ${i}`, to]);
      }
      clearTimeout(late);
      socket.close();
    },
  );
}
