/**
 * The runnable server: `deno run --allow-ffi server.ts`. Echo on port 7, discard on 9, chargen on 19 and
 * a page that lists the live connections on 80. `--help` tells the rest.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import {
  type CongestionName,
  DEFAULT_DEVICE,
  open,
  type OpenOptions,
  type PipelineShape,
  type Stack,
} from "./mod.ts";
import { VERSION } from "./src/base/version.ts";
import { chargen } from "./src/services/chargen.ts";
import { type DatagramService, discardDatagrams, echoDatagrams } from "./src/services/datagram.ts";
import { discard } from "./src/services/discard.ts";
import { echo } from "./src/services/echo.ts";
import { httpService } from "./src/services/http.ts";
import { serve, type Service } from "./src/services/service.ts";
import { statusPage } from "./src/services/status_page.ts";
import { TRACE_STYLES, TraceLines, type TraceStyle } from "./src/trace/lines.ts";

const HELP = `woshou ${VERSION}: a TCP server on a TUN interface, in user space

usage: deno run --allow-ffi server.ts [options]

  --device NAME       TUN interface, opened or created (default ${DEFAULT_DEVICE})
  --address CIDR      the stack's own address (default 10.7.0.2/24; may be repeated, IPv6 too)
  --host CIDR         the kernel's address on the interface (default 10.7.0.1/24; may be repeated)
  --mtu N             largest IP packet, 576 (IPv6: 1280) to 65535 (default: the interface's)
  --pipeline SHAPE    split, fused or inline (default split)
  --queues N          TUN queues, each with a pipeline of its own (default 1)
  --no-offload        without segmentation and checksum offload
  --congestion NAME   cubic, newreno, bbr or none (default cubic)
  --trace[=STYLE]     print every segment: modern (as tcpdump does), classic, or states
  --help              this text
  --version           the version

Services: echo 7, discard 9, chargen 19 (RFC 862, 863, 864), http 80; echo and discard over UDP too.
It needs CAP_NET_ADMIN, or a persistent interface of your own:
  sudo ip tuntap add dev ${DEFAULT_DEVICE} mode tun user $USER
  sudo ip addr add 10.7.0.1/24 dev ${DEFAULT_DEVICE} && sudo ip link set ${DEFAULT_DEVICE} up
`;

const DEFAULT_ADDRESS = "10.7.0.2/24";
const DEFAULT_HOST = "10.7.0.1/24";

/** The services, in the order of their ports. */
const SERVICES: readonly { name: string; port: number; service: (net: Stack) => Service }[] = [
  { name: "echo", port: 7, service: () => echo },
  { name: "discard", port: 9, service: () => discard },
  { name: "chargen", port: 19, service: () => chargen },
  { name: "http", port: 80, service: (net) => httpService(statusPage(() => net)) },
];

/** The same over UDP; chargen is not among them, because it answers a forged source with more than was sent. */
const DATAGRAM_SERVICES: readonly { port: number; service: DatagramService }[] = [
  { port: 7, service: echoDatagrams },
  { port: 9, service: discardDatagrams },
];

/** What the command line asks for. */
type Request = { help: true } | { version: true } | { options: OpenOptions };

/** Reads the command line. Throws an `Error` whose message is the one line to show. */
export function parseCommandLine(args: readonly string[]): Request {
  const flags = parseArgs(args, {
    string: ["device", "address", "host", "mtu", "pipeline", "queues", "congestion", "trace"],
    boolean: ["help", "version", "offload"],
    negatable: ["offload"],
    collect: ["address", "host"],
    default: { offload: true },
    unknown: (arg) => {
      throw new Error(`unknown argument "${arg}"; --help tells what there is`);
    },
  });
  if (flags.help) return { help: true };
  if (flags.version) return { version: true };
  const text = (name: string): string | undefined => {
    const value = flags[name];
    if (value === "") throw new Error(`--${name} needs a value`);
    return value as string | undefined;
  };
  const list = (name: string, otherwise: string): string[] => {
    const values = flags[name] as string[];
    if (values.includes("")) throw new Error(`--${name} needs a value`);
    return values.length > 0 ? values : [otherwise];
  };
  const options: OpenOptions = {
    device: text("device") ?? DEFAULT_DEVICE,
    address: list("address", DEFAULT_ADDRESS),
    hostAddress: list("host", DEFAULT_HOST),
    mtu: wholeNumber("mtu", text("mtu")),
    pipeline: text("pipeline") as PipelineShape | undefined,
    queues: wholeNumber("queues", text("queues")),
    offload: flags.offload as boolean,
    tcp: { congestion: text("congestion") as CongestionName | undefined },
  };
  const style = traceStyle(flags.trace as string | undefined);
  if (style !== null) {
    const lines = new TraceLines(style);
    options.trace = (record) => {
      const line = lines.line(record);
      if (line !== null) console.log(line);
    };
  }
  return { options };
}

function wholeNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value)) throw new Error(`--${name} ${value}: not a whole number`);
  return Number(value);
}

function traceStyle(value: string | undefined): TraceStyle | null {
  if (value === undefined) return null;
  if (value === "") return "modern";
  if (!TRACE_STYLES.includes(value as TraceStyle)) {
    throw new Error(`--trace=${value}: there are ${TRACE_STYLES.join(", ")}`);
  }
  return value as TraceStyle;
}

/** Opens the stack and serves until a signal comes or the stack fails. */
async function run(options: OpenOptions): Promise<void> {
  const net = await open(options);
  const stop = () => void net.close();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
  // Dual only where there is something to be dual for: IPv4 peers are then shown in mapped form.
  const hostname = net.addresses.some((address) => address.includes(":")) ? "::" : "0.0.0.0";
  const running = SERVICES.map(({ port, service }) =>
    serve(net.listen({ hostname, port }), service(net))
  );
  const sockets = DATAGRAM_SERVICES.map(({ port, service }) =>
    service(net.listenDatagram({ transport: "udp", hostname, port }))
  );
  const names = SERVICES.map(({ name, port }) => `${name} ${port}`).join(", ");
  console.log(
    `listening on ${net.addresses.join(", ")}: ${names} ` +
      `(tun ${options.device}, ${options.pipeline ?? "split"})`,
  );
  await net.closed;
  await Promise.all([...running, ...sockets]);
}

/** One line for a person: what went wrong, without a stack trace. */
function explain(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error && error.cause instanceof Error
    ? ` (${error.cause.message})`
    : "";
  return `woshou: ${text.replaceAll("\n", " ")}${cause}`;
}

if (import.meta.main) {
  try {
    const request = parseCommandLine(Deno.args);
    if ("help" in request) console.log(HELP.trimEnd());
    else if ("version" in request) console.log(`woshou ${VERSION}`);
    else await run(request.options);
    Deno.exit(0);
  } catch (error) {
    console.error(explain(error));
    Deno.exit(1);
  }
}
