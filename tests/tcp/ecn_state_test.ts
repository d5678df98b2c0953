import { assertEquals } from "@std/assert";
import { AccurateEcn, EcnMode, EcnState } from "../../src/tcp/ecn_state.ts";
import { Ecn } from "../../src/wire/segment.ts";

Deno.test("Goal: ECN begins with nothing marked, nothing owed and the counters of RFC 9768 section 3.2.1", () => {
  const state = new EcnState(EcnMode.classic);
  assertEquals([state.echoing, state.ectSeen, state.owesCwr, state.reducing], [
    false,
    false,
    false,
    false,
  ]);
  assertEquals(state.accurate, null);
  const accurate = new AccurateEcn(Ecn.ect0, true);
  assertEquals([accurate.peerCodepoint, accurate.reflects], [Ecn.ect0, true]);
  assertEquals([accurate.e0Bytes, accurate.ceBytes, accurate.e1Bytes], [1, 0, 1]);
  assertEquals([accurate.marksReceived, accurate.marksTold], [0, 0]);
  assertEquals([accurate.ect, accurate.option], [true, false]);
});
