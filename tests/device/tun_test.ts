import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { createSocket, type Socket } from "node:dgram";
import { Worker } from "node:worker_threads";
import { parseCidr } from "../../src/base/address.ts";
import { SendOutcome } from "../../src/device/device.ts";
import { interfaceAddresses, interfaceState } from "../../src/device/interface_config.ts";
import {
  closeFd,
  createEventFd,
  drainEventFd,
  signalEventFd,
  TunDevice,
  WaitOutcome,
} from "../../src/device/tun.ts";
import { receiveFrame, sendFrame } from "./frames.ts";
import { testNeeding } from "../support/skip.ts";

// Addresses that no other test uses: a socket of the kernel that an earlier one has left sends to its peer again.
const HOST = "10.21.0.1";
const STACK = "10.21.0.2";
const WAIT_MS = 5000;

function tunTest(name: string, fn: () => void | Promise<void>): void {
  testNeeding({ tun: true, programs: ["ip"] }, `tun: ${name}`, fn);
}

/** Runs a program to its end and returns what it printed; fails when the program does. */
function run(program: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program, { args }).outputSync();
  const decoder = new TextDecoder();
  assert(success, `${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** An open device with only HOST on the kernel's side, closed at the end of the scope. */
function openConfigured(name: string, offload = false): TunDevice & Disposable {
  const device = TunDevice.open({ name, offload });
  // With IPv6 on, the kernel sends router solicitations at times of its own choice.
  Deno.writeTextFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, "1");
  device.configure({ hostAddress: [parseCidr(`${HOST}/24`, "hostAddress")] });
  return Object.assign(device, { [Symbol.dispose]: () => device.close() });
}

/** A kernel UDP socket on the host's side. */
async function openSocket(): Promise<Socket> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  return socket;
}

function sendDatagram(socket: Socket, payload: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(payload, 9, STACK, (error) => error ? reject(error) : resolve());
  });
}

/** The next frame, which must be UDP over IPv4. */
function receiveUdp(device: TunDevice, offset?: number): Uint8Array {
  assertEquals(device.wait(-1, WAIT_MS), WaitOutcome.readable, "no frame came");
  const frame = receiveFrame(device, offset);
  assert(frame !== null && isUdp(frame));
  return frame;
}

function isUdp(frame: Uint8Array): boolean {
  return frame[0] === 0x45 && frame[9] === 17;
}

/** A UDP datagram over IPv4 without a UDP checksum, which RFC 768 permits. */
function udpFrame(from: string, to: string, port: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(28 + payload.length);
  const view = new DataView(frame.buffer);
  frame.set([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17]);
  view.setUint16(2, frame.length);
  frame.set(from.split(".").map(Number), 12);
  frame.set(to.split(".").map(Number), 16);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += view.getUint16(at);
  view.setUint16(10, ~((sum & 0xffff) + (sum >>> 16)));
  view.setUint16(20, 9);
  view.setUint16(22, port);
  view.setUint16(24, 8 + payload.length);
  frame.set(payload, 28);
  return frame;
}

tunTest("an interface is configured as ip sees it", () => {
  // Goal: addresses, MTU and link state are set by FFI alone, and a second time is no error.
  const device = TunDevice.open({ name: "woshou0" });
  const addresses = ["10.21.0.1/24", "10.8.0.1/16"].map((text) => parseCidr(text, "hostAddress"));
  const ipv6 = { address: { w0: 0xfd00 << 16, w1: 0, w2: 0, w3: 7 }, length: 64 };
  for (let round = 0; round < 2; round++) {
    device.configure({ hostAddress: [...addresses, ipv6], mtu: 1400 });
    assertEquals(device.mtu, 1400);
    assertMatch(run("ip", "-o", "link", "show", "woshou0"), /<.*\bUP\b.*> mtu 1400 /);
    const shown = run("ip", "-o", "addr", "show", "dev", "woshou0");
    for (const text of ["10.21.0.1/24", "10.8.0.1/16", "fd00::7/64"]) {
      assertStringIncludes(shown, ` ${text} `);
    }
  }
  assertEquals(interfaceState("woshou0"), { mtu: 1400, up: true });
  const found = interfaceAddresses("woshou0");
  assertEquals(found.slice(0, 2), addresses);
  assert(found.some((prefix) => prefix.address.w3 === 7 && prefix.length === 64));
  device.close();
  assertThrows(() => interfaceState("woshou0"), Deno.errors.NotFound, '"woshou0"');
});

tunTest(
  "the kernel's datagrams arrive, and hand-made ones reach the kernel's sockets",
  async () => {
    // Goal: both ways of reading (by view, by iovec) and of writing (one piece, several) move every byte.
    using device = openConfigured("t0");
    const socket = await openSocket();
    try {
      for (let round = 0; round < 6; round++) {
        const payload = Uint8Array.from({ length: 600 }, (_, i) => i + round);
        await sendDatagram(socket, payload);
        assertEquals(receiveUdp(device, 5000 + 7 * (round >> 1)).subarray(28), payload);

        const heard = new Promise<Uint8Array>((resolve) => socket.once("message", resolve));
        const answer = udpFrame(STACK, HOST, socket.address().port, payload.toReversed());
        assertEquals(sendFrame(device, answer, [1, 1, 1, 2, 5, 64][round]), SendOutcome.sent);
        assertEquals(new Uint8Array(await heard), payload.toReversed());
      }
    } finally {
      socket.close();
    }
  },
);

tunTest("a frame longer than the limit is told as cut, one of just the limit is not", async () => {
  // Goal: the interface's rule holds although read(2) says only how much it gave.
  using device = openConfigured("t0");
  const socket = await openSocket();
  const memory = new Uint8Array(4096).fill(0xee);
  try {
    for (const [limit, length] of [[128, 128], [127, 128], [60, 61], [129, 128], [128, 128]]) {
      await sendDatagram(socket, new Uint8Array(100));
      assertEquals(device.wait(-1, WAIT_MS), WaitOutcome.readable);
      assertEquals(device.receive(memory, 64, limit), limit < 128 ? limit + 1 : length);
      assertEquals([memory[63], memory[64], memory[64 + limit]], [0xee, 0x45, 0xee]);
      assertEquals(device.receive(memory, 64, limit), 0);
      memory.fill(0xee);
    }
  } finally {
    socket.close();
  }
});

tunTest("with offload each frame has a virtio-net header", async () => {
  using device = openConfigured("t0", true);
  assertEquals(device.virtioHeader, true);
  const socket = await openSocket();
  try {
    await sendDatagram(socket, new Uint8Array(50).fill(7));
    assertEquals(device.wait(-1, WAIT_MS), WaitOutcome.readable);
    const frame = receiveFrame(device);
    assert(frame !== null);
    assertEquals(frame.length, 10 + 28 + 50);
    assert(isUdp(frame.subarray(10)));
  } finally {
    socket.close();
  }
});

tunTest("waiting ends by a frame, an eventfd or the time, the eventfd first", async () => {
  using device = openConfigured("t0");
  const socket = await openSocket();
  const eventFd = createEventFd();
  try {
    assertEquals(device.nextArrival(), Infinity);
    assertEquals(device.wait(eventFd, 1), WaitOutcome.timeout);
    signalEventFd(eventFd);
    signalEventFd(eventFd);
    assertEquals(device.wait(eventFd, -1), WaitOutcome.woken);
    await sendDatagram(socket, new Uint8Array(8));
    assertEquals(device.wait(eventFd, -1), WaitOutcome.woken);
    assertEquals([drainEventFd(eventFd), drainEventFd(eventFd)], [true, false]);
    assertEquals(device.wait(eventFd, -1), WaitOutcome.readable);
    assertEquals(device.nextArrival(), 0);
  } finally {
    closeFd(eventFd);
    socket.close();
  }
});

tunTest("another thread attaches to the descriptor and is woken from here", async () => {
  // Goal: the application's thread opens, a worker reads, an eventfd stops it; the descriptor stays open.
  using device = openConfigured("t0");
  const socket = await openSocket();
  const eventFd = createEventFd();
  const worker = new Worker(new URL("./tun_worker.ts", import.meta.url));
  const next = () => new Promise<unknown>((resolve) => worker.once("message", resolve));
  try {
    let answer = next();
    worker.postMessage({ handle: device.handle, eventFd });
    assertEquals(await answer, "ready");
    answer = next();
    await sendDatagram(socket, new Uint8Array(72));
    assertEquals(await answer, { first: WaitOutcome.readable, length: 100 });
    answer = next();
    signalEventFd(eventFd);
    assertEquals(await answer, { second: WaitOutcome.woken });
    assertEquals(device.wait(eventFd, 0), WaitOutcome.woken);
  } finally {
    await worker.terminate();
    closeFd(eventFd);
    socket.close();
  }
});

tunTest("onArrival is called in a thread that does not block", async () => {
  // Goal: a stack in the application's thread hears of a frame, and after reading of the next.
  using device = openConfigured("t0");
  const socket = await openSocket();
  try {
    for (let round = 0; round < 3; round++) {
      const arrived = new Promise<void>((resolve) => device.onArrival = resolve);
      await sendDatagram(socket, new Uint8Array(10 + round));
      await arrived;
      assertEquals(receiveUdp(device).length, 38 + round);
      assertEquals(receiveFrame(device), null);
    }
  } finally {
    device.onArrival = null;
    socket.close();
  }
});

tunTest("impossible names are refused with the option's name", () => {
  assertThrows(() => TunDevice.open({ name: "" }), RangeError, 'device: ""');
  assertThrows(() => TunDevice.open({ name: "x".repeat(16) }), RangeError, "it has 16");
  assertThrows(() => TunDevice.open({ name: "握手握手握手" }), RangeError, "it has 18");
  assertThrows(() => TunDevice.open({ name: "a/b" }), TypeError, 'device: "a/b"');
  assertThrows(() => TunDevice.open({ name: "a b" }), TypeError, 'device: "a b"');
  assertThrows(() => TunDevice.open({ name: "a\0b" }), TypeError, "device: ");
  assertThrows(() => TunDevice.open({ name: "lo" }), TypeError, 'device: opening "lo"');
});

tunTest("a device in use is Busy, unless it has several queues", () => {
  const device = TunDevice.open({ name: "b0" });
  const error = assertThrows(() => TunDevice.open({ name: "b0" }), Deno.errors.Busy, '"b0"');
  assertEquals("code" in error && error.code, "EBUSY");
  device.close();
  const queues = [1, 2, 3].map(() => TunDevice.open({ name: "b0", multiQueue: true }));
  assertEquals(queues.map((queue) => queue.name), ["b0", "b0", "b0"]);
  queues.forEach((queue) => queue.close());
});

tunTest("wrong memory ranges are refused before the kernel sees them", () => {
  // Goal: FFI checks no bounds, so the device does.
  using device = openConfigured("t0");
  const memory = new Uint8Array(1000);
  assertThrows(() => device.receive(memory, 900, 101), RangeError, "101 bytes at 900");
  assertThrows(() => device.receive(memory, -1, 10), RangeError);
  assertThrows(() => device.receive(memory, NaN, 10), RangeError);
  assertThrows(() => device.send(memory, Int32Array.of(990, 11), 1), RangeError);
  assertThrows(() => device.send(memory, Int32Array.of(0, 20, 0, 1001), 2), RangeError);
  assertThrows(() => device.send(memory, Int32Array.of(0, 20), 2), RangeError);
  assertThrows(() => device.send(memory, new Int32Array(130), 65), RangeError);
  assertThrows(() => device.receive(new Uint8Array(0), 0, 0), TypeError);
});

tunTest("what the kernel does not take is refused, with the reason", () => {
  using device = openConfigured("t0");
  assertEquals(sendFrame(device, new Uint8Array(40)), SendOutcome.refused, "no IP version");
  assertEquals(device.lastErrno, 22);
  run("ip", "link", "set", "t0", "down");
  const frame = udpFrame(STACK, HOST, 9, new Uint8Array(4));
  assertEquals(sendFrame(device, frame), SendOutcome.refused);
  assertEquals(device.lastErrno, 5);
  run("ip", "link", "del", "t0");
  assertEquals(device.wait(-1, WAIT_MS), WaitOutcome.failed);
  assertEquals(receiveFrame(device), null);
  device.close();
  assertEquals(sendFrame(device, frame), SendOutcome.refused);
  assertEquals(device.wait(-1, -1), WaitOutcome.failed);
  assertEquals(device.nextArrival(), Infinity);
});

tunTest("no file descriptor is left behind", async () => {
  // Goal: opening, configuring, failing and closing a hundred times leaves what there was before.
  const count = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const cycle = async () => {
    for (const offload of [true, false]) {
      const device = openConfigured("t0", offload);
      assertThrows(() => TunDevice.open({ name: "t0" }), Deno.errors.Busy);
      const eventFd = createEventFd();
      device.onArrival = () => {};
      device.close();
      closeFd(eventFd);
    }
    // The watch for arrivals gives its own descriptors back when its thread has seen the signal.
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  await cycle();
  const before = count();
  for (let i = 0; i < 50; i++) await cycle();
  for (let turns = 0; turns < 10_000 && count() > before; turns++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert(count() <= before, `${count()} descriptors are open, ${before} were`);
});

/** Runs tun_child.ts as the same user without any capability. */
function runWithoutRights(...args: string[]): Record<string, unknown> {
  const child = new URL("./tun_child.ts", import.meta.url).pathname;
  const deno = [Deno.execPath(), "run", "--no-prompt", "--allow-ffi", child, ...args];
  return JSON.parse(run("setpriv", "--bounding-set=-all", "--inh-caps=-all", ...deno));
}

tunTest("without the right to it, opening says which commands give it", () => {
  const outcome = runWithoutRights("denied0");
  assertEquals([outcome.error, outcome.code], ["PermissionDenied", "EPERM"]);
  const message = String(outcome.message);
  assertStringIncludes(message, "sudo ip tuntap add dev denied0 mode tun user $USER");
  assertStringIncludes(message, "sudo ip link set denied0 up");
});

tunTest("a persistent interface of this user needs no right once it is prepared", () => {
  // Goal: the two commands of the message above are enough; what they left out is named.
  run("ip", "tuntap", "add", "dev", "p0", "mode", "tun", "user", "root");
  try {
    const unprepared = runWithoutRights("p0", "10.21.0.1/24", "1400");
    assertEquals(unprepared.error, "PermissionDenied");
    const message = String(unprepared.message);
    for (const part of ["the MTU 1400", "the address 10.21.0.1/24", "a link that is up"]) {
      assertStringIncludes(message, part);
    }
    run("ip", "addr", "add", "10.21.0.1/24", "dev", "p0");
    run("ip", "link", "set", "p0", "mtu", "1400", "up");
    assertEquals(runWithoutRights("p0", "10.21.0.1/24", "1400"), { opened: "p0", mtu: 1400 });
    assertEquals(runWithoutRights("p0", "10.21.0.1/24"), { opened: "p0", mtu: 1400 });
  } finally {
    run("ip", "link", "del", "p0");
  }
});

tunTest("an interface left with several queues still opens with one", () => {
  run("ip", "tuntap", "add", "dev", "p0", "mode", "tun", "multi_queue");
  try {
    const device = TunDevice.open({ name: "p0" });
    assertEquals(device.name, "p0");
    device.close();
  } finally {
    run("ip", "link", "del", "p0");
  }
});

Deno.test("without the permission for FFI, Deno's own error passes unchanged", () => {
  // Goal: importing needs no permission, and the error names the flag as Deno words it.
  const child = new URL("./tun_child.ts", import.meta.url).pathname;
  const outcome = JSON.parse(run(Deno.execPath(), "run", "--no-prompt", child, "x0"));
  assertEquals(outcome.error, "NotCapable");
  assertStringIncludes(outcome.message, "--allow-ffi");
});
