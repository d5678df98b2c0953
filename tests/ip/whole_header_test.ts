import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { Fragment, IPV6_KIND } from "../../src/ip/fragment.ts";
import { FragmentTable, Place } from "../../src/ip/fragment_table.ts";
import { writeWholeHeader } from "../../src/ip/whole_header.ts";
import { be16, be32, ipv4Frame, ipv6Frame } from "../wire/frames.ts";

function whole(frame: number[], kind: number, protocol: number, marks: number, total: number) {
  const table = new FragmentTable(1, new SeededRandom(1));
  const part = Object.assign(new Fragment(), { kind, protocol, length: 8 });
  const entry = table.add(part, 0);
  table.keepHeader(new DataView(Uint8Array.from(frame).buffer), entry, part);
  table.words[table.at(entry) + Place.ecn] = marks;
  const view = new DataView(new ArrayBuffer(64));
  const length = writeWholeHeader(view, 4, table.words, table.at(entry), total);
  return length < 0 ? null : [...new Uint8Array(view.buffer, 4, length)];
}

Deno.test("whole header: that of the first fragment, as if there had been none", () => {
  const first = ipv4Frame({
    fragment: 0x2000,
    options: [1, 1, 1, 1],
    protocol: 17,
    trafficClass: 2,
  });
  const expected = ipv4Frame({ fragment: 0, protocol: 17, trafficClass: 2, totalLength: 9020 });
  assertEquals(whole(first, 17, 17, 1 << 2, 9000), expected);
  const first6 = ipv6Frame({
    ...{ protocol: 17, flowLabel: 0x12345 },
    extensions: [[60, [0, 1, 4, 0, 0, 0, 0]], [44, [0, ...be16(1), ...be32(5)]]],
  });
  const expected6 = ipv6Frame({ protocol: 17, flowLabel: 0x12345, payloadLength: 9000 });
  assertEquals(whole(first6, IPV6_KIND, 17, 1, 9000), expected6);
});

Deno.test("whole header: one congestion mark marks it, contradictions end it", () => {
  const frame = ipv6Frame({ trafficClass: 2 });
  const marked = ipv6Frame({ trafficClass: 3, payloadLength: 16 });
  assertEquals(whole(frame, IPV6_KIND, 6, 0b1100, 16), marked);
  for (const marks of [0b0011, 0b0101, 0b1001, 0b1111]) {
    assertEquals(whole(frame, IPV6_KIND, 6, marks, 16), null);
  }
});
