/**
 * Why a frame, a segment or a part of one was not used. Every drop is counted under exactly one of
 * these reasons; `stats().drops` shows the counts by name.
 */
export const Drop = {
  /** Not dropped. */
  none: 0,
  /** The frame is shorter than the headers that it must hold. */
  frameTruncated: 1,
  /** The frame is longer than a slot of the frame pool. */
  frameOversized: 2,
  /** The virtio-net header contradicts the frame behind it. */
  virtioHeaderInvalid: 3,
  /** The IP version is neither 4 nor 6. */
  ipVersionUnsupported: 4,
  /** IHL below 5 or beyond the frame (RFC 791 section 3.1). */
  ipHeaderLengthInvalid: 5,
  /** The total length contradicts the header length or the frame. */
  ipLengthInvalid: 6,
  /** The IPv4 header checksum is wrong. */
  ipChecksumInvalid: 7,
  /** A fragment where none can be: within a reassembled packet, or of what the stack sent to itself. */
  ipFragment: 8,
  /** A source address that no host may have: multicast, broadcast, loopback or unspecified. */
  ipSourceMartian: 9,
  /** The source is the stack's own address, from outside (the "land" attack). */
  ipSourceOwn: 10,
  /** The destination is none of the stack's addresses. */
  ipDestinationForeign: 11,
  /** A protocol that the stack does not speak. */
  ipProtocolUnsupported: 12,
  /** A TCP data offset below 5 words or beyond the segment (RFC 9293 section 3.1). */
  tcpHeaderLengthInvalid: 13,
  /** The TCP checksum is wrong. */
  tcpChecksumInvalid: 14,
  /** An option whose length is impossible: the rest of the header cannot be read. */
  tcpOptionInvalid: 15,
  /** Port 0, which cannot be used on the wire. */
  tcpPortZero: 16,
  /** Flags that no sender sets together, such as SYN with FIN or SYN with RST. */
  tcpFlagsInvalid: 17,
  /** An ICMP message too short, of a kind that is not used, or with a wrong checksum. */
  icmpInvalid: 18,
  /** An ICMP error that matches no connection, or whose sequence number is not in flight. */
  icmpUnmatched: 19,
  /** No connection and no listener: answered with RST, except when it is itself an RST. */
  tcpNoConnection: 20,
  /** Outside the receive window (RFC 9293 section 3.10.7.4, first check): answered with ACK. */
  tcpOutOfWindow: 21,
  /** The acknowledgment is outside what was sent. */
  tcpAckInvalid: 22,
  /** An RST in the window but not at RCV.NXT (RFC 5961 section 3): answered with a challenge ACK. */
  tcpResetChallenged: 23,
  /** A SYN on a synchronized connection (RFC 5961 section 4): answered with a challenge ACK. */
  tcpSynChallenged: 24,
  /** No ACK flag where one is required. */
  tcpAckMissing: 25,
  /** An older timestamp than was seen (PAWS, RFC 7323 section 5). */
  tcpTimestampOld: 26,
  /** Out-of-order data beyond the range limit of a connection. */
  tcpOutOfOrderLimit: 27,
  /** No memory in the receive pool for in-window data; the peer sends it again. */
  tcpNoMemory: 28,
  /** The listener's backlog is full. */
  tcpBacklogFull: 29,
  /** The stack's connection limit is reached. */
  tcpConnectionLimit: 30,
  /** Data after the receiver is gone: answered with RST. */
  tcpDataAfterClose: 31,
  /** Unused data of a segment that was already received. */
  tcpDuplicate: 32,
  /** A TIME-WAIT entry was given up early because the limit was reached. */
  tcpTimeWaitLimit: 33,
  /** The device's transmit queue was full or refused the frame. */
  deviceSendFailed: 34,
  /** The internal loopback queue was full. */
  loopbackFull: 35,
  /** Trace records that nobody collected in time (only the record is lost, not the segment). */
  traceOverflow: 36,
  /** An answer that a rate limit held back (challenge ACKs, resets). */
  rateLimited: 37,
  /** The pipeline of another queue had no room for a frame of one of its connections. */
  handoverFull: 38,
  /** An IPv6 extension header that does not fit into the packet, or a hop-by-hop one that is not first. */
  ipExtensionInvalid: 39,
  /** More IPv6 extension headers, or more options in one, than are looked at. */
  ipExtensionLimit: 40,
  /** A routing header of IPv6 with nodes left to visit (RFC 5095), or a source route of IPv4 (RFC 7126 section 4.3). */
  ipSourceRouted: 41,
  /** An IPv6 option that is not known and says that such packets are to be discarded (RFC 8200 4.2). */
  ipOptionUnknown: 42,
  /** A handshake or connection that found the queue of unaccepted connections full. */
  tcpAcceptQueueFull: 43,
  /** One address has as many connections as it may (`maxConnectionsPerAddress`). */
  tcpAddressLimit: 44,
  /** An RST that was not sent because of `resetsPerSecond`. */
  tcpResetLimited: 45,
  /** A challenge ACK that was not sent because of `challengeAcksPerSecond`. */
  tcpChallengeLimited: 46,
  /** A SACK block of what is not in flight, or the wrong way round (RFC 2018): only the block is unused. */
  tcpSackInvalid: 47,
  /** A UDP header that does not fit into its packet, or a length that contradicts it (RFC 768). */
  udpLengthInvalid: 48,
  /** The UDP checksum is wrong. */
  udpChecksumInvalid: 49,
  /** No UDP checksum, which only IPv4 allows (RFC 8200 section 8.1). */
  udpChecksumMissing: 50,
  /** UDP destination port 0, which cannot be used on the wire. */
  udpPortZero: 51,
  /** No socket for a UDP datagram: answered with "port unreachable", except when it was sent to a group. */
  udpNoSocket: 52,
  /** The datagrams that a socket has not read fill its receive buffer. */
  udpQueueFull: 53,
  /** No memory in the receive pool for a datagram. */
  udpNoMemory: 54,
  /** A datagram of a socket, longer than any packet that leads there. */
  udpTooLong: 55,
  /** An empty fragment, or one of IPv6 with others behind it whose length is no multiple of 8 (RFC 8200 4.5). */
  ipFragmentInvalid: 56,
  /** A fragment that ends beyond the longest packet ("ping of death"). */
  ipFragmentOversized: 57,
  /** A first fragment without the whole header of its transport, or TCP from offset 8 (RFC 7112, RFC 1858). */
  ipFragmentTiny: 58,
  /** The same bytes again, which are not needed. */
  ipFragmentDuplicate: 59,
  /** Fragments of a datagram that overlap: it is given up (RFC 5722). */
  ipFragmentOverlap: 60,
  /** Fragments that tell different ends of their datagram: it is given up ("teardrop"). */
  ipFragmentEndConflict: 61,
  /** Fragments of which some are ECN-capable and some are not: the datagram is given up (RFC 3168 section 5.3). */
  ipFragmentEcnMixed: 62,
  /** Fragments whose datagram was not complete in time. */
  ipFragmentTimeout: 63,
  /** Fragments of the datagram that waited longest, given up for newer ones at the limits. */
  ipFragmentEvicted: 64,
  /** An ICMP error that was due and not sent because of `errorsPerSecond`. */
  icmpErrorLimited: 65,
  /** An echo request that was not answered because of `echoRepliesPerSecond`. */
  icmpEchoLimited: 66,
  /** For a foreign destination that the filter of no open `forward` lets through. */
  forwardFiltered: 67,
  /** A SYN, or an ACK with a cookie, that found as many flows undecided as its `forward` allows; it comes again. */
  forwardPendingFull: 68,
  /** A SYN that has come again while its flow is being decided. */
  forwardUndecided: 69,
  /** A flow that nobody has decided in time. */
  forwardTimedOut: 70,
  /** A datagram that would begin a flow, of which its `forward` has as many as it may. */
  forwardFlowsFull: 71,
  /** A datagram of a flow, or of all flows of a `forward`, of which too many have not been received. */
  forwardQueueFull: 72,
} as const;

/** One value of {@link Drop}. */
export type DropReason = (typeof Drop)[keyof typeof Drop];

/** The names of the reasons, by value. */
export const dropNames: readonly string[] = Object.keys(Drop);
