import type { EventEmitter } from "node:events";
import { Server as HttpServer } from "node:http";
import type { Stack } from "../net/stack.ts";
import { Server, type ServerListenOptions } from "./server.ts";

/** What {@link attach} gives back. */
export interface Attached extends AsyncDisposable {
  /** The listening server whose connections the attached one gets. */
  readonly server: Server;
  /** Accepts no more; resolves when every connection has ended. */
  close(): Promise<void>;
}

/**
 * Has a server of `node:http`, `node:https`, `node:http2`, `node:tls` or `node:net` take its connections from a stack
 * instead of the kernel: it listens there, and each connection is given to the server as its `connection` event.
 *
 * The server must not listen itself. Throws what `Stack.listen` throws.
 */
export function attach(
  target: EventEmitter,
  stack: Stack,
  options: ServerListenOptions,
): Attached {
  // As Node's own: HTTP/1 answers a client that has ended its side, everything else ends with it.
  const server = new Server(stack, { noDelay: true, allowHalfOpen: target instanceof HttpServer });
  server.on("connection", (socket) => target.emit("connection", socket));
  server.on("error", (error) => target.emit("error", error));
  // An HTTP server keeps a connection for further requests only while it believes that it listens.
  Object.defineProperty(target, "listening", { value: true, configurable: true, writable: true });
  Object.defineProperty(target, "address", { value: () => server.address(), configurable: true });
  server.listen(options);
  // It starts the timers of slow headers and requests.
  target.emit("listening");
  const close = () =>
    new Promise<void>((resolve) => {
      Object.defineProperty(target, "listening", {
        value: false,
        configurable: true,
        writable: true,
      });
      const idle = target as EventEmitter & { closeIdleConnections?: () => void };
      server.close(() => resolve());
      idle.closeIdleConnections?.();
    });
  return { server, close, [Symbol.asyncDispose]: close };
}
