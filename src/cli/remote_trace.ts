/** The trace of a server that runs already, line by line. */

import { ask, serverUrl } from "./running_server.ts";
import type { Countdown } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** What to show of whose trace, and for how long. */
export interface RemoteTrace {
  /** The server: a URL or an address. */
  readonly server: string;
  readonly style: string;
  readonly port: number | undefined;
  readonly seconds: number | undefined;
  readonly countdown: Countdown;
}

/** Prints lines until the server ends, the time is over, there were enough, or a signal comes. */
export async function followServer(trace: RemoteTrace, terminal: Terminal): Promise<void> {
  const { server, style, port, seconds, countdown } = trace;
  const url = serverUrl(server, "trace");
  url.searchParams.set("style", style);
  if (port !== undefined) url.searchParams.set("port", String(port));
  const ending = new AbortController();
  const stop = () => ending.abort();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  countdown.signal.addEventListener("abort", stop, { once: true });
  const timer = seconds === undefined ? null : setTimeout(stop, seconds * 1000);
  try {
    const response = await ask(url, ending.signal);
    if (!response.ok || response.body === null) {
      const text = (await response.text()).trim();
      throw new Error(`${url}: status ${response.status}, ${text}`);
    }
    terminal.remark(`following ${url}`);
    await printLines(response.body, countdown, terminal).catch((error) => {
      if (!ending.signal.aborted) throw error;
    });
  } finally {
    if (timer !== null) clearTimeout(timer);
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
    stop();
  }
}

async function printLines(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  countdown: Countdown,
  terminal: Terminal,
): Promise<void> {
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const isState = line.includes(" <> ");
      const isDrop = line.includes(": dropped, ");
      if (!isState && !isDrop && !countdown.count()) return;
      terminal.line(
        isState ? terminal.paint("state", line) : isDrop ? terminal.paint("bad", line) : line,
      );
      if (countdown.signal.aborted) return;
    }
  }
}
