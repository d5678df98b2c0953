import { SERVICE_BUFFER_BYTES, type ServiceConn } from "./service.ts";

/** Nobody looks at discarded bytes, so all connections may throw them into one buffer. */
const bin = new Uint8Array(SERVICE_BUFFER_BYTES);

/** The discard service (RFC 863): throws away what arrives until the peer closes, then closes. */
export async function discard(conn: ServiceConn): Promise<void> {
  try {
    await discardRest(conn);
  } finally {
    conn.close();
  }
}

/** Throws away what arrives until the end of the stream, and leaves the connection open. */
export async function discardRest(conn: ServiceConn): Promise<void> {
  while (await conn.read(bin) !== null);
}
