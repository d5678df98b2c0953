import { assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { Fragment, IPV6_KIND } from "../../src/ip/fragment.ts";
import { problemOfFragment6, readFragment4, readFragment6 } from "../../src/ip/fragment_input.ts";
import { findTransport, TransportPlace } from "../../src/wire/ipv6.ts";
import { Segment } from "../../src/wire/segment.ts";
import { be16, be32, ends, ipv4Frame, ipv6Frame, OWN, PEER } from "../wire/frames.ts";

Deno.test("fragment input: every field of both families is read", () => {
  const segment = Object.assign(new Segment(), ends(PEER, OWN));
  const part = new Fragment();
  const frame4 = ipv4Frame({
    ...{ fragment: 0x2003, identification: 0xfffe, protocol: 17, trafficClass: 3 },
    ...{ payload: new Array(16).fill(1), options: [1, 1, 1, 1] },
  });
  const view4 = new DataView(Uint8Array.from([0, 0, ...frame4]).buffer);
  readFragment4(view4, 2, 24, frame4.length, segment, part);
  assertEquals(
    [part.kind, part.protocol, part.identification, part.trafficClass, part.header],
    [17, 17, 0xfffe, 3, 2],
  );
  assertEquals([part.offset, part.length, part.position, part.hasMore], [26, 16, 24, true]);
  assertEquals([part.src3, part.dst3], [PEER.w3, OWN.w3]);

  const frame6 = ipv6Frame({
    ...{ protocol: 17, trafficClass: 2, payload: new Array(20).fill(1) },
    extensions: [[60, [0, 1, 4, 0, 0, 0, 0]], [44, [0, ...be16(1), ...be32(0xdeadbeef)]]],
  });
  const view6 = new DataView(Uint8Array.from([0, 0, ...frame6]).buffer);
  const place = new TransportPlace();
  findTransport(view6, 2, 2 + frame6.length, place);
  readFragment6(view6, 2, 2 + frame6.length, place, segment, part);
  assertEquals(
    [part.kind, part.protocol, part.identification, part.trafficClass, part.header],
    [IPV6_KIND, 17, 0xdeadbeef | 0, 2, 2],
  );
  assertEquals([part.offset, part.length, part.position, part.hasMore], [58, 20, 0, true]);
  assertEquals([part.isChainWhole, part.transport, part.transportLength], [true, 17, 20]);
});

Deno.test("fragment input: what senders are told is what RFC 8200 and RFC 7112 say", () => {
  const place = Object.assign(new TransportPlace(), { fragment: 100 });
  const part = Object.assign(new Fragment(), { length: 9 });
  const told = (reason: typeof Drop[keyof typeof Drop]) =>
    problemOfFragment6(reason, part, 60, place) ? [place.problem, place.pointer] : null;
  assertEquals(told(Drop.ipFragmentInvalid), [0, 4]);
  assertEquals(told(Drop.ipFragmentOversized), [0, 42]);
  assertEquals(told(Drop.ipFragmentTiny), [3, 0]);
  for (const reason of [Drop.ipFragmentOverlap, Drop.ipFragmentDuplicate]) {
    assertEquals(told(reason), null);
  }
  part.length = 0;
  assertEquals(told(Drop.ipFragmentInvalid), null);
});
