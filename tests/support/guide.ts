/**
 * Runs a page of the guide as a reader would: writes its programs into a folder, types its commands into a
 * shell, and compares what the terminal shows with what the page says.
 *
 * - A `ts` block begins with a comment that is its file's name.
 * - A line of an `sh` block is one command. One that ends in `&` goes on in the background, and the next
 *   begins when it has printed a line. `kill %N` ends the N-th of those in order.
 * - A `text` block is what the terminal shows of the `sh` block before it; `...` stands for anything, and on
 *   a line of its own for any lines. In a `text numbers` block each number stands for any number.
 */

import { runToEnd } from "./process.ts";
import { ServerProcess } from "./server.ts";

/** One fenced block. */
export interface Block {
  readonly language: string;
  /** Whether its numbers are examples. */
  readonly anyNumbers: boolean;
  readonly text: string;
  /** The line of the page at which it begins. */
  readonly line: number;
}

/** The fenced blocks of a page. */
export function blocksOf(page: string): Block[] {
  const fences = page.matchAll(/^```(\w*)( numbers)?\n([\s\S]*?)^```$/gm);
  return [...fences].map((match) => ({
    language: match[1],
    anyNumbers: match[2] !== undefined,
    text: match[3],
    line: page.slice(0, match.index).split("\n").length,
  }));
}

/** The name that a program's first line gives it. */
export function programName({ text, line }: Block): string {
  const name = /^\/\/ ([\w-]+\.ts)\n/.exec(text)?.[1];
  if (name === undefined) throw new Error(`Line ${line}: the program does not begin with its name`);
  return name;
}

const NUMBER = /\d+(?:\.\d+)?/;

/** Whether a terminal that shows `shown` shows what a page says. */
export function looksLike(shown: string, said: string, anyNumbers = false): boolean {
  const words = (part: string) =>
    anyNumbers ? part.split(NUMBER).map(RegExp.escape).join(NUMBER.source) : RegExp.escape(part);
  const quoted = said.trimEnd().split("\n").map((line) =>
    line === "..." ? "[^]*" : line.split("...").map(words).join(".*")
  );
  return new RegExp(`^${quoted.join("\n")}$`).test(shown.trimEnd());
}

/** A reader at a terminal, in the folder where the programs are. */
export class Reader implements AsyncDisposable {
  readonly #folder: string;
  readonly #background: ServerProcess[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Types the commands of a block; returns what the terminal shows. */
  async type(commands: string): Promise<string> {
    let shown = "";
    for (const command of commands.trim().split("\n")) shown += await this.#run(command);
    return shown;
  }

  async #run(command: string): Promise<string> {
    const inFolder = (words: string) => ["-c", `cd '${this.#folder}' && ${words}`];
    const killed = /^kill %(\d+)$/.exec(command);
    if (killed !== null) return await this.#kill(Number(killed[1]));
    if (command.endsWith("&")) {
      const program = `exec ${command.slice(0, -1)}`;
      const child = await ServerProcess.startAs("bash", inFolder(program));
      this.#background.push(child);
      return child.stdout;
    }
    const { code, stdout, stderr } = await runToEnd("bash", inFolder(command));
    if (code !== 0) throw new Error(`"${command}" ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Ends a background process in order; returns what it had still to say. */
  async #kill(job: number): Promise<string> {
    const child = this.#background[job - 1];
    const before = child.stdout.length;
    const { code, stdout, stderr } = await child.stop("SIGTERM");
    if (code !== 0) throw new Error(`%${job} ended with ${code}: ${stderr}`);
    return stdout.slice(before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#background) await child[Symbol.asyncDispose]();
  }
}
