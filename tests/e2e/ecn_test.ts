// ECN with the kernel's TCP at the other end, over a link that marks packets.
import { assert, assertEquals } from "@std/assert";
import { open, type Stack, type TcpConn } from "../../mod.ts";
import type { EcnName } from "../../src/tcp/config.ts";
import { markingTun } from "../support/ecn_device.ts";
import { exchangeSeeded } from "../support/payload.ts";
import { runWell, until } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";
import { HOST, STACK } from "../support/stack.ts";

const SEED = 3168;
const LENGTH = 3 * 1024 * 1024;
const PORT = 5600;
const NEEDS = { tun: true, programs: ["ss"] };

/** Runs with the kernel's tcp_ecn set to this number. */
async function withKernelEcn(value: number, during: () => Promise<void>): Promise<void> {
  const path = "/proc/sys/net/ipv4/tcp_ecn";
  const before = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, String(value));
  try {
    await during();
  } finally {
    Deno.writeTextFileSync(path, before);
  }
}

/** How many of its packets the kernel believes to have been marked. */
async function kernelMarks(): Promise<number> {
  const view = await runWell("ss", ["-Htin", "state", "established", "dport", "=", `${PORT}`]);
  return Number(/delivered_ce:(\d+)/.exec(view)?.[1] ?? 0);
}

/** Every mark that came in was seen; the last may be on their way still. */
function assertSeen(seen: number, marked: number): void {
  assert(seen <= marked && seen >= 0.9 * marked - 5, `${seen} seen of ${marked} marks`);
}

/** Bytes one way, both ends staying open. */
async function pump(from: Deno.Conn | TcpConn, to: Deno.Conn | TcpConn): Promise<void> {
  const [piece, buffer] = [new Uint8Array(65_536), new Uint8Array(65_536)];
  const write = async () => {
    for (let left = LENGTH; left > 0;) left -= await from.write(piece.subarray(0, left));
  };
  const read = async () => {
    for (let left = LENGTH; left > 0;) left -= await to.read(buffer) ?? left;
  };
  await Promise.all([write(), read()]);
}

/** Megabytes both ways; every byte is checked. */
async function exchange(ours: TcpConn, kernel: Deno.Conn): Promise<void> {
  const [there, back] = [SEED, SEED + 1].map((seed) => ({ seed, length: LENGTH }));
  await Promise.all([exchangeSeeded(ours, there, back), exchangeSeeded(kernel, back, there)]);
}

interface Link {
  readonly offload: boolean;
  readonly accurate: boolean;
  readonly ecn?: EcnName;
  readonly mark?: number;
}

/** A stack on a marking link, and both ends of a connection to its listener. */
async function withServed(
  { offload, accurate, ecn, mark = 0.1 }: Link,
  use: (net: Stack, ours: TcpConn, kernel: Deno.Conn, marked: () => number[]) => Promise<void>,
): Promise<void> {
  const device = markingTun({ name: "wsecn0", seed: SEED, mark, offload, accurate });
  const tcp = ecn === undefined ? undefined : { ecn };
  await using net = await open({ device, address: `${STACK}/24`, tcp });
  using listener = net.listen({ port: PORT });
  const accepting = listener.accept();
  using kernel = await Deno.connect({ hostname: STACK, port: PORT });
  using ours = await accepting;
  const marked = () => {
    const { send, receive } = device.stats();
    return [send!.marked, receive!.marked];
  };
  await use(net, ours, kernel, marked);
}

for (const offload of [true, false]) {
  const shape = `offload ${offload ? "on" : "off"}`;

  testNeeding(
    NEEDS,
    `e2e: the kernel asks for ECN and both ends answer marks (${shape})`,
    () =>
      withKernelEcn(
        1,
        () =>
          withServed({ offload, accurate: false }, async (net, ours, kernel, marked) => {
            assertEquals(ours.info().ecn, "classic");
            await Promise.all([pump(ours, kernel), pump(kernel, ours)]);
            const { counters } = net.stats();
            const [sent, received] = marked();
            assert(sent > 0 && received > 0, `${sent} and ${received} marked`);
            assertSeen(counters.ecnMarksIn, received);
            assert(
              counters.ecnReductions > 0,
              "the kernel has told of marks on what the stack sent",
            );
            assert(counters.ecnReductions <= sent, `${counters.ecnReductions} for ${sent} marks`);
            assert(await kernelMarks() > 0, "the stack has told of marks on what the kernel sent");
          }),
      ),
  );

  testNeeding(
    NEEDS,
    `e2e: accurate ECN with the kernel counts every mark (${shape})`,
    () =>
      withKernelEcn(
        1,
        () =>
          withServed({ offload, accurate: true }, async (net, ours, kernel, marked) => {
            assertEquals(ours.info().ecn, "accurate");
            await exchange(ours, kernel);
            const { counters } = net.stats();
            const [sent, received] = marked();
            assert(sent > 0 && received > 0, `${sent} and ${received} marked`);
            assertSeen(counters.ecnMarksIn, received);
            assert(
              counters.ecnReductions > 0,
              "the kernel has told of marks on what the stack sent",
            );
          }),
      ),
  );
}

testNeeding(
  NEEDS,
  "e2e: the kernel's listener is asked for ECN",
  () =>
    withKernelEcn(2, async () => {
      const device = markingTun({
        name: "wsecn0",
        seed: SEED,
        mark: 0.02,
        offload: true,
        accurate: false,
      });
      // Goal: Linux 6.18 answers a SYN of accurate ECN with RFC 3168.
      await using net = await open({ device, address: `${STACK}/24`, tcp: { ecn: "accurate" } });
      using listener = Deno.listen({ hostname: HOST, port: PORT });
      const accepting = listener.accept();
      using ours = await net.connect({ hostname: HOST, port: PORT });
      using kernel = await accepting;
      assertEquals(ours.info().ecn === "off", false);
      await exchange(ours, kernel);
      assert(net.stats().counters.ecnReductions > 0);
    }),
);

testNeeding(
  NEEDS,
  "e2e: without ECN nothing is marked",
  () =>
    withKernelEcn(1, () =>
      withServed(
        { offload: true, accurate: false, ecn: "off", mark: 1 },
        async (_, ours, kernel, marked) => {
          assertEquals(ours.info().ecn, "off");
          await exchange(ours, kernel);
          assertEquals(marked(), [0, 0]);
        },
      )),
);

testNeeding(
  NEEDS,
  "e2e: a path that marks everything still carries every byte",
  () =>
    withKernelEcn(
      1,
      () =>
        withServed({ offload: false, accurate: true, mark: 1 }, async (net, ours, kernel) => {
          await exchange(ours, kernel);
          await until("the marks are counted", () => net.stats().counters.ecnMarksIn > 100);
        }),
    ),
);
