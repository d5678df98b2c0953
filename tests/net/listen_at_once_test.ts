/** `listen` returns when the port is open, as that of Deno does: whoever connects then is not refused. */

import { assertEquals } from "@std/assert";
import { type Device, type Listener, memoryPair, open, type Stack } from "../../mod.ts";

/** The device `inner`, with something done at the moment at which its first frame is taken. */
function atFirstFrame(inner: Device, act: () => void): Device {
  let acted = false;
  return {
    name: inner.name,
    mtu: inner.mtu,
    virtioHeader: inner.virtioHeader,
    get onArrival() {
      return inner.onArrival;
    },
    set onArrival(handler: (() => void) | null) {
      inner.onArrival = handler;
    },
    receive: (memory, offset, limit) => {
      if (!acted && inner.nextArrival() === 0) {
        acted = true;
        act();
      }
      return inner.receive(memory, offset, limit);
    },
    send: (memory, pieces, count) => inner.send(memory, pieces, count),
    nextArrival: () => inner.nextArrival(),
    close: () => inner.close(),
  };
}

Deno.test("a SYN that comes right behind listen() is accepted, not refused", async () => {
  // Goal: the listener exists for every segment that is looked at after `listen` has returned, even when
  // the TCP stage is in the middle of a round.
  const [near, far] = memoryPair();
  const listeners: Listener[] = [];
  const device = atFirstFrame(far, () => listeners.push(server.listen({ port: 7 })));
  const server: Stack = await open({ device, address: "10.7.0.2/24" });
  await using _server = server;
  await using client = await open({ device: near, address: "10.7.0.1/24" });
  using conn = await client.connect({ hostname: "10.7.0.2", port: 7 });
  assertEquals(conn.remoteAddr.port, 7);
  using accepted = await listeners[0].accept();
  assertEquals(accepted.remoteAddr.port, conn.localAddr.port);
});
