/** Connections whose peer sends SACK, for tests of loss detection and recovery: numbers are segments. */

import { assertEquals } from "@std/assert";
import { Harness, type HarnessOptions } from "../support/engine.ts";

/** Payload of a full segment here: no timestamps. */
export const MSS = 1460;

/** What may differ from test to test. */
export interface Path extends HarnessOptions {
  /** Round-trip time of the handshake; 100 by default. */
  readonly rttMs?: number;
  /** Words of the peer's SYN beside the MSS; "sackOK" by default. */
  readonly peer?: string;
}

/** An established connection with a measured RTT and an initial window of ten segments. */
export function connected(path: Path = {}): Harness {
  const { rttMs = 100, peer = "sackOK" } = path;
  const h = new Harness({
    ...path,
    tcp: { sack: true, timestamps: true, sendBufferInitialBytes: 1 << 20, ...path.tcp },
    dimensions: { sendBlocks: 256, ...path.dimensions },
  });
  h.listen();
  h.inject(`S 0:0 mss 1460 ${peer}`);
  h.advanceMs(rttMs);
  h.inject(`. 1:1 ack 1${/\bts\b/.test(peer) ? ` ts 100 ${h.outbox[0].segment.tsValue}` : ""}`);
  h.acceptTaken();
  h.outbox.length = 0;
  return h;
}

/** The same with `segments` written, of which ten are in flight. */
export function sending(segments: number, path: Path = {}): Harness {
  const h = connected(path);
  h.write(segments * MSS);
  return h;
}

/** The same with all of them in flight, however many: a wide path, whose peer has offered a large window. */
export function wide(segments: number): Harness {
  const h = connected({
    tcp: { initialWindowSegments: segments, tlp: false, sendBufferInitialBytes: 4 << 20 },
    dimensions: { sendBlocks: 2048 },
  });
  h.conn.sndWnd = 4 << 20;
  h.write(segments * MSS);
  assertEquals(h.outbox.length, segments);
  return h;
}

/** The sequence number, relative as in a line, at which a segment begins. */
export function at(segment: number): number {
  return 1 + MSS * segment;
}

/** An ACK of everything before segment `next`, with SACK blocks from one segment to before another. */
export function ack(next: number, ...blocks: readonly (readonly [number, number])[]): string {
  const words = blocks.map(([from, to]) => ` sack ${at(from)}:${at(to)}`);
  return `. 1:1 ack ${at(next)}${words.join("")}`;
}

/** What was sent since the last call: `3` for a segment, `3-5` for several as one, bytes for parts. */
export function sent(h: Harness): string[] {
  return h.outbox.splice(0).map(({ segment, line }) => {
    const start = Number(line.split(" ")[1].split(":")[0]);
    const end = start + segment.payloadLength;
    const from = (start - 1) / MSS;
    const to = (end - 1) / MSS;
    if (!Number.isInteger(from) || !Number.isInteger(to) || to === from) {
      return line.split(" ").slice(0, 2).join(" ");
    }
    return to === from + 1 ? `${from}` : `${from}-${to - 1}`;
  });
}

/** Takes what was sent out of the way, and checks how much it was. */
export function take(h: Harness, count: number): void {
  assertEquals(sent(h).length, count);
}
