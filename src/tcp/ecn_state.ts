/** What a connection keeps of explicit congestion notification: RFC 3168, and RFC 9768. */

import type { Seq } from "../base/seq.ts";

/** RFC 9768 section 3.2.1: what the counters of ECT bytes begin with, so that zeros are noticed. */
const BYTES_INITIAL = 1;

/** How far two ends have come with ECN. */
export const EcnMode = {
  /** The SYN has asked for RFC 3168. */
  requested: 0,
  /** The SYN has asked for accurate ECN, for which RFC 3168 is an answer too. */
  accurateRequested: 1,
  /** RFC 3168 is in use. */
  classic: 2,
  /** RFC 9768 is in use. */
  accurate: 3,
} as const;

/** One value of {@link EcnMode}. */
export type EcnMode = (typeof EcnMode)[keyof typeof EcnMode];

/** What both ends count. */
export class AccurateEcn {
  /** The codepoint that the peer's SYN or SYN-ACK had on arrival: it is told to the peer. */
  peerCodepoint: number;
  /** The next segment completes the handshake and tells `peerCodepoint`. */
  reflects: boolean;

  // What was received.
  /** Packets with CE (r.cep without its initial value). */
  marksReceived = 0;
  /** Of them those that no ACK has told of. */
  marksUntold = 0;
  /** Payload bytes by codepoint, modulo 2^24, with their initial values. */
  e0Bytes = BYTES_INITIAL;
  ceBytes = 0;
  e1Bytes = BYTES_INITIAL;
  /** Codepoint of the last data, before that of the handshake. */
  codepoint: number;

  // What the peer has told.
  /** Packets that arrived at the peer with CE (s.cep without its initial value). */
  marksTold = 0;
  /** The peer's counters of bytes as last told. */
  toldE0Bytes = BYTES_INITIAL;
  toldCeBytes = 0;
  toldE1Bytes = BYTES_INITIAL;
  /** Timestamp of the last segment whose ACE field was looked at. */
  toldAt = 0;
  /** The first ACE field after the handshake was looked at. */
  checked = false;

  // What works on the path.
  /** Packets may be ECN-capable; not when the codepoint or the ACE field is mangled on the way. */
  ect = true;
  /** The peer's option has come through, and its counters are not zeroed. */
  option = false;
  /** No option is sent: it is switched off, or its counters are zeroed on the way. */
  optionOff = false;

  constructor(peerCodepoint: number, reflects: boolean) {
    this.peerCodepoint = peerCodepoint;
    this.codepoint = peerCodepoint;
    this.reflects = reflects;
  }
}

/** What a connection keeps once ECN was asked for or agreed on. */
export class EcnState {
  mode: EcnMode;
  readonly accurate: AccurateEcn | null;

  // Receiving.
  /** A mark was received and not yet answered by CWR: ECE goes out with every segment. */
  echoing = false;
  /** The peer sends ECN-capable data, so that data which is not is probably sent again. */
  ectSeen = false;

  // Sending.
  /** The window was reduced, and the next new data tells so. */
  owesCwr = false;
  /** Bytes that were acknowledged with ECE, in full segments (RFC 3168 only; as Linux's delivered_ce). */
  echoes = 0;
  /** The segment at hand tells of marks. */
  echoed = false;
  /** The window is on its way down because of marks, until more than `reduceUntil` is acknowledged. */
  reducing = false;
  reduceUntil: Seq = 0;

  constructor(mode: EcnMode, accurate: AccurateEcn | null = null) {
    this.mode = mode;
    this.accurate = accurate;
  }
}
