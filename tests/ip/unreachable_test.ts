import { assertEquals } from "@std/assert";
import { Memory } from "../../src/base/memory.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { UnreachableBudget, writeUnreachable } from "../../src/ip/unreachable.ts";
import { Flag, OptionBit, Segment } from "../../src/wire/segment.ts";
import { addressOf, PEER, PEER6 } from "../wire/frames.ts";
import { setEnds } from "../support/engine_ends.ts";

const AT = 33;

Deno.test("unreachable: the peer's stack finds its own SYN in it, in both families", () => {
  for (
    const [peer, elsewhere, total] of [[PEER, "203.0.113.5", 20], [
      PEER6,
      "2001:db8::5",
      40,
    ]] as const
  ) {
    for (const virtioHeader of [false, true]) {
      for (const code of [0, 1, 3, 10]) {
        const syn = new Segment();
        setEnds(syn, peer, addressOf(elsewhere));
        Object.assign(syn, { srcPort: 40_000, dstPort: 443, seq: -5, flags: Flag.SYN });
        Object.assign(syn, { options: OptionBit.mss, mss: 1400, window: 1000 });
        const memory = new Memory(new SharedArrayBuffer(512));
        const length = writeUnreachable(memory, AT, syn, code, virtioHeader);
        assertEquals(length, (virtioHeader ? 10 : 0) + total + 8 + total + 24);
        // The peer is the one whose address the error is for.
        const input = new PacketInput({ virtioHeader, addresses: [peer] });
        const seen = new Segment();
        assertEquals(input.decode(memory, AT, length, seen), InputKind.icmpError);
        assertEquals([seen.srcPort, seen.dstPort, seen.seq], [40_000, 443, -5]);
        assertEquals([seen.src3, seen.dst3], [syn.src3, syn.dst3]);
        assertEquals([seen.icmpType, seen.icmpCode], [3, code]);
      }
    }
  }
});

Deno.test("unreachable: without flags it is about a datagram", () => {
  for (const [peer, elsewhere] of [[PEER, "203.0.113.5"], [PEER6, "2001:db8::5"]] as const) {
    const datagram = new Segment();
    setEnds(datagram, peer, addressOf(elsewhere));
    Object.assign(datagram, { srcPort: 40_000, dstPort: 53 });
    const memory = new Memory(new SharedArrayBuffer(512));
    const length = writeUnreachable(memory, AT, datagram, 3, false);
    const input = new PacketInput({ virtioHeader: false, addresses: [peer] });
    const seen = new Segment();
    assertEquals(input.decode(memory, AT, length, seen), InputKind.udpError);
    assertEquals([seen.srcPort, seen.dstPort, seen.icmpCode], [40_000, 53, 3]);
  }
});

Deno.test("unreachable: fifty at once, and a thousand in a second", () => {
  const budget = new UnreachableBudget();
  const taken = (nowUs: number) => {
    let count = 0;
    while (budget.take(nowUs)) count++;
    return count;
  };
  assertEquals(taken(5_000_000), 50);
  assertEquals(taken(5_000_999), 0);
  assertEquals(taken(5_010_000), 10);
  assertEquals(taken(9_000_000), 50);
});
