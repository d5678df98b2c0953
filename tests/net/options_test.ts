import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  ManualClock,
  memoryPair,
  open,
  type OpenOptions,
  type PipelineShape,
  systemClock,
  systemRandom,
} from "../../mod.ts";
import { IP_DEFAULTS } from "../../src/ip/config.ts";
import { checkOptions, dimensionsFor, parsePrefixes } from "../../src/net/options.ts";
import { RECEIVE_BLOCK_BYTES, SEND_BLOCK_BYTES } from "../../src/ring/layout.ts";
import { tcpConfig } from "../../src/tcp/config.ts";
import { failure } from "./worlds.ts";

/** What may be wrong with an option: the options, the error's class, and what its message must name. */
const BAD: readonly [Record<string, unknown>, "TypeError" | "RangeError", readonly string[]][] = [
  [{ adress: "10.7.0.2/24" }, "TypeError", ["adress", "address"]],
  [{ device: 7 }, "TypeError", ["device", "7"]],
  [{ device: null }, "TypeError", ["device", "null"]],
  [{ device: {} }, "TypeError", ["device"]],
  [{ device: "" }, "RangeError", ["device", '""']],
  [{ device: "a-name-far-too-long" }, "RangeError", ["a-name-far-too-long"]],
  [{ device: "a/b" }, "TypeError", ["a/b"]],
  [{ address: "10.7.0.2/" }, "TypeError", ["address", "10.7.0.2/"]],
  [{ address: "10.7.0.2/33" }, "RangeError", ["address", "10.7.0.2/33"]],
  [{ address: "10.7.0.256/24" }, "TypeError", ["address", "10.7.0.256/24"]],
  [{ address: "127.0.0.1/8" }, "RangeError", ["address", "127.0.0.1/8"]],
  [{ address: "0.0.0.0/0" }, "RangeError", ["address", "0.0.0.0/0"]],
  [{ address: "224.0.0.1/4" }, "RangeError", ["address", "224.0.0.1/4"]],
  [{ address: 7 }, "TypeError", ["address", "7"]],
  [{ address: [7] }, "TypeError", ["address", "7"]],
  [{ address: [] }, "TypeError", ["address"]],
  [{ address: "::1/128" }, "RangeError", ["address", "::1/128"]],
  [{ address: "::/0" }, "RangeError", ["address", "::/0"]],
  [{ address: "ff02::1/16" }, "RangeError", ["address", "ff02::1/16"]],
  [{ address: "fd07::2/129" }, "RangeError", ["address", "fd07::2/129", "128"]],
  [{ address: "::ffff:10.7.0.2/120" }, "TypeError", ["address", "::ffff:10.7.0.2/120"]],
  [{ address: "fd07::2%tun0/64" }, "TypeError", ["address", "fd07::2%tun0/64"]],
  [{ hostAddress: "fe80::1::/64" }, "TypeError", ["hostAddress", "fe80::1::/64"]],
  [{ address: "fd07::2/64", mtu: 1279 }, "RangeError", ["mtu", "1279", "1280", "fd07::2"]],
  [{ hostAddress: "fd07::1/64", mtu: 1000 }, "RangeError", ["mtu", "1000", "fd07::1"]],
  [{ hostAddress: "10.7.0.1/-1" }, "TypeError", ["hostAddress", "10.7.0.1/-1"]],
  [{ mtu: 575 }, "RangeError", ["mtu", "575"]],
  [{ mtu: 65_536 }, "RangeError", ["mtu", "65536"]],
  [{ mtu: 1500.5 }, "RangeError", ["mtu", "1500.5"]],
  [{ mtu: "1500" }, "TypeError", ["mtu", "1500"]],
  [{ mtu: NaN }, "TypeError", ["mtu", "NaN"]],
  [{ pipeline: "double" }, "TypeError", ["pipeline", "double", "split"]],
  [{ queues: 0 }, "RangeError", ["queues", "0"]],
  [{ queues: 65 }, "RangeError", ["queues", "65"]],
  [{ queues: 2, pipeline: "inline" }, "TypeError", ["queues", "2", "inline"]],
  [{ offload: "yes" }, "TypeError", ["offload", "yes"]],
  [{ tcp: { rtoMin: 1 } }, "TypeError", ["tcp.rtoMin"]],
  [{ tcp: { rtoMinMs: 0 } }, "RangeError", ["tcp.rtoMinMs", "0"]],
  [{ tcp: { rtoMinMs: "200" } }, "TypeError", ["tcp.rtoMinMs"]],
  [{ tcp: { congestion: "vegas" } }, "TypeError", ["tcp.congestion", "vegas"]],
  [{ tcp: { rtoMinMs: 500, rtoMaxMs: 100 } }, "RangeError", ["tcp.rtoMinMs", "500", "100"]],
  [{ tcp: 7 }, "TypeError", ["tcp", "7"]],
  [{ clock: systemClock }, "TypeError", ["clock", "inline", "split"]],
  [{ random: systemRandom, pipeline: "fused" }, "TypeError", ["random", "inline", "fused"]],
  [{ isn: { next: () => 0 } }, "TypeError", ["isn", "inline", "split"]],
  [{ clock: {}, pipeline: "inline" }, "TypeError", ["clock", "wakeAt"]],
  [{ random: 4, pipeline: "inline" }, "TypeError", ["random", "4", "uint32"]],
  [{ isn: null, pipeline: "inline" }, "TypeError", ["isn", "null", "next"]],
  [{ trace: "modern" }, "TypeError", ["trace", "modern"]],
];

Deno.test("every bad option is refused with its name and its value", async () => {
  // Goal: API.md's row on bad options, before any interface is touched.
  for (const [bad, name, words] of BAD) {
    // Were the option let through, the name of the interface would be refused after it.
    const options = { device: "not/possible", ...bad };
    const error = await failure(() => open(options as OpenOptions));
    const what = `${JSON.stringify(options)}: ${error.name}: ${error.message}`;
    assertEquals(error.name, name, what);
    for (const word of words) assert(error.message.includes(word), `${what}: no "${word}"`);
  }
});

Deno.test("options of an interface are refused for a device that brings its own", async () => {
  // Goal: nothing that was asked for is left undone without a word.
  for (const [name, value] of [["hostAddress", "10.7.0.1/24"], ["mtu", 1400], ["offload", true]]) {
    const error = await failure(() => open({ device: memoryPair()[0], [name as string]: value }));
    assertEquals([error.name, error.message.startsWith(`${name}:`)], ["TypeError", true]);
  }
  for (const pipeline of ["split", "fused"] as const) {
    const error = await failure(() => open({ device: memoryPair()[0], pipeline }));
    assertEquals(error.name, "TypeError");
    assert(error.message.includes(pipeline), error.message);
  }
  const queues = await failure(() => open({ device: memoryPair()[0], queues: 2 }));
  assert(queues.message.startsWith("queues:"), queues.message);
});

Deno.test("what is good passes", () => {
  // Goal: the checks refuse nothing that is documented.
  checkOptions({});
  checkOptions({ mtu: 576, queues: 64, pipeline: "fused", offload: false });
  assertEquals(parsePrefixes(undefined, "address"), []);
  assertEquals(parsePrefixes("10.7.0.2/24", "address").length, 1);
  assertEquals(parsePrefixes(["10.7.0.2/24", "10.8.0.2/16"], "address").length, 2);
  assertThrows(() => parsePrefixes("x", "hostAddress"), TypeError, "hostAddress");
});

Deno.test("memory limits become whole blocks, never more than was allowed", () => {
  // Goal: tcp.receiveMemoryBytes and tcp.sendMemoryBytes are limits, whatever the size of a block.
  const tcp = { receiveMemoryBytes: 1_000_000, sendMemoryBytes: 2_000_000, maxConnections: 16 };
  const dimensions = dimensionsFor({ tcp }, "split", tcpConfig(tcp), IP_DEFAULTS);
  assertEquals(dimensions.receiveBlocks, Math.floor(1_000_000 / RECEIVE_BLOCK_BYTES));
  assertEquals(dimensions.sendBlocks, Math.floor(2_000_000 / SEND_BLOCK_BYTES));
  assertEquals(dimensions.connections, 16);
});

Deno.test("a stack in any shape has the room that the options tell; one with a clock of its own little", () => {
  const sizes = (options: OpenOptions, shape: PipelineShape) => {
    const config = tcpConfig(options.tcp);
    const dimensions = dimensionsFor(options, shape, config, IP_DEFAULTS);
    const { connections, receiveBlocks, sendBlocks } = dimensions;
    return [connections, receiveBlocks * RECEIVE_BLOCK_BYTES, sendBlocks * SEND_BLOCK_BYTES];
  };
  const { maxConnections, receiveMemoryBytes, sendMemoryBytes } = tcpConfig();
  for (const shape of ["split", "fused", "inline"] as const) {
    assertEquals(sizes({}, shape), [maxConnections, receiveMemoryBytes, sendMemoryBytes], shape);
  }
  const clock = new ManualClock();
  assertEquals(sizes({ clock }, "inline"), [4096, 4 << 20, 8 << 20]);
  assertEquals(sizes({ clock, tcp: { maxConnections: 9 } }, "inline")[0], 9);
});
