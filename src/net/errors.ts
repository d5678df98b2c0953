/**
 * The errors that the API throws: the classes, codes and messages of Deno, with what was attempted
 * and on which address.
 */

import { codedError } from "../base/errors.ts";
import { ConnectionError } from "../ring/row.ts";

/** Any call on something that was closed. */
export function badResource(): Error {
  return new Deno.errors.BadResource("Bad resource ID");
}

/** A call that was pending when the local side closed. */
export function interrupted(): Error {
  return codedError(Deno.errors.Interrupted, "EINTR", "operation canceled");
}

/** `accept` on a listener that was closed. */
export function listenerClosed(): Error {
  return new Deno.errors.BadResource("Listener has been closed");
}

/** A write after the write side was closed or the connection has ended. */
export function brokenPipe(): Error {
  return codedError(Deno.errors.BrokenPipe, "EPIPE", "Broken pipe (os error 32)");
}

/** A call on a UDP socket that was closed. */
export function socketClosed(): Error {
  return new Deno.errors.BadResource("Socket has been closed");
}

/** More than a datagram can hold. */
export function messageTooLong(length: number, most: number): Error {
  return codedError(
    Error,
    "EMSGSIZE",
    `Message too long (os error 90): ${length} bytes, at most ${most} fit into a datagram`,
  );
}

/** A datagram from IPv4 to IPv6. */
export function familyMismatch(hostname: string): Error {
  return codedError(
    Error,
    "EAFNOSUPPORT",
    `Address family not supported by protocol (os error 97): the socket is one of IPv4, ` +
      `and ${hostname} is an address of IPv6; listen on "::" to reach both`,
  );
}

/** More than all of the send memory. */
export function noBufferSpace(): Error {
  return codedError(
    Error,
    "ENOBUFS",
    "No buffer space available (os error 105): raise tcp.sendMemoryBytes",
  );
}

/** One socket more than the stack may have. */
export function tooManySockets(most: number): Error {
  return codedError(
    Deno.errors.Busy,
    "EMFILE",
    `Too many open files (os error 24): the stack has ${most} UDP sockets, as many as udp.maxSockets allows`,
  );
}

/** What the socket cannot be asked, as the kernel's EINVAL. */
export function invalidArgument(): Error {
  return codedError(TypeError, "EINVAL", "Invalid argument (os error 22)");
}

/** A second `accept` while one waits. */
export function acceptBusy(): Error {
  return new Deno.errors.Busy("Another accept task is ongoing");
}

/** The stack has come to its end while a call was pending. */
export function stackEnded(cause: unknown): Error {
  return codedError(
    Deno.errors.ConnectionAborted,
    "ECONNABORTED",
    "The stack has stopped because one of its threads failed; see the cause",
    cause,
  );
}

/** The code of an error that did not end the connection; null for none. */
export function softErrorCode(error: number): string | null {
  switch (error) {
    case ConnectionError.none:
      return null;
    case ConnectionError.networkUnreachable:
      return "ENETUNREACH";
    case ConnectionError.refused:
      return "ECONNREFUSED";
    case ConnectionError.timedOut:
      return "ETIMEDOUT";
    default:
      return "EHOSTUNREACH";
  }
}

/** A `connect` to an address to which no way leads from here. */
export function unreachable(where: string, why: string): Error {
  return codedError(
    Deno.errors.NetworkUnreachable,
    "ENETUNREACH",
    `Network is unreachable (os error 101): cannot reach ${where}, ${why}`,
  );
}

/** Why an established connection has ended. */
export function connectionError(error: ConnectionError, where: string): Error {
  switch (error) {
    case ConnectionError.timedOut:
      return codedError(
        Deno.errors.TimedOut,
        "ETIMEDOUT",
        `Connection timed out (os error 110): ${where} no longer answers`,
      );
    case ConnectionError.aborted:
      return codedError(
        Deno.errors.ConnectionAborted,
        "ECONNABORTED",
        `Software caused connection abort (os error 103): the connection with ${where} was aborted here`,
      );
    case ConnectionError.refused:
    case ConnectionError.networkUnreachable:
    case ConnectionError.hostUnreachable:
      // A connection that was given out before its handshake was over (RFC 7413).
      return connectError(error, where);
    default:
      return codedError(
        Deno.errors.ConnectionReset,
        "ECONNRESET",
        `Connection reset by peer (os error 104): ${where} ended the connection`,
      );
  }
}

/** Why a `connect` has failed. */
export function connectError(error: ConnectionError, where: string): Error {
  switch (error) {
    case ConnectionError.refused:
      return codedError(
        Deno.errors.ConnectionRefused,
        "ECONNREFUSED",
        `Connection refused (os error 111): nothing listens on ${where}`,
      );
    case ConnectionError.timedOut:
      return codedError(
        Deno.errors.TimedOut,
        "ETIMEDOUT",
        `Connection timed out (os error 110): ${where} does not answer`,
      );
    case ConnectionError.networkUnreachable:
      return codedError(
        Deno.errors.NetworkUnreachable,
        "ENETUNREACH",
        `Network is unreachable (os error 101): a router has no route to ${where}`,
      );
    case ConnectionError.hostUnreachable:
      return codedError(
        Deno.errors.ConnectionRefused,
        "EHOSTUNREACH",
        `No route to host (os error 113): a router cannot reach ${where}`,
      );
    case ConnectionError.addressNotAvailable:
      return codedError(
        Deno.errors.AddrNotAvailable,
        "EADDRNOTAVAIL",
        `Cannot assign requested address (os error 99): every ephemeral port to ${where} is in use`,
      );
    case ConnectionError.tooManyConnections:
      return codedError(
        Deno.errors.Busy,
        "EMFILE",
        `Cannot connect to ${where}: the stack has as many connections as tcp.maxConnections allows`,
      );
    default:
      return connectionError(error, where);
  }
}
