import { SERVICE_BUFFER_BYTES, type ServiceConn, writeAll } from "./service.ts";

/**
 * Bytes of the buffer that a connection starts with. Most echo connections are idle or carry short
 * messages; only one that fills this buffer gets the large one.
 */
const FIRST_BUFFER_BYTES = 1024;

/** The echo service (RFC 862): sends back what arrives until the peer closes, then closes. */
export async function echo(conn: ServiceConn): Promise<void> {
  try {
    let buffer: Uint8Array = new Uint8Array(FIRST_BUFFER_BYTES);
    while (true) {
      const length = await conn.read(buffer);
      if (length === null) return;
      if (length < buffer.length) {
        await writeAll(conn, buffer.subarray(0, length));
        continue;
      }
      await writeAll(conn, buffer);
      if (length < SERVICE_BUFFER_BYTES) buffer = new Uint8Array(SERVICE_BUFFER_BYTES);
    }
  } finally {
    conn.close();
  }
}
