import { assertEquals } from "@std/assert";
import { Conversation, detailText, InferredState } from "../../src/page/conversation.ts";
import { TraceKind as Kinds } from "../../src/page/kinds.ts";
import type { Packet } from "../../src/page/packet.ts";
import { TraceKind } from "../../src/pipeline/trace_ring.ts";
import { State } from "../../src/tcp/state.ts";
import { Flag } from "../../src/wire/segment.ts";

const { SYN, ACK, FIN, RST } = Flag;

function packet(seq: number, ack: number, flags: number, payloadBytes = 0): Packet {
  const rest = { mss: null, windowScale: null, sackPermitted: false, timestamps: null, sack: [] };
  const ends = { family: "IPv4", bytes: new Uint8Array(40), tcpAt: 20, ip: [], tcp: [] };
  const numbers = {
    seq: seq >>> 0,
    ack: ack >>> 0,
    flags,
    window: 1000,
    payloadBytes,
    gsoBytes: 0,
  };
  return { ...ends, src: "10.7.0.1", dst: "10.7.0.2", ...numbers, ...rest };
}

Deno.test("numbers are relative to the initial ones, also across the end of the number space", () => {
  const conversation = new Conversation();
  const isn = 0xffff_fffe;
  conversation.segment(0, 0, true, packet(isn, 0, SYN));
  conversation.segment(1, 1, false, packet(77, isn + 1, SYN | ACK));
  conversation.segment(2, 2, true, packet(isn + 1, 78, ACK, 100));
  conversation.segment(3, 3, false, packet(78, isn + 101, ACK));
  assertEquals(conversation.arrows.map(({ seq, ack }) => [seq, ack]), [
    [0, null],
    [0, 1],
    [1, 1],
    [1, 101],
  ]);
});

Deno.test("what is sent again, acknowledged twice, and a closed window are marked", () => {
  const conversation = new Conversation();
  conversation.segment(0, 0, true, packet(10, 0, SYN));
  conversation.segment(1, 1, true, packet(10, 0, SYN));
  conversation.segment(2, 2, false, packet(50, 11, SYN | ACK));
  conversation.segment(3, 3, true, packet(11, 51, ACK, 100));
  conversation.segment(4, 4, true, packet(11, 51, ACK, 100));
  conversation.segment(5, 5, false, packet(51, 111, ACK));
  conversation.segment(6, 6, false, packet(51, 111, ACK));
  conversation.segment(7, 7, false, { ...packet(51, 111, ACK), window: 0 });
  const marks = conversation.arrows.map(({ marks }) => marks.join());
  assertEquals(marks, ["", "retransmission", "", "", "retransmission", "", "duplicate", "zero"]);
});

Deno.test("states stand where they belong: at the end of what has brought them, at the start of what tells them", () => {
  const c = new Conversation();
  c.segment(0, 0, true, packet(10, 0, SYN));
  c.state(1, 0, State.LISTEN, State.SYN_RECEIVED);
  c.segment(2, 0, false, packet(50, 11, SYN | ACK));
  c.segment(3, 9, true, packet(11, 51, ACK));
  c.state(4, 9, State.SYN_RECEIVED, State.ESTABLISHED);
  c.segment(5, 20, true, packet(11, 51, FIN | ACK));
  c.state(6, 20, State.ESTABLISHED, State.CLOSE_WAIT);
  c.state(7, 20, State.CLOSE_WAIT, State.LAST_ACK);
  c.segment(8, 20, false, packet(51, 12, FIN | ACK));
  c.segment(9, 30, true, packet(12, 52, ACK));
  c.state(10, 30, State.LAST_ACK, State.CLOSED);
  assertEquals(c.ownLeft, false);
  assertEquals(c.arrows.map(({ left, right }) => [left, right]), [
    ["SYN-SENT", "SYN-RECEIVED"],
    ["ESTABLISHED", null],
    [null, "ESTABLISHED"],
    ["FIN-WAIT-1", "CLOSE-WAIT"],
    ["TIME-WAIT", "LAST-ACK"],
    [null, "CLOSED"],
  ]);
});

Deno.test("an active open stands on the left, and the end of TIME-WAIT stands alone", () => {
  const c = new Conversation();
  c.state(0, 0, State.CLOSED, State.SYN_SENT);
  c.segment(1, 0, false, packet(10, 0, SYN));
  c.segment(2, 5, true, packet(50, 11, SYN | ACK));
  c.state(3, 5, State.SYN_SENT, State.ESTABLISHED);
  c.state(4, 60e6, State.TIME_WAIT, State.CLOSED);
  assertEquals(c.ownLeft, true);
  assertEquals(c.arrows.map(({ left, fromLeft }) => [left, fromLeft]), [
    ["SYN-SENT", true],
    ["ESTABLISHED", false],
    ["CLOSED", true],
  ]);
  assertEquals([c.arrows[2].packet, c.ownState], [null, "CLOSED"]);
});

Deno.test("the state of a peer follows from the segments: simultaneous close, and a reset", () => {
  const peer = new InferredState();
  const seen: string[] = [];
  const sent = (p: Packet) => (peer.sent(p), seen.push(peer.state));
  const received = (p: Packet) => (peer.received(p), seen.push(peer.state));
  sent(packet(10, 0, SYN));
  received(packet(50, 11, SYN | ACK));
  sent(packet(11, 51, FIN | ACK));
  received(packet(51, 11, FIN | ACK));
  received(packet(52, 12, ACK));
  received(packet(52, 12, RST));
  assertEquals(seen, ["SYN-SENT", "ESTABLISHED", "FIN-WAIT-1", "CLOSING", "TIME-WAIT", "CLOSED"]);
});

Deno.test("offload is told under the arrow, and the kinds are those of the trace", () => {
  const c = new Conversation();
  c.segment(0, 0, true, { ...packet(1, 1, ACK, 2896), gsoBytes: 1448 });
  assertEquals(detailText(c.arrows[0]), "win=1000 tso=2×1448");
  assertEquals(Kinds, {
    segmentIn: TraceKind.segmentIn,
    segmentOut: TraceKind.segmentOut,
    state: TraceKind.state,
  });
});
