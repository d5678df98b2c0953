/**
 * Which acknowledgments give a round-trip time (RFC 6298 section 3, RFC 7323 section 4): as in Linux every one
 * that covers only segments that were sent once, else one that echoes a timestamp. With a sample the
 * back-off of the timeout ends (Karn).
 */

import { OptionBit, type Segment } from "../wire/segment.ts";
import type { Connection } from "./connection.ts";
import { NO_SAMPLE } from "./loss_recovery.ts";
import { Sent } from "./retransmission_queue.ts";

/** An echo that is older than this is not of this connection's making. */
const ECHO_MAX_MS = 120_000;

/** An acknowledged segment may give a sample; the oldest of an ACK counts. */
export function noteAcknowledged(conn: Connection, segment: number): void {
  const loss = conn.loss!;
  if ((loss.queue.flags(segment) & Sent.everAgain) !== 0) loss.ackedAgain = true;
  else if (loss.ackedSentAtUs < 0) loss.ackedSentAtUs = loss.queue.sentAtUs(segment);
}

/** The same for one that was acknowledged selectively: its cumulative ACK would come late. */
export function noteSacked(conn: Connection, segment: number): void {
  const loss = conn.loss!;
  const once = (loss.queue.flags(segment) & Sent.everAgain) === 0;
  if (once && loss.sackedSentAtUs < 0) loss.sackedSentAtUs = loss.queue.sentAtUs(segment);
}

/** An ACK begins: nothing is known of it. */
export function beginSample(conn: Connection): void {
  const loss = conn.loss!;
  loss.ackedAgain = false;
  loss.ackedSentAtUs = NO_SAMPLE;
  loss.sackedSentAtUs = NO_SAMPLE;
}

/**
 * Takes the sample that an ACK gives, if any. With `duplicate` a segment that came twice has caused it: the peer
 * does not echo the timestamp of such a one, and an older echo would make minutes of what was lost on the way back.
 */
export function takeSample(
  conn: Connection,
  segment: Segment,
  advanced: boolean,
  duplicate: boolean,
  nowUs: number,
): void {
  const loss = conn.loss!;
  let rttUs = NO_SAMPLE;
  if (loss.ackedSentAtUs >= 0 && !loss.ackedAgain) rttUs = nowUs - loss.ackedSentAtUs;
  else if (loss.sackedSentAtUs >= 0) rttUs = nowUs - loss.sackedSentAtUs;
  else if (advanced && conn.timestamps && (segment.options & OptionBit.timestamps) !== 0) {
    if (duplicate) {
      conn.rtoShift = 0; // What was sent again has arrived, and only its ACK was missing.
      return;
    }
    const elapsedMs = (Math.floor(nowUs / 1000) + conn.tsOffset - segment.tsEcho) | 0;
    if (elapsedMs >= 0 && elapsedMs < ECHO_MAX_MS) rttUs = Math.max(elapsedMs, 1) * 1000;
  }
  if (rttUs < 0) return;
  conn.rtt.sample(rttUs);
  conn.rtoShift = 0;
}
