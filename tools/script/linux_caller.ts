/** The thread that makes the calls of a script. It ends when a script leaves it within a call. */

/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />

import { CallMemory, NUMBERS } from "./linux_memory.ts";

interface Start {
  readonly shared: SharedArrayBuffer;
  /** Signalled after each call. */
  readonly doorbell: number;
}

self.onmessage = ({ data }: MessageEvent<Start>) => {
  const memory = new CallMemory(data.shared);
  const one = new Uint8Array(new BigUint64Array([1n]).buffer);
  const pointer = Deno.UnsafePointer.of(one);
  const address = Number(Deno.UnsafePointer.value(pointer));
  self.postMessage("ready");
  for (;;) {
    memory.serve();
    memory.now(NUMBERS.write, data.doorbell, address, one.length);
  }
};
