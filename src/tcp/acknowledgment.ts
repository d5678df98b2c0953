/**
 * What an acknowledgment does to the send side: RTT samples, the send buffer, congestion control, and
 * loss recovery by duplicate ACKs (RFC 5681 section 3.2, RFC 6582 NewReno).
 */

import { Counter, type Counters } from "../base/counters.ts";
import { seqDiff, seqGe, seqGt, seqLt } from "../base/seq.ts";
import { Flag, OptionBit, type Segment } from "../wire/segment.ts";
import type { TcpConfig } from "./config.ts";
import { type Connection, NEVER, News } from "./connection.ts";
import { Outcome } from "./outcome.ts";

/** RFC 5681 section 3.2: duplicate ACKs that mean loss. */
const DUPLICATE_THRESHOLD = 3;

/** Takes the ACK field of an acceptable segment in. `windowBefore` is SND.WND before this segment. */
export function onAcknowledgment(
  conn: Connection,
  segment: Segment,
  windowBefore: number,
  nowUs: number,
  counters: Counters,
  config: TcpConfig,
): Outcome {
  if (seqGt(segment.ack, conn.sndUna)) {
    return onNewlyAcknowledged(conn, segment.ack, nowUs, counters, config);
  }
  if (conn.persisting && conn.sndWnd > 0) {
    // The window has opened: what was held back may go, and its loss is timed afresh.
    conn.persisting = false;
    conn.retransmitAtUs = NEVER;
    conn.backoffs = 0;
  } else if (conn.persisting) {
    conn.backoffs = Math.min(conn.backoffs, PROBE_BACKOFF_CAP);
    conn.unackedSinceUs = nowUs; // The peer is alive, it only has no room (section 3.8.6.1).
  }
  if (isDuplicate(conn, segment, windowBefore)) return onDuplicate(conn, nowUs, counters);
  return Outcome.none;
}

/** Back-offs beyond this do not lengthen the probe interval in practice: 200 ms * 2^10 > 120 s. */
const PROBE_BACKOFF_CAP = 10;

/** RFC 5681 section 2: what counts as a duplicate ACK. A SACK block makes up for a window change. */
function isDuplicate(conn: Connection, segment: Segment, windowBefore: number): boolean {
  if (segment.ack !== conn.sndUna || conn.sndUna === conn.sndMax) return false;
  if (segment.payloadLength > 0) return false;
  if ((segment.flags & (Flag.SYN | Flag.FIN)) !== 0) return false;
  return conn.sndWnd === windowBefore || (segment.options & OptionBit.sack) !== 0;
}

function onDuplicate(conn: Connection, nowUs: number, counters: Counters): Outcome {
  conn.duplicateAcks++;
  conn.duplicateAcksSeen++;
  counters.count(Counter.duplicateAcks);
  const mss = conn.sndMss;
  if (conn.recovering) {
    // RFC 5681 section 3.2 step 4: each duplicate ACK says that a segment has left the network.
    conn.congestion.cwndBytes += mss;
    return Outcome.none;
  }
  if (conn.duplicateAcks !== DUPLICATE_THRESHOLD) return Outcome.none;
  // RFC 6582 section 3.2 step 1: not for losses that an earlier recovery or timeout deals with.
  if (seqLt(conn.sndUna, conn.recover)) return Outcome.none;
  conn.recovering = true;
  conn.recover = conn.sndMax;
  conn.congestion.onLoss(seqDiff(conn.sndMax, conn.sndUna), mss, nowUs);
  conn.congestion.cwndBytes += DUPLICATE_THRESHOLD * mss;
  conn.timing = false;
  counters.count(Counter.fastRetransmits);
  return Outcome.retransmit;
}

function onNewlyAcknowledged(
  conn: Connection,
  ack: number,
  nowUs: number,
  counters: Counters,
  config: TcpConfig,
): Outcome {
  const acked = seqDiff(ack, conn.sndUna);
  const flight = seqDiff(conn.sndMax, conn.sndUna);
  conn.sndUna = ack;
  if (seqLt(conn.sndNxt, ack)) conn.sndNxt = ack;
  if (conn.timing && seqGe(ack, conn.rttSeq)) {
    conn.rtt.sample(nowUs - conn.rttSentAtUs);
    conn.timing = false;
  }
  releaseAcknowledged(conn, ack);
  conn.duplicateAcks = 0;
  conn.backoffs = 0;
  conn.persisting = false;
  const everything = ack === conn.sndMax;
  conn.retransmitAtUs = everything ? NEVER : nowUs + conn.rtt.rtoUs;
  conn.unackedSinceUs = everything ? NEVER : nowUs;
  if (conn.recovering) return recoverFurther(conn, ack, acked, nowUs, counters);
  const { congestion } = conn;
  const slowStart = congestion.cwndBytes < congestion.ssthreshBytes;
  // In slow start the window may grow to twice what was really used (as Linux).
  const limited = conn.cwndLimited || (slowStart && congestion.cwndBytes < 2 * flight);
  congestion.onAck(acked, conn.rtt.srttUs, limited, conn.sndMss, nowUs);
  growSendLimit(conn, config);
  return Outcome.none;
}

/** RFC 6582 section 3.2, steps 3 to 5: a full ACK ends recovery, a partial one names the next loss. */
function recoverFurther(
  conn: Connection,
  ack: number,
  acked: number,
  nowUs: number,
  counters: Counters,
): Outcome {
  const { congestion, sndMss } = conn;
  if (seqGe(ack, conn.recover)) {
    conn.recovering = false;
    congestion.onRecovered(sndMss, nowUs);
    return Outcome.none;
  }
  congestion.cwndBytes = Math.max(congestion.cwndBytes - acked, 0) + sndMss;
  counters.count(Counter.fastRetransmits);
  return Outcome.retransmit;
}

/** Gives acknowledged bytes back to the application and tells it when it may be waiting for room. */
function releaseAcknowledged(conn: Connection, ack: number): void {
  const send = conn.send;
  if (send === null) return;
  const position = (ack - conn.iss - 1) | 0;
  // The FIN has a sequence number but no byte.
  const bytes = ((position - send.end) | 0) > 0 ? send.end : position;
  send.acknowledge(bytes);
  const waiting = send.held <= conn.sendLimit >> 1;
  conn.news = waiting ? News.loud : conn.news === News.none ? News.quiet : conn.news;
}

/** The send buffer must hold two windows, or the window cannot be used (as Linux's tcp_sndbuf_expand). */
function growSendLimit(conn: Connection, config: TcpConfig): void {
  if (conn.sendBufferFixed) return;
  const wanted = Math.min(2 * conn.congestion.cwndBytes, config.sendBufferMaxBytes);
  if (wanted > conn.sendLimit) conn.sendLimit = wanted;
}
