/** Where a command prints: lines on stdout, remarks on stderr, with colours where a terminal shows them. */

import { styleText } from "node:util";

/** What a piece of text is, which decides its colour. */
export type Role = "in" | "out" | "state" | "bad" | "good" | "note" | "strong";

const STYLES: Readonly<Record<Role, Parameters<typeof styleText>[0]>> = {
  in: "cyan",
  out: "yellow",
  state: "green",
  good: "green",
  bad: "red",
  note: "dim",
  strong: "bold",
};

/** The standard streams of the process. */
export interface Terminal {
  /** Whether stdout shows colours: it is a terminal, and NO_COLOR is not set. */
  readonly isColoured: boolean;
  /** Whether somebody watches stderr, for bars of progress. */
  readonly isWatched: boolean;
  /** Prints a line to stdout. */
  line(text: string): void;
  /** Prints a line to stderr. */
  remark(text: string): void;
  /** The text in the colour of its role. */
  paint(role: Role, text: string): string;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const isColoured = Deno.stdout.isTerminal() && !Deno.noColor;
  return {
    isColoured,
    isWatched: Deno.stderr.isTerminal(),
    line: printLine,
    remark: (text) => console.error(text),
    paint: (role, text) => isColoured ? painted(role, text) : text,
  };
}

const encoder = new TextEncoder();

/** Prints a line; a reader that has enough, such as head(1), ends the program, as SIGPIPE would. */
function printLine(text: string): void {
  const bytes = encoder.encode(`${text}\n`);
  try {
    for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
    throw error;
  }
}

/** The text in the colour of its role, whoever reads it. */
export function painted(role: Role, text: string): string {
  return styleText(STYLES[role], text, { validateStream: false });
}

/** One line for a person: what went wrong, without a stack trace. */
export function explain(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error && error.cause instanceof Error
    ? ` (${error.cause.message})`
    : "";
  return `woshou: ${`${text}${cause}`.replaceAll(/\s*\n\s*/g, " ")}`;
}
