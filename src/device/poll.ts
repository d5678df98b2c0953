import { libc } from "./libc.ts";

const POLLIN = 0x1;
/** POLLERR, POLLHUP and POLLNVAL, which are always reported: the descriptor is of no use any more. */
const POLL_BROKEN = 0x8 | 0x10 | 0x20;

/** What ended a wait. */
export const WaitOutcome = {
  /** A frame waits in the device. */
  readable: 0,
  /** The eventfd was signalled; it stays so until it is drained. */
  woken: 1,
  /** The time is over, or a signal came. */
  timeout: 2,
  /** The device is closed or its interface is gone. */
  failed: 3,
} as const;

/** One value of {@link WaitOutcome}. */
export type WaitOutcome = (typeof WaitOutcome)[keyof typeof WaitOutcome];

/**
 * Two `struct pollfd`, poll(2): a device and the eventfd that wakes its reader.
 *
 * ```text
 *   byte     0       4        6         8        12       14
 *            | fd    | events | revents | fd     | events | revents |
 *            |         device           |         eventfd           |
 * ```
 */
export class PollSet {
  /** The structures themselves, as poll takes them. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #fds: Int32Array<ArrayBuffer>;
  readonly #events: Int16Array<ArrayBuffer>;

  /** Waits for a device and for the eventfd that wakes its reader; -1 stands for none. */
  constructor(fd: number, eventFd: number) {
    const buffer = new ArrayBuffer(16);
    this.bytes = new Uint8Array(buffer);
    this.#fds = new Int32Array(buffer);
    this.#events = new Int16Array(buffer);
    this.#events[2] = POLLIN;
    this.#events[6] = POLLIN;
    this.set(fd, eventFd);
  }

  /** Names the descriptors to wait for; poll ignores negative ones. */
  set(fd: number, eventFd: number): void {
    this.#fds[0] = fd;
    this.#fds[2] = eventFd;
  }

  /**
   * Blocks this thread for at most `timeoutMs` milliseconds, without end when negative. The eventfd
   * comes first, so that a busy device cannot keep its reader from being stopped.
   */
  wait(timeoutMs: number): WaitOutcome {
    const ready = libc().poll(this.bytes, 2, timeoutMs);
    if (ready <= 0) return WaitOutcome.timeout;
    if (this.#events[7] !== 0) return WaitOutcome.woken;
    if ((this.#events[3] & POLL_BROKEN) !== 0) return WaitOutcome.failed;
    return WaitOutcome.readable;
  }
}
