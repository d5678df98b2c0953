import { assertEquals } from "@std/assert";
import { ipv4Address } from "../../src/base/address.ts";
import { PATH_MTU_ENTRIES, PATH_MTU_LIFETIME_US, PathMtuTable } from "../../src/ip/path_mtu.ts";
import { PEER6 } from "../wire/frames.ts";

const far = (host: number) => ipv4Address(0x0a09_0000 + host);
const of = (table: PathMtuTable, host: number, nowUs = 0) => {
  const { w0, w1, w2, w3 } = far(host);
  return table.of(w0, w1, w2, w3, nowUs);
};

Deno.test("path MTU: it only shrinks, not below what is believed, and is forgotten in time", () => {
  const table = new PathMtuTable(1500);
  table.learn(far(1), 1400, 0);
  table.learn(far(1), 1450, 1);
  assertEquals([of(table, 1), of(table, 2)], [1400, 1500]);
  table.learn(far(1), 68, 2);
  assertEquals(of(table, 1), 552);
  table.learn(PEER6, 100, 0);
  assertEquals(table.of(PEER6.w0, PEER6.w1, PEER6.w2, PEER6.w3, 0), 1280);
  assertEquals(of(table, 1, 2 + PATH_MTU_LIFETIME_US), 1500);
});

Deno.test("path MTU: many destinations cost no more memory, the oldest gives way", () => {
  const table = new PathMtuTable(1500);
  for (let host = 1; host <= PATH_MTU_ENTRIES + 1; host++) table.learn(far(host), 1400, host);
  assertEquals([of(table, 1, 100), of(table, 2, 100)], [1500, 1400]);
  assertEquals(of(table, PATH_MTU_ENTRIES + 1, 100), 1400);
});
