/** Stacks on real TUN interfaces, in the network namespace of the run. */

import { open, type OpenOptions, type PipelineShape, type Stack } from "../../mod.ts";
import { until } from "./worlds.ts";

/** Every shape of the pipeline. */
export const SHAPES: readonly PipelineShape[] = ["split", "fused", "inline"];

/** What a test with a TUN needs of the machine. */
export const TUN = { tun: true, programs: ["ip"] } as const;

/** A stack and where it is. */
export interface TunStack extends AsyncDisposable {
  readonly net: Stack;
  readonly device: string;
  /** The stack's address. */
  readonly address: string;
  /** The kernel's address on the same interface. */
  readonly host: string;
}

let opened = 0;

/** Opens a stack on a new interface with a network of its own. */
export async function openOnTun(
  pipeline: PipelineShape,
  options: OpenOptions = {},
): Promise<TunStack> {
  const number = ++opened;
  const device = `wsnet${number}`;
  const address = `10.77.${number}.2`;
  const host = `10.77.${number}.1`;
  const net = await open({
    device,
    address: `${address}/24`,
    hostAddress: `${host}/24`,
    pipeline,
    ...options,
  });
  return { net, device, address, host, [Symbol.asyncDispose]: () => net.close() };
}

/** Open file descriptors and threads of this process. */
export function usage(): { fds: number; threads: number } {
  const count = (path: string) => [...Deno.readDirSync(path)].length;
  return { fds: count("/proc/self/fd"), threads: count("/proc/self/task") };
}

/** Waits until this process has no more descriptors and threads than it had `before`. */
export async function untilUsage(before: { fds: number; threads: number }): Promise<void> {
  await until(() => {
    const { fds, threads } = usage();
    return fds <= before.fds && threads <= before.threads;
  }, `descriptors and threads are back at ${JSON.stringify(before)}`);
}

/** Whether the kernel knows an interface of this name. */
export function interfaceExists(name: string): boolean {
  return Deno.readTextFileSync("/proc/net/dev").includes(`${name}:`);
}
