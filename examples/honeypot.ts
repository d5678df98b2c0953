/**
 * A honeypot and tarpit for a whole subnet: every address and every port of it seems to be open, says a byte now and
 * then, and keeps who came for as long as it stays. A line of JSON tells of each visit when it is over:
 *
 * ```sh
 * deno run --allow-ffi examples/honeypot.ts --subnet 192.0.2.0/24 --log-first 64
 * ip route add 192.0.2.0/24 dev woshou0
 * ```
 *
 * @module
 */

import { type Forwarder, open, type Stack, type TcpFlow } from "../mod.ts";
import { number, readFlags, runExample, STACK_HELP, stackOptions } from "./support/flags.ts";

const HELP = `honeypot: every address and port of a subnet is open, slow, and watched

usage: deno run --allow-ffi examples/honeypot.ts --subnet CIDR [options]

  --subnet CIDR       the network that is played (may be repeated)
  --banner TEXT       what is said, a byte at a time, again and again (default "SSH-2.0-OpenSSH_9.6\\r\\n")
  --every SECONDS     time between two bytes (default 10)
  --most N            visits at once; more are not answered (default 4096)
  --first N           bytes of what a visitor says that are told (default 64)
${STACK_HELP}`;

/** How the honeypot is to be. */
export interface HoneypotOptions {
  readonly subnets: readonly string[];
  readonly banner?: string;
  readonly everyMs?: number;
  readonly most?: number;
  readonly firstBytes?: number;
}

/** What is known of a visit when it is over. */
export interface Visit {
  readonly from: string;
  readonly to: string;
  readonly seconds: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The beginning of what the visitor has said. */
  readonly first: string;
}

const DEFAULT_BANNER = "SSH-2.0-OpenSSH_9.6\r\n";

/** Plays a subnet until it is closed. */
export function honeypot(
  net: Stack,
  options: HoneypotOptions,
  onVisit: (visit: Visit) => void,
): Forwarder {
  const { most = 4096 } = options;
  let visits = 0;
  const handler = async (flow: TcpFlow) => {
    if (visits >= most) return flow.drop();
    visits++;
    try {
      onVisit(await entertain(flow, options));
    } catch {
      // A scanner that leaves in the handshake was no visitor.
    } finally {
      visits--;
    }
  };
  return net.forward({ transport: "tcp", filter: { prefixes: options.subnets } }, handler);
}

async function entertain(flow: TcpFlow, options: HoneypotOptions): Promise<Visit> {
  const { banner = DEFAULT_BANNER, everyMs = 10_000, firstBytes = 64 } = options;
  using conn = await flow.accept();
  const startedMs = performance.now();
  const words = new TextEncoder().encode(banner);
  let bytesOut = 0;
  const speak = async () => {
    await conn.write(words.subarray(bytesOut % words.length, bytesOut % words.length + 1));
    bytesOut++;
  };
  const timer = setInterval(() => speak().catch(() => clearInterval(timer)), everyMs);
  const first = new Uint8Array(firstBytes);
  const buffer = new Uint8Array(2048);
  let bytesIn = 0;
  try {
    for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
      const room = Math.max(0, firstBytes - bytesIn);
      first.set(buffer.subarray(0, Math.min(count, room)), Math.min(bytesIn, firstBytes));
      bytesIn += count;
    }
  } catch {
    // A visitor that leaves with a reset has been here too.
  } finally {
    clearInterval(timer);
  }
  return {
    from: `${flow.remoteAddr.hostname}:${flow.remoteAddr.port}`,
    to: `${flow.localAddr.hostname}:${flow.localAddr.port}`,
    seconds: Math.round(performance.now() - startedMs) / 1000,
    bytesIn,
    bytesOut,
    first: new TextDecoder("latin1").decode(first.subarray(0, Math.min(bytesIn, firstBytes))),
  };
}

if (import.meta.main) {
  await runExample(HELP, async (args, stopped) => {
    const flags = readFlags(args, {
      string: ["subnet", "banner", "every", "most", "first"],
      collect: ["subnet"],
    });
    const subnets = flags.subnet as string[];
    if (subnets.length === 0) throw new Error("give --subnet CIDR");
    await using net = await open(stackOptions(flags));
    const options: HoneypotOptions = {
      subnets,
      banner: flags.banner as string | undefined,
      everyMs: 1000 * (number(flags, "every") ?? 10),
      most: number(flags, "most"),
      firstBytes: number(flags, "first"),
    };
    honeypot(net, options, (visit) => console.log(JSON.stringify(visit)));
    console.error(`playing ${subnets.join(", ")}`);
    console.log(JSON.stringify({ playing: subnets }));
    await stopped;
  });
}
