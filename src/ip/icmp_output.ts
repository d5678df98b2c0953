/** ICMP errors that this host sends (RFC 792, RFC 4443): who may get one, and how it is written. */
import { isIpv4Words } from "../base/address.ts";
import type { Memory } from "../base/memory.ts";
import {
  Icmp6Type,
  ICMP_HEADER_BYTES,
  IcmpField,
  IcmpType,
  IcmpUnreachableCode,
  writeIcmpChecksum,
} from "../wire/icmp.ts";
import { IPV4_HEADER_BYTES, Protocol } from "../wire/ipv4.ts";
import { IPV6_HEADER_BYTES, IPV6_MTU_MIN, Ipv6Next, transportChecksum6 } from "../wire/ipv6.ts";
import { Segment } from "../wire/segment.ts";
import { VIRTIO_HEADER_BYTES, writeVirtioPlain } from "../wire/virtio.ts";
import { writeHeader4, writeHeader6 } from "./output.ts";

/** Most bytes of an error over IPv4 (RFC 1812 section 4.3.2.3), as in Linux. */
const ERROR4_MAX_BYTES = 576;
/** Precedence of errors over IPv4 (RFC 1812 section 4.3.2.5): internetwork control. */
const ERROR_TRAFFIC_CLASS = 0xc0;
/** RFC 4443 section 3.1: nobody listens on the port. */
const PORT_UNREACHABLE6 = 4;

/** Errors that are sent in a second at the most, and at once, as in Linux (RFC 4443 section 2.4 f). */
export const ICMP_ERRORS_PER_SECOND = 1000;
export const ICMP_ERRORS_BURST = 50;

const US_PER_ERROR = 1_000_000 / ICMP_ERRORS_PER_SECOND;

/** What an error's header is written from; nothing keeps it. */
const error = new Segment();

/** Tells how many errors may be sent: a bucket that fills with time. */
export class ErrorBudget {
  #tokens = ICMP_ERRORS_BURST;
  #filledAtUs = 0;

  /** Whether one more may be sent now. */
  take(nowUs: number): boolean {
    const gained = Math.floor((nowUs - this.#filledAtUs) / US_PER_ERROR);
    if (gained > 0) {
      this.#tokens = Math.min(ICMP_ERRORS_BURST, this.#tokens + gained);
      this.#filledAtUs += gained * US_PER_ERROR;
    }
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/**
 * Writes "port unreachable" at `offset`, in answer to `datagram`, whose IP packet is the `ipLength` bytes at
 * `ipOffset` of the same memory; returns the frame's length in bytes. `virtioHeader` puts a plain virtio-net
 * header first.
 */
export function writePortUnreachable(
  memory: Memory,
  offset: number,
  datagram: Segment,
  ipOffset: number,
  ipLength: number,
  virtioHeader: boolean,
): number {
  const { view } = memory;
  const isIpv4 = isIpv4Words(datagram.dst0, datagram.dst1, datagram.dst2);
  const header = isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  const most = (isIpv4 ? ERROR4_MAX_BYTES : IPV6_MTU_MIN) - header - ICMP_HEADER_BYTES;
  const ip = virtioHeader ? offset + VIRTIO_HEADER_BYTES : offset;
  const icmp = ip + header;
  const quoted = Math.min(ipLength, most);
  const length = ICMP_HEADER_BYTES + quoted;
  addressBack(datagram, isIpv4 ? ERROR_TRAFFIC_CLASS : 0);
  if (virtioHeader) writeVirtioPlain(view, offset);
  memory.copy(icmp + IcmpField.quoted, ipOffset, quoted);
  view.setInt32(icmp, 0);
  view.setInt32(icmp + 4, 0);
  if (isIpv4) {
    writeHeader4(view, ip, error, Protocol.icmp, length, 0);
    view.setUint8(icmp + IcmpField.type, IcmpType.destinationUnreachable);
    view.setUint8(icmp + IcmpField.code, IcmpUnreachableCode.port);
    writeIcmpChecksum(view, icmp, length);
  } else {
    writeHeader6(view, ip, error, Ipv6Next.icmp, length);
    view.setUint8(icmp + IcmpField.type, Icmp6Type.destinationUnreachable);
    view.setUint8(icmp + IcmpField.code, PORT_UNREACHABLE6);
    const sum = transportChecksum6(view, ip, Ipv6Next.icmp, icmp, length);
    view.setUint16(icmp + IcmpField.checksum, sum);
  }
  return icmp + length - offset;
}

function addressBack(datagram: Segment, trafficClass: number): void {
  error.src0 = datagram.dst0;
  error.src1 = datagram.dst1;
  error.src2 = datagram.dst2;
  error.src3 = datagram.dst3;
  error.dst0 = datagram.src0;
  error.dst1 = datagram.src1;
  error.dst2 = datagram.src2;
  error.dst3 = datagram.src3;
  error.trafficClass = trafficClass;
}
