import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { importCycles, importOrder, type Source } from "../../../tools/tidy.ts";

function file(path: string, text: string): Source {
  return { path, text };
}

function orderFaults(path: string, text: string): string[] {
  return importOrder([file(path, text)]).map(({ message }) => message);
}

Deno.test("an import down the table of folders is found, with its line", () => {
  const text = `// first line\nimport { onSegment } from "../tcp/input.ts";\n`;
  const [finding, ...rest] = importOrder([file("src/wire/ipv4.ts", text)]);
  assertEquals([finding.path, finding.line, rest], ["src/wire/ipv4.ts", 2, []]);
  assertStringIncludes(finding.message, "src/tcp");
});

Deno.test("imports up the table, within a folder and within a subfolder are right", () => {
  assertEquals(orderFaults("src/tcp/state.ts", `import { seqAdd } from "../base/seq.ts";`), []);
  assertEquals(orderFaults("src/tcp/state.ts", `import { a } from "./congestion/cubic.ts";`), []);
  assertEquals(orderFaults("src/tcp/congestion/cubic.ts", `import { a } from "../rtt.ts";`), []);
  assertEquals(orderFaults("workers/main.ts", `import { a } from "../src/net/a.ts";`), []);
  assertEquals(orderFaults("mod.ts", `export { a } from "./src/net/a.ts";`), []);
  assertEquals(orderFaults("server.ts", `import { a } from "./src/cli/serve.ts";`), []);
});

Deno.test("every form of import counts", () => {
  const forms = [
    `import "../net/a.ts";`,
    `import type { A } from "../net/a.ts";`,
    `export * from "../net/a.ts";`,
    `const a = await import("../net/a.ts");`,
    `type A = import("../net/a.ts").A;`,
  ];
  for (const form of forms) assertEquals(orderFaults("src/wire/a.ts", form).length, 1, form);
});

Deno.test("what is loaded lazily may be further down, where the table of exceptions says so", () => {
  const lazy = `const { a } = await import("../node/serve.ts");`;
  assertEquals(orderFaults("src/net/serve.ts", lazy), []);
  assertEquals(orderFaults("src/net/stack.ts", lazy).length, 1);
  assertEquals(orderFaults("src/net/serve.ts", `import { a } from "../node/serve.ts";`).length, 1);
});

Deno.test("a folder that the table does not know is found", () => {
  assertStringIncludes(orderFaults("src/util/bag.ts", "")[0], "src/util is not in the table");
  assertEquals(orderFaults("src/bag.ts", "").length, 1);
});

Deno.test("the product imports no tests, tools, entry points or packages", () => {
  const wrong: [string, string][] = [
    ["src/net/a.ts", `import "../../tests/support/skip.ts";`],
    ["src/net/a.ts", `import "../../mod.ts";`],
    ["src/net/a.ts", `import "../../../outside.ts";`],
    ["src/net/a.ts", `import "@std/assert";`],
    ["src/wire/a.ts", `import "node:buffer";`],
    ["mod.ts", `import "./tools/tidy.ts";`],
    ["mod.ts", `import "./server.ts";`],
    ["workers/main.ts", `import "../mod.ts";`],
  ];
  for (const [path, text] of wrong) assertEquals(orderFaults(path, text).length, 1, path + text);
  assertEquals(orderFaults("src/net/a.ts", `import "node:worker_threads";`), []);
  assertEquals(orderFaults("src/cli/a.ts", `import "@std/cli/parse-args";`), []);
});

Deno.test("the worker bundle is imported as text, by those who start workers", () => {
  const asText = `import b from "../../workers/bundle.js" with { type: "text" };`;
  assertEquals(orderFaults("src/net/a.ts", asText), []);
  assertEquals(orderFaults("src/pipeline/a.ts", asText), []);
  assertEquals(orderFaults("src/tcp/a.ts", asText).length, 1);
  assertEquals(orderFaults("src/net/a.ts", `import "../../workers/bundle.js";`).length, 1);
});

Deno.test("tests, tools, benchmarks and examples may import anything", () => {
  for (const place of ["tests", "tools", "bench", "examples"]) {
    assertEquals(orderFaults(`${place}/a.ts`, `import "../src/net/a.ts"; import "../mod.ts";`), []);
  }
});

Deno.test("a cycle of imports is found and written out", () => {
  const findings = importCycles([
    file("src/tcp/a.ts", `import "./b.ts";`),
    file("src/tcp/b.ts", `import "./c.ts";`),
    file("src/tcp/c.ts", `\nimport type { A } from "./a.ts";`),
  ]);
  assertEquals(findings.length, 1);
  assertEquals([findings[0].path, findings[0].line], ["src/tcp/c.ts", 2]);
  const written = "src/tcp/a.ts -> src/tcp/b.ts -> src/tcp/c.ts -> src/tcp/a.ts";
  assertStringIncludes(findings[0].message, written);
});

Deno.test("a file that imports itself is a cycle, and two ways to one file are none", () => {
  assert(importCycles([file("src/tcp/a.ts", `import "./a.ts";`)]).length === 1);
  const diamond = [
    file("src/tcp/a.ts", `import "./b.ts"; import "./c.ts";`),
    file("src/tcp/b.ts", `import "./d.ts";`),
    file("src/tcp/c.ts", `import "./d.ts";`),
    file("src/tcp/d.ts", ""),
  ];
  assertEquals(importCycles(diamond), []);
});
