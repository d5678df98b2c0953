import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  bigIntegers,
  type Finding,
  impureNames,
  looseTypes,
  type Source,
  systemAccess,
} from "../../../tools/tidy.ts";

type Rule = (sources: readonly Source[]) => Finding[];

function count(rule: Rule, path: string, text: string): number {
  return rule([{ path, text }]).length;
}

Deno.test("each name of the world outside is found in a pure folder, with its line", () => {
  const uses = [
    "Deno.exit(0)",
    "new Date()",
    "Date.now()",
    "let when: Date;",
    "performance.now()",
    "Math.random()",
    "Atomics.load(a, 0)",
    "setTimeout(f, 1)",
    "setInterval(f, 1)",
    "crypto.getRandomValues(a)",
    "console.log(1)",
    "const { now } = performance;",
    "const x = { crypto };",
  ];
  for (const use of uses) {
    for (const folder of ["wire", "ip", "tcp", "udp"]) {
      const findings = impureNames([{ path: `src/${folder}/a.ts`, text: `\n${use}` }]);
      assertEquals(findings.map(({ line }) => line), [2], use);
    }
    assertEquals(count(impureNames, "src/pipeline/a.ts", use), 0, use);
  }
});

Deno.test("comments, strings and members of the same name are no uses of the world outside", () => {
  const harmless = [
    "// Date.now() is not allowed",
    `const text = "Deno";`,
    "frame.Date",
    "const x = { crypto: 1, Date() {} };",
    "class A { performance = 1; get Deno() { return 1; } }",
    "Math.max(1, 2)",
  ];
  for (const text of harmless) assertEquals(count(impureNames, "src/tcp/a.ts", text), 0, text);
});

Deno.test("BigInt is found in every form where code runs for each frame", () => {
  const uses = ["1n", "BigInt(1)", "let a: bigint;", "new BigUint64Array(1)", "v.getBigInt64(0)"];
  for (const use of uses) {
    for (const path of ["src/wire/a.ts", "src/ring/a.ts", "src/pipeline/a.ts", "workers/a.ts"]) {
      assertEquals(count(bigIntegers, path, use), 1, `${path} ${use}`);
    }
    assertEquals(count(bigIntegers, "src/device/a.ts", use), 0, use);
  }
  assertEquals(count(bigIntegers, "src/wire/a.ts", `// 1n\nconst n = "1n"; v.getInt32(0);`), 0);
});

Deno.test("a dlopen outside of src/device/libc.ts and a process are found", () => {
  const open = `Deno.dlopen("libc.so.6", {})`;
  assertEquals(count(systemAccess, "src/device/tun.ts", open), 1);
  assertEquals(count(systemAccess, "server.ts", open), 1);
  assertEquals(count(systemAccess, "src/device/libc.ts", open), 0);
  assertEquals(count(systemAccess, "src/device/link.ts", `new Deno.Command("ip")`), 1);
  assertEquals(count(systemAccess, "tools/test.ts", `new Deno.Command("ip")`), 0);
});

Deno.test("any and silenced checks are found in what users run, and nowhere else", () => {
  const ignored = "@ts-" + "ignore";
  for (const text of ["let a: any;", "f(x as any)", `// ${ignored}`, "let a: Array<any>;"]) {
    for (const path of ["src/tcp/a.ts", "workers/main.ts", "mod.ts", "server.ts"]) {
      assertEquals(count(looseTypes, path, text), 1, `${path} ${text}`);
    }
    assertEquals(count(looseTypes, "tests/a_test.ts", text), 0, text);
  }
  assertEquals(count(looseTypes, "mod.ts", "// any peer\nconst any = 1;"), 0);
});

Deno.test("a finding says what would be right", () => {
  const [finding] = impureNames([{ path: "src/tcp/a.ts", text: "Date.now()" }]);
  assertStringIncludes(finding.message, "parameter");
});
