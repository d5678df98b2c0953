/** TCP_INFO as Linux's `struct tcp_info` names it, from a connection. */

import { Phase } from "../../src/tcp/loss_recovery.ts";
import { pipeOf } from "../../src/tcp/acknowledgment.ts";
import { windowRate } from "../../src/tcp/pacing.ts";
import { seqDiff } from "../../src/base/seq.ts";
import type { Connection } from "../../src/tcp/connection.ts";
import { State } from "../../src/tcp/state.ts";
import { HEADERS_IPV4 } from "../../src/tcp/negotiation.ts";
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

const segments = (bytes: number, conn: Connection) => Math.floor(bytes / conn.sndMss);

const FIELDS: Readonly<Record<string, Reader>> = {
  tcpi_state: (conn) => LINUX_STATES[conn.state],
  tcpi_ca_state: (conn) => congestionState(conn),
  tcpi_retransmits: (conn) => conn.persisting ? 0 : conn.backoffs,
  tcpi_probes: (conn) =>
    conn.persisting ? conn.backoffs : conn.keepAlive ? conn.keepaliveProbesSent : 0,
  tcpi_backoff: (conn) => conn.backoffs,
  tcpi_options: (conn) =>
    (conn.timestamps ? 1 : 0) | (conn.sack ? 2 : 0) | (conn.windowScale ? 4 : 0),
  tcpi_snd_wscale: (conn) => conn.sndScale,
  tcpi_rcv_wscale: (conn) => conn.rcvScale,
  tcpi_rto: (conn) => conn.rtt.backedOff(conn.backoffs),
  tcpi_ato: () => 40_000,
  tcpi_snd_mss: (conn) => conn.sndMss,
  tcpi_rcv_mss: (conn) => conn.rcvMss,
  tcpi_unacked: (conn) => Math.ceil(seqDiff(conn.sndMax, conn.sndUna) / conn.sndMss),
  tcpi_last_data_sent: (conn, { nowUs }) => Math.floor((nowUs - conn.lastTextSentAtUs) / 1000),
  tcpi_last_data_recv: (conn, { nowUs }) => Math.floor((nowUs - conn.lastReceivedAtUs) / 1000),
  tcpi_last_ack_recv: (conn, { nowUs }) => Math.floor((nowUs - conn.lastReceivedAtUs) / 1000),
  tcpi_pmtu: (_, { mtu }) => mtu,
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
  tcpi_delivered: (conn) => segments(conn.loss?.queue.rate.deliveredBytes ?? 0, conn),
  tcpi_advmss: (conn, { mtu }) => mtu - HEADERS_IPV4 - (conn.timestamps ? 12 : 0),
  tcpi_rcv_rtt: (conn) => conn.tuneRttUs,
  tcpi_rcv_space: (conn) => conn.receive?.limitBytes ?? 0,
  tcpi_total_retrans: (conn) => conn.segmentsRetransmitted,
  tcpi_bytes_acked: (conn) => Math.max(0, seqDiff(conn.sndUna, conn.iss) - 1),
  tcpi_bytes_received: (conn) => conn.bytesReceived,
  tcpi_bytes_sent: (conn) => conn.bytesSent,
  tcpi_bytes_retrans: (conn) => conn.bytesRetransmitted,
  tcpi_segs_out: (conn) => conn.segmentsSent,
  tcpi_segs_in: (conn) => conn.segmentsReceived,
  tcpi_notsent_bytes: (conn, { pendingBytes }) =>
    Math.max(0, pendingBytes - seqDiff(conn.sndMax, conn.sndUna)),
  tcpi_rcv_ooopack: (conn) => conn.segmentsOutOfOrder,
  tcpi_snd_wnd: (conn) => conn.sndWnd,
  tcpi_rcv_wnd: (conn) => receiveWindow(conn),
  tcpi_sacked: (conn) => segments(conn.loss?.queue.sackedBytes ?? 0, conn),
  tcpi_lost: (conn) => segments(conn.loss?.queue.lostBytes ?? 0, conn),
  tcpi_retrans: (conn) => segments(conn.loss?.queue.againBytes ?? 0, conn),
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

/** Linux's tcp_ca_state from what this stack keeps. */
function congestionState(conn: Connection): number {
  const loss = conn.loss;
  if (loss === null) return INFO_SYMBOLS.TCP_CA_Open;
  if (loss.phase === Phase.recovery) return INFO_SYMBOLS.TCP_CA_Recovery;
  if (loss.phase === Phase.loss) return INFO_SYMBOLS.TCP_CA_Loss;
  const disordered = loss.duplicateAcks > 0 || loss.queue.sackedBytes > 0;
  return disordered ? INFO_SYMBOLS.TCP_CA_Disorder : INFO_SYMBOLS.TCP_CA_Open;
}
