import { assert, assertEquals } from "@std/assert";
import { Command, ConnectionOption, Event, Field } from "../../src/pipeline/messages.ts";
import { EVENT_WORDS, MESSAGE_WORDS } from "../../src/ring/layout.ts";

Deno.test("messages: no two of a kind share a number, and none is 0, which an empty record holds", () => {
  for (const table of [Command, Event, ConnectionOption]) {
    const values: number[] = Object.values(table);
    assertEquals(new Set(values).size, values.length);
    assert(!values.includes(0));
  }
});

Deno.test("messages: the fields of a connect lie beside each other and within a record", () => {
  const fields: [number, number][] = [
    [Field.op, 1],
    [Field.row, 1],
    [Field.generation, 1],
    [Field.port, 1],
    [Field.address, 4],
    [Field.value, 1],
    [Field.localPort, 1],
    [Field.localAddress, 4],
  ];
  const words = fields.flatMap(([at, length]) => Array.from({ length }, (_, i) => at + i));
  assertEquals(new Set(words).size, words.length);
  assert(words.every((word) => word >= 0 && word < MESSAGE_WORDS));
});

Deno.test("Goal: an event has a place for each of its fields in its own, shorter record", () => {
  const fields = [Field.op, Field.row, Field.generation, Field.request, Field.result];
  assertEquals(new Set(fields).size, fields.length);
  assert(fields.every((word) => word >= 0 && word < EVENT_WORDS));
});
