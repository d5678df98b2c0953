import type { RequestHead } from "./http_parser.ts";
import type { RequestBody } from "./request_body.ts";

const utf8 = new TextDecoder();

/**
 * A `Request` whose parts are made when they are asked for. Most handlers look at the address and a header or two,
 * and a whole `Request` costs as much as parsing and answering together.
 *
 * ```text
 *   IncomingRequest.prototype       method, url, headers, signal: made here, each for itself
 *           |                       the platform's own symbols: taken from a real Request
 *           v
 *   Request.prototype               everything else, which looks at those symbols
 * ```
 */
export class IncomingRequest {
  readonly #head: RequestHead;
  readonly #url: string;
  readonly #body: RequestBody | null;
  #headers: Headers | null = null;
  #abort: AbortController | null = null;
  #isAborted = false;
  #isUsed = false;
  #real: Request | null = null;

  constructor(head: RequestHead, url: string, body: RequestBody | null) {
    this.#head = head;
    this.#url = url;
    this.#body = body;
  }

  /** The method. */
  get method(): string {
    return this.#head.method;
  }

  /** The whole address. */
  get url(): string {
    return this.#url;
  }

  /** The headers. */
  get headers(): Headers {
    return this.#headers ??= headersOf(this.#head.headers);
  }

  /** Aborts when the client goes away before it has its response. */
  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#isAborted) this.#abort.abort(clientGone());
    }
    return this.#abort.signal;
  }

  /** Whether the body was read, or begun to be. */
  get bodyUsed(): boolean {
    return this.#isUsed || (this.#real?.bodyUsed ?? false);
  }

  /** The body as a text. */
  text(): Promise<string> {
    const whole = this.#takeWhole();
    if (whole === null) return IncomingRequest.real(this).text();
    return Promise.resolve(utf8.decode(whole));
  }

  /** The body as what its JSON says. */
  async json(): Promise<unknown> {
    const whole = this.#takeWhole();
    if (whole === null) return await IncomingRequest.real(this).json();
    return JSON.parse(utf8.decode(whole));
  }

  /** The body as bytes. */
  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const whole = this.#takeWhole();
    return whole === null ? IncomingRequest.real(this).bytes() : Promise.resolve(whole);
  }

  /** The body as an ArrayBuffer. */
  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }

  /** A body that is there as a whole goes to its reader with no stream in between. */
  #takeWhole(): Uint8Array<ArrayBuffer> | null {
    if (this.#real !== null || this.#isUsed) return null;
    const whole = this.#body?.takeWhole() ?? null;
    if (whole !== null) this.#isUsed = true;
    return whole;
  }

  /** The client has gone. */
  static abort(request: IncomingRequest): void {
    request.#isAborted = true;
    request.#abort?.abort(clientGone());
  }

  /** It, for who asks for a `Request`. */
  static asRequest(request: IncomingRequest): Request {
    return request as unknown as Request;
  }

  /** The real thing: what the platform's own code gets to see. */
  static real(request: IncomingRequest): Request {
    return request.#real ??= request.#make();
  }

  #make(): Request {
    const body = this.#body;
    const real = new Request(this.#url, {
      method: this.#head.method,
      headers: this.headers,
      signal: this.signal,
      body: body === null ? null : body.takeWhole() ?? body.stream(),
    });
    // A second reading fails as it does everywhere.
    if (this.#isUsed) real.bytes().catch(() => {});
    return real;
  }
}

function clientGone(): DOMException {
  return new DOMException("The client has gone", "AbortError");
}

function headersOf(list: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i < list.length; i += 2) headers.append(list[i], list[i + 1]);
  return headers;
}

Object.setPrototypeOf(IncomingRequest.prototype, Request.prototype);

// The platform keeps what a Request is made of behind symbols, which are the same for all of them.
for (const symbol of Object.getOwnPropertySymbols(new Request("http://localhost/"))) {
  Object.defineProperty(IncomingRequest.prototype, symbol, {
    get(this: IncomingRequest) {
      return Reflect.get(IncomingRequest.real(this), symbol);
    },
    set(this: IncomingRequest, value: unknown) {
      Reflect.set(IncomingRequest.real(this), symbol, value);
    },
  });
}
