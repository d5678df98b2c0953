/**
 * woshou (握手, "handshake"): a user-space TCP/IP stack for Deno.
 *
 * {@link open} gives a {@link Stack} on a TUN interface or any other {@link Device}; its listeners and
 * connections are used like those of Deno.
 *
 * @module
 */

export { DEFAULT_DEVICE, open } from "./src/net/open.ts";
export type { OpenOptions, PipelineShape } from "./src/net/options.ts";
export {
  type ConnectionSummary,
  type ConnectOptions,
  type ListenOptions,
  Stack,
  type StackStats,
} from "./src/net/stack.ts";
export { TcpConn } from "./src/net/conn.ts";
export { Listener } from "./src/net/listener.ts";
export type { TcpInfo } from "./src/net/info.ts";
export type { CongestionName, TcpOptions } from "./src/tcp/config.ts";
export { type Device, SendOutcome } from "./src/device/device.ts";
export { memoryPair } from "./src/device/memory_pair.ts";
export { impair } from "./src/device/impairment.ts";
export { TunDevice } from "./src/device/tun.ts";
export { type Clock, ManualClock, systemClock } from "./src/base/clock.ts";
export { type Random, SeededRandom, systemRandom } from "./src/base/random.ts";
