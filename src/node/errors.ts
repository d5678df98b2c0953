/** Errors as Node's sockets give them: with `code`, `errno`, `syscall`, and the address of a connect. */

/** Linux's numbers of the codes that sockets know. */
const ERRNO: Readonly<Record<string, number>> = {
  EPIPE: 32,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  ECANCELED: 125,
};

/** Codes of Deno's classes that carry none. */
const CODES: Readonly<Record<string, string>> = {
  NotConnected: "ENOTCONN",
  BrokenPipe: "EPIPE",
  BadResource: "ECANCELED",
  Interrupted: "ECANCELED",
};

/** An error of Node's sockets. */
export interface NodeSystemError extends Error {
  /** Such as `ECONNRESET`. */
  code?: string;
  /** The negative of the system's number. */
  errno?: number;
  /** What was called: `connect`, `read`, `write`, `listen`. */
  syscall?: string;
  /** Of a connect: the address. */
  address?: string;
  /** Of a connect: the port. */
  port?: number;
}

/** The error that Node would give for one of the stack's; others stay as they are. */
export function systemError(
  cause: unknown,
  syscall: string,
  where?: { readonly address: string; readonly port: number },
): Error {
  if (!(cause instanceof Error)) return new Error(String(cause));
  const code = (cause as NodeSystemError).code ?? CODES[cause.name];
  if (code === undefined) return cause;
  const place = where === undefined ? "" : ` ${where.address}:${where.port}`;
  const error: NodeSystemError = new Error(`${syscall} ${code}${place}`, { cause });
  error.code = code;
  error.errno = -(ERRNO[code] ?? 0);
  error.syscall = syscall;
  if (where !== undefined) {
    error.address = where.address;
    error.port = where.port;
  }
  return error;
}

/** The error, with a code of Node's. */
export function coded<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code });
}
