import { assertEquals } from "@std/assert";
import { ConnectionError } from "../../src/ring/row.ts";
import { connectErrorOf, isFragmentationNeeded } from "../../src/tcp/icmp_error.ts";

const UNREACHABLE = 3;
const TIME_EXCEEDED = 11;

Deno.test("Goal: each ICMP code fails a connect with the error that Linux gives for it", () => {
  for (const code of [0, 6, 9, 11]) {
    assertEquals(connectErrorOf(UNREACHABLE, code), ConnectionError.networkUnreachable, `${code}`);
  }
  for (const code of [2, 3]) {
    assertEquals(connectErrorOf(UNREACHABLE, code), ConnectionError.refused, `code ${code}`);
  }
  for (const code of [1, 5, 7, 10, 12, 13]) {
    assertEquals(connectErrorOf(UNREACHABLE, code), ConnectionError.hostUnreachable, `${code}`);
  }
  assertEquals(connectErrorOf(TIME_EXCEEDED, 0), ConnectionError.hostUnreachable);
});

Deno.test("Goal: a router that asks for smaller packets has not refused anything", () => {
  assertEquals(isFragmentationNeeded(UNREACHABLE, 4), true);
  assertEquals(isFragmentationNeeded(UNREACHABLE, 3), false);
  assertEquals(isFragmentationNeeded(TIME_EXCEEDED, 4), false);
});
