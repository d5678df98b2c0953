/**
 * A TCP segment, decoded once: what the parser hands to the state machine, and what the state machine
 * hands to the output. One object of this class is filled again and again; nothing keeps it.
 */
export class Segment {
  /** Source address, bits 0 to 31 (src/base/address.ts). */
  src0 = 0;
  /** Source address, bits 32 to 63 (src/base/address.ts). */
  src1 = 0;
  /** Source address, bits 64 to 95 (src/base/address.ts). */
  src2 = 0;
  /** Source address, bits 96 to 127 (src/base/address.ts). */
  src3 = 0;
  /** Destination address, bits 0 to 31 (src/base/address.ts). */
  dst0 = 0;
  /** Destination address, bits 32 to 63 (src/base/address.ts). */
  dst1 = 0;
  /** Destination address, bits 64 to 95 (src/base/address.ts). */
  dst2 = 0;
  /** Destination address, bits 96 to 127 (src/base/address.ts). */
  dst3 = 0;
  /** Source port. */
  srcPort = 0;
  /** Destination port. */
  dstPort = 0;
  /** Sequence number of the first byte, or of SYN; signed 32 bits. */
  seq = 0;
  /** Acknowledgment number; meaningful when `flags` has ACK. */
  ack = 0;
  /** {@link Flag} bits: the eight low bits are those on the wire, AE is bit 8. */
  flags = 0;
  /** The window field as it stands in the header: 16 bits, not scaled. */
  window = 0;
  /** The urgent pointer field. */
  urgent = 0;
  /** IPv4 TOS / IPv6 traffic class: DSCP in the six high bits, ECN in the two low ones. */
  trafficClass = 0;
  /** TTL or hop limit. */
  hopLimit = 0;
  /** Flow label of IPv6, 20 bits (RFC 6437); 0 over IPv4. */
  flowLabel = 0;
  /** Whether the destination is none of the stack's addresses: it is there because of a `forward`. */
  foreign = false;
  /** Which options are there: {@link OptionBit} bits. */
  options = 0;
  /** MSS option, bytes. */
  mss = 0;
  /** Window scale option, shift count as sent (RFC 7323 section 2.2). */
  windowScale = 0;
  /** Timestamp value (RFC 7323 section 3.2), signed 32 bits. */
  tsValue = 0;
  /** Timestamp echo reply, signed 32 bits. */
  tsEcho = 0;
  /** Number of SACK blocks, 0 to 4 (RFC 2018 section 3). */
  sackCount = 0;
  /** Left edge of SACK block 0, signed 32 bits. */
  sackLeft0 = 0;
  /** Right edge of SACK block 0, signed 32 bits. */
  sackRight0 = 0;
  /** Left edge of SACK block 1, signed 32 bits. */
  sackLeft1 = 0;
  /** Right edge of SACK block 1, signed 32 bits. */
  sackRight1 = 0;
  /** Left edge of SACK block 2, signed 32 bits. */
  sackLeft2 = 0;
  /** Right edge of SACK block 2, signed 32 bits. */
  sackRight2 = 0;
  /** Left edge of SACK block 3, signed 32 bits. */
  sackLeft3 = 0;
  /** Right edge of SACK block 3, signed 32 bits. */
  sackRight3 = 0;
  /** Kind of the accurate ECN option, 172 or 174 (RFC 9768 section 3.2.3): the order of its counters. */
  ecnKind = 0;
  /** How many counters the option carries, 0 to 3. */
  ecnFields = 0;
  /** The ECT(0) byte counter (r.e0b), 24 bits. */
  ecnE0Bytes = 0;
  /** The CE byte counter (r.ceb), 24 bits. */
  ecnCeBytes = 0;
  /** The ECT(1) byte counter (r.e1b), 24 bits. */
  ecnE1Bytes = 0;
  /** Bytes of the Fast Open cookie, 0 to 16 (RFC 7413 section 2); 0 asks for one. */
  fastOpenLength = 0;
  /** The Fast Open cookie's first four bytes as a big-endian word, zero behind its end; signed. */
  fastOpen0 = 0;
  /** The same, bytes 4 to 7. */
  fastOpen1 = 0;
  /** The same, bytes 8 to 11. */
  fastOpen2 = 0;
  /** The same, bytes 12 to 15. */
  fastOpen3 = 0;
  /** Where the payload lies: byte offset into the memory that the frame is in. */
  payloadOffset = 0;
  /** Payload bytes. */
  payloadLength = 0;
  /** Payload bytes of each wire segment of a super-segment; 0 when it is a single one. */
  gsoSize = 0;
  /**
   * The descriptor of the frame slot that the payload lies in, -1 when there is none. Whoever keeps
   * the frame sets it to -1; a slot that is still named here when the segment is done with is free.
   */
  slot: number = -1;
  /** Where the whole frame lies, a byte offset. */
  frameOffset = 0;
  /** Bytes of the whole frame, all headers included. */
  frameLength = 0;
  /** For an ICMP error about a segment that was sent: its type (RFC 792), or ICMPv6's as that of ICMP. */
  icmpType = 0;
  /** Its code (RFC 792), likewise. */
  icmpCode = 0;
  /** The next hop's MTU that it tells (RFC 1191, RFC 8201). */
  icmpMtu = 0;
}

/** Control bits (RFC 9293 section 3.1; AE: RFC 9768). */
export const Flag = {
  FIN: 0x01,
  SYN: 0x02,
  RST: 0x04,
  PSH: 0x08,
  ACK: 0x10,
  URG: 0x20,
  ECE: 0x40,
  CWR: 0x80,
  AE: 0x100,
} as const;

/** Bits of {@link Segment.options}. */
export const OptionBit = {
  mss: 0x01,
  windowScale: 0x02,
  sackPermitted: 0x04,
  timestamps: 0x08,
  sack: 0x10,
  accurateEcn: 0x100,
  /** Fast Open, RFC 7413. */
  fastOpen: 0x200,
  /** With `fastOpen`: in the experimental form, kind 254 (RFC 7413 section 2, RFC 6994). */
  fastOpenExperimental: 0x400,
} as const;

/** Codepoints of the two low bits of {@link Segment.trafficClass} (RFC 3168 section 5). */
export const Ecn = {
  /** Not ECN-capable. */
  notEct: 0,
  /** ECN-capable, ECT(1). */
  ect1: 1,
  /** ECN-capable, ECT(0). */
  ect0: 2,
  /** Congestion experienced. */
  ce: 3,
  /** The bits themselves. */
  mask: 3,
} as const;

/** Gives an answer the addresses of the packet that it answers, turned around. */
export function turnAround(answer: Segment, packet: Segment): void {
  answer.src0 = packet.dst0;
  answer.src1 = packet.dst1;
  answer.src2 = packet.dst2;
  answer.src3 = packet.dst3;
  answer.dst0 = packet.src0;
  answer.dst1 = packet.src1;
  answer.dst2 = packet.src2;
  answer.dst3 = packet.src3;
}

/** Sequence space that the segment takes: payload, SYN and FIN (RFC 9293 section 3.4, SEG.LEN). */
export function segmentLength(segment: Segment): number {
  const flags = segment.flags;
  return segment.payloadLength + ((flags & Flag.SYN) >> 1) + (flags & Flag.FIN);
}
