import { assertEquals, assertThrows } from "@std/assert";
import { Arguments, UsageError } from "../../src/cli/command.ts";
import { STACK_FLAGS, stackOptions } from "../../src/cli/stack_flags.ts";

const COMMAND = { name: "try", flags: STACK_FLAGS };

Deno.test("stack flags: they become the options of open, with the defaults of the API", () => {
  // Goal: `woshou trace`, `woshou capture` and the server open the same stack by the same flags.
  const defaults = {
    device: "woshou0",
    address: ["10.7.0.2/24"],
    hostAddress: ["10.7.0.1/24"],
    mtu: undefined,
    pipeline: undefined,
    offload: true,
    tcp: { congestion: undefined },
  };
  const lines: readonly (readonly [string[], Record<string, unknown>])[] = [
    [[], {}],
    [["--device", "x0", "--mtu", "1400"], { device: "x0", mtu: 1400 }],
    [["--pipeline", "fused", "--no-offload"], { pipeline: "fused", offload: false }],
    [
      ["--address", "10.1.0.2/24", "--address=fd01::2/64", "--host", "10.1.0.1/24"],
      { address: ["10.1.0.2/24", "fd01::2/64"], hostAddress: ["10.1.0.1/24"] },
    ],
    [["--congestion", "newreno"], { tcp: { congestion: "newreno" } }],
  ];
  for (const [line, options] of lines) {
    const found: unknown = stackOptions(new Arguments(COMMAND, line));
    assertEquals(found, { ...defaults, ...options }, line.join(" "));
  }
});

Deno.test("stack flags: a choice that there is not is refused with those there are", () => {
  const options = (...args: string[]) => stackOptions(new Arguments(COMMAND, args));
  assertThrows(() => options("--pipeline", "spilt"), UsageError, "split, fused, inline");
  assertThrows(() => options("--congestion", "x"), UsageError, "cubic");
});
