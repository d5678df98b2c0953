/** setsockopt and getsockopt: what each option does here, and what has no effect. */

import { seqDiff } from "../../src/base/seq.ts";
import { CONGESTION_NAMES, type CongestionName } from "../../src/tcp/config.ts";
import { limitPacingRate, switchCongestion } from "../../src/tcp/congestion_switch.ts";
import type { Connection } from "../../src/tcp/connection.ts";
import { State } from "../../src/tcp/state.ts";
import type { Listener } from "../../src/tcp/listener.ts";
import type { Tcp } from "../../src/tcp/tcp.ts";
import { ErrorQueue } from "./error_queue.ts";
import { keptValue, settingError, unsetValue } from "./option_rules.ts";
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
  "SO_BROADCAST",
  "TCP_REPAIR",
  "TCP_TX_DELAY",
  "IP_RECVTOS",
  "IP_RECVTTL",
  "IPV6_RECVERR",
  "IPV6_TCLASS",
  "TCP_WINDOW_CLAMP",
  "TCP_THIN_LINEAR_TIMEOUTS",
  "TCP_THIN_DUPACK",
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

/** Sets an option; returns the error that Linux would give, or null. */
export function setOption(
  socket: Socket,
  name: string,
  value: Value,
  length: number,
  notes: string[],
): string | null {
  const { options } = socket;
  const refusal = settingError(name, plainNumber(value), length, socket.use);
  if (refusal !== null) return refusal;
  if (name === "SO_RCVTIMEO" || name === "SO_SNDTIMEO") {
    const timeoutUs = microseconds(value);
    if (name === "SO_RCVTIMEO") options.receiveTimeoutUs = timeoutUs;
    else options.sendTimeoutUs = timeoutUs;
    return null;
  }
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
  const number = keptValue(name, numberOf(value));
  if (name === "SO_ZEROCOPY" || name === "SO_TIMESTAMPING") {
    const errors = socket.errors ??= new ErrorQueue();
    if (name === "SO_ZEROCOPY") errors.zeroCopy = number !== 0;
    else errors.setStamping(number, socket.written);
    options.others.set(name, number);
    return null;
  }
  if (name === "TCP_QUICKACK") {
    setQuickAck(socket, number !== 0);
    return null;
  }
  if (!setKnown(options, name, number)) {
    if (!WITHOUT_EFFECT.has(name)) throw new CallError(`setsockopt ${name} is not there yet`);
    options.others.set(name, number);
    notes.push(`setsockopt ${name} has no effect`);
  }
  return null;
}

/** The number that a value is; null when it is none. */
function plainNumber(value: Value): number | null {
  const item = value.kind === "array" && value.items.length === 1 ? value.items[0] : value;
  return item.kind === "struct" || item.kind === "string" ? null : optionalNumber(item);
}

/** A `struct timeval`; null for none. */
function microseconds(value: Value): number | null {
  const seconds = optionalNumber(fieldOf(value, "tv_sec", "0")) ?? 0;
  const rest = optionalNumber(fieldOf(value, "tv_usec", "1")) ?? 0;
  return seconds * 1e6 + rest || null;
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
    case "TCP_FASTOPEN":
      options.fastOpenLimit = number;
      return true;
    case "TCP_FASTOPEN_CONNECT":
      options.fastOpenConnect = number !== 0;
      return true;
    case "TCP_FASTOPEN_NO_COOKIE":
      options.fastOpenNoCookie = number !== 0;
      return true;
    case "TCP_DEFER_ACCEPT":
      options.deferAcceptSeconds = number;
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

/** Timeouts of a SYN-ACK until that many seconds are over, as Linux converts TCP_DEFER_ACCEPT. */
function timeoutsIn(seconds: number): number {
  let timeouts = 0;
  for (let until = 0, next = 1; until < seconds; next = Math.min(2 * next, 120)) {
    timeouts++;
    until += next;
  }
  return timeouts;
}

/** Brings the options of a socket to its listener. */
export function applyToListener(listener: Listener, options: SocketOptions): void {
  listener.mssClamp = options.maxSegment ?? 0;
  listener.receiveBufferBytes = options.receiveBufferBytes ?? 0;
  listener.fastOpenLimit = options.fastOpenLimit;
  listener.fastOpenNoCookie = options.fastOpenNoCookie;
  listener.deferAccept = timeoutsIn(options.deferAcceptSeconds);
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
  // Linux forgets a connection with a negative time at once.
  const { finWait2Seconds } = options;
  if (finWait2Seconds !== null) conn.finWait2Us = Math.max(0, finWait2Seconds * 1e6);
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

/** The options of a handshake; null for any other. */
function openingOption(name: string, options: SocketOptions): number | null {
  switch (name) {
    case "TCP_FASTOPEN":
      return options.fastOpenLimit;
    case "TCP_FASTOPEN_CONNECT":
      return options.fastOpenConnect ? 1 : 0;
    case "TCP_FASTOPEN_NO_COOKIE":
      return options.fastOpenNoCookie ? 1 : 0;
    case "TCP_DEFER_ACCEPT":
      return options.deferAcceptSeconds;
  }
  return null;
}

/** The value of an option as a number or text. */
export function getOption(
  socket: Socket,
  name: string,
  mtu: number,
  notes: string[],
): number | string {
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
    case "SO_DOMAIN":
      return SYMBOLS.AF_INET;
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
    case "TCP_LINGER2":
      return options.finWait2Seconds ?? 60;
    case "TCP_CONGESTION": {
      const control = options.congestion ?? conn?.congestion.name ?? "cubic";
      return control === "newreno" ? "reno" : control;
    }
  }
  const opening = openingOption(name, options);
  if (opening !== null) return opening;
  const other = options.others.get(name) ?? unsetValue(name);
  if (name === "IP_MTU" && conn !== null) return mtu;
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
