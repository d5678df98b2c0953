// Captures with what the stack knows of their packets; frame_capture.ts and trace_capture.ts write through the window.
import { assert, assertEquals } from "@std/assert";
import { Direction, PcapngWriter } from "../../src/device/pcapng.ts";
import { readCapture } from "../../src/device/capture_file.ts";
import { CaptureWindow, WAITING_PACKETS_MAX } from "../../src/trace/capture_window.ts";
import { TraceKind, TraceRecord } from "../../src/pipeline/trace_ring.ts";
import { State } from "../../src/tcp/state.ts";
import { Flag, Segment } from "../../src/wire/segment.ts";
import { concatenated } from "../device/captures.ts";

function rig() {
  const blocks: Uint8Array[] = [];
  const writer = new PcapngWriter((block) => blocks.push(block));
  const window = new CaptureWindow(writer, writer.interface("test"));
  const packets = () => [...readCapture(concatenated(blocks))];
  return { window, packets };
}

function segmentOf(fields: Partial<Segment>): Segment {
  return Object.assign(new Segment(), { srcPort: 40_000, dstPort: 7, flags: Flag.ACK }, fields);
}

/** A record about a segment from the peer, or the connection of one. */
function recordOf(kind: TraceKind, timeUs: number, fields: Partial<Segment> = {}): TraceRecord {
  const record = Object.assign(new TraceRecord(), { kind, timeUs });
  Object.assign(record.segment, segmentOf(fields));
  return record;
}

function stateRecord(timeUs: number, before: State, after: State): TraceRecord {
  const record = recordOf(TraceKind.state, timeUs, { srcPort: 7, dstPort: 40_000 });
  return Object.assign(record, { stateBefore: before, stateAfter: after });
}

Deno.test("capture window: a state goes to the packet handled at its time, else to the next one", () => {
  const { window, packets } = rig();
  const add = (timeUs: number, fields: Partial<Segment>, direction: Direction) =>
    window.add({ bytes: new Uint8Array(40), timeUs, direction, comments: [] }, segmentOf(fields));
  const out = { srcPort: 7, dstPort: 40_000 };
  add(100, { seq: 1 }, Direction.inbound);
  add(900, { ...out, seq: 50 }, Direction.outbound);
  window.take(recordOf(TraceKind.segmentIn, 100, { seq: 1 }));
  window.take(stateRecord(100, State.ESTABLISHED, State.CLOSE_WAIT));
  // The application closes, 500 us later.
  window.take(stateRecord(600, State.CLOSE_WAIT, State.LAST_ACK));
  window.take(recordOf(TraceKind.segmentOut, 900, { ...out, seq: 50 }));
  window.flush();
  assertEquals(packets().map(({ comments }) => comments), [
    ["ESTABLISHED -> CLOSE-WAIT"],
    ["CLOSE-WAIT -> LAST-ACK"],
  ]);
});

Deno.test("capture window: what nobody collects is bounded, and comes out in order", () => {
  const { window, packets } = rig();
  const count = 3 * WAITING_PACKETS_MAX;
  for (let seq = 0; seq < count; seq++) {
    const note = { bytes: new Uint8Array(40), timeUs: seq, direction: Direction.inbound };
    window.add({ ...note, comments: [] }, segmentOf({ seq }));
    window.take(stateRecord(seq, State.LISTEN, State.SYN_RECEIVED));
    assert(packets().length >= seq + 1 - WAITING_PACKETS_MAX);
  }
  window.flush();
  assertEquals(packets().map(({ timeUs }) => timeUs), Array.from({ length: count }, (_, i) => i));
});
