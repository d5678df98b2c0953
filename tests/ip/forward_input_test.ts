import { assertEquals } from "@std/assert";
import type { Address } from "../../src/base/address.ts";
import { dropNames } from "../../src/base/drops.ts";
import { Memory } from "../../src/base/memory.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { ForwardBit } from "../../src/ring/layout.ts";
import { Segment } from "../../src/wire/segment.ts";
import {
  addressOf,
  icmp6Bytes,
  icmpBytes,
  ipv4Frame,
  ipv6Frame,
  OWN,
  OWN6,
  PEER,
  PEER6,
  tcpFrame,
  tcpFrame6,
} from "../wire/frames.ts";

const ELSEWHERE = addressOf("203.0.113.5");
const ELSEWHERE6 = addressOf("2001:db8::5");

/** What becomes of a frame, in words; `own` and `foreign` are where it is for. */
function fate(frame: number[], bits: number): string {
  const input = new PacketInput({
    virtioHeader: false,
    addresses: [OWN, OWN6],
    forward: { bits },
  });
  const memory = new Memory(new SharedArrayBuffer(frame.length + 64));
  memory.bytes.set(frame);
  const segment = new Segment();
  const kind = input.decode(memory, 0, frame.length, segment);
  if (kind === InputKind.dropped) return dropNames[input.reason];
  const names = Object.entries(InputKind).filter(([, value]) => value === kind);
  return `${names[0][0]} ${segment.foreign ? "foreign" : "own"}`;
}

function tcpTo(destination: Address, isIpv4 = true): number[] {
  return isIpv4
    ? tcpFrame({ flags: 2 }, { source: PEER.w3, destination: destination.w3 })
    : tcpFrame6({ flags: 2 }, { source: PEER6, destination });
}

Deno.test("foreign destinations are let in for the protocols that are forwarded, and only then", () => {
  for (const isIpv4 of [true, false]) {
    const frame = tcpTo(isIpv4 ? ELSEWHERE : ELSEWHERE6, isIpv4);
    assertEquals(fate(frame, 0), "ipDestinationForeign");
    assertEquals(fate(frame, ForwardBit.udp), "ipDestinationForeign");
    assertEquals(fate(frame, ForwardBit.tcp), "tcp foreign");
    assertEquals(fate(tcpTo(isIpv4 ? OWN : OWN6, isIpv4), ForwardBit.tcp), "tcp own");
  }
});

Deno.test("what is no single other host is not forwarded", () => {
  for (const text of ["0.0.0.1", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"]) {
    assertEquals(fate(tcpTo(addressOf(text)), ForwardBit.tcp), "ipDestinationForeign", text);
  }
  const mapped = { w0: 0, w1: 0, w2: 0xffff, w3: 0x0808_0808 };
  for (const address of [addressOf("::"), addressOf("::1"), addressOf("ff02::1"), mapped]) {
    assertEquals(fate(tcpTo(address, false), ForwardBit.tcp), "ipDestinationForeign");
  }
});

Deno.test("an ICMP error for a foreign address must be about what was sent from it; an echo is not answered", () => {
  const quote = (source: Address) =>
    ipv4Frame({ source: source.w3, destination: PEER.w3, payload: new Array(8).fill(1) });
  const error = (source: Address) =>
    ipv4Frame({
      protocol: 1,
      source: PEER.w3,
      destination: ELSEWHERE.w3,
      payload: icmpBytes(3, 1, [0, 0, 0, 0, ...quote(source)]),
    });
  assertEquals(fate(error(ELSEWHERE), ForwardBit.tcp), "icmpError own".replace("own", "foreign"));
  assertEquals(fate(error(OWN), ForwardBit.tcp), "icmpInvalid");
  assertEquals(fate(error(ELSEWHERE), 0), "ipDestinationForeign");
  const quote6 = (source: Address) =>
    ipv6Frame({ source, destination: PEER6, payload: new Array(8).fill(1) });
  const error6 = (source: Address) =>
    ipv6Frame({
      protocol: 58,
      source: PEER6,
      destination: ELSEWHERE6,
      payload: icmp6Bytes(1, 3, [0, 0, 0, 0, ...quote6(source)], PEER6, ELSEWHERE6),
    });
  assertEquals(fate(error6(ELSEWHERE6), ForwardBit.tcp), "icmpError foreign");
  assertEquals(fate(error6(OWN6), ForwardBit.tcp), "icmpInvalid");
  const echo = ipv4Frame({
    protocol: 1,
    source: PEER.w3,
    destination: ELSEWHERE.w3,
    payload: icmpBytes(8, 0, [0, 0, 0, 0]),
  });
  assertEquals(fate(echo, ForwardBit.tcp), "ipDestinationForeign");
});
