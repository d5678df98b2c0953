import { output, Server } from "./process.ts";

/** A server that is up, and how the client gets there. */
export interface Running {
  readonly server: Server;
  /** The server's address. */
  readonly host: string;
  /** The client's interface towards it. */
  readonly device: string;
  /** The first three bytes of the client's addresses, as text; .128 to .254 are free to bind to. */
  readonly network: string;
}

/** What is measured. Its number gives it networks and interfaces of its own. */
export interface Target {
  readonly name: string;
  readonly title: string;
  /** Which goals hold for it; `kernel` is what the others are compared with. */
  readonly shape: "kernel" | "split" | "fused";
  readonly offload: boolean;
  start(): Promise<Running>;
}

/** How targets are started. */
export interface TargetOptions {
  /** The command of woshou's server; flags are appended. */
  readonly serverCommand: readonly string[];
  /** MTU of every link, in bytes. */
  readonly mtu: number;
}

const DEFAULT_MTU = 1500;

/** All targets, in the order of the table. The first is what the others are compared with. */
export function allTargets(options: TargetOptions): Target[] {
  const kernel = (name: string, title: string, index: number): Target => ({
    name,
    title,
    shape: "kernel",
    offload: true,
    start: () => startTwin(index, options),
  });
  const woshou = (shape: "split" | "fused", offload: boolean, index: number): Target => ({
    name: offload ? shape : `${shape}-no-offload`,
    title: `woshou ${shape}${offload ? "" : ", no offload"}`,
    shape,
    offload,
    start: () => startWoshou(shape, offload, index, options),
  });
  return [
    kernel("kernel", "kernel", 0),
    woshou("split", true, 1),
    woshou("fused", true, 2),
    woshou("split", false, 3),
    woshou("fused", false, 4),
    kernel("kernel-again", "kernel again", 5),
  ];
}

/** The kernel's twin, in a namespace of its own behind a veth pair. */
async function startTwin(index: number, options: TargetOptions): Promise<Running> {
  const network = `10.6.${index}`;
  const device = `twin${index}`;
  const peer = `twinpeer${index}`;
  const twin = new URL("./twin.ts", import.meta.url).pathname;
  const server = await Server.start(["unshare", "--net", Deno.execPath(), "run", "-A", twin]);
  const pid = String(server.pid);
  const mtu = String(options.mtu);
  const ip = (...args: string[]) => output(["ip", ...args]);
  const inTwin = (...args: string[]) =>
    output(["nsenter", "--net", "--target", pid, "ip", ...args]);
  await ip("link", "add", device, "mtu", mtu, "type", "veth", "peer", "name", peer, "mtu", mtu);
  await ip("link", "set", peer, "netns", pid);
  await ip("address", "add", `${network}.1/24`, "dev", device);
  await ip("link", "set", device, "up");
  await inTwin("address", "add", `${network}.2/24`, "dev", peer);
  await inTwin("link", "set", peer, "up");
  await allowSources(network);
  return { server, host: `${network}.2`, device, network };
}

/** woshou's server on a TUN in the client's namespace. */
async function startWoshou(
  shape: string,
  offload: boolean,
  index: number,
  options: TargetOptions,
): Promise<Running> {
  const network = `10.7.${index}`;
  const device = `bench${index}`;
  const flags = ["--device", device, "--address", `${network}.2/24`, "--host", `${network}.1/24`];
  flags.push("--pipeline", shape);
  if (!offload) flags.push("--no-offload");
  if (options.mtu !== DEFAULT_MTU) flags.push("--mtu", String(options.mtu));
  const server = await Server.start([...options.serverCommand, ...flags]);
  await allowSources(network);
  return { server, host: `${network}.2`, device, network };
}

/** Makes the upper half of a network the client's own, without an entry for each address. */
async function allowSources(network: string): Promise<void> {
  await output(["ip", "route", "replace", "local", `${network}.128/25`, "dev", "lo"]);
}
