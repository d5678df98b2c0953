/** What the demonstration prints, with colours where the reader is a terminal. */

import { styleText } from "node:util";

/** What a piece of text is, which decides its colour. */
export type Role = "title" | "heading" | "client" | "server" | "news" | "note" | "good" | "bad";

const STYLES: Readonly<Record<Role, Parameters<typeof styleText>[0]>> = {
  title: "bold",
  heading: ["bold", "underline"],
  client: "cyan",
  server: "yellow",
  news: "bold",
  note: "dim",
  good: "green",
  bad: "red",
};

/** Width of what is not read on a terminal. */
const PLAIN_COLUMNS = 100;
/** Width of a text that explains: good to read, and within 80 columns with its indentation. */
const REMARK_COLUMNS = 76;

/** Standard output: lines of text. NO_COLOR and anything but a terminal make them plain. */
export class Screen {
  /** Whether somebody looks at it live. */
  readonly isTerminal: boolean = Deno.stdout.isTerminal();
  /** How wide a line may be. */
  readonly columns: number = this.isTerminal ? Deno.consoleSize().columns : PLAIN_COLUMNS;
  readonly #coloured = this.isTerminal && !Deno.noColor;

  /** Prints one line. */
  line(text = ""): void {
    console.log(text);
  }

  /** Prints a text that explains, indented and broken into lines. */
  remark(text: string): void {
    for (const line of wrapped(text)) this.line(this.paint("note", `  ${line}`));
  }

  /** Begins a part of the demonstration. */
  heading(text: string): void {
    this.line();
    this.line(this.paint("heading", text));
    this.line();
  }

  /** The text in the colour of its role. */
  paint(role: Role, text: string): string {
    return this.#coloured ? styleText(STYLES[role], text, { validateStream: false }) : text;
  }
}

/** The text in lines of at most {@link REMARK_COLUMNS}, broken between words. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > REMARK_COLUMNS) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
