// examples/iperf3.ts, with Debian's iperf3 as the client.
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { type IperfNet, IperfServer } from "../../examples/iperf3.ts";
import { ServerFault } from "../../examples/iperf3/control.ts";
import { readParameters } from "../../examples/iperf3/parameters.ts";
import { Pace, streamId } from "../../examples/iperf3/stream.ts";
import { runToEnd, until } from "../support/process.ts";
import { ServerProcess } from "../support/server.ts";
import { testNeeding } from "../support/skip.ts";
import { openStack, STACK } from "../support/stack.ts";

/** The little of iperf3's JSON that is looked at. */
interface Report {
  readonly error?: string;
  readonly end: {
    readonly streams: readonly Readonly<Record<string, StreamReport>>[];
    readonly sum?: StreamReport;
    readonly sum_sent: StreamReport;
    readonly sum_received: StreamReport;
    readonly sum_sent_bidir_reverse?: StreamReport;
    readonly sum_received_bidir_reverse?: StreamReport;
    readonly receiver_tcp_congestion?: string;
    readonly sender_tcp_congestion?: string;
  };
}

interface StreamReport {
  readonly bytes: number;
  readonly packets?: number;
  readonly lost_packets?: number;
  readonly jitter_ms?: number;
}

async function iperf3(...args: string[]): Promise<Report> {
  const { stdout, stderr } = await runToEnd("iperf3", [...args, "-J"]);
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`iperf3 ${args.join(" ")}: ${stdout}${stderr}`);
  }
}

async function withServer(
  use: (lines: string[], server: IperfServer) => Promise<void>,
  hasDatagrams = true,
): Promise<void> {
  await using net = await openStack();
  const lines: string[] = [];
  const offered: IperfNet = hasDatagrams ? net : { listen: (options) => net.listen(options) };
  const server = new IperfServer(offered, { onLine: (line) => lines.push(line) });
  const running = server.run();
  try {
    await use(lines, server);
  } finally {
    server.close();
    await running;
  }
}

testNeeding(
  { tun: true, programs: ["iperf3"] },
  "iperf3: forward, reverse, eight streams and both directions at once",
  async () => {
    await withServer(async (lines, server) => {
      const forward = await iperf3("-c", STACK, "-n", "20M");
      assertEquals(forward.error, undefined);
      assert(forward.end.sum_sent.bytes >= 20 << 20, JSON.stringify(forward.end.sum_sent));
      // What was still on its way at the end is not counted, by iperf3's own server either.
      assert(forward.end.sum_received.bytes > 0);

      const reverse = await iperf3("-c", STACK, "-n", "20M", "-R");
      assertEquals(reverse.error, undefined);
      assert(reverse.end.sum_received.bytes >= 20 << 20);
      assert(reverse.end.sum_sent.bytes >= reverse.end.sum_received.bytes);
      assertEquals(reverse.end.sender_tcp_congestion, "cubic");

      const eight = await iperf3("-c", STACK, "-n", "4M", "-P", "8");
      assertEquals([eight.error, eight.end.streams.length], [undefined, 8]);
      const back = await iperf3("-c", STACK, "-n", "4M", "-P", "8", "-R");
      assertEquals([back.error, back.end.streams.length], [undefined, 8]);

      const both = await iperf3("-c", STACK, "-t", "1", "--bidir");
      assertEquals([both.error, both.end.streams.length], [undefined, 2]);
      for (const name of ["sum_received", "sum_received_bidir_reverse"] as const) {
        assert(both.end[name]!.bytes > 0, `${name}: ${JSON.stringify(both.end)}`);
      }
      await until("the last test has ended", () => server.finished === 5);
      assertMatch(lines.join("\n"), /TCP: 1 streams in, 1 out/);
    });
  },
);

testNeeding(
  { tun: true, programs: ["iperf3"] },
  "iperf3: a rate for the server, and seconds that do not count",
  async () => {
    await withServer(async () => {
      const paced = await iperf3("-c", STACK, "-t", "1", "-R", "-b", "50M", "-l", "16K");
      assertEquals(paced.error, undefined);
      // A second of 50 Mbit/s is 6.25 MB; the bound is what no unlimited sender would keep.
      assert(paced.end.sum_sent.bytes < 20e6, JSON.stringify(paced.end.sum_sent));
      const omitted = await iperf3("-c", STACK, "-t", "1", "-O", "1");
      assertEquals(omitted.error, undefined);
      assert(omitted.end.sum_received.bytes <= 2 * omitted.end.sum_sent.bytes);
    });
  },
);

testNeeding(
  { tun: true, programs: ["iperf3"] },
  "iperf3: what cannot be is refused, and clients that vanish leave the server ready",
  async () => {
    await withServer(async (lines, server) => {
      const udp = await iperf3("-c", STACK, "-u", "-n", "1M");
      assertStringIncludes(udp.error!, "not implemented");
      assertStringIncludes(lines.join("\n"), "UDP tests need a stack with listenDatagram");
      const connect = () => Deno.connect({ hostname: STACK, port: 5201 });
      const cookie = new TextEncoder().encode(`${"c".repeat(36)}\0`);
      // One leaves in the middle of its cookie, one says it and leaves, one sends what is no JSON.
      {
        using first = await connect();
        await first.write(cookie.subarray(0, 10));
      }
      const state = new Uint8Array(1);
      /** A control connection, as soon as the server has noticed that the one before is gone. */
      const control = async (): Promise<Deno.TcpConn> => {
        let conn: Deno.TcpConn | null = null;
        await until("the server is free", async () => {
          conn?.close();
          conn = await connect();
          // A server that is busy may close before it has read all of that, which is a reset.
          state[0] = 0;
          await conn.write(cookie).then(() => conn!.read(state)).catch(() => {});
          return state[0] === 9;
        });
        return conn!;
      };
      (await control()).close();
      using third = await control();
      // While it talks another is sent away.
      {
        using fourth = await connect();
        await fourth.write(new TextEncoder().encode(`${"d".repeat(36)}\0`));
        await fourth.read(state);
        assertEquals(state[0], 0xff);
      }
      await third.write(new Uint8Array([0, 0, 0, 3, 0x7b, 0x7b, 0x7b]));
      await third.read(state);
      assertEquals(state[0], 0xfe);
      await until(
        "the server takes a test again",
        async () => (await iperf3("-c", STACK, "-n", "1M")).error === undefined,
      );
      await until("the last test has ended", () => server.finished === 1);
    }, false);
  },
);

/** UDP tests in every mode against a server at this address. */
async function runUdpModes(hostname: string, port: number): Promise<void> {
  for (const more of [[], ["-R"], ["-P", "2"], ["--udp-counters-64bit"], ["--bidir"]]) {
    const to = ["-c", hostname, "-p", String(port), "-u", "-b", "20M", "-l", "1000"];
    const report = await iperf3(...to, "-n", "500K", ...more);
    assertEquals(report.error, undefined, more.join());
    for (const stream of report.end.streams) {
      const { packets = 0, lost_packets = -1, jitter_ms = -1 } = stream.udp;
      assert(packets >= 250, JSON.stringify(stream));
      assert(lost_packets >= 0 && lost_packets < packets && jitter_ms >= 0, more.join());
    }
  }
}

testNeeding(
  { tun: true, programs: ["iperf3"] },
  "iperf3: UDP, both ways, with every datagram counted",
  async () => {
    await withServer(async (_lines, server) => {
      await runUdpModes(STACK, 5201);
      await until("the last test has ended", () => server.finished === 5);
    });
  },
);

testNeeding(
  { tun: true, programs: ["iperf3"] },
  "iperf3: the example runs on the kernel's sockets too, which are shaped alike",
  async () => {
    const script = new URL("iperf3_kernel.ts", import.meta.url).pathname;
    const args = ["run", "-A", "--unstable-net", "--no-prompt", script, "5291"];
    await using _server = await ServerProcess.startAs(Deno.execPath(), args);
    await runUdpModes("127.0.0.1", 5291);
  },
);

Deno.test("iperf3: parameters out of range are named, and streams are numbered as iperf3 does", () => {
  const wrong: readonly (readonly [unknown, string])[] = [
    [null, "no object"],
    [{ parallel: 0 }, "parallel: 0"],
    [{ parallel: 129 }, "parallel: 129"],
    [{ len: 1e9 }, "len: 1000000000"],
    [{ udp: true, len: 70_000 }, "len: 70000"],
    [{ time: "x" }, "time: x"],
    [{ bandwidth: -1 }, "bandwidth: -1"],
    [{ sctp: true }, "SCTP"],
  ];
  for (const [json, part] of wrong) assertThrows(() => readParameters(json), ServerFault, part);
  const both = readParameters({ parallel: 2, bidirectional: 1 });
  assertEquals([0, 1, 2, 3].map(both.sends), [false, false, true, true]);
  assertEquals([both.streams, both.blockBytes], [4, 131_072]);
  assertEquals(readParameters({ reverse: true }).sends(0), true);
  assertEquals([0, 1, 2].map(streamId), [1, 3, 4]);
  assertEquals(new Pace(0).next(1e9), 0);
  assert(new Pace(8).next(1000) > 900_000, "a thousand seconds of eight bits each");
});

Deno.test("iperf3: a network without datagrams is enough for a server", () => {
  // Goal: the type says so, and nothing is asked of it before a client wants UDP.
  const net: IperfNet = { listen: () => ({ accept: () => Promise.reject(), close: () => {} }) };
  new IperfServer(net).close();
});
