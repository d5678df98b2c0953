/** What a subcommand of `woshou` is, and how its command line is read. */

import { parseArgs } from "@std/cli/parse-args";
import type { Terminal } from "./terminal.ts";

/** How a run ended, as the process's exit status. */
export const ExitCode = {
  ok: 0,
  /** It could not be done, or the answer is no: an unreachable host, a file that is no capture. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
} as const;

/** A wrong command line, as one line for the reader. */
export class UsageError extends Error {
  /** For messages. */
  override readonly name = "UsageError";
}

/** One option of a command. */
export interface FlagSpec {
  readonly name: string;
  /** What stands for its value in the help; absent for switches. */
  readonly value?: string;
  /** One letter that means the same. */
  readonly letter?: string;
  /** What it does, as the help tells it. */
  readonly text: string;
  /** Whether it may stand without its value. */
  readonly isValueOptional?: boolean;
  /** Whether it may be given several times. */
  readonly repeats?: boolean;
  /** The values that there are, for completion. */
  readonly choices?: readonly string[];
  /** Whether the value is a file, for completion. */
  readonly isFile?: boolean;
}

/** A subcommand. */
export interface Command {
  readonly name: string;
  /** What it is for, in a line. */
  readonly summary: string;
  /** What follows the name, such as `HOST PORT`. */
  readonly operands: string;
  readonly flags: readonly FlagSpec[];
  /** What else the help tells. */
  readonly notes?: string;
  /** The words that the first operand may be, for completion. */
  readonly operandChoices?: readonly string[];
  /** Whether operands are files, for completion. */
  readonly takesFile?: boolean;
  /** Runs it; returns the exit status. */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** A command line that has been read. */
export class Arguments {
  readonly operands: readonly string[];
  readonly #flags: Readonly<Record<string, unknown>>;

  /** Reads what follows a command's name. Throws a {@link UsageError}. */
  constructor(command: Pick<Command, "name" | "flags">, args: readonly string[]) {
    const names = (wanted: (flag: FlagSpec) => boolean) =>
      command.flags.filter(wanted).map(({ name }) => name);
    const letters = command.flags.filter(({ letter }) => letter !== undefined);
    const parsed = parseArgs(args, {
      string: [...names(({ value }) => value !== undefined), "_"],
      boolean: names(({ value }) => value === undefined),
      collect: names(({ repeats }) => repeats === true),
      alias: Object.fromEntries(letters.map(({ name, letter }) => [name, letter as string])),
      "--": true,
      unknown: (arg) => {
        if (!arg.startsWith("-") || arg === "-") return;
        throw new UsageError(
          `unknown option "${arg}"; --help tells what there is`,
        );
      },
    });
    const behind = (parsed["--"] ?? []) as readonly string[];
    this.operands = [...parsed._.map(String), ...behind];
    this.#flags = parsed;
  }

  /** Whether a switch is set. */
  has(name: string): boolean {
    return this.#flags[name] === true;
  }

  /** The value of an option, or undefined when it is not given. */
  text(name: string): string | undefined {
    const value = this.#flags[name];
    if (value === "") throw new UsageError(`--${name} needs a value`);
    return value as string | undefined;
  }

  /** All values of an option that repeats. */
  texts(name: string): string[] {
    const values = (this.#flags[name] ?? []) as string[];
    if (values.includes("")) throw new UsageError(`--${name} needs a value`);
    return values;
  }

  /** A whole number from `low` to `high`, or undefined when the option is not given. */
  wholeNumber(name: string, low = 0, high: number = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : wholeNumber(`--${name}`, value, low, high);
  }

  /** A number of seconds, more than 0, or undefined when the option is not given. */
  seconds(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const seconds = Number(value);
    if (!/^\d*\.?\d+$/.test(value) || !(seconds > 0)) {
      throw new UsageError(`--${name} ${value}: not a number of seconds`);
    }
    return seconds;
  }

  /**
   * One of the words that an option may be, or undefined when it is not given. `bare` is what it means without a
   * value, where it may stand so.
   */
  choice<T extends string>(name: string, choices: readonly T[], bare?: T): T | undefined {
    if (bare !== undefined && this.#flags[name] === "") return bare;
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (choices.includes(value as T)) return value as T;
    throw new UsageError(`--${name} ${value}: there are ${choices.join(", ")}`);
  }
}

/** Reads a whole number in decimal. Throws a {@link UsageError} that names it. */
export function wholeNumber(name: string, value: string, low: number, high: number): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < low || number > high) {
    const range = high === Number.MAX_SAFE_INTEGER ? `from ${low} on` : `from ${low} to ${high}`;
    throw new UsageError(`${name} ${value}: not a whole number ${range}`);
  }
  return number;
}

/** Reads a port that can be connected to. */
export function portNumber(value: string): number {
  return wholeNumber("PORT", value, 1, 65535);
}

/** Throws unless there are so many operands. */
export function mustHaveOperands(command: Command, operands: readonly string[], count: number) {
  if (operands.length === count) return;
  const what = operands.length < count
    ? "something is missing"
    : `"${operands[count]}" is too much`;
  throw new UsageError(`${what}; usage: woshou ${command.name} ${command.operands}`.trimEnd());
}

const HELP_FLAG: FlagSpec = { name: "help", letter: "h", text: "this text" };

/** The options of a command, `--help` among them. */
export function flagsOf(command: Command): readonly FlagSpec[] {
  return [...command.flags, HELP_FLAG];
}

/** Whether the words behind a command ask for its help. */
export function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? args.length : end).some((arg) => arg === "--help" || arg === "-h");
}

/** The text of `--help`, for a command that is started by `start`. */
export function helpText(command: Command, start = `woshou ${command.name}`): string {
  const rows = flagsOf(command).map((flag) => [flagUsage(flag), flag.text] as const);
  const width = Math.max(...rows.map(([usage]) => usage.length));
  const lines = rows.map(([usage, text]) => `  ${usage.padEnd(width)}  ${text}`);
  const usage = `usage: ${start} ${command.operands} [options]`.replace("  ", " ");
  const notes = command.notes === undefined ? "" : `\n\n${command.notes.trim()}`;
  return `woshou ${command.name}: ${command.summary}\n\n${usage}\n\n${lines.join("\n")}${notes}`;
}

function flagUsage({ name, letter, value, isValueOptional }: FlagSpec): string {
  const short = letter === undefined ? "    " : `-${letter}, `;
  const shown = isValueOptional ? `[=${value}]` : value === undefined ? "" : ` ${value}`;
  return `${short}--${name}${shown}`;
}
