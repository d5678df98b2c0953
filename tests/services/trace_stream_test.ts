import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { memoryPair, open, type Stack } from "../../mod.ts";
import { traceLines } from "../../src/services/trace_stream.ts";
import { Watch } from "../../src/trace/watch.ts";
import { until } from "../support/process.ts";
import { Answer, CLOSE, served } from "./served.ts";

/** Connects to a port of the stack's own and closes. */
async function connectOnce(net: Stack, port: number): Promise<void> {
  using listener = net.listen({ port });
  const [client, server] = await Promise.all([net.connect({ port }), listener.accept()]);
  client.close();
  server.close();
}

Deno.test("trace stream: each packet is a line, but not those that carry the lines", async () => {
  await served(async (net) => {
    using modern = await Answer.to(net, "/trace?style=modern&port=7");
    using states = await Answer.to(net, "/trace");
    await until(
      "both follow",
      () => [modern, states].every(({ text }) => text.includes("\r\n\r\n")),
    );
    await connectOnce(net, 7);
    await connectOnce(net, 9);
    await until("the other port is there too", () => states.text.includes(".9:"));
    await until("and the end", () => /CLOSED/.test(states.text), () => states.text);
    await until(
      "that of one port has it too",
      () => modern.text.includes(".7:"),
      () => [modern.text, states.text],
    );
    assertMatch(
      modern.text,
      /^\d\d:\d\d:\d\d\.\d{6} IP [\d.]+ > [\d.]+\.7: Flags \[S\], seq \d+,/m,
    );
    assert(!modern.text.includes(".9:") && !modern.text.includes(" <> "), modern.text);
    assertStringIncludes(states.text, "LISTEN -> SYN-RECEIVED");
    assert(!/\.80[ :]/.test(states.text), "nobody sees what is sent to those who look");
  });
});

Deno.test("trace stream: pings and drops are lines too", async () => {
  await served(async (net) => {
    using states = await Answer.to(net, "/trace");
    await until("it follows", () => states.text.includes("\r\n\r\n"));
    await net.ping("10.7.0.2");
    await net.connect({ hostname: "10.7.0.2", port: 9 }).catch(() => {});
    await until("both are there", () => /tcpNoConnection/.test(states.text), () => states.text);
    assertMatch(states.text, /: ICMP echo request, id \d+, seq \d+, length 64$/m);
    assertMatch(states.text, /: ICMP echo reply, id \d+, seq \d+, length 64$/m);
    assertMatch(states.text, / > 10\.7\.0\.2\.9: dropped, tcpNoConnection$/m);
  });
});

Deno.test("trace stream: what is asked wrongly is told", async () => {
  await served(async (net) => {
    const cases = {
      "style=loud": "modern, classic, states",
      "port=x": "port:",
      "port=70000": "port:",
    };
    for (const [query, says] of Object.entries(cases)) {
      using answer = await Answer.to(net, `/trace?${query}`, CLOSE);
      await answer.reading;
      assertStringIncludes(answer.text, "HTTP/1.1 400");
      assertStringIncludes(answer.text, says);
    }
    using head = await Answer.to(net, "/trace", CLOSE, "HEAD");
    await head.reading;
    assertStringIncludes(head.text, "HTTP/1.1 200");
  });
});

Deno.test("trace stream: who does not read makes no more lines, and is told how many there were", async () => {
  // Goal: bounded memory; here nobody reads until 2000 packets have passed.
  await using net = await open({ device: memoryPair()[0] });
  const watch = new Watch(net);
  const query = new URLSearchParams({ style: "modern", port: "7" });
  const response = traceLines(watch, ["10.7.0.2:80", "10.7.0.1:1"], "GET", query)!;
  using listener = net.listen({ port: 7 });
  const [client, server] = await Promise.all([net.connect({ port: 7 }), listener.accept()]);
  const exchange = async (count: number) => {
    const byte = new Uint8Array(1);
    for (let i = 0; i < count; i++) {
      await client.write(byte);
      await server.read(byte);
    }
  };
  await exchange(2000);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const readOn = async (enough: () => boolean) => {
    while (!enough()) text += (await reader.read()).value;
  };
  await readOn(() => text.length >= 60_000);
  assert(text.length < 70_000, `${text.length} characters`);
  const reading = readOn(() => text.includes("came faster"));
  await exchange(10);
  await reading;
  const missed = Number(/\((\d+) more, which came faster than they were read\)/.exec(text)![1]);
  assert(missed > 500, String(missed));
  assertEquals(watch.viewers, 1);
  await reader.cancel();
  assertEquals(watch.viewers, 0, "who has gone is no viewer");
  client.close();
  server.close();
});
