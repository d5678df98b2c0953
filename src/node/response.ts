import { Buffer } from "node:buffer";
import { STATUS_CODES } from "node:http";

/** What a response is sent with. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
}

/** How the end of a body is told (RFC 9112 section 6). */
export const Framing = {
  /** There is none: HEAD, 204, 304. */
  none: 0,
  /** By its length, given before it. */
  length: 1,
  /** In chunks. */
  chunked: 2,
  /** By the end of the connection, for HTTP/1.0. */
  close: 3,
} as const;

/** One of {@link Framing}. */
export type Framing = typeof Framing[keyof typeof Framing];

/** What the server decides of a response. */
export interface HeadOptions {
  readonly framing: Framing;
  /** Bytes of the body; -1 when that is not known or not to be told. */
  readonly length: number;
  readonly keepAlive: boolean;
  readonly minorVersion: number;
}

let dateSecond = 0;
let dateText = "";

/** The date of a response, which changes once a second. */
function date(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}

/** Headers that are the server's to say. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
]);

/** The line and the headers of a response, with the empty line behind them. */
export function headText(head: ResponseHead, options: HeadOptions): string {
  const { status, statusText, headers } = head;
  const { framing, length, keepAlive, minorVersion } = options;
  let text = `HTTP/1.${minorVersion} ${status} ${statusText || (STATUS_CODES[status] ?? "")}\r\n`;
  let isDated = false;
  headers.forEach((value, name) => {
    if (OWN_HEADERS.has(name)) return;
    if (name === "date") isDated = true;
    text += `${name}: ${value}\r\n`;
  });
  if (framing === Framing.chunked) text += "transfer-encoding: chunked\r\n";
  else if (length >= 0) text += `content-length: ${length}\r\n`;
  if (!isDated) text += `date: ${date()}\r\n`;
  if (keepAlive !== (minorVersion === 1)) {
    text += keepAlive ? "connection: keep-alive\r\n" : "connection: close\r\n";
  }
  return `${text}\r\n`;
}

/** A response that the server makes by itself, with the connection's end behind it. */
export function refusal(status: number): Uint8Array {
  const text = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-length: 0\r\n` +
    `date: ${date()}\r\nconnection: close\r\n\r\n`;
  return Buffer.from(text, "latin1");
}

/** A head and a body that is known as one piece, so that they go in one segment. */
export function withBody(head: string, body: string | Uint8Array): Uint8Array {
  // A head is Latin-1 (RFC 9110 section 5.5), and nearly always ASCII, which is one string with a text behind it.
  const isAscii = Buffer.byteLength(head) === head.length;
  if (isAscii && typeof body === "string") return Buffer.from(head + body);
  const start = Buffer.from(head, isAscii ? "utf8" : "latin1");
  return Buffer.concat([start, typeof body === "string" ? Buffer.from(body) : body]);
}

/** A piece of a chunked body (RFC 9112 section 7.1). */
export function chunk(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]);
}

const CRLF = new Uint8Array([13, 10]);

/** The end of a chunked body. */
export const LAST_CHUNK: Uint8Array = Buffer.from("0\r\n\r\n");
