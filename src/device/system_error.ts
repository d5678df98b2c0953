import { codedError, type ErrorClass } from "../base/errors.ts";
import { Errno, errnoName, errnoText } from "./libc.ts";

/** The `Deno.errors` class for an error number, as Deno itself maps it. */
function errorClassOf(value: number): ErrorClass<Error> {
  switch (value) {
    case Errno.EPERM:
    case Errno.EACCES:
      return Deno.errors.PermissionDenied;
    case Errno.ENOENT:
    case Errno.ENODEV:
    case Errno.ENXIO:
      return Deno.errors.NotFound;
    case Errno.EBUSY:
      return Deno.errors.Busy;
    case Errno.EEXIST:
      return Deno.errors.AlreadyExists;
    case Errno.EADDRNOTAVAIL:
      return Deno.errors.AddrNotAvailable;
    case Errno.EINTR:
      return Deno.errors.Interrupted;
    case Errno.EINVAL:
      return TypeError;
    case Errno.EOPNOTSUPP:
    case Errno.EAFNOSUPPORT:
    case Errno.ENOTTY:
      return Deno.errors.NotSupported;
    default:
      return Error;
  }
}

/** The error for a failed system call: `action` says what was attempted, `help` what would help. */
export function systemError(value: number, action: string, help = ""): Error & { code: string } {
  const message = `${action}: ${errnoText(value)}${help === "" ? "" : `. ${help}`}`;
  return codedError(errorClassOf(value), errnoName(value), message);
}
