import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Device,
  Flag,
  memoryPair,
  open,
  type SendOutcome,
  type TcpNotice,
} from "../../mod.ts";
import { drainMicrotasks, passTime } from "../support/virtual_time.ts";
import { icmpBytes, ipv4Frame, naiveChecksum } from "../wire/frames.ts";
import { VirtualPair } from "./virtual_pair.ts";
import { failure } from "./worlds.ts";

/** A wire at which somebody sits who can mark what arrives as urgent, and complain about what leaves. */
class Meddler implements Device {
  /** Added as the urgent pointer to every segment with text that arrives; 0 for none. */
  urgent = 0;
  /** The last frame that was sent. */
  last = new Uint8Array(0);
  readonly name = "meddler";
  readonly virtioHeader = false;
  readonly mtu: number;
  readonly #device: Device;
  readonly #forged: Uint8Array[] = [];

  constructor(device: Device) {
    this.#device = device;
    this.mtu = device.mtu;
  }

  get onArrival(): (() => void) | null {
    return this.#device.onArrival;
  }

  set onArrival(handler: (() => void) | null) {
    this.#device.onArrival = handler;
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    const forged = this.#forged.shift();
    if (forged !== undefined) {
      memory.set(forged, offset);
      return forged.length;
    }
    const length = this.#device.receive(memory, offset, limit);
    if (this.urgent > 0 && length > 52) {
      markUrgent(memory.subarray(offset, offset + length), this.urgent);
    }
    return length;
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    const bytes: number[] = [];
    for (let i = 0; i < count; i++) {
      bytes.push(...memory.subarray(pieces[2 * i], pieces[2 * i] + pieces[2 * i + 1]));
    }
    this.last = Uint8Array.from(bytes);
    return this.#device.send(memory, pieces, count);
  }

  /** Lets an ICMP error about the last frame arrive, as from a router. */
  complain(type: number, code: number): void {
    const quoted = [0, 0, 0, 0, ...this.last.subarray(0, 28)];
    this.#forged.push(Uint8Array.from(ipv4Frame({
      protocol: 1,
      source: 0x0a07_0002,
      destination: 0x0a07_0001,
      payload: icmpBytes(type, code, quoted),
    })));
    this.onArrival?.();
  }

  nextArrival(): number {
    return this.#forged.length > 0 ? 0 : this.#device.nextArrival();
  }

  close(): void {
    this.#device.close();
  }
}

function markUrgent(frame: Uint8Array, pointer: number): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  frame[33] |= Flag.URG;
  view.setUint16(38, pointer);
  view.setUint16(36, 0);
  const length = frame.length - 20;
  const pseudo = [...frame.subarray(12, 20), 0, 6, length >> 8, length & 255];
  view.setUint16(36, naiveChecksum(pseudo, frame.subarray(20)));
}

async function openMeddled(): Promise<{ pair: VirtualPair; wire: Meddler }> {
  let wire: Meddler | undefined;
  const pair = await VirtualPair.open(undefined, (device) => wire = new Meddler(device));
  return { pair, wire: wire! };
}

Deno.test("onNotice hears of urgent data, and info() tells how much is left", async () => {
  // Goal: RFC 9293 section 3.8.5: told when the pointer comes, and again when it moves on, however long the urgent data
  // is; the bytes themselves stay in the stream.
  const { pair, wire } = await openMeddled();
  const notices: TcpNotice[] = [];
  pair.near.onNotice = (notice) => notices.push(notice);
  assertEquals(pair.near.info().urgentBytes, 0);
  wire.urgent = 300;
  await pair.far.write(new Uint8Array(100));
  await passTime(pair.clock, 100_000);
  assertEquals(notices, [{ kind: "urgent", bytes: 300 }]);
  await pair.far.write(new Uint8Array(50));
  await passTime(pair.clock, 100_000);
  assertEquals(notices.slice(1), [{ kind: "urgent", bytes: 400 }]);
  wire.urgent = 0;
  await pair.far.write(new Uint8Array(300));
  await passTime(pair.clock, 100_000);
  const target = new Uint8Array(399);
  assertEquals(await pair.run(pair.near.read(target)), 399);
  assertEquals(pair.near.info().urgentBytes, 1);
  assertEquals(await pair.run(pair.near.read(target)), 51);
  assertEquals(pair.near.info().urgentBytes, 0);
  assertEquals(notices.length, 2);
  await pair.finish();
});

Deno.test("onNotice hears of ICMP errors that do not end the connection", async () => {
  // Goal: RFC 9293 section 3.9.2.2: destination unreachable, time exceeded and parameter problem are reported, and an
  // established connection goes on.
  const { pair, wire } = await openMeddled();
  const notices: TcpNotice[] = [];
  pair.near.onNotice = (notice) => notices.push(notice);
  assertEquals(pair.near.info().softError, null);
  const complainAboutText = async (type: number, code: number) => {
    // Only what is in flight can be complained about (RFC 5927 section 4.1).
    pair.cable.isCut = true;
    await pair.near.write(Uint8Array.of(1));
    await passTime(pair.clock, 1000);
    wire.complain(type, code);
    pair.cable.isCut = false;
    await passTime(pair.clock, 2e6);
  };
  const EXPECTED = [[3, 0, "ENETUNREACH"], [3, 1, "EHOSTUNREACH"], [3, 3, "ECONNREFUSED"], [
    11,
    0,
    "EHOSTUNREACH",
  ]] as const;
  for (const [type, code, name] of EXPECTED) {
    await complainAboutText(type, code);
    assertEquals(notices.splice(0), [{ kind: "softError", code: name }], `${type}/${code}`);
    assertEquals(pair.near.info().softError, name);
  }
  pair.near.onNotice = null;
  await complainAboutText(3, 1);
  assertEquals([notices.length, pair.near.info().state], [0, "ESTABLISHED"]);
  await pair.finish();
});

Deno.test("onNotice hears of the third timeout in a row", async () => {
  // Goal: R1 of RFC 9293 section 3.8.3: the application learns of the trouble long before the connection is given up.
  const pair = await VirtualPair.open();
  const notices: TcpNotice[] = [];
  pair.near.onNotice = (notice) => notices.push(notice);
  pair.cable.isCut = true;
  await pair.near.write(Uint8Array.of(1));
  while (pair.near.info().backoffs < 2) await passTime(pair.clock, 100_000);
  assertEquals(notices, []);
  await passTime(pair.clock, 60e6);
  assertEquals(notices, [{ kind: "softError", code: "ETIMEDOUT" }]);
  assertEquals(pair.near.info().state, "ESTABLISHED");
  await pair.finish();
});

Deno.test("setDiffServ and setHopLimit are in the IP header of what is sent", async () => {
  // Goal: RFC 9293 section 3.9.1.5 and MUST-48, MUST-49: per connection, changed while it lives, passed on as they are.
  const { pair, wire } = await openMeddled();
  const sent = async () => {
    await pair.near.write(Uint8Array.of(1));
    await passTime(pair.clock, 1000);
    return [wire.last[1], wire.last[8]];
  };
  assertEquals(await sent(), [0, 64]);
  pair.near.setDiffServ(46);
  pair.near.setHopLimit(3);
  assertEquals(await sent(), [46 << 2, 3]);
  pair.near.setDiffServ(0);
  assertEquals(await sent(), [0, 3]);
  for (const value of [-1, 64, 1.5]) {
    assertThrows(() => pair.near.setDiffServ(value), RangeError, "codePoint");
  }
  for (const value of [0, 256]) {
    assertThrows(() => pair.near.setHopLimit(value), RangeError, "hops");
  }
  await pair.finish();
});

Deno.test("open({tcp}) sets both for all connections, the SYN included", async () => {
  const [near, wire] = memoryPair();
  await using net = await open({
    device: near,
    address: "10.7.0.2/24",
    tcp: { diffServ: 8, hopLimit: 1 },
  });
  const abort = new AbortController();
  const connecting = failure(() =>
    net.connect({ hostname: "10.7.0.9", port: 80, signal: abort.signal })
  );
  await drainMicrotasks();
  const memory = new Uint8Array(1500);
  assert(wire.receive(memory, 0, 1500) > 0);
  assertEquals([memory[1], memory[8]], [32, 1]);
  abort.abort();
  await connecting;
});

Deno.test("connect takes the local address that it is given, when it is the stack's", async () => {
  // Goal: RFC 9293 section 3.9.1.1, MUST-43.
  const [a, b] = memoryPair();
  await using near = await open({ device: a, address: ["10.7.0.1/24", "10.8.0.1/24"] });
  await using far = await open({ device: b, address: "10.7.0.2/24" });
  using listener = far.listen({ port: 7 });
  const where = { hostname: "10.7.0.2", port: 7 };
  const [client, server] = await Promise.all([
    near.connect({ ...where, localHostname: "10.8.0.1" }),
    listener.accept(),
  ]);
  assertEquals(server.remoteAddr.hostname, "10.8.0.1");
  client.close();
  server.close();
  await assertRejects(
    () => near.connect({ ...where, localHostname: "10.9.0.1" }),
    Deno.errors.AddrNotAvailable,
    "10.9.0.1",
  );
});

Deno.test("a connect to a broadcast or multicast address is refused before anything is sent", async () => {
  // Goal: RFC 9293 section 3.9.2.3, MUST-46; with Linux's error.
  const [near, wire] = memoryPair();
  await using net = await open({ device: near, address: "10.7.0.2/24" });
  for (const hostname of ["224.0.0.1", "239.255.255.250", "255.255.255.255", "10.7.0.255"]) {
    const { name, code } = await failure(() => net.connect({ hostname, port: 80 }));
    assertEquals([name, code], ["NetworkUnreachable", "ENETUNREACH"], hostname);
  }
  assertEquals(wire.receive(new Uint8Array(1500), 0, 1500), 0);
});
