/** Seeded bytes to send, and what was received held against them. */

import { SeededRandom } from "../../src/base/random.ts";

/** What an ordinary Deno connection and one of the stack have in common. */
export interface ByteConn {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
}

/** Largest read and write: more than any buffer of a single segment, not a multiple of anything. */
const PIECE_MAX_BYTES = 100_003;

/** The bytes that a seed stands for; position by position, so that both ends can make them. */
export function seededBytes(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const random = new SeededRandom(seed);
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = random.uint32();
  return new Uint8Array(words.buffer, 0, length);
}

/** Sizes from 1 byte to a hundred thousand, small ones as often as large ones. */
function pieceSize(random: SeededRandom): number {
  return Math.max(1, Math.floor(Math.pow(PIECE_MAX_BYTES, random.fraction())));
}

/** Writes the bytes of a seed in writes of many sizes and ends the direction. */
export async function sendSeeded(conn: ByteConn, seed: number, length: number): Promise<void> {
  const bytes = seededBytes(seed, length);
  const random = new SeededRandom(seed ^ 0x5e9d);
  for (let at = 0; at < length;) {
    const end = Math.min(length, at + pieceSize(random));
    while (at < end) at += await conn.write(bytes.subarray(at, end));
  }
  await conn.closeWrite();
}

/**
 * Reads to the end of the stream and fails at the first byte that is not the seed's, or when there are
 * more or fewer bytes.
 */
export async function receiveSeeded(conn: ByteConn, seed: number, length: number): Promise<void> {
  const expected = seededBytes(seed, length);
  const buffer = new Uint8Array(PIECE_MAX_BYTES);
  const random = new SeededRandom(seed ^ 0x4ead);
  let at = 0;
  while (true) {
    const count = await conn.read(buffer.subarray(0, pieceSize(random)));
    if (count === null) break;
    for (let i = 0; i < count; i++) {
      if (buffer[i] !== expected[at + i]) {
        throw new Error(`Seed ${seed}: byte ${at + i} of ${length} arrived as ${buffer[i]}`);
      }
    }
    at += count;
  }
  if (at !== length) throw new Error(`Seed ${seed}: ${at} bytes of ${length} arrived`);
}

/** Both directions at once, to the end of both. */
export async function exchangeSeeded(
  conn: ByteConn,
  out: { seed: number; length: number },
  back: { seed: number; length: number },
): Promise<void> {
  await Promise.all([
    sendSeeded(conn, out.seed, out.length),
    receiveSeeded(conn, back.seed, back.length),
  ]);
}
