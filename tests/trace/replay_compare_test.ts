import { assertEquals } from "@std/assert";
import { compare, tally, Verdict } from "../../src/trace/replay_compare.ts";
import { Flag, Segment } from "../../src/wire/segment.ts";

function step(kind: "stack" | "captured", seq: number, payloadLength: number, ack = 1, flags = 0) {
  const fields = { seq: seq | 0, payloadLength, ack, flags: Flag.ACK | flags };
  return { kind, segment: Object.assign(new Segment(), fields), verdict: null as Verdict | null };
}

Deno.test("replay compare: each verdict, sequence numbers that wrap included", () => {
  const top = 0xffff_ff00;
  const steps = [
    step("captured", top, 512),
    step("stack", top, 512),
    step("captured", top + 512, 100),
    step("stack", top + 512, 100, 7),
    // 200 bytes as two pieces and as one.
    step("captured", top + 612, 100),
    step("captured", top + 712, 100),
    step("stack", top + 612, 200),
    // PSH is no difference, FIN is.
    step("captured", top + 812, 10, 1, Flag.PSH),
    step("stack", top + 812, 10),
    step("captured", top + 822, 0, 1, Flag.FIN),
    step("stack", top + 822, 0, 9),
  ];
  compare(steps);
  assertEquals(steps.map(({ verdict }) => verdict), [
    ...[Verdict.same, Verdict.same, Verdict.otherAck, Verdict.otherAck],
    ...[Verdict.otherCut, Verdict.otherCut, Verdict.otherCut, Verdict.same, Verdict.same],
    ...[Verdict.onlyCaptured, Verdict.onlyStack],
  ]);
  assertEquals(Object.fromEntries(tally(steps)), {
    "same": 2,
    "other ack": 1,
    "other cut": 2,
    "only in the capture": 1,
    "only by the stack": 1,
  });
});

Deno.test("replay compare: the n-th retransmission is the n-th", () => {
  const steps = [
    step("captured", 1, 10),
    step("stack", 1, 10),
    step("captured", 1, 10),
    step("stack", 1, 10),
    step("stack", 1, 10, 5),
  ];
  compare(steps);
  assertEquals(steps.at(-1)!.verdict, Verdict.otherCut);
  assertEquals(steps.slice(0, 4).every(({ verdict }) => verdict === Verdict.same), true);
});
