// Marks on the way instead of losses, in virtual time: 100 Mbit/s, 25 ms each way.
import { assert, assertEquals } from "@std/assert";
import type { TcpOptions } from "../../src/tcp/config.ts";
import { oneWay } from "./one_way.ts";

const BYTES = 5 * 1024 * 1024;
const SEED = 3168;

function transfer(mark: number, tcp: TcpOptions, acks = 0) {
  return oneWay({ seed: SEED, bytes: BYTES, data: { mark }, acks: { mark: acks }, tcp });
}

for (const ecn of ["on", "accurate"] as const) {
  for (const congestion of ["cubic", "newreno"] as const) {
    Deno.test(`ecn: marks slow a sender down and cost it nothing else (${ecn}, ${congestion})`, async () => {
      // Goal: the window goes down as after losses, but nothing is sent again and nothing waits for a timer.
      const clean = await transfer(0, { ecn, congestion });
      const marked = await transfer(0.005, { ecn, congestion });
      assertEquals([marked.retransmissions, marked.timeouts, marked.fastRetransmits], [0, 0, 0]);
      const ratio = marked.transferUs / clean.transferUs;
      assert(ratio > 1.5 && ratio < 30, `${ratio} times as long, seed ${SEED}`);
      // Goal: with a mark on every packet the sender keeps a small window and still gets on.
      const flooded = await transfer(1, { ecn, congestion });
      assertEquals([flooded.retransmissions, flooded.timeouts], [0, 0]);
      assert(flooded.silenceUs < 200_000, `${flooded.silenceUs} us of silence`);
    });
  }
}

Deno.test("ecn: marks mean nothing to ends that have not agreed on it", async () => {
  const clean = await transfer(0, { ecn: "off" });
  assertEquals((await transfer(1, { ecn: "off" })).transferUs, clean.transferUs);
});

Deno.test("ecn: marks on pure acknowledgments do not stop a transfer", async () => {
  // Goal: in accurate ECN they are ECN-capable, and the receiver of data hears of their marks only with data.
  const { retransmissions, timeouts } = await transfer(0, { ecn: "accurate" }, 0.5);
  assertEquals([retransmissions, timeouts], [0, 0]);
});
