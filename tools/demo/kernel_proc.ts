/** What the kernel itself says of its connections, in the network namespace of this process. */

/** Names of RFC 9293 for the kernel's numbers, `enum` in include/net/tcp_states.h, from 1. */
const KERNEL_STATES: readonly string[] = [
  "ESTABLISHED",
  "SYN-SENT",
  "SYN-RECEIVED",
  "FIN-WAIT-1",
  "FIN-WAIT-2",
  "TIME-WAIT",
  "CLOSED",
  "CLOSE-WAIT",
  "LAST-ACK",
  "LISTEN",
  "CLOSING",
];

/** The state in which the text of /proc/net/tcp has the connection from `localPort`, or null. */
export function stateInProc(text: string, localPort: number): string | null {
  for (const line of text.split("\n").slice(1)) {
    const [, local, , state] = line.trim().split(/\s+/);
    if (local === undefined || parseInt(local.split(":")[1], 16) !== localPort) continue;
    return KERNEL_STATES[parseInt(state, 16) - 1] ?? null;
  }
  return null;
}

/** One number of the text of /proc/net/snmp, such as `RetransSegs` of `Tcp`, or null. */
export function numberInSnmp(text: string, protocol: string, name: string): number | null {
  const [names, values] = text.split("\n").filter((line) => line.startsWith(`${protocol}: `))
    .map((line) => line.split(" "));
  const value = values?.[names.indexOf(name)];
  return value === undefined ? null : Number(value);
}

/** The kernel's state of its connection from `localPort`; null where it does not say. */
export function kernelState(localPort: number): string | null {
  const text = readOrNull("/proc/net/tcp");
  return text === null ? null : stateInProc(text, localPort);
}

/** Segments that the kernel has sent again in this namespace; null where it does not say. */
export function kernelRetransmissions(): number | null {
  const text = readOrNull("/proc/net/snmp");
  return text === null ? null : numberInSnmp(text, "Tcp", "RetransSegs");
}

/** These are remarks: where they cannot be read the demonstration goes on without. */
function readOrNull(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}
