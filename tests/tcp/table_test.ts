import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { ReceiveSlots } from "../../src/pipeline/slots.ts";
import { Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { Row } from "../../src/ring/row.ts";
import { tcpConfig } from "../../src/tcp/config.ts";
import type { FourTuple } from "../../src/tcp/connection.ts";
import { FixedIsn } from "../../src/tcp/isn.ts";
import { ConnectionTable, setInitialNumber } from "../../src/tcp/table.ts";
import { Segment } from "../../src/wire/segment.ts";

const ISN = 77;

function makeTable(connections = 4): { table: ConnectionTable; layout: Layout } {
  const layout = new Layout({ ...SMALL_DIMENSIONS, connections });
  const table = new ConnectionTable({
    config: tcpConfig(),
    layout,
    memory: new ReceiveSlots(layout),
    isn: new FixedIsn(ISN),
    random: new SeededRandom(1),
  });
  return { table, layout };
}

function tuple(remotePort: number): FourTuple {
  const local = { local0: 0, local1: 0, local2: 0xffff, local3: 0x0a070002 };
  const remote = { remote0: 0, remote1: 0, remote2: 0xffff, remote3: 0x0a070001 };
  return { ...local, ...remote, localPort: 7, remotePort };
}

/** A segment from the peer of `tuple(remotePort)`, or one to it. */
function segment(remotePort: number, fromPeer: boolean): Segment {
  const s = new Segment();
  s.src2 = s.dst2 = 0xffff;
  s.src3 = fromPeer ? 0x0a070001 : 0x0a070002;
  s.dst3 = fromPeer ? 0x0a070002 : 0x0a070001;
  s.srcPort = fromPeer ? remotePort : 7;
  s.dstPort = fromPeer ? 7 : remotePort;
  return s;
}

Deno.test("Goal: a connection is found by what its peer sends, and by what it sent itself", () => {
  const { table } = makeTable();
  const one = table.create(tuple(1000), 0);
  const two = table.create(tuple(1001), 0);
  assertEquals(table.findFor(segment(1000, true)), one);
  assertEquals(table.findFor(segment(1001, true)), two);
  assertEquals(table.findSender(segment(1001, false)), two);
  assertEquals(table.findFor(segment(1002, true)), null);
  assertEquals([table.isFree(tuple(1000), 7), table.isFree(tuple(1000), 8)], [false, true]);
  assertEquals([...table.all()], [one, two]);
});

Deno.test("Goal: an ended connection keeps its row until that is given back", () => {
  const { table } = makeTable(2);
  const one = table.create(tuple(1000), 0);
  table.create(tuple(1001), 0);
  assert(table.isFull);
  table.unlist(one);
  assertEquals(table.findFor(segment(1000, true)), null);
  assertEquals([table.get(one.id), table.size, table.isFull], [one, 2, true]);
  table.remove(one);
  assertEquals([table.get(one.id), table.size, table.isFull], [null, 1, false]);
});

Deno.test("Goal: a row that is used again has a new generation and nothing of the old connection", () => {
  const { table, layout } = makeTable();
  const one = table.create(tuple(1000), 0);
  layout.words[one.row + Row.error] = 5;
  layout.words[one.row + Row.rxRead] = 5;
  table.unlist(one);
  table.remove(one);
  const two = table.create(tuple(1001), 0);
  assertEquals([two.id, two.generation], [one.id, one.generation + 1]);
  assertEquals(layout.words[two.row + Row.generation], two.generation);
  assertEquals([layout.words[two.row + Row.error], layout.words[two.row + Row.rxRead]], [0, 0]);
});

Deno.test("Goal: the tables grow with the connections, up to the limit", () => {
  const { table } = makeTable(3000);
  assert(table.capacity < 3000);
  for (let i = 0; i < 3000; i++) table.create(tuple(1 + i), 0);
  assert(table.isFull && table.capacity === 3000);
  for (let i = 0; i < 3000; i += 7) assertEquals(table.findFor(segment(1 + i, true))?.id, i);
});

Deno.test("Goal: everything that starts at the initial sequence number does", () => {
  const { table } = makeTable();
  const conn = table.create(tuple(1000), 0);
  const numbers =
    () => [conn.iss, conn.sndUna, conn.sndNxt, conn.sndMax, conn.sndSmall, conn.loss!.recover];
  assertEquals(new Set(numbers()), new Set([ISN]));
  setInitialNumber(conn, -5);
  assertEquals(new Set(numbers()), new Set([-5]));
});
