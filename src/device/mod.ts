/**
 * Where IP packets come from and go to: the {@link Device} interface, the TUN interface of Linux, pairs in
 * memory, byte streams and WebSockets, Ethernet, bad links and whole networks, and captures in pcapng.
 *
 * Nothing here needs a stack; `open` of the package's main module takes any of these as its `device`.
 *
 * ```ts
 * import { capture, memoryPair } from "@woshou/woshou/device";
 *
 * const [near, far] = memoryPair();
 * const recorded = capture(near, (block) => console.log(`${block.length} bytes of pcapng`));
 * console.log(recorded.name, far.mtu);
 * ```
 *
 * @module
 */

export { type Device, SendOutcome } from "./device.ts";
export { memoryPair, type MemoryPairOptions } from "./memory_pair.ts";
export {
  impair,
  type ImpairedDevice,
  type ImpairedDeviceStats,
  type Impairment,
  type ImpairmentOptions,
  type ImpairmentSources,
  type ImpairmentStats,
} from "./impairment.ts";
export { capture, type CaptureOptions, CapturingDevice } from "./capture.ts";
export { type CapturedPacket, CaptureError, readCapture } from "./capture_file.ts";
export { Direction, type PacketNote, PcapngWriter } from "./pcapng.ts";
export {
  type BytePipe,
  StreamDevice,
  streamDevice,
  type StreamDeviceOptions,
  WebSocketDevice,
  webSocketDevice,
} from "./stream_device.ts";
export { ethernet, EthernetAdapter, type EthernetOptions, type EthernetStats } from "./ethernet.ts";
export {
  type HostOptions,
  Network,
  type NetworkFrame,
  type NetworkHost,
  type NetworkLink,
  type NetworkNode,
  type NetworkOptions,
  type NetworkStats,
} from "./network.ts";
export { TunDevice, type TunHandle, type TunOptions, WaitOutcome } from "./tun.ts";
export type { InterfaceOptions } from "./interface_config.ts";
export type { Address, Prefix } from "../base/address.ts";
export { type Clock, ManualClock, systemClock } from "../base/clock.ts";
export { VirtualTime } from "../base/virtual_time.ts";
export { type Random, SeededRandom, systemRandom } from "../base/random.ts";
