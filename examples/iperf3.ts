/**
 * An iperf3 server on the stack: `deno run -A examples/iperf3.ts`, and on the kernel's side
 * `iperf3 -c 10.7.0.2`, with `-R`, `-P 8`, `--bidir` or `-u` as you like.
 *
 * The protocol as iperf3 3.x speaks it: the first connection carries the test's states, one byte each, and JSON with its
 * length before it; every other connection is a stream, and all of them begin with the same cookie.
 *
 * ```text
 *   client                                  server
 *     cookie ──────────────────────────────▶
 *            ◀────────────────────────────── PARAM_EXCHANGE
 *     parameters (JSON) ───────────────────▶
 *            ◀────────────────────────────── CREATE_STREAMS
 *     a connection with the cookie for each stream ▶
 *            ◀────────────────────────────── TEST_START, TEST_RUNNING
 *     TEST_END ────────────────────────────▶
 *            ◀────────────────────────────── EXCHANGE_RESULTS
 *     results (JSON) ──────────────────────▶
 *            ◀────────────────────────────── results (JSON), DISPLAY_RESULTS
 *     IPERF_DONE ──────────────────────────▶
 * ```
 */

import process from "node:process";
import { parseArgs } from "@std/cli/parse-args";
import { open, type TcpInfo } from "../mod.ts";
import {
  ControlChannel,
  COOKIE_BYTES,
  type IperfConn,
  readExactly,
  ServerFault,
  State,
} from "./iperf3/control.ts";
import { type DatagramNet, DatagramStreams } from "./iperf3/datagrams.ts";
import { type Parameters, readParameters } from "./iperf3/parameters.ts";
import { type Stream, streamId, StreamTotals, TcpStream } from "./iperf3/stream.ts";

/** What the server needs of a network: a stack has it, and so has `Deno`. */
export interface IperfNet extends Partial<DatagramNet> {
  /** Listens for connections. */
  listen(options: { hostname?: string; port: number }): IperfListener;
}

/** A listener of an {@link IperfNet}. */
export interface IperfListener {
  accept(): Promise<IperfConn>;
  close(): void;
}

/** How the server runs. */
export interface IperfOptions {
  readonly port?: number;
  readonly hostname?: string;
  /** Told what happens, a line at a time. */
  readonly onLine?: (line: string) => void;
}

/** The port that iperf3 uses. */
export const IPERF_PORT = 5201;

/** How long a client may take for each of its steps. */
const PATIENCE_MS = 10_000;
/** How much longer than announced a test may run. */
const GRACE_MS = 30_000;

/** Serves tests, one at a time as iperf3 does, until the listener is closed. */
export class IperfServer {
  /** Tests that have come to their end. */
  finished = 0;
  readonly #net: IperfNet;
  readonly #listener: IperfListener;
  readonly #options: IperfOptions;
  #test: Test | null = null;

  /** Listens. */
  constructor(net: IperfNet, options: IperfOptions = {}) {
    const { port = IPERF_PORT, hostname = "0.0.0.0" } = options;
    this.#net = net;
    this.#options = { ...options, port, hostname };
    this.#listener = net.listen({ hostname, port });
  }

  /** Accepts connections until {@link IperfServer.close}. */
  async run(): Promise<void> {
    for (;;) {
      let conn: IperfConn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (isClosed(error)) return;
        throw error;
      }
      this.#take(conn).catch((error) => {
        this.#say(`a connection failed: ${messageOf(error)}`);
        closeQuietly(conn);
      });
    }
  }

  /** Ends the server and the test under way. */
  close(): void {
    this.#listener.close();
    this.#test?.end();
  }

  /** The first connection of a cookie is a control connection, the others are streams. */
  async #take(conn: IperfConn): Promise<void> {
    const bytes = await readExactly(conn, COOKIE_BYTES, PATIENCE_MS);
    const cookie = new TextDecoder("latin1").decode(bytes.subarray(0, COOKIE_BYTES - 1));
    // A client that has its results may be followed by another before its goodbye has been read.
    if (this.#test?.isEnding) await this.#test.ended;
    if (this.#test !== null) {
      if (this.#test.cookie === cookie) return this.#test.addStream(conn);
      await conn.write(Uint8Array.of(State.accessDenied & 0xff));
      conn.close();
      this.#say("a client was sent away: a test is running");
      return;
    }
    const test = new Test(cookie, conn, this.#net, this.#options);
    this.#test = test;
    try {
      await test.run();
      this.finished++;
    } catch (error) {
      this.#say(`the test ended early: ${messageOf(error)}`);
    } finally {
      test.end();
      this.#test = null;
      test.resolveEnded();
    }
  }

  #say(line: string): void {
    this.#options.onLine?.(line);
  }
}

/** One test, from the cookie to IPERF_DONE. */
class Test {
  readonly cookie: string;
  /** Whether only the client's goodbye is missing. */
  isEnding = false;
  /** Resolves when the server is free for another test. */
  readonly ended: Promise<void>;
  resolveEnded: () => void = () => {};
  readonly #control: ControlChannel;
  readonly #net: IperfNet;
  readonly #options: IperfOptions;
  readonly #streams: Stream[] = [];
  #parameters: Parameters | null = null;
  #datagrams: DatagramStreams | null = null;
  #complete: () => void = () => {};
  #startMs = 0;
  #cpu = process.cpuUsage();

  constructor(cookie: string, conn: IperfConn, net: IperfNet, options: IperfOptions) {
    this.cookie = cookie;
    this.#control = new ControlChannel(conn);
    this.#net = net;
    this.#options = options;
    this.ended = new Promise((resolve) => this.resolveEnded = resolve);
  }

  async run(): Promise<void> {
    const control = this.#control;
    await control.state(State.parameterExchange);
    try {
      const parameters = readParameters(await control.json(PATIENCE_MS));
      this.#parameters = parameters;
      if (parameters.isUdp) this.#listenForDatagrams(parameters);
    } catch (error) {
      await control.refuse(error);
      throw error;
    }
    await this.#createStreams(this.#parameters);
    await control.state(State.testStart);
    this.#begin(this.#parameters);
    await control.state(State.testRunning);
    const { seconds, omitSeconds } = this.#parameters;
    const limitMs = seconds > 0 ? 1000 * (seconds + omitSeconds) + GRACE_MS : Infinity;
    await control.expect(State.testEnd, limitMs);
    const elapsed = (performance.now() - this.#startMs) / 1000 - omitSeconds;
    for (const stream of this.#streams) stream.stop();
    await control.state(State.exchangeResults);
    await control.json(PATIENCE_MS);
    await control.sendJson(this.#results(elapsed));
    this.isEnding = true;
    await control.state(State.displayResults);
    await control.expect(State.done, PATIENCE_MS);
    this.#report(elapsed);
  }

  /** A connection that came with the cookie. */
  addStream(conn: IperfConn): void {
    const parameters = this.#parameters;
    if (parameters === null || parameters.isUdp || this.#streams.length >= parameters.streams) {
      throw new ServerFault("one stream more than the parameters say");
    }
    this.#add((id) => new TcpStream(conn, id, parameters.sends(this.#streams.length), parameters));
  }

  /** Releases everything, however the test went. */
  end(): void {
    for (const stream of this.#streams) stream.stop();
    this.#datagrams?.close();
    this.#control.close();
  }

  #add(make: (id: number) => Stream): void {
    this.#streams.push(make(streamId(this.#streams.length)));
    if (this.#streams.length === this.#parameters?.streams) this.#complete();
  }

  #listenForDatagrams(parameters: Parameters): void {
    const { port = IPERF_PORT, hostname = "0.0.0.0" } = this.#options;
    const listen = this.#net.listenDatagram?.bind(this.#net);
    if (listen === undefined) {
      throw new ServerFault("UDP tests need a stack with listenDatagram, which this one has not");
    }
    const conn = listen({ transport: "udp", hostname, port });
    this.#datagrams = new DatagramStreams(conn, parameters, (make) => this.#add(make));
  }

  async #createStreams(parameters: Parameters): Promise<void> {
    const complete = new Promise<void>((resolve) => this.#complete = resolve);
    await this.#control.state(State.createStreams);
    const late = AbortSignal.timeout(PATIENCE_MS);
    await Promise.race([
      complete,
      new Promise<never>((_, reject) => {
        late.addEventListener("abort", () => {
          const { length } = this.#streams;
          reject(new ServerFault(`${length} of ${parameters.streams} streams have come`));
        });
      }),
    ]);
  }

  #begin(parameters: Parameters): void {
    this.#startMs = performance.now();
    this.#cpu = process.cpuUsage();
    const receiving = this.#streams.filter(({ isSender }) => !isSender).length;
    this.#say(
      `${parameters.isUdp ? "UDP" : "TCP"}: ${receiving} streams in, ` +
        `${this.#streams.length - receiving} out`,
    );
    for (const stream of this.#streams) stream.start();
    if (parameters.omitSeconds === 0) return;
    const timer = setTimeout(() => {
      for (const stream of this.#streams) stream.totals.omit();
    }, 1000 * parameters.omitSeconds);
    Deno.unrefTimer(timer);
  }

  /** What iperf3 wants to know of the other side. */
  #results(elapsed: number): Record<string, unknown> {
    const { user, system } = process.cpuUsage(this.#cpu);
    const percent = (microseconds: number) => microseconds / 1e4 / Math.max(elapsed, 1e-3);
    const infos = this.#streams.map((stream) => stream.info());
    const sends = this.#streams.some(({ isSender }) => isSender);
    const knows = infos.some((info) => info !== null);
    return {
      cpu_util_total: percent(user + system),
      cpu_util_user: percent(user),
      cpu_util_system: percent(system),
      sender_has_retransmits: sends ? Number(knows) : -1,
      congestion_used: infos.find((info): info is TcpInfo => info !== null)?.congestion,
      streams: this.#streams.map(({ id, totals }, index) => ({
        id,
        bytes: totals.bytes,
        retransmits: infos[index]?.segmentsRetransmitted ?? -1,
        jitter: totals.jitterSeconds,
        errors: totals.lost,
        omitted_errors: totals.lostOmitted,
        packets: totals.packets,
        omitted_packets: totals.packetsOmitted,
        start_time: 0,
        end_time: elapsed,
      })),
    };
  }

  #report(elapsed: number): void {
    for (const [name, isSender] of [["in", false], ["out", true]] as const) {
      const mine = this.#streams.filter((stream) => stream.isSender === isSender);
      if (mine.length === 0) continue;
      const bytes = StreamTotals.sum(mine.map(({ totals }) => totals));
      const rate = (8 * bytes / elapsed / 1e9).toFixed(2);
      this.#say(`${name}: ${bytes} bytes in ${elapsed.toFixed(2)} s, ${rate} Gbit/s`);
    }
  }

  #say(line: string): void {
    this.#options.onLine?.(line);
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}

function closeQuietly(conn: IperfConn): void {
  try {
    conn.close();
  } catch {
    // It was closed already.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function main(): Promise<void> {
  const flags = parseArgs(Deno.args, {
    string: ["device", "address", "host", "port", "pipeline"],
    default: { device: "woshou0", address: "10.7.0.2/24", host: "10.7.0.1/24" },
  });
  await using net = await open({
    device: flags.device as string,
    address: flags.address as string,
    hostAddress: flags.host as string,
    pipeline: flags.pipeline as "split" | "fused" | "inline" | undefined,
  });
  const port = flags.port === undefined ? IPERF_PORT : Number(flags.port);
  const server = new IperfServer(net, { port, onLine: (line) => console.log(line) });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => server.close());
  }
  console.log(`iperf3 server on ${net.addresses.join(", ")} port ${port}`);
  await server.run();
}

if (import.meta.main) {
  try {
    await main();
    Deno.exit(0);
  } catch (error) {
    console.error(`iperf3: ${messageOf(error)}`);
    Deno.exit(1);
  }
}
