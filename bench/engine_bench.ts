/** What the TCP stage costs for one packet, without device and application: decode, state machine, output. */

import { SteadyState } from "./support/steady.ts";

const steady = new SteadyState();
const small = new Uint8Array(64);
const large = new Uint8Array(60_000);

Deno.bench("data segment of 1448 bytes in, ACK out for every second", { group: "engine" }, () => {
  steady.receiveData(1448);
});

Deno.bench("super-segment of 64 KiB in, ACK out", { group: "engine" }, () => {
  steady.receiveData(62_780);
});

Deno.bench("64 bytes out, ACK in", { group: "engine" }, () => {
  steady.sendData(small);
});

Deno.bench("60,000 bytes out as super-segments, ACK in", { group: "engine" }, () => {
  steady.sendData(large);
});
