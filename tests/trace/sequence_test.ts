import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { TraceKind } from "../../src/pipeline/trace_ring.ts";
import { DIAGRAMS_MAX, EVENTS_MAX, SequenceDiagram } from "../../src/trace/sequence.ts";
import { copyOf, record } from "./recorded.ts";

/** How often `part` is in `text`. */
function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

Deno.test("sequence: an arrow for each segment, a mark for each change of state and drop", async () => {
  for (const family of ["IPv4", "IPv6"] as const) {
    const { records } = await record({ family, knocks: true, bytes: 3000 });
    const diagram = new SequenceDiagram();
    for (const one of records) diagram.take(one);
    const svg = diagram.svg();
    assertEquals(diagram.size, 2);
    const kinds = (kind: number) => records.filter((one) => one.kind === kind).length;
    assertEquals(count(svg, '<path class="in"'), kinds(TraceKind.segmentIn));
    assertEquals(count(svg, '<path class="out"'), kinds(TraceKind.segmentOut));
    assertEquals(count(svg, '<circle class="state"'), kinds(TraceKind.state));
    assertEquals(count(svg, '<circle class="drop"'), 1);
    for (const text of ["[S]", "[S.]", "SYN-RECEIVED", "ESTABLISHED", "LAST-ACK"]) {
      assertStringIncludes(svg, text);
    }
    // One document: every element that opens closes.
    assertEquals(count(svg, "<text"), count(svg, "</text>"));
    assert(svg.startsWith("<svg ") && svg.endsWith("</svg>\n"));
  }
});

Deno.test("sequence: messages and datagrams, which are of no connection, are not drawn", async () => {
  const { records } = await record({ bytes: 100 });
  const diagram = new SequenceDiagram();
  const { icmpIn, icmpOut, datagramIn, datagramOut } = TraceKind;
  for (const kind of [icmpIn, icmpOut, datagramIn, datagramOut]) {
    diagram.take(Object.assign(copyOf(records[0]), { kind }));
  }
  assertEquals(diagram.size, 0);
});

Deno.test("sequence: what is drawn is bounded, and what is left out is counted", async () => {
  const { records } = await record({ bytes: 100 });
  const first = copyOf(records[0]);
  const diagram = new SequenceDiagram();
  for (let i = 0; i < EVENTS_MAX + 30; i++) diagram.take(first);
  assertStringIncludes(diagram.svg(), "30 more not drawn");
  for (let port = 1; port <= DIAGRAMS_MAX + 4; port++) {
    first.segment.srcPort = port;
    diagram.take(first);
  }
  assertEquals(diagram.size, DIAGRAMS_MAX);
  assertStringIncludes(diagram.svg(), "5 segments of other connections are not drawn");
  assertStringIncludes(new SequenceDiagram().svg(), "No segment was seen");
});
