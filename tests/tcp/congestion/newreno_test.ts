import { assertEquals } from "@std/assert";
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

Deno.test("Goal: a loss halves the window, in whole segments, down to two (RFC 5681 equation 4)", () => {
  // As in Linux it is the window that is halved, which validation keeps close to what is in flight.
  const control = new NewReno(61 * MSS);
  control.onLoss(40 * MSS, MSS);
  assertEquals([control.cwndBytes, control.ssthreshBytes], [30 * MSS, 30 * MSS]);
  for (let i = 0; i < 5; i++) control.onLoss(3 * MSS, MSS);
  assertEquals([control.cwndBytes, control.ssthreshBytes], [2 * MSS, 2 * MSS]);
});

Deno.test("Goal: after a timeout slow start goes up to half of the window, and no further", () => {
  const control = new NewReno(80 * MSS);
  control.onTimeout(80 * MSS, MSS);
  assertEquals([control.cwndBytes, control.ssthreshBytes], [MSS, 40 * MSS]);
  for (let rounds = 0; rounds < 6; rounds++) acknowledgeWindow(control);
  assertEquals(control.cwndBytes, 40 * MSS);
});

Deno.test("Goal: credit earned before a loss does not count after it", () => {
  const control = new NewReno(20 * MSS);
  control.onLoss(20 * MSS, MSS);
  control.onAck(9 * MSS, RTT_US, true, MSS);
  control.onLoss(20 * MSS, MSS);
  control.onAck(MSS, RTT_US, true, MSS);
  assertEquals(control.cwndBytes, 5 * MSS);
});

Deno.test("Goal: what an ACK acknowledges beyond the threshold counts for congestion avoidance", () => {
  const control = new NewReno(20 * MSS);
  control.onTimeout(20 * MSS, MSS);
  control.onAck(9 * MSS, RTT_US, true, MSS);
  assertEquals(control.cwndBytes, 10 * MSS, "at the threshold");
  control.cwndBytes = 8 * MSS;
  control.onAck(12 * MSS, RTT_US, true, MSS);
  assertEquals(control.cwndBytes, 11 * MSS, "two to the threshold, ten for one more");
});
