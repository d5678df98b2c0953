import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock } from "../../src/base/clock.ts";
import { SendOutcome } from "../../src/device/device.ts";
import { ethernet, type EthernetAdapter } from "../../src/device/ethernet.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import { TunDevice } from "../../src/device/tun.ts";
import { parseCidr } from "../../src/base/address.ts";
import { open } from "../../mod.ts";
import { exchangeSeeded } from "../support/payload.ts";
import { runWell } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";
import { receiveFrame, sendFrame } from "./frames.ts";

const NEAR = ["10.7.0.1/24", "fd07::1/64"];
const FAR = ["10.7.0.2/24", "fd07::2/64"];
const SEED = 0xe7;

/** Two stations on one cable, and what passes over it. */
function stations(gateway?: string) {
  const clock = new ManualClock(1_000_000);
  const [a, b] = memoryPair({ mtu: 1514 });
  const near = ethernet(a, { address: NEAR, mac: "02:00:00:00:00:01", clock, gateway });
  const far = ethernet(b, { address: FAR, mac: "02:00:00:00:00:02", clock });
  return { clock, near, far, cable: b };
}

/** An IP packet with nothing but a destination that matters. */
function packet(destination: readonly number[], length = 60): Uint8Array {
  const bytes = new Uint8Array(length);
  const isIpv6 = destination.length === 16;
  bytes[0] = isIpv6 ? 0x60 : 0x45;
  if (isIpv6) {
    bytes[5] = length - 40;
    bytes[6] = 59;
    bytes[7] = 64;
  }
  bytes.set(destination, isIpv6 ? 24 : 16);
  return bytes;
}

const TO_FAR = [10, 7, 0, 2];
const TO_FAR6 = [0xfd, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

/** Receives whatever waits at both, until nothing moves. */
function settle(...adapters: EthernetAdapter[]): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let idle = 0; idle < 2; idle++) {
    for (const adapter of adapters) {
      for (let frame = receiveFrame(adapter); frame !== null; frame = receiveFrame(adapter)) {
        found.push(frame);
        idle = 0;
      }
    }
  }
  return found;
}

Deno.test("ethernet: the first packet asks, the answer lets it go, the next go at once", () => {
  for (const destination of [TO_FAR, TO_FAR6]) {
    const { near, far } = stations();
    const sent = packet(destination);
    assertEquals(sendFrame(near, sent), SendOutcome.sent);
    assertEquals(settle(far, near), [sent]);
    assertEquals(sendFrame(near, sent), SendOutcome.sent);
    assertEquals(receiveFrame(far), sent);
    // The far end has learned from the question.
    const back = packet(destination.length === 4 ? [10, 7, 0, 1] : [...TO_FAR6.slice(0, 15), 1]);
    sendFrame(far, back);
    assertEquals(receiveFrame(near), back);
  }
});

Deno.test("ethernet: what is not on the link goes to the router", () => {
  const { near, far } = stations("10.7.0.2");
  const sent = packet([8, 8, 8, 8]);
  sendFrame(near, sent);
  assertEquals(settle(far, near), [sent]);
  const { near: alone, far: nobody } = stations();
  sendFrame(alone, sent);
  assertEquals(settle(nobody, alone), []);
});

Deno.test("ethernet: broadcast and multicast go to the groups' addresses without a question", () => {
  const { near, cable } = stations();
  const cases: readonly [number[], string][] = [
    [[255, 255, 255, 255], "ffffffffffff"],
    [[10, 7, 0, 255], "ffffffffffff"],
    [[224, 1, 129, 3], "01005e018103"],
    [[0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3], "333300010203"],
  ];
  for (const [destination, mac] of cases) {
    sendFrame(near, packet(destination));
    const frame = receiveFrame(cable)!;
    assertEquals(frame.subarray(0, 6).toHex(), mac);
    assertEquals(frame.subarray(12, 14).toHex(), destination.length === 4 ? "0800" : "86dd");
  }
});

Deno.test("ethernet: a host that does not answer is asked three times, and what waited is lost", () => {
  const { near, cable, clock } = stations();
  sendFrame(near, packet([10, 7, 0, 77]));
  let questions = 0;
  for (let i = 0; i < 60; i++) {
    receiveFrame(near);
    while (receiveFrame(cable) !== null) questions++;
    clock.advance(100_000);
  }
  assertEquals(questions, 3);
  assertEquals([near.stats.unresolvedPackets, near.nextArrival()], [1, Infinity]);
});

Deno.test("ethernet: an address that was not heard for a minute is asked for, and used meanwhile", () => {
  const { near, far, clock, cable } = stations();
  sendFrame(near, packet(TO_FAR));
  settle(far, near);
  clock.advance(61_000_000);
  sendFrame(near, packet(TO_FAR));
  const frames = [receiveFrame(cable), receiveFrame(cable)];
  assertEquals(frames.map((frame) => frame!.subarray(12, 14).toHex()), ["0806", "0800"]);
  assertEquals(frames[0]!.subarray(0, 6).toHex(), "020000000002", "not everybody is asked");
});

Deno.test("ethernet: frames for others, of other kinds, cut or damaged are counted", () => {
  const { near, cable } = stations();
  const frame = new Uint8Array(60);
  frame.set([2, 0, 0, 0, 0, 3], 0);
  sendFrame(cable, frame);
  frame.set([2, 0, 0, 0, 0, 1], 0);
  frame.set([0x81, 0x00], 12);
  sendFrame(cable, frame);
  sendFrame(cable, frame.subarray(0, 13));
  frame.set([0x08, 0x06], 12);
  sendFrame(cable, frame);
  assertEquals(receiveFrame(near), null);
  const { foreignFrames, invalidFrames } = near.stats;
  assertEquals([foreignFrames, invalidFrames], [2, 2]);
});

Deno.test("ethernet: another station with the own address is noticed, and not believed", () => {
  const clock = new ManualClock(0);
  const [a, b] = memoryPair({ mtu: 1514 });
  const near = ethernet(a, { address: NEAR, clock });
  const other = ethernet(b, { address: ["10.7.0.1/24"], clock });
  sendFrame(other, packet([10, 7, 0, 9]));
  settle(near);
  assertEquals(near.stats.addressConflicts, 1);
  assertEquals(near.mac === other.mac, false, "random addresses differ");
  assert(/^[0-9a-f][26ae]:/.test(near.mac), near.mac);
});

Deno.test("ethernet: impossible options are refused by name", () => {
  const [device] = memoryPair({ mtu: 1514 });
  const address = NEAR;
  assertThrows(() => ethernet(device, { address, mtu: 1501 }), RangeError, "mtu: 1501");
  assertThrows(() => ethernet(device, { address, mac: "x" }), TypeError, "mac");
  assertThrows(() => ethernet(device, { address, mac: "01:00:00:00:00:00" }), RangeError, "group");
  assertThrows(() => ethernet(device, { address, gateway: "host" }), TypeError, "gateway");
  assertThrows(() => ethernet(device, { address: "10.7.0.1/99" }), RangeError, "address");
});

Deno.test("ethernet: two stacks talk over it, in both families", async () => {
  const [a, b] = memoryPair({ mtu: 1514 });
  await using near = await open({ device: ethernet(a, { address: NEAR }), address: NEAR });
  await using far = await open({ device: ethernet(b, { address: FAR }), address: FAR });
  using listener = far.listen({ port: 7, hostname: "::" });
  (async () => {
    for await (const conn of listener) conn.readable.pipeTo(conn.writable).catch(() => {});
  })();
  for (const hostname of ["10.7.0.2", "fd07::2"]) {
    const conn = await near.connect({ hostname, port: 7 });
    const payload = { seed: SEED, length: 1 << 20 };
    await exchangeSeeded(conn, payload, payload);
    conn.close();
  }
});

testNeeding(
  { tun: true, programs: ["ping", "curl"] },
  "ethernet: a kernel's TAP, with ping and curl in both families",
  async () => {
    // Goal: the kernel finds us by ARP and neighbor discovery, and we find it.
    const tap = TunDevice.open({ name: "wstap0", layer: "ethernet" });
    tap.configure({
      hostAddress: ["10.7.9.1/24", "fd07:9::1/64"].map((text) => parseCidr(text, "hostAddress")),
    });
    const address = ["10.7.9.2/24", "fd07:9::2/64"];
    await using net = await open({ device: ethernet(tap, { address }), address });
    using listener = net.listen({ port: 80, hostname: "::" });
    (async () => {
      for await (const conn of listener) {
        await conn.read(new Uint8Array(1000));
        await conn.write(new TextEncoder().encode("HTTP/1.0 200 OK\r\n\r\nover ethernet"));
        conn.close();
      }
    })();
    for (const host of ["10.7.9.2", "fd07:9::2"]) {
      await runWell("ping", ["-c", "2", "-i", "0.2", "-W", "5", host]);
      const where = host.includes(":") ? `[${host}]` : host;
      assertEquals(await runWell("curl", ["-s", "-m", "10", `http://${where}/`]), "over ethernet");
    }
    const conn = await net.connect({ hostname: "10.7.9.1", port: 9 }).catch((error: Error) =>
      error.name
    );
    assertEquals(conn, "ConnectionRefused", "the kernel was asked and has answered");
  },
);
