/** What is published: the modules that `exports` in deno.json names. */

/** The part of deno.json that says what the package is. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** Module paths by the name under which they are imported, such as `./trace`. */
  readonly exports: Readonly<Record<string, string>>;
}

/** The project's root. */
export const ROOT = new URL("..", import.meta.url);

/** Reads deno.json. */
export async function readPackage(): Promise<Package> {
  return JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
}

/** Runs Deno in the root; throws with what it said unless it succeeds, else returns what it printed. */
export async function runDeno(args: readonly string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`deno ${args.join(" ")} failed:\n${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
