import { assertEquals } from "@std/assert";
import { type Address, ipv4Address } from "../../src/base/address.ts";
import {
  PATH_MTU_ENTRIES,
  PATH_MTU_LIFETIME_US,
  PATH_MTU_MIN4,
  PathMtuTable,
} from "../../src/ip/path_mtu.ts";
import { PEER, PEER6 } from "../wire/frames.ts";

const of = (table: PathMtuTable, { w0, w1, w2, w3 }: Address, nowUs = 0) =>
  table.of(w0, w1, w2, w3, nowUs);

Deno.test("path MTU: the link's, until a router says less, and again after some time", () => {
  // Goal: RFC 1191 sections 3 and 6.3; other destinations are not concerned.
  const table = new PathMtuTable(1500);
  assertEquals(of(table, PEER), 1500);
  table.learn(PEER, 1400, 0);
  assertEquals([of(table, PEER), of(table, PEER6)], [1400, 1500]);
  table.learn(PEER, 1450, 1);
  assertEquals(of(table, PEER, 2), 1400, "it only shrinks");
  table.learn(PEER, 1300, 5);
  assertEquals(of(table, PEER, PATH_MTU_LIFETIME_US + 4), 1300);
  assertEquals(of(table, PEER, PATH_MTU_LIFETIME_US + 5), 1500);
  table.learn(PEER, 9000, 0);
  assertEquals(of(table, PEER), 1500);
});

Deno.test("path MTU: less than any path has is not believed", () => {
  // Goal: nobody can make the stack send a flood of tiny fragments.
  const table = new PathMtuTable(1500);
  table.learn(PEER, 68, 0);
  table.learn(PEER6, 0, 0);
  assertEquals([of(table, PEER), of(table, PEER6)], [PATH_MTU_MIN4, 1280]);
});

Deno.test("path MTU: a full table forgets what it has learnt first", () => {
  // Goal: bounded, whoever sends how many errors.
  const table = new PathMtuTable(1500);
  const address = (i: number) => ipv4Address(0x0a000000 + i);
  for (let i = 0; i < PATH_MTU_ENTRIES + 3; i++) table.learn(address(i), 1000, i);
  const known = Array.from({ length: PATH_MTU_ENTRIES + 3 }, (_, i) => of(table, address(i), 100));
  assertEquals(known.slice(0, 3), [1500, 1500, 1500]);
  assertEquals(known.slice(3), new Array(PATH_MTU_ENTRIES).fill(1000));
});
