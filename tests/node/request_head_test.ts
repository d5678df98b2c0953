import { assertEquals } from "@std/assert";
import type { RequestHead } from "../../src/node/http_parser.ts";
import { readRequestHead } from "../../src/node/request_head.ts";

function factsOf(changes: Partial<RequestHead>) {
  return readRequestHead({
    method: "GET",
    target: "/",
    headers: ["Host", "h"],
    minorVersion: 1,
    upgrade: false,
    keepAlive: true,
    ...changes,
  }, "http");
}

Deno.test("request head: the address, in every form of RFC 9112 section 3.2", () => {
  assertEquals(factsOf({ target: "/a?b#c" }).url, "http://h/a?b#c");
  assertEquals(factsOf({ target: "http://other/a" }).url, "http://other/a");
  assertEquals(factsOf({ target: "*" }).url, "http://h/*");
  assertEquals(factsOf({ headers: [], minorVersion: 0 }).url, "http://localhost/");
  assertEquals(factsOf({ headers: ["hOST", "[fd07::2]:80"] }).url, "http://[fd07::2]:80/");
});

Deno.test("request head: what is refused", () => {
  const statusOf = (changes: Partial<RequestHead>) => factsOf(changes).refused;
  assertEquals(statusOf({}), 0);
  assertEquals(statusOf({ headers: [] }), 400);
  assertEquals(statusOf({ headers: ["Host", "a", "host", "a"] }), 400);
  assertEquals(statusOf({ headers: ["Host", "a b"] }), 400);
  assertEquals(statusOf({ headers: ["Host", "a@b"] }), 400);
  assertEquals(statusOf({ target: "nowhere" }), 400);
  assertEquals(statusOf({ target: "http://[" }), 400);
  assertEquals(statusOf({ method: "CONNECT", target: "a:1" }), 501);
  assertEquals(statusOf({ method: "TRACE" }), 501);
});

Deno.test("request head: the body, and whether the client waits", () => {
  const of = (...headers: string[]) => {
    const { hasBody, expectsContinue } = factsOf({ headers: ["Host", "h", ...headers] });
    return [hasBody, expectsContinue];
  };
  assertEquals(of(), [false, false]);
  assertEquals(of("Content-Length", "0"), [false, false]);
  assertEquals(of("content-length", "5"), [true, false]);
  assertEquals(of("Transfer-Encoding", "chunked"), [true, false]);
  assertEquals(of("Content-Length", "5", "EXPECT", "100-Continue"), [true, true]);
  assertEquals(of("Expect", "100-continue"), [false, false]);
});
