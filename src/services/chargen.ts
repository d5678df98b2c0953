import { discardRest } from "./discard.ts";
import { SERVICE_BUFFER_BYTES, type ServiceConn } from "./service.ts";

/** The printing characters of ASCII, from space to tilde. */
const FIRST_CHARACTER = 32;
const CHARACTERS = 95;

/** Characters of a line, without CR LF (RFC 864, "Data Syntax"). */
const LINE_CHARACTERS = 72;
const LINE_BYTES = LINE_CHARACTERS + 2;

/** After a line for each character to begin with, the pattern repeats. */
const PATTERN_BYTES = CHARACTERS * LINE_BYTES;

/**
 * The pattern, long enough that a full buffer can start at any place in it:
 *
 * ```text
 *   0 ....... PATTERN_BYTES ....... PATTERN_BYTES + SERVICE_BUFFER_BYTES
 *   └ starts ┘
 *        └──── SERVICE_BUFFER_BYTES ────┘
 * ```
 */
const block = patternBlock(PATTERN_BYTES + SERVICE_BUFFER_BYTES);

/**
 * The character generator (RFC 864): sends a rotating pattern of 72 printing characters a line, throws
 * away what arrives, and goes on until the peer terminates the connection. A peer that only closes its
 * own direction goes on receiving.
 */
export async function chargen(conn: ServiceConn): Promise<void> {
  // A read fails when the connection does, and when it is closed here: the write tells either.
  discardRest(conn).catch(() => {});
  try {
    let start = 0;
    while (true) {
      const written = await conn.write(block.subarray(start, start + SERVICE_BUFFER_BYTES));
      start = (start + written) % PATTERN_BYTES;
    }
  } catch (error) {
    if (!isEndedByPeer(error)) throw error;
  } finally {
    conn.close();
  }
}

/** The only way that this service ends: RFC 864 knows no other sign from the peer. */
function isEndedByPeer(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
}

function patternBlock(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = patternByte(i % PATTERN_BYTES);
  return bytes;
}

function patternByte(index: number): number {
  const line = Math.floor(index / LINE_BYTES);
  const column = index % LINE_BYTES;
  if (column === LINE_CHARACTERS) return 0x0d;
  if (column === LINE_CHARACTERS + 1) return 0x0a;
  return FIRST_CHARACTER + (line + column) % CHARACTERS;
}
