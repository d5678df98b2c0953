/** The `woshou` command: finds the subcommand, runs it, and turns what went wrong into one line. */

import { VERSION } from "../base/version.ts";
import { benchCommand } from "./bench.ts";
import { captureCommand } from "./capture.ts";
import { asksForHelp, type Command, ExitCode, helpText, UsageError } from "./command.ts";
import { completionCommand } from "./completion.ts";
import { connectCommand } from "./connect.ts";
import { connectionsCommand } from "./connections.ts";
import { pingCommand } from "./ping.ts";
import { replayCommand } from "./replay.ts";
import { serveCommand } from "./serve.ts";
import { explain, type Terminal } from "./terminal.ts";
import { traceCommand } from "./trace.ts";

/** All subcommands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  serveCommand,
  connectCommand,
  pingCommand,
  traceCommand,
  captureCommand,
  replayCommand,
  connectionsCommand,
  benchCommand,
  completionCommand(() => COMMANDS),
];

/** Runs the command line; returns the exit status. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    terminal.remark(explain(error));
    return error instanceof UsageError ? ExitCode.usage : ExitCode.failed;
  }
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    terminal.remark(overview());
    return ExitCode.usage;
  }
  if (name === "--version" || name === "-V") {
    terminal.line(`woshou ${VERSION}`);
    return ExitCode.ok;
  }
  const isHelp = name === "--help" || name === "-h" || name === "help";
  if (isHelp && rest.length === 0) {
    terminal.line(overview());
    return ExitCode.ok;
  }
  const wanted = isHelp ? rest[0] : name;
  const command = COMMANDS.find((each) => each.name === wanted);
  if (command === undefined) {
    throw new UsageError(
      `there is no command "${wanted}"; there are ${COMMANDS.map((c) => c.name).join(", ")}`,
    );
  }
  if (isHelp || asksForHelp(rest)) {
    terminal.line(helpText(command));
    return ExitCode.ok;
  }
  return await command.run(rest, terminal);
}

function overview(): string {
  const rows = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`);
  return `woshou ${VERSION}: a TCP/IP stack in user space

usage: woshou COMMAND [options]

${rows.join("\n")}

"woshou COMMAND --help" tells the rest. Exit status: 0, 1 when it could not be done, 2 for a wrong
command line. NO_COLOR=1 turns colours off.`;
}
