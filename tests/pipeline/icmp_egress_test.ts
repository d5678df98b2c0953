// What is sent and to whom is in icmp_stage_test.ts; here is what happens to memory.
import { assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { InputKind } from "../../src/ip/input.ts";
import { NIL } from "../../src/ring/pool.ts";
import { Segment } from "../../src/wire/segment.ts";
import { ends, OWN, PEER } from "../wire/frames.ts";
import { StageRig } from "./stage_parts.ts";

Deno.test("icmp egress: without a free slot nothing is sent, and that is counted", () => {
  const rig = new StageRig();
  const { slots } = rig.stage.slots;
  const taken: number[] = [];
  for (let slot = slots.take(); slot !== NIL; slot = slots.take()) taken.push(slot);
  const segment = Object.assign(new Segment(), ends(PEER, OWN), { payloadLength: 8, slot: NIL });
  rig.stage.input(InputKind.icmpEcho, segment, 0);
  rig.stage.input(InputKind.refused, segment, 0);
  const { counters } = rig.stage;
  assertEquals([counters.drops(Drop.loopbackFull), counters.drops(Drop.icmpErrorLimited)], [1, 1]);
  assertEquals(rig.device.sent.length, 0);
  for (const slot of taken) slots.give(slot);
  rig.stage.input(InputKind.icmpEcho, segment, 0);
  assertEquals([rig.device.sent.length, slots.free], [1, taken.length]);
});

Deno.test("icmp egress: no error goes to the stack itself", () => {
  const rig = new StageRig();
  const segment = Object.assign(new Segment(), ends(OWN, OWN), { slot: NIL });
  rig.stage.input(InputKind.refused, segment, 0);
  assertEquals([rig.device.sent.length, rig.totals().counters.icmpErrorsOut], [0, 0]);
});
