/**
 * The receive window: how much is advertised, and how the buffer behind it grows with use (dynamic
 * right-sizing, as in Linux).
 */

import { seqAdd, seqDiff, seqGe } from "../base/seq.ts";
import type { TcpConfig } from "./config.ts";
import type { Connection } from "./connection.ts";
import { isAckDueAfterRead } from "./delayed_ack.ts";

/** The window field of a SYN, which is never scaled. */
export function synWindow(conn: Connection): number {
  return Math.min(65_535, conn.receive!.limitBytes);
}

/** Bytes that may be advertised from RCV.NXT on; the right edge never moves left. */
export function receiveWindow(conn: Connection): number {
  const promised = seqDiff(conn.rcvAdvertised, conn.rcvNxt);
  if (conn.receive === null) return promised > 0 ? promised : 0;
  const space = Math.min(conn.receive.space, 65_535 << conn.rcvScale);
  // Section 3.8.6.2.2: a window that has opened only a little stays closed.
  const step = Math.min(conn.receive.limitBytes >> 1, conn.rcvMss);
  if (space - promised < step) return promised > 0 ? promised : 0;
  return space;
}

/**
 * The window field for the next segment; records the right edge that it advertises.
 *
 * What the field cannot say of a promise is rounded up (RFC 7323 section 2.4), but no further than one
 * grain of the field beyond the buffer: rounded up always, the edge would move on with each small segment
 * however full the buffer is. Beyond that the field falls short of the promise by less than a grain; the
 * promise holds all the same.
 */
export function advertise(conn: Connection): number {
  const window = receiveWindow(conn);
  const scale = conn.rcvScale;
  const promised = seqDiff(conn.rcvAdvertised, conn.rcvNxt);
  let field = window >> scale;
  if (field << scale < promised) {
    const space = conn.receive === null ? 0 : conn.receive.space;
    if ((field + 1) << scale < space + (1 << scale)) field++;
  }
  const edge = seqAdd(conn.rcvNxt, field << scale);
  if (seqDiff(edge, conn.rcvAdvertised) > 0) conn.rcvAdvertised = edge;
  return field;
}

/** The time in which one whole window arrives is at least an RTT (as Linux's tcp_rcv_rtt_measure). */
export function measureReceiverRtt(conn: Connection, nowUs: number): void {
  if (!seqGe(conn.rcvNxt, conn.tuneSeq)) return;
  const sample = Math.max(1, nowUs - conn.tuneAtUs);
  conn.tuneRttUs = conn.tuneRttUs === 0
    ? sample
    : Math.min(sample, Math.round((7 * conn.tuneRttUs + sample) / 8));
  conn.tuneSeq = seqAdd(conn.rcvNxt, Math.max(conn.rcvMss, receiveWindow(conn)));
  conn.tuneAtUs = nowUs;
}

/**
 * The application has read: the buffer grows if it reads more than half of it in one RTT, and an
 * ACK is due if the peer would otherwise wait for a window that has opened.
 */
export function afterRead(
  conn: Connection,
  readPosition: number,
  nowUs: number,
  config: TcpConfig,
): void {
  // News of a write or of an option open no window: only what was read does.
  if (readPosition === conn.readSeen) return;
  conn.readSeen = readPosition;
  const receive = conn.receive!;
  const rttUs = conn.tuneRttUs !== 0 ? conn.tuneRttUs : conn.rtt.srttUs;
  if (rttUs !== 0 && nowUs - conn.tuneReadAtUs >= rttUs) {
    const read = (readPosition - conn.tuneReadMark) | 0;
    const mayGrow = config.receiveAutoTuning && !conn.receiveBufferFixed;
    if (mayGrow && 2 * read > receive.limitBytes) {
      receive.limitBytes = Math.min(config.receiveBufferMaxBytes, 2 * receive.limitBytes);
    }
    conn.tuneReadMark = readPosition;
    conn.tuneReadAtUs = nowUs;
  }
  const promised = seqDiff(conn.rcvAdvertised, conn.rcvNxt);
  if (promised < receive.limitBytes >> 1 && receiveWindow(conn) > promised) conn.ackPending = true;
  if (isAckDueAfterRead(conn)) conn.ackPending = true;
}
