/**
 * Writes packet captures in the pcapng format (draft-ietf-opsawg-pcapng), as Wireshark and tshark read it.
 *
 * ```text
 *   block:  | type 4 | total length 4 | body, padded to words | total length 4 |
 *   file:   section header, one interface description for each interface, then enhanced packets
 *   option: | code 2 | length 2 | value, padded to words |     the last one has code 0
 * ```
 *
 * Numbers are little-endian; the section header's magic number tells readers so.
 */

/** Block types. */
export const PcapngBlock = {
  sectionHeader: 0x0a0d0d0a,
  interfaceDescription: 1,
  simplePacket: 3,
  enhancedPacket: 6,
} as const;

/** The number by which a section header shows its byte order. */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Option codes, those of all blocks and those of one kind. */
export const PcapngOption = {
  end: 0,
  comment: 1,
  /** Section header: the program that wrote the file. */
  application: 4,
  /** Interface description. */
  interfaceName: 2,
  timestampResolution: 9,
  /** Enhanced packet: bits 0 and 1 are the direction. */
  flags: 2,
} as const;

/** LINKTYPE_RAW: packets begin with the IPv4 or IPv6 header. */
export const LINK_TYPE_RAW = 101;
/** LINKTYPE_ETHERNET. */
export const LINK_TYPE_ETHERNET = 1;

/** Which way a packet went, as the flags of an enhanced packet say it. */
export const Direction = { unknown: 0, inbound: 1, outbound: 2 } as const;

/** One value of {@link Direction}. */
export type Direction = (typeof Direction)[keyof typeof Direction];

/** Longest packet that readers take (wireshark's own limit is 256 KiB). */
export const SNAP_LENGTH_MAX = 262_144;

/** What one packet of a capture is, beside its bytes. */
export interface PacketNote {
  /** Microseconds since 1970. */
  readonly timeUs: number;
  /** Length on the wire; more than the bytes when those are cut. Default: as many as there are. */
  readonly originalLength?: number;
  /** Which way it went. Default: unknown. */
  readonly direction?: Direction;
  /** What people should know of it. */
  readonly comments?: readonly string[];
}

/**
 * Makes the blocks of one capture and hands each to `write` as it is made, so that nothing piles up here. The
 * bytes handed over are the callee's to keep.
 */
export class PcapngWriter {
  readonly #write: (block: Uint8Array) => void;
  #interfaces = 0;

  /** Begins a capture; `application` names the program. */
  constructor(write: (block: Uint8Array) => void, application = "woshou") {
    this.#write = write;
    const body = new BlockBody();
    body.word(BYTE_ORDER_MAGIC);
    body.halves(1, 0);
    // The section's length is not known yet: -1.
    body.word(-1);
    body.word(-1);
    body.text(PcapngOption.application, application);
    body.endOptions();
    this.#block(PcapngBlock.sectionHeader, body);
  }

  /** Adds an interface and returns its number, for {@link PcapngWriter.packet}. */
  interface(name: string, linkType: number = LINK_TYPE_RAW, snapLength = SNAP_LENGTH_MAX): number {
    const body = new BlockBody();
    body.halves(linkType, 0);
    body.word(snapLength);
    body.text(PcapngOption.interfaceName, name);
    body.option(PcapngOption.timestampResolution, Uint8Array.of(6));
    body.endOptions();
    this.#block(PcapngBlock.interfaceDescription, body);
    return this.#interfaces++;
  }

  /** Adds a packet. Throws `RangeError` for an interface that was not added. */
  packet(interfaceId: number, bytes: Uint8Array, note: PacketNote): void {
    if (!(interfaceId >= 0 && interfaceId < this.#interfaces)) {
      throw new RangeError(`There is no interface ${interfaceId}: add it before its packets`);
    }
    const body = new BlockBody();
    body.word(interfaceId);
    body.word(Math.floor(note.timeUs / 0x1_0000_0000));
    body.word(note.timeUs % 0x1_0000_0000);
    body.word(bytes.length);
    body.word(note.originalLength ?? bytes.length);
    body.padded(bytes);
    for (const comment of note.comments ?? []) body.text(PcapngOption.comment, comment);
    const { direction } = note;
    if (direction !== undefined && direction !== Direction.unknown) {
      body.option(PcapngOption.flags, Uint8Array.of(direction, 0, 0, 0));
    }
    body.endOptions();
    this.#block(PcapngBlock.enhancedPacket, body);
  }

  #block(type: number, body: BlockBody): void {
    const content = body.bytes();
    const block = new Uint8Array(content.length + 12);
    const view = new DataView(block.buffer);
    view.setUint32(0, type, true);
    view.setUint32(4, block.length, true);
    block.set(content, 8);
    view.setUint32(block.length - 4, block.length, true);
    this.#write(block);
  }
}

/** Longest value of an option. */
const OPTION_MAX_BYTES = 65_535;

/** The body of a block under construction. */
class BlockBody {
  readonly #parts: Uint8Array[] = [];
  #length = 0;
  #hasOptions = false;

  word(value: number): void {
    const part = new Uint8Array(4);
    new DataView(part.buffer).setUint32(0, value, true);
    this.#add(part);
  }

  halves(first: number, second: number): void {
    this.word(((second << 16) | first) >>> 0);
  }

  padded(bytes: Uint8Array): void {
    this.#add(bytes);
    const padding = -bytes.length & 3;
    if (padding > 0) this.#add(new Uint8Array(padding));
  }

  option(code: number, value: Uint8Array): void {
    this.#hasOptions = true;
    this.halves(code, value.length);
    this.padded(value);
  }

  text(code: number, value: string): void {
    this.option(code, new TextEncoder().encode(value).subarray(0, OPTION_MAX_BYTES));
  }

  endOptions(): void {
    if (this.#hasOptions) this.halves(PcapngOption.end, 0);
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  #add(part: Uint8Array): void {
    this.#parts.push(part);
    this.#length += part.length;
  }
}
