/**
 * Carries bytes between two connections, whichever side they are on: `Deno.TcpConn` and woshou's `TcpConn` are used
 * alike. The end of one direction is passed on as a FIN while the other goes on; a failure ends both.
 *
 * @module
 */

/** What of a connection is used; `abort`, where there is one, ends it with an RST. */
export interface Relayed {
  read(target: Uint8Array): Promise<number | null>;
  write(source: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  [Symbol.dispose](): void;
  abort?(): void;
  setNoDelay?(noDelay?: boolean): void;
}

/** Bytes that were carried, and why it ended early, if it did. */
export interface Carried {
  readonly there: number;
  readonly back: number;
  readonly error: unknown;
}

/** Most that one direction holds: what is not taken there is left here, so that the sender has to wait. */
const BUFFER_MAX_BYTES = 65_536;
/** What it begins with: of thousands of connections most carry little. */
const BUFFER_MIN_BYTES = 2048;

/** Carries until both directions have ended, and closes both connections. */
export async function relay(near: Relayed, far: Relayed): Promise<Carried> {
  // What comes in goes out: Nagle's rule here would only wait for the other relay's delayed ACK.
  near.setNoDelay?.(true);
  far.setNoDelay?.(true);
  let error: unknown = null;
  const fail = (reason: unknown) => {
    error ??= reason;
    for (const conn of [near, far]) reset(conn);
    return 0;
  };
  const [there, back] = await Promise.all([
    carry(near, far).catch(fail),
    carry(far, near).catch(fail),
  ]);
  near[Symbol.dispose]();
  far[Symbol.dispose]();
  return { there, back, error };
}

/** Ends a connection that is open, with an RST where that can be asked for. */
export function reset(conn: Relayed): void {
  try {
    if (conn.abort !== undefined) conn.abort();
    else conn[Symbol.dispose]();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

async function carry(from: Relayed, to: Relayed): Promise<number> {
  let buffer = new Uint8Array(BUFFER_MIN_BYTES);
  let total = 0;
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) break;
    await writeAll(to, buffer.subarray(0, count));
    total += count;
    if (count === buffer.length && count < BUFFER_MAX_BYTES) {
      buffer = new Uint8Array(2 * buffer.length);
    }
  }
  await to.closeWrite();
  return total;
}

/** Writes all of it. */
export async function writeAll(conn: Pick<Relayed, "write">, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
}

/** Fills `target`; throws `UnexpectedEof` when the stream ends before. */
export async function readFull(conn: Pick<Relayed, "read">, target: Uint8Array): Promise<void> {
  for (let done = 0; done < target.length;) {
    const count = await conn.read(target.subarray(done));
    if (count === null) throw new Deno.errors.UnexpectedEof("the stream has ended too early");
    done += count;
  }
}
