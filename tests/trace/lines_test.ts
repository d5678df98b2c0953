import { assert, assertEquals, assertMatch } from "@std/assert";
import { ManualClock, memoryPair, open } from "../../mod.ts";
import { readIcmpMessage } from "../../src/ip/icmp_message.ts";
import { TraceKind, TraceRecord } from "../../src/pipeline/trace_ring.ts";
import { stateText, TRACE_STYLES, TraceLines, type TraceStyle } from "../../src/trace/lines.ts";
import { State } from "../../src/tcp/state.ts";
import { passTime, runVirtual } from "../support/virtual_time.ts";
import { icmpBytes, ipv4Frame } from "../wire/frames.ts";

/** Everything that happens at a client that connects, says "hi" and closes, as lines of this style. */
async function conversation(style: TraceStyle): Promise<string[]> {
  const lines = new TraceLines(style);
  const texts: string[] = [];
  const clock = new ManualClock();
  const [a, b] = memoryPair();
  const isn = (value: number) => ({ next: () => value | 0 });
  const client = await open({
    device: a,
    address: "192.168.1.116/24",
    clock,
    isn: isn(3626544836),
    trace: (record) => {
      const line = lines.line(record);
      if (line !== null) texts.push(line);
    },
  });
  const server = await open({
    device: b,
    address: "192.168.1.123/24",
    clock,
    isn: isn(1739326486),
  });
  const listener = server.listen({ port: 7788 });
  const to = { hostname: "192.168.1.123", port: 7788, localPort: 3337 };
  const [near, far] = await runVirtual(
    clock,
    Promise.all([client.connect(to), listener.accept()]),
    { untilUs: 1e6 },
  );
  await near.write(new TextEncoder().encode("hi"));
  await passTime(clock, 100_000);
  await far.read(new Uint8Array(10));
  near.close();
  await passTime(clock, 100_000); // Long enough for the acknowledgment of the FIN to go by itself.
  far.close();
  await passTime(clock, 100_000);
  await runVirtual(clock, Promise.all([client.close(), server.close()]), { untilUs: 2e6 });
  return texts;
}

Deno.test("classic: the handshake of the textbooks, line for line", async () => {
  // Goal: the example of PROTOCOL.md, section A, with its addresses and numbers.
  assertEquals((await conversation("classic")).slice(0, 3), [
    "IP 192.168.1.116.3337 > 192.168.1.123.7788: S 3626544836:3626544836",
    "IP 192.168.1.123.7788 > 192.168.1.116.3337: S 1739326486:1739326486 ack 3626544837",
    "IP 192.168.1.116.3337 > 192.168.1.123.7788: ack 1739326487,ack 1",
  ]);
});

Deno.test("modern: a time of day and a segment in every line, nothing else", async () => {
  // Goal: tcpdump's form; numbers are relative after the handshake.
  const lines = await conversation("modern");
  for (const line of lines) {
    assertMatch(line, /^\d\d:\d\d:\d\d\.\d{6} IP 192\.168\.1\.\d+\.\d+ > .*: Flags \[[A-Z.]+\], /);
  }
  assertMatch(lines[0], /Flags \[S\], seq 3626544836, /);
  assertMatch(lines[1], /Flags \[S\.\], seq 1739326486, ack 3626544837, /);
  assert(lines.some((line) => /Flags \[P\.\], seq 1:3, ack 1, .*length 2$/.test(line)));
  assertEquals(lines.filter((line) => /Flags \[F\.\]/.test(line)).length, 2);
});

Deno.test("states: the same with every change of state where it happens", async () => {
  // Goal: the client's way through RFC 9293 section 3.3.2, among the segments that cause it.
  const lines = await conversation("states");
  const changes = lines.filter((line) => line.includes("<>"))
    .map((line) => line.replace(/^.*: /, ""));
  assertEquals(changes, [
    "CLOSED -> SYN-SENT",
    "SYN-SENT -> ESTABLISHED",
    "ESTABLISHED -> FIN-WAIT-1",
    "FIN-WAIT-1 -> FIN-WAIT-2",
    "FIN-WAIT-2 -> TIME-WAIT",
  ]);
  const modern = await conversation("modern");
  assertEquals(lines.filter((line) => !line.includes("<>")).length, modern.length);
});

Deno.test("a change of state names both ends, and other styles show none", () => {
  // Goal: the text of one record.
  const record = new TraceRecord();
  record.kind = TraceKind.state;
  record.stateBefore = State.LISTEN;
  record.stateAfter = State.SYN_RECEIVED;
  Object.assign(record.segment, { src2: 0xffff, src3: 0x0a070002, srcPort: 7 });
  Object.assign(record.segment, { dst2: 0xffff, dst3: 0x0a070001, dstPort: 40000 });
  assertEquals(
    stateText(record).trim(),
    "10.7.0.2.7 <> 10.7.0.1.40000: LISTEN -> SYN-RECEIVED",
  );
  assertEquals(new TraceLines("modern").line(record), null);
  assertEquals(new TraceLines("classic").line(record), null);
  assertEquals(TRACE_STYLES, ["modern", "classic", "states"]);
});

Deno.test("times are of the day, with microseconds", () => {
  // Goal: the digits after the point are the record's own, whatever the zone.
  const record = new TraceRecord();
  record.timeUs = Date.UTC(2024, 1, 3, 4, 5, 6, 789) * 1000 + 12;
  const line = new TraceLines("states").line(record);
  assertMatch(line!, /^\d\d:\d\d:06\.789012 IP/);
});

Deno.test("datagrams have a line of their own in every style", () => {
  // Goal: as tcpdump prints those whose payload it does not know.
  const record = new TraceRecord();
  record.kind = TraceKind.datagramOut;
  Object.assign(record.segment, { src2: 0xffff, src3: 0x0a070001, srcPort: 5353 });
  Object.assign(record.segment, { dst2: 0xffff, dst3: 0x0a070002, dstPort: 53, payloadLength: 12 });
  assertMatch(
    new TraceLines("modern").line(record)!,
    / IP 10\.7\.0\.1\.5353 > 10\.7\.0\.2\.53: UDP, length 12$/,
  );
  assertEquals(
    new TraceLines("classic").line(record),
    "IP 10.7.0.1.5353 > 10.7.0.2.53: udp 12",
  );
});

Deno.test("messages of ICMP have a line of their own in every style", () => {
  // Goal: as tcpdump prints them; tests/wire/icmp_text_test.ts has every kind.
  const packet = ipv4Frame({ protocol: 1, payload: icmpBytes(8, 0, [0, 7, 0, 1, 2, 3]) });
  const record = new TraceRecord();
  record.kind = TraceKind.icmpIn;
  record.headers.set(packet);
  record.headersLength = 28;
  readIcmpMessage(new DataView(record.headers.buffer), 0, 20, record.segment);
  const text = "IP 10.7.0.1 > 10.7.0.2: ICMP echo request, id 7, seq 1, length 10";
  for (const style of ["modern", "states"] as const) {
    assertEquals(new TraceLines(style).line(record)?.slice(16), text);
  }
  assertEquals(
    new TraceLines("classic").line(record),
    "IP 10.7.0.1 > 10.7.0.2: icmp: echo request",
  );
});
