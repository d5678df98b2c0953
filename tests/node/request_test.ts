/** A request that is made of its parts as they are asked for is a `Request` to everybody who looks at it. */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { IncomingRequest } from "../../src/node/request.ts";
import { RequestBody } from "../../src/node/request_body.ts";

const IDLE = { onWanted: () => {}, onRoom: () => {} };

function make(method: string, body: string | null): { lazy: IncomingRequest; request: Request } {
  const head = {
    method,
    target: "/a",
    headers: ["Host", "h", "A", "1", "A", "2"],
    minorVersion: 1,
    upgrade: false,
    keepAlive: true,
  };
  let stream: RequestBody | null = null;
  if (body !== null) {
    stream = new RequestBody(IDLE);
    stream.push(new TextEncoder().encode(body));
    stream.end();
  }
  const lazy = new IncomingRequest(head, "http://h/a", stream);
  return { lazy, request: IncomingRequest.asRequest(lazy) };
}

Deno.test("request: every public property is that of a real one", () => {
  const { request } = make("PUT", "x");
  const real = new Request("http://h/a", {
    method: "PUT",
    headers: [["host", "h"], ["a", "1"], ["a", "2"]],
    body: new Uint8Array(1),
  });
  assert(request instanceof Request);
  const names = Object.getOwnPropertyNames(Request.prototype) as (keyof Request)[];
  for (const name of names) {
    const value = real[name];
    if (typeof value === "function") assertEquals(typeof request[name], "function", name);
    else if (typeof value !== "object") assertEquals(request[name], value, name);
  }
  assertEquals([...request.headers], [...real.headers]);
  assertEquals(request.signal.aborted, false);
  assert(request.body instanceof ReadableStream);
  assertEquals(Object.prototype.toString.call(request), "[object Request]");
});

Deno.test("request: headers that were changed are those of its copies", () => {
  const { request } = make("GET", null);
  request.headers.set("b", "new");
  assertEquals(new Request(request).headers.get("b"), "new");
  assertStrictEquals(request.headers, request.headers);
  assertStrictEquals(request.signal, request.signal);
});

Deno.test("request: a body is read once, by whichever way", async () => {
  for (const read of ["text", "bytes", "arrayBuffer", "blob", "json"] as const) {
    const { request } = make("POST", "[1]");
    assertEquals(request.bodyUsed, false);
    await request[read]();
    assertEquals(request.bodyUsed, true, read);
    await assertRejects(() => request.text(), TypeError);
    await assertRejects(() => request.formData(), TypeError);
  }
});

Deno.test("request: a mark at the beginning of a text is not part of it", async () => {
  assertEquals(await make("POST", "\ufeffx").request.text(), "x");
});

Deno.test("request: the signal aborts also for who asks later, and for copies", () => {
  const { lazy, request } = make("GET", null);
  const copy = new Request(request);
  IncomingRequest.abort(lazy);
  assertEquals([request.signal.aborted, copy.signal.aborted], [true, true]);
  const late = make("GET", null);
  IncomingRequest.abort(late.lazy);
  assertEquals((late.request.signal.reason as Error).name, "AbortError");
});
