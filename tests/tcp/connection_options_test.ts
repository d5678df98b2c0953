/** What an application can set for one connection: cork, MSS clamp, keepalive times. */

import { assertEquals } from "@std/assert";
import { Harness } from "../support/engine.ts";

Deno.test("cork: full segments go, the rest waits until the cork is pulled", () => {
  // Goal: TCP_CORK as in Linux.
  const h = new Harness();
  h.establish("mss 1000");
  h.conn.cork = true;
  h.write(400);
  h.expect();
  h.write(800);
  h.expect(". 1:1001 ack 1");
  h.inject(". 1:1 ack 1001");
  h.expect();
  h.conn.cork = false;
  h.news(h.conn);
  h.expect("P. 1001:1201 ack 1");
});

Deno.test("cork: a corked rest does not wait for ever", () => {
  // Goal: the probe timer pushes what the window has room for, all of it and not a single byte.
  const h = new Harness();
  h.establish("mss 1000");
  h.conn.cork = true;
  h.write(400);
  h.expect();
  h.advanceMs(5000);
  const [first] = h.outbox;
  assertEquals(first?.line.startsWith("P. 1:401 ack 1"), true, first?.line);
});

Deno.test("cork: the end of the stream is sent in spite of it", () => {
  // Goal: a FIN is not held back.
  const h = new Harness();
  h.establish("mss 1000");
  h.conn.cork = true;
  h.write(400);
  h.close();
  h.expect("FP. 1:401 ack 1");
});

Deno.test("MSS clamp: a listener's holds for what is announced and for what is sent", () => {
  // Goal: TCP_MAXSEG before listen.
  const h = new Harness();
  h.listen();
  h.tcp.listeners.get(1)!.mssClamp = 700;
  h.inject("S 0:0 mss 1000");
  h.expect("S. 0:0 ack 1 mss 700");
  h.inject(". 1:1 ack 1");
  assertEquals(h.conn.sndMss, 700);
});

Deno.test("MSS clamp: one that is larger than the path allows changes nothing", () => {
  // Goal: the device's MTU stays the limit.
  const h = new Harness({ mtu: 600 });
  h.listen();
  h.tcp.listeners.get(1)!.mssClamp = 5000;
  h.inject("S 0:0 mss 1000");
  h.expect("S. 0:0 ack 1 mss 560");
});

Deno.test("keepalive: a connection's own times replace those of the stack", () => {
  // Goal: TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT.
  const h = new Harness();
  h.establish();
  h.conn.keepaliveIdleUs = 3e6;
  h.conn.keepaliveIntervalUs = 1e6;
  h.conn.keepaliveProbes = 2;
  h.tcp.setKeepAlive(h.conn, true, h.nowUs);
  h.news(h.conn);
  assertEquals(h.timeline(6000), [
    "3000 . 0:0 ack 1",
    "4000 . 0:0 ack 1",
    "5000 R. 1:1 ack 1",
  ]);
});

Deno.test("window update: only reading is a reason for one", () => {
  // Goal: news of a write or of an option make no segment of their own.
  const h = new Harness({ tcp: { receiveBufferInitialBytes: 500_000 } });
  h.establish("mss 1000 ws 7");
  h.news(h.conn);
  h.expect();
  h.write(10);
  h.expect("P. 1:11 ack 1");
});

Deno.test("persist: more to send ends the wait for the probe when the window has room", () => {
  // Goal: a short segment that waited for the peer's window goes as soon as it makes a full one.
  const h = new Harness();
  h.establish("mss 1000");
  h.inject(". 1:1 ack 1 win 1000");
  h.conn.cork = true;
  h.write(100);
  h.expect();
  h.write(900);
  h.expect("P. 1:1001 ack 1");
  assertEquals(h.conn.persisting, false);
});

Deno.test("buffers: a size that the application has set does not grow with use", () => {
  // Goal: SO_RCVBUF and SO_SNDBUF switch auto-tuning off, as in Linux.
  for (const fixed of [false, true]) {
    const h = new Harness({
      tcp: { receiveBufferInitialBytes: 4000, sendBufferInitialBytes: 4000 },
    });
    h.establish("mss 1000");
    h.conn.receiveBufferFixed = fixed;
    h.conn.sendBufferFixed = fixed;
    h.advanceMs(100);
    h.inject(". 1:3001 ack 1");
    h.read();
    h.write(2000);
    h.outbox.length = 0;
    h.inject(". 3001:3001 ack 2001");
    assertEquals(h.conn.receive!.limitBytes, fixed ? 4000 : 8000);
    assertEquals(h.conn.sendLimit > 4000, !fixed);
  }
});
