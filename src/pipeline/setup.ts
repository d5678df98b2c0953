import type { Address } from "../base/address.ts";
import type { Store } from "../base/memory.ts";
import type { TunHandle } from "../device/tun_open.ts";
import type { Dimensions } from "../ring/layout.ts";
import type { TcpConfig } from "../tcp/config.ts";
import type { UdpConfig } from "../udp/config.ts";

/** What every stage is told when it starts. */
export interface StageSettings {
  /** The stack's own addresses. */
  readonly addresses: readonly Address[];
  /** The broadcast addresses of the networks that it is in. */
  readonly broadcasts: readonly Address[];
  readonly config: TcpConfig;
  readonly udp: UdpConfig;
  /** Whether trace records are written. */
  readonly traced: boolean;
}

/** What a worker of the pipeline does. */
export type WorkerRole = "reader" | "parser" | "tcp" | "fused";

/** What a worker of the pipeline is given; it can be posted to another thread. */
export interface WorkerSetup {
  readonly role: WorkerRole;
  readonly settings: StageSettings;
  readonly dimensions: Dimensions;
  readonly memory: Store;
  readonly tun: TunHandle;
  /** An eventfd that gets the worker out of poll(2). */
  readonly wakeFd: number;
  /** The next queue's pipeline, when there are several. */
  readonly next: NextPipeline | null;
}

/** What a pipeline is told of the next one, to which it hands frames over. */
export interface NextPipeline {
  readonly memory: Store;
  readonly wakeFd: number;
  /** How many pipelines there are. */
  readonly queues: number;
}
