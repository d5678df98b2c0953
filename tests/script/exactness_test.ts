/**
 * What the language says about times, numbers and segments, sentence by sentence: for each a script that holds
 * and one that fails for that very reason.
 */

import { assert, assertEquals } from "@std/assert";
import { resultLine, type RunnerOptions, runScript } from "../../tools/script/runner.ts";

const SERVER = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
`;
const OPEN = `${SERVER}+0 < S 0:0(0) win 32792 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 32792
+0 accept(3, ..., ...) = 4
`;
const NO_DELAY = `${OPEN}+0 setsockopt(4, SOL_TCP, TCP_NODELAY, [1], 4) = 0\n`;
const STAMPED = `${SERVER}+0 < S 0:0(0) win 32792 <mss 1000,sackOK,TS val 10 ecr 0>
+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 5000 ecr 10>
+.1 < . 1:1(0) ack 1 win 32792 <nop,nop,TS val 110 ecr 5000>
+0 accept(3, ..., ...) = 4
+0 write(4, ..., 100) = 100
`;
const PASS = /^PASS x\.pkt$/;

/** Name, script, the line that is printed for it. */
const SENTENCES: readonly (readonly [string, string, RegExp])[] = [
  // Times.
  [
    "a time counts from the event before",
    `${OPEN}+.2 write(4, ..., 9) = 9\n+0 > P. 1:10(9) ack 1`,
    PASS,
  ],
  [
    "an absolute time counts from the start",
    `${OPEN}0.3 write(4, ..., 9) = 9\n0.3 > P. 1:10(9) ack 1`,
    PASS,
  ],
  [
    "an absolute time may be wrong",
    `${OPEN}0.3 write(4, ..., 9) = 9\n0.35 > P. 1:10(9) ack 1`,
    /:9: time: /,
  ],
  [
    "any time is any time",
    `${OPEN}+0 write(4, ..., 9) = 9\n+0 > P. 1:10(9) ack 1\n* > P. 1:10(9) ack 1`,
    PASS,
  ],
  [
    "a range holds at its ends",
    `${OPEN}+0 write(4, ..., 9) = 9\n+0 > P. 1:10(9) ack 1\n+.3~+.4 > P. 1:10(9) ack 1`,
    PASS,
  ],
  [
    "a range may be missed",
    `${OPEN}+0 write(4, ..., 9) = 9\n+0 > P. 1:10(9) ack 1\n+.1~+.2 > P. 1:10(9) ack 1`,
    /:10: time: expected .* from 0\.200 s to 0\.300 s, it was sent at 0\.4\d* s$/,
  ],
  [
    "a range is not for what comes in",
    `${OPEN}+.1~+.2 < . 1:1(0) ack 1 win 1`,
    /:8: only a packet of the stack/,
  ],
  // Tolerance: 4 ms, or an eighth of the gap.
  ["4 ms late is in time", `${OPEN}+0 write(4, ..., 9) = 9\n+.004 > P. 1:10(9) ack 1`, PASS],
  ["5 ms late is not", `${OPEN}+0 write(4, ..., 9) = 9\n+.005 > P. 1:10(9) ack 1`, /:9: time: /],
  [
    "an eighth of the gap is in time",
    `${OPEN}+0 write(4, ..., 9) = 9\n+0 > P. 1:10(9) ack 1\n+.267 > P. 1:10(9) ack 1`,
    PASS,
  ],
  [
    "more than an eighth is not",
    `${OPEN}+0 write(4, ..., 9) = 9\n+0 > P. 1:10(9) ack 1\n+.266 > P. 1:10(9) ack 1`,
    /:10: time: /,
  ],
  [
    "--tolerance_usecs is the least",
    `--tolerance_usecs=60000\n${OPEN}+0 write(4, ..., 9) = 9\n+0 > P. 1:10(9) ack 1\n+.241 > P. 1:10(9) ack 1`,
    PASS,
  ],
  // The queue of what was sent.
  [
    "the oldest is taken, even one that was sent long ago, and then its time is checked",
    `${OPEN}+0 write(4, ..., 9) = 9\n+.1 < . 1:1(0) ack 10 win 9\n+0 > P. 1:10(9) ack 1`,
    /:10: time: expected .* at 0\.200 s, it was sent at 0\.100 s$/,
  ],
  ["what is left at the end is not checked", `${OPEN}+0 write(4, ..., 9) = 9`, PASS],
  [
    "nothing is skipped",
    `${NO_DELAY}+0 write(4, ..., 9) = 9\n+0 write(4, ..., 8) = 8\n+0 > P. 10:18(8) ack 1`,
    /:11: sequence number: /,
  ],
  // Calls that block.
  [
    "a blocking call has a beginning and an end",
    `${OPEN}+.1...0.200 read(4, ..., 9) = 9\n+.1 < P. 1:10(9) ack 1 win 9`,
    PASS,
  ],
  [
    "its end is checked",
    `${OPEN}+.1...0.300 read(4, ..., 9) = 9\n+.1 < P. 1:10(9) ack 1 win 9`,
    /:8: .* returned at 0\.300 s$/,
  ],
  [
    "any descriptor is success",
    "0 socket(..., SOCK_STREAM, 0) = 77\n+0 bind(77, ..., ...) = 0",
    PASS,
  ],
  ["-1 is none", "0 socket(..., SOCK_STREAM, 0) = -1 EMFILE", /:1: .*: got a file descriptor$/],
  // Segments.
  [
    "equal segments are gathered",
    `${OPEN}+0 write(4, ..., 2500) = 2500\n+0 > P. 1:2501(2500) ack 1`,
    PASS,
  ],
  [
    "or taken one by one",
    `${OPEN}+0 write(4, ..., 2500) = 2500\n+0 > . 1:1001(1000) ack 1\n+0 > P. 1001:2501(1500) ack 1`,
    PASS,
  ],
  [
    "unequal ones are not gathered",
    `${NO_DELAY}+0 write(4, ..., 500) = 500\n+0 write(4, ..., 900) = 900\n+0 > P. 1:1401(1400) ack 1`,
    /:11: length: expected .*, got P\. 1:501\(500\)/,
  ],
  [
    "a shorter one is the last",
    `${NO_DELAY}+0 write(4, ..., 1500) = 1500\n+0 write(4, ..., 500) = 500\n+0 > P. 1:2001(2000) ack 1`,
    /:11: length: expected .*, got P\. 1:1501\(1500\)/,
  ],
  [
    "--strict_segments takes each by itself",
    `--strict_segments\n${OPEN}+0 write(4, ..., 2000) = 2000\n+0 > P. 1:2001(2000) ack 1`,
    /:10: length: expected .*, got \. 1:1001\(1000\)/,
  ],
  [
    "flags are those of the last",
    `${OPEN}+0 write(4, ..., 2000) = 2000\n+0 > . 1:2001(2000) ack 1`,
    /:9: flags: /,
  ],
  // Numbers.
  [
    "the peer's numbers of a SYN stand as they are",
    `${SERVER}+0 < S 5000:5000(0) win 9 <mss 1000>\n+0 > S. 0:0(0) ack 5001 <mss 1460>\n+.1 < P. 1:10(9) ack 1 win 9\n+0 > . 1:1(0) ack 10`,
    PASS,
  ],
  [
    "and are checked",
    `${SERVER}+0 < S 5000:5000(0) win 9 <mss 1000>\n+0 > S. 0:0(0) ack 1 <mss 1460>`,
    /:5: acknowledgment: /,
  ],
  [
    "the stack's are what the script calls them",
    `${SERVER}+0 < S 0:0(0) win 9 <mss 1000>\n+0 > S. 777:777(0) ack 1 <mss 1460>\n+.1 < . 1:1(0) ack 1 win 9\n+1 accept(3, ..., ...) = 4\n+0 write(4, ..., 9) = 9\n+0 > P. 1:10(9) ack 1`,
    PASS,
  ],
  [
    "a number without meaning is not looked at",
    `${OPEN}+0 write(4, ..., 9) = 9\n+0 > P. ...(9) ack 1`,
    PASS,
  ],
  ["its length is", `${OPEN}+0 write(4, ..., 9) = 9\n+0 > P. ...(8) ack 1`, /:9: length: /],
  [
    "an absolute number is the wire's",
    `${OPEN}+0 < R. 7:7(0)! ack 1 win 0\n+0 read(4, ..., 9) = 0`,
    /the call does not return$/,
  ],
  // Time stamps.
  [
    "stamps count from the first",
    `${STAMPED}+0 > P. 1:101(100) ack 1 <nop,nop,TS val 5100 ecr 110>`,
    PASS,
  ],
  [
    "they are not checked without a tick",
    `${STAMPED}+0 > P. 1:101(100) ack 1 <nop,nop,TS val 9 ecr 110>`,
    PASS,
  ],
  [
    "they are with one",
    `--tcp_ts_tick_usecs=1000\n${STAMPED}+0 > P. 1:101(100) ack 1 <nop,nop,TS val 5300 ecr 110>`,
    /:10: timestamps: /,
  ],
  [
    "right ones hold",
    `--tcp_ts_tick_usecs=1000\n${STAMPED}+0 > P. 1:101(100) ack 1 <nop,nop,TS val 5100 ecr 110>`,
    PASS,
  ],
  [
    "the echo is always checked",
    `${STAMPED}+0 > P. 1:101(100) ack 1 <nop,nop,TS val 5100 ecr 111>`,
    /:9: timestamps: /,
  ],
  [
    "an echo that comes in is what was sent: the RTT is right",
    `${STAMPED}+0 > P. 1:101(100) ack 1 <nop,nop,TS val 5100 ecr 110>\n+.2 < . 1:1(0) ack 101 win 9 <nop,nop,TS val 310 ecr 5100>\n+0 %{ assert 100000 < tcpi_rtt < 120000, tcpi_rtt }%`,
    PASS,
  ],
  // Options and the IP header.
  [
    "options that are not there must not be",
    `${OPEN}+0 write(4, ..., 9) = 9\n+0 > P. 1:10(9) ack 1 <nop,nop>`,
    PASS,
  ],
  ["unless they do not matter", `${STAMPED}+0 > P. 1:101(100) ack 1 <...>`, PASS],
  ["they are missed", `${STAMPED}+0 > P. 1:101(100) ack 1`, /:9: more options: /],
  [
    "the window is not looked at when it is not there",
    `${OPEN}+0 write(4, ..., 9) = 9\n+0 > P. 1:10(9) ack 1`,
    PASS,
  ],
  ["ECN is not either", `${OPEN}+0 write(4, ..., 9) = 9\n+0 > [noecn] P. 1:10(9) ack 1`, PASS],
  // What cannot be done is a failure with its reason.
  ["a result of another kind", `${OPEN}+0 read(4, ..., 9) = "x"`, /:8: .*/],
  ["a shorter list of values", `${OPEN}+0 poll([{fd=4}], 1, 0) = 0`, /:8: expected a number$/],
  [
    "a value within itself",
    `${OPEN}+0 write(4, ..., ${"(".repeat(5000)}1${")".repeat(5000)}) = 1`,
    /:8: .*nested/,
  ],
];

for (const [name, text, expected] of SENTENCES) {
  Deno.test(`exactness: ${name}`, () => {
    // Goal: what docs/scripts.md says, and nothing looser.
    const line = resultLine(runScript("x.pkt", text));
    assert(expected.test(line), `${line}\nis not ${expected}`);
    assert(!line.includes("the runner failed"), line);
  });
}

Deno.test("exactness: what is left, ignored and printed is listed", () => {
  // Goal: --verbose hides nothing that the machine did not do.
  const text = `--send_omit_free\n${OPEN}+0 \`make coffee\`\n+0 send(4, ..., 9, MSG_DONTROUTE) = 9
+0 setsockopt(4, SOL_SOCKET, SO_PRIORITY, [1], 4) = 0
+0 getsockname(4, ..., ...) = 0
+0 %{ print("hello", tcpi_snd_mss) }%`;
  const { passed, notes } = runScript("x.pkt", text);
  assertEquals(passed, true);
  for (
    const part of [
      "--send_omit_free has no effect",
      "not run: make coffee",
      "MSG_DONTROUTE has no effect",
      "SO_PRIORITY has no effect",
      "the address is not compared",
      "hello 1000",
      "not looked at: 0.100 s P. ",
    ]
  ) assert(notes.some((note) => note.includes(part)), `${part}\n${notes.join("\n")}`);
});

Deno.test("exactness: a failure that is not fatal is told and the script goes on", () => {
  // Goal: --non_fatal by kind.
  const options: RunnerOptions = {};
  const text = `${OPEN}+0 write(4, ..., 9) = 8\n+0 > P. 1:10(9) ack 1`;
  const run = (kinds: string) => runScript("x.pkt", `--non_fatal=${kinds}\n${text}`, options);
  assertEquals(run("packet").passed, false);
  const { passed, notes } = run("packet,syscall");
  assertEquals(passed, true);
  assert(
    notes.some((note) => note.startsWith("9: not fatal: write(4, ..., 9) = 8: got 9")),
    notes.join(),
  );
});
