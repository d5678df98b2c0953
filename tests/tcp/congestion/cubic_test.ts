import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Cubic } from "../../../src/tcp/congestion/cubic.ts";
import { CongestionPhase } from "../../../src/tcp/congestion/phase.ts";
import { Rounds } from "./rounds.ts";
import { testConformance } from "./conformance.ts";

const MSS = 1000;
const C = 0.4;
const BETA = 0.7;

testConformance("cubic");

/** A control that has lost once at `windowSegments` and has recovered. */
function afterLoss(windowSegments: number): Cubic {
  const control = new Cubic(windowSegments * MSS);
  control.onLoss(windowSegments * MSS, MSS);
  control.onRecovered();
  return control;
}

/** Lets whole windows be acknowledged for a time; returns the windows in segments, one for each RTT. */
function run(control: Cubic, fromUs: number, untilUs: number, rttUs: number): number[] {
  const windows: number[] = [];
  for (let nowUs = fromUs; nowUs < untilUs; nowUs += rttUs) {
    const segments = Math.floor(control.cwndBytes / MSS);
    for (let i = 0; i < segments; i++) control.onAck(MSS, rttUs, true, MSS, nowUs);
    windows.push(control.cwndBytes / MSS);
  }
  return windows;
}

Deno.test("Goal: slow start doubles the window in each RTT", () => {
  const control = new Cubic(10 * MSS);
  assertEquals(run(control, 0, 300_000, 100_000), [20, 40, 80]);
});

Deno.test("Goal: a loss takes the window to 0.7 of itself, at least two segments (RFC 9438 section 4.6)", () => {
  assertAlmostEquals(afterLoss(100).cwndBytes, 70 * MSS, 1);
  assertEquals(afterLoss(2).cwndBytes, 2 * MSS);
  const idle = new Cubic(100 * MSS);
  idle.onLoss(10 * MSS, MSS);
  assertEquals(idle.cwndBytes, 70 * MSS, "of the window, as in Linux, whatever was in flight");
  for (const [window, reduced] of [[10, 7], [13, 9], [20, 14], [25, 17], [1000, 700]]) {
    assertEquals(afterLoss(window).cwndBytes, reduced * MSS, `${window} segments`);
  }
});

Deno.test("Goal: the window is back at W_max after K seconds, and follows the cubic on the way", () => {
  const wMax = 1000;
  const control = afterLoss(wMax);
  const k = Math.cbrt((wMax * (1 - BETA)) / C);
  const rttUs = 100_000;
  const windows = run(control, 0, 2 * k * 1e6, rttUs);
  windows.forEach((window, round) => {
    // Behind round r the window is that of the end of its RTT.
    const t = ((round + 1) * rttUs) / 1e6;
    const expected = C * (t - k) ** 3 + wMax;
    assert(Math.abs(window - expected) <= 0.03 * expected, `${t} s: ${window}, not ${expected}`);
  });
});

Deno.test("Goal: growth is slowest around W_max: concave before it, convex behind", () => {
  const windows = run(afterLoss(1000), 0, 18_000_000, 100_000);
  const growth = windows.map((window, i) => i === 0 ? 0 : window - windows[i - 1]);
  const quarter = Math.floor(windows.length / 4);
  assert(growth[5] > growth[2 * quarter] && growth[4 * quarter - 1] > growth[2 * quarter]);
});

Deno.test("Goal: on a short path it is no slower than Reno: alpha up to the last window, then 1 (section 4.3)", () => {
  const rttUs = 1000;
  const windows = run(afterLoss(200), 0, 300 * rttUs, rttUs);
  const alpha = (3 * (1 - BETA)) / (1 + BETA);
  const there = Math.ceil(60 / alpha);
  windows.forEach((window, index) => {
    const rounds = index + 1;
    const reno = rounds < there ? 140 + alpha * rounds : 200 + (rounds - there);
    assert(Math.abs(window - reno) <= 3, `${window} after ${rounds} rounds, Reno has ${reno}`);
  });
});

Deno.test("Goal: while no loss has told a maximum the window grows by a twentieth in an RTT, as in Linux", () => {
  const control = new Cubic(100 * MSS);
  control.ssthreshBytes = 100 * MSS;
  const windows = run(control, 0, 500_000, 100_000);
  windows.forEach((window, index) => assertAlmostEquals(window, 100 * 1.05 ** (index + 1), 3));
});

Deno.test("Goal: a loss below the last maximum gives room to others: fast convergence (section 4.7)", () => {
  const control = afterLoss(1000);
  control.onLoss(700 * MSS, MSS);
  assertAlmostEquals(control.cwndBytes, 490 * MSS, 1);
  // W_max is now 700 * (1 + 0.7) / 2 = 595, so that K is cbrt((595 - 490) / 0.4) = 6.4 s.
  const windows = run(control, 0, 6_400_000, 100_000);
  assertAlmostEquals(windows[windows.length - 1], 595, 6);
});

Deno.test("Goal: in one RTT the window grows by half of itself at the most (section 4.2)", () => {
  const control = afterLoss(100);
  control.onAck(MSS, 100_000, true, MSS, 0);
  const before = control.cwndBytes;
  // An hour later without an idle mark: the cubic is far above.
  for (let i = 0; i < before / MSS; i++) control.onAck(MSS, 100_000, true, MSS, 3600e6);
  assert(control.cwndBytes <= 1.7 * before, `${control.cwndBytes / before}`);
});

Deno.test("Goal: time in which the sender had nothing to send does not grow the window (section 5.8)", () => {
  const used = afterLoss(100);
  const paused = afterLoss(100);
  run(used, 0, 1_000_000, 100_000);
  run(paused, 0, 1_000_000, 100_000);
  const twin = afterLoss(100);
  run(twin, 0, 1_000_000, 100_000);
  assertEquals(paused.cwndBytes, twin.cwndBytes);
  paused.onTransmitStart(100_000, 90e6);
  paused.onAck(MSS, 100_000, false, MSS, 100e6);
  const after = (control: Cubic, fromUs: number) => run(control, fromUs, fromUs + 2e6, 100_000);
  assertEquals(after(paused, 100.1e6), after(twin, 1e6), "as if the time had not passed");
  assert(after(used, 100.1e6)[5] > 2 * twin.cwndBytes / MSS, "which makes a difference");
});

Deno.test("Goal: after a timeout slow start goes up to 0.7 of the window", () => {
  const control = new Cubic(100 * MSS);
  control.onTimeout(100 * MSS, MSS);
  assertEquals([control.cwndBytes, control.ssthreshBytes], [MSS, 70 * MSS]);
  assertEquals(control.phase, CongestionPhase.slowStart);
  const windows = run(control, 0, 600_000, 100_000);
  assertEquals(windows.slice(0, 6), [2, 4, 8, 16, 32, 64]);
  const later = run(control, 600_000, 1_000_000, 100_000);
  assert(later[0] >= 70 && later[0] <= 72, `${later[0]}: no further than the threshold`);
  // Section 4.8: what the maximum was before the timeout is forgotten, so that growth begins at once.
  assert(later[3] > later[0] + 6, `${later}`);
});

Deno.test("Goal: behind an undo the curve goes on where it was: W_max, K and epoch are back (section 4.9.1)", () => {
  const lost = afterLoss(1000);
  run(lost, 0, 3e6, 100_000);
  const { cwndBytes, ssthreshBytes } = lost;
  lost.saveForUndo();
  lost.onLoss(700 * MSS, MSS);
  lost.cwndBytes = Math.max(lost.cwndBytes, cwndBytes);
  lost.ssthreshBytes = Math.max(lost.ssthreshBytes, ssthreshBytes);
  lost.undo();
  const other = afterLoss(1000);
  run(other, 0, 3e6, 100_000);
  assertEquals(run(lost, 3e6, 9e6, 100_000), run(other, 3e6, 9e6, 100_000));
});

Deno.test("Goal: HyStart++ ends slow start by five rounds of quarter growth behind a growth of the RTT (RFC 9406)", () => {
  const control = new Cubic(10 * MSS);
  const link = new Rounds(control);
  for (let i = 0; i < 3; i++) link.round(100_000);
  assertEquals([control.cwndBytes, control.phase], [80 * MSS, CongestionPhase.slowStart]);
  // 12.5 ms, an eighth of the RTT, is the threshold here.
  link.round(112_000);
  assertEquals(control.phase, CongestionPhase.slowStart, "not quite");
  link.round(126_100);
  assertEquals(control.phase, CongestionPhase.conservativeSlowStart);
  const before = control.cwndBytes;
  link.round(126_100);
  assertAlmostEquals(control.cwndBytes, 1.25 * before, 2 * MSS);
  assertEquals(control.ssthreshBytes, Infinity);
  for (let i = 0; i < 4; i++) link.round(126_100);
  assertEquals(control.phase, CongestionPhase.congestionAvoidance);
  assert(control.ssthreshBytes < Infinity);
});

Deno.test("Goal: the first slow start alone is watched: behind a loss the RTT ends none", () => {
  const control = new Cubic(10 * MSS);
  const link = new Rounds(control);
  link.round(100_000);
  control.onTimeout(20 * MSS, MSS);
  const { ssthreshBytes } = control;
  for (let i = 0; i < 3; i++) link.round(100_000 + 50_000 * i);
  assertEquals([control.phase, control.ssthreshBytes], [CongestionPhase.slowStart, ssthreshBytes]);
});
