/** A class of errors that can be made from a message, such as those in `Deno.errors`. */
export type ErrorClass<E extends Error> = new (message: string, options?: ErrorOptions) => E;

/**
 * Makes an error as Deno makes it for a failed system call: of a `Deno.errors` class, with the
 * errno's name as an own, enumerable `code`, such as `ECONNREFUSED`.
 */
export function codedError<E extends Error>(
  ErrorClass: ErrorClass<E>,
  code: string,
  message: string,
  cause?: unknown,
): E & { code: string } {
  const error = cause === undefined ? new ErrorClass(message) : new ErrorClass(message, { cause });
  return Object.assign(error, { code });
}
