import { assertEquals } from "@std/assert";
import { ANY_IPV4, ANY_IPV6 } from "../../src/base/address.ts";
import { SocketTable } from "../../src/udp/table.ts";
import { addressOf, OWN, OWN6, PEER } from "../wire/frames.ts";
import { socketAt, wordsOf } from "./sockets.ts";

Deno.test("the socket that fits best gets a datagram; of several the latest", () => {
  // Goal: Linux's order: address, family, both families, then the last that was bound.
  const table = new SocketTable();
  const find = (to: typeof OWN, port = 7) => table.find(...wordsOf(to), port);
  assertEquals(find(OWN), null);
  const dual = socketAt(ANY_IPV6, 7);
  table.add(dual);
  assertEquals([find(OWN), find(OWN6), find(OWN, 8)], [dual, dual, null]);
  const any = socketAt(ANY_IPV4, 7);
  table.add(any);
  assertEquals([find(OWN), find(OWN6)], [any, dual]);
  const exact = socketAt(OWN, 7);
  table.add(exact);
  const late = socketAt(ANY_IPV4, 7);
  table.add(late);
  assertEquals([find(OWN), find(PEER)], [exact, late]);
  table.remove(late);
  table.remove(exact);
  assertEquals([find(OWN), find(PEER)], [any, any]);
  table.remove(any);
  table.remove(dual);
  assertEquals([find(OWN), table.at(7).length], [null, 0]);
});

Deno.test("a group is taken in while a socket is a member; broadcasts always are", () => {
  const table = new SocketTable();
  const group = wordsOf(addressOf("224.0.0.251"));
  const [a, b] = [socketAt(ANY_IPV4, 7), socketAt(ANY_IPV4, 8)];
  table.add(a);
  table.add(b);
  assertEquals(table.takesGroup(...group), false);
  table.setMember(a, group, true);
  table.setMember(b, group, true);
  table.remove(a);
  assertEquals(table.takesGroup(...group), true);
  table.setMember(b, group, false);
  assertEquals(table.takesGroup(...group), false);
  assertEquals(table.takesGroup(...wordsOf(addressOf("10.7.0.255"))), true);
  assertEquals(table.takesGroup(...wordsOf(addressOf("ff02::1"))), false);
});
