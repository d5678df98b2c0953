import { assertEquals } from "@std/assert";
import { ANY_IPV4, ANY_IPV6 } from "../../src/base/address.ts";
import { Match } from "../../src/udp/socket.ts";
import { addressOf, OWN, OWN6, PEER } from "../wire/frames.ts";
import { socketAt, wordsOf } from "./sockets.ts";

Deno.test("how well an address fits what a socket is bound to", () => {
  // Goal: the address itself, its family, or IPv4 on a socket of both.
  const match = (bound: typeof OWN, to: typeof OWN) => socketAt(bound, 1).match(...wordsOf(to));
  assertEquals([match(OWN, OWN), match(OWN, PEER), match(OWN, OWN6)], [
    Match.address,
    Match.none,
    Match.none,
  ]);
  assertEquals([match(ANY_IPV4, OWN), match(ANY_IPV4, OWN6)], [Match.family, Match.none]);
  assertEquals([match(ANY_IPV6, OWN), match(ANY_IPV6, OWN6)], [Match.dual, Match.family]);
  assertEquals(match(OWN6, OWN6), Match.address);
});

Deno.test("groups are joined and left one by one", () => {
  const socket = socketAt(ANY_IPV4, 1);
  const groups = ["224.0.0.251", "239.1.2.3", "ff02::fb"].map((text) => wordsOf(addressOf(text)));
  const members = () => groups.map((group) => socket.isMember(...group));
  for (const group of groups) socket.setMember(group, true);
  assertEquals(members(), [true, true, true]);
  socket.setMember(groups[1], true);
  assertEquals(socket.groups.length, 12, "joined twice is joined once");
  socket.setMember(groups[1], false);
  assertEquals(members(), [true, false, true]);
  for (const group of groups) socket.setMember(group, false);
  assertEquals([members(), socket.groups.length], [[false, false, false], 0]);
});
