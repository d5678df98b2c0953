/** The demonstration: as a subprocess, as people run it, and the parts that decide what is drawn. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Flag } from "../../src/wire/segment.ts";
import { parseCommandLine } from "../../tools/demo.ts";
import { InferredState } from "../../tools/demo/inferred_state.ts";
import { numberInSnmp, stateInProc } from "../../tools/demo/kernel_proc.ts";
import type { Sighting } from "../../tools/demo/sighting.ts";
import { inNamespace } from "../support/namespace.ts";
import { skip, testNeeding } from "../support/skip.ts";

const DEMO = new URL("../../tools/demo.ts", import.meta.url).pathname;

/** How a run of the demonstration ended. */
interface Run {
  readonly code: number;
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** Bounded, because a demonstration that hangs must not hang the tests. */
const RUN_MS = 120_000;

async function finish(command: Deno.Command): Promise<Run> {
  const child = command.spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), RUN_MS);
  try {
    const { code, stdout, stderr } = await child.output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, lines: text(stdout).split("\n"), stderr: text(stderr) };
  } finally {
    clearTimeout(timer);
  }
}

function demo(args: readonly string[], env: Record<string, string> = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-prompt", DEMO, ...args],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Every arrow of the output: the client's state, the direction, the control bits, the server's state. */
function arrows(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const match = /([A-Z0-9-]+) +│(──|◀─) ([A-Z,]+) .*[▶─]│ ([A-Z0-9-]+)$/.exec(line);
    if (match === null) return [];
    const [, client, shaft, bits, server] = match;
    return [`${client} ${shaft === "──" ? "->" : "<-"} ${bits} ${server}`];
  });
}

const HANDSHAKE = [
  "SYN-SENT -> SYN SYN-RECEIVED",
  "ESTABLISHED <- SYN,ACK SYN-RECEIVED",
  "ESTABLISHED -> ACK ESTABLISHED",
];

const CLOSE = [
  "FIN-WAIT-1 -> FIN,ACK CLOSE-WAIT",
  "FIN-WAIT-2 <- ACK CLOSE-WAIT",
  "TIME-WAIT <- FIN,ACK LAST-ACK",
  "TIME-WAIT -> ACK CLOSED",
];

/** What every complete run shows, whoever the client is. */
function assertComplete(run: Run, mib: number): void {
  assertEquals(run.code, 0, run.stderr);
  const seen = arrows(run.lines);
  assertEquals(seen.slice(0, HANDSHAKE.length), HANDSHAKE);
  assertEquals(seen.slice(-CLOSE.length), CLOSE);
  const echo = seen.slice(HANDSHAKE.length, -CLOSE.length);
  assert(echo.includes("ESTABLISHED -> PSH,ACK ESTABLISHED"), echo.join("\n"));
  assert(echo.includes("ESTABLISHED <- PSH,ACK ESTABLISHED"), echo.join("\n"));
  const text = run.lines.join("\n");
  for (const way of ["client to server", "server to client"]) {
    assertMatch(text, new RegExp(`${way}  ${mib} MiB in .* SHA-256 ok`));
  }
  assertMatch(text, /^ {2}SHA-256 +[0-9a-f]{12}… ok +[0-9a-f]{12}… ok$/m);
  assertMatch(text, /^ {2}retransmissions +\d.* by woshou$/m);
  assertAcknowledged(run.lines);
  // deno-lint-ignore no-control-regex -- colours are control characters
  assert(!/\x1b/.test(text), "there are colours although this is no terminal");
  for (const line of run.lines) assert(line.length <= 100, line);
}

/** The numbers of the handshake fit together: each ACK is the other's SEQ + 1. */
function assertAcknowledged(lines: readonly string[]): void {
  const number = (name: string, bits: string) =>
    Number(
      new RegExp(` ${bits} .*${name}=(\\d+)`).exec(
        lines.find((line) => line.includes(` ${bits} SEQ=`)) ?? "",
      )?.[1],
    );
  assertEquals(number("ACK", "SYN,ACK"), (number("SEQ", "SYN") + 1) % 2 ** 32);
  assertEquals(number("ACK", "ACK"), (number("SEQ", "SYN,ACK") + 1) % 2 ** 32);
}

for (const pipeline of ["split", "fused", "inline"]) {
  testNeeding(
    { tun: true, programs: ["unshare"] },
    `the demonstration runs between the kernel and woshou (${pipeline})`,
    async () => {
      const mib = pipeline === "split" ? 64 : 4;
      const run = await finish(demo(["--pipeline", pipeline, "--mib", String(mib)]));
      assertComplete(run, mib);
      const text = run.lines.join("\n");
      assertMatch(text, /client: the kernel/);
      assertMatch(text, /\/proc\/net\/tcp: ESTABLISHED, FIN-WAIT-2, TIME-WAIT/);
    },
  );
}

Deno.test("with --memory the demonstration runs between two stacks, and says that it does", async () => {
  const run = await finish(demo(["--memory", "--mib", "4"]));
  assertComplete(run, 4);
  assertMatch(run.lines.join("\n"), /joined by memoryPair\(\)/);
});

const HIDDEN = "without unshare the demonstration says so and runs over the memory pair";
if (["/usr/sbin/unshare", "/sbin/unshare"].some(exists)) {
  skip(HIDDEN, "unshare lies in a folder that is always searched", "platform");
} else {
  Deno.test(HIDDEN, async () => {
    // Goal: a refused namespace, as on a machine without util-linux.
    const run = await finish(demo(["--mib", "1"], { PATH: "/nowhere" }));
    assertComplete(run, 1);
    assertMatch(
      run.lines.join(" "),
      /not against the kernel.*the program unshare is not installed/,
    );
  });
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

if (inNamespace().tun) {
  Deno.test("without /dev/net/tun the demonstration says so and runs over the memory pair", async () => {
    const script = 'mount -t tmpfs none /dev/net && exec "$@"';
    const args = ["run", "-A", "--quiet", "--no-prompt", DEMO, "--mib", "1"];
    const run = await finish(
      new Deno.Command("unshare", {
        args: ["-rm", "sh", "-c", script, "sh", Deno.execPath(), ...args],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }),
    );
    assertComplete(run, 1);
    assertMatch(run.lines.join(" "), /not against the kernel.*no TUN interface: \/dev\/net\/tun/);
  });
} else skip("without /dev/net/tun the demonstration says so", inNamespace().reason);

Deno.test("an interrupt ends the demonstration with one line and the status of a shell", async () => {
  const child = demo(["--memory", "--mib", "256"]).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; !text.includes("Transfer");) {
    const { value, done } = await reader.read();
    assert(!done, `ended early: ${text}`);
    text += value;
  }
  child.kill("SIGINT");
  while (!(await reader.read()).done);
  const stderr = await new Response(child.stderr).text();
  assertEquals((await child.status).code, 130);
  assertEquals(stderr, "woshou demo: interrupted\n");
});

Deno.test("a bad command line ends with one line on standard error", async () => {
  const run = await finish(demo(["--colour"]));
  assertEquals(run.code, 1);
  assertEquals(run.stderr, "woshou demo: unknown argument --colour; --help tells what there is\n");
  assertEquals(run.lines, [""]);
});

Deno.test("the command line is checked, and each complaint names the flag", () => {
  assertEquals(parseCommandLine([]).bytes, 64 * 1024 * 1024);
  assertEquals(parseCommandLine(["--pipeline", "fused"]).pipeline, "fused");
  assert(parseCommandLine(["--memory"]).memory);
  const bad: readonly (readonly [args: string[], says: string])[] = [
    [["--pipeline", "round"], "--pipeline round"],
    [["--pipeline="], "--pipeline "],
    [["--memory", "--pipeline", "split"], "--pipeline split"],
    [["--mib", "0"], "--mib 0"],
    [["--mib", "257"], "--mib 257"],
    [["--mib", "many"], "--mib many"],
    [["extra"], "extra"],
  ];
  for (const [args, says] of bad) assertThrows(() => parseCommandLine(args), Error, says);
});

/** A segment with just what the client's state depends on. */
function seen(fromClient: boolean, flags: number, seq: number, ack: number): Sighting {
  return {
    fromClient,
    clientPort: 40000,
    timeUs: 0,
    flags,
    seq,
    ack,
    window: 0,
    payloadBytes: 0,
    options: [],
    state: "",
  };
}

/** A client whose connection is open: its next number is 11, the server's 21. */
function open(): InferredState {
  const client = new InferredState();
  client.after(seen(true, Flag.SYN, 10, 0));
  client.after(seen(false, Flag.SYN | Flag.ACK, 20, 11));
  client.after(seen(true, Flag.ACK, 11, 21));
  return client;
}

const FIN_ACK = Flag.FIN | Flag.ACK;

Deno.test("the client's state follows RFC 9293 figure 5 for every order of the close", () => {
  const orders: readonly (readonly [name: string, segments: Sighting[], states: string[]])[] = [
    ["client first", [
      seen(true, FIN_ACK, 11, 21),
      seen(false, Flag.ACK, 21, 12),
      seen(false, FIN_ACK, 21, 12),
      seen(true, Flag.ACK, 12, 22),
    ], ["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "TIME-WAIT"]],
    ["client first, three segments", [
      seen(true, FIN_ACK, 11, 21),
      seen(false, FIN_ACK, 21, 12),
    ], ["FIN-WAIT-1", "TIME-WAIT"]],
    ["both at once", [
      seen(true, FIN_ACK, 11, 21),
      seen(false, FIN_ACK, 21, 11),
      seen(false, Flag.ACK, 22, 12),
    ], ["FIN-WAIT-1", "CLOSING", "TIME-WAIT"]],
    ["server first", [
      seen(false, FIN_ACK, 21, 11),
      seen(true, FIN_ACK, 11, 22),
      seen(false, Flag.ACK, 22, 12),
    ], ["CLOSE-WAIT", "LAST-ACK", "CLOSED"]],
    ["reset", [seen(false, Flag.RST, 21, 0)], ["CLOSED"]],
    ["an old acknowledgment", [
      seen(true, FIN_ACK, 11, 21),
      seen(false, Flag.ACK, 21, 11),
    ], ["FIN-WAIT-1", "FIN-WAIT-1"]],
  ];
  for (const [name, segments, states] of orders) {
    const client = open();
    assertEquals(client.state, "ESTABLISHED");
    assertEquals(segments.map((segment) => client.after(segment)), states, name);
  }
});

Deno.test("the kernel's states and counters are read from its tables", () => {
  const tcp = "  sl  local_address rem_address   st\n" +
    "   0: 00000000:0016 00000000:0000 0A\n   1: 0100070A:D6B8 0200070A:0007 05\n";
  assertEquals(stateInProc(tcp, 0xd6b8), "FIN-WAIT-2");
  assertEquals(stateInProc(tcp, 22), "LISTEN");
  assertEquals(stateInProc(tcp, 23), null);
  const snmp = "Ip: Forwarding\nIp: 1\nTcp: InSegs OutSegs RetransSegs\nTcp: 5 6 7\n";
  assertEquals(numberInSnmp(snmp, "Tcp", "RetransSegs"), 7);
  assertEquals(numberInSnmp(snmp, "Tcp", "Unheard"), null);
  assertEquals(numberInSnmp(snmp, "Udp", "InDatagrams"), null);
});
