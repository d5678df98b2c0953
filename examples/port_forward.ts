/**
 * A port forwarder in both directions between the stack's network and that of the kernel:
 *
 * ```sh
 * deno run --allow-ffi --allow-net examples/port_forward.ts --forward 8080:192.0.2.1:80 --reverse 2222:10.7.0.1:22
 * curl http://10.7.0.2:8080/        # port 8080 of the stack leads to 192.0.2.1:80, by the kernel's routes
 * ssh -p 2222 127.0.0.1             # port 2222 of the kernel leads to 10.7.0.1:22, through the stack
 * ```
 *
 * @module
 */

import { type Listener, open, type Stack } from "../mod.ts";
import { hostPort, readFlags, runExample, STACK_HELP, stackOptions } from "./support/flags.ts";
import { relay, type Relayed, reset } from "./support/relay.ts";

const HELP =
  `port_forward: carries connections from ports of the stack, and from ports of the kernel

usage: deno run --allow-ffi --allow-net examples/port_forward.ts [options]

  --forward PORT:HOST:PORT   a port of the stack leads to a host of the kernel's network (may be repeated)
  --reverse PORT:HOST:PORT   a port of 127.0.0.1 leads to a host of the stack's network (may be repeated)
${STACK_HELP}`;

/** A port, and where it leads. */
export interface Route {
  readonly port: number;
  readonly to: { readonly hostname: string; readonly port: number };
}

/** Connections to a port of the stack go out by the kernel. */
export function forwardPort(net: Stack, { port, to }: Route): Listener {
  const listener = net.listen({ port, hostname: "::" });
  carryAll(listener, () => Deno.connect(to));
  return listener;
}

/** Connections to a port of the kernel go out by the stack. */
export function reversePort(net: Stack, { port, to }: Route): Deno.TcpListener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  carryAll(listener, () => net.connect(to));
  return listener;
}

async function carryAll(
  listener: AsyncIterable<Relayed>,
  connect: () => Promise<Relayed>,
): Promise<void> {
  for await (const near of listener) {
    // Nobody is told here why a connection does not come about, but whoever wanted it hears that it did not.
    connect().then((far) => relay(near, far), () => reset(near));
  }
}

/** Reads `PORT:HOST:PORT`. */
export function parseRoute(value: string, flag: string): Route {
  const colon = value.indexOf(":");
  const port = Number(value.slice(0, colon));
  if (colon < 1 || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`${flag}: "${value}" is not PORT:HOST:PORT`);
  }
  return { port, to: hostPort(value.slice(colon + 1), flag) };
}

if (import.meta.main) {
  await runExample(HELP, async (args, stopped) => {
    const names = ["forward", "reverse"];
    const flags = readFlags(args, { string: names, collect: names });
    const [forward, reverse] = names.map((name) =>
      (flags[name] as string[]).map((value) => parseRoute(value, `--${name}`))
    );
    if (forward.length + reverse.length === 0) throw new Error("give --forward or --reverse");
    await using net = await open(stackOptions(flags));
    for (const route of forward) forwardPort(net, route);
    for (const route of reverse) reversePort(net, route);
    console.log(
      `forwarding ${forward.length} ports of ${net.addresses.join(", ")} and ` +
        `${reverse.length} of 127.0.0.1`,
    );
    await stopped;
  });
}
