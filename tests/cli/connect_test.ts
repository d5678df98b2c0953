// `woshou connect` on a real TUN, with the kernel at the other end.
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { resolved } from "../../src/cli/connect.ts";
import { testNeeding } from "../support/skip.ts";
import { HOST, STACK } from "../support/stack.ts";
import { runWoshou, startWoshou } from "./woshou.ts";

Deno.test("connect: addresses are taken as they are, and a name that does not resolve is named", async () => {
  for (const host of ["10.7.0.1", "fd07::1", "localhost"]) {
    assertEquals(await resolved(host), host);
  }
  await assertRejects(() => resolved("no-such-name.invalid"), Error, "no-such-name.invalid");
});

testNeeding(
  { tun: true },
  "connect: both directions, and the end of stdin is a half-close",
  async () => {
    // Goal: the answer comes after the peer has seen the end of the question.
    using listener = Deno.listen({ hostname: "0.0.0.0", port: 5310 });
    const answer = async () => {
      const conn = await listener.accept();
      const buffer = new Uint8Array(65_536);
      let length = 0;
      for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
        length += count;
      }
      await conn.write(new TextEncoder().encode(`${length} bytes\n`));
      conn.close();
    };
    const input = new Uint8Array(300_000).fill(65);
    const served = answer();
    const ended = await runWoshou(["connect", HOST, "5310", "-v"], { input });
    await served;
    assertEquals([ended.code, ended.stdout], [0, "300000 bytes\n"], ended.stderr);
    assertMatch(ended.stderr, /^connected: 10\.7\.0\.2:\d+ to 10\.7\.0\.1:5310\nclosed\n$/);
  },
);

testNeeding({ tun: true }, "connect: -l takes one connection, and --trace shows it", async () => {
  const child = await startWoshou(["connect", "-l", "5311", "-v", "--trace"]);
  await using _child = child;
  using conn = await Deno.connect({ hostname: STACK, port: 5311 });
  await conn.write(new TextEncoder().encode("from the kernel\n"));
  await conn.closeWrite();
  assertEquals(await conn.read(new Uint8Array(10)), null);
  const { code } = await child.child.status;
  assertEquals([code, child.stdout], [0, "from the kernel\n"]);
  assertStringIncludes(child.stderr, "SYN-RECEIVED -> ESTABLISHED");
});

testNeeding(
  { tun: true },
  "connect: refused and unanswered are one line and status 1",
  async () => {
    const refused = await runWoshou(["connect", HOST, "5312"], { input: "" });
    assertEquals([refused.code, refused.stdout], [1, ""]);
    assertMatch(refused.stderr, /^woshou: [^\n]*10\.7\.0\.1:5312\n$/);
    // Nobody has this address on the interface's network.
    const silent = await runWoshou(["connect", "10.7.0.9", "5312", "-w", "0.5"], { input: "" });
    assertEquals([silent.code, silent.stdout], [1, ""]);
    assertEquals(silent.stderr, "woshou: no connection in 0.5 s\n");
  },
);

testNeeding({ tun: true }, "connect: a peer that resets is one line and status 1", async () => {
  using listener = Deno.listen({ hostname: "0.0.0.0", port: 5313 });
  const reset = async () => {
    // Closed with bytes that nobody has read, the kernel resets.
    const conn = await listener.accept();
    await conn.read(new Uint8Array(1));
    conn.close();
  };
  const serving = reset();
  const ended = await runWoshou(["connect", HOST, "5313"], { input: new Uint8Array(200_000) });
  await serving;
  assertEquals([ended.code, ended.stdout], [1, ""]);
  assertMatch(ended.stderr, /^woshou: [^\n]+\n$/);
});
