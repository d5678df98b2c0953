import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { Command, Event } from "../../src/pipeline/messages.ts";
import { Bell } from "../../src/ring/bell.ts";
import { Control } from "../../src/ring/layout.ts";
import { DESCRIPTOR_WORDS, START } from "../../src/ring/pool.ts";
import { Flag, Segment } from "../../src/wire/segment.ts";
import { icmpBytes, ipv4Frame, tcpFrame } from "../wire/frames.ts";
import { settings, StageRig } from "./stage_parts.ts";

const LISTENER = 5;
/** Words 4 to 7 of an address that means all IPv4 addresses. */
const ANY = 0;

/** Feeds one frame as the parser would, and does the round of work that follows. */
function feed(rig: StageRig, frame: readonly number[], stage = rig.stage): void {
  const slot = stage.slots.slots.take();
  const { words, table } = stage.slots.slots;
  const start = words[table + slot * DESCRIPTOR_WORDS + START];
  rig.layout.memory.bytes.set(frame, start);
  const segment = new Segment();
  const input = new PacketInput({ virtioHeader: false, addresses: settings.addresses });
  const kind = input.decode(rig.layout.memory, start, frame.length, segment);
  segment.slot = slot;
  stage.input(kind, segment, rig.clock.now());
}

function listen(rig: StageRig, port: number): void {
  rig.command(Command.listen, { row: LISTENER, port, address: ANY, value: 16 });
  // The third word of the address says that it is one of IPv4.
  const at = rig.layout.commands.records;
  rig.layout.words[at + 6] = 0xffff;
}

const syn = tcpFrame({ dstPort: 7, seq: 1000, ack: 0, flags: Flag.SYN });

/** The flags of every segment that was sent. */
function sentFlags(rig: StageRig): number[] {
  return rig.device.sent.map((frame) => frame[33]);
}

Deno.test("tcp stage: a SYN that comes behind a listen in time finds the listener", () => {
  // Goal: whoever is told of a listener at once can connect, though no round of work lies between.
  const rig = new StageRig();
  listen(rig, 7);
  feed(rig, syn);
  rig.stage.run(rig.clock.now());
  assertEquals(sentFlags(rig), [Flag.SYN | Flag.ACK]);
});

Deno.test("tcp stage: without a listener a SYN is refused", () => {
  const rig = new StageRig();
  feed(rig, syn);
  rig.stage.run(rig.clock.now());
  assertEquals(sentFlags(rig), [Flag.RST | Flag.ACK]);
  assertEquals(rig.totals().drops, { tcpNoConnection: 1 });
});

Deno.test("tcp stage: a handshake tells the application, and shutdown tells of its end", () => {
  const rig = new StageRig();
  listen(rig, 7);
  feed(rig, syn);
  rig.stage.run(rig.clock.now());
  const seq = new DataView(rig.device.sent[0].buffer).getUint32(24);
  feed(rig, tcpFrame({ dstPort: 7, seq: 1001, ack: seq + 1, flags: Flag.ACK }));
  rig.stage.run(rig.clock.now());
  const accepted = rig.events().filter(([op]) => op === Event.accepted);
  assertEquals(accepted.map(([, row, , name]) => [row, name]), [[0, LISTENER]]);
  assertEquals(rig.totals().counters.connectionsNow, 1);
  rig.command(Command.close, { row: 0, generation: accepted[0][2] });
  rig.command(Command.shutdown);
  rig.stage.run(rig.clock.now());
  assertEquals(rig.device.sent.at(-1)?.[33], Flag.FIN | Flag.ACK);
  assertEquals(rig.events().some(([op]) => op === Event.stopped), false, "the FIN is not answered");
  feed(rig, tcpFrame({ dstPort: 7, seq: 1001, ack: seq + 2, flags: Flag.ACK | Flag.FIN }));
  rig.stage.run(rig.clock.now());
  assertEquals(rig.events().filter(([op]) => op === Event.stopped).length, 1);
});

Deno.test("tcp stage: quiet news reach an application that nothing else wakes", () => {
  // Goal: the memory of a connection that has ended is not held until some other connection does something.
  const rig = new StageRig();
  let wakings = 0;
  const bell = new Bell(rig.layout.words, Control.appBell, () => wakings++);
  const stage = rig.stageWith(bell);
  bell.announceSleep();
  listen(rig, 7);
  feed(rig, syn, stage);
  stage.run(rig.clock.now());
  const seq = new DataView(rig.device.sent[0].buffer).getUint32(24);
  const ack = { dstPort: 7, seq: 1001, ack: seq + 1 };
  feed(rig, tcpFrame({ ...ack, flags: Flag.ACK }), stage);
  stage.run(rig.clock.now());
  assertEquals(wakings, 1, "the application may wait for a connection");
  bell.announceSleep();
  rig.command(Command.close, { row: 0, generation: rig.layout.words[rig.layout.row(0)] });
  stage.run(rig.clock.now());
  feed(rig, tcpFrame({ ...ack, flags: Flag.RST }), stage);
  stage.run(rig.clock.now());
  assertEquals(wakings, 1, "nobody waits for the end of what it has closed");
  const dueUs = stage.nextExpiry();
  assert(dueUs > rig.clock.now() && dueUs < rig.clock.now() + 1_000_000);
  rig.clock.set(dueUs);
  stage.run(dueUs);
  assertEquals(wakings, 2);
  assert(rig.events().some(([op]) => op === Event.ended));
  assertEquals(stage.nextExpiry(), Infinity);
});

Deno.test("tcp stage: shutdown without connections is answered at once, and once", () => {
  const rig = new StageRig();
  rig.command(Command.shutdown);
  rig.stage.run(rig.clock.now());
  rig.stage.run(rig.clock.now());
  assertEquals(rig.events().map(([op]) => op), [Event.stopped]);
});

Deno.test("tcp stage: a command for a connection that has ended changes nothing", () => {
  const rig = new StageRig();
  for (const op of [Command.news, Command.closeWrite, Command.close, Command.abort]) {
    rig.command(op, { row: 3, generation: 9 });
  }
  rig.command(Command.option, { row: 3, generation: 9, port: 1, value: 1 });
  rig.command(Command.acceptTaken, { row: 77 });
  rig.command(Command.unlisten, { row: 77 });
  rig.command(Command.cancelConnect, { row: 77 });
  rig.stage.run(rig.clock.now());
  assertEquals([rig.events(), rig.device.sent], [[], []]);
});

Deno.test("tcp stage: an unknown command is an error in the program, and says so", () => {
  const rig = new StageRig();
  listen(rig, 7);
  feed(rig, syn);
  const seq = new DataView(rig.device.sent[0].buffer).getUint32(24);
  feed(rig, tcpFrame({ dstPort: 7, seq: 1001, ack: seq + 1, flags: Flag.ACK }));
  rig.stage.run(rig.clock.now());
  const row = rig.layout.row(0);
  rig.command(99, { row: 0, generation: rig.layout.words[row] });
  assertThrows(() => rig.stage.run(rig.clock.now()), Error, "unknown command, 99");
});

Deno.test("tcp stage: a ping is answered and its slot given back", () => {
  const rig = new StageRig();
  const free = rig.stage.slots.slots.free;
  const request = icmpBytes(8, 0, [1, 2, 3, 4, 5, 6, 7, 8]);
  for (let i = 0; i < 1000; i++) {
    feed(rig, ipv4Frame({ protocol: 1, payload: request }));
    rig.stage.run(rig.clock.now());
  }
  assertEquals(rig.device.sent.length, 1000);
  assertEquals([...rig.device.sent[999].subarray(24)], [1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(rig.stage.slots.slots.free, free);
  assertEquals(rig.totals().counters.icmpEchoReplies, 1000);
});

Deno.test("tcp stage: a dropped frame gives its slot back too", () => {
  const rig = new StageRig();
  const free = rig.stage.slots.slots.free;
  const segment = new Segment();
  for (let i = 0; i < 1000; i++) {
    segment.slot = rig.stage.slots.slots.take();
    rig.stage.input(InputKind.dropped, segment, rig.clock.now());
  }
  assertEquals(rig.stage.slots.slots.free, free);
});

Deno.test("tcp stage: it has work while a command waits, and none when it is done", () => {
  const rig = new StageRig();
  assert(!rig.stage.hasWork);
  listen(rig, 7);
  assert(rig.stage.hasWork);
  rig.stage.run(rig.clock.now());
  assert(!rig.stage.hasWork);
  assertEquals(rig.stage.nextExpiry(), Infinity);
  feed(rig, syn);
  rig.stage.run(rig.clock.now());
  assert(rig.stage.nextExpiry() > rig.clock.now(), "the SYN-ACK is sent again");
});
