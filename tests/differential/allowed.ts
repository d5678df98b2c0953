/**
 * Where this stack and Linux differ, and why: the scripts of `tests/script/` that must pass here and that the
 * kernel (6.18, 250 ticks a second) fails. Anything that is not in this list must pass on both.
 */

/** One allowed difference. */
export interface Difference {
  /** Path below `tests/script/`, or the beginning of several when it does not end in `.pkt`. */
  readonly path: string;
  readonly reason: string;
}

/** The list, by path. */
export const DIFFERENCES: readonly Difference[] = [
  {
    path: "calls/partial_write.pkt",
    reason: "Linux counts its own bookkeeping against SO_SNDBUF, and lets one write go beyond it",
  },
  { path: "data/blocking_write.pkt", reason: "the same" },
  {
    path: "data/urgent.pkt",
    reason: "urgent data stays in the stream (RFC 6093); Linux stops a read before it",
  },
  { path: "delayed_ack/settings.pkt", reason: "FreeBSD's setting, which Linux does not have" },
  {
    path: "handshake/bad_ack_in_syn_sent.pkt",
    reason: "Linux sends its SYN again at once after the RST (TCP_TIMEOUT_MIN)",
  },
  {
    path: "handshake/simultaneous_open.pkt",
    reason: "Linux's SYN-ACK has all of its own options, whatever the SYN that crossed it had",
  },
  {
    path: "handshake/syn_retransmission.pkt",
    reason: "Linux waits one second for each of the first SYNs (tcp_syn_linear_timeouts)",
  },
  {
    path: "language/strict_segments.pkt",
    reason: "Linux gives super-segments to the device, and this runner's device takes single ones",
  },
  {
    path: "retransmission/backoff.pkt",
    reason:
      "open: Linux keeps the back-off until a sample of the RTT is valid (RFC 6298 section 5)",
  },
  {
    path: "retransmission/fast_retransmit.pkt",
    reason: "open: without SACK Linux stays in recovery until something above it is acknowledged",
  },
  {
    path: "delayed_ack/",
    reason: "open: when ACKs go (RFC 9293 section 3.8.6.3) is Linux's to tell",
  },
  { path: "window/own_window_closes.pkt", reason: "the same" },
  { path: "window/small_read_keeps_it_closed.pkt", reason: "the same" },
  { path: "accecn/", reason: "the kernel of the machine knows no accurate ECN (RFC 9768)" },
  { path: "bad_input/accurate_ecn_length.pkt", reason: "the same" },
  {
    path: "ecn/active_cwr_alone.pkt",
    reason: "Linux confirms with CWR in its ACK, though it then uses no ECN",
  },
  { path: "ecn/active_mirrored.pkt", reason: "the same" },
  {
    path: "bbr/",
    reason: "open: Linux's BBR is version 1, and paces by a round-trip time in real time",
  },
  {
    path: "pacing/maximum.pkt",
    reason: "Linux paces super-segments of two segments at the least (tcp_min_tso_segs)",
  },
  { path: "mtu_probe/", reason: "Linux searches only with net.ipv4.tcp_mtu_probing set" },
  {
    path: "slow_start/hystart_",
    reason: "Linux has HyStart, which leaves slow start earlier and for good (RFC 9406)",
  },
  {
    path: "fast_open/server_",
    reason:
      "Linux takes no data in a SYN, and gives no cookie, unless net.ipv4.tcp_fastopen says so",
  },
  {
    path: "fast_open/client_more_than_fits.pkt",
    reason: "Linux sends the rest of the data with the ACK of the handshake",
  },
  {
    path: "path_mtu/",
    reason: "open: Linux keeps path MTUs with the route and has no table of plateaus (RFC 1191)",
  },
  {
    path: "rack/off",
    reason: "open: with tcp_recovery=0 Linux takes more for lost, and sooner, than RFC 6675 counts",
  },
  {
    path: "syn_cookies/wrong-v4.pkt",
    reason: "Linux answers an ACK whose cookie is wrong with nothing (RFC 9293 asks for an RST)",
  },
  {
    path: "syn_received/simultaneous_with_data.pkt",
    reason: "Linux's SYN-ACK has all of its own options, whatever the SYN that crossed it had",
  },
  {
    path: "syn_received/unknown_options.pkt",
    reason: "Linux drops a SYN with an MD5 option that it did not ask for (RFC 2385)",
  },
  {
    path: "attack/duplicate_acks_made_up.pkt",
    reason: "open: without SACK Linux sends the oldest again for ACKs that stand for nothing",
  },
  {
    path: "ack/more_than_one_segment.pkt",
    reason: "open: when ACKs go (RFC 9293 section 3.8.6.3) is Linux's to tell",
  },
  { path: "calls/quick_ack.pkt", reason: "the same" },
];
