/** What becomes of a process that does not look at a promise, or that has nothing left to do. */

import { assertEquals } from "@std/assert";
import { runToEnd } from "../../support/process.ts";

const CHILD = new URL("./process_child.ts", import.meta.url).pathname;

/** How a process ends: its status and the error that it prints, without where that happened. */
interface End {
  readonly code: number;
  readonly error: string;
}

/** The situations of the child, and how each ends on the kernel; an error is a class and the first words. */
const ENDS: Readonly<Record<string, End>> = {
  "read interrupted": { code: 1, error: "Interrupted: operation canceled" },
  "read after close": { code: 1, error: "BadResource: Bad resource ID" },
  "write after closeWrite": {
    code: 1,
    error: "BrokenPipe: Broken pipe (os error 32)",
  },
  "accept interrupted": { code: 1, error: "BadResource: Listener has been closed" },
  "loop interrupted": { code: 0, error: "" },
  "connect refused": {
    code: 1,
    error: "ConnectionRefused: Connection refused (os error 111)",
  },
  "connect aborted": { code: 1, error: "AbortError: The signal has been aborted" },
  "listen in use": { code: 1, error: "AddrInUse: Address already in use (os error 98)" },
  "listen out of range": { code: 1, error: "RangeError: Invalid port (out of range): 65536" },
  "closed twice": { code: 1, error: "BadResource: Bad resource ID" },
  "stream fails": {
    code: 1,
    error: "BadResource: The stream's underlying resource was closed or consumed",
  },
  "cancel with a read": { code: 0, error: "" },
  "listener unreferenced": { code: 0, error: "" },
  "connection left open": { code: 0, error: "" },
  "read unreferenced": { code: 0, error: "" },
};

async function endOf(place: string, situation: string): Promise<End> {
  const args = ["run", "-A", "--quiet", "--no-prompt", CHILD, place, situation];
  const env = { NO_COLOR: "1" };
  const { code, stderr } = await runToEnd(Deno.execPath(), args, { env });
  const error = /^error: (?:Uncaught )?(?:\(in promise\) )?(.*)$/m.exec(stderr)?.[1] ?? "";
  // What the stack adds to Deno's words is the address.
  return { code, error: error.replace(/(os error \d+\)):.*/, "$1") };
}

for (const [situation, expected] of Object.entries(ENDS)) {
  for (const place of ["kernel", "stack"]) {
    Deno.test(`a process ends as on the kernel: ${situation} (${place})`, async () => {
      // Goal: an error that nobody catches ends the process, and nothing else holds or ends it.
      assertEquals(await endOf(place, situation), expected);
    });
  }
}
