import { assertEquals } from "@std/assert";
import {
  FILE_LINES_MAX,
  fileSizes,
  FUNCTION_LINES_MAX,
  functionSizes,
  type Source,
} from "../../../tools/tidy.ts";

const measuredPlaces = ["src/a/a.ts", "workers/a.ts", "tests/a.ts", "tools/a.ts", "bench/a.ts"];

function file(path: string, text: string): Source[] {
  return [{ path, text }];
}

Deno.test("a file of one line too many is found in every measured place", () => {
  for (const path of measuredPlaces) {
    assertEquals(fileSizes(file(path, "\n".repeat(FILE_LINES_MAX))), []);
    assertEquals(fileSizes(file(path, "\n".repeat(FILE_LINES_MAX + 1))).length, 1, path);
  }
});

Deno.test("texts that nobody writes by hand are not measured", () => {
  assertEquals(fileSizes(file("workers/bundle.js", "\n".repeat(FILE_LINES_MAX + 1))), []);
});

Deno.test("a function of one line too many is found in every form, at its line", () => {
  const body = (lines: number) => "\n".repeat(lines - 1);
  const forms: ((lines: number) => string)[] = [
    (lines) => `function f() {${body(lines)}}`,
    (lines) => `const f = () => {${body(lines)}};`,
    (lines) => `const f = function () {${body(lines)}};`,
    (lines) => `class A { m() {${body(lines)}} }`,
    (lines) => `class A { constructor() {${body(lines)}} }`,
    (lines) => `const a = { get g() {${body(lines)}return 1; } };`,
  ];
  for (const form of forms) {
    const fits = `/**\n * A comment\n * is not counted.\n */\n${form(FUNCTION_LINES_MAX)}`;
    assertEquals(functionSizes(file("src/a/a.ts", fits)), [], form(1));
    const long = functionSizes(file("src/a/a.ts", `\n\n${form(FUNCTION_LINES_MAX + 1)}`));
    assertEquals(long.map(({ line }) => line), [3], form(1));
  }
});

Deno.test("a class may be longer than a function", () => {
  const text = `class A {${"\n  a() {}".repeat(FUNCTION_LINES_MAX + 1)}\n}`;
  assertEquals(functionSizes(file("src/a/a.ts", text)), []);
});
