/** Many bytes one way, with a checksum of what was sent and of what arrived. */

import type { Patience } from "./patience.ts";
import type { Progress } from "./progress.ts";

/** What became of a transfer. */
export interface TransferResult {
  readonly bytes: number;
  readonly ms: number;
  /** SHA-256 in hexadecimal digits, of what was sent and of what arrived. */
  readonly sentHash: string;
  readonly receivedHash: string;
}

/** What a transfer is made of. */
export interface TransferParts {
  readonly sender: Deno.TcpConn;
  readonly receiver: Deno.TcpConn;
  readonly bytes: number;
  readonly patience: Patience;
  /** Begins to show the progress. */
  readonly progress: () => Progress;
}

/** What one write offers at most: more would only hide the progress. */
const WRITE_BYTES = 256 * 1024;
/** What `crypto.getRandomValues` gives at once. */
const RANDOM_BYTES = 65_536;
/** How long a transfer may stand still. */
const STALL_MS = 10_000;
/** How long the whole of it may take. */
const TRANSFER_MS = 120_000;

/** Sends random bytes and reads them at the other end. The checksums are not in the time measured. */
export async function transfer(parts: TransferParts): Promise<TransferResult> {
  const { sender, receiver, bytes, patience } = parts;
  const payload = randomBytes(bytes);
  const sentHash = await sha256(payload);
  const received = new Uint8Array(bytes);
  using progress = parts.progress();
  const startMs = performance.now();
  const what = `transfer of ${bytes} bytes`;
  const writing = writeAll(sender, payload);
  const reading = readAll(receiver, received, progress, patience);
  await patience.within(TRANSFER_MS, what, Promise.all([writing, reading]));
  const ms = performance.now() - startMs;
  progress[Symbol.dispose]();
  return { bytes, ms, sentHash, receivedHash: await sha256(received) };
}

/** Writes every byte. */
export async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await conn.write(bytes.subarray(done, done + WRITE_BYTES));
  }
}

/** Fills `target`; an end of the stream before that is an error. */
export async function readAll(
  conn: Deno.TcpConn,
  target: Uint8Array,
  progress: Progress | null,
  patience: Patience,
): Promise<void> {
  for (let done = 0; done < target.length;) {
    const reading = conn.read(target.subarray(done));
    const count = await patience.within(STALL_MS, `after ${done} bytes`, reading);
    if (count === null) throw new Error(`the stream ended after ${done} of ${target.length} bytes`);
    done += count;
    progress?.update(done);
  }
}

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += RANDOM_BYTES) {
    crypto.getRandomValues(bytes.subarray(at, at + RANDOM_BYTES));
  }
  return bytes;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
