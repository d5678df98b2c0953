import { assert, assertEquals, assertRejects } from "@std/assert";
import { readCapture } from "../../src/device/capture_file.ts";
import { type Conversation, findConversations } from "../../src/trace/conversations.ts";
import { replay, ReplayError, type ReplayStep } from "../../src/trace/replay.ts";
import { tally, Verdict } from "../../src/trace/replay_compare.ts";
import { Flag, OptionBit } from "../../src/wire/segment.ts";
import { record, type Recording } from "./recorded.ts";

async function recorded(recording: Recording): Promise<Conversation> {
  const { frames } = await record(recording);
  return findConversations(readCapture(frames)).conversations[0];
}

function states(steps: readonly ReplayStep[]): string[] {
  return steps.filter(({ kind }) => kind === "state").map(({ text }) => text);
}

Deno.test("replay: a server's capture, replayed, sends what it sent, at the same times", async () => {
  // Goal: the state machine and the clock repeat, so that a difference is one of stacks.
  for (const family of ["IPv4", "IPv6"] as const) {
    const conversation = await recorded({ family, bytes: 60_000 });
    const steps = await replay(conversation);
    assertEquals(states(steps), [
      "LISTEN -> SYN-RECEIVED",
      "SYN-RECEIVED -> ESTABLISHED",
      "ESTABLISHED -> CLOSE-WAIT",
      "CLOSE-WAIT -> LAST-ACK",
      "LAST-ACK -> CLOSED",
    ]);
    const counts = tally(steps);
    // The application of a replay writes segment by segment what was written at once: ACKs may come apart.
    const alone = steps.filter(({ verdict }) => verdict === Verdict.onlyCaptured);
    assertEquals(alone.filter(({ segment }) => segment!.payloadLength > 0), []);
    assert((counts.get(Verdict.same) ?? 0) > 40, JSON.stringify([...counts]));
    const fin = steps.filter(({ segment }) => segment !== null && (segment.flags & Flag.FIN) !== 0);
    assertEquals(fin.slice(0, 3).map(({ kind }) => kind), ["in", "stack", "captured"]);
    assert(steps.every(({ timeUs }, index) => index === 0 || timeUs >= steps[index - 1].timeUs));
  }
});

Deno.test("replay: the client of the same capture, with its own window and round-trip times", async () => {
  const conversation = await recorded({ bytes: 60_000, link: { delayUs: 10_000 } });
  const steps = await replay(conversation, { play: "client" });
  assertEquals(states(steps).slice(0, 2), ["CLOSED -> SYN-SENT", "SYN-SENT -> ESTABLISHED"]);
  const views = steps.flatMap(({ kind, view }) => kind === "in" && view !== null ? [view] : []);
  assert(views.some(({ cwndBytes }) => cwndBytes > views[0].cwndBytes), "slow start");
  // The capture was made at the server: from there the client answers at once.
  assert(views.every(({ rttUs }) => rttUs < 25_000), "echoed timestamps are in the stack's time");
});

Deno.test("replay: losses of the capture show as retransmissions of both", async () => {
  const conversation = await recorded({ bytes: 200_000, link: { delayUs: 5000, loss: 0.03 } });
  const steps = await replay(conversation);
  const seen = new Set<number>();
  const again = steps.filter(({ kind, segment }) => {
    if (kind !== "stack" || segment === null || segment.payloadLength === 0) return false;
    const isAgain = seen.has(segment.seq);
    seen.add(segment.seq);
    return isAgain;
  });
  assert(again.length > 0, "the stack has repeated what the peer did not acknowledge");
  assert((tally(steps).get(Verdict.same) ?? 0) > 100);
  assertEquals(states(steps).at(-1), "LAST-ACK -> CLOSED");
});

Deno.test("replay: another stack's parameters give another answer, which is told", async () => {
  // Goal: without SACK in the replaying stack its SYN-ACK differs only in options; numbers are the same.
  const conversation = await recorded({ bytes: 1000 });
  const steps = await replay(conversation, { tcp: { sack: false, timestamps: false } });
  const synAck = steps.find(({ kind }) => kind === "stack")!;
  assertEquals(synAck.segment!.options & OptionBit.timestamps, 0);
  assertEquals(synAck.verdict, Verdict.same);
});

Deno.test("replay: payload that the capture has cut is made up, and nothing else changes", async () => {
  const { headers } = await record({ bytes: 20_000 });
  const [conversation] = findConversations(readCapture(headers)).conversations;
  const steps = await replay(conversation);
  assertEquals(states(steps).at(-1), "LAST-ACK -> CLOSED");
  assertEquals(tally(steps).get(Verdict.onlyCaptured) ?? 0, 0);
});

Deno.test("replay: a capture without its handshake is refused by name", async () => {
  const { client, server, segments } = await recorded({ bytes: 100 });
  const rest = { client, server, segments: segments.slice(3) };
  await assertRejects(() => replay(rest), ReplayError, "does not hold the handshake");
});
