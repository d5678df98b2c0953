/** What a SYN costs that is answered with a SYN cookie: decode, two SipHashes, the SYN-ACK built. */

import { SteadyState } from "./support/steady.ts";

const steady = new SteadyState();
const before = steady.sent;
for (let i = 0; i < 100; i++) steady.receiveSyn();
if (steady.sent - before !== 100) throw new Error("Not every SYN was answered");

Deno.bench("SYN in, SYN-ACK with cookie out", { group: "handshake" }, () => {
  steady.receiveSyn();
});
