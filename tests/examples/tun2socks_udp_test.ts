// Datagrams through tun2socks and a proxy that does what the test says; two stacks stand for the kernel and the TUN.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { directDatagrams, type OpenWay } from "../../examples/support/datagrams.ts";
import { datagramsViaSocks } from "../../examples/support/socks5_udp.ts";
import { tun2socksUdp } from "../../examples/tun2socks.ts";
import { ManualClock, memoryPair, open, type Stack } from "../../mod.ts";
import { Cable } from "../net/virtual_pair.ts";
import { until } from "../net/worlds.ts";
import { type SocksUdpOptions, SocksUdpProxy, wrapped, wrappedByName } from "./socks_udp_proxy.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const PROTOCOL_AT = 9;
const ICMP = 1;
const ICMP_CODE_AT = 21;
/** ICMP's codes of "destination unreachable". */
const Code = { network: 0, host: 1, port: 3, prohibited: 10 } as const;

/** What a test has: a client, behind it tun2socks, and what that has logged. */
interface Place {
  readonly client: Stack;
  readonly gateway: Stack;
  readonly clock: ManualClock;
  readonly lines: string[];
  /** Codes of the ICMP errors that the client got, over IPv4. */
  readonly icmp: number[];
  /** A socket of the client's that keeps to one target, as a flow does. */
  socket(hostname: string, port: number): FlowSocket;
}

interface FlowSocket extends Disposable {
  send(payload: string | Uint8Array): Promise<unknown>;
  /** The next datagram, which has to be from the target. */
  receive(): Promise<string>;
}

async function withTun2socks(
  openWay: OpenWay,
  body: (place: Place) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock(1_000_000);
  const [a, b] = memoryPair();
  const icmp: number[] = [];
  const device = new class extends Cable {
    override receive(memory: Uint8Array, offset: number, limit: number): number {
      const length = super.receive(memory, offset, limit);
      const isIcmp = length > 0 && memory[offset + PROTOCOL_AT] === ICMP;
      if (isIcmp) icmp.push(memory[offset + ICMP_CODE_AT]);
      return length;
    }
  }(a);
  const address = (last: number) => [`10.7.0.${last}/24`, `fd07::${last}/64`];
  const client = await open({ device, address: address(1), clock });
  const gateway = await open({ device: b, address: address(2), clock });
  const lines: string[] = [];
  tun2socksUdp(gateway, openWay, (line) => lines.push(line));
  const socket = (hostname: string, port: number): FlowSocket => {
    const any = hostname.includes(":") ? "::" : "0.0.0.0";
    const inner = client.listenDatagram({ transport: "udp", hostname: any, port: 0 });
    const to = { transport: "udp", hostname, port } as const;
    return {
      send: (payload) =>
        inner.send(typeof payload === "string" ? encoder.encode(payload) : payload, to),
      async receive() {
        const [payload, from] = await inner.receive();
        assertEquals(from, to);
        return decoder.decode(payload);
      },
      [Symbol.dispose]: () => inner.close(),
    };
  };
  try {
    await body({ client, gateway, clock, lines, icmp, socket });
  } finally {
    await Promise.all([client.close(), gateway.close()]);
  }
}

/** The same with a proxy. */
async function withProxy(
  options: SocksUdpOptions,
  body: (place: Place & { readonly proxy: SocksUdpProxy }) => Promise<void>,
): Promise<void> {
  using proxy = new SocksUdpProxy(options);
  const { user, password } = options;
  const openWay = datagramsViaSocks({ ...proxy.addr, user, password });
  await withTun2socks(openWay, (place) => body({ ...place, proxy }));
  await until(() => proxy.associations.size === 0, "no association is left open");
}

/** Gives every datagram back. */
const echo: Pick<SocksUdpOptions, "onDatagram"> = {
  onDatagram: ({ target, payload, answer }) => answer(wrapped(target, payload)),
};

for (
  const [name, options] of [
    ["", {}],
    ["with a password", { user: "somebody", password: "secret" }],
    ["over IPv6", { hostname: "::1" }],
    ["that names any address of IPv4", { boundHost: "0.0.0.0" }],
    ["that names any address of IPv6", { hostname: "::1", boundHost: "::" }],
    ["that gives a name", { boundHost: "localhost" }],
  ] as const
) {
  Deno.test(`datagrams of both families go through a proxy ${name}`, async () => {
    await withProxy({ ...echo, ...options }, async ({ proxy, socket, lines, clock }) => {
      for (const host of ["203.0.113.5", "2001:db8::5"]) {
        using flow = socket(host, 5000);
        for (const text of ["one", "", "three"]) {
          await flow.send(text);
          assertEquals(await flow.receive(), text);
        }
      }
      // One association for each flow, which lives as long as it; the client's end is not known yet.
      assertEquals([proxy.associated, proxy.associations.size], [2, 2]);
      assertEquals(proxy.asked.map(({ hostname, port }) => [hostname, port]), [
        ["0.0.0.0", 0],
        ["0.0.0.0", 0],
      ]);
      clock.set(clock.now() + 120_000_000);
      await until(() => proxy.associations.size === 0, "the associations have ended");
      await until(() => lines.length === 2, "both flows have been told of");
      for (const line of lines) assert(line.endsWith(": 3 datagrams there, 3 back"), line);
    });
  });
}

Deno.test("flows to port 53 end sooner than others", async () => {
  await withProxy(echo, async ({ proxy, socket, clock }) => {
    using dns = socket("203.0.113.5", 53);
    using other = socket("203.0.113.5", 54);
    for (const flow of [dns, other]) {
      await flow.send("?");
      await flow.receive();
    }
    clock.set(clock.now() + 10_000_000);
    await until(() => proxy.associations.size === 1, "one association has ended");
    clock.set(clock.now() + 100_000_000);
    assertEquals(proxy.associations.size, 1);
  });
});

Deno.test("what the proxy should not have sent is dropped, and counted by its reason", async () => {
  const stranger = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const text = (payload: string) => encoder.encode(payload);
  const proxied: Pick<SocksUdpOptions, "onDatagram"> = {
    async onDatagram({ target, payload, answer }) {
      const right = { hostname: target.hostname, port: target.port };
      const isIpv4 = !target.hostname.includes(":");
      await answer(wrapped(right, text("fragment"), 1));
      await answer(wrapped(right, text("last fragment"), 0x81));
      await answer(wrapped({ ...right, port: right.port + 1 }, text("other port")));
      await answer(wrapped({ ...right, hostname: "203.0.113.6" }, text("other host")));
      await answer(wrapped({ ...right, hostname: "2001:db8::6" }, text("other family")));
      await answer(wrappedByName("elsewhere.test", right.port, text("other name")));
      await answer(wrapped(right, text("stranger")), stranger);
      await answer(Uint8Array.of(0, 0, 0, 9, ...right.hostname.split(".").map(Number), 0, 80));
      for (const length of [0, 3, 4, 9]) await answer(wrapped(right, text("")).subarray(0, length));
      await answer(Uint8Array.of(0, 0, 0, 3, 200, 1, 2));
      // The same address in other forms is right.
      await answer(wrappedByName(right.hostname, right.port, text("by name")));
      if (isIpv4) {
        await answer(wrapped({ ...right, hostname: "::ffff:203.0.113.5" }, text("mapped")));
      }
      await answer(wrapped(right, payload));
    },
  };
  await withProxy(proxied, async ({ socket, clock, lines }) => {
    for (const host of ["203.0.113.5", "2001:db8::5"]) {
      using flow = socket(host, 5000);
      await flow.send("last");
      const expected = host.includes(":") ? ["by name"] : ["by name", "mapped"];
      for (const right of [...expected, "last"]) assertEquals(await flow.receive(), right);
    }
    clock.set(clock.now() + 120_000_000);
    await until(() => lines.length === 2, "both flows have been told of");
    for (const line of lines) {
      assert(line.includes(", 2 dropped (a fragment)"), line);
      assert(line.includes(", 4 dropped (not from the target)"), line);
      assert(line.includes(", 1 dropped (not from the proxy)"), line);
      assert(line.includes(", 6 dropped (without a header of SOCKS5)"), line);
    }
  });
  stranger.close();
});

for (
  const [reply, code] of [
    [1, Code.port],
    [2, Code.prohibited],
    [3, Code.network],
    [4, Code.host],
    [5, Code.port],
    [6, Code.host],
    [7, Code.prohibited],
    [8, Code.prohibited],
    [200, Code.prohibited],
  ]
) {
  Deno.test(`a proxy that answers ${reply} to UDP ASSOCIATE is passed on as ICMP`, async () => {
    await withProxy({ reply }, async ({ socket, icmp, lines }) => {
      using flow = socket("203.0.113.5", 5000);
      await flow.send("hello");
      await until(() => icmp.length === 1, "the client has heard of it");
      assertEquals([icmp, lines.length], [[code], 1]);
      assert(
        /^udp 10\.7\.0\.1:\d+ > 203\.0\.113\.5:5000: the SOCKS5 proxy/.test(lines[0]),
        lines[0],
      );
    });
  });
}

Deno.test("a proxy that is not there, wants another user, or gives no port is told by ICMP", async () => {
  using other = new SocksUdpProxy({ user: "somebody", password: "secret" });
  using portless = new SocksUdpProxy({ boundPort: 0 });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const nobody = listener.addr;
  listener.close();
  for (
    const [proxy, why] of [
      [{ ...other.addr, user: "somebody", password: "wrong" }, /refuses the user/],
      [{ ...other.addr }, /another authentication/],
      [{ ...portless.addr }, /no port/],
      [{ ...nobody }, /refused/],
    ] as const
  ) {
    await withTun2socks(datagramsViaSocks(proxy), async ({ socket, icmp, lines }) => {
      using flow = socket("203.0.113.5", 5000);
      await flow.send("hello");
      await until(() => icmp.length === 1, "the client has heard of it");
      assertEquals(icmp, [Code.port]);
      assert(why.test(lines[0]), lines[0]);
    });
  }
});

Deno.test("an association that is not made in time leaves nothing behind", async () => {
  using proxy = new SocksUdpProxy({ reply: null });
  const late = new AbortController();
  const openWay = datagramsViaSocks(proxy.addr);
  const opening = openWay({ hostname: "203.0.113.5", port: 1 }, () => {}, late.signal);
  await until(() => proxy.asked.length === 1, "the proxy was asked");
  late.abort(new Deno.errors.TimedOut("late"));
  await assertRejects(() => opening, Deno.errors.TimedOut, "late");
  await until(() => proxy.connections === 0, "the connection has ended");
});

Deno.test("a flow ends with its association, and the next datagram makes another one", async () => {
  await withProxy(echo, async ({ proxy, socket, lines }) => {
    using flow = socket("203.0.113.5", 5000);
    for (const round of [1, 2, 3]) {
      await flow.send("again");
      assertEquals(await flow.receive(), "again");
      assertEquals(proxy.associated, round);
      proxy.endAll();
      await until(() => lines.length === round, "the flow has ended");
      assert(lines[round - 1].endsWith(", the proxy has ended the association"), lines[round - 1]);
    }
  });
});

Deno.test("a relay that is reached only through tun2socks itself makes no flow after the other", async () => {
  // Its address is one whose route is the interface: what is sent there comes back as a new flow.
  using proxy = new SocksUdpProxy({ boundHost: "198.51.100.77", boundPort: 9 });
  const viaSocks = datagramsViaSocks(proxy.addr);
  let opened = 0;
  const openWay: OpenWay = async (...flow) => {
    const way = await viaSocks(...flow);
    opened++;
    return way;
  };
  await withTun2socks(openWay, async ({ socket, icmp, lines }) => {
    using flow = socket("203.0.113.5", 5000);
    await flow.send("hello");
    await until(() => opened === 1, "the association is made");
    using looped = socket("198.51.100.77", 9);
    await looped.send("hello");
    await until(() => icmp.length === 1, "the flow is refused");
    assert(lines.some((line) => line.endsWith("leads back here")), lines.join());
    assertEquals(proxy.associated, 1);
  });
});

Deno.test("a datagram that does not fit with its header is dropped, and the flow goes on", async () => {
  await withProxy(echo, async ({ socket, clock, lines }) => {
    using flow = socket("203.0.113.5", 5000);
    await flow.send("before");
    assertEquals(await flow.receive(), "before");
    await flow.send(new Uint8Array(65_507));
    await flow.send("after");
    assertEquals(await flow.receive(), "after");
    clock.set(clock.now() + 120_000_000);
    await until(() => lines.length === 1, "the flow has ended");
    assert(/: 2 datagrams there, 2 back, 1 dropped \(not sent: .*long/i.test(lines[0]), lines[0]);
  });
});

for (const [family, host, other] of [["IPv4", "127.0.0.1", "127.0.0.2"], ["IPv6", "::1", null]]) {
  Deno.test(`without a proxy only the target's own answers come back (${family})`, async () => {
    // The stack's side cannot send to loopback addresses, so the target is put in for the one that it names.
    const server = Deno.listenDatagram({ transport: "udp", hostname: host!, port: 0 });
    const stranger = Deno.listenDatagram({ transport: "udp", hostname: other ?? host!, port: 0 });
    const { port } = server.addr as Deno.NetAddr;
    const serving = (async () => {
      for await (const [payload, from] of server) {
        await stranger.send(encoder.encode("wrong"), from);
        await server.send(payload, from);
      }
    })();
    const openWay: OpenWay = (_target, drop, signal) =>
      directDatagrams({ hostname: host!, port }, drop, signal);
    await withTun2socks(openWay, async ({ socket, clock, lines }) => {
      using flow = socket(host === "::1" ? "2001:db8::5" : "203.0.113.5", 5000);
      for (const text of ["one", "two"]) {
        await flow.send(text);
        assertEquals(await flow.receive(), text);
      }
      clock.set(clock.now() + 120_000_000);
      await until(() => lines.length === 1, "the flow has ended");
      const end = ": 2 datagrams there, 2 back, 2 dropped (not from the target)";
      assert(lines[0].endsWith(end), lines[0]);
    });
    server.close();
    stranger.close();
    await serving;
  });
}
