/**
 * What this side tells the peer of text that it received twice: duplicate SACK, RFC 2883. A peer that
 * sends such text needlessly learns that it does (RFC 3708, RFC 8985 section 6.2.1).
 */

import { type Seq, seqGt, seqLt, seqMin } from "../base/seq.ts";
import type { TcpConfig } from "./config.ts";
import type { Connection } from "./connection.ts";
import { enterQuickAcks } from "./delayed_ack.ts";
import { DuplicateReport } from "./receive_buffer.ts";

/** `[left, right)` was received before: the next ACK says so. A later report takes an earlier one's place. */
export function reportDuplicate(
  conn: Connection,
  left: Seq,
  right: Seq,
  config: TcpConfig,
): void {
  const { receive } = conn;
  if (!conn.sack || !config.dsack || receive === null || !seqLt(left, right)) return;
  receive.duplicate ??= new DuplicateReport();
  const report = receive.duplicate;
  report.pending = true;
  report.left = left;
  report.right = right;
}

/** The same for more of one segment: what touches the report makes it longer, the rest is not told. */
export function extendDuplicate(
  conn: Connection,
  left: Seq,
  right: Seq,
  config: TcpConfig,
): void {
  const report = conn.receive === null ? null : conn.receive.duplicate;
  if (report === null || !report.pending) return reportDuplicate(conn, left, right, config);
  if (seqGt(left, report.right) || seqGt(report.left, right)) return;
  if (seqLt(left, report.left)) report.left = left;
  if (seqGt(right, report.right)) report.right = right;
}

/**
 * A segment was not acceptable: what of it lies before RCV.NXT was received before, and our ACK of it may
 * have been lost, so that the next ones are quick (as Linux's tcp_send_dupack).
 */
export function reportUnacceptable(conn: Connection, seq: Seq, end: Seq, config: TcpConfig): void {
  if (seq === end || !seqLt(seq, conn.rcvNxt)) return;
  enterQuickAcks(conn, config);
  reportDuplicate(conn, seq, seqMin(end, conn.rcvNxt), config);
}

/**
 * Text up to `end` is about to be taken in order: what the ranges behind the gap hold of it has come twice.
 * Each range is reported from its start to where the one before it was (as Linux's tcp_ofo_queue).
 */
export function reportOverlap(conn: Connection, end: Seq, config: TcpConfig): void {
  const queue = conn.receive!.outOfOrder;
  if (queue === null) return;
  let high = end;
  for (let i = 0; i < queue.count && seqLt(queue.left[i], high); i++) {
    const before = high;
    high = seqMin(high, queue.right[i]);
    extendDuplicate(conn, queue.left[i], before, config);
  }
}
