/** TCP_INFO as Linux's `struct tcp_info` names it, from a connection. */

import { pipeOf } from "../../src/tcp/acknowledgment.ts";
import { windowRate } from "../../src/tcp/pacing.ts";
import { seqDiff } from "../../src/base/seq.ts";
import type { Connection } from "../../src/tcp/connection.ts";
import { recoveryState } from "../../src/tcp/report.ts";
import { State } from "../../src/tcp/state.ts";
import { headerBytes } from "../../src/tcp/segment_size.ts";
import { receiveWindow } from "../../src/tcp/window.ts";
import { INFO_SYMBOLS } from "./symbols.ts";

/** Linux's "no threshold yet". */
const INFINITE_SSTHRESH = 0x7fff_ffff;

/** What is asked about, and when. */
export interface InfoSource {
  readonly conn: Connection;
  /** Bytes that are written and not acknowledged. */
  readonly pendingBytes: number;
  readonly nowUs: number;
  readonly mtu: number;
}

type Reader = (conn: Connection, source: InfoSource) => number;

/** As many segments as carry so many bytes. */
const wire = (bytes: number, conn: Connection) => Math.ceil(bytes / conn.sndMss);
const segments = (bytes: number, conn: Connection) => Math.floor(bytes / conn.sndMss);

const FIELDS: Readonly<Record<string, Reader>> = {
  tcpi_state: (conn) => LINUX_STATES[conn.state],
  tcpi_ca_state: (conn) => recoveryState(conn),
  tcpi_retransmits: (conn) => conn.backoffs,
  tcpi_probes: (conn) =>
    conn.probesUnanswered > 0 ? conn.probesUnanswered : conn.keepaliveProbesSent,
  tcpi_backoff: (conn) => conn.rtoShift,
  tcpi_options: (conn) =>
    (conn.timestamps ? 1 : 0) | (conn.sack ? 2 : 0) | (conn.windowScale ? 4 : 0) |
    (conn.ecn === null ? 0 : 8) | (conn.ecn?.ectSeen ? 16 : 0) |
    (conn.fastOpen !== null && conn.fastOpen.acked ? INFO_SYMBOLS.TCPI_OPT_SYN_DATA : 0),
  tcpi_snd_wscale: (conn) => conn.sndScale,
  tcpi_rcv_wscale: (conn) => conn.rcvScale,
  tcpi_rto: (conn) => conn.rtt.backedOff(conn.rtoShift),
  tcpi_ato: (conn) => conn.ackDelayUs,
  tcpi_snd_mss: (conn) => conn.sndMss,
  tcpi_rcv_mss: (conn) => conn.rcvMss,
  tcpi_unacked: (conn) => Math.ceil(seqDiff(conn.sndMax, conn.sndUna) / conn.sndMss),
  tcpi_last_data_sent: (conn, { nowUs }) => Math.floor((nowUs - conn.lastTextSentAtUs) / 1000),
  tcpi_last_data_recv: (conn, { nowUs }) =>
    Math.floor((nowUs - Math.max(conn.lastTextAtUs, 0)) / 1000),
  tcpi_last_ack_recv: (conn, { nowUs }) => Math.floor((nowUs - conn.lastReceivedAtUs) / 1000),
  tcpi_pmtu: (conn, { mtu }) => conn.pathMtu === 0 ? mtu : conn.pathMtu,
  tcpi_delivered_ce: (conn) => conn.ecn?.accurate?.marksTold ?? conn.ecn?.echoes ?? 0,
  tcpi_received_ce: (conn) => conn.ecn?.accurate?.marksReceived ?? 0,
  tcpi_delivered_e1_bytes: (conn) => (conn.ecn?.accurate?.toldE1Bytes ?? 1) - 1,
  tcpi_delivered_e0_bytes: (conn) => (conn.ecn?.accurate?.toldE0Bytes ?? 1) - 1,
  tcpi_delivered_ce_bytes: (conn) => conn.ecn?.accurate?.toldCeBytes ?? 0,
  tcpi_received_e1_bytes: (conn) => (conn.ecn?.accurate?.e1Bytes ?? 1) - 1,
  tcpi_received_e0_bytes: (conn) => (conn.ecn?.accurate?.e0Bytes ?? 1) - 1,
  tcpi_received_ce_bytes: (conn) => conn.ecn?.accurate?.ceBytes ?? 0,
  tcpi_rtt: (conn) => conn.rtt.srttUs,
  tcpi_rttvar: (conn) => conn.rtt.rttVarUs,
  tcpi_min_rtt: (conn) => conn.rtt.minUs,
  tcpi_snd_ssthresh: (conn) => {
    const { ssthreshBytes } = conn.congestion;
    return ssthreshBytes === Infinity ? INFINITE_SSTHRESH : segments(ssthreshBytes, conn);
  },
  tcpi_snd_cwnd: (conn) => segments(conn.congestion.cwndBytes, conn),
  tcpi_pacing_rate: (conn) => Math.floor(pacingRate(conn)),
  tcpi_max_pacing_rate: (conn) => Math.min(conn.pacer?.rateMax ?? Infinity, 2 ** 64),
  tcpi_delivery_rate: (conn) => Math.floor(conn.loss?.queue.rate.bytesPerSecond ?? 0),
  tcpi_delivery_rate_app_limited: (conn) => conn.loss?.queue.rate.isAppLimited ? 1 : 0,
  tcpi_advmss: (conn, { mtu }) => mtu - headerBytes(conn) - (conn.timestamps ? 12 : 0),
  tcpi_rcv_rtt: (conn) => conn.tuneRttUs,
  tcpi_rcv_space: (conn) => conn.receive?.limitBytes ?? 0,
  tcpi_total_retrans: (conn) => conn.segmentsRetransmitted,
  tcpi_bytes_acked: (conn) => Math.max(0, seqDiff(conn.sndUna, conn.iss) - 1),
  tcpi_bytes_received: (conn) => conn.bytesReceived,
  tcpi_bytes_sent: (conn) => conn.bytesSent,
  tcpi_bytes_retrans: (conn) => conn.bytesRetransmitted,
  // Linux makes the connection at the end of the handshake, and has not counted its SYN-ACK.
  tcpi_segs_out: (conn) => conn.segmentsSent - (conn.listener === null ? 0 : 1),
  tcpi_segs_in: (conn) => conn.segmentsReceived,
  tcpi_notsent_bytes: (conn, { pendingBytes }) =>
    Math.max(0, pendingBytes - seqDiff(conn.sndMax, conn.sndUna)),
  tcpi_rcv_ooopack: (conn) => conn.segmentsOutOfOrder,
  tcpi_snd_wnd: (conn) => conn.sndWnd,
  tcpi_rcv_wnd: (conn) => receiveWindow(conn),
  // Without SACK duplicate ACKs stand for what has arrived.
  tcpi_sacked: (conn) =>
    conn.sack ? wire(conn.loss?.queue.sackedBytes ?? 0, conn) : conn.loss?.duplicateAcks ?? 0,
  tcpi_lost: (conn) => wire(conn.loss?.queue.lostBytes ?? 0, conn),
  tcpi_retrans: (conn) => wire(conn.loss?.queue.againBytes ?? 0, conn),
  tcpi_fackets: () => 0,
  tcpi_reordering: (conn) => conn.loss?.reordering ?? 0,
  tcpi_reord_seen: (conn) => conn.loss?.reorderingEvents ?? 0,
  tcpi_dsack_dups: (conn) => conn.loss?.duplicateReports ?? 0,
  // The handshake counts as one.
  tcpi_delivered: (conn) => wire(conn.loss?.deliveredTotalBytes ?? 0, conn) + 1,
  tcpi_data_segs_out: (conn) => conn.textSegmentsSent,
  tcpi_data_segs_in: (conn) => conn.textSegmentsReceived,
  tcpi_rcv_ssthresh: (conn) => receiveWindow(conn),
  tcpi_total_rto: (conn) => conn.retransmitTimeouts,
};

/** The value of a name in an assertion; null when it means nothing here. */
export function infoValue(name: string, source: InfoSource | null): number | null {
  if (name in INFO_SYMBOLS) return INFO_SYMBOLS[name];
  const read = FIELDS[name];
  if (read === undefined || source === null) return null;
  return read(source.conn, source);
}

const LINUX_STATES: Readonly<Record<State, number>> = {
  [State.CLOSED]: 7,
  [State.LISTEN]: 10,
  [State.SYN_SENT]: 2,
  [State.SYN_RECEIVED]: 3,
  [State.ESTABLISHED]: 1,
  [State.FIN_WAIT_1]: 4,
  [State.FIN_WAIT_2]: 5,
  [State.CLOSE_WAIT]: 8,
  [State.CLOSING]: 11,
  [State.LAST_ACK]: 9,
  [State.TIME_WAIT]: 6,
};

/** Linux works the rate out whether anything is paced by it or not. */
function pacingRate(conn: Connection): number {
  const { congestion, pacer, rtt } = conn;
  if (pacer !== null) return pacer.rate;
  if (congestion.pacingRate > 0) return congestion.pacingRate;
  return windowRate(congestion, conn.loss === null ? 0 : pipeOf(conn), rtt.srttUs);
}
