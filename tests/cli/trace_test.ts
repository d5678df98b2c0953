// `woshou trace`, live and from a file.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runWell } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";
import { record } from "../trace/recorded.ts";
import { ownNetwork, runWoshou, startWoshou } from "./woshou.ts";

Deno.test("trace: a capture as lines and as a picture, as its server saw it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { frames } = await record({ bytes: 3000 });
    await Deno.writeFile(`${folder}/a.pcapng`, frames);
    const files = ["--read", `${folder}/a.pcapng`, "--svg", `${folder}/a.svg`];
    const { code, stdout, stderr } = await runWoshou(["trace", ...files, "--count", "3"]);
    assertEquals([code, stderr], [0, `1 connections drawn in ${folder}/a.svg\n`]);
    const lines = stdout.trim().split("\n");
    // Two changes of state, which the capture has as comments, are lines of their own.
    assertEquals(lines.length, 5);
    assertEquals(lines[1].trim(), "LISTEN -> SYN-RECEIVED");
    assertMatch(lines[0], /IP 10\.1\.0\.1\.40000 > 10\.1\.0\.2\.5300: Flags \[S\]/);
    // deno-lint-ignore no-control-regex
    assertEquals(/\u001b/.test(stdout), false, "no colours where nobody sees them");
    const svg = await Deno.readTextFile(`${folder}/a.svg`);
    assertEquals(svg.split("<path").length - 1, 3);
    const other = await runWoshou(["trace", ...files, "--port", "9"]);
    assertEquals([other.code, other.stdout], [0, ""]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

testNeeding({ tun: true, programs: ["ping"] }, "trace: pings are lines too", async () => {
  const { stack, flags } = ownNetwork(1);
  await using child = await startWoshou(["trace", "--style", "modern", "--count", "2", ...flags]);
  await runWell("ping", ["-n", "-c", "1", "-s", "9", stack]);
  const { code } = await child.child.status;
  assertEquals(code, 0, child.stderr);
  const lines = child.stdout.trim().split("\n").map((line) => line.replace(/^\S+ /, ""));
  assertMatch(lines[0], /^IP \S+ > 10\.22\.1\.2: ICMP echo request, id \d+, seq 1, length 17$/);
  assertMatch(lines[1], /^IP 10\.22\.1\.2 > \S+: ICMP echo reply, id \d+, seq 1, length 17$/);
});

testNeeding({ tun: true }, "trace: live, until there were enough segments", async () => {
  for (const [number, pipeline] of ["fused", "inline"].entries()) {
    const { stack, flags } = ownNetwork(2 + number);
    const path = await Deno.makeTempFile({ suffix: ".svg" });
    try {
      const limits = ["--port", "7", "--count", "8", "--svg", path, "--pipeline", pipeline];
      await using child = await startWoshou(["trace", ...limits, ...flags]);
      using conn = await Deno.connect({ hostname: stack, port: 7 });
      await conn.write(new Uint8Array(5));
      await conn.closeWrite();
      const { code } = await child.child.status;
      assertEquals(code, 0, child.stderr);
      const segments = child.stdout.split("\n").filter((line) => line.includes("Flags ["));
      assert(segments.length <= 8 && segments.length >= 6, child.stdout);
      assertStringIncludes(child.stdout, "LISTEN -> SYN-RECEIVED");
      assertStringIncludes(await Deno.readTextFile(path), "ESTABLISHED");
    } finally {
      await Deno.remove(path);
    }
  }
});
