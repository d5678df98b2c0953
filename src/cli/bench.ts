/** `woshou bench`: a few seconds that tell how the stack compares with the kernel, on this machine. */

import { open } from "../net/open.ts";
import { chargen } from "../services/chargen.ts";
import { discard } from "../services/discard.ts";
import { echo } from "../services/echo.ts";
import { serve, type Service, type ServiceListener } from "../services/service.ts";
import type { ClientReport, ClientTask, Measure } from "./bench_client.ts";
import { Arguments, type Command, ExitCode, mustHaveOperands } from "./command.ts";
import { showProgress } from "./progress.ts";
import { STACK_FLAGS, stackOptions } from "./stack_flags.ts";
import type { Terminal } from "./terminal.ts";

/** A row of the result. */
interface Row {
  readonly measure: Measure;
  readonly title: string;
  readonly service: Service;
  readonly text: (value: number) => string;
}

const ROWS: readonly Row[] = [
  { measure: "in", title: "bulk in, 1 connection", service: discard, text: rateText },
  { measure: "out", title: "bulk out, 1 connection", service: chargen, text: rateText },
  { measure: "echo", title: "echo 64 B, median", service: echo, text: timeText },
];

const DEFAULT_ROUNDS = 3;
const DEFAULT_SECONDS = 0.5;
/** How long a client may take beyond its time before the bench gives up. */
const PATIENCE_MS = 10_000;

/** A server under test: where it listens, one port for each row. */
interface Target {
  readonly hostname: string;
  readonly ports: readonly number[];
}

/** Measures both in turn, and prints medians with their ratio. */
export const benchCommand: Command = {
  name: "bench",
  summary: "compare the stack with the kernel in a few seconds",
  operands: "",
  flags: [
    { name: "rounds", value: "N", text: `rounds of each (default ${DEFAULT_ROUNDS})` },
    { name: "seconds", value: "S", text: `length of one (default ${DEFAULT_SECONDS})` },
    ...STACK_FLAGS,
  ],
  notes: `
One client of the kernel measures both: the stack through its TUN, and Deno.listen over the loopback, which
is the kernel's best. "deno task bench" measures more, over veth, with the client's congestion control set.`,
  async run(list, terminal) {
    const args = new Arguments(benchCommand, list);
    mustHaveOperands(benchCommand, args.operands, 0);
    const rounds = args.wholeNumber("rounds", 1, 1000) ?? DEFAULT_ROUNDS;
    const milliseconds = 1000 * (args.seconds("seconds") ?? DEFAULT_SECONDS);
    await using net = await open(stackOptions(args));
    const listeners = { stack: ROWS.map(() => net.listen({ port: 0 })), kernel: kernelListeners() };
    ROWS.forEach(({ service }, index) => {
      void serve(listeners.stack[index], service);
      void serve(listeners.kernel[index] as ServiceListener, service);
    });
    const targets: Record<"stack" | "kernel", Target> = {
      stack: {
        hostname: net.addresses[0],
        ports: listeners.stack.map(({ addr }) => addr.port),
      },
      kernel: {
        hostname: "127.0.0.1",
        ports: listeners.kernel.map(({ addr }) => (addr as Deno.NetAddr).port),
      },
    };
    try {
      await measureAll(targets, rounds, milliseconds, terminal);
    } finally {
      for (const listener of listeners.kernel) listener.close();
    }
    return ExitCode.ok;
  },
};

function kernelListeners(): Deno.Listener[] {
  return ROWS.map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
}

async function measureAll(
  targets: Record<"stack" | "kernel", Target>,
  rounds: number,
  milliseconds: number,
  terminal: Terminal,
): Promise<void> {
  using client = new Client();
  using progress = showProgress(terminal, "measuring", 2 * rounds * ROWS.length);
  const found = ROWS.map(() => ({ stack: [] as number[], kernel: [] as number[] }));
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    for (const [index, { measure }] of ROWS.entries()) {
      for (const name of ["kernel", "stack"] as const) {
        const { hostname, ports } = targets[name];
        const task = { measure, hostname, port: ports[index], milliseconds };
        found[index][name].push(await client.run(task));
        progress.update(++done);
      }
    }
  }
  progress[Symbol.dispose]();
  terminal.line(terminal.paint("strong", rowText("measure", "woshou", "kernel", "ratio")));
  for (const [index, { title, text }] of ROWS.entries()) {
    const stack = median(found[index].stack);
    const kernel = median(found[index].kernel);
    const ratio = `${(stack / kernel).toFixed(2)}x`;
    terminal.line(rowText(title, text(stack), text(kernel), ratio));
  }
  const algorithm = congestionControl();
  const client_ = algorithm === null ? "" : `; the client's congestion control is ${algorithm}`;
  terminal.remark(`medians of ${rounds}; less is better for the echo${client_}`);
}

/** The thread of the client. */
class Client implements Disposable {
  readonly #worker = new Worker(new URL("./bench_client.ts", import.meta.url), { type: "module" });

  run(task: ClientTask): Promise<number> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`${task.hostname}: the client has not come to an end`)),
        task.milliseconds + PATIENCE_MS,
      );
      const settle = (how: () => void) => {
        clearTimeout(late);
        how();
      };
      this.#worker.onerror = (event) => {
        event.preventDefault();
        settle(() => reject(new Error(event.message)));
      };
      this.#worker.onmessage = ({ data }: MessageEvent<ClientReport>) =>
        settle(() => "value" in data ? resolve(data.value) : reject(new Error(data.failure)));
      this.#worker.postMessage(task);
    });
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

function rowText(title: string, stack: string, kernel: string, ratio: string): string {
  return `${title.padEnd(24)} ${stack.padStart(14)} ${kernel.padStart(14)} ${ratio.padStart(8)}`;
}

function rateText(bytesPerSecond: number): string {
  return `${(8 * bytesPerSecond / 1e9).toFixed(2)} Gbit/s`;
}

function timeText(us: number): string {
  return `${us.toFixed(1)} us`;
}

/** The middle of the values, of an even number the upper one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** What the kernel's client uses, which decides much of what is measured. */
function congestionControl(): string | null {
  try {
    return Deno.readTextFileSync("/proc/sys/net/ipv4/tcp_congestion_control").trim();
  } catch {
    return null;
  }
}
