import { assertEquals } from "@std/assert";
import {
  canReceiveData,
  canSendData,
  isSynchronized,
  State,
  stateNames,
} from "../../src/tcp/state.ts";

Deno.test("Goal: the states are RFC 9293's eleven, named as there", () => {
  assertEquals(stateNames, [
    "CLOSED",
    "LISTEN",
    "SYN-SENT",
    "SYN-RECEIVED",
    "ESTABLISHED",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "CLOSE-WAIT",
    "CLOSING",
    "LAST-ACK",
    "TIME-WAIT",
  ]);
  for (const [name, value] of Object.entries(State)) {
    assertEquals(stateNames[value], name.replaceAll("_", "-"));
  }
});

Deno.test("Goal: what each state allows is what RFC 9293 section 3.3.2 says of it", () => {
  const states = Object.values(State);
  const names = (test: (state: State) => boolean) =>
    states.filter(test).map((state) => stateNames[state]);
  assertEquals(names(canSendData), ["ESTABLISHED", "CLOSE-WAIT"]);
  assertEquals(names(canReceiveData), ["ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"]);
  assertEquals(names((state) => !isSynchronized(state)), [
    "CLOSED",
    "LISTEN",
    "SYN-SENT",
    "SYN-RECEIVED",
  ]);
});
