/**
 * The runnable server: `deno run --allow-ffi server.ts`. Echo on port 7, discard on 9, chargen on 19 and
 * a page on 80 that shows live what the stack does. `--help` tells the rest.
 *
 * @module
 */

import { asksForHelp, helpText } from "./src/cli/command.ts";
import { serveCommand } from "./src/cli/serve.ts";
import { explain, processTerminal } from "./src/cli/terminal.ts";

/** Runs the server as its command line asks; returns the exit status. */
async function main(args: readonly string[]): Promise<number> {
  const terminal = processTerminal();
  try {
    if (!asksForHelp(args)) return await serveCommand.run(args, terminal);
    terminal.line(helpText(serveCommand, "deno run --allow-ffi server.ts"));
    return 0;
  } catch (error) {
    terminal.remark(explain(error));
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
