/**
 * What stands behind a proxy in the tests: HTTP on 8080 (`/N` gives N bytes, a POST tells how many it got), a port that
 * resets what it accepts (7001), one that answers when the client has ended its side (7002), and one that never reads
 * (7003). Over UDP, at the address that is given: one that gives datagrams back (7004), one for which another address
 * answers first (7005), and a name server that knows no answers (53). Prints a line when all are there.
 */
import { createServer } from "node:net";

const encoder = new TextEncoder();

Deno.serve({ hostname: "0.0.0.0", port: 8080, onListen: () => {} }, async (request) => {
  if (request.method === "POST") {
    let total = 0;
    for await (const chunk of request.body ?? []) total += chunk.length;
    return new Response(`${total}\n`);
  }
  const length = Number(new URL(request.url).pathname.slice(1));
  return new Response(new Uint8Array(length).fill(0x77));
});

await new Promise<void>((resolve) => {
  createServer((socket) => {
    socket.once("data", () => socket.resetAndDestroy());
    socket.on("error", () => {});
  }).listen(7001, "0.0.0.0", resolve);
});

async function countAndAnswer(conn: Deno.TcpConn): Promise<void> {
  let total = 0;
  const buffer = new Uint8Array(65_536);
  for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
    total += count;
  }
  await conn.write(encoder.encode(`after the end: ${total}\n`));
  conn.close();
}

async function serve(port: number, handle: (conn: Deno.TcpConn) => void): Promise<void> {
  for await (const conn of Deno.listen({ hostname: "0.0.0.0", port })) handle(conn);
}

const held: Deno.TcpConn[] = [];
serve(7002, (conn) => countAndAnswer(conn).catch(() => {}));
serve(7003, (conn) => held.push(conn));

const [address, stranger] = Deno.args;

async function answer(
  port: number,
  with_: (payload: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
  first?: Deno.DatagramConn,
): Promise<void> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: address, port });
  for await (const [payload, from] of socket) {
    await first?.send(encoder.encode("not for you\n"), from);
    await socket.send(with_(payload), from);
  }
}

const other = Deno.listenDatagram({ transport: "udp", hostname: stranger, port: 7005 });
answer(7004, (payload) => payload);
answer(7005, (payload) => payload, other);
answer(53, (question) => {
  const reply = question.slice();
  reply[2] |= 0x80; // It is a response (RFC 1035 section 4.1.1).
  return reply;
});
console.log("ready");
