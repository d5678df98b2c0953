import {
  closeSocket,
  closeWrite,
  connectSocket,
  Epoll,
  EPOLLIN,
  EPOLLOUT,
  MSG_DONTWAIT,
  receive,
  send,
} from "./libc.ts";
import { CHARGEN_PORT, DISCARD_PORT } from "./loads.ts";

/** What a load has moved. */
export interface Moved {
  readonly seconds: number;
  readonly bytes: number;
}

/** Where a load goes and when it ends: at whichever limit comes first. */
export interface Bounds {
  readonly host: string;
  readonly connections: number;
  readonly secondsMax: number;
  readonly bytesMax: number;
}

/** Large enough that calls do not count, small enough for the second-level cache. */
const CHUNK_BYTES = 262144;
const chunk = new Uint8Array(CHUNK_BYTES);

/**
 * Sends to the discard service, closes its direction and waits until the server has done the same. The
 * server does so when it has read everything, so all the bytes have arrived within the time given.
 */
export function bulkIn(bounds: Bounds): Moved {
  const sockets = open(bounds, DISCARD_PORT);
  const start = performance.now();
  const deadline = start + bounds.secondsMax * 1000;
  const bytes = sockets.length === 1
    ? sendToOne(sockets[0], deadline, bounds.bytesMax)
    : sendToMany(sockets, deadline, bounds.bytesMax);
  for (const fd of sockets) closeWrite(fd);
  for (const fd of sockets) {
    if (receive(fd, chunk, CHUNK_BYTES, 0) !== 0) throw new Error("the discard service answered");
  }
  const seconds = (performance.now() - start) / 1000;
  for (const fd of sockets) closeSocket(fd);
  return { seconds, bytes };
}

/** Reads from the chargen service. */
export function bulkOut(bounds: Bounds): Moved {
  const sockets = open(bounds, CHARGEN_PORT);
  const start = performance.now();
  const deadline = start + bounds.secondsMax * 1000;
  const bytes = sockets.length === 1
    ? receiveFromOne(sockets[0], deadline, bounds.bytesMax)
    : receiveFromMany(sockets, deadline, bounds.bytesMax);
  const seconds = (performance.now() - start) / 1000;
  for (const fd of sockets) closeSocket(fd);
  return { seconds, bytes };
}

function open(bounds: Bounds, port: number): number[] {
  return Array.from({ length: bounds.connections }, () => connectSocket(bounds.host, port));
}

function sendToOne(fd: number, deadline: number, bytesMax: number): number {
  let bytes = 0;
  while (bytes < bytesMax && performance.now() < deadline) bytes += send(fd, chunk, CHUNK_BYTES, 0);
  return bytes;
}

function receiveFromOne(fd: number, deadline: number, bytesMax: number): number {
  let bytes = 0;
  while (bytes < bytesMax && performance.now() < deadline) {
    const length = receive(fd, chunk, CHUNK_BYTES, 0);
    if (length === 0) throw new Error("the chargen service ended");
    bytes += length;
  }
  return bytes;
}

function sendToMany(sockets: number[], deadline: number, bytesMax: number): number {
  const epoll = new Epoll(sockets.length);
  sockets.forEach((fd, i) => epoll.add(fd, EPOLLOUT, i));
  let bytes = 0;
  while (bytes < bytesMax && performance.now() < deadline) {
    const count = epoll.wait();
    for (let i = 0; i < count; i++) {
      const sent = send(sockets[epoll.index(i)], chunk, CHUNK_BYTES, MSG_DONTWAIT);
      if (sent > 0) bytes += sent;
    }
  }
  epoll.close();
  return bytes;
}

function receiveFromMany(sockets: number[], deadline: number, bytesMax: number): number {
  const epoll = new Epoll(sockets.length);
  sockets.forEach((fd, i) => epoll.add(fd, EPOLLIN, i));
  let bytes = 0;
  while (bytes < bytesMax && performance.now() < deadline) {
    const count = epoll.wait();
    for (let i = 0; i < count; i++) {
      const length = receive(sockets[epoll.index(i)], chunk, CHUNK_BYTES, MSG_DONTWAIT);
      if (length === 0) throw new Error("the chargen service ended");
      if (length > 0) bytes += length;
    }
  }
  epoll.close();
  return bytes;
}
