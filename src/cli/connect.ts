/** `woshou connect HOST PORT`: stdin and stdout over a connection of the stack, as netcat does it. */

import { parseAddress } from "../base/address.ts";
import type { TcpConn } from "../net/conn.ts";
import { open } from "../net/open.ts";
import type { OpenOptions } from "../net/options.ts";
import type { Stack } from "../net/stack.ts";
import { TraceLines } from "../trace/lines.ts";
import {
  Arguments,
  type Command,
  ExitCode,
  mustHaveOperands,
  portNumber,
  UsageError,
} from "./command.ts";
import { STACK_FLAGS, stackOptions } from "./stack_flags.ts";

const BUFFER_BYTES = 65_536;

/** Reads stdin to its end, sends it, and prints what comes until the other end closes. */
export const connectCommand: Command = {
  name: "connect",
  summary: "connect stdin and stdout to a port, over the stack",
  operands: "HOST PORT",
  flags: [
    {
      name: "listen",
      letter: "l",
      text: "wait for one connection to PORT instead; HOST is left out",
    },
    { name: "timeout", letter: "w", value: "S", text: "give up connecting after so many seconds" },
    { name: "verbose", letter: "v", text: "say on stderr what happens" },
    { name: "trace", text: "print every segment to stderr" },
    ...STACK_FLAGS,
  ],
  notes: `
The end of stdin closes the sending direction only; the command ends when the other end has closed
too. HOST is an address, or a name that the system resolves.`,
  async run(list, terminal) {
    const args = new Arguments(connectCommand, list);
    const isListening = args.has("listen");
    if (isListening && args.operands.length !== 1) {
      throw new UsageError("-l takes a port alone; usage: woshou connect -l PORT");
    }
    if (!isListening) mustHaveOperands(connectCommand, args.operands, 2);
    const port = portNumber(args.operands[args.operands.length - 1]);
    const hostname = isListening ? null : await resolved(args.operands[0]);
    const seconds = args.seconds("timeout");
    const options: OpenOptions = stackOptions(args);
    if (args.has("trace")) {
      const lines = new TraceLines("states");
      options.trace = (record) => {
        const line = lines.line(record);
        if (line !== null) terminal.remark(line);
      };
    }
    await using net = await open(options);
    const signal = seconds === undefined ? undefined : AbortSignal.timeout(seconds * 1000);
    const note = (text: string) => args.has("verbose") && terminal.remark(text);
    const connecting = hostname === null
      ? accepted(net, port, note, signal)
      : net.connect({ hostname, port, signal });
    const conn = await connecting.catch((error) => {
      throw signal?.aborted ? new Deno.errors.TimedOut(`no connection in ${seconds} s`) : error;
    });
    note(`connected: ${endText(conn.localAddr)} to ${endText(conn.remoteAddr)}`);
    await join(conn);
    note("closed");
    return ExitCode.ok;
  },
};

async function accepted(
  net: Stack,
  port: number,
  note: (text: string) => void,
  signal: AbortSignal | undefined,
): Promise<TcpConn> {
  const hostname = net.addresses.some((address) => address.includes(":")) ? "::" : "0.0.0.0";
  using listener = net.listen({ hostname, port });
  note(`listening on ${net.addresses.join(", ")} port ${port}`);
  const late = new Promise<never>((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return await Promise.race([listener.accept(), late]);
}

/** Copies both ways until both directions have ended; throws when one of them has failed. */
async function join(conn: TcpConn): Promise<void> {
  let failure: unknown = null;
  const sending = send(conn).catch((error) => failure = error);
  // A reset is told once, by the direction that hears of it first.
  await receive(conn);
  // Who sits at a terminal has no use for a connection that nobody answers on.
  if (!Deno.stdin.isTerminal()) await sending;
  try {
    conn.close();
  } catch {
    // Its end was noticed before.
  }
  if (failure !== null) throw failure;
}

async function send(conn: TcpConn): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (;;) {
    const count = await Deno.stdin.read(buffer);
    if (count === null) break;
    for (let done = 0; done < count;) done += await conn.write(buffer.subarray(done, count));
  }
  await conn.closeWrite();
}

async function receive(conn: TcpConn): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) return;
    for (let done = 0; done < count;) done += await Deno.stdout.write(buffer.subarray(done, count));
  }
}

/** The address of a name; the stack itself resolves none. */
export async function resolved(host: string): Promise<string> {
  if (host === "localhost" || parseAddress(host) !== null) return host;
  for (const kind of ["A", "AAAA"] as const) {
    try {
      const [first] = await Deno.resolveDns(host, kind);
      if (first !== undefined) return first;
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      // Asked for the other family, or told below.
    }
  }
  throw new Error(`${host}: no such address, and no name that resolves to one`);
}

function endText({ hostname, port }: Deno.NetAddr): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
