/** `net.serve` as a program has it: with one permission, started and stopped from outside. */

import { assertEquals } from "@std/assert";
import { runWell } from "../support/process.ts";
import { ServerProcess } from "../support/server.ts";
import { testNeeding } from "../support/skip.ts";

const PROGRAM = new URL("./serve_program.ts", import.meta.url).pathname;

testNeeding(
  { tun: true, programs: ["curl"] },
  "serve: a program with no permission but FFI serves, and ends when the server is shut down",
  async () => {
    const args = ["run", "--allow-ffi", "--no-prompt", PROGRAM];
    await using server = await ServerProcess.startAs(Deno.execPath(), args);
    assertEquals(server.readyLine, "Listening on http://0.0.0.0:80/");
    const curl = (path: string, ...more: string[]) =>
      runWell("curl", ["--silent", "--max-time", "10", `http://10.79.0.2${path}`, ...more]);
    assertEquals(await curl("/"), "GET 0");
    assertEquals(await curl("/", "--data", "abc"), "POST 3");
    assertEquals(await curl("/stop"), "GET 0");
    assertEquals((await server.child.status).code, 0);
  },
);
