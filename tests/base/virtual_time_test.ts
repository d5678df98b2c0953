import { assertEquals, assertRejects } from "@std/assert";
import { VirtualTime } from "../../src/base/virtual_time.ts";

Deno.test("virtual time: waits take no time, and come in their order", async () => {
  const time = new VirtualTime();
  const startUs = time.clock.now();
  const order: number[] = [];
  const wait = async (us: number) => {
    await time.until(startUs + us);
    order.push(time.clock.now() - startUs);
  };
  await time.run(Promise.all([wait(3_000_000_000), wait(5), wait(70)]));
  assertEquals(order, [5, 70, 3_000_000_000]);
});

Deno.test("virtual time: a long chain of microtasks ends before the clock jumps", async () => {
  // Goal: an application that reads byte by byte is not slow; only the time goes on that it waits for.
  const time = new VirtualTime();
  const startUs = time.clock.now();
  time.clock.wakeAt(startUs + 50_000, () => {});
  const chain = async () => {
    for (let i = 0; i < 100_000; i++) await null;
    return time.clock.now() - startUs;
  };
  assertEquals(await time.run(chain()), 0);
});

Deno.test("virtual time: what never settles is an error", async () => {
  const time = new VirtualTime();
  const never = new Promise(() => {});
  await assertRejects(() => time.run(never), Error, "nothing goes on at");
  time.clock.wakeAt(time.clock.now() + 5_000_000, () => {});
  await assertRejects(() => time.run(never, 1_000_000), Error, "nothing goes on at");
});

Deno.test("virtual time: exhausted means that no timer is left", async () => {
  const time = new VirtualTime();
  let wakes = 0;
  const again = () => {
    if (++wakes < 10) time.clock.wakeAt(time.clock.now() + 1_000_000, again);
  };
  again();
  await time.exhaust(100_000_000);
  assertEquals(wakes, 10);
  time.clock.wakeAt(time.clock.now() + 1000, () => {});
  await assertRejects(() => time.exhaust(999), Error, "a timer is left");
});
