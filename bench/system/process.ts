/** Processes that the benchmark starts, and that end with it. */

const READY_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 3_000;

/** Lines of a process's output that are kept for its error message. */
const KEPT_LINES = 20;

/** Plain messages, and the programs that not every user has on the search path, such as ip. */
const environment = { NO_COLOR: "1", PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` };

const running = new Set<Server>();

/** Ends everything that was started: on failure, on a signal, and at the end. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop()));
}

/**
 * A command whose process ends with the one that starts it, even when that is killed: the kernel sends
 * the signal, since a killed runner cannot.
 */
export function bound(command: readonly string[]): string[] {
  return ["setpriv", "--pdeathsig", "KILL", "--", ...command];
}

/**
 * Runs a command to its end and gives what it printed. Throws when it fails, with its stderr; `name`
 * stands for the command in the message.
 */
export async function output(
  command: readonly string[],
  timeoutMs = READY_TIMEOUT_MS,
  name = command.join(" "),
): Promise<string> {
  const [program, ...args] = bound(command);
  const signal = AbortSignal.timeout(timeoutMs);
  const result = await new Deno.Command(program, {
    args,
    env: environment,
    signal,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!result.success) {
    const reason = signal.aborted
      ? `took longer than ${timeoutMs / 1000} s`
      : new TextDecoder().decode(result.stderr).trim();
    throw new Error(`${name}: ${reason || `exit status ${result.code}`}`);
  }
  return new TextDecoder().decode(result.stdout);
}

/** A server process, ready to serve. */
export class Server {
  readonly #child: Deno.ChildProcess;
  readonly #lines: string[] = [];
  readonly #ready: Promise<void>;
  #cores = "";

  private constructor(command: readonly string[]) {
    const [program, ...args] = bound(command);
    this.#child = new Deno.Command(program, {
      args,
      env: environment,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    running.add(this);
    this.#ready = this.#follow(this.#child.stdout);
    this.#follow(this.#child.stderr).catch(() => {});
  }

  /** Starts a server and waits for its line `listening on ...`. */
  static async start(command: readonly string[]): Promise<Server> {
    const server = new Server(command);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("is not ready in time")), READY_TIMEOUT_MS);
    });
    try {
      await Promise.race([server.#ready, late]);
    } catch (error) {
      await server.stop();
      const said = server.#lines.join("\n");
      throw new Error(`${command.join(" ")}: ${(error as Error).message}\n${said}`);
    } finally {
      clearTimeout(timer);
    }
    return server;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The last lines that the process printed. */
  get said(): string {
    return this.#lines.join("\n");
  }

  /** Puts all threads on these cores, in the form of taskset's list. Later threads inherit it. */
  async pin(cores: string): Promise<void> {
    if (cores === this.#cores) return;
    await output(["taskset", "--all-tasks", "--cpu-list", "--pid", cores, String(this.pid)]);
    this.#cores = cores;
  }

  /** Keeps the process from running, so that it takes nothing from the one that is measured. */
  pause(): void {
    this.#signal("SIGSTOP");
  }

  /** Lets the process run again. */
  resume(): void {
    this.#signal("SIGCONT");
  }

  /** Asks the process to end, and kills it when it does not. */
  async stop(): Promise<void> {
    if (!running.delete(this)) return;
    this.resume();
    this.#signal("SIGTERM");
    const timer = setTimeout(() => this.#signal("SIGKILL"), STOP_TIMEOUT_MS);
    await this.#child.status;
    clearTimeout(timer);
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended by itself; whoever awaits its status sees that.
    }
  }

  /** Reads output to its end, so that the process never waits; resolves at the ready line. */
  #follow(stream: ReadableStream<Uint8Array>): Promise<void> {
    return new Promise((resolve, reject) => {
      const onLine = (line: string) => {
        this.#lines.push(line);
        if (this.#lines.length > KEPT_LINES) this.#lines.shift();
        if (line.startsWith("listening on ")) resolve();
      };
      readLines(stream, onLine).then(() => reject(new Error("has ended")), reject);
    });
  }
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  if (rest !== "") onLine(rest);
}
