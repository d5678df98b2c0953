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

/** Standard output: lines of text. NO_COLOR and anything but a terminal make them plain. */
export class Screen {
  /** Whether somebody looks at it live. */
  readonly isTerminal: boolean = Deno.stdout.isTerminal();
  readonly #coloured = this.isTerminal && !Deno.noColor;

  /** Prints one line. */
  line(text = ""): void {
    console.log(text);
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
