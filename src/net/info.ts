import {
  Info,
  InfoOption,
  Recovery,
  recoveryStateNames,
  Row,
  Sending,
  SendingFlag,
} from "../ring/row.ts";
import { CONGESTION_NAMES, type CongestionName } from "../tcp/config.ts";
import { congestionPhaseNames } from "../tcp/congestion/phase.ts";
import { softErrorCode } from "./errors.ts";
import { readTotal } from "../tcp/report.ts";
import { stateNames } from "../tcp/state.ts";
import type { Layout } from "../ring/layout.ts";

/** What is known of a connection; units are in the names. */
export interface TcpInfo {
  /** State as RFC 9293 names it, such as `ESTABLISHED`. */
  readonly state: string;
  /** Smoothed round-trip time (RFC 6298), microseconds; 0 before the first measurement. */
  readonly rttUs: number;
  /** Variation of the round-trip time, microseconds. */
  readonly rttVarUs: number;
  /** Least round-trip time seen, microseconds. */
  readonly rttMinUs: number;
  /** Retransmission timeout with its back-off, microseconds. */
  readonly rtoUs: number;
  /** Name of the congestion control. */
  readonly congestion: CongestionName;
  /**
   * What the congestion control is doing: `SlowStart`, `CSS` (conservative slow start, RFC 9406),
   * `CongestionAvoidance`; of BBR `Startup`, `Drain`, `ProbeBW_DOWN`, `ProbeBW_CRUISE`, `ProbeBW_REFILL`, `ProbeBW_UP`,
   * `ProbeRTT`.
   */
  readonly congestionPhase: string;
  /** Whether the congestion window was what limited the last round of sending. */
  readonly cwndLimited: boolean;
  /** Rate at which segments are paced, bytes per second; 0 when they are not. */
  readonly pacingRateBytesPerSecond: number;
  /** Rate at which the peer receives what is sent, bytes per second; 0 before the first measurement. */
  readonly deliveryRateBytesPerSecond: number;
  /** Whether the application had less to send than the path might have delivered when that was measured. */
  readonly deliveryRateAppLimited: boolean;
  /** BBR's estimate of the path's bandwidth, bytes per second; 0 with another control. */
  readonly bandwidthBytesPerSecond: number;
  /** BBR's estimate of the round-trip time without a queue, microseconds; 0 with another control. */
  readonly bandwidthRttMinUs: number;
  /** Congestion window, bytes. */
  readonly cwndBytes: number;
  /** Slow-start threshold, bytes; `Infinity` before the first loss. */
  readonly ssthreshBytes: number;
  /** Payload bytes of a full segment to the peer. */
  readonly mssSendBytes: number;
  /** Largest payload of a segment from the peer. */
  readonly mssReceiveBytes: number;
  /** Window that the peer has offered, bytes. */
  readonly sendWindowBytes: number;
  /** Window that is offered to the peer, bytes. */
  readonly receiveWindowBytes: number;
  /** Size that the receive buffer has grown to, bytes. */
  readonly receiveBufferBytes: number;
  /** Bytes that the application may have unacknowledged. */
  readonly sendBufferBytes: number;
  /** Sequence numbers that are sent and not acknowledged. */
  readonly inFlightBytes: number;
  /** Payload bytes sent, retransmissions included. */
  readonly bytesSent: number;
  /** Payload bytes received in order. */
  readonly bytesReceived: number;
  /** Payload bytes sent again. */
  readonly bytesRetransmitted: number;
  /** Segments sent, as they are on the wire. */
  readonly segmentsSent: number;
  /** Segments or super-segments received. */
  readonly segmentsReceived: number;
  /** Segments sent again. */
  readonly segmentsRetransmitted: number;
  /** Segments that arrived ahead of others: the path reorders or loses. */
  readonly segmentsOutOfOrder: number;
  /** Duplicate acknowledgments received. */
  readonly duplicateAcks: number;
  /** Expiries of the retransmission timer. */
  readonly retransmitTimeouts: number;
  /** Expiries in a row, since something was last acknowledged. */
  readonly backoffs: number;
  /** Received bytes up to the end of the peer's urgent data (RFC 9293 section 3.8.5), 0 when none is unread. */
  readonly urgentBytes: number;
  /**
   * The last error that the network has reported without ending the connection, as the code that an error would
   * have: `ENETUNREACH`, `EHOSTUNREACH`, `ECONNREFUSED`, or `ETIMEDOUT` after three timeouts in a row; else null.
   */
  readonly softError: string | null;
  /** Largest IP packet that the path is known to carry, bytes (RFC 1191, RFC 4821). */
  readonly pathMtuBytes: number;
  /** Explicit congestion notification as agreed on: RFC 3168, RFC 9768 or none. */
  readonly ecn: "off" | "classic" | "accurate";
  /** What is believed of the path: whether something is missing, and what was concluded from that. */
  readonly recoveryState: "open" | "disorder" | "cwr" | "recovery" | "loss";
  /** Segments that may overtake one before it counts as lost; grows with what is seen. */
  readonly reorderingSegments: number;
  /** How often segments were seen to overtake others. */
  readonly reorderingEvents: number;
  /** Segments that the peer has reported as received twice (RFC 2883). */
  readonly duplicateReports: number;
  /** Reductions of the window that turned out to be for nothing and were taken back. */
  readonly recoveriesUndone: number;
  /** How often the peer has thrown away what it had acknowledged selectively (RFC 2018 section 8). */
  readonly sackRenegings: number;
  /** Bytes in flight that the peer has acknowledged selectively. */
  readonly sackedBytes: number;
  /** Bytes in flight that are believed to be lost. */
  readonly lostBytes: number;
  /** Those of them that were sent again and are on their way. */
  readonly repeatedBytes: number;
  /** Bytes that the peer is known to have received. */
  readonly deliveredBytes: number;
  /** How long an ACK may wait for another, microseconds; 0 before the first text. */
  readonly ackDelayUs: number;
  /** Probes of the peer's closed window since it last answered. */
  readonly windowProbes: number;
  /** Whether both sides use timestamps (RFC 7323). */
  readonly timestamps: boolean;
  /** Whether both sides allow selective acknowledgments (RFC 2018). */
  readonly sack: boolean;
  /** Whether data in the SYN was taken by its receiver (RFC 7413). */
  readonly fastOpen: boolean;
  /** Shift counts of the peer's and the own window, or null when scaling is not in use (RFC 7323). */
  readonly windowScale: { readonly send: number; readonly receive: number } | null;
}

const WORD_MAX = 0x7fff_ffff;

/** Reads what the TCP stage last reported of a connection. */
export function readInfo(layout: Layout, row: number): TcpInfo {
  const { words } = layout;
  const at = layout.row(row);
  const info = at + Row.info;
  const word = (index: number) => words[info + index];
  const options = word(Info.options);
  const scales = word(Info.windowScales);
  const ssthresh = word(Info.ssthreshBytes);
  return {
    state: stateNames[words[at + Row.state]],
    rttUs: word(Info.rttUs),
    rttVarUs: word(Info.rttVarUs),
    rttMinUs: word(Info.rttMinUs),
    rtoUs: word(Info.rtoUs),
    congestion: CONGESTION_NAMES[word(Info.congestion)],
    ...sendingInfo(words, at + Row.sending),
    cwndBytes: word(Info.cwndBytes),
    ssthreshBytes: ssthresh === WORD_MAX ? Infinity : ssthresh,
    mssSendBytes: word(Info.mssSend),
    mssReceiveBytes: word(Info.mssReceive),
    sendWindowBytes: word(Info.sendWindow),
    receiveWindowBytes: word(Info.receiveWindow),
    receiveBufferBytes: word(Info.receiveBufferBytes),
    sendBufferBytes: words[at + Row.txLimit],
    inFlightBytes: word(Info.bytesInFlight),
    bytesSent: readTotal(words, info + Info.bytesSent),
    bytesReceived: readTotal(words, info + Info.bytesReceived),
    bytesRetransmitted: readTotal(words, info + Info.bytesRetransmitted),
    segmentsSent: word(Info.segmentsSent),
    segmentsReceived: word(Info.segmentsReceived),
    segmentsRetransmitted: word(Info.segmentsRetransmitted),
    segmentsOutOfOrder: word(Info.segmentsOutOfOrder),
    duplicateAcks: word(Info.duplicateAcks),
    retransmitTimeouts: word(Info.retransmitTimeouts),
    backoffs: word(Info.backoffs),
    urgentBytes: words[at + Row.urgentUnread] === 0
      ? 0
      : Math.max(0, (words[at + Row.urgentEnd] - words[at + Row.rxRead]) | 0),
    softError: softErrorCode(words[at + Row.softError]),
    pathMtuBytes: words[at + Row.pathMtu],
    ecn: (options & InfoOption.accurateEcn) !== 0
      ? "accurate"
      : (options & InfoOption.ecn) !== 0
      ? "classic"
      : "off",
    ...recoveryInfo(words, at + Row.recovery),
    timestamps: (options & InfoOption.timestamps) !== 0,
    sack: (options & InfoOption.sack) !== 0,
    fastOpen: (options & InfoOption.synData) !== 0,
    windowScale: (options & InfoOption.windowScale) === 0
      ? null
      : { send: scales & 0xff, receive: scales >>> 8 },
  };
}

/** What the connection knows of losses, and how it times its ACKs. */
function recoveryInfo(words: Int32Array, at: number) {
  return {
    recoveryState: recoveryStateNames[words[at + Recovery.state]],
    reorderingSegments: words[at + Recovery.reordering],
    reorderingEvents: words[at + Recovery.reorderingEvents],
    duplicateReports: words[at + Recovery.duplicateReports],
    recoveriesUndone: words[at + Recovery.undone],
    sackRenegings: words[at + Recovery.renegings],
    sackedBytes: words[at + Recovery.sackedBytes],
    lostBytes: words[at + Recovery.lostBytes],
    repeatedBytes: words[at + Recovery.againBytes],
    deliveredBytes: readTotal(words, at + Recovery.deliveredBytes),
    ackDelayUs: words[at + Recovery.ackDelayUs],
    windowProbes: words[at + Recovery.probesUnanswered],
  } satisfies Partial<TcpInfo>;
}

/** How fast the connection sends, and what limits it. */
function sendingInfo(words: Int32Array, at: number) {
  const flags = words[at + Sending.flags];
  return {
    congestionPhase: congestionPhaseNames[words[at + Sending.phase]],
    cwndLimited: (flags & SendingFlag.windowLimited) !== 0,
    pacingRateBytesPerSecond: readTotal(words, at + Sending.pacingRate),
    deliveryRateBytesPerSecond: readTotal(words, at + Sending.deliveryRate),
    deliveryRateAppLimited: (flags & SendingFlag.rateAppLimited) !== 0,
    bandwidthBytesPerSecond: readTotal(words, at + Sending.bandwidth),
    bandwidthRttMinUs: words[at + Sending.modelRttUs],
  } satisfies Partial<TcpInfo>;
}
