/**
 * Node's view of a stack: sockets and servers in the shape of `node:net`, and {@link attach}, by which servers of
 * `node:http`, `node:https`, `node:http2` and of frameworks on them take connections from a stack.
 *
 * @module
 */

import type { Stack } from "../net/stack.ts";
import { Server, type ServerOptions } from "./server.ts";
import { connectArguments, Socket } from "./socket.ts";

export { attach, type Attached } from "./attach.ts";
export type { NodeSystemError } from "./errors.ts";
export { Server, type ServerListenOptions, type ServerOptions } from "./server.ts";
export {
  type Lookup,
  Socket,
  type SocketAddress,
  type SocketConnectOptions,
  type SocketOptions,
} from "./socket.ts";

/**
 * Connects through a stack, as `net.connect` does through the kernel: by options, or by port and host, each with a
 * listener of `connect` behind it.
 */
export function connect(stack: Stack, ...args: readonly unknown[]): Socket {
  const { options } = connectArguments(args);
  return new Socket({ ...options, stack }).connect(...args);
}

/** Makes a server on a stack, as `net.createServer` does on the kernel. */
export function createServer(
  stack: Stack,
  options?: ServerOptions | ((socket: Socket) => void),
  listener?: (socket: Socket) => void,
): Server {
  if (typeof options === "function") return new Server(stack, {}, options);
  return new Server(stack, options, listener);
}
