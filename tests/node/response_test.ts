import { assertEquals, assertMatch } from "@std/assert";
import { chunk, Framing, headText, refusal, withBody } from "../../src/node/response.ts";
import { undated } from "./http_client.ts";

const text = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);

Deno.test("response: the head, and which headers are the server's", () => {
  const headers = new Headers({ a: "b", connection: "upgrade", "content-length": "99" });
  headers.append("set-cookie", "x=1");
  headers.append("set-cookie", "y=2");
  const response = { status: 404, statusText: "", headers };
  const options = { framing: Framing.length, length: 5, keepAlive: true, minorVersion: 1 };
  assertEquals(
    undated(headText(response, options)),
    "HTTP/1.1 404 Not Found\r\na: b\r\nset-cookie: x=1\r\nset-cookie: y=2\r\ncontent-length: 5\r\n\r\n",
  );
  const chunked = headText(response, { ...options, framing: Framing.chunked, keepAlive: false });
  assertMatch(chunked, /transfer-encoding: chunked\r\n.*connection: close\r\n\r\n$/s);
});

Deno.test("response: a date of its own is the only one", () => {
  const response = { status: 200, statusText: "Fine", headers: new Headers({ date: "today" }) };
  const options = { framing: Framing.none, length: -1, keepAlive: true, minorVersion: 1 };
  assertEquals(headText(response, options), "HTTP/1.1 200 Fine\r\ndate: today\r\n\r\n");
});

Deno.test("response: head and body in one piece", () => {
  assertEquals(text(withBody("head ", "é")), "head \xc3\xa9");
  assertEquals(text(withBody("\xe9 ", Uint8Array.of(65, 66))), "\xe9 AB");
});

Deno.test("response: chunks and refusals", () => {
  assertEquals(text(chunk(new Uint8Array(18).fill(65))), `12\r\n${"A".repeat(18)}\r\n`);
  assertEquals(
    undated(text(refusal(431))),
    "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
  );
});
