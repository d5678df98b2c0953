import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { connectionLines } from "../../src/cli/connections.ts";
import { ServerProcess } from "../support/server.ts";
import { testNeeding } from "../support/skip.ts";
import { STACK } from "../support/stack.ts";
import { VirtualPair } from "../net/virtual_pair.ts";
import { runWoshou, TestTerminal } from "./woshou.ts";

Deno.test("connections: two lines each, through JSON, which knows no infinity", async () => {
  const pair = await VirtualPair.open();
  const all = JSON.parse(JSON.stringify(pair.server.connections()));
  const [head, ends, details] = connectionLines(all, new TestTerminal());
  assertMatch(head, /^State +Local +Peer$/);
  assertMatch(ends, /^ESTABLISHED +[\d.]+:\d+ +[\d.]+:\d+$/);
  for (const word of ["cubic", "wscale:7,7", "rto:", "mss:1448", "cwnd:"]) {
    assertStringIncludes(details, word);
  }
  assertEquals(details.includes("ssthresh"), false);
});

testNeeding({ tun: true }, "connections: those of a running server", async () => {
  await using _server = await ServerProcess.start([]);
  using conn = await Deno.connect({ hostname: STACK, port: 7 });
  await conn.write(new Uint8Array(100));
  await conn.read(new Uint8Array(100));
  const { code, stdout, stderr } = await runWoshou(["connections"]);
  assertEquals([code, stderr], [0, ""]);
  const { port } = conn.localAddr as Deno.NetAddr;
  assertMatch(
    stdout,
    new RegExp(`ESTABLISHED +10\\.7\\.0\\.2:7 +10\\.7\\.0\\.1:${port}\\n.*bytes_sent:100`),
  );
  const json = await runWoshou(["connections", STACK, "--json", "--state", "listen"]);
  assertEquals(JSON.parse(json.stdout), []);
});

testNeeding(
  { tun: true },
  "connections: no server, or one of another kind, is one line",
  async () => {
    const none = await runWoshou(["connections", "127.0.0.1:1"]);
    assertEquals([none.code, none.stdout], [1, ""]);
    assertMatch(
      none.stderr,
      /^woshou: http:\/\/127\.0\.0\.1:1\/connections\.json: no server [^\n]+\n$/,
    );
    await using other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
      return new Response("hello");
    });
    const wrong = await runWoshou(["connections", `127.0.0.1:${other.addr.port}`]);
    assertEquals(wrong.code, 1);
    assertStringIncludes(wrong.stderr, "is no list of connections");
  },
);
