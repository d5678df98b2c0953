// A stack in a process of its own that echoes on port 7, behind its standard input and output (`stdio`) or behind a
// WebSocket server on loopback, whose port it prints (`websocket`).
import { type Device, open, streamDevice, webSocketDevice } from "../../mod.ts";

async function serve(device: Device, closed: Promise<void>): Promise<void> {
  await using net = await open({ device, address: "10.7.0.2/24" });
  const listener = net.listen({ port: 7 });
  (async () => {
    for await (const conn of listener) conn.readable.pipeTo(conn.writable).catch(() => {});
  })();
  await closed;
}

if (Deno.args[0] === "stdio") {
  const { readable } = Deno.stdin;
  const { writable } = Deno.stdout;
  const device = streamDevice({ readable, writable });
  await serve(device, device.closed);
} else {
  const stop = new AbortController();
  const onListen = ({ port }: Deno.NetAddr) => console.log(port);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen },
    (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.addEventListener("open", async () => {
        const device = webSocketDevice(socket);
        await serve(device, device.closed);
        stop.abort();
      });
      return response;
    },
  );
  await server.finished;
}
