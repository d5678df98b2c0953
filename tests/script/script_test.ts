/** The project's own packet scripts pass, and the runner says what is wrong with scripts that do not. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { resultLine, type RunnerOptions, runScript } from "../../tools/script/runner.ts";

const folder = new URL(".", import.meta.url);

/** The scripts below this folder, as paths relative to it. */
function scripts(below = ""): string[] {
  const found: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(new URL(below, folder))) {
    if (isDirectory) found.push(...scripts(`${below}${name}/`));
    else if (name.endsWith(".pkt")) found.push(below + name);
  }
  return found.sort();
}

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, folder));
}

for (const path of scripts()) {
  Deno.test(`script: ${path}`, () => {
    // Goal: each script says its own in its first lines.
    const result = runScript(path, read(path));
    if (!result.passed) throw new Error([resultLine(result), ...result.notes].join("\n"));
  });
}

Deno.test("scripts: each says its goal, and there are many", () => {
  // Goal: a script that nobody can read is of no use.
  const paths = scripts();
  assert(paths.length >= 150, `${paths.length} scripts`);
  for (const path of paths) assertStringIncludes(read(path).slice(0, 20), "Goal: ", path);
});

const SERVER = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000>
`;
const OPEN = `${SERVER}+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 32792
+0 accept(3, ..., ...) = 4
`;

/** Scripts that must fail, with the line that is printed for each. */
const BROKEN: readonly (readonly [string, string, RegExp])[] = [
  ["nothing", "", /^FAIL x\.pkt:1: a script needs an event at the end of the script$/],
  ["no event", "hello", /:1: expected a time such as \+\.1, 0\.2 or \* before "hello"$/],
  ["no call", "0 socket", /:1: expected "\(" at the end of the script$/],
  ["no result", "0 close(3)\n+0 close(3) = 0", /:2: expected "=" before "\+0"$/],
  ["a bad option", "--mtu=x\n0 close(3) = 0", /:1: --mtu: "x" is not a number$/],
  ["a bad family", "--ip_version=ipv5\n0 close(3) = 0", /:1: --ip_version: "ipv5" is not/],
  [
    "ICMPv6 over IPv4",
    `--ip_version=ipv4\n${SERVER}+0 < icmpv6 unreachable port_unreachable [0:0(0)]`,
    /:6: there is no such ICMP message in ipv4$/,
  ],
  [
    "an ICMP code",
    `${SERVER}+0 < icmp unreachable by_foot [0:0(0)]`,
    /:5: the ICMP code "by_foot" is/,
  ],
  [
    "a flow label",
    `--ip_version=ipv6\n${SERVER}+0 > [flowlabel 0x1] S. 0:0(0) ack 1 <mss 1460>`,
    /:6: as ipv6: flow label: expected 1, got \d+$/,
  ],
  [
    "an IPv6 socket",
    "--ip_version=ipv4\n0 socket(AF_INET6, SOCK_STREAM, 0) = 3",
    /:2: an IPv6 socket needs --ip_version=ipv6 or ipv4-mapped-ipv6$/,
  ],
  ["bad flags", "0 < Q 0:0(0) win 1", /:1: expected TCP flags before "Q"$/],
  ["a bad range", "0 < S 0:5(4) win 1", /:1: the range 0:5 is not 4 bytes long, /],
  ["no range", "0 < S win 1", /:1: expected a sequence range such as 1:1001\(1000\) before "win"$/],
  ["a bad TCP option", "0 < S 0:0(0) win 1 <mess 1>", /:1: the TCP option "mess" is not known/],
  ["padding", "0 < S 0:0(0) win 1 <wscale 7>", /:1: the TCP options take 3 bytes: pad them/],
  [
    "long options",
    "0 < S 0:0(0) win 1 <99 " + "00".repeat(42) + ">",
    /take 44 bytes, at most 40 fit$/,
  ],
  ["an open condition", "0 close(3) = 0\n#ifdef A\n", /:2: #ifdef without #endif$/],
  ["a closed condition", "#endif\n0 close(3) = 0", /:1: #endif without #ifdef$/],
  ["open code", "0 %{ assert 1", /:1: code has no end /],
  ["UDP", "0 < udp(1000)", /:1: udp packets are not there yet/],
  ["an unknown call", "0 socket(..., SOCK_STREAM, 0) = 3\n0 dance(3) = 0", /:2: dance\(\) is not/],
  ["an unknown name", "0 socket(..., SOCK_CUCKOO, 0) = 3", /:1: SOCK_CUCKOO is not there yet$/],
  ["another result", "0 close(3) = 0", /:1: close\(3\) = 0: got -1 EBADF$/],
  ["another error", "0 close(3) = -1 EINVAL (x)", /:1: close\(3\) = -1 EINVAL: got -1 EBADF$/],
  ["another packet", `${SERVER}+0 > . 1:1(0) ack 1`, /:5: flags: expected \. .*, got S\. /],
  ["silence", "0 socket(..., SOCK_STREAM, 0) = 3\n+.1 > . 1:1(0) ack 1", /:2: nothing was sent/],
  [
    "flags",
    `${SERVER}+0 > S 0:0(0) <mss 1460>`,
    /:5: flags: expected S 0:0\(0\) <mss 1460>, got S\./,
  ],
  ["an acknowledgment", `${SERVER}+0 > S. 0:0(0) ack 2 <mss 1460>`, /:5: acknowledgment: /],
  [
    "an option",
    `${SERVER}+0 > S. 0:0(0) ack 1 <mss 1>`,
    /:5: mss: options: expected .* got .*mss 1460>$/,
  ],
  ["no option", `${SERVER}+0 > S. 0:0(0) ack 1`, /:5: more options: options: /],
  ["a window", `${SERVER}+0 > S. 0:0(0) ack 1 win 0 <mss 1460>`, /:5: window: /],
  ["a TTL", `${SERVER}+0 > (ttl 5) S. 0:0(0) ack 1 <mss 1460>`, /:5: TTL: expected 5, got 64$/],
  ["ECN", `${SERVER}+0 > [ect0] S. 0:0(0) ack 1 <mss 1460>`, /:5: ECN: expected ect0, got noecn$/],
  [
    "a time",
    `${SERVER}+.5 > S. 0:0(0) ack 1 <mss 1460>`,
    /:5: time: expected .* at 0\.500 s, it was sent at 0\.000 s$/,
  ],
  [
    "a late time",
    `${OPEN}+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+0 > P. 1:11(10) ack 1`,
    /:10: time: /,
  ],
  ["a length", `${OPEN}+0 write(4, ..., 10) = 10\n+0 > P. 1:12(11) ack 1`, /:9: length: /],
  ["a push", `${OPEN}+0 write(4, ..., 10) = 10\n+0 > . 1:11(10) ack 1`, /:9: flags: /],
  [
    "an assertion",
    `${OPEN}+0 %{\nassert 1\nassert tcpi_snd_cwnd == 11, "w"\n}%`,
    /:10: assertion failed: .*, with tcpi_snd_cwnd=10 \(w\)$/,
  ],
  [
    "a name in code",
    `${OPEN}+0 %{ assert tcpi_mood == 1 }%`,
    /:8: code: tcpi_mood: is not there yet$/,
  ],
  ["bad code", `${OPEN}+0 %{ assert 1 + }%`, /:8: code: expected a value at the end of the line$/],
  ["a call that blocks", `${OPEN}+0 read(4, ..., 10) = 10`, /:8: .*: the call does not return$/],
  [
    "a call that returns",
    `${OPEN}+0...0.5 write(4, ..., 10) = 10`,
    /:8: .*: expected its return at 0\.600 s, it returned at 0\.100 s$/,
  ],
  ["a call for ever", `${OPEN}+0...0.5 read(4, ..., 10) = 10`, /:8: .*: the call does not return$/],
  ["a count", `${OPEN}+0 ioctl(4, SIOCINQ, [5]) = 0`, /:8: .*: expected \[5\], got \[0\]$/],
  [
    "a past time",
    `${OPEN}0.05 close(4) = 0`,
    /:8: the time of this event, 0\.050 s, is over: it is 0\.100 s$/,
  ],
];

for (const [name, text, expected] of BROKEN) {
  Deno.test(`broken script: ${name}`, () => {
    // Goal: a failure names file, line and reason on one line, whatever is wrong.
    const line = resultLine(runScript("x.pkt", text));
    assert(expected.test(line), `${line}\nis not ${expected}`);
    assertEquals(line.includes("\n"), false);
    assert(!line.includes("the runner failed"), line);
  });
}

function verdict(text: string, options: RunnerOptions = {}, path = "x.pkt"): string {
  return resultLine(runScript(path, text, options));
}

Deno.test("runner: a script runs as both families, unless it or its name says which", () => {
  // Goal: nothing counts as passed that was not run.
  const text = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3";
  assertEquals(verdict(text), "PASS x.pkt");
  // MSS 1460 needs 1520 bytes of IPv6: this holds for one family only.
  const only4 = `--mtu=1500\n${SERVER}+0 > S. 0:0(0) ack 1 <mss 1460>`;
  const only6 = `--mtu=1500\n${SERVER}+0 > S. 0:0(0) ack 1 <mss 1440>`;
  assertStringIncludes(verdict(only4), "FAIL x.pkt:6: as ipv6: mss: ");
  assertStringIncludes(verdict(only6), "FAIL x.pkt:6: mss: ");
  for (const [script, version] of [[only4, "4"], [only6, "6"]]) {
    assertEquals(verdict(script, {}, `x-v${version}.pkt`), `PASS x-v${version}.pkt`);
    assertEquals(verdict(`--ip_version=ipv${version}\n${script}`), "PASS x.pkt");
    assertEquals(verdict(script, { ipVersion: version === "4" ? "ipv4" : "ipv6" }), "PASS x.pkt");
  }
  assertEquals(verdict(`--local_ip=fd00::1\n${only6}`), "PASS x.pkt");
  assertStringIncludes(verdict(text, { ipVersion: "ipv6" }, "a-v4.pkt"), "it runs as ipv4 only");
  assertStringIncludes(verdict(text, { ipVersion: "ipv4" }, "a-v6.pkt"), "it runs as ipv6 only");
});

Deno.test("runner: --exact compares what is left open otherwise", () => {
  // Goal: window, option order, window scale.
  const window = `${SERVER}+0 > S. 0:0(0) ack 1 win 5 <mss 1460>`;
  assertEquals(verdict(window), "PASS x.pkt");
  assertStringIncludes(verdict(window, { exact: true }), ":5: window: ");
  const padded = `${SERVER}+0 > S. 0:0(0) ack 1 <nop,mss 1460,nop>`;
  assertEquals(verdict(padded), "PASS x.pkt");
  assertStringIncludes(verdict(padded, { exact: true }), ":5: other options: ");
});

Deno.test("runner: defined words stand for their values", () => {
  // Goal: -D reaches values and conditions.
  const text = "#ifdef WANTED\n0 close(3) = RESULT EBADF\n#else\n0 close(3) = 0\n#endif";
  const defines = new Map([["WANTED", ""], ["RESULT", "-1"]]);
  assertEquals(verdict(text, { defines }), "PASS x.pkt");
  assertStringIncludes(verdict(text), "FAIL x.pkt:4: ");
});

Deno.test("runner: one run leaves nothing for the next", () => {
  // Goal: the memory that runs share is as new each time.
  const first = read("retransmission/fast_retransmit.pkt");
  const second = read("window/own_window_closes.pkt");
  for (let i = 0; i < 5; i++) {
    assertEquals(verdict(first), "PASS x.pkt");
    assertEquals(verdict(second), "PASS x.pkt");
    assertStringIncludes(verdict(`${OPEN}+0 read(9, ..., 1) = 0`), "EBADF");
  }
});

/** Runs the command as a user does. */
async function command(...args: string[]): Promise<{ code: number; lines: string[] }> {
  const tool = new URL("../../tools/script.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", tool, ...args],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return { code, lines: text.trimEnd().split("\n") };
}

Deno.test("command: a line for each script, a count at the end, and the exit code", async () => {
  // Goal: what people and programs read.
  const { code, lines } = await command("nagle", "close/half.pkt", "no/such.pkt");
  assertEquals(code, 1);
  assertEquals(lines[0], "PASS nagle/cork.pkt");
  assertEquals(lines.at(-3), "PASS close/half.pkt");
  assert(/^FAIL no\/such\.pkt:0: .*os error 2/.test(lines.at(-2)!), lines.at(-2));
  assert(/^\d+ passed, 1 failed$/.test(lines.at(-1)!), lines.at(-1));
});

Deno.test("command: --json gives an object a line", async () => {
  // Goal: the same for programs.
  const { code, lines } = await command("--json", "--verbose", "close/half.pkt");
  assertEquals(code, 0);
  const [result, counts] = lines.map((line) => JSON.parse(line));
  assertEquals([result.path, result.passed, result.line, result.reason], [
    "close/half.pkt",
    true,
    0,
    "",
  ]);
  assert(result.notes.length > 0);
  assertEquals(counts, { passed: 1, failed: 0 });
});

Deno.test("command: a wrong call says how it is called", async () => {
  // Goal: misuse is not a failed script.
  for (const args of [["--no-such-option", "nagle"], [], ["--ip-version=5", "nagle"]]) {
    const { code, lines } = await command(...args);
    assertEquals(code, 2, args.join(" "));
    assert(lines.some((line) => line.startsWith("usage: ")), lines.join("\n"));
  }
});
