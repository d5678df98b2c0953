/** What the client does to a server, and what is read from it. The client and the runner share this. */

/** What one run of the client gives. Times in seconds, latencies in microseconds. */
export interface Sample {
  readonly seconds: number;
  /** Payload bytes that reached the other application. */
  readonly bytes: number;
  /** Messages echoed, or connections made and closed. */
  readonly messages: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** User and system time of the server, all threads; of the client. */
  readonly serverCpuSeconds: number;
  readonly clientCpuSeconds: number;
  /** User time of all other processes of the machine, by the time of the load: 1 is one core. */
  readonly othersShare: number;
  /** Frames that the client's interface gave to the server, and took from it. */
  readonly framesIn: number;
  readonly framesOut: number;
}

/** Other processes that use more of a core than this disturb a measurement. */
const OTHERS_SHARE_MAX = 0.1;

/** Whether other work on the machine makes a sample worth little. */
export function isDisturbed(sample: Sample): boolean {
  return sample.othersShare > OTHERS_SHARE_MAX;
}

export type LoadKind =
  | "bulk-in"
  | "bulk-out"
  | "ping-pong"
  | "echo-many"
  | "connect"
  | "udp-in"
  | "udp-echo";

/**
 * Which cores the two sides run on. `free`: both anywhere. `one core`: both on core 0. `two cores`: the
 * client on core 0, the server with all its threads on core 1.
 */
export type Placement = "free" | "one core" | "two cores";

export interface Load {
  readonly name: string;
  readonly title: string;
  readonly kind: LoadKind;
  readonly connections: number;
  /**
   * With several, each is measured, and a target's result is that of the one that is best for it: what
   * keeps two threads apart helps the kernel's twin, what lets four run anywhere helps woshou's server.
   */
  readonly placements: readonly Placement[];
  /** `frames`: for a server without offload, on one core, where every frame is one of the MTU. */
  readonly shows: "rates" | "frames";
}

const either: readonly Placement[] = ["two cores", "free"];

/** The loads of PERFORMANCE.md, in the order of its table. */
export const loads: readonly Load[] = [
  load("bulk-in-1", "bulk in, 1 connection", "bulk-in", 1, either),
  load("bulk-in-8", "bulk in, 8 connections", "bulk-in", 8, either),
  load("bulk-out-1", "bulk out, 1 connection", "bulk-out", 1, either),
  load("bulk-out-8", "bulk out, 8 connections", "bulk-out", 8, either),
  load("echo-one-core", "echo 64 B, 1 connection, one core", "ping-pong", 1, ["one core"]),
  load("echo-two-cores", "echo 64 B, 1 connection, two cores", "ping-pong", 1, ["two cores"]),
  load("echo-free", "echo 64 B, 1 connection, free", "ping-pong", 1, ["free"]),
  load("echo-64", "echo 64 B, 64 connections", "echo-many", 64, either),
  load("connections", "connections, 32 at a time", "connect", 32, either),
  load("udp-in", "UDP in, 64 B", "udp-in", 1, either),
  load("udp-echo", "UDP echo, 64 B, 64 on the way", "udp-echo", 1, either),
  load("frames-in-1", "frames in, server on one core", "bulk-in", 1, ["two cores"], "frames"),
  load("frames-out-1", "frames out, server on one core", "bulk-out", 1, ["two cores"], "frames"),
];

function load(
  name: string,
  title: string,
  kind: LoadKind,
  connections: number,
  placements: readonly Placement[],
  shows: "rates" | "frames" = "rates",
): Load {
  return { name, title, kind, connections, placements, shows };
}

export const ECHO_PORT = 7;
export const DISCARD_PORT = 9;
export const CHARGEN_PORT = 19;
