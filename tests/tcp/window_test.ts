import { assert, assertEquals } from "@std/assert";
import type { SeededRandom } from "../../src/base/random.ts";
import { seqAdd, seqDiff } from "../../src/base/seq.ts";
import { StreamReader } from "../../src/ring/stream.ts";
import { tcpConfig } from "../../src/tcp/config.ts";
import type { Connection } from "../../src/tcp/connection.ts";
import { advertise, afterRead, receiveWindow, synWindow } from "../../src/tcp/window.ts";
import { Segment } from "../../src/wire/segment.ts";
import { SmallMemory } from "../ring/small_memory.ts";
import { forSeeds } from "../support/seeds.ts";
import { makeConnection } from "./connections.ts";

const CONFIG = tcpConfig();
const IRS = -3000;
/** Bytes that one arrival can bring: as many as there are to copy from. */
const ARRIVAL_MAX_BYTES = 4096;

interface Shape {
  readonly limitBytes: number;
  readonly scale: number;
  readonly mss: number;
}

/** A receiver as its peer sees it: what each ACK's window field says, and what may be sent for it. */
class Receiver {
  readonly conn: Connection;
  readonly shape: Shape;
  readonly #memory: SmallMemory;
  readonly #reader: StreamReader;
  /** The greatest right edge that a peer was ever shown, as it computes it. */
  edge: number;

  constructor(shape: Shape) {
    const blocks = 2 * Math.ceil(shape.limitBytes / 512) + 64;
    this.shape = shape;
    this.#memory = new SmallMemory({ blocks, blockBytes: 512, frames: 1, frameBytes: 64 });
    this.#memory.adopts = false;
    this.conn = makeConnection({ memory: this.#memory, limitBytes: shape.limitBytes });
    this.#reader = new StreamReader(
      this.#memory.copier,
      this.#memory.table,
      this.#memory.stream,
    );
    this.conn.rcvNxt = IRS;
    this.conn.rcvAdvertised = seqAdd(IRS, synWindow(this.conn));
    this.conn.rcvScale = shape.scale;
    this.conn.rcvMss = shape.mss;
    this.edge = this.conn.rcvAdvertised;
  }

  get unread(): number {
    return this.conn.receive!.stream.pending;
  }

  /** Bytes that the peer may send. */
  get promised(): number {
    return seqDiff(this.edge, this.conn.rcvNxt);
  }

  arrive(count: number): void {
    const { conn } = this;
    const end = seqAdd(conn.rcvNxt, count);
    const segment = new Segment();
    conn.rcvNxt = conn.receive!.acceptInOrder(segment, conn.rcvNxt, end, this.#memory.scratch);
    assertEquals(conn.rcvNxt, end, "the test has memory enough");
    conn.receive!.publish();
  }

  read(count: number): void {
    this.#reader.read(new Uint8Array(count));
    this.conn.receive!.reclaim();
  }

  /** Sends an ACK; returns its right edge as the peer computes it from the field. */
  acknowledge(): number {
    const field = advertise(this.conn);
    assert(Number.isInteger(field) && field >= 0 && field <= 65_535, `field ${field}`);
    const edge = seqAdd(this.conn.rcvNxt, field << this.shape.scale);
    if (seqDiff(edge, this.edge) > 0) this.edge = edge;
    return edge;
  }
}

function randomShape(random: SeededRandom): Shape {
  const scale = [0, 1, 3, 7, 11][random.integer(0, 4)];
  const mss = [536, 1448, 8948][random.integer(0, 2)];
  return { limitBytes: random.integer(2048, 100_000), scale, mss };
}

Deno.test("Goal: what was promised stays acceptable, and the field takes back less than its own grain", () => {
  forSeeds(150, (random) => {
    const receiver = new Receiver(randomShape(random));
    const { conn, shape } = receiver;
    const grain = 1 << shape.scale;
    for (let step = 0; step < 200; step++) {
      const before = conn.rcvAdvertised;
      const kind = random.integer(0, 3);
      const most = Math.min(receiver.promised, ARRIVAL_MAX_BYTES);
      if (kind < 2) receiver.arrive(random.integer(0, kind === 0 ? Math.min(most, 3) : most));
      else if (kind === 2) receiver.read(random.integer(0, 5000));
      if (kind === 3 && random.fraction() < 0.5) continue;
      const edge = receiver.acknowledge();
      assert(
        seqDiff(conn.rcvAdvertised, before) >= 0,
        "the right edge that counts never moves left",
      );
      assertEquals(conn.rcvAdvertised, receiver.edge, "it is what the peer was shown");
      // RFC 7323 section 2.4: a field cannot say everything; what it leaves out stays acceptable.
      const short = seqDiff(receiver.edge, edge);
      assert(short < grain, `${short} bytes short`);
      const roundedUp = seqDiff(edge, conn.rcvNxt) + grain;
      assert(short === 0 || receiver.unread + roundedUp >= shape.limitBytes + grain, "needlessly");
    }
  });
});

Deno.test("Goal: without scaling the right edge on the wire never moves left at all", () => {
  forSeeds(50, (random) => {
    const receiver = new Receiver({ ...randomShape(random), scale: 0 });
    for (let step = 0; step < 200; step++) {
      if (random.fraction() < 0.6) {
        const most = Math.min(receiver.promised, ARRIVAL_MAX_BYTES);
        receiver.arrive(random.integer(0, most));
      } else {
        receiver.read(random.integer(0, 5000));
      }
      const before = receiver.edge;
      assert(seqDiff(receiver.acknowledge(), before) >= 0);
    }
  });
});

Deno.test("Goal: a peer cannot make the buffer hold more than its limit and one grain of the field", () => {
  // One byte at a time and nobody reads: rounding up each time would let the edge creep for ever.
  for (const scale of [0, 1, 7, 11]) {
    for (const limitBytes of [2048, 10_000, 65_537]) {
      const receiver = new Receiver({ limitBytes, scale, mss: 1448 });
      receiver.acknowledge();
      for (let sent = 0; sent < limitBytes + 5000 && receiver.promised > 0; sent++) {
        receiver.arrive(1);
        receiver.acknowledge();
      }
      assert(receiver.unread < limitBytes + (1 << scale), `${scale}: ${receiver.unread} bytes`);
    }
  }
});

Deno.test("Goal: under random use no more is ever promised than the limit and one grain", () => {
  forSeeds(100, (random) => {
    const receiver = new Receiver(randomShape(random));
    const { limitBytes, scale } = receiver.shape;
    for (let step = 0; step < 300; step++) {
      const most = Math.min(receiver.promised, random.fraction() < 0.5 ? 5 : ARRIVAL_MAX_BYTES);
      if (random.fraction() < 0.8) receiver.arrive(random.integer(0, most));
      else receiver.read(random.integer(0, 3000));
      receiver.acknowledge();
      const total = receiver.unread + receiver.promised;
      assert(total < Math.max(limitBytes, 0) + (1 << scale), `${total} of ${limitBytes}`);
    }
  });
});

Deno.test("Goal: a window opens by a segment or half the buffer, or not at all (section 3.8.6.2.2)", () => {
  for (const [limitBytes, step] of [[20_000, 1448], [2048, 1024]]) {
    const receiver = new Receiver({ limitBytes, scale: 0, mss: 1448 });
    while (receiver.promised > 0) {
      receiver.arrive(Math.min(receiver.promised, 1000));
      receiver.acknowledge();
    }
    assertEquals(receiver.unread, limitBytes);
    receiver.read(step - 1);
    receiver.acknowledge();
    assertEquals(receiver.promised, 0, "a silly window");
    receiver.read(1);
    receiver.acknowledge();
    assertEquals(receiver.promised, step);
  }
});

Deno.test("Goal: a buffer that is read empty is advertised whole, up to what the field can say", () => {
  for (
    const [limitBytes, scale, expected] of [
      [50_000, 0, 50_000],
      [200_000, 0, 65_535],
      [200_000, 2, 200_000],
      [200_001, 2, 200_000],
      [400_000, 2, 262_140],
    ]
  ) {
    const receiver = new Receiver({ limitBytes, scale, mss: 1448 });
    receiver.acknowledge();
    assertEquals(receiver.promised, expected);
    assertEquals(synWindow(receiver.conn), Math.min(65_535, limitBytes), "a SYN's is not scaled");
  }
});

Deno.test("Goal: with no buffer any more the promise runs down and is never negative", () => {
  const conn = makeConnection();
  conn.receive = null;
  conn.rcvNxt = 100;
  conn.rcvAdvertised = 150;
  assertEquals([receiveWindow(conn), advertise(conn)], [50, 50]);
  conn.rcvNxt = 151; // The FIN behind the last byte.
  assertEquals([receiveWindow(conn), advertise(conn), conn.rcvAdvertised], [0, 0, 151]);
});

Deno.test("Goal: the buffer doubles when more than half of it is read in one RTT, up to its maximum", () => {
  const config = tcpConfig({ receiveBufferMaxBytes: 300_000 });
  const conn = makeConnection({ limitBytes: 128 * 1024 });
  const { receive } = conn;
  conn.rtt.sample(10_000);
  let position = 0;
  const readFor = (bytes: number, nowUs: number) => {
    position += bytes;
    afterRead(conn, position, nowUs, config);
    return receive!.limitBytes;
  };
  assertEquals(readFor(100_000, 9000), 131_072, "less than an RTT");
  assertEquals(readFor(1000, 10_000), 262_144);
  assertEquals(readFor(131_072, 20_000), 262_144, "just half is not more than half");
  assertEquals(readFor(131_073, 30_000), 300_000);
  assertEquals(readFor(300_000, 40_000), 300_000);
});

Deno.test("Goal: reading makes an ACK due when the peer would otherwise wait, and only then", () => {
  const receiver = new Receiver({ limitBytes: 20_000, scale: 0, mss: 1448 });
  const { conn } = receiver;
  const isDueAfterReading = (bytes: number) => {
    receiver.read(bytes);
    conn.ackPending = false;
    afterRead(conn, conn.receive!.readPosition, 0, CONFIG);
    return conn.ackPending;
  };
  receiver.arrive(4000);
  assertEquals(isDueAfterReading(4000), false, "it may still send most of the buffer");
  while (receiver.promised > 0) receiver.arrive(Math.min(receiver.promised, 4000));
  receiver.acknowledge();
  assertEquals(isDueAfterReading(1000), false, "a silly window is not worth an ACK");
  assertEquals(isDueAfterReading(10_000), true);
});
