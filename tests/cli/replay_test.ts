import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { replayCommand } from "../../src/cli/replay.ts";
import { runWell } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";
import { record } from "../trace/recorded.ts";
import { runWoshou, TestTerminal } from "./woshou.ts";

async function withFile(bytes: Uint8Array, use: (path: string) => Promise<void>) {
  const path = await Deno.makeTempFile({ suffix: ".pcapng" });
  try {
    await Deno.writeFile(path, bytes);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("replay: every step with its verdict, and what it comes to", async () => {
  const { frames } = await record({ bytes: 5000, knocks: true });
  await withFile(frames, async (path) => {
    const terminal = new TestTerminal();
    assertEquals(await replayCommand.run([path], terminal), 0);
    const text = terminal.lines.join("\n");
    assertStringIncludes(text, "10.1.0.1.40000 > 10.1.0.2.5300");
    assertMatch(text, /^ +0\.000 < Flags \[S\], seq \d+/m);
    assertMatch(text, /^ +0\.000 \* LISTEN -> SYN-RECEIVED$/m);
    assertMatch(text, /^ +0\.000 > Flags \[S\.\].*\(same\)$/m);
    assertMatch(text, /< .*\[ESTABLISHED, cwnd \d+, in flight \d+, rtt [\d.]+ ms\]$/m);
    assertMatch(terminal.lines.at(-1)!, /^ {2}\d+ same/);
    // The port where nobody listened: a replayed server listens, or there would be nothing to play.
    assertStringIncludes(text, "not replayed: ");
    const quiet = new TestTerminal();
    await replayCommand.run([path, "-q", "--port", "5300"], quiet);
    assertEquals(quiet.lines.length, 2);
  });
});

Deno.test("replay: a file that is cut, or no capture, or empty of TCP, is one line with the place", async () => {
  const { frames } = await record({ bytes: 5000 });
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [frames.subarray(0, frames.length - 7), /ends within a block, at byte \d+$/],
    [new TextEncoder().encode("not a capture"), /neither pcap nor pcapng, at byte 0$/],
    [new Uint8Array(3), /too short to be a capture, at byte 3$/],
    [frames.subarray(0, 28 + 20), /at byte \d+$/],
  ];
  for (const [bytes, pattern] of cases) {
    await withFile(bytes, async (path) => {
      const { code, stdout, stderr } = await runWoshou(["replay", path]);
      assertEquals([code, stdout], [1, ""]);
      assertMatch(stderr.trimEnd(), pattern);
      assertEquals(stderr.trimEnd().includes("\n"), false);
    });
  }
});

testNeeding(
  { tun: true, programs: ["dumpcap"] },
  "replay: the kernel's own server, as dumpcap saw it, against this stack",
  async () => {
    // Goal: a capture of other people's stack on the loopback: Ethernet frames, offloaded checksums, super-segments.
    const path = await Deno.makeTempFile({ suffix: ".pcapng" });
    const args = ["-q", "-i", "lo", "-f", "tcp port 5320", "-a", "packets:12", "-w", path];
    const child = new Deno.Command("dumpcap", { args, stdout: "null", stderr: "piped" }).spawn();
    try {
      const reader = child.stderr.getReader();
      const decoder = new TextDecoder();
      for (let said = ""; !said.includes("File:");) {
        const { value, done } = await reader.read();
        if (done) throw new Error(said);
        said += decoder.decode(value);
      }
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 5320 });
      for (let i = 0; i < 2; i++) {
        const accepting = listener.accept();
        const client = await Deno.connect({ hostname: "127.0.0.1", port: 5320 });
        const server = await accepting;
        await client.write(new Uint8Array(20_000));
        const buffer = new Uint8Array(65_536);
        for (let got = 0; got < 20_000;) got += (await server.read(buffer)) ?? Infinity;
        await server.write(new Uint8Array(10));
        await client.read(buffer);
        client.close();
        await server.read(buffer);
        server.close();
      }
      await reader.cancel();
      await child.status;
      const terminal = new TestTerminal();
      assertEquals(await replayCommand.run([path], terminal), 0);
      const text = terminal.lines.join("\n");
      assertStringIncludes(text, "SYN-RECEIVED -> ESTABLISHED");
      assertStringIncludes(text, "length 20000");
      assert(!text.includes("dropped"), text);
      // The program itself agrees that it is one connection after the other.
      const streams = await runWell("tshark", ["-r", path, "-T", "fields", "-e", "tcp.stream"]);
      assertEquals(
        new Set(streams.trim().split("\n")).size,
        terminal.lines.filter((line) => line.includes("the stack plays")).length,
      );
    } finally {
      await Deno.remove(path);
    }
  },
);
