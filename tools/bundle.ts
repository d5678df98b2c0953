/**
 * Bundles the worker: `deno task bundle` writes workers/bundle.js, `deno task bundle --check` says
 * whether the one that is there is fresh.
 *
 * With `--allow-ffi` alone a worker cannot be loaded from files, so that all workers run one
 * self-contained text, which is committed and started by `eval`, for which it has to be CommonJS. It is not minified:
 * stack traces name the functions that failed.
 */

import { parseArgs } from "@std/cli/parse-args";

/** The module that every worker starts in, and the text made of it; paths from the project's root. */
export const ENTRY = "workers/main.ts";
export const BUNDLE = "workers/bundle.js";

/** The first lines of the bundle: for those who open it, and because modules are strict and CommonJS is not. */
const BANNER =
  '// Made by `deno task bundle` from workers/main.ts: change that, not this.\n"use strict";\n';

/** What is wrong with a committed bundle, in words, or null when it is what the sources give. */
export function staleness(committed: string | null, fresh: string): string | null {
  if (committed === fresh) return null;
  const what = committed === null ? "is missing" : "is stale";
  return `${BUNDLE} ${what}: run deno task bundle (made here by Deno ${Deno.version.deno})`;
}

/**
 * The comments of a bundle that name a file outside the project. The bundler writes the path of each
 * module over its code; one that leaves the project would differ from machine to machine.
 */
export function foreignPaths(bundle: string): string[] {
  return bundle.split("\n").filter((line) => /^\/\/ (?:\.\.?\/|\/|\w+:)/.test(line));
}

/** How to bundle. */
export interface BundleOptions {
  /** Where the bundle is to run; default Deno. */
  readonly platform?: "deno" | "browser";
  /** The form of modules; default ECMAScript's. */
  readonly format?: "esm" | "cjs";
  /** Whether it is made small; default not. */
  readonly minify?: boolean;
  /** A module that is left out, as the import that leads to it names it; default none. */
  readonly external?: string;
  /** Where `entry` is, and the configuration that counts; default the project's root. */
  readonly cwd?: URL;
}

/** Bundles the module at `entry`, a path from the project's root, and returns the text. */
export async function bundleText(entry: string, options: BundleOptions = {}): Promise<string> {
  const { platform = "deno", format = "esm", minify = false, external } = options;
  const { cwd = new URL("..", import.meta.url) } = options;
  const folder = await Deno.makeTempDir({ prefix: "woshou-bundle-" });
  try {
    const output = `${folder}/bundle.js`;
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["bundle", "--quiet", `--platform=${platform}`, `--format=${format}`, "-o", output],
        ...external === undefined ? [] : [`--external=${external}`],
        ...minify ? ["--minify", entry] : [entry],
      ],
      cwd,
    }).output();
    if (!success) throw new Error(`Cannot bundle ${entry}: ${new TextDecoder().decode(stderr)}`);
    return await Deno.readTextFile(output);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The worker bundle as the sources give it now. */
export async function freshBundle(): Promise<string> {
  const text = BANNER + await bundleText(ENTRY, { format: "cjs" });
  const foreign = foreignPaths(text);
  if (foreign.length > 0) {
    throw new Error(`The worker bundle takes in files outside the project: ${foreign.join(", ")}`);
  }
  return text;
}

/** The committed bundle, or null when there is none. */
export async function committedBundle(): Promise<string | null> {
  try {
    return await Deno.readTextFile(new URL(`../${BUNDLE}`, import.meta.url));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const flags = parseArgs(args, {
    boolean: ["check"],
    unknown: (flag) => {
      throw new TypeError(`deno task bundle knows only --check, not ${flag}`);
    },
  });
  const fresh = await freshBundle();
  const stale = staleness(await committedBundle(), fresh);
  if (flags.check) {
    console.log(stale ?? `${BUNDLE} is fresh`);
    return stale === null ? 0 : 1;
  }
  if (stale !== null) await Deno.writeTextFile(new URL(`../${BUNDLE}`, import.meta.url), fresh);
  console.log(`${BUNDLE}: ${fresh.length} characters${stale === null ? ", unchanged" : ""}`);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
