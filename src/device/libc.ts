/**
 * The C library: the only `dlopen` of the project.
 *
 * Parameters are `i32`, `u32` and `buffer`, which V8 passes without leaving compiled code. A plain
 * number for a pointer-sized parameter (`usize`) takes the slow path: 140 ns more for each call, as
 * measured on Deno 2.9, so only the call that configures offload has one.
 */
export const LIBC_SYMBOLS = {
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  readv: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  writev: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  /** ioctl with a pointer to its argument. */
  ioctl: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  /** ioctl whose argument is the integer itself. */
  ioctlValue: { name: "ioctl", parameters: ["i32", "u32", "usize"], result: "i32" },
  /** Lets another thread that is ready to run have the processor. */
  sched_yield: { parameters: [], result: "i32" },
  poll: { parameters: ["buffer", "u32", "i32"], result: "i32" },
  /** poll on a thread of Deno's pool, for the application's thread, which must not block. */
  pollInBackground: {
    name: "poll",
    parameters: ["buffer", "u32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** The functions of the C library that the devices use. */
export type Libc = Deno.StaticForeignLibraryInterface<typeof LIBC_SYMBOLS>;

/** glibc, then musl under the names that distributions give it. */
const LIBRARY_NAMES: readonly string[] = [
  "libc.so.6",
  "libc.musl-x86_64.so.1",
  "libc.musl-aarch64.so.1",
  "libc.so",
];

let loaded: Libc | null = null;
/** The thread's errno itself. It stays where it is for as long as the thread lives. */
let errnoCell: Int32Array = new Int32Array(1);

/**
 * The C library, opened by the first call, so that importing this module needs no permission.
 *
 * Throws Deno's own `NotCapable` without the permission for FFI, and `Deno.errors.NotSupported` where
 * there is no Linux or no C library.
 */
export function libc(): Libc {
  return loaded ?? load();
}

function load(): Libc {
  if (Deno.build.os !== "linux") {
    throw new Deno.errors.NotSupported(
      `TUN devices are there on Linux only, not on ${Deno.build.os}; memoryPair() works everywhere`,
    );
  }
  let cause: unknown;
  for (const name of LIBRARY_NAMES) {
    try {
      loaded = Deno.dlopen(name, LIBC_SYMBOLS).symbols;
      break;
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      cause ??= error;
    }
  }
  if (loaded === null) {
    throw new Deno.errors.NotSupported(
      `No C library could be opened under the names ${LIBRARY_NAMES.join(", ")}`,
      { cause },
    );
  }
  const place = loaded.__errno_location();
  if (place !== null) errnoCell = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(place, 4));
  return loaded;
}

/** This thread's errno: why the last call that returned -1 failed. Read it right after that call. */
export function errno(): number {
  return errnoCell[0];
}

/** The error numbers that the devices tell apart (the same on every Linux that Deno runs on). */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ENOSPC: 28,
  EBADFD: 77,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENOBUFS: 105,
} as const;

const MEANINGS: Readonly<Record<string, string>> = {
  EPERM: "operation not permitted",
  ENOENT: "no such file",
  EINTR: "interrupted by a signal",
  EIO: "input/output error (is the interface down?)",
  ENXIO: "no such device behind the file",
  E2BIG: "too many queues",
  EBADF: "bad file descriptor",
  EAGAIN: "would block",
  ENOMEM: "out of memory",
  EACCES: "permission denied",
  EFAULT: "bad address in memory",
  EBUSY: "device or resource busy",
  EEXIST: "exists already",
  ENODEV: "no such device",
  EINVAL: "invalid argument",
  ENFILE: "too many open files on the machine",
  EMFILE: "too many open files in this process",
  ENOTTY: "not a device that knows this request",
  ENOSPC: "no space left",
  EBADFD: "the interface is gone",
  EMSGSIZE: "message too long",
  EOPNOTSUPP: "operation not supported",
  EAFNOSUPPORT: "address family not supported",
  EADDRNOTAVAIL: "address not available",
  ENETDOWN: "network is down",
  ENOBUFS: "no buffer space",
};

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(Errno).map(([name, value]): [number, string] => [value, name]),
);

/** The name of an error number, such as `EPERM`; `E` and the number for one that is not listed. */
export function errnoName(value: number): string {
  return NAMES.get(value) ?? `E${value}`;
}

/** An error number for people: `EPERM, operation not permitted (os error 1)`. */
export function errnoText(value: number): string {
  const name = errnoName(value);
  const meaning = MEANINGS[name];
  return `${name}${meaning === undefined ? "" : `, ${meaning}`} (os error ${value})`;
}

/** Text as the zero-terminated bytes that C takes. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
