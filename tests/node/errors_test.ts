import { assertEquals, assertStrictEquals } from "@std/assert";
import { coded, type NodeSystemError, systemError } from "../../src/node/errors.ts";

Deno.test("node errors: one of the stack's becomes one of Node's", () => {
  const cause = Object.assign(new Deno.errors.ConnectionRefused("x"), { code: "ECONNREFUSED" });
  const where = { address: "10.7.0.2", port: 80 };
  const error = systemError(cause, "connect", where) as NodeSystemError;
  const { message, code, errno, syscall, address, port } = error;
  assertEquals({ message, code, errno, syscall, address, port }, {
    message: "connect ECONNREFUSED 10.7.0.2:80",
    code: "ECONNREFUSED",
    errno: -111,
    syscall: "connect",
    ...where,
  });
  assertStrictEquals(error.cause, cause);
});

Deno.test("node errors: classes that carry no code get Node's", () => {
  const codes = [
    new Deno.errors.BrokenPipe("x"),
    new Deno.errors.NotConnected("x"),
    new Deno.errors.BadResource("x"),
  ].map((error) => (systemError(error, "write") as NodeSystemError).code);
  assertEquals(codes, ["EPIPE", "ENOTCONN", "ECANCELED"]);
});

Deno.test("node errors: what is no system's error stays as it is", () => {
  const error = new TypeError("x");
  assertStrictEquals(systemError(error, "read"), error);
  assertEquals(systemError("text", "read").message, "text");
  assertEquals((coded(error, "ERR_X") as NodeSystemError).code, "ERR_X");
});
