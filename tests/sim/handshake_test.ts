// The three-way handshake as it is taught, through the public API.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { VirtualTime } from "../../src/base/virtual_time.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import { open } from "../../src/net/open.ts";
import { FixedIsn } from "../../src/tcp/isn.ts";
import { TraceLines, type TraceStyle } from "../../src/trace/lines.ts";

const CLIENT = "192.168.1.116";
const SERVER = "192.168.1.123";
const CLIENT_PORT = 3337;
const SERVER_PORT = 7788;

/** What each side's trace prints of one connection, up to its establishment or to its end. */
async function traced(
  style: TraceStyle,
  closing: boolean,
): Promise<{ client: string[]; server: string[] }> {
  const time = new VirtualTime();
  const { clock } = time;
  const [near, far] = memoryPair();
  const client: string[] = [];
  const server: string[] = [];
  const printer = (lines: string[]) => {
    const text = new TraceLines(style);
    return (record: Parameters<TraceLines["line"]>[0]) => {
      const line = text.line(record);
      if (line !== null) lines.push(line);
    };
  };
  const clientStack = await open({
    device: near,
    address: `${CLIENT}/24`,
    clock,
    random: new SeededRandom(1),
    isn: new FixedIsn(3626544836),
    trace: printer(client),
  });
  const serverStack = await open({
    device: far,
    address: `${SERVER}/24`,
    clock,
    random: new SeededRandom(2),
    isn: new FixedIsn(1739326486),
    trace: printer(server),
  });
  const listener = serverStack.listen({ port: SERVER_PORT });
  const [accepted, conn] = await time.run(
    Promise.all([
      listener.accept(),
      clientStack.connect({ hostname: SERVER, port: SERVER_PORT, localPort: CLIENT_PORT }),
    ]),
    1_000_000,
  );
  assertEquals([conn.localAddr.hostname, conn.localAddr.port], [CLIENT, CLIENT_PORT]);
  assertEquals([accepted.remoteAddr.hostname, accepted.remoteAddr.port], [CLIENT, CLIENT_PORT]);
  if (closing) {
    conn.close();
    assertEquals(await time.run(accepted.read(new Uint8Array(1)), 1_000_000), null);
    accepted.close();
    await time.exhaust(70_000_000);
  }
  const lines = { client: [...client], server: [...server] };
  await time.run(Promise.all([clientStack.close(), serverStack.close()]), 1_000_000);
  return lines;
}

Deno.test("handshake: the classic example comes out line for line", async () => {
  // Goal: the acceptance test of PROTOCOL.md, section A, on both sides of the wire.
  const expected = [
    "IP 192.168.1.116.3337 > 192.168.1.123.7788: S 3626544836:3626544836",
    "IP 192.168.1.123.7788 > 192.168.1.116.3337: S 1739326486:1739326486 ack 3626544837",
    "IP 192.168.1.116.3337 > 192.168.1.123.7788: ack 1739326487,ack 1",
  ];
  const { client, server } = await traced("classic", false);
  assertEquals(client, expected);
  assertEquals(server, expected);
});

/** A line without its time of day, which depends on where the machine stands. */
function withoutTime(line: string): string {
  assert(/^\d\d:\d\d:\d\d\.\d{6} /.test(line), line);
  return line.slice("00:00:00.000000 ".length);
}

Deno.test("handshake: the modern form is tcpdump's", async () => {
  // Goal: time, flags, numbers, window, options with their padding, length.
  const { client } = await traced("modern", false);
  const timestamps = /TS val \d+ ecr \d+/;
  assertEquals(client.map((line) => withoutTime(line).replace(timestamps, "TS")), [
    "IP 192.168.1.116.3337 > 192.168.1.123.7788: Flags [S], seq 3626544836, win 65535, " +
    "options [mss 1460,sackOK,TS,nop,wscale 7], length 0",
    "IP 192.168.1.123.7788 > 192.168.1.116.3337: Flags [S.], seq 1739326486, ack 3626544837, " +
    "win 65535, options [mss 1460,sackOK,TS,nop,wscale 7], length 0",
    "IP 192.168.1.116.3337 > 192.168.1.123.7788: Flags [.], ack 1, win 1024, " +
    "options [nop,nop,TS], length 0",
  ]);
});

Deno.test("handshake: states names every transition of both sides", async () => {
  // Goal: from CLOSED and LISTEN to CLOSED, each change behind the segment that made it.
  const { client, server } = await traced("states", true);
  const changes = (lines: string[]) =>
    lines.map(withoutTime).filter((line) => line.includes(" -> ")).map((line) => line.trim());
  const here = "192.168.1.116.3337 <> 192.168.1.123.7788:";
  assertEquals(changes(client), [
    `${here} CLOSED -> SYN-SENT`,
    `${here} SYN-SENT -> ESTABLISHED`,
    `${here} ESTABLISHED -> FIN-WAIT-1`,
    `${here} FIN-WAIT-1 -> FIN-WAIT-2`,
    `${here} FIN-WAIT-2 -> TIME-WAIT`,
    `${here} TIME-WAIT -> CLOSED`,
  ]);
  const there = "192.168.1.123.7788 <> 192.168.1.116.3337:";
  assertEquals(changes(server), [
    `${there} LISTEN -> SYN-RECEIVED`,
    `${there} SYN-RECEIVED -> ESTABLISHED`,
    `${there} ESTABLISHED -> CLOSE-WAIT`,
    `${there} CLOSE-WAIT -> LAST-ACK`,
    `${there} LAST-ACK -> CLOSED`,
  ]);
  const flags = server.map((line) => /Flags \[([^\]]*)\]/.exec(line)?.[1] ?? "state");
  assertEquals(flags, [
    "S",
    "state",
    "S.",
    ".",
    "state",
    "F.",
    "state",
    ".",
    "state",
    "F.",
    ".",
    "state",
  ]);
});
