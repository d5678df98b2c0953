/**
 * Explicit congestion notification, RFC 3168: who may mark, who tells of marks, and what the sender does
 * about them. What accurate ECN (RFC 9768) does otherwise is in accurate_ecn.ts; the answer to a mark, one
 * reduction of the window in a round trip, is the same for both.
 *
 * ```text
 *   sender    ECT(0) data ──▶ router: CE ──▶ receiver
 *   reduces  ◀── ECE in every ACK ──────────  until CWR comes
 *            ──── CWR in new data ─────────▶
 * ```
 */

import { Counter, type Counters } from "../base/counters.ts";
import { seqAdd, seqGe, seqGt } from "../base/seq.ts";
import { Ecn, Flag, type Segment } from "../wire/segment.ts";
import {
  answerAccurately,
  countMarks,
  reflectedCodepoint,
  stampAccurate,
  takeAccurateFeedback,
} from "./accurate_ecn.ts";
import type { EcnName, TcpConfig } from "./config.ts";
import type { Connection } from "./connection.ts";
import { AccurateEcn, EcnMode, EcnState } from "./ecn_state.ts";
import { type LossRecovery, proportionalWindow } from "./loss_recovery.ts";
import { State } from "./state.ts";

/** The three flags of ECN; read as a number with AE highest they are the ACE field of RFC 9768. */
export const ECN_FLAGS: number = Flag.AE | Flag.CWR | Flag.ECE;

/** ACKs at once after a mark: the sender may have a window of one segment (as Linux). */
const QUICK_ACKS_AFTER_MARK = 2;

function asks(ecn: EcnName): boolean {
  return ecn === "on" || ecn === "accurate" || ecn === "accurate-in";
}

function acceptsAccurate(ecn: EcnName): boolean {
  return ecn === "accurate" || ecn === "accurate-in" || ecn === "accurate-passive";
}

/** The ACE field of a segment (RFC 9768 section 2.2): AE, CWR and ECE as a number from 0 to 7. */
export function aceOf(flags: number): number {
  return (flags & ECN_FLAGS) >> 6;
}

/** Puts the offer into a SYN, or the answer into a SYN-ACK (RFC 3168 section 6.1.1, RFC 9768 3.1). */
export function offerEcn(
  conn: Connection,
  syn: Segment,
  again: boolean,
  config: TcpConfig,
): void {
  if (conn.state === State.SYN_RECEIVED) {
    if (conn.ecn === null) return;
    if (conn.ecn.accurate === null) syn.flags |= Flag.ECE;
    else answerAccurately(conn.ecn.accurate, syn, again, conn.backoffs);
    return;
  }
  if (!asks(config.ecn)) return;
  const accurate = config.ecn === "accurate";
  conn.ecn ??= new EcnState(accurate ? EcnMode.accurateRequested : EcnMode.requested);
  // Section 6.1.1.1: what stands in the way of the SYN may be its flags, so the next one has none.
  if (!again || !config.ecnFallback) syn.flags |= accurate ? ECN_FLAGS : Flag.CWR | Flag.ECE;
}

/** Takes the peer's SYN or SYN-ACK in. */
export function negotiateEcn(conn: Connection, syn: Segment, config: TcpConfig): void {
  if (conn.state === State.SYN_SENT) {
    if (conn.ecn === null) return;
    conn.ecn = answered(conn.ecn, syn);
    const accurate = conn.ecn?.accurate ?? null;
    if (accurate !== null) accurate.optionOff = !config.ecnOption;
    return;
  }
  conn.ecn = null;
  const setup = Flag.ECE | Flag.CWR;
  if (config.ecn === "off" || (syn.flags & setup) !== setup) return;
  const codepoint = syn.trafficClass & Ecn.mask;
  const accurate = (syn.flags & Flag.AE) !== 0;
  if (accurate && acceptsAccurate(config.ecn)) {
    conn.ecn = new EcnState(EcnMode.accurate, new AccurateEcn(codepoint, false));
    conn.ecn.accurate!.optionOff = !config.ecnOption;
  } else if (codepoint === Ecn.notEct || accurate) {
    // A SYN of RFC 3168 is never ECN-capable: one that is was mangled (section 6.1.1, as Linux).
    conn.ecn = new EcnState(EcnMode.classic);
  }
}

/** The peer's SYN has come again, to a SYN-ACK that was sent: the latest one is what the peer is told of. */
export function takeSynAgain(ecn: EcnState, syn: Segment): void {
  if (ecn.accurate === null) return;
  ecn.accurate.peerCodepoint = syn.trafficClass & Ecn.mask;
  if ((syn.flags & ECN_FLAGS) === 0) ecn.accurate.ect = false; // RFC 9768 section 3.1.5
}

/** What an active open ends up with; null when the peer does not speak ECN. */
function answered(offer: EcnState, syn: Segment): EcnState | null {
  const ace = aceOf(syn.flags);
  if ((syn.flags & Flag.ACK) === 0) {
    // Both SYNs crossed; accurate ECN has no encoding for that (RFC 9768 section 3.1.1).
    return (ace & 3) === 3 ? new EcnState(EcnMode.classic) : null;
  }
  if (offer.mode === EcnMode.requested) {
    return (ace & 3) === 1 ? new EcnState(EcnMode.classic) : null;
  }
  switch (ace) {
    case 0:
    case 7: // A server that mirrors what it does not know.
      return null;
    case 1:
      return new EcnState(EcnMode.classic);
  }
  // What is reserved, 5, counts as accurate ECN too (RFC 9768 section 3.1.2).
  const accurate = new AccurateEcn(syn.trafficClass & Ecn.mask, true);
  // The SYN was sent without ECT; who has seen CE on both ways sees what somebody else has made.
  if (accurate.peerCodepoint === Ecn.ce && reflectedCodepoint(ace) !== Ecn.notEct) {
    accurate.ect = false;
  } else if (accurate.peerCodepoint === Ecn.ce) {
    accurate.marksReceived++;
  }
  return new EcnState(EcnMode.accurate, accurate);
}

/** Takes the codepoint and the CWR flag of an acceptable segment in. */
export function takeMarks(
  conn: Connection,
  ecn: EcnState,
  segment: Segment,
  counters: Counters,
): void {
  const codepoint = segment.trafficClass & Ecn.mask;
  if (codepoint === Ecn.ce) counters.count(Counter.ecnMarksIn);
  if (ecn.accurate !== null) {
    countMarks(conn, ecn.accurate, segment);
    return;
  }
  const isNew = seqGt(seqAdd(segment.seq, segment.payloadLength), conn.rcvNxt);
  if (segment.payloadLength === 0 || !isNew) return;
  if ((segment.flags & Flag.CWR) !== 0) {
    ecn.echoing = false;
    conn.ackPending = true;
  }
  if (codepoint === Ecn.notEct) {
    if (ecn.ectSeen) acknowledgeSoon(conn);
    return;
  }
  ecn.ectSeen = true;
  if (codepoint !== Ecn.ce || ecn.echoing) return;
  ecn.echoing = true;
  acknowledgeSoon(conn);
}

function acknowledgeSoon(conn: Connection): void {
  conn.quickAcks = Math.max(conn.quickAcks, QUICK_ACKS_AFTER_MARK);
  conn.interactive = false;
}

/** Takes note of whether an acknowledgment tells of marks on what was sent. */
export function takeFeedback(
  conn: Connection,
  ecn: EcnState,
  segment: Segment,
  deliveredBytes: number,
  advanced: boolean,
): void {
  if (ecn.accurate !== null) {
    const marks = takeAccurateFeedback(conn, ecn.accurate, segment, deliveredBytes, advanced);
    ecn.echoed = marks > 0;
    return;
  }
  // One that was overtaken says what is known already; after `advance` the others have exactly SND.UNA.
  ecn.echoed = (segment.flags & Flag.ECE) !== 0 && segment.ack === conn.sndUna;
  if (ecn.echoed) ecn.echoes += Math.ceil(deliveredBytes / conn.sndMss);
}

/**
 * Answers marks when no loss is known: as after a loss, but with nothing to send again, and once for
 * everything in flight (RFC 3168 section 6.1.2). The window goes down in proportion to what is delivered, as in
 * Linux's CWR state. True while it does; the window must not be changed otherwise then.
 */
export function reduceForMarks(
  conn: Connection,
  ecn: EcnState,
  loss: LossRecovery,
  flightBytes: number,
  pipeBytes: number,
  deliveredBytes: number,
  advanced: boolean,
  nowUs: number,
  counters: Counters,
): boolean {
  const { congestion, sndMss } = conn;
  // Beyond, not up to: something above the end must be acknowledged, so that CWR has arrived (as Linux).
  if (ecn.reducing && seqGt(conn.sndUna, ecn.reduceUntil)) {
    ecn.reducing = false;
    congestion.onRecovered(sndMss, nowUs);
  }
  if (!ecn.reducing) {
    // With nothing in flight there is nothing that could have been too much (as Linux).
    if (!ecn.echoed || flightBytes === 0) return false;
    ecn.reducing = true;
    ecn.reduceUntil = conn.sndNxt;
    ecn.owesCwr = true;
    loss.undoPossible = false;
    loss.deliveredBytes = 0;
    loss.sentBytes = 0;
    loss.windowAtStart = congestion.cwndBytes;
    loss.probing = false;
    counters.count(Counter.ecnReductions);
    congestion.onEcn(flightBytes, sndMss, nowUs);
  }
  const { ssthreshBytes } = congestion;
  const window = proportionalWindow(
    loss,
    pipeBytes,
    deliveredBytes,
    advanced,
    ssthreshBytes,
    sndMss,
  );
  // What may be sent is rounded up to whole segments, as in Linux, where windows count segments.
  congestion.cwndBytes = pipeBytes + Math.ceil((window - pipeBytes) / sndMss) * sndMss;
  return true;
}

/**
 * A loss was detected: the peer is told of the reduction with CWR. True when the window was already reduced
 * for marks in the same round trip, so that the loss is no reason to reduce it again.
 */
export function isReducedForMarks(conn: Connection): boolean {
  const { ecn } = conn;
  if (ecn === null) return false;
  const was = ecn.reducing;
  ecn.reducing = false;
  ecn.owesCwr = true;
  // A mark is no guess: there is nothing to undo.
  if (was && conn.loss !== null) conn.loss.undoPossible = false;
  return was;
}

/** Sets the codepoint and the flags of a segment without SYN that is about to be sent. */
export function stampEcn(conn: Connection, ecn: EcnState, out: Segment): void {
  if (ecn.accurate !== null) {
    stampAccurate(ecn.accurate, out);
    return;
  }
  if (ecn.mode !== EcnMode.classic) return;
  // Section 6.1.5 and 6.1.6: neither what is sent again nor window probes nor what carries no data.
  if (out.payloadLength > 0 && !conn.persisting && seqGe(out.seq, conn.sndMax)) {
    out.trafficClass |= Ecn.ect0;
    if (ecn.owesCwr) {
      ecn.owesCwr = false;
      out.flags |= Flag.CWR;
    }
  }
  if (ecn.echoing) out.flags |= Flag.ECE;
}
