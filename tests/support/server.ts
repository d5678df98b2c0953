/** `server.ts` as a user runs it: a process with one permission, seen from outside. */

import { type Ended, type RunOptions, runToEnd } from "./process.ts";

const SERVER = new URL("../../server.ts", import.meta.url).pathname;

/** The whole command that runs the server with these flags, and with no permission but FFI. */
export function serverCommand(flags: readonly string[]): [string, string[]] {
  return [Deno.execPath(), ["run", "--allow-ffi", "--no-prompt", SERVER, ...flags]];
}

/** Milliseconds that the server may take to be ready or to stop. */
const PATIENCE_MS = 20_000;

/** Runs the server with flags with which it ends by itself. */
export function runServer(flags: readonly string[], options?: RunOptions): Promise<Ended> {
  return runToEnd(...serverCommand(flags), options);
}

/** A server that runs. It is killed at disposal if nobody has stopped it. */
export class ServerProcess implements AsyncDisposable {
  readonly child: Deno.ChildProcess;
  /** What it has printed so far. */
  stdout = "";
  stderr = "";
  readonly #copies: Promise<unknown>;
  #wake: () => void = () => {};
  #ended = false;

  constructor(child: Deno.ChildProcess) {
    this.child = child;
    const out = copy(child.stdout, (text) => {
      this.stdout += text;
      this.#wake();
    });
    const err = copy(child.stderr, (text) => {
      this.stderr += text;
      this.#wake();
    });
    this.#copies = Promise.all([out, err]);
    child.status.then(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Starts the server; resolves when it has printed its first line. Throws when it ends instead. */
  static async start(flags: readonly string[]): Promise<ServerProcess> {
    const [program, args] = serverCommand(flags);
    return await ServerProcess.startAs(program, args);
  }

  /** The same for any command that ends up running the server. */
  static async startAs(program: string, args: readonly string[]): Promise<ServerProcess> {
    const server = new ServerProcess(
      new Deno.Command(program, {
        args: [...args],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
    try {
      await server.printed((text) => text.includes("\n"));
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** The line that says that it is ready. */
  get readyLine(): string {
    return this.stdout.split("\n")[0];
  }

  /** Resolves when what it has printed satisfies `enough`. */
  printed(enough: (stdout: string) => boolean): Promise<void> {
    return this.#until(() => enough(this.stdout));
  }

  /** Resolves when stderr holds something that matches. */
  said(pattern: RegExp): Promise<void> {
    return this.#until(() => pattern.test(this.stderr));
  }

  async #until(holds: () => boolean): Promise<void> {
    const bound = AbortSignal.timeout(PATIENCE_MS);
    while (!holds()) {
      if (this.#ended || bound.aborted) {
        throw new Error(`The server has not printed it: ${this.stdout}\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        bound.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  /** Sends a signal and gives what came of it; fails when the server does not end. */
  async stop(signal: Deno.Signal): Promise<Ended> {
    this.child.kill(signal);
    const late = setTimeout(() => this.child.kill("SIGKILL"), PATIENCE_MS);
    const { code } = await this.child.status;
    clearTimeout(late);
    await this.#copies;
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.child.kill("SIGKILL");
    await this.child.status;
    await this.#copies;
  }
}

async function copy(stream: ReadableStream<Uint8Array>, take: (text: string) => void) {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}
