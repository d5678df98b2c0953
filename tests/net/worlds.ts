/**
 * The places where a behaviour of the API is tried: Deno on the kernel, which is the reference, one
 * stack that talks to itself, and two stacks on a wire. A test that passes in all of them says that
 * a program sees no difference.
 */

import { createServer, type Socket } from "node:net";
import {
  type ConnectOptions,
  type ListenOptions,
  memoryPair,
  open,
  type Stack,
  type TcpConn,
  type TcpOptions,
} from "../../mod.ts";

/** What is common to `Deno.listen`'s listener and the stack's. */
export interface AnyListener extends AsyncIterable<Deno.TcpConn>, Disposable {
  readonly addr: Deno.NetAddr;
  accept(): Promise<Deno.TcpConn>;
  close(): void;
  ref(): void;
  unref(): void;
}

/** What `listen` is told in these tests. */
export interface ListenRequest {
  readonly port: number;
  readonly hostname?: string;
  readonly tcpBacklog?: number;
}

/** What `connect` is told in these tests. */
export interface ConnectRequest {
  readonly port: number;
  readonly hostname?: string;
  readonly signal?: AbortSignal;
}

/** The calls themselves, which take anything, as they do for programs without types. */
export interface RawCalls {
  listen(options: unknown): AnyListener;
  connect(options: unknown): Promise<Deno.TcpConn>;
}

/** One end of a connection, and what the other end does to it. */
export interface Resettable extends Disposable {
  readonly conn: Deno.TcpConn;
  /** Sends bytes to `conn`; resolves when they have arrived. */
  send(bytes: Uint8Array): Promise<void>;
  /** Ends the connection with an RST, and with no FIN before it; resolves when it has arrived. */
  reset(): Promise<void>;
}

/** A place where connections are made. */
export interface World {
  /** The address on which servers listen and to which clients connect, when they name none. */
  readonly address: string;
  listen(request: ListenRequest): AnyListener;
  connect(request: ConnectRequest): Promise<Deno.TcpConn>;
  /** The same without the world's address: what is not given is not there. */
  readonly raw: RawCalls;
  /** A connection whose other end can reset it at will. */
  resettable(): Promise<Resettable>;
  /** The stacks; none on the kernel. */
  readonly stacks: readonly Stack[];
}

/** Turns of the event loop that connections get to end in, 1 ms or more each. */
const SETTLE_TURNS = 1000;

/** One turn of the event loop: everything that is ready now happens before. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Turns the event loop until `condition` holds; throws `what` when it never does. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < SETTLE_TURNS; i++) {
    if (condition()) return;
    await turn();
  }
  throw new Error(`It never came true that ${what}`);
}

/** Waits until the stack holds no connection and no byte of anybody's data; throws when it never does. */
export async function untilEmpty(stack: Stack): Promise<void> {
  const isEmpty = () => {
    const { sendBytes, receiveBytes } = stack.stats().memory;
    return sendBytes === 0 && receiveBytes === 0 && stack.connections().length === 0;
  };
  for (let i = 0; i < SETTLE_TURNS && !isEmpty(); i++) await turn();
  if (isEmpty()) return;
  throw new Error(
    `The stack still holds ${JSON.stringify(stack.stats().memory)} and ` +
      JSON.stringify(
        stack.connections().map(({ state, localAddr, remoteAddr }) =>
          `${localAddr.port} ${remoteAddr.port} ${state}`
        ),
      ),
  );
}

/** Deno has no call that resets a connection, but its `node:net` has. */
async function resettableOnKernel(): Promise<Resettable> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const { port } = server.address() as { port: number };
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const socket = await accepted;
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return {
    conn,
    send: (bytes) => new Promise((resolve) => socket.write(bytes, () => resolve())),
    reset() {
      socket.resetAndDestroy();
      return closed;
    },
    [Symbol.dispose]() {
      conn[Symbol.dispose]();
      socket.destroy();
      server.close();
    },
  };
}

/** Whether the connection has ended, be it that its streams have closed it already. */
function isOver(conn: TcpConn): boolean {
  try {
    return conn.info().state === "CLOSED";
  } catch (error) {
    if (error instanceof Deno.errors.BadResource) return true;
    throw error;
  }
}

async function resettableOnStack(world: Pick<World, "listen" | "connect">): Promise<Resettable> {
  using listener = world.listen({ port: 0 });
  const [conn, peer] = await Promise.all([
    world.connect({ port: listener.addr.port }) as Promise<TcpConn>,
    listener.accept() as Promise<TcpConn>,
  ]);
  let sent = 0;
  return {
    conn,
    async send(bytes) {
      sent += await peer.write(bytes);
      await until(() => conn.info().bytesReceived === sent, `${sent} bytes have arrived`);
    },
    async reset() {
      peer.abort();
      await until(() => isOver(conn), "the reset has arrived");
    },
    [Symbol.dispose]() {
      conn[Symbol.dispose]();
      peer[Symbol.dispose]();
    },
  };
}

const kernel: World = {
  address: "127.0.0.1",
  listen: (request) => Deno.listen({ hostname: "127.0.0.1", ...request }),
  connect: (request) => Deno.connect({ hostname: "127.0.0.1", ...request }),
  raw: {
    listen: (options) => Deno.listen(options as Deno.TcpListenOptions),
    connect: (options) => Deno.connect(options as Deno.ConnectOptions),
  },
  resettable: resettableOnKernel,
  stacks: [],
};

/** A stack that is connected to nothing. */
export function openAlone(tcp?: TcpOptions): Promise<Stack> {
  return open({ device: memoryPair()[0], address: ["10.7.0.2/24", "fd07::2/64"], tcp });
}

/** Two stacks on the two ends of a wire: 10.7.0.1 and 10.7.0.2, fd07::1 and fd07::2. */
export async function openTwo(tcp?: TcpOptions): Promise<[Stack, Stack]> {
  const [a, b] = memoryPair();
  return [
    await open({ device: a, address: ["10.7.0.1/24", "fd07::1/64"], tcp }),
    await open({ device: b, address: ["10.7.0.2/24", "fd07::2/64"], tcp }),
  ];
}

function rawCalls(client: Stack, server: Stack): RawCalls {
  return {
    listen: (options) => server.listen(options as ListenOptions),
    connect: (options) => client.connect(options as ConnectOptions),
  };
}

async function loopback(address: string): Promise<World> {
  const stack = await openAlone();
  const listen = (request: ListenRequest) => stack.listen({ hostname: address, ...request });
  const connect = (request: ConnectRequest) => stack.connect({ hostname: address, ...request });
  const resettable = () => resettableOnStack({ listen, connect });
  const raw = rawCalls(stack, stack);
  return { address, listen, connect, raw, resettable, stacks: [stack] };
}

async function twoStacks(address: string): Promise<World> {
  const [client, server] = await openTwo();
  const listen = (request: ListenRequest) => server.listen({ hostname: address, ...request });
  const connect = (request: ConnectRequest) => client.connect({ hostname: address, ...request });
  const resettable = () => resettableOnStack({ listen, connect });
  const raw = rawCalls(client, server);
  return { address, listen, connect, raw, resettable, stacks: [client, server] };
}

const WORLDS: Readonly<Record<string, () => Promise<World>>> = {
  "on the kernel": () => Promise.resolve(kernel),
  "within one stack, by 127.0.0.1": () => loopback("127.0.0.1"),
  "within one stack, by its own address": () => loopback("10.7.0.2"),
  "within one stack, by ::1": () => loopback("::1"),
  "within one stack, by its own address of IPv6": () => loopback("fd07::2"),
  "between two stacks": () => twoStacks("10.7.0.2"),
  "between two stacks, over IPv6": () => twoStacks("fd07::2"),
};

/** The reference, and what is compared with it where one place is enough. */
export const worlds: Readonly<Record<"kernel" | "stack", () => Promise<World>>> = {
  kernel: () => Promise.resolve(kernel),
  stack: () => twoStacks("10.7.0.2"),
};

/** Registers a test for each world. Connections must be closed in `body`; afterwards nothing may be left. */
export function parity(name: string, body: (world: World) => Promise<void>): void {
  for (const [where, make] of Object.entries(WORLDS)) {
    Deno.test(`${name} (${where})`, async () => {
      const world = await make();
      try {
        await body(world);
        for (const stack of world.stacks) await untilEmpty(stack);
      } finally {
        await Promise.all(world.stacks.map((stack) => stack.close()));
      }
    });
  }
}

/** Both ends of a connection. They are closed at the end of the scope, if nobody did so before. */
export interface Pair extends Disposable {
  readonly client: Deno.TcpConn;
  readonly server: Deno.TcpConn;
}

/** A connection in this world; its listener is gone already. */
export async function connected(world: World): Promise<Pair> {
  using listener = world.listen({ port: 0 });
  const [client, server] = await Promise.all([
    world.connect({ port: listener.addr.port }),
    listener.accept(),
  ]);
  return {
    client,
    server,
    [Symbol.dispose]() {
      client[Symbol.dispose]();
      server[Symbol.dispose]();
    },
  };
}

/** Reads until the end of the stream. */
export async function readAll(conn: Deno.TcpConn): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) break;
    parts.push(buffer.slice(0, count));
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

/** The bytes of a text. */
export function bytes(words: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(words);
}

/** The text of bytes. */
export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

/** Writes all of it. */
export async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
}

/** An error as a test compares it. */
export interface Failure {
  readonly name: string;
  readonly code: unknown;
  readonly message: string;
}

/** How a call failed; throws when it did not. */
export async function failure(call: () => unknown): Promise<Failure> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = "code" in error ? error.code : undefined;
    return { name: error.name, code, message: error.message };
  }
  throw new Error("The call did not fail");
}

/** Name and code of how a call failed: of a message that has the address in it, Deno's has not. */
export async function failed(call: () => unknown): Promise<unknown[]> {
  const { name, code } = await failure(call);
  return [name, code];
}

/** Lets everything happen that is under way. */
export async function settled(): Promise<void> {
  for (let i = 0; i < PENDING_TURNS; i++) await turn();
}

/** Whether a promise is still pending after everything that is under way has happened. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  const note = () => void (pending = false);
  promise.then(note, note);
  for (let i = 0; i < PENDING_TURNS && pending; i++) await turn();
  return pending;
}

/** Longer than a delayed ACK, the slowest thing that happens by itself on an undisturbed connection. */
const PENDING_TURNS = 60;
