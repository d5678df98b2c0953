import { assert, assertEquals } from "@std/assert";
import { NewReno } from "../../../src/tcp/congestion/newreno.ts";
import { testConformance } from "./conformance.ts";

const MSS = 1000;
const RTT_US = 100_000;

testConformance("newreno");

/** Acknowledges one window, segment by segment. */
function acknowledgeWindow(control: NewReno): void {
  const segments = Math.floor(control.cwndBytes / MSS);
  for (let i = 0; i < segments; i++) control.onAck(MSS, RTT_US, true, MSS);
}

Deno.test("Goal: slow start doubles the window in each RTT (RFC 5681 section 3.1)", () => {
  const control = new NewReno(10 * MSS);
  acknowledgeWindow(control);
  assertEquals(control.cwndBytes, 20 * MSS);
  control.onAck(20 * MSS, RTT_US, true, MSS);
  assertEquals(control.cwndBytes, 40 * MSS, "one ACK for all of it counts as much");
});

Deno.test("Goal: congestion avoidance adds one MSS in each RTT, however the ACKs come", () => {
  for (const perAck of [MSS, 2 * MSS, 5 * MSS]) {
    const control = new NewReno(40 * MSS);
    control.onLoss(40 * MSS, MSS);
    control.onRecovered();
    assertEquals(control.cwndBytes, 20 * MSS);
    for (let acked = 0; acked < 20 * MSS; acked += perAck) control.onAck(perAck, RTT_US, true, MSS);
    assertEquals(control.cwndBytes, 21 * MSS, `${perAck} bytes an ACK`);
  }
});

Deno.test("Goal: a loss halves what was in flight, down to two segments (RFC 5681 equation 4)", () => {
  const control = new NewReno(100 * MSS);
  control.onLoss(60 * MSS, MSS);
  assertEquals([control.cwndBytes, control.ssthreshBytes], [30 * MSS, 30 * MSS]);
  control.onLoss(3 * MSS, MSS);
  assertEquals([control.cwndBytes, control.ssthreshBytes], [2 * MSS, 2 * MSS]);
});

Deno.test("Goal: after a timeout slow start goes up to half of what was in flight", () => {
  const control = new NewReno(100 * MSS);
  control.onTimeout(80 * MSS, MSS);
  assertEquals([control.cwndBytes, control.ssthreshBytes], [MSS, 40 * MSS]);
  for (let rounds = 0; rounds < 6; rounds++) acknowledgeWindow(control);
  assert(control.cwndBytes >= 40 * MSS && control.cwndBytes <= 42 * MSS, `${control.cwndBytes}`);
});

Deno.test("Goal: credit earned before a loss does not count after it", () => {
  const control = new NewReno(20 * MSS);
  control.onLoss(20 * MSS, MSS);
  control.onAck(9 * MSS, RTT_US, true, MSS);
  control.onLoss(20 * MSS, MSS);
  control.onAck(MSS, RTT_US, true, MSS);
  assertEquals(control.cwndBytes, 5 * MSS);
});
