// Makes one of the situations of process_test.ts in a process of its own and lets it end as it will:
// `deno run -A process_child.ts PLACE SITUATION`.
import { memoryPair, open } from "../../../mod.ts";
import type { AnyListener } from "../worlds.ts";

interface Place {
  listen(port: number): AnyListener;
  connect(port: number, signal?: AbortSignal): Promise<Deno.TcpConn>;
}

type Situation = (place: Place) => unknown;

const [where, situation] = Deno.args;
const byte = () => new Uint8Array(1);

async function pair({ listen, connect }: Place): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  using listener = listen(0);
  return await Promise.all([connect(listener.addr.port), listener.accept()]);
}

const SITUATIONS: Readonly<Record<string, Situation>> = {
  "read interrupted": async (place) => {
    const [client] = await pair(place);
    client.read(byte());
    client.close();
  },
  "read after close": async (place) => {
    const [client] = await pair(place);
    client.close();
    client.read(byte());
  },
  "write after closeWrite": async (place) => {
    const [client] = await pair(place);
    await client.closeWrite();
    client.write(byte());
  },
  "accept interrupted": ({ listen }) => {
    const listener = listen(0);
    listener.accept();
    listener.close();
  },
  "loop interrupted": ({ listen }) => {
    const listener = listen(0);
    (async () => {
      for await (const conn of listener) conn.close();
    })();
    listener.close();
  },
  "connect refused": ({ listen, connect }) => {
    const listener = listen(0);
    listener.close();
    connect(listener.addr.port);
  },
  "connect aborted": ({ listen, connect }) => {
    connect(listen(0).addr.port, AbortSignal.abort());
  },
  "listen in use": ({ listen }) => listen(listen(0).addr.port),
  "listen out of range": ({ listen }) => listen(65_536),
  "closed twice": async (place) => {
    const [client] = await pair(place);
    client.close();
    client.close();
  },
  "stream fails": async (place) => {
    const [client, server] = await pair(place);
    client.close();
    server.readable.pipeTo(new WritableStream()).then(() => console.log("piped"));
    new Blob(["x"]).stream().pipeTo(client.writable);
  },
  "cancel with a read": async (place) => {
    const [client] = await pair(place);
    const reader = client.readable.getReader();
    reader.read();
    await reader.cancel("enough");
  },
  "listener unreferenced": ({ listen }) => {
    const listener = listen(0);
    listener.unref();
    listener.accept();
  },
  "connection left open": async (place) => {
    Object.assign(globalThis, { kept: await pair(place) });
  },
  "read unreferenced": async (place) => {
    const [client, server] = await pair(place);
    client.unref();
    client.read(byte());
    Object.assign(globalThis, { kept: [client, server] });
  },
};

async function makePlace(): Promise<Place> {
  if (where === "kernel") {
    const hostname = "127.0.0.1";
    return {
      listen: (port) => Deno.listen({ hostname, port }),
      connect: (port, signal) => Deno.connect({ hostname, port, signal }),
    };
  }
  const net = await open({ device: memoryPair()[0] });
  return {
    listen: (port) => net.listen({ port }),
    connect: (port, signal) => net.connect({ port, signal }),
  };
}

const place = await makePlace();
await SITUATIONS[situation](place);
