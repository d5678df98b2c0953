import { assertEquals, assertMatch } from "@std/assert";
import { explain } from "../../src/cli/terminal.ts";
import { TestTerminal } from "./woshou.ts";

Deno.test("terminal: an error is one line, its cause included", () => {
  assertEquals(explain(new Error("a\n  b")), "woshou: a b");
  assertEquals(explain(new Error("a", { cause: new Error("c\nd") })), "woshou: a (c d)");
  assertEquals(explain("text"), "woshou: text");
});

Deno.test("terminal: roles are colours only where they are shown", () => {
  assertEquals(new TestTerminal(false).paint("bad", "x"), "x");
  // deno-lint-ignore no-control-regex
  assertMatch(new TestTerminal(true).paint("bad", "x"), /^\u001b\[\d+mx\u001b\[\d+m$/);
});
