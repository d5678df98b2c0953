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
  /** A fragment that is kept: there is nothing to do. */
  fragment: 6,
  /**
   * Not to be used, as {@link InputKind.dropped}, and the sender is to be told: with an error of `icmpType` and
   * `icmpCode` as on the wire, and `icmpMtu` in the word behind them.
   */
  refused: 7,
  /** An ICMP echo reply: `seq` is identifier and sequence number, the payload range is the whole ICMP message. */
  icmpEchoReply: 8,
  /** An ICMP error about an echo request of this stack, told as {@link InputKind.icmpError}, `seq` as of the reply. */
  pingError: 9,
} as const;

/** One value of {@link InputKind}. */
export type InputKind = (typeof InputKind)[keyof typeof InputKind];

/** Whether a frame is not used, so that the reason is to be counted. */
export function isDrop(kind: number): boolean {
  return kind === InputKind.dropped || kind === InputKind.refused;
}
