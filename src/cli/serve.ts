/** `woshou serve`, which is also `server.ts`: the services on a stack until a signal comes. */

import { VERSION } from "../base/version.ts";
import { DEFAULT_DEVICE, open } from "../net/open.ts";
import type { OpenOptions } from "../net/options.ts";
import { TRACE_STYLES, TraceLines } from "../trace/lines.ts";
import { Arguments, type Command, ExitCode, mustHaveOperands } from "./command.ts";
import { serveUntilClosed } from "./session.ts";
import { STACK_FLAGS, stackOptions } from "./stack_flags.ts";
import type { Terminal } from "./terminal.ts";

/** The command. */
export const serveCommand: Command = {
  name: "serve",
  summary: "run echo, discard, chargen and a page that shows the connections",
  operands: "",
  flags: [
    ...STACK_FLAGS,
    { name: "queues", value: "N", text: "TUN queues, each with a pipeline of its own (default 1)" },
    {
      name: "trace",
      value: "STYLE",
      isValueOptional: true,
      text: "print every segment: modern (as tcpdump does), classic, or states",
      choices: TRACE_STYLES,
    },
    { name: "version", text: "the version" },
  ],
  notes: `
Services: echo 7, discard 9, chargen 19 (RFC 862, 863, 864), http 80; echo and discard over UDP too.
It needs CAP_NET_ADMIN, or a persistent interface of your own:
  sudo ip tuntap add dev ${DEFAULT_DEVICE} mode tun user $USER
  sudo ip addr add 10.7.0.1/24 dev ${DEFAULT_DEVICE} && sudo ip link set ${DEFAULT_DEVICE} up`,
  async run(list, terminal) {
    const args = new Arguments(serveCommand, list);
    mustHaveOperands(serveCommand, args.operands, 0);
    if (args.has("version")) terminal.line(`woshou ${VERSION}`);
    else await serve(serveOptions(args, terminal), terminal);
    return ExitCode.ok;
  },
};

type ServeOptions = OpenOptions & { device: string };

/** The options of `open` that the command line asks for. */
export function serveOptions(args: Arguments, terminal: Pick<Terminal, "line">): ServeOptions {
  const options: ServeOptions = { ...stackOptions(args), queues: args.wholeNumber("queues") };
  const style = args.choice("trace", TRACE_STYLES, "modern");
  if (style !== undefined) {
    const lines = new TraceLines(style);
    options.trace = (record) => {
      const line = lines.line(record);
      if (line !== null) terminal.line(line);
    };
  }
  return options;
}

/** Opens the stack and serves until a signal comes or the stack fails. */
async function serve(options: ServeOptions, terminal: Terminal): Promise<void> {
  const net = await open(options);
  const device = `tun ${options.device}, ${options.pipeline ?? "split"}`;
  await serveUntilClosed(net, (text) => {
    terminal.line(`listening on ${net.addresses.join(", ")}: ${text} (${device})`);
  });
}
