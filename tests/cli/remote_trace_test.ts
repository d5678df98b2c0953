// `woshou trace URL`: what a server sends, and a real one.
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { Arguments } from "../../src/cli/command.ts";
import { followServer } from "../../src/cli/remote_trace.ts";
import { Countdown, SESSION_FLAGS } from "../../src/cli/session.ts";
import { painted } from "../../src/cli/terminal.ts";
import { ServerProcess } from "../support/server.ts";
import { testNeeding } from "../support/skip.ts";
import { ownNetwork, runWoshou, startWoshou, TestTerminal } from "./woshou.ts";

/** A server whose trace comes in these pieces; gives what is asked of it. */
function serving(pieces: readonly string[], status = 200) {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    asked.push(new URL(request.url).search);
    const body = ReadableStream.from(pieces).pipeThrough(new TextEncoderStream());
    return new Response(body, { status });
  });
  return { asked, server, address: `127.0.0.1:${server.addr.port}` };
}

function follow(address: string, count: string, terminal: TestTerminal): Promise<void> {
  const countdown = new Countdown(
    new Arguments({ name: "try", flags: SESSION_FLAGS }, ["--count", count]),
  );
  const what = { server: address, style: "modern", port: 7, seconds: undefined, countdown };
  return followServer(what, terminal);
}

Deno.test("remote trace: lines are whole wherever they are cut, and packets alone are counted", async () => {
  const pieces = ["one\nt", "wo\n   a <> b: X -> Y\n   a > b: dr", "opped, why\nthree\nfour\n"];
  const { asked, server, address } = serving(pieces);
  const all = new TestTerminal(true);
  await follow(address, "100", all);
  const states = [painted("state", "   a <> b: X -> Y"), painted("bad", "   a > b: dropped, why")];
  assertEquals(all.lines, ["one", "two", ...states, "three", "four"], "to the end of the server");
  const some = new TestTerminal();
  await follow(address, "3", some);
  assertEquals(some.lines.at(-1), "three");
  assertEquals(asked, ["?style=modern&port=7", "?style=modern&port=7"]);
  await server.shutdown();
});

Deno.test("remote trace: what the server refuses is told in its words", async () => {
  const { server, address } = serving(["There are 32 viewers already\n"], 503);
  const following = () => follow(address, "1", new TestTerminal());
  await assertRejects(following, Error, "status 503, There are 32 viewers already");
  await server.shutdown();
});

testNeeding({ tun: true }, "trace: of a server that runs, from outside", async () => {
  // Goal: nobody has to stop a server to see what it does.
  const { stack, flags } = ownNetwork(4);
  await using _server = await ServerProcess.start(flags);
  const limits = ["--port", "7", "--count", "6", "--style", "states"];
  await using child = await startWoshou(["trace", stack, ...limits]);
  assertEquals(child.stderr, `following http://${stack}/trace?style=states&port=7\n`);
  using conn = await Deno.connect({ hostname: stack, port: 7 });
  await conn.write(new Uint8Array(5));
  await conn.closeWrite();
  assertEquals((await child.child.status).code, 0, child.stderr);
  const segments = child.stdout.split("\n").filter((line) => line.includes("Flags ["));
  assertEquals(segments.length, 6, child.stdout);
  assertMatch(segments[0], /IP 10\.22\.4\.1\.\d+ > 10\.22\.4\.2\.7: Flags \[S\]/);
  assertStringIncludes(child.stdout, "LISTEN -> SYN-RECEIVED");
  for (const other of ["10.22.4.77:1", `${stack}:7`]) {
    const { code, stdout, stderr } = await runWoshou(["trace", other, "--seconds", "1"]);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /^woshou: http:\/\/[\d.:]+\/trace\?\S+: no server answers there \(.*\)\n$/);
  }
});
