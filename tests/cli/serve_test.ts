import { assertEquals } from "@std/assert";
import { Arguments } from "../../src/cli/command.ts";
import { serveCommand, serveOptions } from "../../src/cli/serve.ts";
import { TraceKind, TraceRecord } from "../../src/pipeline/trace_ring.ts";

/** The options that a command line gives, and where its trace prints to. */
function options(...line: string[]) {
  const lines: string[] = [];
  const terminal = { line: (text: string) => void lines.push(text) };
  return { lines, ...serveOptions(new Arguments(serveCommand, line), terminal) };
}

Deno.test("serve: without flags nothing is traced, and there is one queue", () => {
  const { trace, queues } = options();
  assertEquals([trace, queues], [undefined, undefined]);
  assertEquals(options("--queues", "2").queues, 2);
});

Deno.test("serve: --trace stands alone or names a style", () => {
  // Goal: what tests/server_test.ts sees of a real handshake is decided by the flag, each in its own way.
  const record = new TraceRecord();
  record.kind = TraceKind.segmentIn;
  const seen = ["--trace", "--trace=modern", "--trace=classic"].map((flag) => {
    const { lines, trace } = options(flag);
    trace!(record);
    return lines[0];
  });
  assertEquals(seen[0], seen[1]);
  assertEquals(seen[0].includes("Flags ["), true);
  assertEquals(seen[2].includes("Flags ["), false);
});
