/**
 * The `woshou` command: `deno task woshou --help`, or installed with
 * `deno install --global --allow-all --config deno.json --name woshou woshou.ts`.
 *
 * @module
 */

import { runServer, startServices } from "./server.ts";
import type { Command } from "./src/cli/command.ts";
import { allCommands, runCommand } from "./src/cli/main.ts";
import { STACK_FLAGS } from "./src/cli/stack_flags.ts";
import { processTerminal } from "./src/cli/terminal.ts";
import { TRACE_STYLES } from "./src/trace/lines.ts";

const serveCommand: Command = {
  name: "serve",
  summary: "run echo, discard, chargen and a page of the live connections",
  operands: "",
  flags: [
    ...STACK_FLAGS,
    { name: "queues", value: "N", text: "TUN queues, each with a pipeline of its own (default 1)" },
    { name: "trace", value: "STYLE", text: "print every segment", choices: TRACE_STYLES },
    { name: "version", text: "the version" },
  ],
  run: (args) => runServer(args),
};

if (import.meta.main) {
  const commands = allCommands(serveCommand, startServices);
  Deno.exit(await runCommand(commands, Deno.args, processTerminal()));
}
