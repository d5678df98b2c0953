/** What a frame turned out to be. */
export const InputKind = {
  /** Not to be used; `PacketInput.reason` says why. */
  dropped: 0,
  /** A TCP segment for this stack. */
  tcp: 1,
  /** An ICMP echo request of either family: the payload range is the whole ICMP message. */
  icmpEcho: 2,
  /**
   * An ICMP error about a TCP segment that this stack sent: the source, the destination, the ports and
   * `seq` are those of the quoted segment (so the source is ours), with `icmpType`, `icmpCode`, `icmpMtu`.
   */
  icmpError: 3,
  /** A UDP datagram for this stack, or for a group or a broadcast address of its network. */
  udp: 4,
  /** An ICMP error about a UDP datagram that this stack sent, told as {@link InputKind.icmpError}. */
  udpError: 5,
} as const;

/** One value of {@link InputKind}. */
export type InputKind = (typeof InputKind)[keyof typeof InputKind];
