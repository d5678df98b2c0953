/**
 * A bad network between two programs on the kernel: what connects to the stack is carried to a target, and everything
 * between the client and the stack is lost, delayed, reordered, corrupted as told, in both directions:
 *
 * ```sh
 * deno run --allow-ffi --allow-net examples/chaos_proxy.ts --to 127.0.0.1:8000 --loss 0.02 --delay 40 --rate 8
 * curl http://10.7.0.2:8000/
 * ```
 *
 * It shows how a program fares on such a link without a change to the program, to the kernel, or to its routes.
 *
 * @module
 */

import {
  impair,
  type ImpairedDevice,
  type Impairment,
  open,
  parseCidr,
  systemClock,
  systemRandom,
  TunDevice,
} from "../mod.ts";
import {
  hostPort,
  number,
  readFlags,
  runExample,
  STACK_HELP,
  stackOptions,
  text,
} from "./support/flags.ts";
import { forwardPort } from "./port_forward.ts";

const HELP = `chaos_proxy: a bad network before a server on the kernel

usage: deno run --allow-ffi --allow-net examples/chaos_proxy.ts --to HOST:PORT [options]

  --to HOST:PORT      where connections are carried
  --port N            the port of the stack (default: that of the target)
  --loss P            probability that a packet is lost, 0 to 1, each way
  --delay MS          time that each packet takes, each way
  --jitter MS         random time on top
  --reorder P         probability that a packet is held up
  --duplicate P       probability that it comes twice
  --corrupt P         probability that a bit is flipped
  --rate MBITS        megabits a second that the link carries
${STACK_HELP}`;

/** Puts a bad link before a TUN interface, which it opens and gives the kernel's addresses. */
export function badTun(
  name: string,
  hostAddress: readonly string[],
  bad: Impairment,
): ImpairedDevice {
  // Without offload, because a link loses packets of its MTU, not the kernel's super-segments.
  const tun = TunDevice.open({ name, offload: false });
  try {
    tun.configure({ hostAddress: hostAddress.map((text) => parseCidr(text, "--host")) });
    const sources = { clock: systemClock, random: systemRandom };
    return impair(tun, { send: bad, receive: bad }, sources);
  } catch (error) {
    tun.close();
    throw error;
  }
}

if (import.meta.main) {
  await runExample(HELP, async (args, stopped) => {
    const odds = ["loss", "reorder", "duplicate", "corrupt"];
    const flags = readFlags(args, { string: ["to", "port", "delay", "jitter", "rate", ...odds] });
    const target = text(flags, "to");
    if (target === undefined) throw new Error("give --to HOST:PORT");
    const to = hostPort(target, "--to");
    const [loss, reorder, duplicate, corrupt] = odds.map((name) => number(flags, name) ?? 0);
    const rate = number(flags, "rate");
    const bad: Impairment = {
      ...{ loss, reorder, duplicate, corrupt },
      delayUs: 1000 * (number(flags, "delay") ?? 0),
      jitterUs: 1000 * (number(flags, "jitter") ?? 0),
      ...rate === undefined ? {} : { rateBitsPerSecond: 1e6 * rate },
    };
    const { device: name, address, hostAddress } = stackOptions(flags);
    const device = badTun(name as string, hostAddress as string[], bad);
    await using net = await open({ device, address });
    const port = number(flags, "port") ?? to.port;
    forwardPort(net, { port, to });
    console.log(`${net.addresses.join(", ")} port ${port} leads to ${target} over a bad link`);
    await stopped;
    const { send, receive } = device.stats();
    console.log(`lost ${send?.lost ?? 0} there and ${receive?.lost ?? 0} back`);
  });
}
