// What a protocol analyser says of the stack's packets: nothing wrong with them.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { runToEnd, runWell, until } from "../support/process.ts";
import { exchangeSeeded, receiveSeeded, sendSeeded } from "../support/payload.ts";
import { testNeeding } from "../support/skip.ts";
import { openStack, STACK } from "../support/stack.ts";

const SEED = 4;
const DEVICE = "wscap0";
/** Less than any receive window, so that even a reader that is held up never fills it. */
const LENGTH = 50_000;

/** A capture of everything on the device, into a file. */
class Capture {
  readonly path: string;
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<Deno.CommandOutput>;

  private constructor(path: string, child: Deno.ChildProcess) {
    this.path = path;
    this.#child = child;
    this.#ended = child.output();
  }

  static async start(): Promise<Capture> {
    const path = await Deno.makeTempFile({ suffix: ".pcapng" });
    const child = new Deno.Command("dumpcap", {
      args: ["-q", "-i", DEVICE, "-w", path],
      stdout: "null",
      stderr: "null",
    }).spawn();
    const capture = new Capture(path, child);
    // The file has its header once the capture has begun.
    await until("the capture has begun", () => Deno.statSync(path).size > 0);
    return capture;
  }

  /** Ends it when so many packets that `filter` matches are in the file. */
  async stop(filter: string, count: number): Promise<void> {
    // While the capture runs the file may end within a packet, of which tshark complains.
    const matching = async () => {
      const args = ["-r", this.path, "-Y", filter];
      return (await runToEnd("tshark", args)).stdout.split("\n").length - 1;
    };
    await until("the last packets are in the file", async () => await matching() >= count);
    this.#child.kill("SIGINT");
    await this.#ended;
  }
}

/** One line for each packet that `filter` matches, with the fields that are asked for. */
async function tshark(path: string, filter: string, fields: string[]): Promise<string[]> {
  const checks = ["tcp.check_checksum:TRUE", "ip.check_checksum:TRUE"];
  const args = ["-r", path, "-Y", filter, "-T", "fields"];
  const output = await runWell("tshark", [
    ...args,
    ...checks.flatMap((check) => ["-o", check]),
    ...fields.flatMap((field) => ["-e", field]),
  ]);
  return output.split("\n").filter((line) => line !== "");
}

/** One connection with data both ways, from the first SYN to the last ACK. */
async function conversation(): Promise<void> {
  await using net = await openStack({ device: DEVICE, offload: false });
  const listener = net.listen({ port: 5300 });
  const capture = await Capture.start();
  paths.push(capture.path);
  const accepting = listener.accept();
  const kernel = await Deno.connect({ hostname: STACK, port: 5300 });
  const conn = await accepting;
  await Promise.all([
    exchangeSeeded(kernel, { seed: SEED, length: LENGTH }, { seed: SEED + 1, length: LENGTH }),
    (async () => {
      await receiveSeeded(conn, SEED, LENGTH);
      await sendSeeded(conn, SEED + 1, LENGTH);
    })(),
  ]);
  kernel.close();
  conn.close();
  await capture.stop("tcp.flags.fin == 1", 2);
}

const paths: string[] = [];

testNeeding(
  { tun: true, programs: ["tshark", "dumpcap"] },
  "e2e: an analyser finds no bad checksum, no retransmission and no violation",
  async () => {
    await conversation();
    const path = paths[0];
    try {
      const flags = await tshark(path, "tcp.port == 5300", ["ip.src", "tcp.flags.str", "tcp.len"]);
      assertMatch(flags[0], /^10\.7\.0\.1\t·*S·*\t0$/);
      assertMatch(flags[1], /^10\.7\.0\.2\t·*A··S·\t0$/);
      assertMatch(flags[2], /^10\.7\.0\.1\t·*A····\t0$/);
      const ends = flags.filter((line) => /F/.test(line)).map((line) => line.split("\t")[0]);
      assertEquals(ends, ["10.7.0.1", "10.7.0.2"]);
      // 2 means that nobody looked: then this test would say nothing.
      for (const field of ["tcp.checksum.status", "ip.checksum.status"]) {
        const status = new Set(await tshark(path, "tcp.port == 5300", [field]));
        assertEquals([...status], ["1"], field);
      }
      const fields = ["frame.number", "tcp.analysis.flags", "_ws.expert.message"];
      const warnings = await tshark(path, "_ws.expert.severity >= 6291456", fields);
      assertEquals(warnings, []);
      const own = await tshark(path, "tcp && ip.src == 10.7.0.2 && tcp.len > 0", ["tcp.len"]);
      assertEquals(own.reduce((sum, length) => sum + Number(length), 0), LENGTH);
      assert(own.every((length) => Number(length) <= 1448));
    } finally {
      await Deno.remove(path);
    }
  },
);

testNeeding(
  { tun: true, programs: ["tshark", "dumpcap"] },
  "e2e: the SYN-ACK offers what the stack speaks",
  async () => {
    await using net = await openStack({ device: DEVICE, offload: false, mtu: 1400 });
    const listener = net.listen({ port: 5301 });
    const capture = await Capture.start();
    const accepting = listener.accept();
    using _kernel = await Deno.connect({ hostname: STACK, port: 5301 });
    using _conn = await accepting;
    await capture.stop("tcp.flags.syn == 1", 2);
    const options = ["mss_val", "wscale.shift", "sack_perm", "timestamp.tsval"];
    const fields = options.map((name) => `tcp.options.${name}`);
    const [line] = await tshark(capture.path, "tcp.flags == 0x012", fields);
    await Deno.remove(capture.path);
    const [mss, shift, sack, timestamp] = line.split("\t");
    assertEquals(mss, "1360");
    assert(Number(shift) >= 7, "6 MiB of receive buffer need a window scale");
    assert(sack !== "" && Number(timestamp) >= 0);
  },
);
