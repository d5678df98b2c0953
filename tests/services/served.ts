/** The page of a stack, served to clients on the same stack. */

import { memoryPair, open, type Stack } from "../../mod.ts";
import { watchPage } from "../../src/services/watch_page.ts";

/** Serves the page of a stack on its own port 80. */
export async function served(body: (net: Stack) => Promise<void>): Promise<void> {
  const net = await open({ device: memoryPair()[0] });
  const ending = new AbortController();
  const { signal } = ending;
  const server = net.serve({ port: 80, signal, onListen: () => {} }, watchPage(net));
  try {
    await body(net);
  } finally {
    ending.abort();
    await server.finished;
    await net.close();
  }
}

/** One request on a connection of its own; `text` grows with what has arrived. */
export class Answer implements Disposable {
  text = "";
  readonly #conn: Deno.TcpConn;
  readonly reading: Promise<void>;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.reading = this.#read().catch(() => {});
  }

  static async to(net: Stack, path: string, fields = "", method = "GET"): Promise<Answer> {
    const conn = await net.connect({ port: 80 });
    const request = `${method} ${path} HTTP/1.1\r\nhost: stack\r\n${fields}\r\n`;
    await conn.write(new TextEncoder().encode(request));
    return new Answer(conn);
  }

  /** What the events of this name have told so far. */
  told<T>(name: string): T[] {
    const events = this.text.matchAll(new RegExp(`event: ${name}\ndata: (.*)\n\n`, "g"));
    return [...events].map(([, data]) => JSON.parse(data));
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const count = await this.#conn.read(buffer);
      if (count === null) return;
      this.text += new TextDecoder().decode(buffer.subarray(0, count));
    }
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

/** A field for requests of which one comes alone on its connection. */
export const CLOSE = "connection: close\r\n";
