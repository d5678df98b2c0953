// The command line as a whole: what it says, and with which status it ends.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { VERSION } from "../../src/base/version.ts";
import { runWoshou } from "./woshou.ts";

const COMMANDS = [
  ...["serve", "connect", "ping", "trace", "capture", "replay", "connections", "bench"],
  "completion",
];

/** Command lines that are wrong, their status, and a part of the line that says why. */
const WRONG: readonly (readonly [string[], number, string])[] = [
  [["frobnicate"], 2, 'there is no command "frobnicate"'],
  [["help", "frobnicate"], 2, 'there is no command "frobnicate"'],
  [["connect", "10.7.0.1"], 2, "usage: woshou connect HOST PORT"],
  [["connect", "10.7.0.1", "http"], 2, "PORT http"],
  [["connect", "-l"], 2, "usage: woshou connect -l PORT"],
  [["trace", "x", "y"], 2, '"y" is too much'],
  [["trace", "x", "--svg", "y"], 2, "lines alone"],
  [["trace", "--style", "loud"], 2, "modern, classic, states"],
  [["ping"], 2, "usage: woshou ping HOST"],
  [["ping", "-c", "0", "10.7.0.1"], 2, "--count 0"],
  [["capture"], 2, "usage: woshou capture FILE"],
  [["capture", "/nonexistent/file"], 1, "/nonexistent/file"],
  [["replay", "/nonexistent/file"], 1, "/nonexistent/file"],
  [["connections", "a", "b"], 2, '"b" is too much'],
  [["completion", "csh"], 2, "bash, zsh, fish"],
  [["bench", "--rounds", "no"], 2, "--rounds no"],
  [["serve", "--nonsense"], 2, "--nonsense"],
  [["serve", "--mtu", "575"], 1, "mtu: 575"],
];

Deno.test("woshou: a wrong command line ends with one line and a status that tells whose fault", async () => {
  const rest = [...WRONG];
  const worker = async () => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const [args, status, part] = next;
      const ended = await runWoshou(args);
      assertEquals([ended.code, ended.stdout], [status, ""], args.join(" "));
      assertMatch(ended.stderr, /^woshou: [^\n]+\n$/);
      assertStringIncludes(ended.stderr, part);
    }
  };
  await Promise.all([worker(), worker()]);
});

Deno.test("woshou: help and version, of all and of each command", async () => {
  const all = await runWoshou(["--help"]);
  assertEquals([all.code, all.stderr], [0, ""]);
  for (const name of COMMANDS) assertStringIncludes(all.stdout, `\n  ${name} `);
  assertEquals((await runWoshou(["--version"])).stdout, `woshou ${VERSION}\n`);
  const none = await runWoshou([]);
  assertEquals([none.code, none.stdout], [2, ""]);
  assertStringIncludes(none.stderr, "usage: woshou COMMAND");
  const rest = [...COMMANDS];
  const worker = async () => {
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      const { code, stdout } = await runWoshou([name, "--help"]);
      assertEquals(code, 0);
      assert(stdout.includes("--help") && stdout.includes("usage: "), stdout);
      assert(stdout.split("\n").every((line) => line.length <= 110), stdout);
    }
  };
  await Promise.all([worker(), worker()]);
});

Deno.test("woshou: deno install makes a command of it", async () => {
  // Goal: outside of the checkout it starts, with its imports.
  const folder = await Deno.makeTempDir();
  try {
    const root = new URL("../..", import.meta.url).pathname;
    const install = new Deno.Command(Deno.execPath(), {
      args: [
        ...["install", "--global", "--allow-all", "--root", folder, "--name", "woshou"],
        ...["--config", `${root}deno.json`, `${root}woshou.ts`],
      ],
      stdout: "null",
      stderr: "piped",
    });
    const { success, stderr } = await install.output();
    assert(success, new TextDecoder().decode(stderr));
    const run = new Deno.Command(`${folder}/bin/woshou`, { args: ["--version"], cwd: folder });
    assertEquals(new TextDecoder().decode((await run.output()).stdout), `woshou ${VERSION}\n`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
