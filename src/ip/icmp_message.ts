/** ICMP messages as people are shown them: what is in the headers, whatever the stack makes of it. */
import { Icmp6Type, ICMP_HEADER_BYTES, IcmpField, IcmpType } from "../wire/icmp.ts";
import { Ipv4Field } from "../wire/ipv4.ts";
import { IPV6_HEADER_BYTES, Ipv6Field, readTrafficClass } from "../wire/ipv6.ts";
import type { Segment } from "../wire/segment.ts";
import { setIpv4Addresses, setIpv6Addresses } from "./icmp_input.ts";

/**
 * Reads the message at `icmp` in the packet at `ip`, both of which have their whole headers, into `message`: who sent it to
 * whom, `icmpType` and `icmpCode` as on the wire, `seq` the word behind them (identifier and sequence number, MTU, or
 * pointer), `payloadOffset` where it begins in the packet and `payloadLength` its bytes. Returns the bytes of the packet
 * that say something: all of an error, and the headers of an echo.
 */
export function readIcmpMessage(
  view: DataView,
  ip: number,
  icmp: number,
  message: Segment,
): number {
  const isIpv4 = (view.getUint8(ip) >>> 4) === 4;
  let length: number;
  if (isIpv4) {
    length = view.getUint16(ip + Ipv4Field.totalLength);
    const source = view.getInt32(ip + Ipv4Field.source);
    setIpv4Addresses(message, source, view.getInt32(ip + Ipv4Field.destination));
    message.trafficClass = view.getUint8(ip + Ipv4Field.trafficClass);
    message.hopLimit = view.getUint8(ip + Ipv4Field.hopLimit);
  } else {
    length = IPV6_HEADER_BYTES + view.getUint16(ip + Ipv6Field.payloadLength);
    setIpv6Addresses(message, view, ip);
    message.trafficClass = readTrafficClass(view, ip);
    message.hopLimit = view.getUint8(ip + Ipv6Field.hopLimit);
  }
  const type = view.getUint8(icmp + IcmpField.type);
  message.icmpType = type;
  message.icmpCode = view.getUint8(icmp + IcmpField.code);
  message.seq = view.getInt32(icmp + IcmpField.echoName);
  message.payloadOffset = icmp - ip;
  message.payloadLength = length - message.payloadOffset;
  const isEcho = isIpv4
    ? type === IcmpType.echoRequest || type === IcmpType.echoReply
    : type === Icmp6Type.echoRequest || type === Icmp6Type.echoReply;
  return isEcho ? message.payloadOffset + ICMP_HEADER_BYTES : length;
}
