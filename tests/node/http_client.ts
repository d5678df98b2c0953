/** A client that sends bytes as they are given, and waits for what it is told to expect. */

const PATIENCE_MS = 20_000;

/** What both kinds of connection can. */
export type Connect = (port: number) => Promise<Deno.TcpConn>;

export class HttpClient implements Disposable {
  /** Everything that has come. */
  received = "";
  /** How it ended: `eof`, the name of an error, or null as long as it has not. */
  ended: string | null = null;
  readonly conn: Deno.TcpConn;
  readonly #buffer = new Uint8Array(65_536);

  constructor(conn: Deno.TcpConn) {
    this.conn = conn;
  }

  static async open(connect: Connect, port: number): Promise<HttpClient> {
    return new HttpClient(await connect(port));
  }

  /** Sends a text, each character a byte. */
  async send(text: string): Promise<void> {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    for (let done = 0; done < bytes.length;) done += await this.conn.write(bytes.subarray(done));
  }

  /** Reads until what has come satisfies `enough`, or has ended. */
  async until(enough: (received: string) => boolean): Promise<string> {
    const late = setTimeout(() => this.conn[Symbol.dispose](), PATIENCE_MS);
    try {
      while (this.ended === null && !enough(this.received)) await this.#read();
    } finally {
      clearTimeout(late);
    }
    if (this.ended !== null && !enough(this.received)) {
      throw new Error(`It ended by ${this.ended}: ${JSON.stringify(this.received)}`);
    }
    return this.received;
  }

  /** Reads to the end and gives everything. */
  async all(): Promise<string> {
    const late = setTimeout(() => this.conn[Symbol.dispose](), PATIENCE_MS);
    while (this.ended === null) await this.#read();
    clearTimeout(late);
    return this.received;
  }

  async #read(): Promise<void> {
    try {
      const count = await this.conn.read(this.#buffer);
      if (count === null) this.ended = "eof";
      else this.received += String.fromCharCode(...this.#buffer.subarray(0, count));
    } catch (error) {
      this.ended = (error as Error).name;
    }
  }

  [Symbol.dispose](): void {
    this.conn[Symbol.dispose]();
  }
}

/** A response without what differs from one time to the next. */
export function undated(text: string): string {
  return text.replaceAll(/date: [^\r]*\r\n/g, "");
}

/** A response as a test compares it: its lines sorted, because the order of headers means nothing. */
export function comparable(text: string): { head: string[]; body: string } {
  const at = text.indexOf("\r\n\r\n");
  const head = undated(text.slice(0, at + 2)).split("\r\n").filter((line) => line !== "")
    .map((line) => line.replace(/^[^:]*:/, (name) => name.toLowerCase()));
  const isChunked = head.includes("transfer-encoding: chunked");
  const body = text.slice(at + 4);
  return { head: [head[0], ...head.slice(1).sort()], body: isChunked ? unchunked(body) : body };
}

/** A chunked body without its frame; throws when it has no end. */
function unchunked(text: string): string {
  let body = "";
  for (let at = 0;;) {
    const end = text.indexOf("\r\n", at);
    const length = parseInt(text.slice(at, end), 16);
    if (!(length >= 0)) throw new Error(`Not a chunk: ${JSON.stringify(text.slice(at))}`);
    if (length === 0) return body;
    body += text.slice(end + 2, end + 2 + length);
    at = end + 2 + length + 2;
  }
}
