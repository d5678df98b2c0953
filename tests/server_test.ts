// server.ts at its command line: what it says, how it ends, and that it ends in order.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { ConnectionSummary } from "../mod.ts";
import config from "../deno.json" with { type: "json" };
import { ip, runToEnd, until } from "./support/process.ts";
import { runServer, serverCommand, ServerProcess } from "./support/server.ts";
import { testNeeding } from "./support/skip.ts";

const HOST = "10.7.0.1";
const STACK = "10.7.0.2";

/** Flags with which the server cannot start, and a part of the line that says why. */
const BAD_FLAGS: readonly (readonly [string[], string])[] = [
  [["--nonsense"], "--nonsense"],
  [["-x"], "-x"],
  [["serve"], "serve"],
  [["--device="], "--device needs a value"],
  [["--device", "a-name-of-17-byte"], "17"],
  [["--device", "a/b"], 'device: "a/b"'],
  [["--address="], "--address needs a value"],
  [["--host", ""], '"" is too much'],
  [["--address", "10.7.0"], '"10.7.0"'],
  [["--address", "10.7.0.2/33"], "10.7.0.2/33"],
  [["--address", "10.7.0.256/24"], "10.7.0.256/24"],
  [["--address", "224.0.0.1/24"], "224.0.0.1/24"],
  [["--address", "10.7.0.2/24", "--address", "x"], '"x"'],
  [["--host", "10.7.0.1/x"], "10.7.0.1/x"],
  [["--mtu", "575"], "mtu: 575"],
  [["--mtu", "65536"], "mtu: 65536"],
  [["--mtu", "1500.5"], "--mtu 1500.5"],
  [["--mtu=-1"], "--mtu -1"],
  [["--mtu"], "--mtu needs a value"],
  [["--pipeline", "spilt"], "--pipeline spilt: there are split, fused, inline"],
  [["--queues", "0"], "queues: 0"],
  [["--queues", "65"], "queues: 65"],
  [["--queues", "two"], "--queues two"],
  [["--queues", "2", "--pipeline", "inline"], "queues"],
  [["--congestion", "vegas"], "vegas"],
  [["--trace=loud"], "--trace loud: there are modern, classic, states"],
  [["--no-device"], "--no-device"],
];

/** One line on stderr, without a stack trace, nothing on stdout, status 1. */
function assertRefused(
  ended: { code: number; stdout: string; stderr: string },
  part: string,
  flags: readonly string[],
): void {
  const shown = `${flags.join(" ")}: ${ended.stdout}${ended.stderr}`;
  assertEquals(ended.code, 1, shown);
  assertEquals(ended.stdout, "", shown);
  assertMatch(ended.stderr, /^woshou: [^\n]+\n$/, shown);
  assertStringIncludes(ended.stderr, part, shown);
}

Deno.test("server: every bad value ends it with status 1 and one line that names it", async () => {
  // Goal: nobody has to read a stack trace to find a typing error. Two at a time, for two cores.
  const rest = [...BAD_FLAGS];
  const failures: string[] = [];
  const worker = async () => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const [flags, part] = next;
      try {
        assertRefused(await runServer(flags, { patienceMs: 5000 }), part, flags);
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  await Promise.all([worker(), worker()]);
  assertEquals(failures, []);
});

Deno.test("server: --help and --version print to stdout and end with status 0", async () => {
  const help = await runServer(["--help"]);
  assertEquals([help.code, help.stderr], [0, ""]);
  for (const flag of Object.keys(EVERY_FLAG)) assertStringIncludes(help.stdout, flag);
  const version = await runServer(["--version"]);
  assertEquals(version, { code: 0, stdout: `woshou ${config.version}\n`, stderr: "" });
});

/** Every flag with a value that it takes. */
const EVERY_FLAG: Readonly<Record<string, string>> = {
  "--device": "wsf0",
  "--address": "10.9.0.2/24",
  "--host": "10.9.0.1/24",
  "--mtu": "1400",
  "--pipeline": "fused",
  "--queues": "2",
  "--no-offload": "",
  "--congestion": "newreno",
  "--trace": "=classic",
};

testNeeding({ tun: true }, "server: every flag does what it says", async () => {
  const flags = Object.entries(EVERY_FLAG).flatMap(([flag, value]) =>
    value === "" ? [flag] : value.startsWith("=") ? [flag + value] : [flag, value]
  );
  await using server = await ServerProcess.start([...flags, "--address", "10.9.0.3/24"]);
  assertEquals(
    server.readyLine,
    "listening on 10.9.0.2, 10.9.0.3: echo 7, discard 9, chargen 19, http 80 (tun wsf0, fused)",
  );
  assertMatch(await ip("-o link show wsf0"), /\bUP\b.* mtu 1400 /);
  assertStringIncludes(await ip("-o addr show dev wsf0"), " 10.9.0.1/24 ");
  assertMatch(await ip("-d link show wsf0"), /vnet_hdr off multi_queue numqueues 2 /);
  for (const hostname of ["10.9.0.2", "10.9.0.3"]) {
    using conn = await Deno.connect({ hostname, port: 7 });
    await conn.write(new Uint8Array([1, 2, 3]));
    assertEquals(await conn.read(new Uint8Array(9)), 3);
  }
  const connections = await (await fetch("http://10.9.0.2/connections.json")).json();
  assertEquals(connections[0].congestion, "newreno");
  await server.printed((text) => /10\.9\.0\.1\.\d+ > 10\.9\.0\.2\.(7|echo): S/.test(text));
});

testNeeding(
  { tun: true },
  "server: each trace style prints the handshake its own way",
  async () => {
    const seen: Record<string, RegExp> = {
      "--trace":
        /^\d\d:\d\d:\d\d\.\d{6} IP 10\.7\.0\.1\.\d+ > 10\.7\.0\.2\.7: Flags \[S\], seq \d+,/m,
      "--trace=classic": /^IP 10\.7\.0\.1\.\d+ > 10\.7\.0\.2\.7: S (\d+):\1$/m,
      "--trace=states": /10\.7\.0\.2\.7 <> 10\.7\.0\.1\.\d+: SYN-RECEIVED -> ESTABLISHED/m,
    };
    for (const [flag, pattern] of Object.entries(seen)) {
      await using server = await ServerProcess.start([flag, "--pipeline", "fused"]);
      using _conn = await Deno.connect({ hostname: STACK, port: 7 });
      await server.printed((text) => pattern.test(text));
    }
  },
);

/** Whether the server's page shows so many connections besides the one that asks. */
async function acceptedAll(count: number): Promise<boolean> {
  const all = await (await fetch(`http://${STACK}/connections.json`)).json();
  return all.filter((one: ConnectionSummary) => one.state === "ESTABLISHED").length > count;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  testNeeding(
    { tun: true },
    `server: ${signal} closes connections in order, status 0`,
    async () => {
      // Goal: peers that have nothing unread in flight see the end of the stream, never a reset.
      for (const pipeline of ["split", "fused", "inline"]) {
        await using server = await ServerProcess.start(["--pipeline", pipeline]);
        const conns = await Promise.all(
          [9, 80, 7].map((port) => Deno.connect({ hostname: STACK, port })),
        );
        await conns[2].write(new TextEncoder().encode("ping"));
        assertEquals(await conns[2].read(new Uint8Array(16)), 4);
        await until("every connection is accepted", () => acceptedAll(3));
        const reads = conns.map((conn) => conn.read(new Uint8Array(16)));
        const ending = server.stop(signal);
        assertEquals(await Promise.all(reads), [null, null, null], pipeline);
        for (const conn of conns) conn.close();
        const { code, stderr } = await ending;
        assertEquals([code, stderr], [0, ""], pipeline);
      }
    },
  );
}

testNeeding({ tun: true }, "server: a second signal does no harm", async () => {
  await using server = await ServerProcess.start([]);
  using conn = await Deno.connect({ hostname: STACK, port: 7 });
  // Until it has been accepted, a connection of a closed listener is reset, as by a kernel.
  await conn.write(new Uint8Array(1));
  await conn.read(new Uint8Array(1));
  server.child.kill("SIGTERM");
  server.child.kill("SIGINT");
  assertEquals((await server.stop("SIGTERM")).code, 0);
  assertEquals(await conn.read(new Uint8Array(1)), null);
});

testNeeding(
  { tun: true },
  "server: a signal with peers that never answer still ends it",
  async () => {
    // Goal: a peer that neither reads nor closes cannot keep the server from stopping.
    await using server = await ServerProcess.start([]);
    using conn = await Deno.connect({ hostname: STACK, port: 19 });
    let seen: unknown[] = [];
    await until("chargen has filled the window", async () => {
      const all = await (await fetch(`http://${STACK}/connections.json`)).json();
      seen = all.filter((one: ConnectionSummary) => one.localAddr.port === 19);
      return all[0].sendWindowBytes < all[0].mssSendBytes;
    }, () => seen);
    assertEquals((await server.stop("SIGTERM")).code, 0);
    conn.close();
  },
);

testNeeding({ tun: true }, "server: a device in use is said to be busy", async () => {
  await using _server = await ServerProcess.start(["--device", "wsb0"]);
  const flags = ["--device", "wsb0"];
  assertRefused(await runServer(flags), '"wsb0" is in use', flags);
});

testNeeding({ tun: true }, "server: it ends with one line when its device goes away", async () => {
  for (const pipeline of ["split", "fused", "inline"]) {
    await using server = await ServerProcess.start(["--device", "wsg0", "--pipeline", pipeline]);
    await ip("link del wsg0");
    const { code } = await server.child.status;
    assertEquals(code, 1, pipeline);
    await until("stderr is complete", () => server.stderr.endsWith("\n"));
    assertMatch(server.stderr, /^woshou: [^\n]*wsg0[^\n]*\n$/, pipeline);
  }
});

/** A command without any capability. */
function unprivileged(flags: readonly string[]): [string, string[]] {
  const [program, args] = serverCommand(flags);
  return ["setpriv", ["--bounding-set=-all", "--inh-caps=-all", program, ...args]];
}

testNeeding(
  { tun: true, programs: ["setpriv"] },
  "server: without the right to it, one line says which commands give it",
  async () => {
    const flags = ["--device", "wsp0"];
    const ended = await runToEnd(...unprivileged(flags));
    assertRefused(ended, "sudo ip tuntap add dev wsp0 mode tun user $USER", flags);
  },
);

/** The server without capabilities, where /dev/net holds what `prepare` puts into the empty folder. */
function withDevices(prepare: string, flags: readonly string[]): [string, string[]] {
  const script = `mount -t tmpfs none /dev/net && ${prepare} && exec "$@"`;
  const [program, args] = unprivileged(flags);
  return ["unshare", ["-m", "sh", "-c", script, "sh", program, ...args]];
}

testNeeding(
  { tun: true, programs: ["setpriv", "unshare", "mount"] },
  "server: a TUN driver that is missing or forbidden is named, with what would help",
  async () => {
    const flags = ["--device", "wsm0"];
    const missing = await runToEnd(...withDevices("true", flags));
    assertRefused(missing, "/dev/net/tun is missing", flags);
    const forbid = "touch /dev/net/tun && chmod 000 /dev/net/tun";
    const forbidden = await runToEnd(...withDevices(forbid, flags));
    assertRefused(forbidden, "/dev/net/tun is not permitted for this user", flags);
  },
);

testNeeding(
  { tun: true, programs: ["setpriv", "ip"] },
  "server: a persistent interface of this user needs no privilege",
  async () => {
    // Goal: the two commands of --help are enough, and after the server the interface is still there.
    await ip("tuntap add dev wsp0 mode tun user root");
    try {
      await ip(`addr add ${HOST}/24 dev wsp0`);
      await ip("link set wsp0 up");
      for (const pipeline of ["split", "fused", "inline"]) {
        const command = unprivileged(["--device", "wsp0", "--pipeline", pipeline]);
        await using server = await ServerProcess.startAs(...command);
        using conn = await Deno.connect({ hostname: STACK, port: 7 });
        await conn.write(new Uint8Array(5));
        assertEquals(await conn.read(new Uint8Array(9)), 5, pipeline);
        assertEquals((await server.stop("SIGTERM")).code, 0);
      }
      assertStringIncludes(await ip("-o link show wsp0"), "wsp0");
    } finally {
      await ip("link del wsp0");
    }
  },
);

Deno.test("server: without the permission for FFI, Deno's own words name it", async () => {
  const [program, args] = serverCommand(["--device", "wsn0"]);
  const ended = await runToEnd(program, args.filter((arg) => arg !== "--allow-ffi"));
  assertRefused(ended, "--allow-ffi", []);
});
