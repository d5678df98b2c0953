/**
 * Where this stack and Linux differ, and why: the scripts of `tests/script/` that must pass here and that the
 * kernel fails. Anything that is not in this list must pass on both, and what is in it must fail there.
 */

/** One allowed difference. */
export interface Difference {
  /** Path below `tests/script/`, or, when it ends in a slash, all that is below. */
  readonly path: string;
  /** What stands in the line at which the kernel fails. */
  readonly at: string;
  readonly reason: string;
}

/** The kernel that the list is about: another one may have come closer, or gone away. */
export const KERNEL = "6.18.";

/** The list, by path. */
export const DIFFERENCES: readonly Difference[] = [
  {
    path: "accecn/",
    at: " 0:0(0) ",
    reason:
      "this kernel's tcp_ecn takes nothing above 2, so that it neither asks for nor grants accurate ECN (RFC 9768)",
  },
  {
    path: "ack/second_segment_unread.pkt",
    at: "> . 1:1(0) ack 2001",
    reason:
      "while the window's right edge cannot move Linux leaves the ACK to the reader or the timer " +
      "(__tcp_ack_snd_check); RFC 9293 section 3.8.6.3 knows no such exception (SHLD-19)",
  },
  {
    path: "attack/duplicate_acks_made_up.pkt",
    at: "assert tcpi_unacked <= 17",
    reason:
      "Linux bounds what duplicate ACKs stand for by what is in flight now, which they themselves let " +
      "grow (tcp_limit_reno_sacked); RFC 5681 section 3.2 step 4 allows the bound of before the loss",
  },
  { path: "bad_input/accurate_ecn_length.pkt", at: " 0:0(0) ", reason: "as accecn/" },
  {
    path: "bbr/initial_rate.pkt",
    at: "tcpi_pacing_rate <",
    reason:
      "Linux has BBR version 1, which begins at 2/ln(2) = 2.89 windows in an RTT; version 3 at 2.77",
  },
  {
    path: "calls/partial_write.pkt",
    at: "write(4, ..., 6000) = 4000",
    reason: "Linux counts its own bookkeeping against SO_SNDBUF, and lets one write go beyond it",
  },
  { path: "data/blocking_write.pkt", at: "write(4, ..., 6000) = 6000", reason: "the same" },
  {
    path: "data/urgent.pkt",
    at: "read(4, ..., 1000) = 100",
    reason: "urgent data stays in the stream (RFC 6093); Linux stops a read before it",
  },
  {
    path: "delayed_ack/settings.pkt",
    at: "> . 1:1(0) ack 101",
    reason: "FreeBSD's setting, which Linux does not have",
  },
  {
    path: "ecn/active_cwr_alone.pkt",
    at: "> [noecn] . 1:1(0) ack 1",
    reason: "Linux confirms with CWR in its ACK, though it then uses no ECN",
  },
  { path: "ecn/active_mirrored.pkt", at: "> [noecn] . 1:1(0) ack 1", reason: "the same" },
  {
    path: "fast_open/client_forgets_cookie_after_loss.pkt",
    at: "= -1 EINPROGRESS",
    reason:
      "Linux counts the loss and uses the cookie again (tcp_fastopen_cache_set); a client must " +
      "remember that a server did not answer (RFC 7413 section 4.1.3.1)",
  },
  {
    path: "fast_open/client_more_than_fits.pkt",
    at: "> . 1421:1421(0) ack 1",
    reason: "Linux sends the rest with the ACK of the handshake, since a call waits with it " +
      "(sk_write_pending); here the call hears of the handshake first",
  },
  {
    path: "handshake/simultaneous_open.pkt",
    at: "> S. 0:0(0) ack 1",
    reason: "Linux's SYN-ACK has all of its own options, whatever the SYN that crossed it had",
  },
  {
    path: "mtu_probe/base_passive-v4.pkt",
    at: "> . 1:1025(1024) ack 1",
    reason:
      "Linux begins the search of an accepted connection (tcp_init_transfer) when its MSS is " +
      "settled already, and sends full segments until it is looked at again; RFC 4821 section 7.2 " +
      "begins with the base",
  },
  {
    path: "path_mtu/doubtful-v4.pkt",
    at: "assert tcpi_pmtu == 1500",
    reason: "Linux believes each message that quotes what is in flight (tcp_v4_err), and keeps " +
      "552 as its floor; RFC 5927 section 7.2 waits for a timeout as well",
  },
  {
    path: "path_mtu/plateau-v4.pkt",
    at: "> . 1:1453(1452) ack 1",
    reason: "where a router tells no MTU Linux takes its floor of 552 at once (ip_rt_min_pmtu); " +
      "RFC 1191 section 7.1 asks for the next smaller plateau",
  },
  {
    path: "rack/off.pkt",
    at: "assert tcpi_total_retrans == 0",
    reason:
      "Linux has no more than RACK (RFC 8985) since 6.17: tcp_recovery=0 changes nothing, and " +
      "a quarter of an RTT after the SACK the hole is lost, whatever RFC 6675 counts",
  },
  {
    path: "rack/off_two_holes.pkt",
    at: "assert tcpi_lost == 1",
    reason: "the same: with three SACKed in all RACK's window is zero, and both holes are lost",
  },
  {
    path: "slow_start/hystart_false_alarm.pkt",
    at: "> . 46001:47001(1000) ack 1",
    reason:
      "Linux has the first HyStart, which ends slow start for good by ssthresh (hystart_update); " +
      "RFC 9406 section 4.2 grows by a quarter until the alarm has proved true or false",
  },
  {
    path: "slow_start/hystart_growth.pkt",
    at: "> . 46001:47001(1000) ack 1",
    reason: "the same",
  },
  {
    path: "syn_cookies/wrong-v4.pkt",
    at: "> R 1:1(0)",
    reason: "Linux answers an ACK whose cookie is wrong with nothing (RFC 9293 asks for an RST)",
  },
  {
    path: "syn_received/simultaneous_with_data.pkt",
    at: "> S. 0:0(0) ack 1",
    reason: "as handshake/simultaneous_open.pkt",
  },
  {
    path: "syn_received/unknown_options.pkt",
    at: "> S. 0:0(0) ack 1",
    reason: "Linux drops a SYN with an MD5 option that it did not ask for (RFC 2385)",
  },
];
