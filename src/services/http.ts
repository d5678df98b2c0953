import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import type { Service, ServiceConn } from "./service.ts";

/** Milliseconds without traffic after which a connection of the page is given up. */
const IDLE_MS = 30_000;

const encoder = new TextEncoder();

/** Bytes that may wait in a stream before it is told that it is behind. */
const STREAM_BACKLOG_BYTES = 65_536;

/** Answers one request: the status, the type and the body. */
export type PageHandler = (method: string, path: string, request: PageRequest) => PageResponse;

/** What else a handler may want to know of a request. */
export interface PageRequest {
  /** What stands behind the path, with its question mark. */
  readonly search: string;
  /** The connection that the request came over. */
  readonly conn: ServiceConn;
  /** Whether a page has asked for it, not a person. */
  readonly fromPage: boolean;
}

/** What a page is made of. */
export interface PageResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** More header fields. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes on with the response after the body, which is then sent without a length; gives what ends it. */
  readonly stream?: (sink: PageStream) => () => void;
}

/** Where a response that goes on is written to. */
export interface PageStream {
  /** Whether the peer takes what it is sent; while it does not, nothing should be written. */
  readonly ready: boolean;
  /** Sends text. */
  write(text: string): void;
}

/** A service that speaks HTTP, with Node's parser, and answers every request from `handler`. */
export function httpService(handler: PageHandler): Service {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { pathname, search } = new URL(request.url ?? "/", "http://stack");
    const socket = request.socket as unknown as ConnSocket;
    const { conn } = socket;
    const page = handler(request.method ?? "GET", pathname, {
      search,
      conn,
      fromPage: request.headers.referer !== undefined,
    });
    const fields = { "content-type": page.type, "cache-control": "no-store", ...page.headers };
    const bytes = encoder.encode(page.body);
    if (page.stream !== undefined && request.method !== "HEAD") {
      response.writeHead(page.status, fields);
      response.write(bytes);
      stream(page.stream, response, socket);
      return;
    }
    response.writeHead(page.status, { ...fields, "content-length": bytes.length });
    response.end(request.method === "HEAD" ? undefined : bytes);
  });
  // Without this Deno ends a connection after one response (it asks whether the server listens).
  Object.defineProperty(server, "listening", { value: true });
  server.keepAliveTimeout = IDLE_MS;
  server.on("clientError", (_error, socket) => {
    socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  });
  server.emit("listening");
  return (conn) =>
    new Promise((resolve) => {
      const socket = new ConnSocket(conn);
      socket.once("close", () => resolve());
      socket.on("error", () => {});
      server.emit("connection", socket);
    });
}

/** Lets a page write until its connection ends. */
function stream(
  start: (sink: PageStream) => () => void,
  response: ServerResponse,
  socket: ConnSocket,
): void {
  const stop = start({
    get ready() {
      return !socket.destroyed && socket.writableLength < STREAM_BACKLOG_BYTES;
    },
    write: (text) => void response.write(text),
  });
  // A browser that has closed its side does not look any more.
  socket.once("end", () => socket.destroy());
  socket.once("close", stop);
}

/** A connection as the duplex stream that Node's HTTP server takes for a socket. */
class ConnSocket extends Duplex {
  readonly conn: ServiceConn;
  readonly #buffer = new Uint8Array(16_384);

  constructor(conn: ServiceConn) {
    super({ allowHalfOpen: false });
    this.conn = conn;
  }

  override _read(): void {
    this.conn.read(this.#buffer).then(
      (count) => this.push(count === null ? null : this.#buffer.slice(0, count)),
      (error) => this.destroy(error),
    );
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    this.#writeAll(chunk).then(() => done(), done);
  }

  /** Header and body arrive together here; one write keeps them in one segment. */
  override _writev(
    chunks: { chunk: Uint8Array }[],
    done: (error?: Error) => void,
  ): void {
    const parts = chunks.map(({ chunk }) => chunk);
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    this.#writeAll(all).then(() => done(), done);
  }

  /** The server has said its last word, for example after `connection: close`. */
  override _final(done: (error?: Error) => void): void {
    done();
    this.destroy();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    try {
      this.conn.close();
    } catch {
      // It was closed already: by the peer's error, for example.
    }
    done(error);
  }

  /** Node's server sets idle times on its sockets; the stream ends with the connection instead. */
  setTimeout(): this {
    return this;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) done += await this.conn.write(bytes.subarray(done));
  }
}
