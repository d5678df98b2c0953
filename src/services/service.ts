/**
 * What the standard services need of a connection: `Deno.TcpConn` and woshou's `TcpConn` both have it,
 * so one service runs on the kernel and on the stack, and a comparison of the two is one of stacks.
 */
export interface ServiceConn {
  /** Reads up to `buffer.length` bytes; `null` at the end of the stream. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes the first bytes of `bytes`; gives how many it took, at least one. */
  write(bytes: Uint8Array): Promise<number>;
  /** Closes both directions and releases the connection. */
  close(): void;
  /** The own end, where there is one. */
  readonly localAddr?: Deno.NetAddr;
  /** The peer's end, where there is one. */
  readonly remoteAddr?: Deno.NetAddr;
}

/** Where {@link serve} takes connections from. A closed one rejects `accept` with `BadResource`. */
export interface ServiceListener<C extends ServiceConn = ServiceConn> {
  /** Gives the next connection. */
  accept(): Promise<C>;
}

/** Serves one connection to its end and closes it. Rejects when the connection fails. */
export type Service<C extends ServiceConn = ServiceConn> = (conn: C) => Promise<void>;

/** Bytes that a service reads or writes with one call when there are that many. */
export const SERVICE_BUFFER_BYTES = 65536;

/** How often in a row `accept` may fail before {@link serve} gives the listener up. */
export const ACCEPT_FAILURES_MAX = 100;

/** Milliseconds that {@link serve} waits after `accept` has failed. */
const ACCEPT_PAUSE_MS = 100;

/** How {@link serve} tells of failures and waits after them. */
export interface ServeOptions {
  /** Told of every connection that failed, and of every `accept` that did; by default nobody is. */
  readonly onFailure?: (error: unknown) => void;
  /** Waits before the next try after `accept` has failed; by default 100 ms. */
  readonly pause?: () => Promise<void>;
}

/**
 * Accepts connections and runs `service` on each, all of them at once, until the listener is closed.
 *
 * A connection that fails ends alone. A failed `accept`, such as one for want of file descriptors, is
 * tried again after a pause; after {@link ACCEPT_FAILURES_MAX} in a row the last error is thrown.
 */
export async function serve<C extends ServiceConn>(
  listener: ServiceListener<C>,
  service: Service<C>,
  options: ServeOptions = {},
): Promise<void> {
  const onFailure = options.onFailure ?? (() => {});
  const pause = options.pause ?? acceptPause;
  let failures = 0;
  while (true) {
    let conn: C;
    try {
      conn = await listener.accept();
    } catch (error) {
      if (isClosed(error)) return;
      if (++failures >= ACCEPT_FAILURES_MAX) throw error;
      onFailure(error);
      await pause();
      continue;
    }
    failures = 0;
    service(conn).catch(onFailure);
  }
}

/** Writes all of `bytes`, with as many calls as the connection needs. */
export async function writeAll(conn: ServiceConn, bytes: Uint8Array): Promise<void> {
  let written = await conn.write(bytes);
  while (written < bytes.length) written += await conn.write(bytes.subarray(written));
}

function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}

function acceptPause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
}
