/**
 * Makes the package as npm has it, JavaScript with type declarations: `deno task npm` writes it into npm/,
 * `deno task npm FILE` elsewhere.
 *
 * `deno pack` does the work. It puts every file of the JSR package that is no part of a module into the
 * tarball as it is, such as the sources of the workers, whose bundle is what runs: those are left out.
 */

import { readPackage, ROOT, runDeno } from "./package.ts";

/** The names of the files in a tarball, without the folder that npm wraps them in. */
export async function packedFiles(tarball: string): Promise<string[]> {
  const { success, stdout } = await new Deno.Command("tar", { args: ["-tzf", tarball] }).output();
  if (!success) throw new Error(`${tarball} is not a tarball`);
  const names = new TextDecoder().decode(stdout).trim().split("\n");
  return names.map((name) => name.replace(/^package\//, "")).sort();
}

/** Whether a file of a first attempt is a source that nothing in the package imports. */
function isSource(file: string): boolean {
  return /\.(ts|wat)$/.test(file) && !file.endsWith(".d.ts");
}

/** Writes the tarball to `path`, absolute or from the project's root. */
export async function writeTarball(path: string): Promise<void> {
  const args = ["pack", "--allow-dirty", "--no-source-maps", `--output=${path}`];
  await runDeno(args);
  const sources = (await packedFiles(path)).filter(isSource);
  await runDeno([...args, ...sources.map((file) => `--ignore=${file}`)]);
}

/** Where the tarball goes when nothing else is said; ignored by git. */
async function defaultPath(): Promise<string> {
  const { name, version } = await readPackage();
  await Deno.mkdir(new URL("npm", ROOT), { recursive: true });
  return new URL(`npm/${name.replace(/^@[^/]*\//, "")}-${version}.tgz`, ROOT).pathname;
}

if (import.meta.main) {
  const path = Deno.args[0] ?? await defaultPath();
  await writeTarball(path);
  console.log(`${path}: ${(await packedFiles(path)).length} files`);
}
