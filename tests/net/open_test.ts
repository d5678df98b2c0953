import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { open, SeededRandom } from "../../mod.ts";
import { testNeeding } from "../support/skip.ts";
import { interfaceExists, openOnTun, SHAPES, TUN, untilUsage, usage } from "./tun_stacks.ts";
import { failure, openAlone, readAll, writeAll } from "./worlds.ts";

const CHILD = new URL("./open_child.ts", import.meta.url).pathname;

interface Outcome {
  readonly opened?: readonly string[];
  readonly error?: string;
  readonly code?: string;
  readonly message?: string;
}

/** Runs open_child.ts with these flags of Deno; `prefix` is a command that runs it with other rights. */
async function child(
  flags: readonly string[],
  args: readonly string[],
  prefix: readonly string[] = [],
): Promise<Outcome> {
  const deno = [Deno.execPath(), "run", "--no-prompt", ...flags, CHILD, ...args];
  const [program, ...rest] = [...prefix, ...deno];
  const { stdout, stderr } = await new Deno.Command(program, { args: rest }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout);
  if (text === "") throw new Error(decoder.decode(stderr));
  return JSON.parse(text);
}

Deno.test("a stack on a memory pair needs no permission at all", async () => {
  // Goal: simulation, browsers and tests run without FFI.
  assertEquals(await child([], ["memory"]), { opened: ["10.7.0.2"] });
});

Deno.test("without FFI permission open fails with Deno's own error", async () => {
  // Goal: NotCapable, unchanged: its message names the flag that is missing.
  const { error, message } = await child([], ["wsnone0"]);
  assertEquals(error, "NotCapable");
  assertStringIncludes(message!, "--allow-ffi");
});

Deno.test("a name that is too long is refused before any permission is asked for", async () => {
  // Goal: the check of the options comes first.
  const { error, message } = await child([], ["sixteen-bytes-xx"]);
  assertEquals(error, "RangeError");
  assertStringIncludes(message!, "sixteen-bytes-xx");
});

testNeeding(
  { tun: true, programs: ["setpriv"] },
  "without privilege open says which commands give it",
  async () => {
    // Goal: PermissionDenied with the way out, for an interface that does not exist.
    const unprivileged = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
    const { error, code, message } = await child(["--allow-ffi"], ["wsnone0"], unprivileged);
    assertEquals([error, code], ["PermissionDenied", "EPERM"]);
    assertStringIncludes(message!, "ip tuntap add");
  },
);

testNeeding(
  { tun: true, programs: ["unshare", "mount"] },
  "without /dev/net/tun open says what is missing and what needs none",
  async () => {
    // Goal: NotFound that names the file and memoryPair().
    const hidden = [
      "unshare",
      "-m",
      "sh",
      "-c",
      'mount -t tmpfs none /dev/net && exec "$@"',
      "sh",
    ];
    const { error, message } = await child(["--allow-ffi"], ["wsnone0"], hidden);
    assertEquals(error, "NotFound");
    assertStringIncludes(message!, "/dev/net/tun");
    assertStringIncludes(message!, "memoryPair()");
  },
);

testNeeding(
  TUN,
  "with nothing but FFI permission open makes and configures an interface",
  async () => {
    // Goal: no `ip`, no other permission.
    assertEquals(await child(["--allow-ffi"], ["wsnone0", "10.78.0.1/24"]), {
      opened: ["10.78.0.2"],
    });
  },
);

for (const shape of SHAPES) {
  testNeeding(TUN, `${shape}: a device in use is Busy, and its user is not disturbed`, async () => {
    // Goal: the second open fails with its code and leaves nothing behind.
    await using first = await openOnTun(shape);
    const before = usage();
    const { name, code, message } = await failure(() => open({ device: first.device }));
    assertEquals([name, code], ["Busy", "EBUSY"]);
    assertStringIncludes(message, first.device);
    assertEquals(usage().fds, before.fds);
    using listener = first.net.listen({ port: 7 });
    const [client, server] = await Promise.all([
      Deno.connect({ hostname: first.address, port: 7 }),
      listener.accept(),
    ]);
    client.close();
    server.close();
  });

  testNeeding(
    TUN,
    `${shape}: data goes both ways, as server and as client of the kernel`,
    async () => {
      // Goal: the whole path, in both roles.
      await using stack = await openOnTun(shape);
      const random = new SeededRandom(31);
      const data = Uint8Array.from({ length: 300_000 }, () => random.uint32());
      using own = stack.net.listen({ port: 7 });
      using kernels = Deno.listen({ hostname: stack.host, port: 0 });
      const pairs = [
        await Promise.all([Deno.connect({ hostname: stack.address, port: 7 }), own.accept()]),
        await Promise.all([
          stack.net.connect({ hostname: stack.host, port: kernels.addr.port }),
          kernels.accept(),
        ]),
      ];
      for (const [client, server] of pairs) {
        const echoing = server.readable.pipeTo(server.writable);
        const sending = writeAll(client, data).then(() => client.closeWrite());
        assertEquals(await readAll(client), data);
        await Promise.all([echoing, sending]);
        client.close();
      }
    },
  );

  testNeeding(
    TUN,
    `${shape}: close releases every descriptor and thread, and the interface`,
    async () => {
      // Goal: opening and closing again and again costs nothing; the first round is for what Deno itself
      // keeps, such as its pool of threads.
      const round = async () => {
        const { net, device, address } = await openOnTun(shape);
        assert(interfaceExists(device));
        using listener = net.listen({ port: 7 });
        const [client, server] = await Promise.all([
          Deno.connect({ hostname: address, port: 7 }),
          listener.accept(),
        ]);
        client.close();
        server.close();
        await net.close();
        await net.closed;
        assert(!interfaceExists(device));
      };
      await round();
      const before = usage();
      for (let i = 0; i < 3; i++) await round();
      await untilUsage(before);
    },
  );
}

Deno.test("open resolves with a stack that can be used at once", async () => {
  // Goal: nothing has to be waited for after open.
  await using net = await openAlone();
  assertEquals(net.addresses, ["10.7.0.2", "fd07::2"]);
  assertEquals(net.connections(), []);
  using listener = net.listen({ port: 7 });
  assertEquals(listener.addr.port, 7);
});

testNeeding(
  TUN,
  "the MTU that was asked for is the interface's, and limits what is sent",
  async () => {
    // Goal: the MSS follows from it, on both sides.
    await using stack = await openOnTun("inline", { mtu: 1000, offload: false });
    const link = new Deno.Command("ip", { args: ["link", "show", stack.device] }).outputSync();
    assertStringIncludes(new TextDecoder().decode(link.stdout), "mtu 1000 ");
    using listener = stack.net.listen({ port: 7 });
    const [client, server] = await Promise.all([
      Deno.connect({ hostname: stack.address, port: 7 }),
      listener.accept(),
    ]);
    assertEquals(server.info().mssSendBytes, 1000 - 20 - 20 - 12);
    client.close();
    server.close();
  },
);
