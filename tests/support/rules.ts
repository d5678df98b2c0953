/** Filter rules of the kernel in the namespace of the run, by nft. */

import { runWell } from "./process.ts";

/** Adds `chain` to the filter for as long as `during` takes. */
export async function withRules(chain: string, during: () => Promise<void>): Promise<void> {
  await runWell("nft", ["-f", "-"], { input: `table ip woshou {\n${chain}\n}\n` });
  try {
    await during();
  } finally {
    await runWell("nft", ["delete", "table", "ip", "woshou"]);
  }
}

/** Lets the kernel of the namespace forward, and tell of every packet that it cannot. */
export function becomeRouter(): void {
  Deno.writeTextFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  Deno.writeTextFileSync("/proc/sys/net/ipv4/icmp_ratelimit", "0");
  Deno.writeTextFileSync("/proc/sys/net/ipv4/icmp_msgs_per_sec", "1000");
  Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/all/forwarding", "1");
  Deno.writeTextFileSync("/proc/sys/net/ipv6/icmp/ratelimit", "0");
}
