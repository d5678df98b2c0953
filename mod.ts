/**
 * woshou (握手, "handshake"): a user-space TCP/IP stack for Deno.
 *
 * {@link open} gives a {@link Stack} on a TUN interface or any other {@link Device}; its listeners and
 * connections are used like those of Deno.
 *
 * @module
 */

export { VERSION } from "./src/base/version.ts";
export { DEFAULT_DEVICE, open } from "./src/net/open.ts";
export type { OpenOptions, PipelineShape } from "./src/net/options.ts";
export { Stack } from "./src/net/stack.ts";
export type {
  ConnectionSummary,
  ConnectOptions,
  DatagramSummary,
  ListenDatagramOptions,
  ListenOptions,
  StackStats,
} from "./src/net/stack_types.ts";
export {
  type ClientFault,
  type FaultyClient,
  HttpServer,
  type ServeHandler,
  type ServeHandlerInfo,
  type ServeInit,
  type ServeLimits,
  type ServeOptions,
  type ServeStats,
} from "./src/net/serve.ts";
export type { TcpNotice } from "./src/net/endpoint.ts";
export {
  Forwarder,
  type ForwardFilter,
  type ForwardHandler,
  type ForwardOptions,
  type Rejection,
  TcpFlow,
} from "./src/net/forward.ts";
export { UdpFlow, UdpFlowConn, type UdpRejection } from "./src/net/udp_flow.ts";
export { TcpConn } from "./src/net/conn.ts";
export { DatagramConn, type ReceivedDatagram } from "./src/net/datagram.ts";
export type { MulticastV4Membership, MulticastV6Membership } from "./src/net/multicast.ts";
export type { PingOptions, PingReply } from "./src/net/ping.ts";
export type { IpOptions } from "./src/ip/config.ts";
export type { UdpOptions } from "./src/udp/config.ts";
export { Listener } from "./src/net/listener.ts";
export type { TcpInfo } from "./src/net/info.ts";
export {
  type CongestionName,
  type EcnName,
  FastOpenBit,
  type MtuProbingName,
  type SynCookieMode,
  type TcpOptions,
} from "./src/tcp/config.ts";
export { FixedIsn, IsnGenerator, type IsnSource } from "./src/tcp/isn.ts";
export type { Seq } from "./src/base/seq.ts";
export { type Device, SendOutcome } from "./src/device/device.ts";
export { memoryPair, type MemoryPairOptions } from "./src/device/memory_pair.ts";
export {
  type BurstLoss,
  impair,
  type ImpairedDevice,
  type ImpairedDeviceStats,
  type Impairment,
  type ImpairmentOptions,
  type ImpairmentSources,
  type ImpairmentStats,
  type QueueDiscipline,
} from "./src/device/impairment.ts";
export { capture, type CaptureOptions, CapturingDevice } from "./src/device/capture.ts";
export { type CapturedPacket, CaptureError, readCapture } from "./src/device/capture_file.ts";
export { Direction, type PacketNote, PcapngWriter } from "./src/device/pcapng.ts";
export {
  type BytePipe,
  StreamDevice,
  streamDevice,
  type StreamDeviceOptions,
  WebSocketDevice,
  webSocketDevice,
} from "./src/device/stream_device.ts";
export {
  ethernet,
  EthernetAdapter,
  type EthernetOptions,
  type EthernetStats,
} from "./src/device/ethernet.ts";
export {
  type HostOptions,
  Network,
  type NetworkFrame,
  type NetworkHost,
  type NetworkLink,
  type NetworkNode,
  type NetworkOptions,
  type NetworkStats,
} from "./src/device/network.ts";
export { TunDevice, type TunHandle, type TunOptions, WaitOutcome } from "./src/device/tun.ts";
export type { InterfaceOptions } from "./src/device/interface_config.ts";
export { type Address, parseCidr, type Prefix } from "./src/base/address.ts";
export { type Clock, ManualClock, systemClock } from "./src/base/clock.ts";
export { VirtualTime } from "./src/base/virtual_time.ts";
export { type Random, SeededRandom, systemRandom } from "./src/base/random.ts";
export { Drop, dropNames, type DropReason } from "./src/base/drops.ts";
export { Counter, type CounterName } from "./src/base/counters.ts";
export { Progress, TraceKind, TraceRecord } from "./src/pipeline/trace_ring.ts";
export { TraceLines, type TraceStyle } from "./src/trace/lines.ts";
export {
  type Metric,
  type MetricInstrument,
  type MetricKind,
  type MetricMeter,
  type MetricMeterProvider,
  type MetricOptions,
  type MetricPoint,
  type MetricResult,
  observeStack,
  stackMetrics,
  type StatsSource,
} from "./src/trace/metrics.ts";
export { Flag, OptionBit, Segment } from "./src/wire/segment.ts";
export { type State, stateNames } from "./src/tcp/state.ts";
