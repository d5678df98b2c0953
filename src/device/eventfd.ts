import { errno, libc } from "./libc.ts";
import { systemError } from "./system_error.ts";

const EFD_CLOEXEC = 0x80000;
const EFD_NONBLOCK = 0x800;

/** An eventfd counts in native byte order; the one is written for both. */
const one: Uint8Array<ArrayBuffer> = new Uint8Array(new BigUint64Array([1n]).buffer);
const scratch = new Uint8Array(new ArrayBuffer(8));

/**
 * Creates an eventfd: a file descriptor that one thread signals and that another waits for in
 * {@link TunDevice.wait}. The number is valid in every thread of the process. Close it with
 * {@link closeFd}.
 */
export function createEventFd(): number {
  const fd = libc().eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw systemError(errno(), "Creating an eventfd");
  return fd;
}

/** Wakes whoever waits for this eventfd; it stays signalled until it is drained. */
export function signalEventFd(fd: number): void {
  // The only failure of a valid eventfd is a counter at its maximum, which is as signalled as can be.
  libc().write(fd, one, 8);
}

/** Makes an eventfd quiet again. Returns whether it was signalled. */
export function drainEventFd(fd: number): boolean {
  return libc().read(fd, scratch, 8) === 8;
}

/** Closes any file descriptor. */
export function closeFd(fd: number): void {
  libc().close(fd);
}
