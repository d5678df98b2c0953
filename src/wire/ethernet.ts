/**
 * Ethernet II frames (IEEE 802.3) and ARP for IPv4 over them (RFC 826).
 *
 * ```text
 *   byte  0            6       12          14
 *         destination  source  ether type  payload, up to the MTU
 *
 *   ARP:  0 hardware type 1   2 protocol 0x0800   4 lengths 6, 4   6 operation
 *         8 sender MAC   14 sender address   18 target MAC   24 target address   28
 * ```
 */

/** Bytes of the header; VLAN tags are not supported. */
export const ETHERNET_HEADER_BYTES = 14;
/** Bytes of a MAC address. */
export const MAC_BYTES = 6;
/** Bytes of an ARP packet for IPv4 over Ethernet. */
export const ARP_BYTES = 28;

/** Offsets of the header's fields. */
export const EthernetField = { destination: 0, source: 6, type: 12 } as const;

/** Values of the type field (IEEE 802 numbers). */
export const EtherType = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

/** Offsets of ARP's fields. */
export const ArpField = {
  hardware: 0,
  protocol: 2,
  lengths: 4,
  operation: 6,
  senderMac: 8,
  senderAddress: 14,
  targetMac: 18,
  targetAddress: 24,
} as const;

/** ARP operations. */
export const ArpOperation = { request: 1, reply: 2 } as const;

const HARDWARE_ETHERNET = 1;
/** Hardware addresses of 6 bytes, protocol addresses of 4. */
const LENGTHS = 0x0604;

/** Whether `length` bytes at `offset` are an ARP packet for IPv4 over Ethernet. */
export function isArp(view: DataView, offset: number, length: number): boolean {
  return length >= ARP_BYTES &&
    view.getUint16(offset + ArpField.hardware) === HARDWARE_ETHERNET &&
    view.getUint16(offset + ArpField.protocol) === EtherType.ipv4 &&
    view.getUint16(offset + ArpField.lengths) === LENGTHS;
}

/** Writes an ARP packet; addresses are 32 bits. The target's MAC address of a request is zero. */
export function writeArp(
  bytes: Uint8Array,
  operation: number,
  senderMac: Uint8Array,
  sender: number,
  targetMac: Uint8Array,
  target: number,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint16(ArpField.hardware, HARDWARE_ETHERNET);
  view.setUint16(ArpField.protocol, EtherType.ipv4);
  view.setUint16(ArpField.lengths, LENGTHS);
  view.setUint16(ArpField.operation, operation);
  bytes.set(senderMac, ArpField.senderMac);
  view.setInt32(ArpField.senderAddress, sender);
  bytes.set(targetMac, ArpField.targetMac);
  view.setInt32(ArpField.targetAddress, target);
}

/** A MAC address as text, such as `02:00:00:00:00:01`. */
export function macText(mac: Uint8Array): string {
  return [...mac].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** The MAC address that a text names, or null. */
export function parseMac(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) return null;
  return Uint8Array.from(text.split(":"), (part) => parseInt(part, 16));
}
