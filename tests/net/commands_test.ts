import { assertEquals } from "@std/assert";
import { CommandWriter } from "../../src/net/commands.ts";
import { Field } from "../../src/pipeline/messages.ts";
import { Bell } from "../../src/ring/bell.ts";
import { Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { RingConsumer } from "../../src/ring/ring.ts";

/** A writer, the stage's end of its ring, and how often the stage was woken. */
function rig() {
  const layout = new Layout(SMALL_DIMENSIONS);
  const woken = { count: 0 };
  const bell = new Bell(new Int32Array(new SharedArrayBuffer(4)), 0, () => woken.count++);
  bell.announceSleep();
  const writer = new CommandWriter(layout.commands, bell, () => {});
  const reader = new RingConsumer(layout.commands);
  const take = () => {
    const rows: number[] = [];
    for (let at = reader.next(); at >= 0; at = reader.next()) {
      rows.push(reader.words[at + Field.row]);
    }
    reader.release();
    bell.announceSleep();
    return rows;
  };
  return { layout, woken, writer, take };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

Deno.test("Goal: a sleeping stage is woken once for what is asked in one turn, if it is urgent", async () => {
  const { writer, woken, take } = rig();
  for (let row = 0; row < 3; row++) {
    writer.begin(1, row, 0);
    writer.finish(row === 1);
  }
  assertEquals([woken.count, take()], [0, []]);
  await turn();
  assertEquals([woken.count, take()], [1, [0, 1, 2]]);
  writer.begin(1, 3, 0);
  writer.finish(false);
  await turn();
  assertEquals([woken.count, take()], [1, [3]]);
});

Deno.test("Goal: of what the ring had no room for the stage is told although it has gone to sleep since", async () => {
  const { layout, writer, woken, take } = rig();
  const many = layout.commands.capacity + 3;
  for (let row = 0; row < many; row++) {
    writer.begin(1, row, 0);
    writer.finish(true);
  }
  await Promise.resolve();
  assertEquals([woken.count, take().length], [1, layout.commands.capacity]);
  await turn();
  assertEquals([woken.count, take()], [2, [many - 3, many - 2, many - 1]]);
});

Deno.test("Goal: what must hold when a call returns does, and nothing is shown after the end", async () => {
  const { writer, take } = rig();
  writer.begin(1, 7, 0);
  writer.finishNow();
  assertEquals(take(), [7]);
  await turn();
  writer.close();
  writer.begin(1, 8, 0);
  writer.finish(true);
  await turn();
  assertEquals(take(), []);
});
