/** The parser's wrapper: whole requests out of any pieces, and a name for what is none. */

import { assertEquals } from "@std/assert";
import { type ParserEvents, RequestParser } from "../../src/node/http_parser.ts";

class Log implements ParserEvents {
  readonly events: unknown[] = [];
  onBegin = () => void this.events.push("begin");
  onHeaders: ParserEvents["onHeaders"] = ({ method, target, headers, keepAlive }) =>
    void this.events.push([method, target, headers.length / 2, keepAlive]);
  onBody: ParserEvents["onBody"] = (bytes) =>
    void this.events.push(new TextDecoder().decode(bytes));
  onComplete = () => void this.events.push("complete");
}

const bytes = (text: string) => new TextEncoder().encode(text);
const MAX = 16_384;

Deno.test("http parser: two requests, in one piece and byte by byte", () => {
  const text = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n" +
    "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
  const expected = [
    "begin",
    ["GET", "/a", 1, true],
    "complete",
    "begin",
    ["POST", "/b", 3, false],
    "hi",
    "complete",
  ];
  const whole = new Log();
  assertEquals(new RequestParser(whole, MAX).execute(bytes(text)), null);
  assertEquals(whole.events, expected);
  const pieces = new Log();
  const parser = new RequestParser(pieces, MAX);
  for (const byte of bytes(text)) assertEquals(parser.execute(Uint8Array.of(byte)), null);
  assertEquals(pieces.events, [...expected.slice(0, 5), "h", "i", "complete"]);
});

Deno.test("http parser: headers that come in parts, and trailers that are nobody's", () => {
  const log = new Log();
  const lines = Array.from({ length: 100 }, (_, i) => `H${i}: ${i}\r\n`).join("");
  const head = `POST /long HTTP/1.1\r\n${lines}Transfer-Encoding: chunked\r\n\r\n`;
  const parser = new RequestParser(log, MAX);
  for (let i = 0; i < 2; i++) {
    assertEquals(parser.execute(bytes(`${head}2\r\nhi\r\n0\r\nTrailer: x\r\n\r\n`)), null);
  }
  const one = ["begin", ["POST", "/long", 101, true], "hi", "complete"];
  assertEquals(log.events, [...one, ...one]);
});

Deno.test("http parser: goes on behind a request for another protocol", () => {
  const log = new Log();
  const upgrade = "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
  const parser = new RequestParser(log, MAX);
  assertEquals(parser.execute(bytes(`${upgrade}GET /next HTTP/1.1\r\n\r\n`)), null);
  assertEquals(log.events.at(-2), ["GET", "/next", 0, true]);
});

Deno.test("http parser: failures have codes", () => {
  const fail = (text: string) => new RequestParser(new Log(), 1000).execute(bytes(text))?.code;
  assertEquals(fail(`GET / HTTP/1.1\r\nA: ${"x".repeat(2000)}\r\n\r\n`), "HPE_HEADER_OVERFLOW");
  assertEquals(fail("\x01\x02\r\n"), "HPE_INVALID_METHOD");
});
