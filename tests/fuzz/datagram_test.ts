// Random traffic between the sockets of two stacks: what arrives is what was sent, in order, and all memory comes back.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import type { DatagramConn } from "../../mod.ts";
import { openTwo } from "../net/datagram_worlds.ts";
import { turn, until } from "../net/worlds.ts";

// WOSHOU_LONG=1 runs twenty times as many steps; WOSHOU_SEED=n repeats a run.
const STEPS = Deno.env.get("WOSHOU_LONG") === "1" ? 40_000 : 2000;
const SEED = Number(Deno.env.get("WOSHOU_SEED") ?? 0x0dd);
const PORTS = 4;
const LENGTH_MAX = 9000;

/** A payload that tells its number, its length and whether it is whole. */
function payloadOf(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(8 + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, number);
  view.setUint32(4, length);
  for (let i = 0; i < length; i++) bytes[8 + i] = number + i * 3;
  return bytes;
}

function numberOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const number = view.getUint32(0);
  assertEquals(bytes, payloadOf(number, view.getUint32(4)));
  return number;
}

/** One end: a socket that is replaced now and then, and the last number that each source has sent it. */
interface End {
  socket: DatagramConn;
  seen: Map<string, number>;
  receiving: Promise<void>;
}

Deno.test(`fuzz: ${STEPS} random steps of sockets that send, receive, and are replaced`, async () => {
  // Goal: no datagram twice, none garbled, none overtaken; nothing kept when all sockets are closed.
  const random = new SeededRandom(SEED);
  const stacks = await openTwo({ receiveBufferBytes: 65_536, sendBufferBytes: 32_768 }, 9500);
  let received = 0;
  const open = (stack: number, index: number): End => {
    const hostname = ["0.0.0.0", "::", `10.7.0.${stack + 1}`, `fd07::${stack + 1}`][index];
    const socket = stacks[stack].listenDatagram({ transport: "udp", hostname, port: 1000 + index });
    const end: End = { socket, seen: new Map(), receiving: Promise.resolve() };
    end.receiving = (async () => {
      for await (const [bytes, from] of socket) {
        const source = `${from.hostname} ${from.port}`;
        const number = numberOf(bytes);
        assert(number > (end.seen.get(source) ?? -1), `${source}: ${number}, seed ${SEED}`);
        end.seen.set(source, number);
        received++;
        if (random.integer(0, 30) === 0) await turn();
      }
    })();
    return end;
  };
  const ends = stacks.map((_, stack) => Array.from({ length: PORTS }, (_, i) => open(stack, i)));
  let sends: Promise<unknown>[] = [];
  for (let step = 0; step < STEPS; step++) {
    const [stack, index, to] = [random.integer(0, 1), random.integer(0, 3), random.integer(0, 3)];
    const isToSelf = random.integer(0, 4) === 0;
    const peer = (isToSelf ? stack : 1 - stack) + 1;
    const isIpv6 = index === 3 || (index === 1 && random.integer(0, 1) === 0);
    const hostname = isIpv6 ? `fd07::${peer}` : `10.7.0.${peer}`;
    const { socket } = ends[stack][index];
    const length = random.integer(0, 3) === 0
      ? random.integer(0, LENGTH_MAX)
      : random.integer(0, 99);
    const sending = socket.send(payloadOf(step, length), {
      transport: "udp",
      hostname,
      port: 1000 + to,
    });
    sends.push(
      sending.catch((error) => assert(error instanceof Deno.errors.Interrupted, `${error}`)),
    );
    if (random.integer(0, 50) === 0) {
      socket.close();
      await ends[stack][index].receiving;
      ends[stack][index] = open(stack, index);
    }
    if (random.integer(0, 20) === 0) {
      await Promise.all(sends);
      sends = [];
    }
  }
  await Promise.all(sends);
  for (const { socket } of ends.flat()) socket.close();
  await Promise.all(ends.flat().map(({ receiving }) => receiving));
  assert(received > STEPS / 4, `${received} of ${STEPS} arrived, seed ${SEED}`);
  for (const stack of stacks) {
    const { memory } = stack.stats();
    await until(() => {
      const now = stack.stats();
      return now.memory.receiveBytes + now.memory.sendBytes + now.counters.datagramSocketsNow === 0;
    }, `all memory is back: ${JSON.stringify(memory)}`);
    await stack.close();
  }
});
