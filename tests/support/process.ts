/** Programs that tests start: with a bound on their time, and with what they said when they fail. */

/** How a program ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds that a program may take when nothing else is said: far more than any needs. */
const PATIENCE_MS = 20_000;

/** How to run a program. */
export interface RunOptions {
  /** What it reads from its standard input; nothing by default. */
  readonly input?: string | Uint8Array<ArrayBuffer>;
  /** When it is killed, in milliseconds. */
  readonly patienceMs?: number;
  /** Variables besides those of this process. */
  readonly env?: Record<string, string>;
}

/** Runs a program to its end. One that does not end in time is killed and the test fails. */
export async function runToEnd(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  const signal = AbortSignal.timeout(options.patienceMs ?? PATIENCE_MS);
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: options.input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    env: options.env,
    signal,
  }).spawn();
  const feeding = options.input === undefined ? null : feed(child, options.input);
  const { code, stdout, stderr } = await child.output();
  await feeding;
  const decoder = new TextDecoder();
  const ended = { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  if (signal.aborted) throw new Error(`${shown(program, args)} did not end: ${told(ended)}`);
  return ended;
}

/** Runs a program that must succeed, and gives what it printed. */
export async function runWell(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const ended = await runToEnd(program, args, options);
  if (ended.code !== 0) {
    throw new Error(`${shown(program, args)} ended with ${ended.code}: ${told(ended)}`);
  }
  return ended.stdout;
}

/** Runs `ip` with the words of `line`. */
export function ip(line: string): Promise<string> {
  return runWell("ip", line.split(" "));
}

async function feed(child: Deno.ChildProcess, input: string | Uint8Array<ArrayBuffer>) {
  const writer = child.stdin.getWriter();
  try {
    await writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input);
    await writer.close();
  } catch (error) {
    // A program that ends without reading its input is judged by its status.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function shown(program: string, args: readonly string[]): string {
  return [program, ...args].join(" ");
}

function told({ stdout, stderr }: Ended): string {
  return `${stdout.slice(-2000)}\n${stderr.slice(-2000)}`;
}

/** How often `until` looks, at the most. */
const LOOKS = 20_000;

/**
 * Looks until `holds` does, giving the event loop a turn in between; fails after many turns, and at the
 * latest after `patienceMs`, with `what` and the last value of `shown`.
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  show: () => unknown = () => "",
  patienceMs: number = PATIENCE_MS,
): Promise<void> {
  const bound = AbortSignal.timeout(patienceMs);
  for (let looks = 0; looks < LOOKS && !bound.aborted; looks++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, Math.min(looks, 20)));
  }
  throw new Error(`It did not happen that ${what}: ${JSON.stringify(show())}`);
}
