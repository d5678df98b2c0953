/** Where a behaviour of `node:net` is tried: on the kernel, which is the reference, and on a stack. */

import { assertEquals } from "@std/assert";
import * as kernelNet from "node:net";
import type { Stack } from "../../mod.ts";
import { connect, createServer, Socket } from "../../src/node/mod.ts";
import { openAlone, untilEmpty } from "../net/worlds.ts";

/** `node:net`, or what stands for it. */
export interface Place {
  /** Where servers are reached. */
  readonly host: string;
  createServer(
    options: kernelNet.ServerOpts,
    listener?: (socket: kernelNet.Socket) => void,
  ): kernelNet.Server;
  connect(options: kernelNet.TcpNetConnectOpts, listener?: () => void): kernelNet.Socket;
  socket(options?: kernelNet.SocketConstructorOpts): kernelNet.Socket;
}

const kernel: Place = {
  host: "127.0.0.1",
  createServer: (options, listener) => kernelNet.createServer(options, listener),
  connect: (options, listener) => kernelNet.connect({ host: "127.0.0.1", ...options }, listener),
  socket: (options) => new kernelNet.Socket(options),
};

function onStack(net: Stack): Place {
  return {
    host: "10.7.0.2",
    createServer: (options, listener) =>
      createServer(net, options, listener as never) as unknown as kernelNet.Server,
    connect: (options, listener) =>
      connect(net, { host: "10.7.0.2", ...options }, listener) as unknown as kernelNet.Socket,
    socket: (options) =>
      new Socket({ ...options as object, stack: net }) as unknown as kernelNet.Socket,
  };
}

/** Runs a test in both places and demands the same result; afterwards the stack holds nothing. */
export function parity(name: string, body: (place: Place) => Promise<unknown>): void {
  Deno.test(`node: ${name}, as node:net`, async () => {
    const expected = await body(kernel);
    const net = await openAlone();
    try {
      assertEquals(await body(onStack(net)), expected);
      await untilEmpty(net);
    } finally {
      await net.close();
    }
  });
}

/** Resolves with the arguments of the next event of that name. */
export function once(
  emitter: { once(name: string, listener: (...args: unknown[]) => void): unknown },
  name: string,
): Promise<unknown[]> {
  return new Promise((resolve) => emitter.once(name, (...args: unknown[]) => resolve(args)));
}

/** A server that listens on a free port, and its port. */
export async function listening(server: kernelNet.Server, host: string): Promise<number> {
  const ready = once(server, "listening");
  server.listen(0, host);
  await ready;
  return (server.address() as kernelNet.AddressInfo).port;
}

/** What of an error a program looks at. */
export function told(error: unknown): Record<string, unknown> | null {
  if (!(error instanceof Error)) return null;
  const { code, errno, syscall } = error as NodeJS.ErrnoException;
  return { name: error.name, code, errno, syscall };
}

/** A client and a server, connected, and the server that made one of them. */
export interface Pair {
  readonly server: kernelNet.Server;
  readonly client: kernelNet.Socket;
  readonly accepted: kernelNet.Socket;
}

export async function connected(
  place: Place,
  serverOptions: kernelNet.ServerOpts = {},
  clientOptions: Partial<kernelNet.TcpNetConnectOpts> = {},
): Promise<Pair> {
  const server = place.createServer(serverOptions);
  const port = await listening(server, place.host);
  const accepting = once(server, "connection");
  const client = place.connect({ port, ...clientOptions });
  const [[accepted]] = await Promise.all([accepting, once(client, "connect")]);
  return { server, client, accepted: accepted as kernelNet.Socket };
}

/** Ends both sides and the server, and waits until they have. */
export async function ended({ server, client, accepted }: Pair): Promise<void> {
  const closing = new Promise((resolve) => server.close(resolve));
  client.destroy();
  accepted.destroy();
  await closing;
}
