import { assert } from "@std/assert";
import * as main from "../../mod.ts";
import * as trace from "../../src/trace/mod.ts";

Deno.test("./trace prints the records that a stack of the main module hands over", async () => {
  // Goal: the modules share their classes, and a handshake can be read with ./trace alone.
  const lines = new trace.TraceLines("states");
  const printed: string[] = [];
  const [near] = main.memoryPair();
  const net = await main.open({
    device: near,
    trace: (record) => {
      assert(record instanceof trace.TraceRecord && record.segment instanceof trace.Segment);
      printed.push(lines.line(record) ?? "");
    },
  });
  using listener = net.listen({ port: 7 });
  const [client, server] = await Promise.all([net.connect({ port: 7 }), listener.accept()]);
  client.close();
  server.close();
  await net.close();
  for (const part of ["Flags [S],", "Flags [S.],", "SYN-SENT -> ESTABLISHED"]) {
    assert(printed.some((line) => line.includes(part)), part);
  }
});
