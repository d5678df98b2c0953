import { assertEquals } from "@std/assert";
import { Counters } from "../../src/base/counters.ts";
import { Drop } from "../../src/base/drops.ts";
import { SeededRandom } from "../../src/base/random.ts";
import {
  HEADERS_MAX_BYTES,
  TraceKind,
  TraceReader,
  type TraceRecord,
  TraceWriter,
} from "../../src/pipeline/trace_ring.ts";
import { Layout, SMALL_DIMENSIONS, Traced } from "../../src/ring/layout.ts";
import { createCongestion } from "../../src/tcp/congestion/create.ts";
import { State } from "../../src/tcp/state.ts";
import { be16, icmpBytes, ipv4Frame, OWN, PEER, randomSegment } from "../wire/frames.ts";
import { connectionIn } from "./stage_parts.ts";

function rig(originUs = 0) {
  const layout = new Layout({ ...SMALL_DIMENSIONS, traceRecords: 4 });
  const counters = new Counters();
  const writer = new TraceWriter(layout.trace, counters, originUs);
  const reader = new TraceReader(layout.trace);
  return { layout, counters, writer, reader };
}

Deno.test("trace ring: a segment arrives with its direction and its time, far beyond 2^32 too", () => {
  const originUs = Date.UTC(2031, 3, 1) * 1000;
  const { writer, reader } = rig(originUs);
  const segment = randomSegment(new SeededRandom(3));
  writer.nowUs = 5_000_000_123;
  writer.segment(TraceKind.segmentOut, segment);
  const seen: unknown[] = [];
  reader.drain((record) => seen.push(record));
  assertEquals(seen, [], "nothing is shown before publish");
  assertEquals([writer.publish(), writer.publish()], [true, false]);
  reader.drain(({ kind, timeUs, segment: { seq, srcPort, flags } }) =>
    seen.push([kind, timeUs, seq, srcPort, flags])
  );
  const expected = [TraceKind.segmentOut, originUs + 5_000_000_123];
  assertEquals(seen, [[...expected, segment.seq, segment.srcPort, segment.flags]]);
});

Deno.test("trace ring: a change of state names both states and both ends, the local one first", () => {
  const { layout, writer, reader } = rig();
  const conn = connectionIn(layout, 3);
  conn.state = State.ESTABLISHED;
  writer.state(conn, State.SYN_SENT);
  writer.publish();
  const seen: unknown[] = [];
  reader.drain(({ kind, stateBefore, stateAfter, segment: s }: TraceRecord) =>
    seen.push([kind, stateBefore, stateAfter, s.src3, s.srcPort, s.dst3, s.dstPort])
  );
  assertEquals(seen, [[TraceKind.state, State.SYN_SENT, State.ESTABLISHED, 11, 7, 22, 40_000]]);
});

Deno.test("trace ring: without a viewer records are dropped and counted, and later ones come", () => {
  const { counters, writer, reader } = rig();
  const segment = randomSegment(new SeededRandom(3));
  for (let i = 0; i < 10; i++) {
    segment.seq = i;
    writer.segment(TraceKind.segmentIn, segment);
    writer.publish();
  }
  assertEquals(counters.drops(Drop.traceOverflow), 6);
  const seen: number[] = [];
  const look = (record: TraceRecord) => void seen.push(record.segment.seq);
  reader.drain(look);
  segment.seq = 99;
  writer.segment(TraceKind.segmentIn, segment);
  writer.publish();
  reader.drain(look);
  assertEquals(seen, [0, 1, 2, 3, 99]);
});

Deno.test("trace ring: a segment comes with its headers, and those that are too long with their beginning", () => {
  // Goal: a viewer sees the bits that were on the wire, not what the decoder made of them.
  const { layout, writer, reader } = rig();
  const segment = randomSegment(new SeededRandom(3));
  const at = layout.headers;
  const bytes = Uint8Array.from({ length: 200 }, (_, i) => i);
  layout.memory.bytes.set(bytes, at);
  writer.segment(TraceKind.segmentIn, segment, at, 52);
  writer.segment(TraceKind.segmentIn, segment, at, 200);
  writer.segment(TraceKind.segmentIn, segment);
  writer.publish();
  const seen: number[][] = [];
  reader.drain((record) => seen.push([...record.headers.subarray(0, record.headersLength)]));
  assertEquals(seen, [[...bytes.subarray(0, 52)], [...bytes.subarray(0, HEADERS_MAX_BYTES)], []]);
});

Deno.test("trace ring: progress is recorded for who asks for it, with the numbers of the connection", () => {
  // Goal: who wants segments alone is not made to look at more.
  const { layout, writer, reader } = rig();
  const conn = connectionIn(layout, 3);
  conn.congestion = createCongestion("newreno", 14_480);
  conn.rtt.srttUs = 1234;
  conn.sndWnd = 65_535;
  writer.traced = Traced.segments;
  writer.progress(conn);
  writer.traced = Traced.segments | Traced.progress;
  writer.progress(conn);
  writer.publish();
  const seen: unknown[] = [];
  reader.drain(({ kind, segment, progress: p }) =>
    seen.push([kind, segment.srcPort, p.cwndBytes, p.ssthreshBytes, p.rttUs, p.sendWindowBytes])
  );
  assertEquals(seen, [[TraceKind.progress, 7, 14_480, Infinity, 1234, 65_535]]);
});

Deno.test("trace ring: a drop names its reason, and other records none", () => {
  const { writer, reader } = rig();
  const segment = randomSegment(new SeededRandom(4));
  writer.segment(TraceKind.segmentIn, segment);
  writer.drop(Drop.tcpOutOfWindow, segment);
  writer.segment(TraceKind.segmentOut, segment);
  writer.publish();
  const seen: unknown[] = [];
  reader.drain(({ kind, reason, segment: { seq } }) => seen.push([kind, reason, seq]));
  assertEquals(seen, [
    [TraceKind.segmentIn, Drop.none, segment.seq],
    [TraceKind.drop, Drop.tcpOutOfWindow, segment.seq],
    [TraceKind.segmentOut, Drop.none, segment.seq],
  ]);
});

Deno.test("trace ring: of an echo come its headers, of an error as much as there is room for", () => {
  // Goal: what says something is there, and data that the peer chooses is not copied.
  const { layout, writer, reader } = rig();
  const at = layout.headers;
  const echo = [...be16(7), ...be16(1), ...new Array(64).fill(1)];
  const error = [0, 0, 0, 0, ...new Array(180).fill(2)];
  for (const payload of [icmpBytes(8, 0, echo), icmpBytes(3, 3, error)]) {
    layout.memory.bytes.set(ipv4Frame({ protocol: 1, payload }), at);
    writer.icmp(TraceKind.icmpIn, at, at + 20);
  }
  writer.publish();
  const seen: unknown[] = [];
  reader.drain(({ kind, segment: s, headersLength }) => {
    assertEquals([kind, s.src3, s.dst3], [TraceKind.icmpIn, PEER.w3, OWN.w3]);
    seen.push([s.icmpType, s.icmpCode, s.seq, s.payloadOffset, s.payloadLength, headersLength]);
  });
  assertEquals(seen, [
    [8, 0, (7 << 16) | 1, 20, 72, 28],
    [3, 3, 0, 20, 188, HEADERS_MAX_BYTES],
  ]);
});
