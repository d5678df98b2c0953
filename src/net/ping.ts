import { type Address, addressText, isIpv4 } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import { codedError } from "../base/errors.ts";
import { ConnectionError } from "../ring/row.ts";
import { ICMP_HEADER_BYTES, IcmpType, IcmpUnreachableCode } from "../wire/icmp.ts";
import { DEFAULT_HOP_LIMIT, IPV4_HEADER_BYTES, IPV4_TOTAL_MAX_BYTES } from "../wire/ipv4.ts";
import { IPV6_PAYLOAD_MAX_BYTES } from "../wire/ipv6.ts";
import type { Liveness } from "./liveness.ts";
import type { Port } from "./port.ts";

/** What `ping` may be told. */
export interface PingOptions {
  /** Gives up when it aborts; `ping` then rejects with its reason. */
  signal?: AbortSignal;
  /** Bytes behind the ICMP header, 0 to 65507, to an IPv6 address 65527. Default 56, as the `ping` program. */
  size?: number;
  /** How long to wait for the answer, milliseconds, 1 to 3,600,000. Default 5000. */
  timeout?: number;
  /** Hop limit (TTL) of the request, 1 to 255. Default 64. */
  hopLimit?: number;
}

/** An answered echo request. */
export interface PingReply {
  /** The address that has answered. */
  readonly address: string;
  /** Time from the request to its answer, milliseconds, with fractions. */
  readonly rtt: number;
  /** The hop limit (TTL) that the answer arrived with. */
  readonly hopLimit: number;
  /** Bytes that came back behind the ICMP header. */
  readonly size: number;
}

const DEFAULT_SIZE = 56;
const DEFAULT_TIMEOUT_MS = 5000;
const TIMEOUT_MAX_MS = 3_600_000;
const HOP_LIMIT_MAX = 255;

/** What `ping` is asked for, checked. */
export interface PingRequest {
  readonly size: number;
  readonly timeout: number;
  readonly hopLimit: number;
  readonly signal: AbortSignal | undefined;
}

/** Checks the options for a destination: `TypeError` for what is no number, `RangeError` beyond what is allowed. */
export function checkPing(options: PingOptions, remote: Address): PingRequest {
  const most = isIpv4(remote)
    ? IPV4_TOTAL_MAX_BYTES - IPV4_HEADER_BYTES - ICMP_HEADER_BYTES
    : IPV6_PAYLOAD_MAX_BYTES - ICMP_HEADER_BYTES;
  return {
    size: checkNumber("size", options.size ?? DEFAULT_SIZE, 0, most),
    timeout: checkNumber("timeout", options.timeout ?? DEFAULT_TIMEOUT_MS, 1, TIMEOUT_MAX_MS),
    hopLimit: checkNumber("hopLimit", options.hopLimit ?? DEFAULT_HOP_LIMIT, 1, HOP_LIMIT_MAX),
    signal: options.signal,
  };
}

function checkNumber(name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(`${name}: ${String(value)} is not a number`);
  }
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${name}: ${value} is not a whole number from ${low} to ${high}`);
  }
  return value;
}

/** What sends a ping. */
export interface PingParts {
  readonly port: Port;
  readonly clock: Clock;
  readonly liveness: Liveness;
  /** Pending pings by request, to be rejected when the stack ends. */
  readonly pending: Map<number, (error: Error) => void>;
}

/** Sends one echo request under the name `request` and waits for its answer. */
export async function sendPing(
  parts: PingParts,
  request: number,
  source: Address,
  remote: Address,
  asked: PingRequest,
): Promise<PingReply> {
  const { port, clock, liveness, pending } = parts;
  const { signal, size, timeout, hopLimit } = asked;
  const where = addressText(remote);
  liveness.hold();
  let onAbort = () => {};
  let timer = -1;
  try {
    return await new Promise<PingReply>((resolve, reject) => {
      const giveUp = (error: unknown) => {
        port.cancelPing(request);
        reject(error);
      };
      pending.set(request, reject);
      onAbort = () => giveUp(signal!.reason);
      signal?.addEventListener("abort", onAbort, { once: true });
      timer = clock.wakeAt(
        clock.now() + timeout * 1000,
        () => giveUp(noAnswer(where, timeout)),
      );
      port.ping(request, source, remote, size, hopLimit, {
        answered: (rttUs, hops) =>
          resolve({ address: where, rtt: rttUs / 1000, hopLimit: hops, size }),
        failed: (error, icmp) => reject(pingError(error, icmp, where)),
      });
    });
  } finally {
    signal?.removeEventListener("abort", onAbort);
    clock.cancelWake(timer);
    pending.delete(request);
    liveness.release();
    port.settleSoon();
  }
}

function noAnswer(where: string, timeoutMs: number): Error {
  return codedError(
    Deno.errors.TimedOut,
    "ETIMEDOUT",
    `Connection timed out (os error 110): ${where} has not answered the echo request within ${timeoutMs} ms`,
  );
}

/** Why a ping has failed, from what an ICMP error said. */
function pingError(error: ConnectionError, icmp: number, where: string): Error {
  if (error === ConnectionError.tooManyConnections) {
    return codedError(
      Deno.errors.Busy,
      "EMFILE",
      `Cannot ping ${where}: as many pings wait for answers as ip.maxPings allows`,
    );
  }
  const said = icmpText(icmp >>> 8, icmp & 0xff);
  if (error === ConnectionError.refused) {
    const text = `Connection refused (os error 111): ${where} refuses echo requests: ${said}`;
    return codedError(Deno.errors.ConnectionRefused, "ECONNREFUSED", text);
  }
  const isNetwork = error === ConnectionError.networkUnreachable;
  const text = isNetwork
    ? "Network is unreachable (os error 101)"
    : "No route to host (os error 113)";
  return codedError(
    Deno.errors.NetworkUnreachable,
    isNetwork ? "ENETUNREACH" : "EHOSTUNREACH",
    `${text}: on the way to ${where}: ${said}`,
  );
}

/** What an ICMP error says, in the words that `ping` programs use. */
function icmpText(type: number, code: number): string {
  switch (type) {
    case IcmpType.timeExceeded:
      return code === 0 ? "time to live exceeded" : "fragment reassembly time exceeded";
    case IcmpType.parameterProblem:
      return "a router found a problem with the header";
  }
  switch (code) {
    case IcmpUnreachableCode.network:
      return "destination network unreachable";
    case IcmpUnreachableCode.host:
      return "destination host unreachable";
    case IcmpUnreachableCode.protocol:
      return "destination protocol unreachable";
    case IcmpUnreachableCode.port:
      return "destination port unreachable";
    case IcmpUnreachableCode.fragmentationNeeded:
      return "the request is too long for the path; the next one will go in fragments";
    case IcmpUnreachableCode.prohibited:
      return "communication administratively prohibited";
    default:
      return `destination unreachable, code ${code}`;
  }
}
