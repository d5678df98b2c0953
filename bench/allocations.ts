/**
 * Bytes of JavaScript heap that the TCP stage allocates for each packet in steady state. Run with a young
 * generation so large that nothing is collected meanwhile:
 *
 *   deno run --v8-flags=--expose-gc,--min-semi-space-size=256,--max-semi-space-size=512 bench/allocations.ts
 *
 * Prints one JSON line: bytes per packet for each kind of traffic.
 */

import { getHeapStatistics } from "node:v8";
import { SteadyState } from "./support/steady.ts";
import { SteadyDatagrams } from "./support/steady_datagrams.ts";

const WARM_UP = 50_000;
const PACKETS = 200_000;

/** Heap bytes for each call of `step` after a warm-up in which it gets compiled. */
function bytesPerStep(step: () => void): number {
  for (let i = 0; i < WARM_UP; i++) step();
  const { gc } = globalThis as unknown as { gc?: () => void };
  if (gc === undefined) throw new Error("Run with --v8-flags=--expose-gc,... as the file says");
  gc();
  const before = getHeapStatistics().used_heap_size;
  for (let i = 0; i < PACKETS; i++) step();
  return (getHeapStatistics().used_heap_size - before) / PACKETS;
}

const steady = new SteadyState();
const steady6 = new SteadyState("IPv6");
const datagrams = new SteadyDatagrams();
const small = new Uint8Array(64);
const long = new Uint8Array(4000);
console.log(JSON.stringify({
  idle: bytesPerStep(() => {}),
  dataIn: bytesPerStep(() => steady.receiveData(1448)),
  superSegmentIn: bytesPerStep(() => steady.receiveData(62_780)),
  synCookieOut: bytesPerStep(() => steady.receiveSyn()),
  dataOut: bytesPerStep(() => steady.sendData(small)),
  dataIn6: bytesPerStep(() => steady6.receiveData(1428)),
  superSegmentIn6: bytesPerStep(() => steady6.receiveData(62_780)),
  dataOut6: bytesPerStep(() => steady6.sendData(small)),
  datagramIn: bytesPerStep(() => datagrams.receive(64)),
  datagramOut: bytesPerStep(() => datagrams.send(small)),
  longDatagramOut: bytesPerStep(() => datagrams.send(long)),
}));
