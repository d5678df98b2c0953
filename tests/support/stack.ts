/** A stack on a TUN in the namespace of the run, with the kernel on the other side. */

import { open, type OpenOptions, type Stack } from "../../mod.ts";

/** The stack's address. */
export const STACK = "10.7.0.2";
/** The kernel's address on the TUN. */
export const HOST = "10.7.0.1";

/** The same over IPv6. */
export const STACK6 = "fd07::2";
export const HOST6 = "fd07::1";

/** What tests that hold for both families go through. */
export interface FamilyPlace {
  readonly name: "IPv4" | "IPv6";
  readonly stack: string;
  readonly host: string;
  /** The stack as a URL has it. */
  readonly urlHost: string;
  /** The prefix length of the network between them. */
  readonly length: number;
  /** Bytes of the IP header. */
  readonly headerBytes: number;
}

export const FAMILY_PLACES: readonly FamilyPlace[] = [
  { name: "IPv4", stack: STACK, host: HOST, urlHost: STACK, length: 24, headerBytes: 20 },
  { name: "IPv6", stack: STACK6, host: HOST6, urlHost: `[${STACK6}]`, length: 64, headerBytes: 40 },
];

/** Opens a stack at 10.7.0.2 and fd07::2 with the kernel at 10.7.0.1 and fd07::1. */
export function openStack(options: OpenOptions = {}): Promise<Stack> {
  return open({
    address: [`${STACK}/24`, `${STACK6}/64`],
    hostAddress: [`${HOST}/24`, `${HOST6}/64`],
    ...options,
  });
}

/** The names of the workers of this process: Deno numbers them. */
function workerThreads(): string[] {
  const names: string[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    try {
      names.push(Deno.readTextFileSync(`/proc/self/task/${name}/comm`).trim());
    } catch (error) {
      // A thread may end while they are counted.
      if (!(error instanceof Deno.errors.NotFound) && !isNoSuchProcess(error)) throw error;
    }
  }
  return names.filter((name) => name.startsWith("worker-"));
}

/**
 * A look at the workers that have begun since: other tests may have left some, such as the players of scripts
 * against the kernel, which stay in a call that blocks.
 */
export function newWorkerThreads(): () => string[] {
  const before = new Set(workerThreads());
  return () => workerThreads().filter((name) => !before.has(name));
}

/** How many file descriptors this process has open. */
export function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

function isNoSuchProcess(error: unknown): boolean {
  // Deno has no class for ESRCH, and gives a code only sometimes.
  return error instanceof Error && /\(os error 3\)/.test(error.message);
}
