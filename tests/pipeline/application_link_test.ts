import { assertEquals, assertThrows } from "@std/assert";
import { ApplicationLink } from "../../src/pipeline/application_link.ts";
import { Event, Field } from "../../src/pipeline/messages.ts";
import { Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { RingConsumer } from "../../src/ring/ring.ts";
import { ConnectionError, Row } from "../../src/ring/row.ts";
import { News } from "../../src/tcp/connection.ts";
import { Listener } from "../../src/tcp/listener.ts";
import { connectionIn } from "./stage_parts.ts";

function rig() {
  const layout = new Layout(SMALL_DIMENSIONS);
  const link = new ApplicationLink(layout);
  const ring = new RingConsumer(layout.events);
  const seen = () => {
    const found: number[][] = [];
    for (let at = ring.next(); at >= 0; at = ring.next()) {
      const words = layout.words;
      found.push([
        words[at + Field.op],
        words[at + Field.row],
        words[at + Field.generation],
        words[at + Field.request],
        words[at + Field.result],
      ]);
    }
    ring.release();
    return found;
  };
  return { layout, link, seen };
}

Deno.test("application link: each call is one record, and none is seen before publish", () => {
  const { layout, link, seen } = rig();
  const conn = connectionIn(layout, 4);
  const listener = new Listener(11, [0, 0, 0xffff, 0], 7, 1);
  link.accepted(listener, conn);
  link.connected(12, conn);
  link.connectFailed(13, ConnectionError.refused);
  link.ended(conn);
  link.stopped();
  assertEquals(seen(), []);
  assertEquals(link.publish(), News.loud);
  assertEquals(seen(), [
    [Event.accepted, 4, 104, 11, 0],
    [Event.connected, 4, 104, 12, 0],
    [Event.connectFailed, -1, 0, 13, ConnectionError.refused],
    [Event.ended, 4, 104, 0, 0],
    [Event.stopped, -1, 0, 0, 0],
  ]);
});

Deno.test("application link: news of a row wait once, however often there are some", () => {
  const { layout, link, seen } = rig();
  const conn = connectionIn(layout, 4);
  for (let i = 0; i < 10_000; i++) link.news(conn, false);
  assertEquals(link.publish(), News.quiet, "nobody needs to be woken for quiet news");
  assertEquals(seen(), [[Event.news, 4, 104, 0, 0]]);
  Atomics.store(layout.words, conn.row + Row.newsForApp, 0);
  link.news(conn, true);
  assertEquals(link.publish(), News.loud);
  assertEquals(seen().length, 1);
});

Deno.test("application link: loud news wake although quiet ones wait already", () => {
  const { layout, link } = rig();
  const conn = connectionIn(layout, 4);
  link.news(conn, false);
  assertEquals(link.publish(), News.quiet);
  link.news(conn, true);
  assertEquals([link.publish(), link.publish()], [News.loud, News.none]);
});

Deno.test("application link: a ring that overflows is an error in the program, and says so", () => {
  const { layout, link } = rig();
  const conn = connectionIn(layout, 0);
  for (let i = 0; i < layout.events.capacity; i++) link.ended(conn);
  assertThrows(() => link.ended(conn), Error, "event ring is full");
});
