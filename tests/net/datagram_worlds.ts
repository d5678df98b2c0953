/**
 * The places where the behaviour of UDP sockets is tried, as worlds.ts has them for connections: Deno on the kernel,
 * which is the reference, one stack that talks to itself, and two stacks on a wire.
 */

import type { MulticastV4Membership, Stack, UdpOptions } from "../../mod.ts";
import { memoryPair, open } from "../../mod.ts";
import { untilEmpty } from "./worlds.ts";

/** What is common to Deno's socket and the stack's. */
export interface AnyDatagram extends AsyncIterable<[Uint8Array<ArrayBuffer>, Deno.Addr]> {
  readonly addr: Deno.Addr;
  receive(p?: Uint8Array): Promise<[Uint8Array<ArrayBuffer>, Deno.Addr]>;
  send(p: Uint8Array, addr: Deno.Addr): Promise<number>;
  joinMulticastV4(address: string, networkInterface: string): Promise<MulticastV4Membership>;
  close(): void;
  ref(): void;
  unref(): void;
}

/** What `listenDatagram` is told in these tests. */
export interface DatagramRequest {
  readonly port?: unknown;
  readonly hostname?: string;
  readonly reuseAddress?: boolean;
}

/** A place with two hosts, which may be one. */
export interface DatagramWorld {
  /** The address of the server, on which its sockets are opened when they name none. */
  readonly address: string;
  /** The same of the client. */
  readonly clientAddress: string;
  readonly isKernel: boolean;
  server(request?: DatagramRequest): AnyDatagram;
  client(request?: DatagramRequest): AnyDatagram;
  readonly stacks: readonly Stack[];
}

type Listen = (options: never) => unknown;

function opener(listen: Listen, address: string) {
  return (request: DatagramRequest = {}) =>
    listen({ transport: "udp", hostname: address, port: 0, ...request } as never) as AnyDatagram;
}

function kernel(address: string): DatagramWorld {
  // Deno's is unstable, so its type is there only for who asks for it.
  const { listenDatagram } = Deno as unknown as { listenDatagram: Listen };
  const open = opener(listenDatagram, address);
  return {
    ...{ address, clientAddress: address, isKernel: true },
    ...{ server: open, client: open, stacks: [] },
  };
}

/** A stack that is connected to nobody. */
export function openAlone(udp?: UdpOptions): Promise<Stack> {
  return open({ device: memoryPair()[0], address: ["10.7.0.2/24", "fd07::2/64"], udp });
}

/** Two stacks on the two ends of a wire: 10.7.0.1 and 10.7.0.2, fd07::1 and fd07::2. */
export async function openTwo(udp?: UdpOptions, mtu = 65_535): Promise<[Stack, Stack]> {
  const [a, b] = memoryPair({ mtu });
  return [
    await open({ device: a, address: ["10.7.0.1/24", "fd07::1/64"], udp }),
    await open({ device: b, address: ["10.7.0.2/24", "fd07::2/64"], udp }),
  ];
}

function of(stack: Stack, address: string) {
  return opener((options) => stack.listenDatagram(options), address);
}

async function alone(address: string): Promise<DatagramWorld> {
  const stack = await openAlone();
  const open = of(stack, address);
  return {
    ...{ address, clientAddress: address, isKernel: false },
    ...{ server: open, client: open, stacks: [stack] },
  };
}

async function two(clientAddress: string, address: string): Promise<DatagramWorld> {
  const stacks = await openTwo();
  const [client, server] = [of(stacks[0], clientAddress), of(stacks[1], address)];
  return { address, clientAddress, isKernel: false, server, client, stacks };
}

const WORLDS: Readonly<Record<string, () => Promise<DatagramWorld> | DatagramWorld>> = {
  "on the kernel": () => kernel("127.0.0.1"),
  "on the kernel, by ::1": () => kernel("::1"),
  "within one stack, by 127.0.0.1": () => alone("127.0.0.1"),
  "within one stack, by its own address": () => alone("10.7.0.2"),
  "within one stack, by ::1": () => alone("::1"),
  "between two stacks": () => two("10.7.0.1", "10.7.0.2"),
  "between two stacks, over IPv6": () => two("fd07::1", "fd07::2"),
};

/** Registers a test for each world. Sockets must be closed in `body`; afterwards nothing may be left. */
export function parity(name: string, body: (world: DatagramWorld) => Promise<void>): void {
  for (const [where, make] of Object.entries(WORLDS)) {
    Deno.test(`${name} (${where})`, async () => {
      const world = await make();
      try {
        await body(world);
        for (const stack of world.stacks) {
          if (stack.sockets().length > 0) throw new Error("A socket was left open");
          await untilEmpty(stack);
        }
      } finally {
        await Promise.all(world.stacks.map((stack) => stack.close()));
      }
    });
  }
}

/** The port that a socket is bound to. */
export function portOf(socket: AnyDatagram): number {
  return (socket.addr as Deno.NetAddr).port;
}

/** Where to send to reach a socket of the server. */
export function to(world: DatagramWorld, socket: AnyDatagram): Deno.NetAddr {
  return { transport: "udp", hostname: world.address, port: portOf(socket) };
}
