/** `struct tcp_info` of Linux 6.18, by name. */

import { INFO_SYMBOLS } from "./symbols.ts";
import type { InfoNames } from "./world.ts";

/** Bytes at the beginning, in their order. */
const BYTES: readonly string[] = [
  "state",
  "ca_state",
  "retransmits",
  "probes",
  "backoff",
  "options",
];

/** What follows byte 8: 32 bits each, but 64 where there is a star, and 16 where there is a dot. */
const FIELDS =
  `rto ato snd_mss rcv_mss unacked sacked lost retrans fackets last_data_sent last_ack_sent
  last_data_recv last_ack_recv pmtu rcv_ssthresh rtt rttvar snd_ssthresh snd_cwnd advmss reordering
  rcv_rtt rcv_space total_retrans pacing_rate* max_pacing_rate* bytes_acked* bytes_received* segs_out
  segs_in notsent_bytes min_rtt data_segs_in data_segs_out delivery_rate* busy_time* rwnd_limited*
  sndbuf_limited* delivered delivered_ce bytes_sent* bytes_retrans* dsack_dups reord_seen rcv_ooopack
  snd_wnd rcv_wnd rehash total_rto. total_rto_recoveries. total_rto_time received_ce
  delivered_e1_bytes delivered_e0_bytes delivered_ce_bytes received_e1_bytes received_e0_bytes
  received_ce_bytes`.split(/\s+/);

type Reader = (view: DataView, at: number) => number;

const READERS: ReadonlyMap<string, readonly [number, Reader]> = readers();

function readers(): Map<string, readonly [number, Reader]> {
  const found = new Map<string, readonly [number, Reader]>();
  for (const [at, name] of BYTES.entries()) found.set(name, [at, (view, i) => view.getUint8(i)]);
  found.set("snd_wscale", [6, (view, at) => view.getUint8(at) & 15]);
  found.set("rcv_wscale", [6, (view, at) => view.getUint8(at) >> 4]);
  found.set("delivery_rate_app_limited", [7, (view, at) => view.getUint8(at) & 1]);
  found.set("fastopen_client_fail", [7, (view, at) => (view.getUint8(at) >> 1) & 3]);
  let at = 8;
  for (const name of FIELDS) {
    if (name.endsWith("*")) {
      found.set(name.slice(0, -1), [at, (view, i) => Number(view.getBigUint64(i, true))]);
      at += 8;
    } else if (name.endsWith(".")) {
      found.set(name.slice(0, -1), [at, (view, i) => view.getUint16(i, true)]);
      at += 2;
    } else {
      found.set(name, [at, (view, i) => view.getUint32(i, true)]);
      at += 4;
    }
  }
  return found;
}

/** The names of a structure of `length` bytes. */
export function infoAt(view: DataView, at: number, length: number): InfoNames {
  return (name) => {
    if (name in INFO_SYMBOLS) return INFO_SYMBOLS[name];
    const reader = READERS.get(name.replace(/^tcpi_/, ""));
    if (reader === undefined || reader[0] >= length) return null;
    return reader[1](view, at + reader[0]);
  };
}
