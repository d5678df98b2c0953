// Random peers and routers against ECN and the path's MTU; the harness checks every invariant on the way.
import { assert, assertEquals } from "@std/assert";
import { type Random, SeededRandom } from "../../src/base/random.ts";
import { ECN_NAMES, MTU_PROBING_NAMES } from "../../src/tcp/config.ts";
import { State } from "../../src/tcp/state.ts";
import { Segment } from "../../src/wire/segment.ts";
import { Harness, OWN_PORT, PEER_PORT } from "../support/engine.ts";

const SEEDS = 150;
const STEPS = 120;

/** A number from 0 to `most`. */
function upTo(random: Random, most: number): number {
  return random.uint32() % (most + 1);
}

function flags(random: Random): string {
  return ["E", "W", "A"].filter(() => upTo(random, 1) === 1).join("");
}

function counters(random: Random): string {
  if (upTo(random, 2) > 0) return "";
  const counter = () => upTo(random, 3) === 0 ? 0 : random.uint32() & 0xff_ffff;
  return ` accecn ${counter()} ${counter()} ${counter()}`;
}

function tooBig(harness: Harness, random: Random): void {
  const { conn } = harness;
  const flight = (conn.sndMax - conn.sndUna) | 0;
  const segment = Object.assign(new Segment(), {
    src2: 0xffff,
    src3: 0x0a000001,
    dst2: 0xffff,
    dst3: 0x0a000002,
    srcPort: OWN_PORT,
    dstPort: PEER_PORT,
    seq: (conn.sndUna + upTo(random, flight + 10)) | 0,
    icmpType: 3,
    icmpCode: 4,
    icmpMtu: [0, 68, 600, 1100, 1400, 1499, 1500, 65_535][upTo(random, 7)],
  });
  harness.tcp.icmpError(segment, harness.nowUs);
  harness.tcp.flush(harness.nowUs);
}

/** A segment of the peer that may acknowledge anything in flight, some of it by SACK. */
function segmentOf(harness: Harness, random: Random, next: number): string {
  const { conn } = harness;
  const una = (conn.sndUna - conn.iss) | 0;
  const flight = (conn.sndMax - conn.sndUna) | 0;
  const ack = una + (upTo(random, 1) === 0 ? 0 : upTo(random, flight));
  const left = ack + upTo(random, 3000);
  const sack = upTo(random, 2) === 0 && left + 1 < una + flight
    ? ` sack ${left}:${left + 1 + upTo(random, una + flight - left - 1)}`
    : "";
  const length = upTo(random, 2) === 0 ? upTo(random, 1400) : 0;
  const tos = upTo(random, 3);
  return `.${flags(random)} ${next}:${next + length} ack ${ack} tos ${tos}${
    counters(random)
  }${sack}`;
}

function run(seed: number): void {
  const random = new SeededRandom(seed);
  const harness = new Harness({
    tcp: {
      sack: upTo(random, 1) === 1,
      ecn: ECN_NAMES[upTo(random, 5)],
      mtuProbing: MTU_PROBING_NAMES[upTo(random, 2)],
      dataRetries: 60,
    },
    superBytes: upTo(random, 1) * 60_000,
    dimensions: { sendBlocks: 256 },
  });
  harness.listen();
  harness.inject(`S${flags(random)} 0:0 mss 1460 sackOK tos ${upTo(random, 3)}`);
  harness.inject(`.${flags(random)} 1:1 ack 1${counters(random)}`);
  harness.acceptTaken();
  for (let step = 0; step < STEPS && harness.conn.state === State.ESTABLISHED; step++) {
    const next = (harness.conn.rcvNxt - harness.conn.irs) | 0;
    switch (upTo(random, 5)) {
      case 0:
        if (harness.conn.send!.held < 60_000) harness.write(1 + upTo(random, 20_000));
        break;
      case 1:
        tooBig(harness, random);
        break;
      case 2:
        harness.advanceMs(upTo(random, 400));
        harness.read();
        break;
      default:
        harness.inject(segmentOf(harness, random, next));
    }
    checkSent(harness, seed);
  }
  // Goal: whatever has happened, an ordinary peer that acknowledges gets the rest, in time.
  for (let i = 0; i < 500 && harness.conn.sndUna !== endOf(harness); i++) {
    const { conn } = harness;
    const next = (conn.rcvNxt - conn.irs) | 0;
    harness.inject(`. ${next}:${next} ack ${(conn.sndMax - conn.iss) | 0}`);
    harness.advanceMs(100);
  }
  assertEquals(harness.conn.sndUna, endOf(harness), `seed ${seed}: not everything was sent`);
}

function endOf({ conn }: Harness): number {
  return (conn.iss + 1 + conn.send!.end) | 0;
}

/** No packet is longer than the path takes, but for a probe; and none has flags of two kinds of ECN. */
function checkSent(harness: Harness, seed: number): void {
  for (const { segment, line } of harness.outbox.splice(0)) {
    const wire = segment.gsoSize > 0 ? segment.gsoSize : segment.payloadLength;
    assert(wire <= 1460, `seed ${seed}: ${line}`);
    if (harness.conn.ecn === null) assertEquals(segment.trafficClass, 0, `seed ${seed}: ${line}`);
  }
}

Deno.test(`fuzz: ECN and path MTU, ${SEEDS} random peers`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
});
