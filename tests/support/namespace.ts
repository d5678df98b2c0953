/**
 * Network namespaces for tests. `deno task test` puts the whole run into one of its own; tests that
 * need two hosts make a second one below it, joined to the first by a veth pair. Nothing here ever
 * touches a network that it did not make.
 *
 * ```text
 *   namespace of the run                     child namespace
 *   ┌───────────────────────────┐            ┌───────────────────────────┐
 *   │ near.device  near.address │ ── veth ── │ far.device   far.address  │
 *   └───────────────────────────┘            └───────────────────────────┘
 * ```
 */

import { HOST_NETNS_VARIABLE } from "../../tools/namespace.ts";

/** What the namespace of this process allows. */
export interface NamespaceInfo {
  /** Whether this is a namespace made for the run, so that nothing done to its network reaches the host. */
  readonly isolated: boolean;
  /** Whether devices may be made here: isolated, CAP_NET_ADMIN and a /dev/net/tun that opens. */
  readonly tun: boolean;
  /** Why `tun` is false, in words that say what would help; empty when it is true. */
  readonly reason: string;
}

/** What is known of a process's network; separated from its reading so that tests can make it up. */
export interface NamespaceFacts {
  /** The network namespace of the process, as /proc names it. */
  readonly netns: string;
  /** The namespace that `deno task test` left, or undefined. */
  readonly hostNetns: string | undefined;
  /** The names of the interfaces in this namespace. */
  readonly interfaces: readonly string[];
  /** Whether CAP_NET_ADMIN is effective. */
  readonly netAdmin: boolean;
  /** The message of the failure to open /dev/net/tun, or null when it opened. */
  readonly tunFailure: string | null;
}

const CAP_NET_ADMIN = 12;
const HEX_DIGIT_BITS = 4;

/** Whether a program of this name is on the search path, where system programs may also be in sbin. */
export function program(name: string): boolean {
  const path = Deno.env.get("PATH") ?? "";
  return [...path.split(":"), "/usr/sbin", "/sbin"].some((folder) => isFile(`${folder}/${name}`));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Decides from the facts. A namespace with no interface but `lo` reaches nothing, whoever made it. */
export function judgeNamespace(facts: NamespaceFacts): NamespaceInfo {
  const wasLeft = facts.hostNetns !== undefined && facts.hostNetns !== facts.netns;
  const isolated = wasLeft || facts.interfaces.every((name) => name === "lo");
  if (!isolated) {
    const reason = "not in a network namespace of its own; deno task test makes one where the " +
      "system allows it (unshare -rn)";
    return { isolated, tun: false, reason };
  }
  if (!facts.netAdmin) {
    return { isolated, tun: false, reason: "no CAP_NET_ADMIN in this network namespace" };
  }
  if (facts.tunFailure !== null) {
    const reason = `/dev/net/tun does not open: ${facts.tunFailure}`;
    return { isolated, tun: false, reason };
  }
  return { isolated, tun: true, reason: "" };
}

function readFacts(): NamespaceFacts {
  return {
    netns: Deno.readLinkSync("/proc/self/ns/net"),
    hostNetns: Deno.env.get(HOST_NETNS_VARIABLE),
    interfaces: Deno.readTextFileSync("/proc/net/dev").split("\n").slice(2)
      .map((line) => line.split(":")[0].trim()).filter((name) => name !== ""),
    netAdmin: hasCapability(Deno.readTextFileSync("/proc/self/status"), CAP_NET_ADMIN),
    tunFailure: tunFailure(),
  };
}

/** Whether /proc/self/status shows the capability with this number as effective. */
export function hasCapability(status: string, capability: number): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "";
  const digit = mask.at(-1 - Math.floor(capability / HEX_DIGIT_BITS)) ?? "0";
  return (parseInt(digit, 16) & (1 << (capability % HEX_DIGIT_BITS))) !== 0;
}

function tunFailure(): string | null {
  try {
    Deno.openSync("/dev/net/tun", { read: true, write: true }).close();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

let known: NamespaceInfo | undefined;

/** What the namespace of this process allows; read once, before tests make devices of their own. */
export function inNamespace(): NamespaceInfo {
  if (known === undefined) {
    known = Deno.build.os === "linux"
      ? judgeNamespace(readFacts())
      : { isolated: false, tun: false, reason: `${Deno.build.os} has no TUN of Linux's kind` };
  }
  return known;
}

/** One end of a veth pair. */
export interface VethEnd {
  /** The interface's name. */
  readonly device: string;
  /** Its IPv4 address, without a prefix length. */
  readonly address: string;
}

let made = 0;

/** A child network namespace, joined to this one by a veth pair. It ends with `await using`. */
export class Namespace implements AsyncDisposable {
  /** The end in the namespace of the run. */
  readonly near: VethEnd;
  /** The end in the child namespace. */
  readonly far: VethEnd;
  readonly #holder: Deno.ChildProcess;
  readonly #started: Deno.ChildProcess[] = [];

  constructor(holder: Deno.ChildProcess, near: VethEnd, far: VethEnd) {
    this.#holder = holder;
    this.near = near;
    this.far = far;
  }

  /** A process that is in the child namespace. */
  get pid(): number {
    return this.#holder.pid;
  }

  /** A command that runs in the child namespace. */
  command(program: string, args: readonly string[], options?: Deno.CommandOptions): Deno.Command {
    const enter = ["-t", String(this.#holder.pid), "-n", "--", program, ...args];
    return new Deno.Command("nsenter", { ...options, args: enter });
  }

  /** Starts a process in the child namespace; what still runs at disposal is killed. */
  start(
    program: string,
    args: readonly string[],
    options?: Deno.CommandOptions,
  ): Deno.ChildProcess {
    const child = this.command(program, args, options).spawn();
    this.#started.push(child);
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#started) await killed(child);
    // Explicitly, because the kernel takes its time over the devices of a namespace that has ended.
    await new Deno.Command("ip", { args: ["link", "del", this.near.device], stderr: "null" })
      .output();
    await this.#holder.stdin.close();
    await killed(this.#holder);
  }
}

/**
 * Makes a child namespace with a veth pair 10.200.n.1/24 (near) - 10.200.n.2/24 (far), loopback up on
 * both sides. The process that holds it reads its standard input, so that the namespace ends with this
 * process even when it is killed.
 */
export async function makeNamespace(): Promise<Namespace> {
  const info = inNamespace();
  if (!info.isolated) throw new Error(`Cannot make a namespace: ${info.reason}`);
  const number = ++made;
  const holder = new Deno.Command("unshare", {
    args: ["-n", "sh", "-c", "echo ready; exec cat"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await untilReady(holder);
  const near = { device: `wsnear${number}`, address: `10.200.${number}.1` };
  const far = { device: `wsfar${number}`, address: `10.200.${number}.2` };
  const namespace = new Namespace(holder, near, far);
  try {
    await join(namespace, holder.pid);
  } catch (error) {
    await namespace[Symbol.asyncDispose]();
    throw error;
  }
  return namespace;
}

async function join(namespace: Namespace, pid: number): Promise<void> {
  const { near, far } = namespace;
  const pair = ["type", "veth", "peer", "name", far.device, "netns", String(pid)];
  const steps: readonly (readonly string[])[] = [
    ["link", "add", near.device, ...pair],
    ["addr", "add", `${near.address}/24`, "dev", near.device],
    ["link", "set", near.device, "up"],
  ];
  for (const args of steps) await checked(new Deno.Command("ip", { args: [...args] }));
  await runIn(namespace, "ip", "link", "set", "lo", "up");
  await runIn(namespace, "ip", "addr", "add", `${far.address}/24`, "dev", far.device);
  await runIn(namespace, "ip", "link", "set", far.device, "up");
}

/** Runs a program in the child namespace to its end and returns what it printed; a failure throws. */
export function runIn(namespace: Namespace, program: string, ...args: string[]): Promise<string> {
  return checked(namespace.command(program, args));
}

async function checked(command: Deno.Command): Promise<string> {
  const output = await command.output();
  const decoder = new TextDecoder();
  if (!output.success) {
    throw new Error(`A command ended with ${output.code}: ${decoder.decode(output.stderr)}`);
  }
  return decoder.decode(output.stdout);
}

async function untilReady(holder: Deno.ChildProcess): Promise<void> {
  const reader = holder.stdout.getReader();
  const { done } = await reader.read();
  await reader.cancel();
  if (done) throw new Error("unshare -n was refused");
}

async function killed(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // A process that has ended by itself is what was wanted.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
  await child.status;
}
