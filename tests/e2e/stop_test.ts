// What a peer sees of a stack that stops while it does not answer.
import { assertEquals } from "@std/assert";
import type { ConnectionSummary } from "../../mod.ts";
import { until } from "../support/process.ts";
import { ServerProcess } from "../support/server.ts";
import { testNeeding } from "../support/skip.ts";
import { STACK } from "../support/stack.ts";

const PATIENCE_MS = 5000;

testNeeding({ tun: true }, "e2e: a peer that a stopped stack gave up is told so", async () => {
  // Goal: whoever does not answer the FIN in time gets a reset, and does not wait for ever.
  await using server = await ServerProcess.start([]);
  using conn = await Deno.connect({ hostname: STACK, port: 19 });
  await until("chargen has filled the window", async () => {
    const all = await (await fetch(`http://${STACK}/connections.json`)).json();
    return all.some((one: ConnectionSummary) =>
      one.localAddr.port === 19 && one.sendWindowBytes < one.mssSendBytes
    );
  });
  await server.stop("SIGTERM");
  const buffer = new Uint8Array(65_536);
  const reading = (async () => {
    while (await conn.read(buffer) !== null);
    return "end";
  })().catch((error: Error) => error.name);
  const outcome = await Promise.race([
    reading,
    new Promise<string>((resolve) => setTimeout(() => resolve("waits"), PATIENCE_MS)),
  ]);
  assertEquals(outcome, "ConnectionReset");
});
