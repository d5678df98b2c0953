/**
 * Packetization-layer path MTU discovery, RFC 4821: where routers do not tell what they drop, larger segments are
 * tried and smaller ones used. One that is lost says something about the path's MTU and nothing about
 * congestion. The sizes tried are those of Linux: halfway between what gets through and what may.
 */

import { seqDiff, seqGe } from "../base/seq.ts";
import type { TcpConfig } from "./config.ts";
import type { Connection } from "./connection.ts";
import { type LossRecovery, Phase } from "./loss_recovery.ts";
import { MtuSearch } from "./mtu_search_state.ts";
import { loseOversized } from "./path_mtu.ts";
import { headerBytes, optionBytes, updateSegmentSize } from "./segment_size.ts";

/** A range narrower than this is not worth a probe, bytes (Linux's tcp_probe_threshold). */
const RANGE_LEAST_BYTES = 8;
/** Segments beyond the probe that must be there to send, so that its loss is noticed soon. */
const SEGMENTS_BEHIND = 4;
/** Least window for a probe, in segments (as Linux). */
const WINDOW_LEAST_SEGMENTS = 11;
/** Timeouts in a row that make a black hole (RFC 4821 section 7.7; Linux's tcp_retries1). */
const BLACK_HOLE_TIMEOUTS = 4;

/** Begins to search from `baseMss` on; segments are that long until a longer one has got through. */
export function beginSearch(conn: Connection, config: TcpConfig, nowUs: number): void {
  const headers = headerBytes(conn);
  const low = config.baseMss + headers + optionBytes(conn);
  const high = Math.min(conn.mssLimit + headers, conn.pathMtu);
  conn.mtuSearch = new MtuSearch(low, high, nowUs);
  updateSegmentSize(conn);
}

/** The retransmission timer has expired; when it did so again and again, the segments may be too long. */
export function onTimeout(conn: Connection, config: TcpConfig, nowUs: number): void {
  const search = conn.mtuSearch;
  if (search !== null) search.probing = false; // It says nothing now.
  if (config.mtuProbing === "off" || conn.backoffs < BLACK_HOLE_TIMEOUTS) return;
  if (search === null) {
    beginSearch(conn, config, nowUs);
  } else {
    const overhead = headerBytes(conn) + optionBytes(conn);
    const half = Math.min((search.lowMtu - overhead) >> 1, config.baseMss);
    search.lowMtu = Math.min(search.lowMtu, Math.max(half, config.mtuProbeFloor) + overhead);
    updateSegmentSize(conn);
  }
}

/**
 * Payload bytes of a probe that may be sent now as the next segment, 0 when none may. `unsent` bytes wait;
 * `room` is what the windows have room for.
 */
export function probeLength(
  conn: Connection,
  search: MtuSearch,
  loss: LossRecovery,
  unsent: number,
  room: number,
  config: TcpConfig,
  nowUs: number,
): number {
  if (search.probing || loss.phase !== Phase.open || loss.queue.sackedBytes > 0) return 0;
  if (conn.congestion.cwndBytes < WINDOW_LEAST_SEGMENTS * conn.sndMss) return 0;
  if (search.highMtu - search.lowMtu < RANGE_LEAST_BYTES) {
    searchAgain(conn, search, config, nowUs);
    return 0;
  }
  const mtu = (search.highMtu + search.lowMtu) >> 1;
  const length = mtu - headerBytes(conn) - optionBytes(conn);
  const needed = length + SEGMENTS_BEHIND * conn.sndMss;
  if (unsent < needed || conn.sndWnd - seqDiff(conn.sndNxt, conn.sndUna) < needed) return 0;
  if (room < length || length <= conn.sndMss) return 0;
  search.probeMtu = mtu;
  return length;
}

/** Section 7.3: the path may have changed since. */
function searchAgain(
  conn: Connection,
  search: MtuSearch,
  config: TcpConfig,
  nowUs: number,
): void {
  if (nowUs - search.beganAtUs < config.mtuProbeIntervalMs * 1000) return;
  search.highMtu = Math.min(conn.mssLimit + headerBytes(conn), conn.pathMtu);
  search.beganAtUs = nowUs;
}

/** Everything up to SND.UNA is acknowledged: so is the probe, perhaps. */
export function onProgress(conn: Connection, search: MtuSearch): void {
  if (!search.probing || !seqGe(conn.sndUna, search.probeEnd)) return;
  search.probing = false;
  search.lowMtu = search.probeMtu;
  updateSegmentSize(conn);
}

/**
 * A loss was detected. True when it is that of the probe, which is no sign of congestion (section 7.4): its
 * bytes go again in segments that are known to get through.
 */
export function isProbeLost(conn: Connection, search: MtuSearch, loss: LossRecovery): boolean {
  if (!search.probing) return false;
  search.probing = false;
  if (conn.sndUna !== search.probeStart) return false;
  search.highMtu = search.probeMtu - 1;
  loseOversized(conn, loss);
  return true;
}
