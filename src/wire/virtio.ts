/**
 * The virtio-net header (Virtual I/O Device specification 1.2, section 5.1.6), which precedes each frame
 * of a TUN with IFF_VNET_HDR. All its fields are little-endian.
 *
 * ```text
 *   byte  0      1         2        4         6           8
 *         flags  gso_type  hdr_len  gso_size  csum_start  csum_offset
 * ```
 *
 * `csum_start` counts from the end of this header; the checksum covers everything from there on, and its
 * field lies `csum_offset` bytes behind `csum_start`.
 */

/** Bytes of the header. */
export const VIRTIO_HEADER_BYTES = 10;

/** Offsets of the fields, in bytes. */
export const VirtioField = {
  flags: 0,
  gsoType: 1,
  headerLength: 2,
  gsoSize: 4,
  checksumStart: 6,
  checksumOffset: 8,
} as const;

/** Bits of the flags field. */
export const VirtioFlag = {
  /** The checksum field holds the sum of the pseudo-header only; the rest is still to be added. */
  needsChecksum: 1,
  /** The sender of the frame has verified its checksum. */
  dataValid: 2,
} as const;

/** Values of gso_type; {@link VirtioGso.ecn} is a bit beside them. */
export const VirtioGso = {
  none: 0,
  tcp4: 1,
  tcp6: 4,
  /** The first of the wire segments has CWR, the others must not (RFC 3168 section 6.1.2). */
  ecn: 0x80,
} as const;

/** Writes a header that says: a plain frame with a finished checksum. */
export function writeVirtioPlain(view: DataView, offset: number): void {
  view.setInt32(offset, 0, true);
  view.setInt32(offset + 4, 0, true);
  view.setInt16(offset + 8, 0, true);
}

/**
 * Writes a header that leaves the checksum to the device. `gsoType` other than `none` also leaves the
 * cutting into wire segments to it: `headerLength` is then the bytes of IP and transport header that each
 * of them gets, `gsoSize` the payload bytes of each.
 */
export function writeVirtioPartial(
  view: DataView,
  offset: number,
  gsoType: number,
  headerLength: number,
  gsoSize: number,
  checksumStart: number,
  checksumOffset: number,
): void {
  view.setUint8(offset, VirtioFlag.needsChecksum);
  view.setUint8(offset + VirtioField.gsoType, gsoType);
  view.setUint16(offset + VirtioField.headerLength, headerLength, true);
  view.setUint16(offset + VirtioField.gsoSize, gsoSize, true);
  view.setUint16(offset + VirtioField.checksumStart, checksumStart, true);
  view.setUint16(offset + VirtioField.checksumOffset, checksumOffset, true);
}
