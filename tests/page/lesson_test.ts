import { assert, assertEquals } from "@std/assert";
import { explain } from "../../src/page/explain.ts";
import { ANSWER_BYTES, play, REQUEST_BYTES } from "../../src/page/lesson.ts";
import { arrowText } from "../../src/page/conversation.ts";

Deno.test("without a loss the lesson is the handshake of the textbooks, with both sides' states", async () => {
  const arrows = await play(new Set());
  const steps = arrows.map((arrow) => [arrowText(arrow), arrow.left, arrow.right]);
  assertEquals(steps.slice(0, 3), [
    ["SYN seq=0", "SYN-SENT", "SYN-RECEIVED"],
    ["SYN ACK seq=0 ack=1", "ESTABLISHED", null],
    ["ACK seq=1 ack=1", null, "ESTABLISHED"],
  ]);
  const states = (side: "left" | "right") =>
    arrows.map((arrow) => arrow[side]).filter((state) => state !== null).join(" ");
  assertEquals(states("left"), "SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT CLOSED");
  assertEquals(states("right"), "SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED");
  assert(arrows.every(({ lost, marks }) => !lost && marks.length === 0));
});

Deno.test("whatever single segment is lost, both sides get everything and end, and what was before is the same", async () => {
  // Goal: a click on a segment changes only what comes after it.
  const whole = await play(new Set());
  for (const [index, { id, packet }] of whole.entries()) {
    if (packet === null) continue;
    const arrows = await play(new Set([id]));
    const before = (all: typeof whole) =>
      all.slice(0, index).map((arrow) => [arrow.id, arrow.timeUs, arrowText(arrow)]);
    assertEquals(before(arrows), before(whole), id);
    assertEquals([arrows[index].id, arrows[index].lost], [id, true]);
    const last = (side: "left" | "right") =>
      arrows.findLast((arrow) => arrow[side] !== null)![side];
    assertEquals([last("left"), last("right")], ["CLOSED", "CLOSED"], id);
    const acked = (fromLeft: boolean) =>
      Math.max(...arrows.filter((a) => a.fromLeft === fromLeft && !a.lost).map((a) => a.ack ?? 0));
    assertEquals([acked(true), acked(false)], [ANSWER_BYTES + 2, REQUEST_BYTES + 2], id);
  }
});

Deno.test("every step of every story is explained in both languages", async () => {
  for (const lost of [[], ["L0"], ["R0"], ["R2"], ["L5"], ["L0", "L1", "R0"]]) {
    for (const arrow of await play(new Set(lost))) {
      const { en, zh } = explain(arrow);
      assert(/[a-z]{3}/.test(en) && !/[\u4e00-\u9fff]/.test(en), en);
      assert(/[\u4e00-\u9fff]/.test(zh) && !/undefined|null/.test(en + zh), zh);
    }
  }
});
