import { assert, assertEquals } from "@std/assert";
import { ConnectionError, Info, Row, ROW_WORDS } from "../../src/ring/row.ts";

const CACHE_LINE_WORDS = 16;
/** Fields of more than one word. */
const WIDTHS: Readonly<Record<string, number>> = { local: 4, remote: 4, info: 28 };
const INFO_WIDTHS: Readonly<Record<string, number>> = {
  bytesSent: 2,
  bytesReceived: 2,
  bytesRetransmitted: 2,
};

/** Words that the fields take, each of which may be taken once. */
function wordsOf(
  fields: Readonly<Record<string, number>>,
  widths: Readonly<Record<string, number>>,
) {
  const taken = new Map<number, string>();
  for (const [name, start] of Object.entries(fields)) {
    for (let word = start; word < start + (widths[name] ?? 1); word++) {
      assertEquals(taken.get(word), undefined, `${name} and another share word ${word}`);
      taken.set(word, name);
    }
  }
  return taken;
}

Deno.test("Goal: no two fields of a row share a word, and none lies outside of it", () => {
  const taken = wordsOf(Row, WIDTHS);
  for (const word of taken.keys()) assert(word >= 0 && word < ROW_WORDS);
  const info = wordsOf(Info, INFO_WIDTHS);
  for (const word of info.keys()) assert(word < WIDTHS.info);
});

Deno.test("Goal: each cache line of a row has one writer", () => {
  const byApp = new Set([
    ...["rxRead", "txWritten", "txHead", "txEpoch"],
    ...["newsForApp", "newsForTcp", "sendWaiting"],
  ]);
  const writers = new Map<number, boolean>();
  for (const [word, name] of wordsOf(Row, WIDTHS)) {
    const line = Math.floor(word / CACHE_LINE_WORDS);
    const isApp = byApp.has(name);
    assertEquals(writers.get(line) ?? isApp, isApp, `${name} in line ${line}`);
    writers.set(line, isApp);
  }
  assertEquals(ROW_WORDS % CACHE_LINE_WORDS, 0);
});

Deno.test("Goal: an orderly end is 0 and every other end has a number of its own", () => {
  const values = Object.values(ConnectionError);
  assertEquals(ConnectionError.none, 0);
  assertEquals(new Set(values).size, values.length);
});
