// Makes one of the situations of liveness_test.ts in a process of its own, says `ready`, and then does
// nothing more: `deno run -A liveness_child.ts PLACE SITUATION`. Whether the process ends is the question.
import { memoryPair, open, type PipelineShape } from "../../mod.ts";
import type { AnyDatagram } from "./datagram_worlds.ts";
import type { AnyListener } from "./worlds.ts";

type Call = (
  listener: AnyListener,
  near: Deno.TcpConn,
  far: Deno.TcpConn,
  bind: () => AnyDatagram,
) => unknown;

const [place, situation] = Deno.args;

const byte = () => new Uint8Array(1);

/** Writes until the peer's silence stops it. */
function fill(conn: Deno.TcpConn): void {
  conn.write(new Uint8Array(1 << 20)).then(() => fill(conn), () => {});
}

const SITUATIONS: Readonly<Record<string, Call>> = {
  idle: () => {},
  accept: (listener) => listener.accept(),
  "accept, unref": (listener) => {
    listener.accept();
    listener.unref();
  },
  "unref, accept": (listener) => {
    listener.unref();
    listener.accept();
  },
  "accept, unref, ref": (listener) => {
    listener.accept();
    listener.unref();
    listener.ref();
  },
  "accept, close": (listener) => {
    listener.accept().catch(() => {});
    listener.close();
  },
  "for await": async (listener) => {
    for await (const conn of listener) conn.close();
  },
  read: (_listener, near) => near.read(byte()),
  "read, unref": (_listener, near) => {
    near.read(byte());
    near.unref();
  },
  "unref, read": (_listener, near) => {
    near.unref();
    near.read(byte());
  },
  "read, unref, ref": (_listener, near) => {
    near.read(byte());
    near.unref();
    near.ref();
  },
  "two reads, one served": async (_listener, near, far) => {
    const first = near.read(byte());
    near.read(byte());
    await far.write(byte());
    await first;
  },
  "read, served": async (_listener, near, far) => {
    const reading = near.read(byte());
    await far.write(byte());
    await reading;
  },
  "read, close": (_listener, near) => {
    near.read(byte()).catch(() => {});
    near.close();
  },
  readable: (_listener, near) => near.readable.getReader().read(),
  write: (_listener, near) => fill(near),
  "write, unref": (_listener, near) => {
    near.unref();
    fill(near);
  },
  "a socket": (_listener, _near, _far, bind) => void bind(),
  receive: (_listener, _near, _far, bind) => bind().receive(),
  "receive, unref": (_listener, _near, _far, bind) => {
    const socket = bind();
    socket.receive();
    socket.unref();
  },
  "unref, receive": (_listener, _near, _far, bind) => {
    const socket = bind();
    socket.unref();
    socket.receive();
  },
  "receive, unref, ref": (_listener, _near, _far, bind) => {
    const socket = bind();
    socket.receive();
    socket.unref();
    socket.ref();
  },
  "receive, close": (_listener, _near, _far, bind) => {
    const socket = bind();
    socket.receive().catch(() => {});
    socket.close();
  },
  "receive, sent and served": async (_listener, _near, _far, bind) => {
    const socket = bind();
    const receiving = socket.receive();
    await socket.send(byte(), socket.addr);
    await receiving;
  },
};

interface Place {
  listen(): AnyListener;
  bind(): AnyDatagram;
  connect(port: number, hostname?: string): Promise<Deno.TcpConn>;
}

async function makePlace(): Promise<Place> {
  if (place === "deno") {
    const hostname = "127.0.0.1";
    return {
      listen: () => Deno.listen({ hostname, port: 0 }),
      bind: () =>
        Deno.listenDatagram({ transport: "udp", hostname, port: 0 }) as unknown as AnyDatagram,
      connect: (port) => Deno.connect({ hostname, port }),
    };
  }
  const pipeline = place as PipelineShape;
  const net = pipeline === "inline"
    ? await open({ device: memoryPair()[0] })
    : await open({ device: `wslive${Deno.pid}`, pipeline });
  return {
    listen: () => net.listen({ port: 0 }),
    bind: () => net.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 }),
    connect: (port, hostname) => net.connect({ port, hostname }),
  };
}

const { listen, bind, connect } = await makePlace();
const listener = listen();
const [near, far] = await Promise.all([connect(listener.addr.port), listener.accept()]);
const done = situation === "connect"
  ? connect(80, "10.7.0.9") // Nobody is there.
  : SITUATIONS[situation](listener, near, far, bind);
if (situation.endsWith("served")) await done;
// Nothing is to be collected meanwhile.
Object.assign(globalThis, { kept: [listener, near, far] });
console.log("ready");
