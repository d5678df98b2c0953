/**
 * Makes the files that the server's page consists of: `deno task page` writes src/page/made/, `deno task page
 * --check` says whether those that are there are fresh.
 *
 * The server runs with --allow-ffi alone and without a network, so everything that the page needs is committed: its
 * own scripts, and a plotting library, which comes from npm when this is run and brings its licence.
 */

import { parseArgs } from "@std/cli/parse-args";
import { bundleText, foreignPaths } from "./bundle.ts";

/** The folder of what is made, from the project's root. */
export const MADE = "src/page/made";

/** What serves HTTP stands on Node's modules, which a browser does not have, and is asked for by no lesson. */
const NOT_FOR_BROWSERS = "../node/serve.ts";

/** The scripts, by their names in the folder, and the modules that they are made of. */
const SCRIPTS: Readonly<Record<string, string>> = {
  "page.js": "src/page/main.ts",
  "lesson.js": "src/page/lesson.ts",
};

const root = new URL("..", import.meta.url);
const library = new URL("page/", import.meta.url);

/** The files as their sources give them now, by name. */
export async function freshPage(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [name, entry] of Object.entries(SCRIPTS)) {
    const text = `// Made by \`deno task page\` from ${entry}: change that, not this.\n` +
      await bundleText(entry, { platform: "browser", external: NOT_FOR_BROWSERS, minify: true });
    if (/^import .*from "node:/m.test(text)) throw new Error(`${name} needs modules of Node`);
    const foreign = foreignPaths(text);
    if (foreign.length > 0) {
      throw new Error(`${name} takes in foreign files: ${foreign.join(", ")}`);
    }
    files.set(name, text);
  }
  const { style, licence } = await readLibrary();
  const banner =
    `/*\nuPlot 1.6.32, made by \`deno task page\`. Its licence:\n\n${licence.trim()}\n*/\n`;
  files.set("uplot.css", `${banner}${style.trim()}\n`);
  const script = await bundleText("uplot.js", { platform: "browser", minify: true, cwd: library });
  files.set("uplot.js", banner + script);
  return files;
}

/** The style sheet and the licence of the plotting library. */
async function readLibrary(): Promise<{ style: string; licence: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "read.js"],
    cwd: library,
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot read uPlot: ${decoder.decode(stderr)}`);
  return JSON.parse(decoder.decode(stdout));
}

/** The names of the committed files that are not what their sources give. */
export async function stalePage(): Promise<string[]> {
  const stale: string[] = [];
  for (const [name, text] of await freshPage()) {
    if (await committed(name) !== text) stale.push(name);
  }
  return stale;
}

async function committed(name: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(new URL(`${MADE}/${name}`, root));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const flags = parseArgs(args, {
    boolean: ["check"],
    unknown: (flag) => {
      throw new TypeError(`deno task page knows only --check, not ${flag}`);
    },
  });
  if (flags.check) {
    const stale = await stalePage();
    console.log(stale.length === 0 ? "The page is fresh" : `Stale: ${stale.join(", ")}`);
    return stale.length === 0 ? 0 : 1;
  }
  await Deno.mkdir(new URL(MADE, root), { recursive: true });
  for (const [name, text] of await freshPage()) {
    await Deno.writeTextFile(new URL(`${MADE}/${name}`, root), text);
    console.log(`${MADE}/${name}: ${text.length} characters`);
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
