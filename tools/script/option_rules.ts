/** What Linux takes as the values of socket options, how it keeps them, and what they are before. */

import type { SocketUse } from "./socket.ts";

/** Options that can only be asked for. */
const READ_ONLY: ReadonlySet<string> = new Set([
  "SO_TYPE",
  "SO_PROTOCOL",
  "SO_DOMAIN",
  "SO_ERROR",
  "SO_ACCEPTCONN",
  "SO_SNDLOWAT",
  "TCP_INFO",
  "TCP_CC_INFO",
  "TCP_SAVED_SYN",
  "IP_MTU",
]);

/** Options that are on or off, whatever number turns them on. */
const SWITCHES: ReadonlySet<string> = new Set([
  "SO_REUSEADDR",
  "SO_REUSEPORT",
  "SO_KEEPALIVE",
  "SO_OOBINLINE",
  "SO_BROADCAST",
  "SO_DEBUG",
  "SO_DONTROUTE",
  "SO_TIMESTAMP",
  "TCP_NODELAY",
  "TCP_CORK",
  "TCP_SAVE_SYN",
  "IP_RECVERR",
  "IPV6_V6ONLY",
]);

/** Least and greatest values that Linux takes; anything else is EINVAL. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  TCP_MAXSEG: [88, 32_767],
  TCP_KEEPIDLE: [1, 32_767],
  TCP_KEEPINTVL: [1, 32_767],
  TCP_KEEPCNT: [1, 127],
  TCP_SYNCNT: [1, 127],
  TCP_USER_TIMEOUT: [0, 0x7fff_ffff],
  TCP_THIN_DUPACK: [0, 1],
  TCP_FASTOPEN_CONNECT: [0, 1],
  TCP_FASTOPEN_NO_COOKIE: [0, 1],
  TCP_INQ: [0, 1],
  TCP_REPAIR: [-1, 1],
  TCP_SAVE_SYN: [0, 2],
  TCP_FASTOPEN: [0, 0x7fff_ffff],
  IP_TTL: [-1, 255],
  IP_MTU_DISCOVER: [0, 5],
};

/** What an option is that nobody has set, where the stack has nothing of that meaning. */
const DEFAULTS: Readonly<Record<string, number>> = {
  SO_REUSEADDR: 0,
  SO_REUSEPORT: 0,
  SO_OOBINLINE: 0,
  SO_BROADCAST: 0,
  SO_DEBUG: 0,
  SO_DONTROUTE: 0,
  SO_PRIORITY: 0,
  SO_MARK: 0,
  SO_TIMESTAMP: 0,
  SO_SNDLOWAT: 1,
  SO_ZEROCOPY: 0,
  TCP_DEFER_ACCEPT: 0,
  TCP_WINDOW_CLAMP: 0,
  TCP_THIN_LINEAR_TIMEOUTS: 0,
  TCP_THIN_DUPACK: 0,
  TCP_FASTOPEN: 0,
  TCP_FASTOPEN_CONNECT: 0,
  TCP_FASTOPEN_NO_COOKIE: 0,
  TCP_SAVE_SYN: 0,
  TCP_INQ: 0,
  TCP_REPAIR: 0,
  TCP_QUICKACK: 1,
  TCP_TX_DELAY: 0,
  IP_TOS: 0,
  IP_TTL: 64,
  IP_MTU_DISCOVER: 1,
  IP_RECVERR: 0,
  IP_RECVTOS: 0,
  IP_RECVTTL: 0,
  IP_BIND_ADDRESS_NO_PORT: 0,
  IPV6_V6ONLY: 0,
  IPV6_RECVERR: 0,
  IPV6_TCLASS: 0,
};

/** Bytes that the value of an option must have at the least. */
function leastBytes(name: string): number {
  if (name === "SO_LINGER") return 8;
  if (name.endsWith("TIMEO")) return 16;
  // A byte is enough for IP's, and texts are as long as they are.
  return name.startsWith("IP_") || name === "TCP_CONGESTION" || name === "TCP_ULP" ? 1 : 4;
}

/** The error that Linux has for setting an option in this way, or null. `number` is null for what is none. */
export function settingError(
  name: string,
  number: number | null,
  length: number,
  use: SocketUse,
): string | null {
  if (READ_ONLY.has(name)) return "ENOPROTOOPT";
  if (length < leastBytes(name)) return "EINVAL";
  if (name.startsWith("option ")) return "ENOPROTOOPT";
  if (name === "TCP_FASTOPEN_CONNECT" && use !== "new") return "EINVAL";
  if (name === "TCP_FASTOPEN" && use !== "new" && use !== "listening") return "EINVAL";
  if (name === "TCP_WINDOW_CLAMP" && number === 0 && use !== "new") return "EINVAL";
  const range = RANGES[name];
  if (range === undefined || number === null) return null;
  if (name === "TCP_MAXSEG" && number === 0) return null;
  if (name === "IP_TTL" && number === 0) return "EINVAL";
  return number < range[0] || number > range[1] ? "EINVAL" : null;
}

/** A number as Linux keeps it. */
export function keptValue(name: string, number: number): number {
  if (SWITCHES.has(name)) return number === 0 ? 0 : 1;
  if (name === "TCP_LINGER2") return number < 0 ? -1 : Math.min(number, 120);
  if (name === "SO_RCVLOWAT") return number < 0 ? 0x7fff_ffff : Math.max(1, number);
  return number;
}

/** The value of an option before anybody has set it; undefined when it is not known. */
export function unsetValue(name: string): number | undefined {
  return DEFAULTS[name];
}
