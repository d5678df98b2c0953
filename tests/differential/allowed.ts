/**
 * Where this stack and Linux differ, and why: the scripts of `tests/script/` that must pass here and that the
 * kernel (6.18, 250 ticks a second) fails. Anything that is not in this list must pass on both.
 */

/** One allowed difference. */
export interface Difference {
  /** Path below `tests/script/`, or the beginning of one when it ends with a slash. */
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
];
