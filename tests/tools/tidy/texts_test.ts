import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  brokenLinks,
  findingText,
  leftovers,
  machinePaths,
  mirroredTests,
  registryHosts,
  type Source,
  testCommand,
} from "../../../tools/tidy.ts";

// The bad words are put together here, so that this file does not break the rules that it tests.
const root = "/" + "root";
const work = "/" + "work";

function file(path: string, text: string): Source[] {
  return [{ path, text }];
}

Deno.test("marks of work left over are found in any text, and words around them are not", () => {
  for (const mark of ["TO" + "DO", "FIX" + "ME", "X" + "XX"]) {
    assertEquals(leftovers(file("README.md", `a\n${mark}: later`)).map(({ line }) => line), [2]);
    assertEquals(leftovers(file("src/a/a.ts", `// ${mark}(me) later`)).length, 1);
    assertEquals(leftovers(file("src/a/a.ts", `const ${mark}S = 1;`)), []);
  }
});

Deno.test("paths of one machine are found, and relative ones and addresses are not", () => {
  for (const path of [`"${work}/x"`, `${root}/.cache`, `file://${root}`, "/ho" + "me/me"]) {
    assertEquals(machinePaths(file("docs/a.md", `a ${path}`)).length, 1, path);
    assertEquals(machinePaths(file("src/a/a.ts", `// ${path}`)).length, 1, path);
  }
  assertEquals(machinePaths(file("src/a/a.ts", `"/` + `tmp/x"`)).length, 1);
  assertEquals(machinePaths(file("tests/a_test.ts", `"/` + `tmp/x"`)), []);
  for (const path of [`..${work}/a.ts`, "src/root.ts", "/workers/main.ts", "x/home/", "/rooted"]) {
    assertEquals(machinePaths(file("src/a/a.ts", `"${path}"`)), [], path);
  }
});

Deno.test("hosts of registries are found, and names of packages are not", () => {
  for (const host of ["registry.npmjs" + ".org", "jsr" + ".io", "deno" + ".land"]) {
    assertEquals(registryHosts(file(".ci/run", `curl https://${host}/x`)).length, 1, host);
  }
  assertEquals(registryHosts(file("deno.json", `"npm:deno-std@1.4.0", "jsr:@std/assert"`)), []);
});

Deno.test("a file of src/ without its test is found, unless an exception says why", () => {
  const sources = [...file("src/tcp/congestion/cubic.ts", ""), ...file("src/base/seq.ts", "")];
  const test = file("tests/base/seq_test.ts", "");
  const missing = mirroredTests([...sources, ...test], {});
  assertEquals(missing.map(({ path }) => path), ["src/tcp/congestion/cubic.ts"]);
  assertStringIncludes(missing[0].message, "tests/tcp/congestion/cubic_test.ts");
  const exceptions = { "src/tcp/congestion/cubic.ts": "a reason" };
  assertEquals(mirroredTests([...sources, ...test], exceptions), []);
});

Deno.test("an exception that names a test which is not there is found", () => {
  const sources = [...file("src/base/seq.ts", ""), ...file("tests/base/other_test.ts", "")];
  const by = (test: string) => mirroredTests(sources, { "src/base/seq.ts": `tested by ${test}` });
  assertEquals(by("tests/base/other_test.ts"), []);
  assertEquals(by("tests/base/gone_test.ts").length, 1);
});

Deno.test("an exception that is no longer needed is found", () => {
  const sources = [...file("src/base/seq.ts", ""), ...file("tests/base/seq_test.ts", "")];
  assertEquals(mirroredTests(sources, { "src/base/seq.ts": "has one now" }).length, 1);
  assertEquals(mirroredTests(sources, { "src/base/gone.ts": "is gone" }).length, 1);
});

Deno.test("links that lead nowhere are found, in each form that a link has", () => {
  const exists = (path: string) => ["docs/a.md", "docs/b.md", "LICENSE"].includes(path);
  const faults = (text: string) => brokenLinks(file("docs/a.md", text), exists).length;
  const broken = [
    "[x](missing.md)",
    '[x](<missing.md> "title")',
    "[x](../missing.md#part)",
    "[x](../../LICENSE)",
    "![x](picture.svg)",
    "[x]: missing.md",
    `<img src="picture.svg">`,
    "[x](#no-such-heading)",
  ];
  for (const text of broken) assertEquals(faults(`# Heading\n\n${text}\n`) > 0, true, text);
  const good = [
    "[x](b.md)",
    "[x](../LICENSE)",
    "[x](b.md#anything-of-an-unread-file)",
    "[x](#a-heading-with-code)",
    "[x](https://example.org/missing.md)",
    "`[x](missing.md)`",
    "```md\n[x](missing.md)\n```",
  ];
  for (const text of good) assertEquals(faults(`# A heading, with \`code\`\n\n${text}\n`), 0, text);
});

Deno.test("the test command is taken from between its marks, without the fence", () => {
  const marked = (text: string) => `# A\n<!-- test-command -->\n${text}\n<!-- /test-command -->\nb`;
  const command = "npx -y deno@2.9.6 task test";
  assertEquals(testCommand(marked("```sh\n" + command + "\n```")), command);
  assertEquals(testCommand(marked("`" + command + "`")), command);
  assertEquals(testCommand(marked("```sh\n$ " + command + "\n```")), command);
  assertEquals(testCommand(marked("")), null);
  assertEquals(testCommand("no marks"), null);
});

Deno.test("a finding is written as file, line and message", () => {
  assertEquals(findingText({ path: "src/a/a.ts", line: 3, message: "no" }), "src/a/a.ts:3: no");
});
