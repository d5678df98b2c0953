/** Runs the tests of `tests/frameworks/`, whose packages have a configuration and a lock file of their own. */

import { assertMatch } from "@std/assert";
import { runWell } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";

const FOLDER = new URL("../frameworks/", import.meta.url).pathname;
const PATIENCE_MS = 180_000;

testNeeding(
  { tun: true, programs: ["curl", "openssl", "wrk"] },
  "frameworks: what is written for Node and npm runs unchanged on a stack",
  async () => {
    // The types of the packages are theirs to check.
    const flags = ["-A", "--no-prompt", "--no-check", "--frozen"];
    const config = ["--config", `${FOLDER}deno.json`];
    const output = await runWell(Deno.execPath(), ["test", ...flags, ...config, FOLDER], {
      patienceMs: PATIENCE_MS,
      env: { NO_COLOR: "1" },
    });
    assertMatch(output, /ok \| 13 passed \| 0 failed/);
  },
);
