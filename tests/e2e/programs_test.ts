// The programs that people have, against server.ts as they run it.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runToEnd, runWell } from "../support/process.ts";
import { seededBytes } from "../support/payload.ts";
import { ServerProcess } from "../support/server.ts";
import { testNeeding } from "../support/skip.ts";
import { FAMILY_PLACES, type FamilyPlace, STACK } from "../support/stack.ts";

const SEED = 77;
const SHAPES: readonly (readonly string[])[] = [
  ["--pipeline", "split"],
  ["--pipeline", "fused", "--no-offload"],
  ["--pipeline", "inline"],
];

/** Registers a test against a server in each of a few configurations, over each family. */
function programTest(
  programs: readonly string[],
  name: string,
  fn: (place: FamilyPlace, server: ServerProcess) => Promise<void>,
): void {
  for (
    const [place, shape] of FAMILY_PLACES.flatMap((each) => SHAPES.map((s) => [each, s] as const))
  ) {
    const { stack, host, length } = place;
    const own = place.name === "IPv4" ? [] : ["--address", `${stack}/${length}`];
    const kernel = place.name === "IPv4" ? [] : ["--host", `${host}/${length}`];
    const where = `${place.name}, ${shape.slice(1).join(" ")}`;
    testNeeding({ tun: true, programs }, `e2e: ${name} (${where})`, async () => {
      await using server = await ServerProcess.start([...shape, ...own, ...kernel]);
      await fn(place, server);
      const { code, stderr } = await server.stop("SIGTERM");
      assertEquals([code, stderr], [0, ""]);
    });
  }
}

/** Runs curl with a bound on its time. */
function curl(...args: string[]) {
  return runToEnd("curl", ["-sS", "--max-time", "10", ...args]);
}

programTest(
  ["nc"],
  "the ready line is exact, and nc gets its bytes back",
  async ({ stack }, server) => {
    const shape = server.readyLine.match(/split|fused|inline/)?.[0];
    assertEquals(
      server.readyLine,
      `listening on ${stack}: echo 7, discard 9, chargen 19, http 80 (tun woshou0, ${shape})`,
    );
    assertEquals(await runWell("nc", ["-N", stack, "7"], { input: "hello\n" }), "hello\n");
    // Text, because what runWell gives is decoded.
    const letters = seededBytes(SEED, 1_000_000).map((byte) => 97 + byte % 26);
    const text = new TextDecoder().decode(letters);
    const echoed = await runWell("nc", ["-N", stack, "7"], { input: letters });
    assert(echoed === text, `${echoed.length} bytes of ${text.length} came back`);
    assertEquals(await runWell("nc", ["-N", stack, "9"], { input: text }), "");
    const lines = await runWell("sh", ["-c", `nc ${stack} 19 </dev/null | head -n 3`]);
    assertMatch(lines, /^ !"#[^\r]{68}\r\n!"#\$[^\r]{68}\r\n"#\$%[^\r]{68}\r\n$/);
  },
);

programTest(["nc"], "nc finds closed ports refused at once", async ({ stack }) => {
  const { code } = await runToEnd("nc", ["-z", "-w", "5", stack, "8"], { patienceMs: 4000 });
  assertEquals(code, 1);
});

programTest(
  ["curl"],
  "curl gets pages, counters, and refusals",
  async ({ host, stack, urlHost }) => {
    const page = await curl(`http://${urlHost}/`);
    assertEquals([page.code, page.stderr], [0, ""]);
    assertStringIncludes(page.stdout, "<!doctype html>");
    const table = await curl(`http://${urlHost}/table`);
    const [own, peer] = [urlHost, urlHost.replace(stack, host)].map((name) =>
      name.replace(/[[\].]/g, "\\$&")
    );
    assertMatch(
      table.stdout,
      new RegExp(`<td>${own}:80</td><td>${peer}:\\d+</td><td>ESTABLISHED<`),
    );
    const stats = JSON.parse((await curl(`http://${urlHost}/stats.json`)).stdout);
    assertEquals(stats.counters.passiveOpens, 3);
    const status = (...args: string[]) => curl("-o", "/dev/null", "-w", "%{http_code}", ...args);
    assertEquals((await status(`http://${urlHost}/nothing`)).stdout, "404");
    assertEquals((await status("-X", "DELETE", `http://${urlHost}/`)).stdout, "405");
    const head = await curl("--head", `http://${urlHost}/`);
    assertMatch(head.stdout, /^HTTP\/1\.1 200 OK\r\n([^\r]+\r\n)*content-type: text\/html/);
    assert(!head.stdout.includes("<!doctype"));
  },
);

programTest(["curl"], "curl keeps one connection for several requests", async ({ urlHost }) => {
  const url = `http://${urlHost}/connections.json`;
  const twice = await curl("-w", "%{num_connects}", url, url);
  assertEquals(twice.code, 0, twice.stderr);
  const connects = [...twice.stdout.matchAll(/\](\d)/g)].map(([, count]) => count);
  assertEquals(connects, ["1", "0"], twice.stdout);
  const parallel = Array.from({ length: 40 }, () => `http://${urlHost}/`);
  const all = await curl("--parallel", "-o", "/dev/null", ...parallel.slice(1), "-w", "");
  assertEquals(all.code, 0, all.stderr);
});

programTest(
  ["nc", "openssl"],
  "what is no HTTP gets an answer and an end",
  async ({ stack, urlHost }) => {
    const answer = await runWell("nc", ["-N", stack, "80"], {
      input: "\x16\x03\x01 nonsense\r\n\r\n",
    });
    assertMatch(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
    const connect = (port: number) =>
      runToEnd("openssl", ["s_client", "-connect", `${urlHost}:${port}`], { input: "" });
    for (const port of [80, 7]) assertEquals((await connect(port)).code, 1);
    // The line of a request that never ends is no reason to keep memory or to stop.
    const endless = "GET /" + "x".repeat(200_000);
    const refused = await runToEnd("nc", ["-N", stack, "80"], { input: endless });
    assertMatch(refused.stdout, /^(HTTP\/1\.1 4\d\d |$)/);
    assertEquals((await curl("-o", "/dev/null", `http://${urlHost}/`)).code, 0);
  },
);

programTest(["ping"], "ping is answered, whatever its size", async (place) => {
  const { stack, headerBytes } = place;
  for (const size of [0, 56, 1500 - headerBytes - 8]) {
    const output = await runWell("ping", ["-n", "-c3", "-i0.01", "-W2", `-s${size}`, stack]);
    assertStringIncludes(output, " 3 received, 0% packet loss");
  }
  const nobody = stack.replace(/2$/, "3");
  const other = await runToEnd("ping", ["-n", "-c1", "-W1", nobody]);
  assertEquals(other.code, 1, "nobody answers for an address that is not the stack's");
});

/** The state that nmap tells of each port, closed ones only as their number. */
async function scan(stack: string, ...args: string[]): Promise<[string, string]> {
  const family = stack.includes(":") ? ["-6"] : [];
  const output = await runWell("nmap", [...family, "-n", "-Pn", "-p1-100", ...args, stack]);
  const ports = [...output.matchAll(/^(\d+)\/tcp +(\S+)/gm)].map(([, port, state]) =>
    `${port} ${state}`
  );
  return [ports.join(", "), output.match(/Not shown: (.*)/)?.[1] ?? ""];
}

programTest(["nmap"], "nmap sees four open ports and the rest closed", async ({ stack }) => {
  const open = "7 open, 9 open, 19 open, 80 open";
  assertEquals(await scan(stack, "-sT"), [open, "96 closed tcp ports (conn-refused)"]);
  assertEquals(await scan(stack, "-sS"), [open, "96 closed tcp ports (reset)"]);
});

testNeeding(
  { tun: true, programs: ["nmap"] },
  "e2e: closed ports answer odd segments with resets and open ones keep silent",
  async () => {
    // Goal: RFC 9293 section 3.10.7.1 and 3.10.7.2, as a scanner with FIN, no flags, or all of them asks.
    await using _server = await ServerProcess.start([]);
    const silent = ["7", "9", "19", "80"].map((port) => `${port} open|filtered`).join(", ");
    for (const kind of ["-sF", "-sN", "-sX"]) {
      const seen = await scan(
        STACK,
        kind,
        "--max-retries",
        "0",
        "--max-rtt-timeout",
        "200ms",
        "--initial-rtt-timeout",
        "200ms",
      );
      assertEquals(seen, [silent, "96 closed tcp ports (reset)"], kind);
    }
  },
);

testNeeding(
  { tun: true, programs: ["curl", "ping"] },
  "e2e: a server with addresses of both families answers both at once",
  async () => {
    // Goal: flags repeat, one listener is dual, and the kernel's address can be used without delay.
    const flags = FAMILY_PLACES.flatMap(({ stack, host, length }) => [
      ...["--address", `${stack}/${length}`],
      ...["--host", `${host}/${length}`],
    ]);
    await using server = await ServerProcess.start(flags);
    assertStringIncludes(server.readyLine, "listening on 10.7.0.2, fd07::2: echo 7");
    for (const { stack, urlHost } of FAMILY_PLACES) {
      await runWell("ping", ["-n", "-c1", "-W1", stack]);
      const answer = await curl(`http://${urlHost}/connections.json`);
      const [conn] = JSON.parse(answer.stdout);
      const shown = stack.includes(":") ? stack : `::ffff:${stack}`;
      assertEquals(conn.localAddr.hostname, shown);
    }
    assertEquals((await server.stop("SIGTERM")).code, 0);
  },
);
