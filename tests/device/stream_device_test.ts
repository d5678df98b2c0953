import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { type Device, SendOutcome } from "../../src/device/device.ts";
import { streamDevice, webSocketDevice } from "../../src/device/stream_device.ts";
import { open } from "../../mod.ts";
import { exchangeSeeded } from "../support/payload.ts";
import { numberedFrame, receiveFrame, sendFrame } from "./frames.ts";

const SEED = 0x57e;

/** A pipe whose far end is the test: what is written comes out of `sent`, what `feed` is given is read. */
function pipe() {
  let feeder!: ReadableStreamDefaultController<Uint8Array>;
  const sent: number[] = [];
  const readable = new ReadableStream<Uint8Array>({
    start: (controller) => {
      feeder = controller;
    },
  });
  const writable = new WritableStream<Uint8Array>({
    write: (chunk) => {
      sent.push(...chunk);
    },
  });
  return {
    readable,
    writable,
    sent,
    feed: (bytes: number[]) => feeder.enqueue(Uint8Array.from(bytes)),
    end: () => feeder.close(),
  };
}

/** One turn of the event loop. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("stream device: frames go behind their length, gathered from their pieces", async () => {
  const { sent, ...streams } = pipe();
  const device = streamDevice(streams);
  const memory = Uint8Array.of(1, 2, 3, 4, 5, 6, 7);
  assertEquals(device.send(memory, Int32Array.of(1, 2, 5, 1), 2), SendOutcome.sent);
  assertEquals(device.send(memory, Int32Array.of(0, 1), 1), SendOutcome.sent);
  await turn();
  assertEquals(sent, [0, 0, 0, 3, 2, 3, 6, 0, 0, 0, 1, 1]);
  device.close();
});

Deno.test("stream device: frames come out whole, wherever the stream is cut", async () => {
  // Goal: chunks end within lengths, within frames, and hold many of them.
  const random = new SeededRandom(SEED);
  const frames = Array.from(
    { length: 200 },
    () => Uint8Array.from({ length: random.integer(1, 1500) }, () => random.uint32() & 255),
  );
  const bytes = frames.flatMap((frame) => [0, 0, frame.length >> 8, frame.length & 255, ...frame]);
  const { feed, end, ...streams } = pipe();
  const device = streamDevice(streams, { queueFrames: 3 });
  for (let at = 0; at < bytes.length;) {
    const length = random.integer(1, 4000);
    feed(bytes.slice(at, at + length));
    at += length;
  }
  end();
  // The queue of three is filled again and again: the rest waits in the stream, and nothing is lost.
  for (const frame of frames) {
    let received = receiveFrame(device);
    for (let i = 0; received === null && i < 100; i++) {
      await turn();
      received = receiveFrame(device);
    }
    assertEquals(received, frame, `seed ${SEED}`);
  }
  await device.closed;
  assertEquals(receiveFrame(device), null);
});

Deno.test("stream device: onArrival is called for the first frame of an empty queue", async () => {
  const { feed, ...streams } = pipe();
  const device = streamDevice(streams);
  let calls = 0;
  device.onArrival = () => calls++;
  assertEquals(device.nextArrival(), Infinity);
  feed([0, 0, 0, 1, 9, 0, 0, 0, 1, 8]);
  await turn();
  assertEquals([calls, device.nextArrival()], [1, 0]);
  device.close();
});

Deno.test("stream device: what is no frame ends it with an error that says why", async () => {
  for (
    const [bytes, words] of [[[0, 0, 0, 0], "0 is no length"], [
      [0, 1, 0, 0],
      "65536 is no length",
    ]] as const
  ) {
    const { feed, ...streams } = pipe();
    const device = streamDevice(streams);
    feed([...bytes]);
    await assertRejects(() => device.closed, TypeError, words);
    assertEquals(sendFrame(device, numberedFrame(1)), SendOutcome.refused);
  }
  const { feed, end, ...streams } = pipe();
  const device = streamDevice(streams);
  feed([0, 0, 0, 5, 1, 2]);
  end();
  await assertRejects(() => device.closed, TypeError, "within a frame");
});

Deno.test("stream device: what the stream does not take is lost beyond the queue", () => {
  const readable = new ReadableStream<Uint8Array>();
  const writable = new WritableStream<Uint8Array>({ write: () => new Promise(() => {}) });
  const device = streamDevice({ readable, writable }, { mtu: 600, sendQueueBytes: 1300 });
  const frame = new Uint8Array(600);
  const outcomes = [1, 2, 3].map(() => sendFrame(device, frame));
  assertEquals(outcomes, [SendOutcome.sent, SendOutcome.sent, SendOutcome.queueFull]);
  assertEquals(sendFrame(device, new Uint8Array(601)), SendOutcome.refused);
});

Deno.test("stream device: impossible options are refused by name", () => {
  const cases = [{ mtu: 575 }, { mtu: 65_536 }, { queueFrames: 0 }, { sendQueueBytes: 100 }];
  for (const options of cases) {
    const [name] = Object.keys(options);
    assertThrows(() => streamDevice(pipe(), options), RangeError, name);
  }
});

/** Has a stack on `device` send a megabyte to the other end's echo, and compare. */
async function echoThrough(device: Device): Promise<void> {
  await using net = await open({ device, address: "10.7.0.1/24" });
  const conn = await net.connect({ hostname: "10.7.0.2", port: 7 });
  const payload = { seed: SEED, length: 1 << 20 };
  await exchangeSeeded(conn, payload, payload);
  conn.close();
}

function child(mode: string): Deno.ChildProcess {
  const script = new URL("stream_child.ts", import.meta.url);
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-ffi", "--allow-net=127.0.0.1", script.pathname, mode],
    stdin: mode === "stdio" ? "piped" : "null",
    stdout: "piped",
  }).spawn();
}

Deno.test("stream device: two stacks in two processes, over pipes", async () => {
  const process = child("stdio");
  const device = streamDevice({ readable: process.stdout, writable: process.stdin });
  await echoThrough(device);
  assert((await process.status).success);
});

Deno.test("websocket device: two stacks in two processes", async () => {
  const process = child("websocket");
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  const socket = new WebSocket(`ws://127.0.0.1:${new TextDecoder().decode(value).trim()}`);
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  const device = webSocketDevice(socket);
  await echoThrough(device);
  await device.closed;
  await reader.cancel();
  assert((await process.status).success);
  assertEquals([device.framesLost, sendFrame(device, numberedFrame(1))], [0, SendOutcome.refused]);
});
