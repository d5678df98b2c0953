import type { Prefix } from "../base/address.ts";
import { systemClock } from "../base/clock.ts";
import { type Random, systemRandom } from "../base/random.ts";
import type { Device } from "../device/device.ts";
import { TunDevice } from "../device/tun.ts";
import { ipConfig } from "../ip/config.ts";
import { InlinePipeline } from "../pipeline/inline.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { StageSettings } from "../pipeline/setup.ts";
import { ThreadedPipeline } from "../pipeline/threads.ts";
import { tcpConfig } from "../tcp/config.ts";
import { udpConfig } from "../udp/config.ts";
import {
  broadcastsOf,
  checkMtuFor,
  checkOptions,
  dimensionsFor,
  type OpenOptions,
  ownPrefixes,
  parsePrefixes,
  type PipelineShape,
} from "./options.ts";
import { parseRoutes } from "./routes.ts";
import { Stack } from "./stack.ts";

/** The TUN interface that a stack uses when it is told no other. */
export const DEFAULT_DEVICE = "woshou0";

/**
 * Opens a stack on a TUN interface or any other device; resolves when packets can flow.
 *
 * Rejects with `TypeError` or `RangeError` for a bad option, naming it and its value; with `NotFound`,
 * `PermissionDenied`, `Busy` or `NotSupported` when the interface cannot be had; and with Deno's own
 * `NotCapable` without `--allow-ffi`.
 *
 * ```ts
 * import { open } from "@woshou/woshou";
 *
 * await using net = await open({ address: "10.7.0.2/24", hostAddress: "10.7.0.1/24" });
 * for await (const conn of net.listen({ port: 7 })) {
 *   conn.readable.pipeTo(conn.writable).catch(() => {});
 * }
 * ```
 */
export async function open(options: OpenOptions = {}): Promise<Stack> {
  checkOptions(options);
  const device = options.device ?? DEFAULT_DEVICE;
  const shape = options.pipeline ?? (typeof device === "string" ? "split" : "inline");
  checkShape(options, device, shape);
  const prefixes = ownPrefixes(options);
  const hostPrefixes = parsePrefixes(options.hostAddress, "hostAddress");
  const allPrefixes = [...prefixes, ...hostPrefixes];
  if (options.mtu !== undefined) checkMtuFor(allPrefixes, options.mtu);
  if (typeof device !== "string") checkMtuFor(allPrefixes, device.mtu);
  const routes = parseRoutes(options.routes);
  const config = tcpConfig(options.tcp);
  const settings: StageSettings = {
    addresses: prefixes.map(({ address }) => address),
    broadcasts: broadcastsOf(prefixes),
    config,
    udp: udpConfig(options.udp),
    ip: ipConfig(options.ip),
    traced: options.trace !== undefined,
  };
  const dimensions = dimensionsFor(options, shape, config, settings.ip);
  const clock = options.clock ?? systemClock;
  const random: Random = options.random ?? systemRandom;
  const pipelines: Pipeline[] = [];
  if (shape === "inline") {
    const one = typeof device === "string"
      ? openQueues(device, options, prefixes, hostPrefixes)[0]
      : device;
    const { isn } = options;
    pipelines.push(
      new InlinePipeline({ device: one, dimensions, settings, clock, random, isn }),
    );
  } else {
    const tuns = openQueues(device as string, options, prefixes, hostPrefixes);
    pipelines.push(...await ThreadedPipeline.start({ shape, tuns, dimensions, settings }));
  }
  return new Stack({
    ...{ pipelines, prefixes, routes, clock, random, udp: settings.udp },
    trace: options.trace,
  });
}

/** Opens every queue of a TUN interface and configures it. */
function openQueues(
  name: string,
  options: OpenOptions,
  prefixes: readonly Prefix[],
  hostAddress: readonly Prefix[],
): TunDevice[] {
  const queues = options.queues ?? 1;
  const devices: TunDevice[] = [];
  try {
    for (let i = 0; i < queues; i++) {
      const device = TunDevice.open({
        name,
        offload: options.offload ?? true,
        multiQueue: queues > 1,
      });
      devices.push(device);
      device.configure({ hostAddress, mtu: options.mtu });
      checkMtuFor(prefixes, device.mtu);
    }
  } catch (error) {
    for (const device of devices) device.close();
    throw error;
  }
  return devices;
}

/** Some options make sense only together. */
function checkShape(options: OpenOptions, device: string | Device, shape: PipelineShape): void {
  if (typeof device !== "string") {
    if (shape !== "inline") {
      throw new TypeError(
        `pipeline: "${shape}" needs a TUN interface by its name; a Device object lives in this thread, ` +
          `so use "inline"`,
      );
    }
    for (const name of ["hostAddress", "mtu", "offload"] as const) {
      if (options[name] !== undefined) {
        throw new TypeError(`${name}: only a TUN interface has it; a Device brings its own`);
      }
    }
  }
  if (shape !== "inline") {
    for (const name of ["clock", "random", "isn"] as const) {
      if (options[name] !== undefined) {
        throw new TypeError(`${name}: only the "inline" pipeline takes one, not "${shape}"`);
      }
    }
  } else if ((options.queues ?? 1) > 1) {
    throw new TypeError(`queues: the "inline" pipeline has one queue, not ${options.queues}`);
  }
}
