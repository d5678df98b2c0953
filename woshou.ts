/**
 * The `woshou` command: `deno task woshou --help`, or installed with
 * `deno install --global --allow-all --config deno.json --name woshou woshou.ts`.
 *
 * @module
 */

import { runCommand } from "./src/cli/main.ts";
import { processTerminal } from "./src/cli/terminal.ts";

if (import.meta.main) Deno.exit(await runCommand(Deno.args, processTerminal()));
