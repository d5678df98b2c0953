import { assertEquals } from "@std/assert";
import { Command, Event, FlowEnd } from "../../src/pipeline/messages.ts";
import { addressOf, ipv4Frame, PEER, tcpBytes } from "../wire/frames.ts";
import { DirectInput } from "../../src/pipeline/direct_input.ts";
import { SharedForwardSwitch } from "../../src/pipeline/forward_switch.ts";
import { ForwardBit } from "../../src/ring/layout.ts";
import { settings, StageRig } from "./stage_parts.ts";

const FORWARD = 3;
const ELSEWHERE = addressOf("203.0.113.5");
const REQUEST = 77;

function synFrame(port: number, from = 40_000): number[] {
  const payload = tcpBytes(
    { flags: 2, srcPort: from, dstPort: port },
    PEER.w3,
    ELSEWHERE.w3,
  );
  return ipv4Frame({ source: PEER.w3, destination: ELSEWHERE.w3, payload });
}

/** A stage with a forward of ports 80 to 89, and the way in for frames. */
function rigWithForward(): { rig: StageRig; arrive: (frame: number[]) => void } {
  const rig = new StageRig();
  rig.command(Command.forwardPorts, { row: FORWARD, port: 80, value: 89 });
  rig.command(Command.forward, { row: FORWARD, value: 4, decisionMs: 1000 });
  new SharedForwardSwitch(rig.layout).open(ForwardBit.tcp);
  rig.stage.run(rig.clock.now());
  const input = new DirectInput(rig.layout, rig.device, rig.stage, settings);
  const arrive = (frame: number[]) => {
    rig.device.arrive(frame);
    input.run(8, rig.clock.now());
    rig.stage.run(rig.clock.now());
  };
  return { rig, arrive };
}

Deno.test("forward commands: a filter in parts, a flow with its ends, and each decision", () => {
  const { rig, arrive } = rigWithForward();
  arrive(synFrame(90));
  assertEquals([rig.events(), rig.totals().drops.forwardFiltered], [[], 1]);
  arrive(synFrame(80));
  assertEquals(rig.events().map((event) => event.slice(0, 4)), [[Event.flow, 0, 1, FORWARD]]);
  const { words, flows } = rig.layout;
  assertEquals([...words.subarray(flows, flows + 9)], [
    ...[0, 0, 0xffff, ELSEWHERE.w3],
    ...[0, 0, 0xffff, PEER.w3],
    (80 << 16) | 40_000,
  ]);
  rig.command(Command.acceptFlow, { row: REQUEST, generation: 1, value: 0 });
  rig.stage.run(rig.clock.now());
  // A SYN-ACK from the foreign address.
  assertEquals(rig.device.sent.length, 1);
  const [synAck] = rig.device.sent.splice(0);
  assertEquals([...synAck.subarray(12, 16), synAck[33]], [203, 0, 113, 5, 0x12]);
  for (
    const [how, sent, flags] of [
      [FlowEnd.drop, 0, 0],
      [FlowEnd.reset, 1, 0x14],
      [FlowEnd.unreachable + 1, 1, 0],
    ]
  ) {
    arrive(synFrame(81));
    const [, flow, generation] = rig.events()[0];
    rig.command(Command.refuseFlow, { row: flow, generation, value: how });
    rig.stage.run(rig.clock.now());
    assertEquals(rig.device.sent.length, sent, `how ${how}`);
    const [frame] = rig.device.sent.splice(0);
    if (flags !== 0) assertEquals(frame[33], flags);
    else if (frame !== undefined) assertEquals([frame[9], frame[20], frame[21]], [1, 3, 1]);
  }
  const { counters } = rig.totals();
  assertEquals(
    [counters.flowsAccepted, counters.flowsRejected, counters.flowsDropped, counters.flowErrorsOut],
    [1, 2, 1, 1],
  );
});

Deno.test("forward commands: a forward that is closed ends its flows", () => {
  const { rig, arrive } = rigWithForward();
  arrive(synFrame(80));
  rig.events();
  rig.command(Command.unforward, { row: FORWARD });
  rig.stage.run(rig.clock.now());
  assertEquals(rig.events().map((event) => event.slice(0, 3)), [[Event.flowEnded, 0, 1]]);
  arrive(synFrame(80, 40_001));
  assertEquals([rig.events(), rig.totals().drops.ipDestinationForeign], [[], 1]);
});
