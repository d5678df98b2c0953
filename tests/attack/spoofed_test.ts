// Packets with forged addresses, and ICMP messages that lie (RFC 5927, RFC 4953).
import { assert, assertEquals } from "@std/assert";
import { parseIpv4 } from "../../src/base/address.ts";
import { Drop } from "../../src/base/drops.ts";
import { Memory } from "../../src/base/memory.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { ChecksumMode, finishTcpChecksum, writePacket } from "../../src/ip/output.ts";
import { Flag, Segment } from "../../src/wire/segment.ts";
import { Harness } from "../support/engine.ts";
import { assertUnharmed, costOf } from "./attacked.ts";

const OWN = parseIpv4("10.7.0.2")!;
const MSS = 1460;

Deno.test("attack: a land packet is dropped before TCP sees it", () => {
  // Tried: SYNs from our own address and port to the same (CVE-1999-0016). Cost: a look at the header.
  const input = new PacketInput({ virtioHeader: false, addresses: [OWN] });
  const memory = new Memory(new ArrayBuffer(256));
  for (const [flags, port] of [[Flag.SYN, 80], [Flag.SYN | Flag.ACK, 80], [Flag.RST, 7]] as const) {
    const s = new Segment();
    s.src2 = s.dst2 = 0xffff;
    s.src3 = s.dst3 = OWN.w3;
    s.srcPort = s.dstPort = port;
    s.flags = flags;
    const length = writePacket(memory, 0, s, 0, 0, ChecksumMode.full);
    finishTcpChecksum(memory.view, 0, length, 0);
    assertEquals(input.decode(memory, 0, length, new Segment()), InputKind.dropped);
    assertEquals(input.reason, Drop.ipSourceOwn);
  }
});

/** Every type and code that a router or host could send (RFC 792), and some that nobody does. */
function* icmpErrors(): Generator<[type: number, code: number]> {
  for (const type of [3, 4, 5, 11, 12, 255]) {
    for (let code = 0; code < 17; code++) yield [type, code];
  }
}

Deno.test("attack: ICMP errors about what is in flight end no established connection", () => {
  // Tried: all of them, quoting the right sequence number: somebody on the path. Cost: nothing (RFC 5927).
  const h = new Harness();
  h.establish();
  h.write(3 * MSS);
  costOf(h);
  const { cwndBytes } = h.conn.congestion;
  for (const [type, code] of icmpErrors()) {
    h.icmp(type, code, 1);
    assertEquals(h.state, "ESTABLISHED", `type ${type} code ${code}`);
  }
  assert(h.conn.congestion.cwndBytes <= cwndBytes);
  assert(costOf(h).payloadBytes <= 3 * MSS, "a flood of retransmissions");
  h.inject(`. 1:1 ack ${3 * MSS + 1}`);
  assertUnharmed(h);
});

Deno.test("attack: blind ICMP errors with numbers that are not in flight are not believed", () => {
  // Tried: numbers over the whole space against a connection in SYN-SENT and one that is established.
  for (const state of ["SYN-SENT", "ESTABLISHED"]) {
    const h = new Harness();
    if (state === "SYN-SENT") h.connect();
    else h.establish();
    costOf(h);
    let tried = 0;
    for (let quoted = 2; quoted < 2 ** 32; quoted += 2 ** 22) {
      for (const code of [0, 1, 2, 3, 4]) {
        h.icmp(3, code, quoted);
        tried++;
      }
    }
    assertEquals([h.state, h.drops(Drop.icmpUnmatched)], [state, tried]);
    assertEquals(costOf(h), { segments: 0, payloadBytes: 0 });
  }
});

Deno.test("attack: 'fragmentation needed' that lies leaves segments that are worth sending", () => {
  // Tried: a thousand of them with the right number. Cost: at the worst the least MTU, never segments of bytes.
  const h = new Harness({ dimensions: { sendBlocks: 64 } });
  h.establish();
  h.write(10 * MSS);
  costOf(h);
  for (let i = 0; i < 1000; i++) h.icmp(3, 4, 1);
  const { segments } = costOf(h);
  assert(segments <= 10 * Math.ceil(MSS / 36), `${segments} segments`);
  assert(h.conn.sndMss >= 36, `${h.conn.sndMss}`);
  h.inject(`. 1:1 ack ${10 * MSS + 1}`);
  assertUnharmed(h);
});

Deno.test("attack: source quench is history", () => {
  // Tried: 1000 source quenches (RFC 6633). Cost: nothing.
  const h = new Harness();
  h.establish();
  h.write(MSS);
  const { cwndBytes } = h.conn.congestion;
  for (let i = 0; i < 1000; i++) h.icmp(4, 0, 1);
  assertEquals(h.conn.congestion.cwndBytes, cwndBytes);
});
