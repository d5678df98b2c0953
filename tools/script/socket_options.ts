/** setsockopt and getsockopt: what each option does here, and what has no effect. */

import { seqDiff } from "../../src/base/seq.ts";
import { CONGESTION_NAMES, type CongestionName } from "../../src/tcp/config.ts";
import { limitPacingRate, switchCongestion } from "../../src/tcp/congestion_switch.ts";
import type { Connection } from "../../src/tcp/connection.ts";
import { State } from "../../src/tcp/state.ts";
import type { Tcp } from "../../src/tcp/tcp.ts";
import type { Socket, SocketOptions } from "./socket.ts";
import { ERRNO, SYMBOLS } from "./symbols.ts";
import type { Value } from "./syntax.ts";
import { CallError, fieldOf, numberOf, optionalNumber, textOf } from "./values.ts";

/** An option by the name that the script gives it, with its level. */
export function optionName(level: Value, name: Value): string {
  if (name.kind === "name") return name.name;
  const prefix = numberOf(level) === SYMBOLS.SOL_SOCKET ? "SO_" : "TCP_";
  const number = numberOf(name);
  const found = Object.keys(SYMBOLS).find((each) =>
    each.startsWith(prefix) && SYMBOLS[each] === number
  );
  return found ?? `option ${number}`;
}

/** Options that scripts set in passing and that change nothing that this stack does. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  "SO_REUSEADDR",
  "SO_DEBUG",
  "SO_DONTROUTE",
  "SO_REUSEPORT",
  "SO_PRIORITY",
  "SO_MARK",
  "SO_BUSY_POLL",
  "SO_INCOMING_CPU",
  "SO_OOBINLINE",
  "SO_SNDTIMEO",
  "SO_RCVTIMEO",
  "TCP_WINDOW_CLAMP",
  "TCP_DEFER_ACCEPT",
  "TCP_THIN_LINEAR_TIMEOUTS",
  "TCP_THIN_DUPACK",
  "TCP_FASTOPEN",
  "TCP_FASTOPEN_CONNECT",
  "TCP_FASTOPEN_NO_COOKIE",
  "TCP_SAVE_SYN",
  "TCP_FUNCTION_BLK",
  "TCP_LOG",
  "TCP_LOGBUF",
  "TCP_LOGID",
  "TCP_INQ",
  "SO_NOSIGPIPE",
  "SO_RCVBUFFORCE",
  "SO_TIMESTAMP",
  "IP_MTU_DISCOVER",
  "IP_TOS",
  "IP_TTL",
  "IP_RECVERR",
  "IP_BIND_ADDRESS_NO_PORT",
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
};

/** Sets an option; returns the error that Linux would give, or null. */
export function setOption(
  socket: Socket,
  name: string,
  value: Value,
  notes: string[],
): string | null {
  const { options } = socket;
  if (name === "TCP_CONGESTION") return setCongestion(options, textOf(value) ?? "");
  if (name === "SO_LINGER") {
    const onoff = numberOf(fieldOf(value, "onoff", "l_onoff", "0") ?? value);
    const seconds = optionalNumber(fieldOf(value, "linger", "l_linger", "1")) ?? 0;
    options.linger = onoff === 0 ? null : seconds;
    return null;
  }
  if (WITHOUT_EFFECT.has(name) && (value.kind === "struct" || textOf(value) !== null)) {
    notes.push(`setsockopt ${name} has no effect`);
    return null;
  }
  if (value.kind === "struct" || textOf(value) !== null) {
    throw new CallError(`setsockopt ${name} is not there yet`);
  }
  const number = numberOf(value);
  if (name === "TCP_QUICKACK") {
    setQuickAck(socket, number !== 0);
    return null;
  }
  const range = RANGES[name];
  const clears = name === "TCP_MAXSEG" && number === 0;
  if (range !== undefined && !clears && (number < range[0] || number > range[1])) return "EINVAL";
  if (!setKnown(options, name, number)) {
    if (!WITHOUT_EFFECT.has(name)) throw new CallError(`setsockopt ${name} is not there yet`);
    options.others.set(name, number);
    notes.push(`setsockopt ${name} has no effect`);
  }
  return null;
}

/** Acknowledges at once for a while, or no longer. */
function setQuickAck({ conn, options }: Socket, on: boolean): void {
  options.others.set("TCP_QUICKACK", on ? 1 : 0);
  if (conn === null) return;
  conn.interactive = !on;
  if (on && conn.unackedBytes > 0) conn.ackPending = true;
}

function setKnown(options: SocketOptions, name: string, number: number): boolean {
  switch (name) {
    case "TCP_NODELAY":
      options.noDelay = number !== 0;
      return true;
    case "TCP_CORK":
    case "TCP_NOPUSH":
      options.cork = number !== 0;
      return true;
    case "SO_KEEPALIVE":
      options.keepAlive = number !== 0;
      return true;
    case "TCP_KEEPIDLE":
      options.keepIdleSeconds = number;
      return true;
    case "TCP_KEEPINTVL":
      options.keepIntervalSeconds = number;
      return true;
    case "TCP_KEEPCNT":
      options.keepProbes = number;
      return true;
    case "TCP_SYNCNT":
      options.synRetries = number;
      return true;
    case "TCP_LINGER2":
      options.finWait2Seconds = number;
      return true;
    case "SO_RCVLOWAT":
      options.readLowBytes = Math.max(1, number);
      return true;
    case "TCP_NOTSENT_LOWAT":
      options.unsentLowBytes = number;
      return true;
    case "SO_MAX_PACING_RATE":
      options.pacingRateMax = number < 0 || number >= 0xffff_ffff ? Infinity : number;
      return true;
    case "TCP_USER_TIMEOUT":
      options.userTimeoutMs = number;
      return true;
    case "TCP_MAXSEG":
      options.maxSegment = number === 0 ? null : number;
      return true;
    case "SO_SNDBUF":
    case "SO_SNDBUFFORCE":
      options.sendBufferBytes = Math.max(2048, number);
      return true;
    case "SO_RCVBUF":
    case "SO_RCVBUFFORCE":
      options.receiveBufferBytes = Math.max(2048, number);
      return true;
  }
  return false;
}

function setCongestion(options: SocketOptions, text: string): string | null {
  const name = text === "reno" ? "newreno" : text;
  if (!CONGESTION_NAMES.includes(name as CongestionName)) {
    if (/^(?:bbr\d|dctcp|vegas|htcp|westwood|bic|cdg|nv|yeah|illinois)$/.test(text)) {
      throw new CallError(`the congestion control "${text}" is not there yet`);
    }
    return "ENOENT";
  }
  options.congestion = name;
  return null;
}

/** Brings the options of a socket to a connection, at its beginning or when one has changed. */
export function applyOptions(
  conn: Connection,
  options: SocketOptions,
  tcp: Tcp,
  nowUs: number,
): void {
  conn.noDelay = options.noDelay;
  conn.cork = options.cork;
  conn.lingerZero = options.linger === 0;
  if (options.userTimeoutMs !== null) conn.userTimeoutUs = options.userTimeoutMs * 1000;
  if (options.keepIdleSeconds !== null) conn.keepaliveIdleUs = options.keepIdleSeconds * 1e6;
  if (options.keepIntervalSeconds !== null) {
    conn.keepaliveIntervalUs = options.keepIntervalSeconds * 1e6;
  }
  if (options.synRetries !== null) conn.synRetries = options.synRetries;
  if (options.finWait2Seconds !== null) conn.finWait2Us = options.finWait2Seconds * 1e6;
  if (options.keepProbes !== null) conn.keepaliveProbes = options.keepProbes;
  if (options.receiveBufferBytes !== null && conn.receive !== null) {
    conn.receive.limitBytes = options.receiveBufferBytes;
    conn.receiveBufferFixed = true;
  }
  if (options.sendBufferBytes !== null) {
    conn.sendLimit = options.sendBufferBytes;
    conn.sendBufferFixed = true;
  }
  if (conn.state === State.CLOSED) return;
  if (conn.keepAlive !== options.keepAlive || options.keepAlive) {
    tcp.setKeepAlive(conn, options.keepAlive, nowUs);
  }
  if (options.pacingRateMax !== null && options.pacingRateMax !== conn.pacer?.rateMax) {
    limitPacingRate(conn, options.pacingRateMax);
  }
  if (options.congestion !== null && options.congestion !== conn.congestion.name) {
    switchCongestion(conn, options.congestion as CongestionName, tcp.config, nowUs);
  }
  tcp.onApplicationNews(conn, nowUs);
}

/** The value of an option as a number or text. */
export function getOption(socket: Socket, name: string, notes: string[]): number | string {
  const { options, conn } = socket;
  switch (name) {
    case "SO_ERROR": {
      const error = socket.takeError();
      return error === null ? 0 : ERRNO[error];
    }
    case "SO_ACCEPTCONN":
      return socket.use === "listening" ? 1 : 0;
    case "SO_TYPE":
      return SYMBOLS.SOCK_STREAM;
    case "SO_PROTOCOL":
      return SYMBOLS.IPPROTO_TCP;
    case "SO_KEEPALIVE":
      return options.keepAlive ? 1 : 0;
    case "SO_SNDBUF":
      return conn?.sendLimit ?? options.sendBufferBytes ?? 0;
    case "SO_RCVBUF":
      return conn?.receive?.limitBytes ?? options.receiveBufferBytes ?? 0;
    case "TCP_NODELAY":
      return options.noDelay ? 1 : 0;
    case "TCP_CORK":
    case "TCP_NOPUSH":
      return options.cork ? 1 : 0;
    case "IP_MTU":
    case "IPV6_MTU":
      if (conn === null) throw new CallError(`getsockopt ${name} needs a connection`);
      return conn.pathMtu;
    case "TCP_MAXSEG":
      return conn === null ? options.maxSegment ?? 536 : conn.sndMss;
    case "TCP_KEEPIDLE":
      return options.keepIdleSeconds ?? 7200;
    case "TCP_KEEPINTVL":
      return options.keepIntervalSeconds ?? 75;
    case "TCP_KEEPCNT":
      return options.keepProbes ?? 9;
    case "SO_MAX_PACING_RATE":
      return Math.min(conn?.pacer?.rateMax ?? options.pacingRateMax ?? Infinity, 0xffff_ffff);
    case "TCP_USER_TIMEOUT":
      return options.userTimeoutMs ?? 0;
    case "SO_RCVLOWAT":
      return options.readLowBytes;
    case "TCP_NOTSENT_LOWAT":
      return options.unsentLowBytes;
    case "TCP_SYNCNT":
      return options.synRetries ?? 6;
    case "TCP_CONGESTION": {
      const control = options.congestion ?? conn?.congestion.name ?? "cubic";
      return control === "newreno" ? "reno" : control;
    }
  }
  const other = options.others.get(name);
  if (other === undefined) throw new CallError(`getsockopt ${name} is not there yet`);
  notes.push(`getsockopt ${name} gives what was set`);
  return other;
}

/** What ioctl(2) tells: bytes that can be read, are unacknowledged, are unsent. */
export function queueBytes(socket: Socket, request: number): number {
  const { stream } = socket;
  if (stream === null) return 0;
  const { conn } = stream;
  switch (request) {
    case SYMBOLS.SIOCINQ:
      return stream.available;
    case SYMBOLS.SIOCOUTQ:
      return stream.pending;
    case SYMBOLS.SIOCOUTQNSD:
      return Math.max(0, stream.pending - seqDiff(conn.sndNxt, conn.sndUna));
  }
  throw new CallError("this ioctl is not there yet");
}
