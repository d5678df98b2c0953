/** `woshou ping HOST`: echo requests of the stack, and the time that answers take. */

import { open } from "../net/open.ts";
import type { Stack } from "../net/stack.ts";
import { Arguments, type Command, ExitCode, mustHaveOperands } from "./command.ts";
import { resolved } from "./connect.ts";
import { STACK_FLAGS, stackOptions } from "./stack_flags.ts";
import type { Terminal } from "./terminal.ts";

/** What the command needs of a stack. */
export type Pinger = Pick<Stack, "ping">;

/** How a run of pings went. */
export interface PingOptions {
  readonly address: string;
  readonly count: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

const DEFAULT_COUNT = 4;
const DEFAULT_SECONDS = 1;

/** Sends echo requests. */
export const pingCommand: Command = {
  name: "ping",
  summary: "send ICMP echo requests from the stack",
  operands: "HOST",
  flags: [
    { name: "count", letter: "c", value: "N", text: `how many (default ${DEFAULT_COUNT})` },
    { name: "interval", letter: "i", value: "S", text: "seconds between them (default 1)" },
    { name: "timeout", letter: "w", value: "S", text: "how long an answer may take (default 1)" },
    ...STACK_FLAGS,
  ],
  notes: "The exit status is 1 when no answer came at all.",
  async run(list, terminal) {
    const args = new Arguments(pingCommand, list);
    mustHaveOperands(pingCommand, args.operands, 1);
    const seconds = (name: string) => 1000 * (args.seconds(name) ?? DEFAULT_SECONDS);
    const options: PingOptions = {
      address: await resolved(args.operands[0]),
      count: args.wholeNumber("count", 1) ?? DEFAULT_COUNT,
      intervalMs: seconds("interval"),
      timeoutMs: seconds("timeout"),
    };
    await using net = await open(stackOptions(args));
    return await pingAll(net, options, terminal);
  },
};

/** Sends all of them and prints what came back, as ping(8) does. */
export async function pingAll(
  pinger: Pinger,
  options: PingOptions,
  terminal: Terminal,
): Promise<number> {
  const { address, count, intervalMs, timeoutMs } = options;
  const times: number[] = [];
  for (let number = 1; number <= count; number++) {
    const pause = new Promise((resolve) => setTimeout(resolve, intervalMs));
    try {
      const reply = await pinger.ping(address, { timeout: timeoutMs });
      const { size, hopLimit, rtt } = reply;
      times.push(rtt);
      const time = rtt.toFixed(3);
      terminal.line(
        `${size} bytes from ${reply.address}: seq=${number} ttl=${hopLimit} time=${time} ms`,
      );
    } catch (error) {
      terminal.line(terminal.paint("bad", `no answer: seq=${number} (${messageOf(error)})`));
    }
    if (number < count) await pause;
  }
  const lost = Math.round(100 * (count - times.length) / count);
  terminal.line(`${count} sent, ${times.length} received, ${lost} % lost`);
  if (times.length === 0) return ExitCode.failed;
  const average = times.reduce((sum, time) => sum + time, 0) / times.length;
  const shown = [Math.min(...times), average, Math.max(...times)].map((time) => time.toFixed(3));
  terminal.line(`rtt min/avg/max = ${shown.join("/")} ms`);
  return ExitCode.ok;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
