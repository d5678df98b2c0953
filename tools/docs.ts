/**
 * Writes the API's documentation as web pages: `deno task docs` puts them into api/, `deno task docs FOLDER`
 * elsewhere.
 */

import { readPackage, runDeno } from "./package.ts";

/** Where the pages go when nothing else is said; ignored by git. */
const FOLDER = "api";

/** Writes pages about every exported module into `folder`. */
export async function writeDocs(folder: string): Promise<void> {
  const { exports } = await readPackage();
  await runDeno([
    "doc",
    "--html",
    "--name=woshou",
    `--output=${folder}`,
    ...Object.values(exports),
  ]);
}

if (import.meta.main) {
  const folder = Deno.args[0] ?? FOLDER;
  await writeDocs(folder);
  console.log(`The documentation is in ${folder}/index.html`);
}
