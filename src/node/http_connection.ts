import { Buffer } from "node:buffer";
import type {
  ByteConn,
  ClientFault,
  ServeHandler,
  ServeHandlerInfo,
  ServeStats,
} from "../net/serve.ts";
import { type ParseFailure, type RequestHead, RequestParser } from "./http_parser.ts";
import { IncomingRequest } from "./request.ts";
import { type BodyHost, RequestBody } from "./request_body.ts";
import { chunk, Framing, headText, LAST_CHUNK, refusal, withBody } from "./response.ts";
import { readRequestHead } from "./request_head.ts";
import { staticBody } from "./static_body.ts";

/** Bytes that a read asks for: at first, and while much comes. */
const READ_MIN_BYTES = 4096;
const READ_MAX_BYTES = 65_536;
/** Pieces of a body up to this size are copied behind what precedes them, to go in one write. */
const GATHER_MAX_BYTES = 65_536;
/** Bytes of a body that nobody wants which are read all the same, so that the client sees its response. */
const LINGER_MAX_BYTES = 262_144;

/** Limits in ticks of the server's timer, and bytes. */
export interface ConnectionLimits {
  readonly headerBytes: number;
  readonly headerTicks: number;
  readonly bodyTicks: number;
  readonly requestTicks: number;
  readonly idleTicks: number;
  readonly writeTicks: number;
  /** How long a client may go on sending behind the last response. */
  readonly lingerTicks: number;
}

/** What all connections of a server have in common. */
export interface ConnectionHost {
  readonly scheme: string;
  readonly handler: ServeHandler;
  readonly onError: (error: unknown) => Response | Promise<Response>;
  readonly stats: ServeStats;
  readonly limits: ConnectionLimits;
  /** The server's time. */
  now: number;
  /** Whether connections are to end behind the response under way. */
  readonly isClosing: boolean;
  /** Counts what a client did wrong, and tells of it. */
  fault(fault: ClientFault, conn: ByteConn, error: Error): void;
  /** The connection has ended. */
  over(connection: HttpConnection): void;
}

/** A request that waits for its turn. `refused` is the status that it gets without being asked further. */
interface Exchange {
  readonly head: RequestHead | null;
  readonly request: IncomingRequest | null;
  readonly body: RequestBody | null;
  readonly refused: number;
}

/** What a connection waits for, which says what becomes of it when that takes too long. */
type Wait = "idle" | "header" | "body" | "linger";

/**
 * One client's connection: a loop that reads and parses ahead by one buffer, and one exchange at a time, in the
 * order of the requests.
 */
export class HttpConnection {
  readonly #host: ConnectionHost;
  readonly #conn: ByteConn;
  readonly #parser: RequestParser;
  readonly #queue: Exchange[] = [];
  readonly #bodyHost: BodyHost = {
    onWanted: () => this.#onWanted(),
    onRoom: () => this.#onRoom(),
  };
  /** The exchange under way. */
  #current: Exchange | null = null;
  /** The body that is being received. */
  #body: RequestBody | null = null;
  #wait: Wait = "header";
  /** When the wait is over, in the server's time; 0: never. */
  #waitEnds: number;
  #requestEnds = 0;
  #writeEnds = 0;
  /** Continues the loop that has stopped reading. */
  #resume: (() => void) | null = null;
  #isClosed = false;
  /** No request is taken any more. */
  #isLast = false;
  #isFaulty = false;
  #lingered = 0;
  /** Whether the client waits to be asked for the body. */
  #expects = false;
  #hasBegun = false;
  /** Where the body of the response under way comes from. */
  #source: ReadableStreamDefaultReader<Uint8Array> | null = null;

  constructor(conn: ByteConn, host: ConnectionHost) {
    this.#conn = conn;
    this.#host = host;
    this.#waitEnds = host.now + host.limits.headerTicks;
    this.#parser = new RequestParser({
      onBegin: () => this.#setWait("header", host.limits.headerTicks),
      onHeaders: (head) => this.#onHeaders(head),
      onBody: (bytes) => this.#onBody(bytes),
      onComplete: () => this.#onComplete(),
    }, host.limits.headerBytes);
  }

  /** Reads until the end. */
  async run(): Promise<void> {
    try {
      let buffer = Buffer.allocUnsafeSlow(READ_MIN_BYTES);
      while (!this.#isClosed) {
        const count = await this.#conn.read(buffer);
        if (count === null) {
          // What a handler answers in the same turn still reaches a client that has said all it had to say.
          if (this.#current !== null) await new Promise((resolve) => setTimeout(resolve, 0));
          break;
        }
        this.#take(buffer.subarray(0, count));
        if (this.#mustWait()) await new Promise<void>((resolve) => this.#resume = resolve);
        // A large buffer is for as long as much comes: an idle connection holds a small one.
        const isMore = count === buffer.length;
        const size = isMore
          ? READ_MAX_BYTES
          : this.#wait === "body"
          ? buffer.length
          : READ_MIN_BYTES;
        if (size !== buffer.length) buffer = Buffer.allocUnsafeSlow(size);
      }
    } catch {
      // The connection was reset, or ended here: what was under way hears of it.
    }
    this.close();
  }

  /** Ends it at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn[Symbol.dispose]();
    this.#settle();
  }

  /** Ends it with an RST. */
  abort(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn.abort();
    this.#settle();
  }

  /** Ends it when nothing is under way, else behind that. */
  finish(): void {
    if (this.#current === null && this.#queue.length === 0) this.close();
  }

  /** Lets it keep the process alive, or not. */
  setReferenced(referenced: boolean): void {
    if (referenced) this.#conn.ref();
    else this.#conn.unref();
  }

  /** The server's time has gone on: ends what has taken too long. */
  tick(now: number): void {
    if (this.#writeEnds !== 0 && now >= this.#writeEnds) {
      this.#fault("writeTimeouts", new Deno.errors.TimedOut("The client took nothing in time"));
      this.abort();
    } else if (this.#waitEnds !== 0 && now >= this.#waitEnds) {
      this.#waitEnds = 0;
      this.#onTimeout();
    }
  }

  #onTimeout(): void {
    if (this.#wait === "linger") return this.close();
    if (this.#wait === "idle") {
      this.#host.stats.idleTimeouts++;
      return this.close();
    }
    const error = new Deno.errors.TimedOut("The rest of the request has not come in time");
    this.#fault(this.#wait === "header" ? "headerTimeouts" : "bodyTimeouts", error);
    this.#body?.fail(error);
    this.#body = null;
    this.#refuse(408);
  }

  /** The first thing that the client has done wrong: the connection ends with it. */
  #fault(fault: ClientFault, error: Error): void {
    if (this.#isFaulty) return;
    this.#isFaulty = true;
    this.#host.fault(fault, this.#conn, error);
  }

  #settle(): void {
    this.#isLast = true;
    this.#waitEnds = 0;
    this.#writeEnds = 0;
    this.#queue.length = 0;
    const error = new Deno.errors.ConnectionReset("The connection ended within the request");
    this.#body?.fail(error);
    this.#source?.cancel(error).catch(() => {});
    const current = this.#current;
    if (current?.request) {
      this.#fault("disconnects", error);
      IncomingRequest.abort(current.request);
    }
    this.#wakeReader();
    this.#host.over(this);
  }

  #setWait(wait: Wait, ticks: number): void {
    this.#wait = wait;
    this.#waitEnds = this.#host.now + ticks;
  }

  #wakeReader(): void {
    const resume = this.#resume;
    this.#resume = null;
    resume?.();
  }

  /** Requests wait already, or the handler is slower than its client. */
  #mustWait(): boolean {
    if (this.#isClosed || this.#wait === "linger") return false;
    return this.#queue.length > 0 || this.#body?.isFull === true;
  }

  #take(bytes: Uint8Array): void {
    if (this.#isLast) {
      this.#linger(bytes.length);
      return;
    }
    const failure = this.#parser.execute(bytes);
    if (failure !== null) this.#onParseFailure(failure);
    else if (this.#body !== null && this.#wait === "body") this.#awaitBody();
    if (this.#current === null) this.#next();
  }

  /** The next piece of a body must come in time, and all of it too, unless it is the handler that is slow. */
  #awaitBody(): void {
    const { now, limits } = this.#host;
    this.#waitEnds = this.#mustWait() ? 0 : Math.min(now + limits.bodyTicks, this.#requestEnds);
  }

  #onParseFailure({ code }: ParseFailure): void {
    const isOverflow = code === "HPE_HEADER_OVERFLOW";
    const error = new Deno.errors.InvalidData(`The request is malformed: ${code}`);
    this.#fault(isOverflow ? "headerOverflows" : "parseErrors", error);
    this.#body?.fail(error);
    this.#body = null;
    this.#refuse(isOverflow ? 431 : 400);
  }

  /** The last thing that the client hears, in its turn. */
  #refuse(status: number): void {
    this.#isLast = true;
    this.#waitEnds = 0;
    this.#queue.push({ head: null, request: null, body: null, refused: status });
    if (this.#current === null) this.#next();
  }

  #onHeaders(head: RequestHead): void {
    if (this.#isLast) return;
    const facts = readRequestHead(head, this.#host.scheme);
    this.#waitEnds = 0;
    if (facts.refused !== 0) {
      if (facts.refused === 400) {
        this.#fault("parseErrors", new Deno.errors.InvalidData("Its Host or its target is none"));
      }
      return this.#refuse(facts.refused);
    }
    let body: RequestBody | null = null;
    if (facts.hasBody) {
      body = new RequestBody(this.#bodyHost);
      this.#body = body;
      this.#wait = "body";
      this.#requestEnds = this.#host.now + this.#host.limits.requestTicks;
    }
    this.#expects = facts.expectsContinue;
    const isReadable = head.method !== "GET" && head.method !== "HEAD";
    if (!isReadable) body?.drop();
    const request = new IncomingRequest(head, facts.url, isReadable ? body : null);
    this.#queue.push({ head, request, body, refused: 0 });
  }

  #onBody(bytes: Uint8Array): void {
    this.#body?.push(bytes);
  }

  #onComplete(): void {
    this.#body?.end();
    this.#body = null;
    this.#expects = false;
    this.#setWait("idle", this.#host.limits.idleTicks);
    if (this.#current !== null || this.#queue.length > 0) this.#waitEnds = 0;
  }

  #onWanted(): void {
    if (!this.#expects || this.#hasBegun) return;
    this.#expects = false;
    this.#send(CONTINUE).catch(() => {});
  }

  #onRoom(): void {
    if (this.#body !== null) this.#awaitBody();
    if (this.#queue.length === 0) this.#wakeReader();
  }

  /** Answers the oldest request, when there is one. */
  #next(): void {
    const exchange = this.#queue.shift();
    if (exchange === undefined) {
      this.#wakeReader();
      return;
    }
    this.#current = exchange;
    this.#hasBegun = false;
    if (!this.#mustWait()) {
      // The body of what is now answered may be still to come.
      if (this.#body !== null && this.#wait === "body") this.#awaitBody();
      this.#wakeReader();
    }
    if (exchange.refused !== 0) {
      this.#send(refusal(exchange.refused)).then(() => this.#end(true), () => this.close());
      return;
    }
    if (this.#wait !== "body") this.#waitEnds = 0;
    this.#host.stats.requests++;
    this.#answer(exchange as Exchange & { head: RequestHead; request: IncomingRequest });
  }

  async #answer(
    exchange: Exchange & { head: RequestHead; request: IncomingRequest },
  ): Promise<void> {
    const { request, head, body } = exchange;
    const info = new HandlerInfo(this.#conn);
    const { handler, onError } = this.#host;
    try {
      let response: Response;
      try {
        const result = handler(IncomingRequest.asRequest(request), info);
        response = result instanceof Response ? result : await result;
        mustBeUnused(response);
      } catch (error) {
        response = await answerError(error, onError);
      }
      if (this.#isClosed) {
        if (isStream(staticBody(response))) response.body?.cancel().catch(() => {});
        throw new Deno.errors.BrokenPipe("The client has gone");
      }
      const keepAlive = await this.#respond(response, head, body);
      HandlerInfo.settle(info, null);
      if (keepAlive) this.#goOn();
      else this.#end(body !== null && !body.isComplete);
    } catch (error) {
      HandlerInfo.settle(info, error);
      this.#current = null;
      this.abort();
    }
  }

  /** Sends a response; false when the connection cannot go on behind it. */
  async #respond(
    response: Response,
    head: RequestHead,
    body: RequestBody | null,
  ): Promise<boolean> {
    this.#hasBegun = true;
    const fixed = staticBody(response);
    // Whoever still reads the body does so while it answers: then there is nothing to say yet.
    const isUnread = body !== null && !body.isComplete && !isStream(fixed);
    const keepAlive = head.keepAlive && !this.#isLast && !this.#host.isClosing && !isUnread &&
      response.headers.get("connection")?.toLowerCase() !== "close";
    if (isStream(fixed) && response.body !== null) {
      return await this.#respondStream(response, head, keepAlive) &&
        (body === null || body.isComplete);
    }
    const { status } = response;
    const isBare = status === 204 || status === 304;
    const whole = fixed ?? "";
    const options = {
      framing: isBare ? Framing.none : Framing.length,
      length: isBare ? -1 : typeof whole === "string" ? Buffer.byteLength(whole) : whole.length,
      keepAlive,
      minorVersion: head.minorVersion,
    };
    const text = headText(response, options);
    if (isBare || head.method === "HEAD") {
      await this.#send(withBody(text, ""));
    } else if (options.length <= GATHER_MAX_BYTES) {
      await this.#send(withBody(text, whole));
    } else {
      await this.#send(withBody(text, ""));
      await this.#send(typeof whole === "string" ? Buffer.from(whole) : whole);
    }
    return keepAlive;
  }

  async #respondStream(
    response: Response,
    head: RequestHead,
    wanted: boolean,
  ): Promise<boolean> {
    const reader = response.body!.getReader();
    this.#source = reader;
    const length = lengthOf(response);
    const isBare = head.method === "HEAD" || response.status === 204 || response.status === 304;
    let framing: Framing = length >= 0 ? Framing.length : Framing.chunked;
    if (isBare) framing = Framing.none;
    else if (framing === Framing.chunked && head.minorVersion === 0) framing = Framing.close;
    const keepAlive = wanted && framing !== Framing.close;
    const { minorVersion } = head;
    try {
      await this.#send(
        withBody(headText(response, { framing, length, keepAlive, minorVersion }), ""),
      );
      if (isBare) {
        await reader.cancel();
        return keepAlive;
      }
      const sent = await this.#pump(reader, framing);
      if (framing === Framing.length && sent !== length) {
        throw new TypeError(`The body has ${sent} bytes, its content-length says ${length}`);
      }
    } catch (error) {
      await reader.cancel(error).catch(() => {});
      throw error;
    } finally {
      this.#source = null;
    }
    return keepAlive;
  }

  async #pump(reader: ReadableStreamDefaultReader<Uint8Array>, framing: Framing): Promise<number> {
    let sent = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!(value instanceof Uint8Array)) throw new TypeError("A body consists of Uint8Arrays");
      if (value.length === 0) continue;
      sent += value.length;
      await this.#send(framing === Framing.chunked ? chunk(value) : value);
    }
    if (framing === Framing.chunked) await this.#send(LAST_CHUNK);
    return sent;
  }

  async #send(bytes: Uint8Array): Promise<void> {
    const { limits } = this.#host;
    for (let done = 0; done < bytes.length;) {
      this.#writeEnds = this.#host.now + limits.writeTicks;
      done += await this.#conn.write(done === 0 ? bytes : bytes.subarray(done));
    }
    this.#writeEnds = 0;
  }

  /** The exchange is over, and the connection waits for the next. */
  #goOn(): void {
    this.#current = null;
    if (this.#host.isClosing && this.#queue.length === 0) return this.#end(false);
    if (this.#wait === "idle") this.#waitEnds = this.#host.now + this.#host.limits.idleTicks;
    this.#next();
  }

  /** Says no more. What the client still sends is read and dropped, or an RST would take its response away. */
  #end(mayBeSending: boolean): void {
    this.#current = null;
    this.#isLast = true;
    this.#queue.length = 0;
    if (this.#isClosed) return;
    if (!mayBeSending) return this.close();
    this.#body?.drop();
    this.#setWait("linger", this.#host.limits.lingerTicks);
    this.#conn.closeWrite().catch(() => this.close());
    this.#wakeReader();
  }

  #linger(count: number): void {
    this.#lingered += count;
    if (this.#lingered > LINGER_MAX_BYTES) this.close();
  }
}

const CONTINUE = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n");

/** What the handler is told beside the request. */
class HandlerInfo implements ServeHandlerInfo {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  #completed: PromiseWithResolvers<void> | null = null;
  #outcome: { readonly error: unknown } | null = null;

  constructor({ localAddr, remoteAddr }: ByteConn) {
    this.localAddr = localAddr;
    this.remoteAddr = remoteAddr;
  }

  /** Settles when the response has been taken to be sent, or could not. */
  get completed(): Promise<void> {
    if (this.#completed === null) {
      this.#completed = Promise.withResolvers();
      this.#completed.promise.catch(() => {});
      this.#tell();
    }
    return this.#completed.promise;
  }

  static settle(info: HandlerInfo, error: unknown): void {
    info.#outcome = { error };
    info.#tell();
  }

  #tell(): void {
    if (this.#outcome === null || this.#completed === null) return;
    if (this.#outcome.error === null) this.#completed.resolve();
    else this.#completed.reject(this.#outcome.error);
  }
}

function isStream(body: string | Uint8Array | null | undefined): body is undefined {
  return body === undefined;
}

function mustBeUnused(response: Response): void {
  // Not by its class: some frameworks put their own in the place of the platform's.
  if (Object.prototype.toString.call(response) !== "[object Response]") {
    throw new TypeError(
      "Return value from serve handler must be a response or a promise resolving to a response",
    );
  }
  if (response.type === "error") {
    throw new TypeError("Return value from serve handler must not be an error response");
  }
  if (response.bodyUsed) {
    throw new TypeError("The body of the response returned from the serve handler is used already");
  }
}

async function answerError(
  error: unknown,
  onError: (error: unknown) => Response | Promise<Response>,
): Promise<Response> {
  try {
    const response = await onError(error);
    mustBeUnused(response);
    return response;
  } catch (second) {
    console.error(second);
    return new Response("Internal Server Error", { status: 500 });
  }
}

/** The length that a handler gives for a body that is a stream; -1 for none. */
function lengthOf(response: Response): number {
  const text = response.headers.get("content-length");
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : -1;
}
