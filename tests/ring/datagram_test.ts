import { assertEquals } from "@std/assert";
import {
  DATAGRAM_HEADER_BYTES,
  DatagramWord,
  isSendWaiting,
  setSendWaiting,
} from "../../src/ring/datagram.ts";
import { Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";

Deno.test("a datagram header holds what its words are named for", () => {
  // Goal: no word lies outside, and no two share one; addresses take four each.
  const { length, ports, hops, source, destination } = DatagramWord;
  const words = [
    length,
    ports,
    hops,
    ...[0, 1, 2, 3].flatMap((i) => [source + i, destination + i]),
  ];
  assertEquals(new Set(words).size, words.length);
  assertEquals(Math.max(...words) + 1, DATAGRAM_HEADER_BYTES / 4);
});

Deno.test("whether a send waits is said for one row alone", () => {
  const layout = new Layout(SMALL_DIMENSIONS);
  const [first, second] = [0, 1].map((i) => layout.row(SMALL_DIMENSIONS.connections + i));
  setSendWaiting(layout.words, first, true);
  assertEquals([first, second].map((row) => isSendWaiting(layout.words, row)), [true, false]);
  setSendWaiting(layout.words, first, false);
  assertEquals(isSendWaiting(layout.words, first), false);
});

Deno.test("rows of sockets stand behind those of connections", () => {
  const layout = new Layout({ ...SMALL_DIMENSIONS, connections: 4, sockets: 2 });
  assertEquals([3, 4, 5].map((row) => layout.isSocketRow(row)), [false, true, true]);
});
