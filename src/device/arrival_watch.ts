import { closeFd, createEventFd, signalEventFd } from "./eventfd.ts";
import { libc } from "./libc.ts";
import { PollSet } from "./poll.ts";

/**
 * Tells a thread that must not block when a file descriptor becomes readable: `poll` waits on a thread
 * of Deno's pool. That costs some 27 µs for each waking, so it is for a stack that runs in the
 * application's own thread; workers block in {@link TunDevice.wait} instead.
 *
 * While it is armed it keeps the process alive.
 */
export class ArrivalWatch {
  readonly #set: PollSet;
  readonly #stopFd: number;
  readonly #onReadable: () => void;
  #armed = false;
  #stopped = false;

  /** Calls `onReadable` each time that `fd` becomes readable while the watch is armed. */
  constructor(fd: number, onReadable: () => void) {
    this.#stopFd = createEventFd();
    this.#set = new PollSet(fd, this.#stopFd);
    this.#onReadable = onReadable;
  }

  /** Waits for the next arrival, if it does not wait already. */
  arm(): void {
    if (this.#armed || this.#stopped) return;
    this.#armed = true;
    libc().pollInBackground(this.#set.bytes, 2, -1).then(() => {
      this.#armed = false;
      if (this.#stopped) closeFd(this.#stopFd);
      else this.#onReadable();
    });
  }

  /** Ends the waiting; nothing is called any more. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#armed) signalEventFd(this.#stopFd);
    else closeFd(this.#stopFd);
  }
}
