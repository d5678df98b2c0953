/** What tcpdump says of packets that a test has made. */

import { be16, be32 } from "./frames.ts";

/** A capture file of raw IP packets (pcap, link type 101), which were as long as `lengths` says. */
function pcap(packets: readonly Uint8Array[], lengths: readonly number[]): Uint8Array {
  const header = [...be32(0xa1b2c3d4), ...be16(2), ...be16(4), ...be32(0), ...be32(0)];
  const bytes = [...header, ...be32(65535), ...be32(101)];
  packets.forEach((packet, index) => {
    bytes.push(...be32(0), ...be32(0), ...be32(packet.length), ...be32(lengths[index]), ...packet);
  });
  return Uint8Array.from(bytes);
}

/**
 * What `tcpdump` prints for these packets. As root it becomes another user before it reads, which it may not
 * in a user namespace: in a further one, where it is not root, it does not try. `lengths` are those of packets that are cut.
 */
export async function tcpdumpLines(
  packets: readonly Uint8Array[],
  lengths: readonly number[] = packets.map(({ length }) => length),
): Promise<string[]> {
  const process = new Deno.Command("unshare", {
    args: ["-U", "tcpdump", "-n", "-t", "-r", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = process.output();
  const stdin = process.stdin.getWriter();
  await stdin.write(pcap(packets, lengths));
  await stdin.close();
  return new TextDecoder().decode((await output).stdout).trimEnd().split("\n");
}
