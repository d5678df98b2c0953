import { assert, assertEquals } from "@std/assert";
import { CONGESTION_NAMES, tcpConfig } from "../../src/tcp/config.ts";
import { CongestionPhase } from "../../src/tcp/congestion/phase.ts";
import { limitPacingRate, switchCongestion } from "../../src/tcp/congestion_switch.ts";
import { ack, MSS, sending } from "./recovering.ts";

const CONFIG = tcpConfig();

Deno.test("congestion switch: the window is taken over by every control from every other", () => {
  // Goal: whatever the order, bytes go on flowing and the window is a sound one.
  for (const from of CONGESTION_NAMES) {
    for (const to of CONGESTION_NAMES) {
      const h = sending(40, { tcp: { congestion: from } });
      h.advanceMs(100);
      h.inject(ack(5));
      const before = h.conn.congestion.cwndBytes;
      switchCongestion(h.conn, to, CONFIG, h.nowUs);
      const { name, cwndBytes } = h.conn.congestion;
      assertEquals(name, to);
      if (to !== "none" && from !== "none") assertEquals(cwndBytes, before, `${from} to ${to}`);
      assert(cwndBytes >= 2 * MSS && (to === "none" || cwndBytes < 100_000), `${from} to ${to}`);
      assertEquals(h.conn.pacer !== null, to === "bbr", `${from} to ${to}: paced`);
      h.advanceMs(50);
      h.inject(ack(10));
      h.advanceMs(200);
      assert(h.outbox.length > 10, `${from} to ${to}: ${h.outbox.length}`);
    }
  }
});

Deno.test("congestion switch: the new control hears of losses", () => {
  // Goal: what the retransmission queue tells goes to the control in force.
  const h = sending(40);
  switchCongestion(h.conn, "bbr", CONFIG, h.nowUs);
  assert(h.conn.loss!.queue.rate.control === h.conn.congestion);
  assertEquals(h.conn.congestion.phase, CongestionPhase.startup);
});

Deno.test("congestion switch: naming the control in force changes nothing", () => {
  // Goal: its state is not thrown away.
  const h = sending(10);
  const { congestion } = h.conn;
  switchCongestion(h.conn, congestion.name, CONFIG, h.nowUs);
  assert(h.conn.congestion === congestion);
});

Deno.test("congestion switch: a limit of the rate is set at any time", () => {
  // Goal: SO_MAX_PACING_RATE on a connection that was not paced.
  const h = sending(10);
  limitPacingRate(h.conn, 50_000);
  assertEquals(h.conn.pacer!.rate, 50_000);
  switchCongestion(h.conn, "bbr", CONFIG, h.nowUs);
  assertEquals(h.conn.pacer!.rateMax, 50_000);
});
