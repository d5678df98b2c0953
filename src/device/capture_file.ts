/**
 * Reads captures: pcapng (draft-ietf-opsawg-pcapng) and the older pcap (draft-ietf-opsawg-pcap), of either byte order and
 * any resolution of time.
 */

import { BYTE_ORDER_MAGIC, Direction, PcapngBlock, PcapngOption } from "./pcapng.ts";

/** One packet of a capture. */
export interface CapturedPacket {
  /** Where it begins in the file, for messages. */
  readonly offset: number;
  /** Microseconds since 1970; 0 in blocks that tell no time. */
  readonly timeUs: number;
  /** What the bytes begin with: 101 for IP, 1 for Ethernet (the LINKTYPE registry). */
  readonly linkType: number;
  /** The name of the interface, when the capture tells one. */
  readonly interfaceName: string | null;
  /** Which way it went, when the capture tells. */
  readonly direction: Direction;
  /** What people wrote to it. */
  readonly comments: readonly string[];
  /** Length on the wire. */
  readonly originalLength: number;
  /** A view into the file. */
  readonly bytes: Uint8Array;
}

/** A capture that cannot be read, and where. */
export class CaptureError extends Error {
  /** For messages. */
  override readonly name = "CaptureError";

  /** `offset` is the byte at which reading ended. */
  constructor(what: string, readonly offset: number) {
    super(`${what}, at byte ${offset}`);
  }
}

/** pcap's magic numbers: microseconds, nanoseconds. */
const PCAP_MICROS = 0xa1b2c3d4;
const PCAP_NANOS = 0xa1b23c4d;
const PCAP_HEADER_BYTES = 24;
const PCAP_RECORD_BYTES = 16;
/** Longest packet that is believed: a longer one means that the file is damaged. */
const PACKET_MAX_BYTES = 1 << 20;

/**
 * The packets of a capture, in the order of the file. Throws a {@link CaptureError} that names the offset when the file is
 * no capture, is damaged, or ends within a packet; what came before has been given by then.
 */
export function* readCapture(file: Uint8Array): Generator<CapturedPacket> {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (file.length < 8) throw new CaptureError("The file is too short to be a capture", file.length);
  if (view.getUint32(0) === PcapngBlock.sectionHeader) return yield* readPcapng(file, view);
  for (const little of [true, false]) {
    const magic = view.getUint32(0, little);
    if (magic === PCAP_MICROS) return yield* readPcap(file, view, little, 1);
    if (magic === PCAP_NANOS) return yield* readPcap(file, view, little, 1000);
  }
  throw new CaptureError("The file is neither pcap nor pcapng", 0);
}

function* readPcap(
  file: Uint8Array,
  view: DataView,
  little: boolean,
  unitsPerUs: number,
): Generator<CapturedPacket> {
  if (file.length < PCAP_HEADER_BYTES) {
    throw new CaptureError("The capture ends within its header", file.length);
  }
  const linkType = view.getUint32(20, little) & 0x0fff_ffff;
  for (let at = PCAP_HEADER_BYTES; at < file.length;) {
    if (at + PCAP_RECORD_BYTES > file.length) {
      throw new CaptureError("The capture ends within a packet's header", at);
    }
    const length = view.getUint32(at + 8, little);
    const start = at + PCAP_RECORD_BYTES;
    checkPacket(length, start, file.length, at);
    const fraction = view.getUint32(at + 4, little) / unitsPerUs;
    yield {
      offset: at,
      timeUs: view.getUint32(at, little) * 1e6 + Math.floor(fraction),
      linkType,
      interfaceName: null,
      direction: Direction.unknown,
      comments: [],
      originalLength: view.getUint32(at + 12, little),
      bytes: file.subarray(start, start + length),
    };
    at = start + length;
  }
}

/** What an interface description says. */
interface Interface {
  readonly linkType: number;
  readonly name: string | null;
  /** Units of its timestamps in a second. */
  readonly unitsPerSecond: number;
  readonly snapLength: number;
}

/** One block of a pcapng file. */
interface Block {
  readonly file: Uint8Array;
  readonly view: DataView;
  readonly little: boolean;
  readonly offset: number;
  /** Where its body begins and ends. */
  readonly start: number;
  readonly end: number;
}

function* readPcapng(file: Uint8Array, view: DataView): Generator<CapturedPacket> {
  let little = true;
  let interfaces: Interface[] = [];
  for (let at = 0; at < file.length;) {
    if (at + 12 > file.length) throw new CaptureError("The capture ends within a block", at);
    const isSection = view.getUint32(at) === PcapngBlock.sectionHeader;
    if (isSection) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
      if (!little && view.getUint32(at + 8) !== BYTE_ORDER_MAGIC) {
        throw new CaptureError("A section header has no byte order", at + 8);
      }
      interfaces = [];
    }
    const type = view.getUint32(at, little);
    const length = view.getUint32(at + 4, little);
    if (length < 12 || length % 4 !== 0) {
      throw new CaptureError(`A block of ${length} bytes is impossible`, at + 4);
    }
    if (at + length > file.length) throw new CaptureError("The capture ends within a block", at);
    if (view.getUint32(at + length - 4, little) !== length) {
      throw new CaptureError("The two lengths of a block differ", at + length - 4);
    }
    const block = { file, view, little, offset: at, start: at + 8, end: at + length - 4 };
    if (type === PcapngBlock.interfaceDescription) interfaces.push(readInterface(block));
    if (type === PcapngBlock.enhancedPacket) yield readEnhanced(block, interfaces);
    if (type === PcapngBlock.simplePacket) yield readSimple(block, interfaces);
    at += length;
  }
}

function readInterface(block: Block): Interface {
  const { view, little, start } = block;
  needs(block, 8);
  let name: string | null = null;
  let unitsPerSecond = 1e6;
  for (const { code, value } of options(block, start + 8)) {
    if (code === PcapngOption.interfaceName) name = new TextDecoder().decode(value);
    if (code === PcapngOption.timestampResolution && value.length > 0) {
      const exponent = value[0] & 0x7f;
      unitsPerSecond = (value[0] & 0x80) !== 0 ? 2 ** exponent : 10 ** exponent;
    }
  }
  return {
    linkType: view.getUint16(start, little),
    snapLength: view.getUint32(start + 4, little),
    name,
    unitsPerSecond,
  };
}

function readEnhanced(block: Block, interfaces: readonly Interface[]): CapturedPacket {
  const { file, view, little, start, end, offset } = block;
  needs(block, 20);
  const { linkType, name, unitsPerSecond } = interfaceOf(
    interfaces,
    view.getUint32(start, little),
    offset,
  );
  const high = view.getUint32(start + 4, little);
  const low = view.getUint32(start + 8, little);
  // The seconds are whole before the fraction is added: both halves together need more than 53 bits of nanoseconds.
  const units = high * 0x1_0000_0000;
  const seconds = Math.floor(units / unitsPerSecond);
  const rest = units - seconds * unitsPerSecond + low;
  const length = view.getUint32(start + 12, little);
  checkPacket(length, start + 20, end, offset);
  let direction: Direction = Direction.unknown;
  const comments: string[] = [];
  for (const { code, value } of options(block, start + 20 + length + (-length & 3))) {
    if (code === PcapngOption.comment) comments.push(new TextDecoder().decode(value));
    if (code === PcapngOption.flags && value.length === 4) {
      const bits = value[little ? 0 : 3] & 3;
      direction = bits === Direction.inbound || bits === Direction.outbound
        ? bits
        : Direction.unknown;
    }
  }
  return {
    offset,
    timeUs: seconds * 1e6 + microseconds(rest, unitsPerSecond),
    linkType,
    interfaceName: name,
    direction,
    comments,
    originalLength: view.getUint32(start + 16, little),
    bytes: file.subarray(start + 20, start + 20 + length),
  };
}

/** Whole microseconds of a fraction of a second; a quotient that is exact must not be rounded before. */
function microseconds(units: number, unitsPerSecond: number): number {
  return unitsPerSecond >= 1e6
    ? Math.floor(units / (unitsPerSecond / 1e6))
    : Math.floor(units * (1e6 / unitsPerSecond));
}

function readSimple(block: Block, interfaces: readonly Interface[]): CapturedPacket {
  const { file, view, little, start, end, offset } = block;
  needs(block, 4);
  const { linkType, name, snapLength } = interfaceOf(interfaces, 0, offset);
  const originalLength = view.getUint32(start, little);
  const limit = snapLength === 0 ? originalLength : Math.min(originalLength, snapLength);
  const length = Math.min(limit, end - start - 4);
  return {
    offset,
    timeUs: 0,
    linkType,
    interfaceName: name,
    direction: Direction.unknown,
    comments: [],
    originalLength,
    bytes: file.subarray(start + 4, start + 4 + length),
  };
}

function interfaceOf(interfaces: readonly Interface[], id: number, offset: number): Interface {
  const found = interfaces[id];
  if (found === undefined) throw new CaptureError(`No block describes interface ${id}`, offset);
  return found;
}

function* options(block: Block, from: number): Generator<{ code: number; value: Uint8Array }> {
  const { file, view, little, end } = block;
  for (let at = from; at + 4 <= end;) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === PcapngOption.end) return;
    if (at + 4 + length > end) throw new CaptureError("An option goes beyond its block", at);
    yield { code, value: file.subarray(at + 4, at + 4 + length) };
    at += 4 + length + (-length & 3);
  }
}

function needs(block: Block, bytes: number): void {
  if (block.start + bytes > block.end) throw new CaptureError("A block is too short", block.offset);
}

function checkPacket(length: number, start: number, end: number, offset: number): void {
  if (length > PACKET_MAX_BYTES) {
    throw new CaptureError(`A packet of ${length} bytes is impossible`, offset);
  }
  if (start + length > end) throw new CaptureError("The capture ends within a packet", offset);
}
