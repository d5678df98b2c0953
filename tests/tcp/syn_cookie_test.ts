// SYN cookies: what they carry, how long they are good, and who can make them.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { seqAdd } from "../../src/base/seq.ts";
import { Ends } from "../../src/tcp/request_table.ts";
import {
  cookieTimestamp,
  reduceToCookie,
  SynCookies,
  synFromAck,
} from "../../src/tcp/syn_cookie.ts";
import { Flag, OptionBit, Segment } from "../../src/wire/segment.ts";

const SEED = Number(Deno.env.get("WOSHOU_SEED") ?? 6528);
const ALL = OptionBit.mss | OptionBit.windowScale | OptionBit.sackPermitted | OptionBit.timestamps;
const SECRET = "00112233445566778899aabbccddeeff";
const OTHER_SECRET = "ffeeddccbbaa99887766554433221100";

function endsOf(random: SeededRandom): Ends {
  const ends = new Ends();
  ends.local2 = 0xffff;
  ends.local3 = 0x0a000001;
  ends.remote2 = 0xffff;
  ends.remote3 = random.uint32() | 0;
  ends.localPort = 80;
  ends.remotePort = 1 + random.uint32() % 65_535;
  return ends;
}

function synOf(random: SeededRandom, mss = 1460): Segment {
  const syn = new Segment();
  syn.seq = random.uint32() | 0;
  syn.flags = Flag.SYN;
  syn.options = ALL;
  syn.mss = mss;
  syn.windowScale = 7;
  return syn;
}

/** The ACK that answers a SYN-ACK with this number. */
function ackOf(syn: Segment, iss: number): Segment {
  const ack = new Segment();
  ack.flags = Flag.ACK;
  ack.seq = seqAdd(syn.seq, 1);
  ack.ack = seqAdd(iss, 1);
  return ack;
}

Deno.test("SYN cookies: the MSS comes back from below", () => {
  // Goal: never more than the peer has announced, except that 536 is the least.
  const random = new SeededRandom(SEED);
  const cookies = new SynCookies("", random, 0);
  const wanted = [[0, 536], [48, 536], [536, 536], [1299, 536], [1300, 1300], [1440, 1440]];
  for (const [mss, back] of [...wanted, [1459, 1440], [1460, 1460], [9000, 1460]]) {
    const ends = endsOf(random);
    const syn = synOf(random, mss);
    reduceToCookie(syn, ends);
    assertEquals(syn.mss, back);
    assertEquals(cookies.mssOf(ackOf(syn, cookies.make(syn, ends, 5e6)), ends, 6e6), back);
  }
});

Deno.test("SYN cookies: good for 64 to 128 seconds", () => {
  // Goal: RFC 4987 section 3.6: a cookie that was collected is of no use later.
  const random = new SeededRandom(SEED);
  const cookies = new SynCookies("", random, 0);
  for (let i = 0; i < 300; i++) {
    const ends = endsOf(random);
    const syn = synOf(random);
    const madeUs = random.integer(0, 1e9);
    const ack = ackOf(syn, cookies.make(syn, ends, madeUs));
    assertEquals(cookies.mssOf(ack, ends, madeUs + 64e6), 1460);
    assertEquals(cookies.mssOf(ack, ends, madeUs + 128e6), 0);
    assertEquals(cookies.mssOf(ack, ends, madeUs + random.integer(128e6, 2e9)), 0);
  }
});

Deno.test("SYN cookies: nothing near a cookie is one", () => {
  // Goal: another address, port, number of the SYN or cookie is refused.
  const random = new SeededRandom(SEED);
  const cookies = new SynCookies("", random, 0);
  let guessed = 0;
  for (let i = 0; i < 2000; i++) {
    const ends = endsOf(random);
    const syn = synOf(random);
    const ack = ackOf(syn, cookies.make(syn, ends, 5e6));
    const change = [
      () => (ends.remote3 ^= 1 << random.integer(0, 31)),
      () => (ends.local3 ^= 1 << random.integer(0, 31)),
      () => (ends.remotePort ^= 1),
      () => (ends.localPort ^= 1),
      () => (ack.seq = seqAdd(ack.seq, random.integer(1, 4))),
      () => (ack.ack = random.uint32() | 0),
    ][i % 6];
    change();
    if (cookies.mssOf(ack, ends, 5e6) !== 0) guessed++;
  }
  assert(guessed <= 1, `${guessed} of 2000, WOSHOU_SEED=${SEED}`);
});

Deno.test("SYN cookies: hosts with one secret know each other's", () => {
  // Goal: sections "Past one machine" of the design: any host finishes any handshake, by the time of day.
  const random = new SeededRandom(SEED);
  const ends = endsOf(random);
  const syn = synOf(random);
  const one = new SynCookies(SECRET, random, 1.7e15);
  const two = new SynCookies(SECRET, random, 1.7e15 + 1000e6);
  const stranger = new SynCookies(OTHER_SECRET, random, 1.7e15);
  const ack = ackOf(syn, one.make(syn, ends, 1005e6));
  assertEquals(two.mssOf(ack, ends, 6e6), 1460);
  assertEquals(stranger.mssOf(ack, ends, 1006e6), 0);
  assertEquals(one.timestampOffset(ends), two.timestampOffset(ends));
});

Deno.test("SYN cookies: a secret is replaced while cookies of the old one are on their way", () => {
  // Goal: first the new one is known everywhere, then it is used, then the old one goes.
  const random = new SeededRandom(SEED);
  const ends = endsOf(random);
  const syn = synOf(random);
  const before = new SynCookies(`${SECRET},${OTHER_SECRET}`, random, 0);
  const after = new SynCookies(`${OTHER_SECRET},${SECRET}`, random, 0);
  const cookie = ackOf(syn, before.make(syn, ends, 5e6));
  assertEquals(after.mssOf(cookie, ends, 5e6), 1460);
  assertEquals(before.mssOf(ackOf(syn, after.make(syn, ends, 5e6)), ends, 5e6), 1460);
  assert(before.make(syn, ends, 5e6) !== after.make(syn, ends, 5e6));
});

Deno.test("SYN cookies: timestamps carry window scale, SACK and ECN, and never go ahead of the clock", () => {
  // Goal: every combination comes back from the echo.
  const random = new SeededRandom(SEED);
  for (let i = 0; i < 1000; i++) {
    const scale = random.integer(-1, 14);
    const [sack, ecn] = [random.integer(0, 1) === 1, random.integer(0, 1) === 1];
    const clock = random.uint32() | 0;
    const offset = random.uint32() | 0;
    const value = cookieTimestamp(clock, scale, sack, ecn);
    const behind = (clock - value) | 0;
    assert(behind >= 0 && behind < 128, `${behind} behind`);
    const ack = new Segment();
    ack.options = OptionBit.timestamps;
    ack.tsEcho = (value + offset) | 0;
    ack.tsValue = 77;
    const syn = new Segment();
    synFromAck(ack, syn, 1440, offset);
    assertEquals((syn.options & OptionBit.sackPermitted) !== 0, sack);
    assertEquals((syn.flags & (Flag.ECE | Flag.CWR)) !== 0, ecn);
    assertEquals((syn.options & OptionBit.windowScale) !== 0 ? syn.windowScale : -1, scale);
    assertEquals([syn.tsValue, syn.mss], [77, 1440]);
  }
});

Deno.test("SYN cookies: what there is no place for is not agreed on", () => {
  // Goal: without a timestamp only the MSS is left; of AccECN (RFC 9768) nothing.
  const random = new SeededRandom(SEED);
  const ends = endsOf(random);
  const plain = synOf(random);
  plain.options &= ~OptionBit.timestamps;
  plain.flags |= Flag.ECE | Flag.CWR;
  reduceToCookie(plain, ends);
  assertEquals([plain.options, plain.flags], [OptionBit.mss, Flag.SYN]);
  const accurate = synOf(random);
  accurate.options |= OptionBit.fastOpen;
  accurate.flags |= Flag.AE | Flag.ECE | Flag.CWR;
  reduceToCookie(accurate, ends);
  assertEquals([accurate.options, accurate.flags], [ALL, Flag.SYN]);
});

Deno.test("SYN cookies: they are believed for two minutes after the last, those of a shared secret always", () => {
  // Goal: without a flood nobody can guess one; behind another host's SYN-ACK there is no telling.
  const random = new SeededRandom(SEED);
  const own = new SynCookies("", random, 0);
  assertEquals([0, 127e6, 129e6].map((nowUs) => own.mayComeBack(0, nowUs)), [true, true, false]);
  assertEquals(own.mayComeBack(-Infinity, 0), false);
  assertEquals(new SynCookies(SECRET, random, 0).mayComeBack(-Infinity, 0), true);
});

Deno.test("SYN cookies: timestamps go on where those of the SYN-ACK were, whoever has sent it", () => {
  const random = new SeededRandom(SEED);
  const cookies = new SynCookies(SECRET, random, 0);
  const ends = endsOf(random);
  const offset = cookies.timestampOffset(ends);
  const ack = new Segment();
  assertEquals(
    cookies.offsetSeen(ack, ends, 5e6),
    offset,
    "without a timestamp there is none to go on from",
  );
  ack.options = OptionBit.timestamps;
  const seen = (echo: number) => {
    ack.tsEcho = seqAdd(offset, echo);
    return cookies.offsetSeen(ack, ends, 1000e6);
  };
  // 1000 s of the clock: an echo from within five minutes may be this host's own.
  assertEquals([seen(1_000_000), seen(700_001)], [offset, offset]);
  assertEquals(seen(1_000_005), seqAdd(offset, 5));
  assertEquals(seen(500_000), seqAdd(offset, -500_000));
});
