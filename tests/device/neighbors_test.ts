import { assertEquals } from "@std/assert";
import { ManualClock } from "../../src/base/clock.ts";
import { Neighbors, NEIGHBORS_MAX, WAITING_MAX } from "../../src/device/neighbors.ts";

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 9);

Deno.test("neighbors: three questions, a second apart, then the packets that wait are lost", () => {
  const clock = new ManualClock(1000);
  const neighbors = new Neighbors(clock);
  const host = neighbors.find(0, 0, 0, 5);
  neighbors.wait(host, new Uint8Array(1));
  neighbors.ask(host);
  const asked: number[] = [];
  for (let i = 0; i < 50; i++) {
    neighbors.askDue(() => asked.push(clock.now() - 1000));
    clock.advance(100_000);
  }
  assertEquals(asked, [0, 1_000_000, 2_000_000]);
  assertEquals([neighbors.lost, neighbors.nextAskUs], [1, Infinity]);
  assertEquals(neighbors.known(0, 0, 0, 5), null);
});

Deno.test("neighbors: an answer ends the questions and gives back what waited", () => {
  const clock = new ManualClock(1000);
  const neighbors = new Neighbors(clock);
  const host = neighbors.find(0, 0, 0, 5);
  neighbors.wait(host, Uint8Array.of(1));
  neighbors.ask(host);
  neighbors.askDue(() => {});
  assertEquals(neighbors.heard(host, MAC), [Uint8Array.of(1)]);
  assertEquals([neighbors.isStale(host), host.mac], [false, MAC]);
  neighbors.askDue(() => assertEquals("asked", "answered"));
  clock.advance(60_000_000);
  assertEquals(neighbors.isStale(host), true);
});

Deno.test("neighbors: neither hosts nor packets pile up", () => {
  const clock = new ManualClock(0);
  const neighbors = new Neighbors(clock);
  for (let i = 0; i < WAITING_MAX + 10; i++) {
    neighbors.wait(neighbors.find(1, 0, 0, 0), Uint8Array.of(i));
  }
  assertEquals(neighbors.lost, 10);
  assertEquals(neighbors.find(1, 0, 0, 0).waiting[0], Uint8Array.of(10));
  neighbors.heard(neighbors.find(1, 0, 0, 0), MAC);
  for (let i = 0; i < NEIGHBORS_MAX + 100; i++) neighbors.find(2, 0, 0, i);
  // The one that was heard outlives all that never answered.
  assertEquals(neighbors.known(1, 0, 0, 0)?.mac, MAC);
  const left = Array.from({ length: NEIGHBORS_MAX + 100 }, (_, i) => neighbors.known(2, 0, 0, i));
  assertEquals(left.filter((host) => host !== null).length, NEIGHBORS_MAX - 1);
});
