// A simulation that fails leaves a capture that shows how.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { readCapture } from "../../src/device/capture_file.ts";
import { findConversations } from "../../src/trace/conversations.ts";
import { FailureCapture } from "./failure_capture.ts";
import { runScenario } from "./lab/campaign.ts";
import { scenarioOf } from "./lab/scenario.ts";
import { simulate } from "./simulation.ts";

Deno.test("sim: a failure names its seed and leaves a capture with the states in it", async () => {
  // Goal: who sees a campaign fail can look at the packets at once, without running anything again.
  const simulation = { seed: 5, bytes: 20_000, link: { loss: 1 }, tcp: { synRetries: 1 } };
  const error = await assertRejects(() => simulate(simulation), Error, "WOSHOU_SEED=5 repeats it");
  const path = /captured in (\S+\.pcapng): /.exec(error.message)?.[1];
  assert(path !== undefined, error.message);
  try {
    // Everything is lost on the link, so the server has seen nothing: the file has its head alone.
    assertEquals([...readCapture(await Deno.readFile(path))], []);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("sim: the capture of a failure in the middle of a transfer holds the connection", async () => {
  // Goal: a path that loses half of what it carries ends a connection that tries only twice.
  const simulation = { seed: 6, bytes: 100_000, link: { loss: 0.5 }, tcp: { dataRetries: 2 } };
  const error = await assertRejects(() => simulate(simulation), Error, "WOSHOU_SEED=6");
  const path = /captured in (\S+\.pcapng): /.exec(error.message)?.[1] as string;
  try {
    const packets = [...readCapture(await Deno.readFile(path))];
    const { conversations } = findConversations(packets);
    assertEquals(conversations.map(({ server }) => server), ["10.9.0.2.7000"]);
    const comments = packets.flatMap((packet) => packet.comments);
    assertMatch(comments[0], /^LISTEN -> SYN-RECEIVED$/);
    assert(comments.includes("SYN-RECEIVED -> ESTABLISHED"), comments.join());
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("sim: a laboratory is captured at every host, and the capture changes nothing", async () => {
  // Goal: what is recorded of a seed is the run that has failed, frame by frame.
  const scenario = scenarioOf(14);
  const capture = new FailureCapture();
  const recorded = await runScenario(scenario, capture);
  const { traceHash, frames } = await runScenario(scenario);
  // The clock moves more often: a viewer is woken for what an application need not know at once.
  assertEquals([recorded.traceHash, recorded.frames], [traceHash, frames]);
  const path = await capture.save();
  try {
    const packets = [...readCapture(await Deno.readFile(path))];
    const names = new Set(packets.map(({ interfaceName }) => interfaceName));
    assert(names.size >= 2, [...names].join());
    assert(packets.some(({ comments }) => comments.includes("SYN-SENT -> ESTABLISHED")));
  } finally {
    await Deno.remove(path);
  }
});
