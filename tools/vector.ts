/**
 * Assembles src/base/vector.wat: `deno task vector` writes src/base/vector_code.ts, `deno task vector --check` says
 * whether the one that is there is fresh.
 */

import { parseArgs } from "@std/cli/parse-args";
import wabt from "wabt";

/** The text, and the module made of it; paths from the project's root. */
export const SOURCE = "src/base/vector.wat";
export const CODE = "src/base/vector_code.ts";

const BYTES_PER_LINE = 40;

/** The TypeScript module that holds the assembled form of a WebAssembly text. */
export async function vectorCode(text: string): Promise<string> {
  const { parseWat } = await wabt();
  const module = parseWat(SOURCE, text, { simd: true, threads: true, bulk_memory: true });
  const bytes = new Uint8Array(module.toBinary({}).buffer);
  module.destroy();
  if (!WebAssembly.validate(bytes)) throw new Error(`${SOURCE} is not valid WebAssembly`);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    lines.push(`  "${bytes.subarray(at, at + BYTES_PER_LINE).toHex()}",`);
  }
  return [
    "// Made by `deno task vector` from src/base/vector.wat: change that, not this.",
    "",
    "/** The assembled form, in hexadecimal. */",
    "export const VECTOR_CODE: readonly string[] = [",
    ...lines,
    "];",
    "",
  ].join("\n");
}

/** What the committed module should be. */
export async function freshVectorCode(): Promise<string> {
  return await vectorCode(await Deno.readTextFile(new URL(`../${SOURCE}`, import.meta.url)));
}

async function main(args: readonly string[]): Promise<number> {
  const flags = parseArgs(args, {
    boolean: ["check"],
    unknown: (flag) => {
      throw new TypeError(`deno task vector knows only --check, not ${flag}`);
    },
  });
  const place = new URL(`../${CODE}`, import.meta.url);
  const fresh = await freshVectorCode();
  if (flags.check) {
    const isFresh = await Deno.readTextFile(place) === fresh;
    console.log(isFresh ? `${CODE} is fresh` : `${CODE} is stale: run deno task vector`);
    return isFresh ? 0 : 1;
  }
  await Deno.writeTextFile(place, fresh);
  console.log(`${CODE}: ${fresh.length} characters`);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
