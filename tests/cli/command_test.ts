import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  Arguments,
  flagsOf,
  type FlagSpec,
  helpText,
  mustHaveOperands,
  portNumber,
  UsageError,
  wholeNumber,
} from "../../src/cli/command.ts";

const FLAGS: readonly FlagSpec[] = [
  { name: "count", letter: "c", value: "N", text: "how many" },
  { name: "address", value: "CIDR", text: "whose", repeats: true },
  { name: "quiet", letter: "q", text: "say less" },
  { name: "no-offload", text: "without" },
];
const COMMAND = {
  name: "try",
  summary: "see what comes of it",
  operands: "HOST PORT",
  flags: FLAGS,
  notes: "More.",
  run: () => Promise.resolve(0),
};

function parse(...args: string[]): Arguments {
  return new Arguments(COMMAND, args);
}

Deno.test("arguments: values, switches, repeats, letters and operands, in any order", () => {
  const args = parse("10.7.0.1", "-q", "--count", "3", "7", "--address", "a", "--address=b");
  assertEquals(args.operands, ["10.7.0.1", "7"]);
  assertEquals([args.has("quiet"), args.has("no-offload")], [true, false]);
  assertEquals([args.wholeNumber("count"), args.texts("address")], [3, ["a", "b"]]);
  assertEquals(parse("-c", "9").wholeNumber("count"), 9);
  assertEquals(parse("--no-offload").has("no-offload"), true);
  assertEquals([parse().text("count"), parse().texts("address")], [undefined, []]);
  // Behind "--" everything is an operand; "-" is one anywhere.
  assertEquals(parse("-", "--", "--count").operands, ["-", "--count"]);
});

Deno.test("arguments: what is wrong is named in one line", () => {
  const wrong: readonly (readonly [() => unknown, string])[] = [
    [() => parse("--nonsense"), 'unknown option "--nonsense"'],
    [() => parse("-x"), 'unknown option "-x"'],
    [() => parse("--count").wholeNumber("count"), "--count needs a value"],
    [() => parse("--count=").text("count"), "--count needs a value"],
    [() => parse("--address=").texts("address"), "--address needs a value"],
    [() => parse("--count", "x").wholeNumber("count"), "--count x: not a whole number from 0 on"],
    [
      () => parse("--count", "9").wholeNumber("count", 1, 8),
      "--count 9: not a whole number from 1",
    ],
    [() => parse("--count", "0").seconds("count"), "--count 0: not a number of seconds"],
    [() => parse("--count", "1e3").seconds("count"), "--count 1e3: not a number of seconds"],
    [() => parse("--count", "z").choice("count", ["a", "b"]), "--count z: there are a, b"],
    [() => portNumber("0"), "PORT 0"],
    [() => portNumber("65536"), "PORT 65536"],
    [() => wholeNumber("N", "-1", 0, 5), "N -1"],
    [() => mustHaveOperands(COMMAND, ["a"], 2), "usage: woshou try HOST PORT"],
    [() => mustHaveOperands(COMMAND, ["a", "b", "c"], 2), '"c" is too much'],
  ];
  for (const [run, part] of wrong) {
    const { message } = assertThrows(run, UsageError);
    assertStringIncludes(message, part);
    assertEquals(message.includes("\n"), false);
  }
  assertEquals(parse("--count", "2.5").seconds("count"), 2.5);
});

Deno.test("help: every option has its line, and --help is one of them", () => {
  const help = helpText(COMMAND);
  for (const { name, text } of flagsOf(COMMAND)) {
    assertStringIncludes(help, `--${name}`);
    assertStringIncludes(help, text);
  }
  assertStringIncludes(help, "usage: woshou try HOST PORT [options]");
  assertEquals(help.endsWith("More."), true);
});
