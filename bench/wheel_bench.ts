// The timer wheel with 1,000,000 timers. Each iteration does 1,000 operations: microseconds for an
// iteration are nanoseconds for an operation.
import { SeededRandom } from "../src/base/random.ts";
import { TimerWheel } from "../src/tcp/wheel.ts";

const TIMERS = 1_000_000;
const BATCH = 1000;
const SECOND_US = 1_000_000;
const random = new SeededRandom(1);

/** Random ids, so that each operation meets other cache lines, as segments of many connections do. */
const ids = Int32Array.from({ length: 1 << 20 }, () => random.integer(0, TIMERS - 1));
let turn = 0;

/** A full wheel: timers over the next minute, as retransmission and keepalive timers are. */
function fullWheel(): TimerWheel {
  const wheel = new TimerWheel(TIMERS, 0);
  for (let id = 0; id < TIMERS; id++) wheel.schedule(id, random.integer(1, 60 * SECOND_US));
  return wheel;
}

const moving = fullWheel();
Deno.bench("schedule: move to a random time, 1,000,000 timers, x1000", { group: "set" }, () => {
  for (let i = 0; i < BATCH; i++) {
    const id = ids[turn = (turn + 1) & (ids.length - 1)];
    moving.schedule(id, 1 + ((id * 59) ^ (turn << 5)));
  }
});

const pushed = fullWheel();
let pushedUs = 300_000;
Deno.bench(
  "schedule: push one timer back by 10 us, as for each ACK, x1000",
  { group: "set" },
  () => {
    for (let i = 0; i < BATCH; i++) pushed.schedule(77, pushedUs += 10);
  },
);

const cancelled = fullWheel();
Deno.bench("cancel and schedule again, 1,000,000 timers, x1000", { group: "set" }, () => {
  for (let i = 0; i < BATCH; i++) {
    const id = ids[turn = (turn + 1) & (ids.length - 1)];
    cancelled.cancel(id);
    cancelled.schedule(id, 1 + ((id * 59) ^ (turn << 5)));
  }
});

const periodic = fullWheel();
let periodicUs = 0;
Deno.bench("expire and schedule again, 1,000,000 timers, x1000", { group: "expire" }, () => {
  let fired = 0;
  while (fired < BATCH) {
    const id = periodic.expire(periodicUs);
    if (id < 0) {
      periodicUs += 256;
      continue;
    }
    // One minute from now: each timer cascades through two or three levels on its way.
    periodic.schedule(id, periodicUs + 60 * SECOND_US);
    fired++;
  }
});

const idle = new TimerWheel(TIMERS, 0);
for (let id = 0; id < TIMERS; id++) idle.schedule(id, 1e12 + id * 50);
let idleUs = 0;
Deno.bench("expire: nothing is due, 1,000,000 timers, x1000", { group: "expire" }, () => {
  for (let i = 0; i < BATCH; i++) idle.expire(idleUs += 256);
});

let soonest = 0;
Deno.bench("nextExpiry, 1,000,000 timers, x1000", { group: "expire" }, () => {
  for (let i = 0; i < BATCH; i++) soonest += moving.nextExpiry();
});

Deno.bench("expire 1,000,000 timers in one jump of a minute, whole", {
  group: "jump",
  n: 5,
  warmup: 1,
}, (b) => {
  const wheel = fullWheel();
  b.start();
  let fired = 0;
  // Timers that move down a level in batches answer -1 between two of them.
  while (wheel.nextExpiry() < 61 * SECOND_US) if (wheel.expire(61 * SECOND_US) >= 0) fired++;
  b.end();
  if (fired !== TIMERS || Number.isNaN(soonest)) throw new Error(`${fired} timers fired`);
});
