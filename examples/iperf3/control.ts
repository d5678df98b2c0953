/** The control connection of iperf3: states of one byte, and JSON with its length before it. */

import type { TcpInfo } from "../../mod.ts";

/** The states, as bytes of two's complement where they are negative. */
export const State = {
  testStart: 1,
  testRunning: 2,
  testEnd: 4,
  parameterExchange: 9,
  createStreams: 10,
  serverTerminate: 11,
  clientTerminate: 12,
  exchangeResults: 13,
  displayResults: 14,
  done: 16,
  accessDenied: -1,
  serverError: -2,
} as const;

/** What every connection of a test begins with: 36 characters and a zero byte. */
export const COOKIE_BYTES = 37;

/** Longest JSON that is believed. */
const JSON_MAX_BYTES = 1 << 20;

/** iperf3's number for "an option you are trying to set is not implemented yet". */
const ERROR_NOT_IMPLEMENTED = 13;

/** What the server needs of a connection: `Deno.TcpConn` and `TcpConn` have it. */
export interface IperfConn {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
  /** Only of a stack's connections. */
  info?(): TcpInfo;
}

/** Something that the other side did which the protocol does not allow, or that cannot be done here. */
export class ServerFault extends Error {
  /** For messages. */
  override readonly name = "ServerFault";
}

/** Reads so many bytes. Throws when the connection ends first, or after `patienceMs`. */
export async function readExactly(
  conn: IperfConn,
  length: number,
  patienceMs: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const reading = (async () => {
    for (let got = 0; got < length;) {
      const count = await conn.read(bytes.subarray(got));
      if (count === null) throw new ServerFault("the connection ended in the middle of a message");
      got += count;
    }
    return bytes;
  })();
  if (patienceMs === Infinity) return await reading;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ServerFault(`nothing came for ${patienceMs / 1000} s`));
    }, patienceMs);
  });
  // Who is late is closed by the caller, which ends the read.
  reading.catch(() => {});
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The server's end of a control connection. */
export class ControlChannel {
  readonly #conn: IperfConn;

  constructor(conn: IperfConn) {
    this.#conn = conn;
  }

  /** Tells the client what comes next. */
  async state(state: number): Promise<void> {
    await this.#writeAll(Uint8Array.of(state & 0xff));
  }

  /** Waits for a state of the client. Throws when it is another one. */
  async expect(wanted: number, patienceMs: number): Promise<void> {
    const [byte] = await readExactly(this.#conn, 1, patienceMs);
    if (byte === wanted) return;
    throw new ServerFault(
      byte === State.clientTerminate ? "the client has given up" : `state ${byte} came unexpected`,
    );
  }

  /** Reads JSON. */
  async json(patienceMs: number): Promise<unknown> {
    const head = await readExactly(this.#conn, 4, patienceMs);
    const length = new DataView(head.buffer).getUint32(0);
    if (length > JSON_MAX_BYTES) throw new ServerFault(`JSON of ${length} bytes is refused`);
    const text = new TextDecoder().decode(await readExactly(this.#conn, length, patienceMs));
    try {
      return JSON.parse(text);
    } catch {
      throw new ServerFault("what should be JSON is not");
    }
  }

  /** Sends JSON. */
  async sendJson(value: unknown): Promise<void> {
    const text = new TextEncoder().encode(JSON.stringify(value));
    const message = new Uint8Array(4 + text.length);
    new DataView(message.buffer).setUint32(0, text.length);
    message.set(text, 4);
    await this.#writeAll(message);
  }

  /** Says that the test cannot be: the client prints iperf3's own words for the number. */
  async refuse(_reason: unknown): Promise<void> {
    const message = new Uint8Array(9);
    message[0] = State.serverError & 0xff;
    new DataView(message.buffer).setUint32(1, ERROR_NOT_IMPLEMENTED);
    await this.#writeAll(message).catch(() => {});
  }

  close(): void {
    try {
      this.#conn.close();
    } catch {
      // The client's end was noticed before.
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) done += await this.#conn.write(bytes.subarray(done));
  }
}
