import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Stack } from "../net/stack.ts";
import { attach, type Attached } from "./attach.ts";
import type { Socket } from "./socket.ts";

/** What a handler is told beside the request, as `Deno.ServeHandlerInfo`. */
export interface ServeHandlerInfo {
  /** The client's address. */
  readonly remoteAddr: Deno.NetAddr;
  /** Resolves when the response has gone, rejects when it could not. */
  readonly completed: Promise<void>;
}

/** Answers requests, as `Deno.ServeHandler`. */
export type ServeHandler = (
  request: Request,
  info: ServeHandlerInfo,
) => Response | Promise<Response>;

/** What `serve` may be told, as `Deno.serve`. */
export interface ServeOptions {
  /** The port; default 8000, 0 picks a free one. */
  readonly port?: number;
  /** One of the stack's addresses; all of them by default. */
  readonly hostname?: string;
  /** Connections that may wait to be accepted. */
  readonly tcpBacklog?: number;
  /** Shuts the server down when it aborts. */
  readonly signal?: AbortSignal;
  /** Answers when the handler throws; by default status 500. */
  readonly onError?: (error: unknown) => Response | Promise<Response>;
  /** Called when the server listens; by default it prints a line. */
  readonly onListen?: (addr: Deno.NetAddr) => void;
  /** The certificate chain in PEM form: with `key`, the server speaks TLS. */
  readonly cert?: string;
  /** The private key in PEM form. */
  readonly key?: string;
}

/** A server that runs, as `Deno.HttpServer`. */
export interface HttpServer extends AsyncDisposable {
  /** Where it listens. */
  readonly addr: Deno.NetAddr;
  /** Resolves when the server has shut down. */
  readonly finished: Promise<void>;
  /** Accepts no more and waits for the requests under way. */
  shutdown(): Promise<void>;
  /** Lets it keep the process alive, which is the default. */
  ref(): void;
  /** Lets the process end although it listens. */
  unref(): void;
}

const DEFAULT_PORT = 8000;

/**
 * Serves HTTP on a stack, in the shape of `Deno.serve`. HTTP and TLS are those of `node:http` and `node:https`.
 *
 * Throws what `Stack.listen` throws, and `TypeError` for a `cert` without its `key`.
 */
export function serveHttp(stack: Stack, options: ServeOptions, handler: ServeHandler): HttpServer {
  const { cert, key, signal } = options;
  if ((cert === undefined) !== (key === undefined)) {
    throw new TypeError("cert and key belong together: TLS needs both");
  }
  const scheme = cert === undefined ? "http" : "https";
  const onRequest = (message: IncomingMessage, reply: ServerResponse) => {
    answer(scheme, options, handler, message, reply);
  };
  const target = cert === undefined
    ? createHttpServer(onRequest)
    : createHttpsServer({ cert, key }, onRequest);
  const attached = attach(target, stack, {
    port: options.port ?? DEFAULT_PORT,
    host: options.hostname,
    backlog: options.tcpBacklog,
  });
  const { address, port } = attached.server.address()!;
  const addr: Deno.NetAddr = { transport: "tcp", hostname: address, port };
  if (options.onListen !== undefined) options.onListen(addr);
  else console.log(`Listening on ${scheme}://${address}:${port}/`);
  return new RunningServer(addr, attached, signal);
}

class RunningServer implements HttpServer {
  readonly finished: Promise<void>;
  #finish!: () => void;
  #shutdown: Promise<void> | null = null;

  constructor(
    readonly addr: Deno.NetAddr,
    readonly attached: Attached,
    signal: AbortSignal | undefined,
  ) {
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    if (signal?.aborted === true) this.shutdown();
    signal?.addEventListener("abort", () => this.shutdown(), { once: true });
  }

  shutdown(): Promise<void> {
    this.#shutdown ??= this.attached.close().then(() => this.#finish());
    return this.#shutdown;
  }

  ref(): void {
    this.attached.server.ref();
  }

  unref(): void {
    this.attached.server.unref();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

async function answer(
  scheme: string,
  options: ServeOptions,
  handler: ServeHandler,
  message: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  const completed = Promise.withResolvers<void>();
  completed.promise.catch(() => {});
  const { remoteAddress = "", remotePort = 0 } = message.socket as unknown as Socket;
  const info: ServeHandlerInfo = {
    remoteAddr: { transport: "tcp", hostname: remoteAddress, port: remotePort },
    completed: completed.promise,
  };
  try {
    let response: Response;
    try {
      response = await handler(requestOf(scheme, message, reply), info);
      if (!(response instanceof Response)) {
        throw new TypeError("The handler must return a Response");
      }
    } catch (error) {
      response = await errorResponse(error, options);
    }
    await send(response, message, reply);
    completed.resolve();
  } catch (error) {
    reply.destroy();
    completed.reject(error);
  }
}

async function errorResponse(error: unknown, options: ServeOptions): Promise<Response> {
  if (options.onError !== undefined) {
    try {
      return await options.onError(error);
    } catch (second) {
      error = second;
    }
  } else {
    console.error(error);
  }
  return new Response("Internal Server Error", { status: 500 });
}

function requestOf(scheme: string, message: IncomingMessage, reply: ServerResponse): Request {
  const { method = "GET", url = "/", rawHeaders } = message;
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i], rawHeaders[i + 1]);
  const host = message.headers.host ?? "localhost";
  const abort = new AbortController();
  reply.once("close", () => {
    if (!reply.writableFinished) abort.abort();
  });
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(new URL(url, `${scheme}://${host}`), {
    method,
    headers,
    signal: abort.signal,
    body: hasBody ? bodyOf(message) : null,
  });
}

function bodyOf(message: IncomingMessage): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      message.on("data", (chunk: Uint8Array) => {
        controller.enqueue(new Uint8Array(chunk));
        if ((controller.desiredSize ?? 0) <= 0) message.pause();
      });
      message.on("end", () => controller.close());
      message.on("error", (error) => controller.error(error));
      message.pause();
    },
    pull() {
      message.resume();
    },
    cancel() {
      message.destroy();
    },
  });
}

async function send(
  response: Response,
  message: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  const headers: string[] = [];
  for (const [name, value] of response.headers) headers.push(name, value);
  reply.writeHead(response.status, response.statusText, headers);
  const { body } = response;
  if (body === null || message.method === "HEAD") {
    reply.end();
    return;
  }
  const reader = body.getReader();
  // A body of one chunk goes with its headers.
  let { done, value } = await reader.read();
  while (!done) {
    const next = await reader.read();
    if (next.done) {
      reply.end(value);
      return;
    }
    if (!reply.write(value)) await drained(reply);
    ({ done, value } = next);
  }
  reply.end();
}

function drained(reply: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    reply.once("drain", resolve);
    reply.once("close", () => reject(new Deno.errors.BrokenPipe("The client has gone")));
  });
}
