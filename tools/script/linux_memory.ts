/**
 * System calls of Linux by number, on memory that threads share.
 *
 * A script plays in one thread, and its calls are made in a second one, so that a call that blocks holds up
 * nothing. Both have the same view of this memory:
 *
 * ```text
 *   byte 0       64                        128                      4096
 *        | state | number, six parameters  | result, error number   | what calls point to ...
 * ```
 */

import { errno, libc } from "../../src/device/libc.ts";

/** Numbers of system calls on x86-64, the one machine that scripts can be played on. */
export const NUMBERS = {
  read: 0,
  write: 1,
  open: 2,
  close: 3,
  poll: 7,
  ioctl: 16,
  readv: 19,
  writev: 20,
  dup: 32,
  sendfile: 40,
  socket: 41,
  connect: 42,
  accept: 43,
  sendto: 44,
  recvfrom: 45,
  sendmsg: 46,
  recvmsg: 47,
  shutdown: 48,
  bind: 49,
  listen: 50,
  getsockname: 51,
  getpeername: 52,
  setsockopt: 54,
  getsockopt: 55,
  fcntl: 72,
  epoll_wait: 232,
  epoll_ctl: 233,
  ppoll: 271,
  unshare: 272,
  splice: 275,
  accept4: 288,
  epoll_create1: 291,
  pipe2: 293,
  setns: 308,
} as const;

/** CLONE_NEWNET: a network namespace for the calling thread alone. */
export const NEW_NETWORK = 0x4000_0000;

const STATE = 0;
/** What the word at the beginning says. */
export const CallState = { idle: 0, wanted: 1, done: 2 } as const;

const REQUEST_BYTE = 64;
const RESULT_BYTE = 128;
/** Where the frames of the device and what the playing thread asks for itself have their place. */
const OWN_BYTE = 4096;
/** Where the calls of the script have theirs. */
const DATA_BYTE = 1 << 18;
const SHARED_BYTES = 32 << 20;
const PARAMETERS = 6;

const SYMBOLS = {
  syscall: {
    parameters: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"],
    result: "i64",
  },
} as const;

/** The memory of one script, as each of its threads sees it. */
export class CallMemory {
  readonly shared: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #words: Int32Array;
  readonly #requests: BigInt64Array;
  readonly #address: number;
  readonly #libc = Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  #next = DATA_BYTE;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(SHARED_BYTES)) {
    this.shared = shared;
    this.bytes = new Uint8Array(shared);
    this.view = new DataView(shared);
    this.#words = new Int32Array(shared);
    this.#requests = new BigInt64Array(shared);
    libc(); // From here on errno() is that of this thread.
    // FFI takes views of shared memory, though its types do not say so.
    const pointer = Deno.UnsafePointer.of(this.bytes as unknown as Uint8Array<ArrayBuffer>);
    this.#address = Number(Deno.UnsafePointer.value(pointer));
  }

  /** The address of a byte of this memory. */
  addressOf(at: number): number {
    return this.#address + at;
  }

  /** The bytes that belong to the playing thread. */
  readonly own: number = OWN_BYTE;

  /** Forgets what earlier calls have pointed to. */
  clear(): void {
    this.#next = DATA_BYTE;
  }

  /** Place for `length` zero bytes of the next call; -1 when there is no more. */
  take(length: number): number {
    const at = this.#next;
    const end = (at + length + 15) & ~15;
    if (end > SHARED_BYTES) return -1;
    this.bytes.fill(0, at, end);
    this.#next = end;
    return at;
  }

  /** Makes a call in this thread: its result, or minus the error number. */
  now(number: number, ...parameters: number[]): number {
    const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n] = parameters.map(BigInt);
    const result = Number(this.#libc.syscall(BigInt(number), a, b, c, d, e, f));
    return result === -1 ? -errno() : result;
  }

  /** Asks the other thread for a call. */
  ask(number: number, parameters: readonly number[]): void {
    const at = REQUEST_BYTE / 8;
    this.#requests[at] = BigInt(number);
    for (let i = 0; i < PARAMETERS; i++) this.#requests[at + 1 + i] = BigInt(parameters[i] ?? 0);
    Atomics.store(this.#words, STATE, CallState.wanted);
    Atomics.notify(this.#words, STATE);
  }

  /** The result of the call that was asked for, or minus the error number; null while it blocks. */
  answer(): number | null {
    if (Atomics.load(this.#words, STATE) !== CallState.done) return null;
    Atomics.store(this.#words, STATE, CallState.idle);
    return Number(this.#requests[RESULT_BYTE / 8]);
  }

  /** Whether the other thread is within a call. */
  get isBusy(): boolean {
    return Atomics.load(this.#words, STATE) === CallState.wanted;
  }

  /** The other thread: waits for a call and makes it. */
  serve(): void {
    if (Atomics.wait(this.#words, STATE, CallState.idle) === "timed-out") return;
    if (Atomics.load(this.#words, STATE) !== CallState.wanted) {
      Atomics.wait(this.#words, STATE, CallState.done);
      return;
    }
    const at = REQUEST_BYTE / 8;
    const [number, ...parameters] = this.#requests.subarray(at, at + 1 + PARAMETERS);
    const result = this.now(Number(number), ...parameters.map(Number));
    this.#requests[RESULT_BYTE / 8] = BigInt(result);
    Atomics.store(this.#words, STATE, CallState.done);
  }
}
