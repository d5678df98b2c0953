/** What `listen` and `connect` are told, and what they say when it makes no sense. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { failed, failure, parity, type World } from "../worlds.ts";

/** Connects to a new listener with these options besides; true when a connection came of it. */
async function connects(world: World, options: Record<string, unknown>): Promise<boolean> {
  using listener = world.listen({ port: 0 });
  const { port } = listener.addr;
  const client = await world.raw.connect({ hostname: world.address, port, ...options });
  const server = await listener.accept();
  client.close();
  server.close();
  return true;
}

/** What a call failed with, be it an error or not. */
async function thrown(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (reason) {
    return reason;
  }
  throw new Error("The call did not fail");
}

/** Hosts that cannot be, and Deno's words for each. */
const BAD_HOSTS: readonly [string, string][] = [
  ["", "invalid empty host: ''"],
  [".", "invalid empty host: '.'"],
  [" 127.0.0.1", "invalid host ' 127.0.0.1': invalid char found in FQDN"],
  ["127.0.0.1:80", "invalid host '127.0.0.1:80': invalid char found in FQDN"],
  ["a b", "invalid host 'a b': invalid char found in FQDN"],
  ["ä.invalid", "invalid host 'ä.invalid': invalid char found in FQDN"],
  ["*.invalid", "invalid host '*.invalid': invalid char found in FQDN"],
  ["a@b", "invalid host 'a@b': invalid char found in FQDN"],
  ["::g", "invalid host '::g': invalid char found in FQDN"],
  ["[::1", "invalid host '[::1': invalid char found in FQDN"],
  ["[::1].", "invalid host '[::1].': invalid char found in FQDN"],
  ["[127.0.0.1]", "invalid IPv6 address: '[127.0.0.1]'"],
  ["[]", "invalid IPv6 address: '[]'"],
  ["a..b", "invalid host 'a..b': empty label found in FQDN"],
  ["..", "invalid host '..': empty label found in FQDN"],
  ["127.0.0.1.", "invalid host: '127.0.0.1'"],
  ["::1.", "invalid host: '::1'"],
];

parity("what cannot be a host is a URIError in Deno's words", async (world) => {
  // Goal: for listen and connect, before anything is sent.
  for (const [hostname, message] of BAD_HOSTS) {
    const expected = { name: "URIError", code: undefined, message };
    assertEquals(await failure(() => world.raw.listen({ port: 0, hostname })), expected);
    assertEquals(await failure(() => world.raw.connect({ port: 9, hostname })), expected);
  }
});

parity("a hostname is made a string", async (world) => {
  // Goal: objects that have a text; null and undefined are none given.
  const hostname = { toString: () => world.address };
  assert(await connects(world, { hostname }));
  using listener = world.raw.listen({ port: 0, hostname });
  assertEquals(listener.addr.hostname, world.address);
  for (const none of [null, undefined]) {
    using open = world.raw.listen({ port: 0, hostname: none });
    assertEquals(open.addr.hostname, "0.0.0.0");
  }
});

parity("an address of IPv6 may be written in brackets or at length", async (world) => {
  // Goal: connect understands what listen does.
  if (!world.address.includes(":")) return;
  const long = world.address === "::1" ? "0:0:0:0:0:0:0:1" : "FD07:0:0:0:0:0:0:2";
  assert(await connects(world, { hostname: `[${world.address}]` }));
  assert(await connects(world, { hostname: long }));
});

parity("options that nobody knows are ignored", async (world) => {
  // Goal: programs written for later versions still run.
  assert(await connects(world, { noSuchOption: 1, reusePort: true }));
  world.raw.listen({ port: 0, hostname: world.address, noSuchOption: 1 }).close();
});

parity("transport may be named or left out", async (world) => {
  // Goal: tcp, null and undefined are the same.
  for (const transport of ["tcp", null, undefined]) {
    assert(await connects(world, { transport }));
    world.raw.listen({ port: 0, hostname: world.address, transport }).close();
  }
});

parity("no options at all are a TypeError", async (world) => {
  // Goal: thrown by listen, rejected by connect.
  for (const options of [undefined, null]) {
    const message = `Cannot read properties of ${options} (reading 'transport')`;
    const expected = { name: "TypeError", code: undefined, message };
    assertEquals(await failure(() => world.raw.listen(options)), expected);
    assertEquals(await failure(() => world.raw.connect(options)), expected);
  }
});

parity("connect rejects; it never throws at the call", async (world) => {
  // Goal: `.catch` alone is enough, for every kind of wrong option.
  const wrong = [undefined, {}, { port: 70_000 }, { port: 9, hostname: "" }, { port: "x" }, {
    port: 9,
    signal: AbortSignal.abort(),
  }];
  const outcomes = await Promise.allSettled(wrong.map((options) => world.raw.connect(options)));
  assertEquals(outcomes.map(({ status }) => status), wrong.map(() => "rejected"));
});

parity("a port may be any number in digits", async (world) => {
  // Goal: what Number makes of a text, spaces and other bases included.
  using listener = world.listen({ port: 0 });
  const { port } = listener.addr;
  for (const written of [`${port}`, ` ${port} `, `0x${port.toString(16)}`, `${port}.0`]) {
    const client = await world.raw.connect({ hostname: world.address, port: written });
    assertEquals(client.remoteAddr.port, port);
    (await listener.accept()).close();
    client.close();
  }
});

parity("objects and big integers are no ports", async (world) => {
  // Goal: only numbers and texts are looked at, whatever valueOf would give.
  for (const port of [5n, new Number(5), { valueOf: () => 5 }, [5], () => 5]) {
    const expected = {
      name: "TypeError",
      code: undefined,
      message: `Invalid port (expected number): ${port}`,
    };
    assertEquals(await failure(() => world.raw.listen({ port })), expected);
    assertEquals(await failure(() => world.raw.connect({ port })), expected);
  }
});

parity("a port of null is a free one to listen and none to connect", async (world) => {
  // Goal: listen has a default and connect has none.
  using listener = world.raw.listen({ port: null, hostname: world.address });
  assert(listener.addr.port > 0);
  const expected = "Invalid port (expected number): null";
  assertEquals((await failure(() => world.raw.connect({ port: null }))).message, expected);
});

parity("a backlog that is none given is the default, and a text is a TypeError", async (world) => {
  // Goal: null and undefined.
  for (const tcpBacklog of [null, undefined, 1, 128]) {
    world.raw.listen({ port: 0, hostname: world.address, tcpBacklog }).close();
  }
  const { name } = await failure(() => world.raw.listen({ port: 0, tcpBacklog: "many" }));
  assertEquals(name, "TypeError");
});

parity("autoSelectFamily and its delay disturb nothing", async (world) => {
  // Goal: an address is tried as it is, whatever they say; a delay that is a text is a TypeError.
  for (const autoSelectFamily of [true, false, null, 0, "x"]) {
    assert(await connects(world, { autoSelectFamily }));
  }
  for (const autoSelectFamilyAttemptDelay of [0, 1, 250.5, null]) {
    assert(await connects(world, { autoSelectFamilyAttemptDelay }));
  }
  const { name } = await failure(() =>
    world.raw.connect({ hostname: world.address, port: 9, autoSelectFamilyAttemptDelay: "x" })
  );
  assertEquals(name, "TypeError");
});

parity("connect fails with the signal's reason, whatever that is", async (world) => {
  // Goal: errors, texts, numbers, null; before the call and right after it.
  using listener = world.listen({ port: 0 });
  const { port } = listener.addr;
  for (const reason of [new TypeError("mine"), "text", 5, null, { a: 1 }]) {
    assertEquals(
      await thrown(() => world.connect({ port, signal: AbortSignal.abort(reason) })),
      reason,
    );
    const controller = new AbortController();
    const connecting = thrown(() => world.connect({ port, signal: controller.signal }));
    controller.abort(reason);
    assertEquals(await connecting, reason);
  }
});

parity(
  "a signal that has aborted is told before a port or a host that cannot be",
  async (world) => {
    // Goal: the order in which Deno looks at options.
    const signal = AbortSignal.abort("first");
    assertEquals(await thrown(() => world.raw.connect({ port: 70_000, signal })), "first");
    assertEquals(await thrown(() => world.raw.connect({ port: 9, hostname: "", signal })), "first");
  },
);

parity("signals of every making are as good", async (world) => {
  // Goal: timeouts and unions that do not abort; null and undefined are none.
  const never = new AbortController().signal;
  for (const signal of [AbortSignal.any([never]), never, null, undefined]) {
    assert(await connects(world, { signal }));
  }
  const aborted = AbortSignal.any([never, AbortSignal.abort("one of them")]);
  assertEquals(await thrown(() => world.raw.connect({ port: 9, signal: aborted })), "one of them");
});

parity("what is no signal is a TypeError", async (world) => {
  // Goal: the misuse is told, not ignored.
  for (const signal of [{}, 5, "abort"]) {
    await assertRejects(() => world.raw.connect({ port: 9, signal }), TypeError);
  }
});

parity("a signal keeps no listener of a connect that has ended", async (world) => {
  // Goal: one signal for thousands of connects must not grow.
  const { signal } = new AbortController();
  let balance = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    balance++;
    return addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    balance--;
    return removeEventListener.apply(signal, args);
  };
  assert(await connects(world, { signal }));
  const listener = world.listen({ port: 0 });
  const { port } = listener.addr;
  listener.close();
  await failed(() => world.connect({ port, signal }));
  assertEquals(balance, 0);
});

parity("error messages begin as Deno's, and code is an own property", async (world) => {
  // Goal: what programs match on: class, code, the words of the system. What follows them is the address.
  using listener = world.listen({ port: 0 });
  const taken = listener.addr.port;
  const gone = world.listen({ port: 0 });
  gone.close();
  const FAILURES = [
    [() => world.listen({ port: taken }), "AddrInUse", "EADDRINUSE", "Address already in use (os"],
    [
      () => world.listen({ port: 0, hostname: "192.0.2.1" }),
      "AddrNotAvailable",
      "EADDRNOTAVAIL",
      "Cannot assign requested address (os error 99)",
    ],
    [
      () => world.connect({ port: gone.addr.port }),
      "ConnectionRefused",
      "ECONNREFUSED",
      "Connection refused (os error 111)",
    ],
  ] as const;
  for (const [call, name, code, begin] of FAILURES) {
    const error = await thrown(call) as Error & { code: string };
    assert(error instanceof Deno.errors[name] && error instanceof Error);
    assertEquals([error.name, error.constructor.name, error.code], [name, name, code]);
    assert(error.message.startsWith(begin), error.message);
    const names = Object.getOwnPropertyNames(error).filter((own) => own !== "stack");
    assertEquals(names, ["message", "name", "code"]);
    assertEquals(error.cause, undefined);
  }
});
