/** Connections for tests that look at one part of them. */

import { createCongestion } from "../../src/tcp/congestion/create.ts";
import { Connection } from "../../src/tcp/connection.ts";
import { ReceiveBuffer } from "../../src/tcp/receive_buffer.ts";
import { RttEstimator } from "../../src/tcp/rtt.ts";
import { SmallMemory } from "../ring/small_memory.ts";

/** What may differ from test to test. */
export interface ConnectionParts {
  readonly memory?: SmallMemory;
  readonly limitBytes?: number;
  readonly ranges?: number;
  /** Word index of row 0. */
  readonly rows?: number;
}

/** A connection between 10.7.0.1:80 and 10.7.0.2:40000 with a receive buffer, in no state yet. */
export function makeConnection(parts: ConnectionParts = {}): Connection {
  const { limitBytes = 128 * 1024, ranges = 64, rows = 0 } = parts;
  const memory = parts.memory ??
    new SmallMemory({ blocks: 4, blockBytes: 64, frames: 1, frameBytes: 64 });
  const tuple = {
    local0: 0,
    local1: 0,
    local2: 0xffff,
    local3: 0x0a070001,
    remote0: 0,
    remote1: 0,
    remote2: 0xffff,
    remote3: 0x0a070002,
    localPort: 80,
    remotePort: 40_000,
  };
  const rtt = new RttEstimator(1_000_000, 200_000, 120_000_000);
  const conn = new Connection(0, 1, rows, tuple, rtt, createCongestion("newreno", 14_600));
  conn.receive = new ReceiveBuffer(memory, memory.stream, limitBytes, ranges);
  return conn;
}
