import { assertEquals } from "@std/assert";
import { SharedForwardSwitch } from "../../src/pipeline/forward_switch.ts";
import { ForwardBit, Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";

Deno.test("forward switch: what one thread lets in every other sees, and nothing takes it back", () => {
  const layout = new Layout(SMALL_DIMENSIONS);
  const [writer, reader] = [new SharedForwardSwitch(layout), new SharedForwardSwitch(layout)];
  assertEquals(reader.bits, 0);
  writer.open(ForwardBit.udp);
  writer.open(ForwardBit.tcp);
  assertEquals(reader.bits, ForwardBit.tcp | ForwardBit.udp);
});
