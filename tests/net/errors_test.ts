import { assert, assertEquals } from "@std/assert";
import { connectError, connectionError, stackEnded } from "../../src/net/errors.ts";
import { ConnectionError } from "../../src/ring/row.ts";

const WHERE = "10.7.0.2:80";

function shape(error: Error): unknown[] {
  return [error.name, "code" in error ? error.code : undefined];
}

Deno.test("each reason for which a connection ends has a class, a code and the peer's address", () => {
  // Goal: API.md's section on errors: what was attempted, on which address.
  const expected = {
    reset: ["ConnectionReset", "ECONNRESET"],
    timedOut: ["TimedOut", "ETIMEDOUT"],
    aborted: ["ConnectionAborted", "ECONNABORTED"],
  };
  for (const [reason, wanted] of Object.entries(expected)) {
    const error = connectionError(ConnectionError[reason as keyof typeof expected], WHERE);
    assertEquals(shape(error), wanted, reason);
    assert(error.message.includes(WHERE), error.message);
  }
});

Deno.test("each reason for which a connect fails has a class, a code and the peer's address", () => {
  // Goal: the same; no reason is left without an answer.
  const expected = {
    refused: ["ConnectionRefused", "ECONNREFUSED"],
    timedOut: ["TimedOut", "ETIMEDOUT"],
    networkUnreachable: ["NetworkUnreachable", "ENETUNREACH"],
    hostUnreachable: ["ConnectionRefused", "EHOSTUNREACH"],
    addressNotAvailable: ["AddrNotAvailable", "EADDRNOTAVAIL"],
    tooManyConnections: ["Busy", "EMFILE"],
    reset: ["ConnectionReset", "ECONNRESET"],
    aborted: ["ConnectionAborted", "ECONNABORTED"],
  };
  for (const [reason, wanted] of Object.entries(expected)) {
    const error = connectError(ConnectionError[reason as keyof typeof expected], WHERE);
    assertEquals(shape(error), wanted, reason);
    assert(error.message.includes(WHERE), error.message);
  }
});

Deno.test("the end of a stack carries what ended it", () => {
  // Goal: the cause is the thread's own error, unchanged.
  const cause = new Error("the thread's words");
  const error = stackEnded(cause);
  assertEquals(shape(error), ["ConnectionAborted", "ECONNABORTED"]);
  assert(error.cause === cause);
});
