import { closeFd, createEventFd, signalEventFd } from "./eventfd.ts";
import { errno, libc } from "./libc.ts";
import { PollSet } from "./poll.ts";
import { systemError } from "./system_error.ts";

const EPOLL_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 0x1;

/**
 * Tells a thread that must not block when a file descriptor becomes readable: `poll` waits on a thread
 * of Deno's pool. That costs some 27 µs for each waking, so it is for a stack that runs in the
 * application's own thread; workers block in {@link TunDevice.wait} instead.
 *
 * While it is armed it keeps the process alive.
 *
 * What waits on that thread is an epoll set with the descriptor in it, and not the descriptor: a call in
 * progress would keep the device open, and busy, for a moment after it was closed.
 */
export class ArrivalWatch {
  readonly #set: PollSet;
  readonly #epollFd: number;
  readonly #stopFd: number;
  readonly #onReadable: () => void;
  #armed = false;
  #stopped = false;

  /** Calls `onReadable` each time that `fd` becomes readable while the watch is armed. */
  constructor(fd: number, onReadable: () => void) {
    this.#epollFd = createEpollSet(fd);
    this.#stopFd = createEventFd();
    this.#set = new PollSet(this.#epollFd, this.#stopFd);
    this.#onReadable = onReadable;
  }

  /** Waits for the next arrival, if it does not wait already. */
  arm(): void {
    if (this.#armed || this.#stopped) return;
    this.#armed = true;
    libc().pollInBackground(this.#set.bytes, 2, -1).then(() => {
      this.#armed = false;
      if (this.#stopped) this.#close();
      else this.#onReadable();
    });
  }

  /** Ends the waiting; nothing is called any more. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#armed) signalEventFd(this.#stopFd);
    else this.#close();
  }

  #close(): void {
    closeFd(this.#epollFd);
    closeFd(this.#stopFd);
  }
}

/** An epoll set that is readable when `fd` is. `struct epoll_event` has 12 or 16 bytes, events first. */
function createEpollSet(fd: number): number {
  const set = libc().epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) throw systemError(errno(), "Creating an epoll set");
  const event = new Uint8Array(new Int32Array([EPOLLIN, 0, 0, 0]).buffer);
  if (libc().epoll_ctl(set, EPOLL_CTL_ADD, fd, event) === 0) return set;
  const refusal = errno();
  closeFd(set);
  throw systemError(refusal, "Adding a device to an epoll set");
}
