import { assertEquals, assertInstanceOf } from "@std/assert";
import { codedError } from "../../src/base/errors.ts";

Deno.test("a coded error has the shape that Deno gives its own", async () => {
  // Goal: code that looks at an error's class, `name` or `code` cannot tell ours from Deno's.
  const ours = codedError(Deno.errors.NotFound, "ENOENT", "nothing there");
  const theirs = await Deno.stat("/no such file").catch((error) => error);
  assertInstanceOf(ours, Deno.errors.NotFound);
  assertEquals(Object.keys(ours), Object.keys(theirs));
  assertEquals([ours.name, ours.code], [theirs.name, theirs.code]);
  assertEquals(ours.message, "nothing there");
});

Deno.test("a coded error has a cause only when it was given one", () => {
  const cause = new Error("why");
  assertEquals(codedError(TypeError, "EINVAL", "bad", cause).cause, cause);
  assertEquals("cause" in codedError(TypeError, "EINVAL", "bad"), false);
});
