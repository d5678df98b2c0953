import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { completionScript, SHELLS } from "../../src/cli/completion.ts";
import type { Command } from "../../src/cli/command.ts";
import { runWell } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";

const COMMANDS: readonly Command[] = [
  {
    name: "look",
    summary: "look at it: it's there [or not]",
    operands: "FILE",
    takesFile: true,
    flags: [
      { name: "style", value: "STYLE", text: "how", choices: ["plain", "fancy"] },
      { name: "svg", value: "FILE", text: "where to", isFile: true },
      { name: "count", letter: "c", value: "N", text: "how many" },
      { name: "quiet", letter: "q", text: "it's quiet" },
    ],
    run: () => Promise.resolve(0),
  },
  {
    name: "choose",
    summary: "choose",
    operands: "this|that",
    operandChoices: ["this", "that"],
    flags: [],
    run: () => Promise.resolve(0),
  },
];

Deno.test("completion: every command and option is in every shell's script", () => {
  for (const shell of SHELLS) {
    const script = completionScript(shell, COMMANDS);
    for (const word of ["look", "choose", "style", "svg", "quiet", "help", "plain fancy"]) {
      assertStringIncludes(script, word, shell);
    }
  }
});

testNeeding(
  { programs: ["bash"] },
  "completion: bash completes commands, options and values",
  async () => {
    const script = completionScript("bash", COMMANDS);
    const complete = async (...words: string[]) => {
      const list = words.map((word) => `'${word}'`).join(" ");
      const program = `${script}
COMP_WORDS=(woshou ${list}); COMP_CWORD=${words.length}; _woshou; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return (await runWell("bash", ["--norc", "-c", program])).split("\n").filter((w) => w !== "");
    };
    assertEquals(await complete("lo"), ["look"]);
    assertEquals(await complete(""), ["look", "choose", "--help", "--version"]);
    assertEquals(await complete("look", "--s"), ["--style", "--svg"]);
    assertEquals(await complete("look", "--style", ""), ["plain", "fancy"]);
    assertEquals(await complete("choose", "th"), ["this", "that"]);
    assert((await complete("look", "/et")).includes("/etc"));
  },
);
