import { assertEquals, assertRejects } from "@std/assert";
import {
  discardDatagrams,
  echoDatagrams,
  type ServiceSocket,
} from "../../src/services/datagram.ts";

const addr = (port: number): Deno.NetAddr => ({ transport: "udp", hostname: "10.7.0.1", port });

/** A socket that has some datagrams and is then closed, or fails. */
function socketWith(ports: readonly number[], end: Error | null = null) {
  const sent: number[] = [];
  const datagrams = ports.map((port) => [Uint8Array.of(1), addr(port)] as [Uint8Array, Deno.Addr]);
  const socket: ServiceSocket = {
    receive() {
      const next = datagrams.shift();
      return next === undefined
        ? Promise.reject(end ?? new Deno.errors.BadResource("closed"))
        : Promise.resolve(next);
    },
    send(_p, to) {
      sent.push((to as Deno.NetAddr).port);
      return sent.length === 1 ? Promise.reject(new Error("no way")) : Promise.resolve(1);
    },
    async *[Symbol.asyncIterator]() {
      while (datagrams.length > 0) yield await socket.receive();
    },
  };
  return { socket, sent };
}

Deno.test("echo: each goes back, one that cannot does no harm, answering services get none", async () => {
  // Goal: two echo services are never made to talk to each other.
  const { socket, sent } = socketWith([4000, 7, 19, 4001]);
  await echoDatagrams(socket);
  assertEquals(sent, [4000, 4001]);
});

Deno.test("discard: reads until the socket is closed, and tells of a failure", async () => {
  await discardDatagrams(socketWith([1, 2, 3]).socket);
  const failed = socketWith([1], new Error("broken")).socket;
  await assertRejects(() => discardDatagrams(failed), Error, "broken");
});
