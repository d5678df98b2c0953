/** A connection that is attacked, and what the attack has cost the stack. */

import { assert, assertEquals } from "@std/assert";
import { seqDiff } from "../../src/base/seq.ts";
import { NO_SEGMENT } from "../../src/tcp/retransmission_queue.ts";
import type { Harness } from "../support/engine.ts";

/** What the stack has sent since the last call. */
export interface Cost {
  readonly segments: number;
  readonly payloadBytes: number;
}

/** Counts and forgets what was sent. */
export function costOf(h: Harness): Cost {
  const sent = h.outbox.splice(0);
  const payloadBytes = sent.reduce((sum, { segment }) => sum + segment.payloadLength, 0);
  return { segments: sent.length, payloadBytes };
}

/** The next number that the peer sends, and what it would acknowledge, relative to the initial ones. */
export function numbersOf(h: Harness): { seq: number; ack: number } {
  const { conn } = h;
  return { seq: seqDiff(conn.rcvNxt, conn.irs), ack: seqDiff(conn.sndMax, conn.iss) };
}

/** The connection still carries data both ways, in order: nothing was taken from it or put into it. */
export function assertUnharmed(h: Harness, bytes = 100): void {
  assertEquals(h.state, "ESTABLISHED");
  costOf(h);
  h.read();
  const { seq, ack } = numbersOf(h);
  h.inject(`P. ${seq}:${seq + bytes} ack ${ack}`);
  assertEquals(h.read(), bytes, "the peer's data does not come through");
  h.write(bytes);
  const { payloadBytes } = costOf(h);
  assertEquals(payloadBytes, bytes, "our data does not go out");
  h.inject(`. ${seq + bytes}:${seq + bytes} ack ${ack + bytes}`);
  assertEquals(h.conn.sndUna, h.conn.sndMax);
}

/** Entries of the retransmission queue: what a peer can make us walk and keep. */
export function queueLength(h: Harness): number {
  const { queue } = h.conn.loss!;
  let count = 0;
  for (let s = queue.head; s !== NO_SEGMENT; s = queue.next(s)) count++;
  return count;
}

/** Bytes of receive memory in use. */
export function heldBytes(h: Harness): number {
  const { pool } = h.slots;
  assert(pool.free <= pool.count);
  return (pool.count - pool.free) * pool.blockBytes;
}
