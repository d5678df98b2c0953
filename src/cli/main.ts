/** The `woshou` command: finds the subcommand, runs it, and turns what went wrong into one line. */

import { VERSION } from "../base/version.ts";
import { benchCommand } from "./bench.ts";
import { captureCommand } from "./capture.ts";
import { type Command, ExitCode, helpText, UsageError } from "./command.ts";
import { completionCommand } from "./completion.ts";
import { connectCommand } from "./connect.ts";
import { connectionsCommand } from "./connections.ts";
import { pingCommand } from "./ping.ts";
import { replayCommand } from "./replay.ts";
import type { StartServices } from "./session.ts";
import { explain, type Terminal } from "./terminal.ts";
import { traceCommand } from "./trace.ts";

/** All subcommands, in the order of the help. `serve` and what it starts come from server.ts. */
export function allCommands(serve: Command, startServices: StartServices): readonly Command[] {
  const commands: Command[] = [
    serve,
    connectCommand,
    pingCommand,
    traceCommand(startServices),
    captureCommand(startServices),
    replayCommand,
    connectionsCommand,
    benchCommand,
  ];
  commands.push(completionCommand(() => commands));
  return commands;
}

/** Runs the command line; returns the exit status. */
export async function runCommand(
  commands: readonly Command[],
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  try {
    return await dispatch(commands, args, terminal);
  } catch (error) {
    terminal.remark(explain(error));
    return error instanceof UsageError ? ExitCode.usage : ExitCode.failed;
  }
}

async function dispatch(
  commands: readonly Command[],
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    terminal.remark(overview(commands));
    return ExitCode.usage;
  }
  if (name === "--version" || name === "-V") {
    terminal.line(`woshou ${VERSION}`);
    return ExitCode.ok;
  }
  const isHelp = name === "--help" || name === "-h" || name === "help";
  if (isHelp && rest.length === 0) {
    terminal.line(overview(commands));
    return ExitCode.ok;
  }
  const wanted = isHelp ? rest[0] : name;
  const command = commands.find((each) => each.name === wanted);
  if (command === undefined) {
    throw new UsageError(
      `there is no command "${wanted}"; there are ${commands.map((c) => c.name).join(", ")}`,
    );
  }
  if (isHelp || asksForHelp(rest)) {
    if (command.name === "serve") return await command.run(["--help"], terminal);
    terminal.line(helpText(command));
    return ExitCode.ok;
  }
  return await command.run(rest, terminal);
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? args.length : end).some((arg) => arg === "--help" || arg === "-h");
}

function overview(commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`);
  return `woshou ${VERSION}: a TCP/IP stack in user space

usage: woshou COMMAND [options]

${rows.join("\n")}

"woshou COMMAND --help" tells the rest. Exit status: 0, 1 when it could not be done, 2 for a wrong
command line. NO_COLOR=1 turns colours off.`;
}
