import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { VirtualTime } from "../../src/base/virtual_time.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import { Network, type NetworkHost } from "../../src/device/network.ts";
import { isIpv4ChecksumRight, writeIpv4Header } from "../../src/wire/ipv4.ts";
import { receiveFrame, sendFrame } from "./frames.ts";

/** A packet of 100 bytes from one address to another, with a number behind its header. */
function packet(from: string, to: string, number: number, hopLimit = 64): Uint8Array {
  const frame = new Uint8Array(100);
  const view = new DataView(frame.buffer);
  const word = (text: string) => text.split(".").reduce((sum, part) => (sum << 8) | +part, 0);
  writeIpv4Header(view, 0, 0, 100, 1, hopLimit, 6, word(from), word(to));
  view.setUint32(20, number);
  return frame;
}

function numbersAt(host: NetworkHost): number[] {
  const numbers: number[] = [];
  for (let f = receiveFrame(host.device); f !== null; f = receiveFrame(host.device)) {
    numbers.push(new DataView(f.buffer).getUint32(20));
  }
  return numbers;
}

function make(seed = 1): { time: VirtualTime; network: Network } {
  const time = new VirtualTime();
  return { time, network: new Network({ clock: time.clock, random: new SeededRandom(seed) }) };
}

Deno.test("network: a packet takes the delays of its way, and loses a hop at each router", async () => {
  const { time, network } = make();
  const [a, b] = [network.host("10.0.0.1"), network.host("10.0.1.1")];
  const [r, s] = [network.router("r"), network.router("s")];
  network.link(a, r, { delayUs: 100 });
  network.link(r, s, { delayUs: 2000 }, { delayUs: 30 });
  network.link(s, b, { delayUs: 7 });
  const seen: string[] = [];
  const startUs = time.clock.now();
  network.onFrame = ({ timeUs, from, to }) => seen.push(`${timeUs - startUs} ${from}>${to}`);
  sendFrame(a.device, packet("10.0.0.1", "10.0.1.1", 5));
  await time.pass(10_000);
  assertEquals(seen.splice(0), ["100 10.0.0.1>r", "2100 r>s", "2107 s>10.0.1.1"]);
  const arrived = receiveFrame(b.device)!;
  const view = new DataView(arrived.buffer);
  assertEquals([view.getUint32(20), view.getUint8(8)], [5, 62]);
  assert(isIpv4ChecksumRight(view, 0, 20));
  sendFrame(b.device, packet("10.0.1.1", "10.0.0.1", 6));
  await time.pass(10_000);
  assertEquals(seen, ["10007 10.0.1.1>s", "10037 s>r", "10137 r>10.0.0.1"]);
  network.close();
});

Deno.test("network: what leads nowhere is counted", async () => {
  const { time, network } = make();
  const [a, b, far] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((each) => network.host(each));
  const r = network.router();
  network.link(a, r, {});
  network.link(r, b, {});
  sendFrame(a.device, packet("10.0.0.1", "10.9.9.9", 1));
  sendFrame(a.device, packet("10.0.0.1", far.address, 2));
  sendFrame(a.device, new Uint8Array(30));
  sendFrame(a.device, packet("10.0.0.1", b.address, 3, 1));
  sendFrame(a.device, packet("10.0.0.1", b.address, 4, 2));
  await time.pass(1000);
  assertEquals(network.stats(), { noRoute: 3, hopLimit: 1 });
  assertEquals(numbersAt(b), [4]);
  network.close();
});

Deno.test("network: packets take the way with the fewest hops, in the order of their times", async () => {
  // Goal: a ring of five routers; both ways around are used, each by whoever is nearer.
  const { time, network } = make();
  const routers = Array.from({ length: 5 }, () => network.router());
  routers.forEach((r, i) => network.link(r, routers[(i + 1) % 5], { delayUs: 1000 }));
  const hosts = routers.map((r, i) => {
    const host = network.host(`10.0.0.${i + 1}`);
    network.link(host, r, {});
    return host;
  });
  let hops = 0;
  network.onFrame = () => hops++;
  for (const [to, expected] of [[1, 1], [2, 2], [3, 2], [4, 1]]) {
    hops = 0;
    sendFrame(hosts[0].device, packet("10.0.0.1", hosts[to].address, to));
    await time.pass(10_000);
    assertEquals(hops, expected + 2, `to host ${to}`);
    assertEquals(numbersAt(hosts[to]), [to]);
  }
  network.close();
});

Deno.test("network: links with a rate share it among all that come", async () => {
  const { time, network } = make();
  const [a, b, c] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((each) => network.host(each));
  const r = network.router();
  network.link(a, r, {});
  network.link(b, r, {});
  const link = network.link(r, c, { rateBitsPerSecond: 800_000, queueFrames: 10 }, {});
  for (let i = 0; i < 20; i++) {
    sendFrame(a.device, packet("10.0.0.1", "10.0.0.3", i));
    sendFrame(b.device, packet("10.0.0.2", "10.0.0.3", 100 + i));
    await time.pass(1000);
  }
  await time.exhaust(1_000_000);
  const numbers = numbersAt(c);
  assertEquals(numbers.length, link.there().delivered);
  assertEquals(link.there().queueDropped, 40 - numbers.length);
  assert(numbers.length >= 29 && numbers.some((n) => n < 100) && numbers.some((n) => n >= 100));
  network.close();
});

Deno.test("network: one seed gives one run, and another another", async () => {
  const run = async (seed: number) => {
    const { time, network } = make(seed);
    const [a, b] = [network.host("10.0.0.1"), network.host("10.0.0.2")];
    network.link(a, b, { loss: 0.3, jitterUs: 5000, reorder: 0.2, duplicate: 0.1 });
    const seen: string[] = [];
    network.onFrame = ({ timeUs, memory, offset }) => seen.push(`${timeUs} ${memory[offset + 23]}`);
    for (let i = 0; i < 100; i++) sendFrame(a.device, packet("10.0.0.1", "10.0.0.2", i));
    await time.exhaust(1_000_000);
    network.close();
    return seen;
  };
  const first = await run(1);
  assertEquals(await run(1), first);
  assert(JSON.stringify(await run(2)) !== JSON.stringify(first));
});

Deno.test("network: a device from outside is a host as any other", async () => {
  const { time, network } = make();
  const [mine, theirs] = memoryPair();
  const [a, b] = [network.host("10.0.0.1"), network.attach("10.0.0.2", theirs)];
  network.link(a, b, { delayUs: 500 });
  sendFrame(a.device, packet("10.0.0.1", "10.0.0.2", 1));
  sendFrame(mine, packet("10.0.0.2", "10.0.0.1", 2));
  assertEquals(network.run(), time.clock.now() + 500);
  await time.pass(500);
  assertEquals(numbersAt(a), [2]);
  assertEquals(new DataView(receiveFrame(mine)!.buffer).getUint32(20), 1);
  network.close();
});

Deno.test("network: what cannot be is refused by name", () => {
  const { network } = make();
  const a = network.host("10.0.0.1");
  assertThrows(() => network.host("10.0.0.1"), TypeError, "10.0.0.1");
  assertThrows(() => network.host("ten"), TypeError, '"ten" is not an IPv4 address');
  assertThrows(() => network.host("10.0.0.2", { mtu: 9000 }), RangeError, "9000");
  assertThrows(() => network.link(a, make().network.router("x"), {}), TypeError, '"x"');
  assertThrows(() => network.link(a, network.router("y"), { loss: 2 }), RangeError, "y.loss: 2");
  network.close();
});
