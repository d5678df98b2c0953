import common from "node:_http_common";

/** What Node's parser finds; one of these for each connection. */
export interface ParserEvents {
  /** The first byte of a request has come. */
  onBegin(): void;
  /** The headers are complete. `headers` holds names and values in turn. */
  onHeaders(head: RequestHead): void;
  /** A piece of the body, which lies in the buffer that is parsed. */
  onBody(bytes: Uint8Array): void;
  /** The request is complete. */
  onComplete(): void;
}

/** The line and the headers of a request. */
export interface RequestHead {
  /** Empty when the parser knows its number only. */
  readonly method: string;
  /** What the request line asks for. */
  readonly target: string;
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[];
  readonly minorVersion: number;
  /** Whether it asks for another protocol, or is a CONNECT. */
  readonly upgrade: boolean;
  /** Whether the connection can go on behind the response. */
  readonly keepAlive: boolean;
}

/** Why bytes were not a request. */
export interface ParseFailure {
  /** Such as `HPE_HEADER_OVERFLOW`. */
  readonly code: string;
  readonly message: string;
}

type Callback = (...args: never[]) => number | void;

/** Node's own parser, which has no types. */
interface NativeParser {
  [event: number]: Callback;
  initialize(type: number, resource: object, maxHeaderSize: number): void;
  execute(bytes: Uint8Array): number | (Error & { code?: string });
  free(): void;
}

const { HTTPParser, methods } = common as unknown as {
  readonly HTTPParser: {
    new (): NativeParser;
    readonly REQUEST: number;
    readonly kOnMessageBegin: number;
    readonly kOnHeaders: number;
    readonly kOnHeadersComplete: number;
    readonly kOnBody: number;
    readonly kOnMessageComplete: number;
  };
  readonly methods: readonly string[];
};

/** Parses the requests of one connection with the parser of `node:http` (llhttp). */
export class RequestParser {
  readonly #native: NativeParser = new HTTPParser();
  readonly #headerBytesMax: number;
  /** Headers that the parser has handed over in parts, which it does with many of them. */
  #headers: string[] = [];
  #target = "";
  /** Behind the headers, where only trailers can come, for which nobody asks. */
  #inBody = false;

  /** Gives what it finds to `events`. */
  constructor(events: ParserEvents, headerBytesMax: number) {
    this.#headerBytesMax = headerBytesMax;
    const native = this.#native;
    native[HTTPParser.kOnMessageBegin] = () => events.onBegin();
    native[HTTPParser.kOnHeaders] = (headers: string[], target: string) => {
      if (this.#inBody) return;
      this.#headers.push(...headers);
      this.#target += target;
    };
    native[HTTPParser.kOnHeadersComplete] = (
      _major: number,
      minorVersion: number,
      headers: string[] | undefined,
      method: number,
      target: string | undefined,
      _status: unknown,
      _statusText: unknown,
      upgrade: boolean,
      keepAlive: boolean,
    ) => {
      this.#inBody = true;
      events.onHeaders({
        method: methods[method] ?? "",
        target: target ?? this.#target,
        headers: headers ?? this.#headers,
        minorVersion,
        upgrade,
        keepAlive,
      });
      return 0;
    };
    native[HTTPParser.kOnBody] = (bytes: Uint8Array) => events.onBody(bytes);
    native[HTTPParser.kOnMessageComplete] = () => {
      this.#inBody = false;
      if (this.#headers.length > 0) this.#headers = [];
      this.#target = "";
      events.onComplete();
    };
    this.#restart();
  }

  #restart(): void {
    this.#native.initialize(HTTPParser.REQUEST, {}, this.#headerBytesMax);
  }

  /** Parses what has come; null when all is well. */
  execute(bytes: Uint8Array): ParseFailure | null {
    for (let rest = bytes; rest.length > 0;) {
      const count = this.#native.execute(rest);
      if (typeof count !== "number") return { code: count.code ?? "", message: count.message };
      if (count >= rest.length) return null;
      // It stops behind a request for another protocol. Such a request is answered as any other.
      if (count === 0) return { code: "HPE_INTERNAL", message: "The parser does not go on" };
      this.#restart();
      rest = rest.subarray(count);
    }
    return null;
  }

  /** Gives its memory back. It must not run then. */
  free(): void {
    this.#native.free();
  }
}
