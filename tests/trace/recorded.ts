/** A conversation between two stacks in virtual time, recorded in every way there is. */

import {
  impair,
  type Impairment,
  ManualClock,
  memoryPair,
  open,
  SeededRandom,
  type TcpOptions,
  TraceRecord,
} from "../../mod.ts";
import { parseAddress } from "../../src/base/address.ts";
import { FrameCapture } from "../../src/trace/frame_capture.ts";
import { TraceCapture } from "../../src/trace/trace_capture.ts";
import { concatenated } from "../device/captures.ts";
import { runVirtual } from "../support/virtual_time.ts";

/** What is recorded, and how. */
export interface Recording {
  readonly family?: "IPv4" | "IPv6";
  /** Bytes that the client sends and the server sends back. */
  readonly bytes?: number;
  readonly link?: Impairment;
  readonly tcp?: TcpOptions;
  /** Whether the client first knocks at a port where nobody listens. */
  readonly knocks?: boolean;
}

/** What the server's end has recorded. */
export interface Recorded {
  /** A capture of whole frames. */
  readonly frames: Uint8Array;
  /** A capture of headers, made from the trace. */
  readonly headers: Uint8Array;
  readonly records: readonly TraceRecord[];
}

const PLACES = {
  IPv4: { client: "10.1.0.1", server: "10.1.0.2", length: 24 },
  IPv6: { client: "fd01::1", server: "fd01::2", length: 64 },
} as const;

/** The server's port. */
export const PORT = 5300;

/** Records one conversation, seen from the server. */
export async function record(recording: Recording = {}): Promise<Recorded> {
  const { family = "IPv4", bytes = 5000, link = { delayUs: 1000 }, tcp } = recording;
  const place = PLACES[family];
  const clock = new ManualClock(1_000_000);
  const blocks: { frames: Uint8Array[]; headers: Uint8Array[] } = { frames: [], headers: [] };
  const records: TraceRecord[] = [];
  const [a, b] = memoryPair();
  const near = impair(a, { send: link, receive: link }, { clock, random: new SeededRandom(1) });
  const addresses = [parseAddress(place.server)!];
  const capture = new FrameCapture(b, (block) => blocks.frames.push(block), { addresses, clock });
  const headers = new TraceCapture((block) => blocks.headers.push(block), "memory1");
  const client = await open({
    device: near,
    address: `${place.client}/${place.length}`,
    clock,
    tcp,
  });
  const server = await open({
    device: capture,
    address: `${place.server}/${place.length}`,
    clock,
    tcp,
    trace: (one) => {
      records.push(copyOf(one));
      capture.take(one);
      headers.take(one);
    },
  });
  const hostname = place.server;
  const listener = server.listen({ hostname, port: PORT });
  const echo = async () => {
    const conn = await listener.accept();
    await conn.readable.pipeTo(conn.writable);
  };
  const talk = async () => {
    if (recording.knocks) await client.connect({ hostname, port: PORT + 1 }).catch(() => {});
    const conn = await client.connect({ hostname, port: PORT, localPort: 40_000 });
    const sent = new Uint8Array(bytes).map((_, index) => index);
    const send = async () => {
      for (let done = 0; done < bytes;) done += await conn.write(sent.subarray(done));
      await conn.closeWrite();
    };
    const receive = async () => {
      const buffer = new Uint8Array(65_536);
      while (await conn.read(buffer) !== null);
    };
    await Promise.all([send(), receive()]);
    conn.close();
  };
  await runVirtual(clock, Promise.all([echo(), talk()]), { untilUs: 1e9 });
  await runVirtual(clock, Promise.all([client.close(), server.close()]), { untilUs: 2e9 });
  capture.flush();
  headers.flush();
  return { frames: concatenated(blocks.frames), headers: concatenated(blocks.headers), records };
}

/** A record of its own; the stack fills one again and again. */
export function copyOf(record: TraceRecord): TraceRecord {
  const { kind, timeUs, stateBefore, stateAfter, reason } = record;
  const copy = Object.assign(new TraceRecord(), { kind, timeUs, stateBefore, stateAfter, reason });
  Object.assign(copy.segment, record.segment);
  return copy;
}
