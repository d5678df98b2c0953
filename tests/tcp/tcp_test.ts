// What the engine does around the state machine: rows, timers, work lists.
import { assertEquals } from "@std/assert";
import { Harness } from "../support/engine.ts";

Deno.test("tcp: a reset takes every timer of the connection with it", () => {
  // Goal: a tail loss probe that was due does not come for a row that is free or somebody else's.
  const h = new Harness();
  h.establish("mss 1460, sackOK");
  h.write(100);
  h.expect("P. 1:101(100) ack 1");
  h.inject("R 1:1");
  h.close();
  h.advance(5_000_000);
  h.expect();
  h.expectNothingLeft();
});

Deno.test("tcp: a connection that ends with its last ACK leaves no timer", () => {
  // Goal: data, FIN and their common ACK; then nothing is due any more.
  const h = new Harness();
  h.establish("mss 1460, sackOK");
  h.inject("F. 1:1 ack 1");
  h.write(100);
  h.close();
  h.inject(". 2:2 ack 102");
  assertEquals(h.state, "CLOSED");
  h.advance(5_000_000);
  h.expectNothingLeft();
});
