/** The style rules, each a test that fails with file:line and what would be right. */

import { assertEquals } from "@std/assert";
import { CODE, freshVectorCode } from "../tools/vector.ts";
import { stalePage } from "../tools/page.ts";
import { BUNDLE, committedBundle, ENTRY, freshBundle, staleness } from "../tools/bundle.ts";
import {
  bigIntegers,
  brokenLinks,
  fileSizes,
  type Finding,
  findingText,
  functionSizes,
  importCycles,
  importOrder,
  impureNames,
  leftovers,
  looseTypes,
  machinePaths,
  mirroredTests,
  readProject,
  registryHosts,
  systemAccess,
  testCommand,
} from "../tools/tidy.ts";

const root = new URL("..", import.meta.url);
const sources = readProject(root);

/** Files of src/ without a test file of their own, and why none is wanted. */
const WITHOUT_TEST: Readonly<Record<string, string>> = {
  "src/services/all.ts": "what server.ts runs: tests/server_test.ts",
  "src/cli/session.ts":
    "every live command is one: tests/cli/trace_test.ts, tests/cli/capture_test.ts",
  "src/cli/progress.ts": "a bar on a terminal, which tests/cli/replay_test.ts runs without",
  "src/cli/bench_client.ts": "the client that tests/cli/bench_test.ts runs",
  "src/base/drops.ts": "a table of names; what counts them is tested where it is done",
  "src/base/vector_code.ts": "made from src/base/vector.wat; tests/base/vector_test.ts runs it",
  "src/ip/input_kind.ts": "numbers alone; what gives them is tested in tests/ip/input_test.ts",
  "src/tcp/closing.ts": "the parts of close(); every way to end is in tests/tcp/connection_test.ts",
  "src/pipeline/pipeline.ts": "an interface; tests/pipeline/ holds every shape to it",
  "src/pipeline/setup.ts": "interfaces alone: what the threads are told",
  "src/device/device.ts": "an interface; tests/device/ holds every device to it",
  "src/device/arrival_watch.ts": "an open TUN drives it: tests/device/tun_test.ts",
  "src/device/copy_bytes.ts": "frames are compared byte by byte in tests/device/impairment_test.ts",
  "src/device/eventfd.ts": "an open TUN's waits are ended by it: tests/device/tun_test.ts",
  "src/device/ifreq.ts": "every ioctl in tests/device/tun_test.ts goes through it",
  "src/device/frame_queue.ts":
    "the queue that tests/device/memory_pair_test.ts compares with an array",
  "src/device/impaired_path.ts": "the path of tests/device/impairment_test.ts",
  "src/device/interface_config.ts": "checked against ip(8) in tests/device/tun_test.ts",
  "src/device/libc.ts": "every call in tests/device/tun_test.ts goes through it",
  "src/device/link_queue.ts": "the rates and queues in tests/device/impairment_test.ts are its",
  "src/device/netlink.ts": "checked against ip(8) in tests/device/tun_test.ts",
  "src/device/poll.ts": "the waits in tests/device/tun_test.ts are its",
  "src/device/system_error.ts": "the errors in tests/device/tun_test.ts are made by it",
  "src/device/tun_open.ts": "opened in every way by tests/device/tun_test.ts",
  "src/net/stack_types.ts": "interfaces alone; tests/net/parity/ holds what is told",
  "src/net/viewers.ts": "who may come and go: tests/net/stack_test.ts",
  "src/page/browser.ts": "what a browser lacks: tests/e2e/page_test.ts plays the lesson in one",
  "src/page/dom.ts": "needs a browser: tests/e2e/page_test.ts",
  "src/page/explain.ts": "what it says of every step is read in tests/page/lesson_test.ts",
  "src/page/kinds.ts": "numbers alone; tests/page/conversation_test.ts holds them to the trace's",
  "src/page/page_texts.ts": "a table of texts; tests/page/text_test.ts goes through it",
  "src/page/header_view.ts": "needs a browser: tests/e2e/page_test.ts",
  "src/page/ladder.ts": "needs a browser: tests/e2e/page_test.ts",
  "src/page/lesson_view.ts": "needs a browser: tests/e2e/page_test.ts",
  "src/page/live_view.ts": "needs a browser: tests/e2e/page_test.ts",
  "src/page/main.ts": "needs a browser: tests/e2e/page_test.ts",
  "src/page/plot_view.ts": "needs a browser: tests/e2e/page_test.ts",
  "src/page/state_view.ts": "needs a browser: tests/e2e/page_test.ts",
  "src/page/table_view.ts": "needs a browser: tests/e2e/page_test.ts",
  "src/trace/feed.ts": "interfaces alone; tests/trace/watch_test.ts holds what is sent to them",
  "src/tcp/congestion/rate_sample.ts":
    "fields alone; tests/tcp/delivery_rate_test.ts sees them filled",
  "src/node/http_connection.ts":
    "what it does with a client's bytes is what tests/node/serve_test.ts is about",
  "src/node/mod.ts": "its two functions make the sockets and servers of tests/node/places.ts",
  "src/tcp/outcome.ts": "names of decisions; tests/tcp/input_test.ts sees each of them",
  "src/tcp/parts.ts": "interfaces alone: what tests/support/engine.ts makes an engine of",
  "src/udp/sink.ts": "an interface; tests/udp/udp_test.ts records what goes into it",
  "src/tcp/sink.ts": "an interface; tests/support/engine.ts records what goes into it",
};

/** Fails with the message alone: where the rule was called from helps nobody. */
function fail(message: string): never {
  const error = new Error(message);
  error.stack = "";
  throw error;
}

function expectNone(findings: readonly Finding[]): void {
  if (findings.length > 0) {
    fail(`${findings.length} found:\n${findings.map(findingText).join("\n")}`);
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, root));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("tidy: imports point only up the table of folders", () => {
  expectNone(importOrder(sources));
});

Deno.test("tidy: no file imports itself over others", () => {
  expectNone(importCycles(sources));
});

Deno.test("tidy: the pure folders know no clock, randomness, timer or I/O", () => {
  expectNone(impureNames(sources));
});

Deno.test("tidy: no BigInt where code runs for each frame", () => {
  expectNone(bigIntegers(sources));
});

Deno.test("tidy: only src/device/libc.ts opens the C library, and nothing starts a process", () => {
  expectNone(systemAccess(sources));
});

Deno.test("tidy: no any and no silenced type check in what users run", () => {
  expectNone(looseTypes(sources));
});

Deno.test("tidy: files are small enough to read in one sitting", () => {
  expectNone(fileSizes(sources));
});

Deno.test("tidy: functions fit a screen", () => {
  expectNone(functionSizes(sources));
});

Deno.test("tidy: no marks of work left over", () => {
  expectNone(leftovers(sources));
});

Deno.test("tidy: no paths of one machine", () => {
  expectNone(machinePaths(sources));
});

Deno.test("tidy: no hosts of package registries", () => {
  expectNone(registryHosts(sources));
});

Deno.test("tidy: every file of src/ has a test file of the mirrored name", () => {
  expectNone(mirroredTests(sources, WITHOUT_TEST));
});

Deno.test("tidy: relative links in Markdown lead somewhere", () => {
  expectNone(brokenLinks(sources, exists));
});

Deno.test("tidy: README.md marks the command that runs the tests", () => {
  const readme = sources.find(({ path }) => path === "README.md");
  // Until there is a README, CI runs the task itself.
  if (readme === undefined) return;
  const command = testCommand(readme.text);
  if (command === null) fail("README.md: put the command between <!-- test-command --> marks");
  if (!/\bdeno(?:@[\d.]+)? task test$/.test(command)) fail(`README.md: not a test run: ${command}`);
});

Deno.test("tidy: the committed worker bundle is what its sources give", async () => {
  const committed = await committedBundle();
  if (!exists(ENTRY)) {
    if (committed !== null) fail(`${BUNDLE} is there without ${ENTRY}, which it is made from`);
    return;
  }
  const stale = staleness(committed, await freshBundle());
  if (stale !== null) fail(stale);
});

Deno.test("tidy: the committed page is what its sources give", async () => {
  const stale = await stalePage();
  if (stale.length > 0) fail(`src/page/made/ is stale (${stale.join(", ")}): run deno task page`);
});

Deno.test("tidy: everything that is exported is documented", async () => {
  if (!exists("mod.ts")) return;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", "mod.ts", "src/node/mod.ts"],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  if (!success) fail(`\n${new TextDecoder().decode(stderr)}`);
});

Deno.test("tidy: the assembled vector code is what its text gives", async () => {
  // Goal: nobody reads one text while another one runs.
  const committed = await Deno.readTextFile(new URL(`../${CODE}`, import.meta.url));
  assertEquals(committed, await freshVectorCode(), "run deno task vector");
});
