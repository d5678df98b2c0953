// examples/prometheus.ts: the text format, and a scrape over the stack.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { prometheusText } from "../../examples/prometheus.ts";
import { counterNames } from "../../src/base/counters.ts";
import type { StackStats } from "../../mod.ts";
import { runWell } from "../support/process.ts";
import { ServerProcess } from "../support/server.ts";
import { testNeeding } from "../support/skip.ts";
import { STACK } from "../support/stack.ts";

/** Holds a text to the format: help, type and samples of each name, every name once. */
function checkFormat(text: string): void {
  assert(text.endsWith("\n"));
  const names = new Set<string>();
  let current = "";
  for (const line of text.trimEnd().split("\n")) {
    const help = /^# HELP (\S+) .+$/.exec(line);
    if (help !== null) {
      current = help[1];
      assert(!names.has(current), `${current} comes twice`);
      names.add(current);
      assertMatch(current, /^[a-z_]+$/);
      continue;
    }
    const type = /^# TYPE (\S+) (counter|gauge)$/.exec(line);
    if (type !== null) {
      assertEquals([type[1], current.endsWith("_total")], [current, type[2] === "counter"]);
      continue;
    }
    assertMatch(line, /^[a-z_]+(?:\{[a-z_]+="[^"\n]*"(?:,[a-z_]+="[^"\n]*")*\})? \d+(?:\.\d+)?$/);
    assert(line.startsWith(current), line);
  }
}

Deno.test("prometheus: every metric in the text format", () => {
  const counters = Object.fromEntries(counterNames.map((name) => [name, 5]));
  const stats: StackStats = {
    counters: counters as StackStats["counters"],
    drops: { tcpDuplicate: 2 },
    memory: { sendBytes: 1, receiveBytes: 0 },
  };
  const text = prometheusText(stats);
  checkFormat(text);
  for (
    const line of [
      "woshou_bytes_in_total 5",
      "woshou_memory_send_bytes 1",
      "woshou_connections 5",
      'woshou_drops_total{reason="tcpDuplicate"} 2',
    ]
  ) assertStringIncludes(text, `\n${line}\n`);
});

testNeeding(
  { tun: true, programs: ["curl"] },
  "prometheus: curl scrapes it over the stack, with the permission for FFI alone",
  async () => {
    const script = new URL("../../examples/prometheus.ts", import.meta.url).pathname;
    const args = ["run", "--allow-ffi", "--no-prompt", script];
    await using _server = await ServerProcess.startAs(Deno.execPath(), args);
    const url = `http://${STACK}:9464`;
    const text = await runWell("curl", ["-s", "--max-time", "10", `${url}/metrics`]);
    checkFormat(text);
    assertStringIncludes(text, "\nwoshou_connections 1\n");
    const status = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10"];
    assertEquals(await runWell("curl", [...status, `${url}/other`]), "404");
    assertEquals(await runWell("curl", [...status, "-X", "POST", `${url}/metrics`]), "405");
  },
);
