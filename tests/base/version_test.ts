import { assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { VERSION } from "../../src/base/version.ts";

Deno.test("Goal: the program tells the version under which the package is published", () => {
  assertEquals(VERSION, config.version);
});
