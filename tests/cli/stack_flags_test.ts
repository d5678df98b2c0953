import { assertEquals, assertThrows } from "@std/assert";
import { Arguments, UsageError } from "../../src/cli/command.ts";
import { STACK_FLAGS, stackOptions } from "../../src/cli/stack_flags.ts";
import { parseCommandLine } from "../../server.ts";

const COMMAND = { name: "try", flags: STACK_FLAGS };

Deno.test("stack flags: they become the options of open, as those of server.ts do", () => {
  // Goal: `woshou trace --mtu 1400` and `server.ts --mtu 1400` mean the same.
  const lines = [
    [],
    ["--device", "x0", "--mtu", "1400", "--pipeline", "fused", "--no-offload"],
    ["--address", "10.1.0.2/24", "--address=fd01::2/64", "--host", "10.1.0.1/24"],
    ["--congestion", "newreno"],
  ];
  for (const line of lines) {
    const request = parseCommandLine(line);
    if (!("options" in request)) throw new Error("no options");
    const { queues: _queues, ...expected } = request.options;
    assertEquals<unknown>(stackOptions(new Arguments(COMMAND, line)), expected);
  }
});

Deno.test("stack flags: a choice that there is not is refused with those there are", () => {
  const options = (...args: string[]) => stackOptions(new Arguments(COMMAND, args));
  assertThrows(() => options("--pipeline", "spilt"), UsageError, "split, fused, inline");
  assertThrows(() => options("--congestion", "x"), UsageError, "cubic");
});
