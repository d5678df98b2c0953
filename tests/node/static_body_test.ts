import { assertEquals } from "@std/assert";
import { staticBody } from "../../src/node/static_body.ts";

Deno.test("static body: texts and bytes are seen as such, on this version of the platform", () => {
  assertEquals(staticBody(new Response("text")), "text");
  assertEquals(staticBody(new Response("text", { status: 201, headers: { a: "b" } })), "text");
  assertEquals(staticBody(new Response("")), "");
  assertEquals(staticBody(Response.json([1])), "[1]");
  assertEquals(staticBody(new Response(Uint8Array.of(1))), Uint8Array.of(1));
  const changed = new Response("text");
  changed.headers.set("a", "b");
  assertEquals(staticBody(changed), "text");
});

Deno.test("static body: none, streams, and what was read", async () => {
  assertEquals(staticBody(new Response(null)), null);
  assertEquals(staticBody(new Response(new ReadableStream())), undefined);
  assertEquals(staticBody(new Response(new Blob(["x"]))), undefined);
  const used = new Response("text");
  await used.text();
  assertEquals(staticBody(used), undefined);
});
