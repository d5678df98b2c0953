import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { UsageError } from "../../src/cli/command.ts";
import { ask, serverUrl } from "../../src/cli/running_server.ts";

Deno.test("running server: it is named by its page or its address", () => {
  const named = (text: string) => String(serverUrl(text, "connections.json"));
  assertEquals(named("10.7.0.2"), "http://10.7.0.2/connections.json");
  assertEquals(named("10.7.0.2:8080"), "http://10.7.0.2:8080/connections.json");
  assertEquals(named("fd07::2"), "http://[fd07::2]/connections.json");
  assertEquals(named("http://[fd07::2]:81/"), "http://[fd07::2]:81/connections.json");
  assertThrows(() => named("a b"), UsageError, '"a b"');
});

Deno.test("running server: where none is, one line says so", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const url = serverUrl(`127.0.0.1:${port}`, "trace");
  const asking = () => ask(url, AbortSignal.timeout(5000));
  await assertRejects(asking, Error, `http://127.0.0.1:${port}/trace: no server answers there`);
});
