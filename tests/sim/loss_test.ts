// How fast losses are repaired, and how little is sent again that had not been lost.
import { assert, assertEquals } from "@std/assert";
import { bottleneckOf, runFlows } from "./lab/flows.ts";
import { CONTROLS } from "./lab/snapshot.ts";
import { oneWay, PATH } from "./one_way.ts";

const RTT_US = 2 * PATH.delayUs!;
const MIB = 1024 * 1024;

for (const control of CONTROLS) {
  Deno.test(`loss: ${control} repairs a burst within a few round trips`, async () => {
    // Goal: nothing new for the application for at most three RTTs, whatever part of a window is lost.
    for (const burst of [1, 5, 20, 100, 200]) {
      const lose = (frame: number) => frame >= 450 && frame < 450 + burst;
      const tcp = { congestion: control };
      const result = await oneWay({ seed: burst, bytes: 3 * MIB, lose, tcp });
      const text = `${burst} lost: ${JSON.stringify(result)}`;
      assert(result.silenceUs <= 3 * RTT_US, text);
      assertEquals(result.timeouts, 0, text);
      assert(result.retransmissions <= burst + 2, text);
    }
  });

  Deno.test(`loss: ${control} goes on after an outage of two round trips`, async () => {
    // Goal: nothing arrives that could tell of it, so a timer must; after it no second silence.
    const lose = (_: number, sinceUs: number) => sinceUs >= 300_000 && sinceUs < 400_000;
    const result = await oneWay({ seed: 1, bytes: 3 * MIB, lose, tcp: { congestion: control } });
    assert(result.silenceUs >= 100_000 && result.silenceUs <= 500_000, JSON.stringify(result));
    assert(result.timeouts <= 1, JSON.stringify(result));
  });

  Deno.test(`loss: ${control} sends hardly anything again that was not lost`, async () => {
    // Goal: RACK under reordering by up to half a round trip, with losses and without.
    for (const loss of [0, 0.005]) {
      for (const reorderDelayUs of [500, 5_000, 20_000]) {
        const more = { loss, reorder: 0.05, reorderDelayUs };
        const { flows, bottleneck } = await runFlows({
          seed: 1,
          flows: [{ control }],
          bottleneck: bottleneckOf(20e6, 40_000, 2, more),
          untilUs: 10e6,
        });
        const gone = bottleneck.lost + bottleneck.queueDropped;
        const needless = flows[0].retransmitted - gone;
        const text = `${loss} lost, ${reorderDelayUs} us late: ${needless} of ${flows[0].segments}`;
        // BBR keeps its window in a recovery, so that more is on its way that may count as lost.
        const share = control === "bbr" ? 0.02 : 0.005;
        assert(needless <= share * flows[0].segments + 5, text);
      }
    }
  });
}
