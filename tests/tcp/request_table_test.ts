// The table of handshakes against a plain map, under random operations.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { Listener } from "../../src/tcp/listener.ts";
import { Ends, RequestTable } from "../../src/tcp/request_table.ts";
import { Flag, Segment } from "../../src/wire/segment.ts";

const SEED = Number(Deno.env.get("WOSHOU_SEED") ?? 144);

function synFrom(random: SeededRandom, peers: number): Segment {
  const syn = new Segment();
  syn.src2 = 0xffff;
  syn.src3 = random.integer(1, peers);
  syn.dst2 = 0xffff;
  syn.dst3 = 0x0a000001;
  syn.srcPort = 1;
  syn.dstPort = 80;
  syn.flags = Flag.SYN | (random.integer(0, 1) * (Flag.ECE | Flag.CWR));
  syn.seq = random.uint32() | 0;
  syn.window = random.integer(0, 65_535);
  syn.windowScale = random.integer(0, 14);
  syn.options = random.integer(0, 15);
  syn.mss = random.integer(0, 65_535);
  syn.tsValue = random.uint32() | 0;
  syn.trafficClass = random.integer(0, 255);
  return syn;
}

Deno.test("requests: as a map would have them, through growth and reuse", () => {
  // Goal: what was added is found with all its fields, what was removed is not, and the counts add up.
  const random = new SeededRandom(SEED);
  const table = new RequestTable(1000, random, 0);
  const listeners = [1, 2].map((id) => new Listener(id, [0, 0, 0xffff, 0], 80, 5000));
  const model = new Map<number, { syn: Segment; id: number; listener: Listener; late: boolean }>();
  for (let step = 0; step < 30_000; step++) {
    const syn = synFrom(random, 1500);
    const known = model.get(syn.src3);
    assertEquals(table.find(syn), known?.id ?? -1, `WOSHOU_SEED=${SEED}, step ${step}`);
    if (known === undefined && !table.isFull) {
      const listener = listeners[random.integer(0, 1)];
      const id = table.add(listener, syn, step, -step, step);
      model.set(syn.src3, { syn, id, listener, late: false });
    } else if (known !== undefined && random.integer(0, 1) === 0) {
      table.remove(known.id);
      model.delete(syn.src3);
    } else if (known !== undefined) {
      table.countTimeout(known.id);
      known.late = true;
    }
    for (const listener of listeners) {
      const own = [...model.values()].filter((one) => one.listener === listener);
      if (step % 500 !== 0) continue;
      assertEquals(listener.handshakes, own.length);
      assertEquals(listener.young, own.filter(({ late }) => !late).length);
      assertEquals(table.of(listener).sort(), own.map(({ id }) => id).sort());
    }
    assertEquals(table.size, model.size);
  }
  const read = new Segment();
  const ends = new Ends();
  for (const { syn, id } of model.values()) {
    table.readSyn(id, read);
    table.readEnds(id, ends);
    for (const field of ["seq", "flags", "window", "windowScale", "options", "mss", "tsValue"]) {
      const name = field as "seq";
      assertEquals(read[name], syn[name], field);
    }
    assertEquals([read.trafficClass, ends.remote3], [syn.trafficClass, syn.src3]);
  }
  assert(table.isFull || table.size < 1000);
});

Deno.test("requests: timers go off in order and none is left behind", () => {
  const random = new SeededRandom(SEED);
  const table = new RequestTable(100, random, 0);
  const listener = new Listener(1, [0, 0, 0xffff, 0], 80, 100);
  const due = new Map<number, number>();
  for (let i = 0; i < 50; i++) {
    const syn = synFrom(random, 1);
    syn.src3 = i + 1;
    const id = table.add(listener, syn, 0, 0, 0);
    due.set(id, random.integer(1, 60_000_000));
    table.schedule(id, due.get(id)!);
  }
  for (let nowUs = 0; nowUs <= 61_000_000; nowUs += 500_000) {
    for (let id = table.expire(nowUs); id >= 0; id = table.expire(nowUs)) {
      assert(due.get(id)! <= nowUs && due.get(id)! > nowUs - 501_000);
      due.delete(id);
      table.remove(id);
    }
  }
  assertEquals([due.size, table.size, table.nextExpiry()], [0, 0, Infinity]);
});
