import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Forwarder,
  type ForwardOptions,
  ManualClock,
  memoryPair,
  open,
  type Stack,
  type TcpConn,
  type TcpFlow,
  type TcpOptions,
} from "../../mod.ts";
import { drainMicrotasks, runVirtual } from "../support/virtual_time.ts";
import { failure, openTwo, readAll, until, untilEmpty, writeAll } from "./worlds.ts";

const ELSEWHERE = { IPv4: "203.0.113.5", IPv6: "2001:db8::5" } as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Two stacks; the second one takes what is for others. */
async function withForward(
  options: Partial<ForwardOptions<"tcp">>,
  handler: (flow: TcpFlow) => void | Promise<void>,
  body: (client: Stack, gateway: Stack, forwarder: Forwarder) => Promise<void>,
  tcp?: TcpOptions,
): Promise<void> {
  const [client, gateway] = await openTwo(tcp);
  try {
    const forwarder = gateway.forward({ transport: "tcp", ...options }, handler);
    await body(client, gateway, forwarder);
  } finally {
    await Promise.all([client.close(), gateway.close()]);
  }
}

for (const [family, elsewhere] of Object.entries(ELSEWHERE)) {
  Deno.test(`a flow to a foreign address is shown, accepted, and carries bytes (${family})`, async () => {
    // Goal: original destination and source are those of the wire, before and after the handshake.
    const flows: TcpFlow[] = [];
    const served: Promise<void>[] = [];
    const serve = async (flow: TcpFlow) => {
      flows.push(flow);
      const conn = await flow.accept();
      assertEquals(conn.localAddr, flow.localAddr);
      assertEquals(conn.remoteAddr, flow.remoteAddr);
      served.push(
        readAll(conn).then(async (bytes) => {
          await writeAll(conn, encoder.encode(`got ${bytes.length}`));
          conn.close();
        }),
      );
    };
    await withForward({}, serve, async (client, gateway) => {
      const conn = await client.connect({ hostname: elsewhere, port: 443 });
      assertEquals(flows[0].localAddr, { transport: "tcp", hostname: elsewhere, port: 443 });
      assertEquals(flows[0].remoteAddr, conn.localAddr);
      await writeAll(conn, new Uint8Array(300_000));
      await conn.closeWrite();
      assertEquals(decoder.decode(await readAll(conn)), "got 300000");
      conn.close();
      await Promise.all(served);
      await untilEmpty(gateway);
      const { counters } = gateway.stats();
      assertEquals([counters.flowsOffered, counters.flowsAccepted, counters.flowsPendingNow], [
        1,
        1,
        0,
      ]);
    });
  });

  Deno.test(`a rejection reaches the peer as what it is (${family})`, async () => {
    const told = {
      reset: "ConnectionRefused ECONNREFUSED",
      port: "ConnectionRefused ECONNREFUSED",
      network: "NetworkUnreachable ENETUNREACH",
      host: "ConnectionRefused EHOSTUNREACH",
      prohibited: "ConnectionRefused EHOSTUNREACH",
    } as const;
    const ways = Object.keys(told) as (keyof typeof told)[];
    const reject = (flow: TcpFlow) => flow.reject(ways[flow.localAddr.port - 1]);
    await withForward({}, reject, async (client, gateway) => {
      for (const [index, way] of ways.entries()) {
        const { name, code } = await failure(() =>
          client.connect({ hostname: elsewhere, port: index + 1 })
        );
        assertEquals(`${name} ${code}`, told[way], way);
      }
      const { counters } = gateway.stats();
      assertEquals([counters.flowsRejected, counters.flowErrorsOut], [5, 4]);
    });
  });
}

Deno.test("without a forward nothing is taken for others, and a wildcard listener does not help", async () => {
  const [client, gateway] = await openTwo({ synRetries: 0, rtoInitialMs: 20 });
  using _all = gateway.listen({ port: 80, hostname: "::" });
  await assertRejects(
    () => client.connect({ hostname: ELSEWHERE.IPv4, port: 80 }),
    Deno.errors.TimedOut,
  );
  assertEquals(gateway.stats().drops.ipDestinationForeign, 1);
  await Promise.all([client.close(), gateway.close()]);
});

Deno.test("what the filter does not let through is dropped in the stage, with its reason", async () => {
  const taken: string[] = [];
  const filter = {
    prefixes: ["203.0.113.0/24", "2001:db8::/32"],
    except: "203.0.113.128/25",
    ports: [80, [8000, 8010]] as const,
  };
  const reject = (flow: TcpFlow) => {
    taken.push(`${flow.localAddr.hostname} ${flow.localAddr.port}`);
    flow.reject();
  };
  const tcp = { synRetries: 0, rtoInitialMs: 20 };
  await withForward({ filter }, reject, async (client, gateway) => {
    const attempts: [string, number, boolean][] = [
      ["203.0.113.127", 80, true],
      ["203.0.113.128", 80, false],
      ["203.0.112.255", 80, false],
      ["203.0.113.1", 81, false],
      ["203.0.113.1", 8000, true],
      ["203.0.113.1", 8010, true],
      ["203.0.113.1", 8011, false],
      ["2001:db8:ffff::1", 80, true],
      ["2001:db9::1", 80, false],
    ];
    for (const [hostname, port, isTaken] of attempts) {
      const { code } = await failure(() => client.connect({ hostname, port }));
      assertEquals(code, isTaken ? "ECONNREFUSED" : "ETIMEDOUT", `${hostname} ${port}`);
    }
    const wanted = attempts.filter(([, , isTaken]) => isTaken).map(([host, port]) =>
      `${host} ${port}`
    );
    assertEquals(taken, wanted);
    assertEquals(gateway.stats().drops.forwardFiltered, attempts.length - wanted.length);
  }, tcp);
});

Deno.test("the first forward whose filter matches gets a flow, and one that is closed gets none", async () => {
  const [client, gateway] = await openTwo();
  const got: string[] = [];
  const take = (name: string) => (flow: TcpFlow) => {
    got.push(name);
    flow.reject();
  };
  const web = gateway.forward({ transport: "tcp", filter: { ports: 80 } }, take("web"));
  gateway.forward({ transport: "tcp" }, take("rest"));
  const attempt = (port: number) =>
    failure(() => client.connect({ hostname: ELSEWHERE.IPv4, port }));
  await attempt(80);
  await attempt(81);
  web.close();
  assertThrows(() => web.close(), Deno.errors.BadResource);
  await attempt(80);
  assertEquals(got, ["web", "rest", "rest"]);
  await Promise.all([client.close(), gateway.close()]);
});

Deno.test("own ports where nobody listens are taken on request", async () => {
  const accept = async (flow: TcpFlow) => (await flow.accept()).close();
  await withForward(
    { filter: { own: true, ports: [[1, 1000]] } },
    accept,
    async (client, gateway) => {
      using _web = gateway.listen({ port: 80 });
      const web = await client.connect({ hostname: "10.7.0.2", port: 80 });
      web.close();
      const other = await client.connect({ hostname: "10.7.0.2", port: 81 });
      assertEquals(await other.read(new Uint8Array(1)), null);
      other.close();
      await assertRejects(
        () => client.connect({ hostname: "10.7.0.2", port: 1001 }),
        Deno.errors.ConnectionRefused,
      );
      assertEquals(gateway.stats().counters.flowsOffered, 1);
    },
  );
});

Deno.test("connections go on when their forward is closed", async () => {
  let far: TcpConn | null = null;
  const accept = async (flow: TcpFlow) => void (far = await flow.accept());
  await withForward({}, accept, async (client, gateway, forwarder) => {
    const near = await client.connect({ hostname: ELSEWHERE.IPv4, port: 7 });
    await until(() => far !== null, "the flow was accepted");
    forwarder.close();
    await writeAll(near, encoder.encode("still here"));
    await near.closeWrite();
    assertEquals(decoder.decode(await readAll(far!)), "still here");
    far!.close();
    assertEquals(await near.read(new Uint8Array(1)), null);
    near.close();
    await untilEmpty(gateway);
  });
});

Deno.test("a handler that throws resets the flow and is told of", async () => {
  const errors: unknown[] = [];
  const options = { onError: (error: unknown) => errors.push(error) };
  const fail = () => Promise.reject(new Error("no idea"));
  await withForward(options, fail, async (client) => {
    await assertRejects(
      () => client.connect({ hostname: ELSEWHERE.IPv4, port: 7 }),
      Deno.errors.ConnectionRefused,
    );
    assertEquals(errors.map(String), ["Error: no idea"]);
  });
});

Deno.test("a flow is decided once", async () => {
  let checked = false;
  const twice = async (flow: TcpFlow) => {
    assert(!flow.decided);
    flow.reject("host");
    assert(flow.decided);
    assertThrows(() => flow.drop(), Deno.errors.BadResource);
    await assertRejects(() => flow.accept(), Deno.errors.BadResource);
    checked = true;
  };
  await withForward({}, twice, async (client) => {
    await failure(() => client.connect({ hostname: ELSEWHERE.IPv4, port: 7 }));
    await until(() => checked, "the handler has run");
  });
});

/** Two stacks in virtual time. */
async function inVirtualTime(
  body: (
    client: Stack,
    gateway: Stack,
    run: <T>(p: Promise<T>, s?: number) => Promise<T>,
  ) => Promise<void>,
  tcp?: TcpOptions,
): Promise<void> {
  const clock = new ManualClock(1_000_000);
  const [a, b] = memoryPair();
  const address = (last: number) => [`10.7.0.${last}/24`, `fd07::${last}/64`];
  const client = await open({ device: a, address: address(1), clock, tcp });
  const gateway = await open({ device: b, address: address(2), clock, tcp });
  const run = <T>(promise: Promise<T>, seconds = 300) =>
    runVirtual(clock, promise, { untilUs: clock.now() + seconds * 1e6 });
  await body(client, gateway, run);
  await run(Promise.all([client.close(), gateway.close()]));
}

Deno.test("a decision that never comes is dropped in time, and one that comes then is told so", async () => {
  await inVirtualTime(async (client, gateway, run) => {
    const flows: TcpFlow[] = [];
    gateway.forward({ transport: "tcp", decisionMs: 2500 }, (flow) => void flows.push(flow));
    const attempt = run(failure(() => client.connect({ hostname: ELSEWHERE.IPv4, port: 7 })));
    assertEquals((await attempt).code, "ETIMEDOUT");
    // SYNs at 0, 1, 3, 7, 15, 31 and 63 s: the second one comes while the first is undecided.
    assertEquals(flows.length, 6);
    const { counters, drops } = gateway.stats();
    assertEquals([drops.forwardUndecided, drops.forwardTimedOut], [1, 6]);
    assertEquals([counters.flowsOffered, counters.flowsPendingNow], [6, 0]);
    for (const flow of flows) {
      assert(flow.signal.aborted);
      flow.drop();
      await assertRejects(() => flow.accept(), Deno.errors.TimedOut);
    }
  });
});

Deno.test("flows undecided are limited, and those beyond come again", async () => {
  await inVirtualTime(async (client, gateway, run) => {
    const flows: TcpFlow[] = [];
    const options = { transport: "tcp", pendingMax: 2, synCookies: "never" } as const;
    gateway.forward(options, (flow) => void flows.push(flow));
    const attempts = [1, 2, 3].map((port) =>
      failure(() => client.connect({ hostname: ELSEWHERE.IPv4, port }))
    );
    await drainMicrotasks();
    assertEquals(flows.length, 2);
    assertEquals(gateway.stats().drops.forwardPendingFull, 1);
    flows[0].reject();
    flows[1].reject();
    const third = (async () => {
      while (flows.length < 3) await null;
      flows[2].reject();
    })();
    await run(third);
    assertEquals((await run(Promise.all(attempts))).map(({ code }) => code), [
      "ECONNREFUSED",
      "ECONNREFUSED",
      "ECONNREFUSED",
    ]);
  });
});

for (const [family, elsewhere] of Object.entries(ELSEWHERE)) {
  Deno.test(`a flow of a peer that a cookie has connected is decided on as any other (${family})`, async () => {
    // Goal: what is asked for later is the same; only a rejection is an RST, whatever was meant.
    await inVirtualTime(async (client, gateway, run) => {
      const flows: TcpFlow[] = [];
      const options = { transport: "tcp", synCookies: "always" } as const;
      gateway.forward(options, (flow) => void flows.push(flow));
      const [accepted, rejected] = await run(
        Promise.all([7, 8].map((port) => client.connect({ hostname: elsewhere, port }))),
      );
      await run(until(() => flows.length === 2, "both are shown"));
      flows.sort((a, b) => a.localAddr.port - b.localAddr.port);
      assertEquals(flows[0].localAddr, { transport: "tcp", hostname: elsewhere, port: 7 });
      assertEquals(flows[0].remoteAddr, accepted.localAddr);
      await run(accepted.write(encoder.encode("early")));
      const conn = await run(flows[0].accept());
      assertEquals([conn.localAddr, conn.remoteAddr], [flows[0].localAddr, accepted.localAddr]);
      const buffer = new Uint8Array(9);
      assertEquals(await run(conn.read(buffer)), 5);
      assertEquals(decoder.decode(buffer.subarray(0, 5)), "early");
      flows[1].reject("host");
      await run(assertRejects(
        () => rejected.read(new Uint8Array(1)),
        Deno.errors.ConnectionReset,
      ));
      const { counters, drops } = gateway.stats();
      assertEquals([counters.synCookiesSent, counters.synCookiesReceived], [2, 2]);
      assertEquals([counters.flowsOffered, counters.flowsAccepted, counters.flowsRejected], [
        2,
        1,
        1,
      ]);
      assertEquals([counters.flowErrorsOut, counters.flowsPendingNow], [0, 0]);
      assertEquals(drops.forwardUndecided, 1, "what was sent too early came again");
      for (const one of [accepted, conn, rejected]) one.close();
    });
  });
}

Deno.test("a new SYN ends the TIME-WAIT of a foreign address as of an own one (RFC 6191)", async () => {
  await inVirtualTime(async (client, gateway, run) => {
    const accept = async (flow: TcpFlow) => {
      const conn = await flow.accept();
      conn.close(); // First, so that TIME-WAIT is here.
    };
    gateway.forward({ transport: "tcp" }, accept);
    for (let round = 0; round < 3; round++) {
      const conn = await run(
        client.connect({ hostname: ELSEWHERE.IPv4, port: 7, localPort: 4000 }),
      );
      assertEquals(await run(conn.read(new Uint8Array(1))), null);
      conn.close();
      await drainMicrotasks();
      assertEquals(gateway.stats().counters.timeWaitNow, 1);
    }
    assertEquals(gateway.stats().counters.flowsAccepted, 3);
  });
});

Deno.test("a segment of no flow gets the RST that it would get from an own address", async () => {
  const [client, gateway] = await openTwo();
  gateway.forward({ transport: "tcp" }, async (flow) => (await flow.accept()).abort());
  const conn = await client.connect({ hostname: ELSEWHERE.IPv4, port: 7 });
  await until(() => gateway.stats().counters.connectionsNow === 0, "the connection is gone");
  await failure(() => readAll(conn));
  assertEquals(gateway.stats().drops.forwardFiltered, undefined);
  await Promise.all([client.close(), gateway.close()]);
});

Deno.test("10,000 flows at once", async () => {
  const flowCount = 10_000;
  const tcp = { maxConnections: 16_384 };
  const held: TcpConn[] = [];
  const accept = async (flow: TcpFlow) => {
    const conn = await flow.accept();
    held.push(conn);
    await conn.write(encoder.encode(`${flow.localAddr.hostname}:${flow.localAddr.port}`));
  };
  await withForward({ pendingMax: 4096 }, accept, async (client, gateway) => {
    const conns: TcpConn[] = [];
    const wanted = (i: number) => ({ hostname: `198.18.${i >> 8}.${i & 255}`, port: 1 + i });
    const connect = async (i: number) => {
      const conn = await client.connect(wanted(i));
      const buffer = new Uint8Array(64);
      const count = await conn.read(buffer);
      const { hostname, port } = wanted(i);
      assertEquals(decoder.decode(buffer.subarray(0, count!)), `${hostname}:${port}`);
      conns.push(conn);
    };
    for (let i = 0; i < flowCount; i += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, j) => connect(i + j)));
    }
    assertEquals([held.length, gateway.stats().counters.connectionsNow], [flowCount, flowCount]);
    for (const conn of [...held, ...conns]) conn.abort();
    await untilEmpty(gateway);
  }, tcp);
});

Deno.test("a flow whose forward or stack is closed ends", async () => {
  const flows: TcpFlow[] = [];
  await withForward({}, (flow) => void flows.push(flow), async (client, gateway, forwarder) => {
    const connecting = failure(() => client.connect({ hostname: ELSEWHERE.IPv4, port: 7 }));
    await until(() => flows.length === 1, "the flow has come");
    const { signal } = flows[0];
    forwarder.close();
    assert(signal.aborted);
    await assertRejects(() => flows[0].accept(), Deno.errors.TimedOut);
    await until(() => gateway.stats().counters.flowsPendingNow === 0, "its number is free");
    await client.close();
    assertEquals((await connecting).code, "EINTR");
  });
});

Deno.test("bad options of forward are refused by name", async () => {
  const [client, gateway] = await openTwo();
  const attempt = (options: unknown, handler: unknown = () => {}) => () =>
    gateway.forward(options as ForwardOptions, handler as () => void);
  const bad: [unknown, new () => Error, string][] = [
    [{ transport: "udp", idleMs: 0 }, RangeError, "idleMs: 0"],
    [{ transport: "udp", flowsMax: 65_537 }, RangeError, "flowsMax: 65537"],
    [{ transport: "udp", filter: { own: true } }, TypeError, "filter.own"],
    [{ transport: "sctp" }, TypeError, "sctp"],
    [{ transport: "tcp", pendingMax: 0 }, RangeError, "pendingMax: 0"],
    [{ transport: "tcp", pendingMax: 4097 }, RangeError, "pendingMax: 4097"],
    [{ transport: "tcp", synCookies: "often" }, TypeError, 'synCookies: "often"'],
    [{ transport: "tcp", decisionMs: "1" }, TypeError, "decisionMs: 1"],
    [{ transport: "tcp", filter: { prefixes: "10.0.0.0/33" } }, RangeError, "filter.prefixes"],
    [{ transport: "tcp", filter: { except: ["host"] } }, TypeError, "filter.except"],
    [{ transport: "tcp", filter: { ports: [0] } }, RangeError, "filter.ports: 0"],
    [{ transport: "tcp", filter: { ports: [[9, 8]] } }, RangeError, "[9, 8]"],
    [{ transport: "tcp", filter: { ports: Array(65).fill(1) } }, RangeError, "65"],
  ];
  for (const [options, kind, text] of bad) assertThrows(attempt(options), kind, text);
  assertThrows(attempt({ transport: "tcp" }, null), TypeError, "handler");
  await Promise.all([client.close(), gateway.close()]);
});
