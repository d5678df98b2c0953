/**
 * The TCP parameters: what may be set with `open({ tcp })`, the defaults, and the allowed ranges.
 */

/** Names of the congestion controls. */
export type CongestionName = "cubic" | "newreno" | "bbr" | "none";

/** What is done about explicit congestion notification; the order is that of Linux's `tcp_ecn`. */
export type EcnName =
  /** Neither asked for nor accepted. */
  | "off"
  /** RFC 3168 asked for and accepted. */
  | "on"
  /** RFC 3168 accepted when the peer asks for it. */
  | "passive"
  /** Accurate ECN (RFC 9768) asked for, and accepted as RFC 3168 is. */
  | "accurate"
  /** RFC 3168 asked for; accurate ECN and RFC 3168 accepted. */
  | "accurate-in"
  /** Accurate ECN and RFC 3168 accepted when the peer asks for them. */
  | "accurate-passive";

/** When the path's MTU is found out by trying (RFC 4821); the order is that of Linux's `tcp_mtu_probing`. */
export type MtuProbingName =
  /** Never: routers are believed to send ICMP. */
  | "off"
  /** When segments are lost again and again without a word from a router. */
  | "blackhole"
  /** From the beginning, starting with `baseMss`. */
  | "always";
/** When SYN cookies (RFC 4987) take the place of what is remembered of a SYN. */
export type SynCookieMode = "never" | "whenFull" | "always";

/** Bits of {@link TcpOptions.fastOpen}, with the values of Linux's `tcp_fastopen`. */
export const FastOpenBit = {
  /** `connect({ fastOpen })` asks for cookies and sends data in its SYN. */
  client: 1,
  /** `listen({ tcpFastOpen })` gives cookies and takes data of a SYN. */
  server: 2,
  /** Data is sent in a SYN without a cookie too, and none is asked for. */
  clientWithoutCookie: 4,
  /** Data of a SYN is taken without a cookie too: only where every client can be trusted. */
  serverWithoutCookie: 0x200,
  /** Every listener takes data of a SYN, with its backlog as the limit. */
  everyListener: 0x400,
} as const;

/** TCP parameters of a stack; everything is optional. Times are milliseconds, sizes bytes. */
export interface TcpOptions {
  /** Congestion control of new connections. Default `"cubic"` (RFC 9438). */
  congestion?: CongestionName;
  /** RTO before the first measurement, RFC 6298 section 2.1. Default 1000 ms. */
  rtoInitialMs?: number;
  /** Least RTO. RFC 6298 section 2.4 says 1 s; Linux's 200 ms is used by default. */
  rtoMinMs?: number;
  /** Greatest RTO, RFC 6298 section 2.5. Default 120000 ms. */
  rtoMaxMs?: number;
  /** How often a SYN is sent again. Default 6, as Linux. */
  synRetries?: number;
  /**
   * SYNs that go again at equal distances before these double, on top of `synRetries` (Linux's
   * `tcp_syn_linear_timeouts`, 4 there since 6.5). Default 0: RFC 6298 section 5.5 from the first on.
   */
  synLinearTimeouts?: number;
  /** How often a SYN-ACK is sent again. Default 5, as Linux. */
  synAckRetries?: number;
  /**
   * Back-offs of data before the connection is given up, counted as the time that they take from 200 ms
   * on. Default 15 (about 924 s), as Linux.
   */
  dataRetries?: number;
  /**
   * Least delay of an ACK, RFC 9293 section 3.8.6.3; it grows with the time between segments, up to an RTT
   * and 200 ms (as Linux). Default 40 ms, 0 for none, at most 499.
   */
  delayedAckMs?: number;
  /** Maximum segment lifetime; TIME-WAIT lasts twice that. Default 30000 ms. */
  mslMs?: number;
  /** How long FIN-WAIT-2 waits for the peer's FIN after `close()`. Default 60000 ms, as Linux. */
  finWait2Ms?: number;
  /** Idle time before the first keepalive probe (RFC 9293 section 3.8.4). Default 7200000 ms. */
  keepaliveIdleMs?: number;
  /** Time between keepalive probes. Default 75000 ms. */
  keepaliveIntervalMs?: number;
  /** Unanswered keepalive probes after which a connection is given up. Default 9. */
  keepaliveProbes?: number;
  /** How long sent data may stay unacknowledged, RFC 9293 section 3.8.3; 0: `dataRetries` decides. */
  userTimeoutMs?: number;
  /** Receive buffer of a new connection. Default 128 KiB. */
  receiveBufferInitialBytes?: number;
  /** What the receive buffer may grow to. Default 6 MiB. */
  receiveBufferMaxBytes?: number;
  /** Send buffer of a new connection. Default 64 KiB. */
  sendBufferInitialBytes?: number;
  /** What the send buffer may grow to. Default 4 MiB. */
  sendBufferMaxBytes?: number;
  /** Initial window in segments, RFC 6928. Default 10. */
  initialWindowSegments?: number;
  /**
   * Explicit congestion notification, RFC 3168 and RFC 9768: `"off"`, `"on"`, `"passive"`, `"accurate"`,
   * `"accurate-in"`, `"accurate-passive"`; see {@link EcnName}. Default `"accurate-passive"`: what the peer
   * asks for is accepted.
   */
  ecn?: EcnName;
  /** Whether accurate ECN sends its byte counters to peers that send theirs, RFC 9768. Default true. */
  ecnOption?: boolean;
  /** Whether a SYN that is sent again does not ask for ECN, RFC 3168 section 6.1.1.1. Default true. */
  ecnFallback?: boolean;
  /** Packetization-layer path MTU discovery, RFC 4821; see {@link MtuProbingName}. Default `"off"`. */
  mtuProbing?: MtuProbingName;
  /** MSS with which `mtuProbing` begins, bytes (RFC 4821 section 7.2). Default 1024, as Linux. */
  baseMss?: number;
  /** Least MSS to which a black hole makes `mtuProbing` go down, bytes. Default 48, as Linux. */
  mtuProbeFloor?: number;
  /** Time after which `mtuProbing` begins its search anew. Default 600000 ms, as Linux. */
  mtuProbeIntervalMs?: number;
  /** Least path MTU that an ICMP message of IPv4 is believed, bytes. Default 552, as Linux; IPv6: 1280. */
  pathMtuMin?: number;
  /** How long an ICMP message about the path's MTU holds (RFC 1191 section 6.3). Default 600000 ms. */
  pathMtuExpiresMs?: number;
  /**
   * Whether sending begins with the initial window after a pause of more than an RTO (RFC 5681 section 4.1).
   * Default false; Linux's `tcp_slow_start_after_idle` is on by default. BBR does not.
   */
  restartAfterIdle?: boolean;
  /**
   * Whether segments are spread over the round trip: 200 % of the window in an RTT in slow start, 120 %
   * behind it, as Linux. BBR always does. Default false.
   */
  pacing?: boolean;
  /** Most that a connection sends, bytes per second, paced (Linux's `SO_MAX_PACING_RATE`); 0: no limit. */
  pacingRateMaxBytes?: number;
  /** Whether to offer and accept timestamps, RFC 7323. Default true. */
  timestamps?: boolean;
  /** Whether to offer and accept window scaling, RFC 7323. Default true. */
  windowScale?: boolean;
  /** Whether to offer selective acknowledgments, RFC 2018. Default true. */
  sack?: boolean;
  /** Differentiated Services code point of new connections, 0 to 63 (RFC 2474). Default 0. */
  diffServ?: number;
  /** Hop limit (TTL) of new connections, 1 to 255. Default 64, as Linux. */
  hopLimit?: number;
  /** Whether to report what was received twice, RFC 2883 (needs `sack`). Default true, as Linux. */
  dsack?: boolean;
  /** Whether to find losses by time, RFC 8985, else by counting, RFC 6675. Default true, as Linux. */
  rack?: boolean;
  /** Whether to probe for a lost tail, RFC 8985 section 7. Default true, as Linux. */
  tlp?: boolean;
  /** Whether to look out for timeouts that were for nothing, RFC 5682. Default true, as Linux. */
  frto?: boolean;
  /** Segments that may overtake one before it counts as lost. Default 3, as Linux; 1 to 300. */
  reordering?: number;
  /**
   * Longest that duplicate ACKs after the third are gathered into one, RFC 2018 peers only; 0 for not at
   * all. Default 1000 microseconds (Linux's `tcp_comp_sack_delay_ns`).
   */
  sackDelayUs?: number;
  /** Duplicate ACKs that are gathered into one at the most. Default 44 (Linux's `tcp_comp_sack_nr`). */
  sackDelaySegments?: number;
  /** Whether the receive buffer grows with use (dynamic right-sizing). Default true, as Linux. */
  receiveAutoTuning?: boolean;
  /** Out-of-order ranges kept for each connection. Default 64. */
  outOfOrderRanges?: number;
  /** Least time between two challenge ACKs of one connection, RFC 5961 section 7. Default 500 ms. */
  challengeAckMs?: number;
  /** Connections at once, those in TIME-WAIT included. Default 65536, with `inline` 4096. */
  maxConnections?: number;
  /**
   * Whether TIME-WAIT ignores RSTs (fix F1 of RFC 1337, Linux's tcp_rfc1337). Default false: one at exactly
   * the next number ends it, as RFC 9293 section 3.10.7.4 has it.
   */
  timeWaitIgnoresResets?: boolean;
  /**
   * Connections whose state is kept ready; of more than that, those at rest are packed into a fifth of the
   * memory until something happens on them. Default 1024.
   */
  awakeConnections?: number;
  /** Connections in TIME-WAIT at once; the oldest gives way. Default 16384. */
  maxTimeWait?: number;
  /**
   * SYN cookies, RFC 4987: `"whenFull"` (the default) when more handshakes are in progress than the backlog
   * allows, `"always"`, or `"never"`, which drops such SYNs.
   */
  synCookies?: SynCookieMode;
  /**
   * The secret of SYN cookies, 32 hexadecimal digits, for hosts that finish each other's handshakes; a second
   * one behind a comma is still believed, so that the first can be replaced. Default: a random one.
   */
  synCookieSecret?: string;
  /** Handshakes in progress at once, of all listeners; beyond it SYN cookies. Default 16384. */
  maxHandshakes?: number;
  /**
   * Whether a completed handshake that finds the queue of unaccepted connections full is answered with RST
   * (Linux's `tcp_abort_on_overflow`) instead of being left to the peer's next try. Default false.
   */
  abortOnOverflow?: boolean;
  /** Fast Open, RFC 7413: bits of {@link FastOpenBit}. Default 3, client and server where they ask for it. */
  fastOpen?: number;
  /**
   * The secret of Fast Open cookies, in the form of `synCookieSecret`; as Linux's `tcp_fastopen_key` without
   * its dashes, whose cookies it then makes. Default: a random one.
   */
  fastOpenSecret?: string;
  /** Peers whose Fast Open cookie is kept; the oldest gives way. Default 1024. */
  fastOpenCookies?: number;
  /**
   * How long no data is sent in SYNs after a path that has swallowed them, doubled each time up to 64 times;
   * 0: such paths are not looked for, as Linux's default. Default 3600000 ms.
   */
  fastOpenBlackholeMs?: number;
  /** Connections and handshakes that one address may have here as a client; 0 (default): any number. */
  maxConnectionsPerAddress?: number;
  /** RSTs sent in answer to segments of no connection, for each second; 0: any number. Default 5000. */
  resetsPerSecond?: number;
  /**
   * Challenge ACKs (RFC 5961) of all connections in a second, about: each second has another limit from half
   * of it to one and a half times, so that counting them tells nothing. 0: any number. Default 1000.
   */
  challengeAcksPerSecond?: number;
  /** Memory for received bytes that were not yet read, all connections together. Default 256 MiB. */
  receiveMemoryBytes?: number;
  /** Memory for bytes that were not yet acknowledged, all connections together. Default 256 MiB. */
  sendMemoryBytes?: number;
}

/** All parameters, with nothing missing. */
export type TcpConfig = Required<TcpOptions>;

/** The defaults; see {@link TcpOptions} for where each comes from. */
export const TCP_DEFAULTS: TcpConfig = {
  congestion: "cubic",
  rtoInitialMs: 1000,
  rtoMinMs: 200,
  rtoMaxMs: 120_000,
  synRetries: 6,
  synLinearTimeouts: 0,
  synAckRetries: 5,
  dataRetries: 15,
  delayedAckMs: 40,
  mslMs: 30_000,
  finWait2Ms: 60_000,
  keepaliveIdleMs: 7_200_000,
  keepaliveIntervalMs: 75_000,
  keepaliveProbes: 9,
  userTimeoutMs: 0,
  receiveBufferInitialBytes: 128 * 1024,
  receiveBufferMaxBytes: 6 * 1024 * 1024,
  sendBufferInitialBytes: 64 * 1024,
  sendBufferMaxBytes: 4 * 1024 * 1024,
  initialWindowSegments: 10,
  ecn: "accurate-passive",
  ecnOption: true,
  ecnFallback: true,
  mtuProbing: "off",
  baseMss: 1024,
  mtuProbeFloor: 48,
  mtuProbeIntervalMs: 600_000,
  pathMtuMin: 552,
  pathMtuExpiresMs: 600_000,
  restartAfterIdle: false,
  pacing: false,
  pacingRateMaxBytes: 0,
  timestamps: true,
  windowScale: true,
  sack: true,
  diffServ: 0,
  hopLimit: 64,
  dsack: true,
  rack: true,
  tlp: true,
  frto: true,
  reordering: 3,
  sackDelayUs: 1000,
  sackDelaySegments: 44,
  receiveAutoTuning: true,
  outOfOrderRanges: 64,
  challengeAckMs: 500,
  maxConnections: 65_536,
  timeWaitIgnoresResets: false,
  awakeConnections: 1024,
  maxTimeWait: 16_384,
  synCookies: "whenFull",
  synCookieSecret: "",
  maxHandshakes: 16_384,
  abortOnOverflow: false,
  fastOpen: FastOpenBit.client | FastOpenBit.server,
  fastOpenSecret: "",
  fastOpenCookies: 1024,
  fastOpenBlackholeMs: 3_600_000,
  maxConnectionsPerAddress: 0,
  resetsPerSecond: 5000,
  challengeAcksPerSecond: 1000,
  receiveMemoryBytes: 256 * 1024 * 1024,
  sendMemoryBytes: 256 * 1024 * 1024,
};

/** The allowed range of each number, both ends included. */
const RANGES: { readonly [Name in keyof TcpConfig]?: readonly [number, number] } = {
  diffServ: [0, 63],
  hopLimit: [1, 255],
  rtoInitialMs: [1, 120_000],
  rtoMinMs: [1, 120_000],
  rtoMaxMs: [1, 3_600_000],
  synRetries: [0, 127],
  synLinearTimeouts: [0, 127],
  synAckRetries: [0, 127],
  dataRetries: [1, 127],
  delayedAckMs: [0, 499],
  mslMs: [1, 240_000],
  finWait2Ms: [1, 3_600_000],
  keepaliveIdleMs: [1, 86_400_000 * 24],
  keepaliveIntervalMs: [1, 86_400_000],
  keepaliveProbes: [1, 127],
  userTimeoutMs: [0, 86_400_000 * 24],
  receiveBufferInitialBytes: [2048, 64 * 1024 * 1024],
  receiveBufferMaxBytes: [2048, 64 * 1024 * 1024],
  sendBufferInitialBytes: [2048, 64 * 1024 * 1024],
  sendBufferMaxBytes: [2048, 64 * 1024 * 1024],
  initialWindowSegments: [1, 1000],
  baseMss: [48, 65_495],
  mtuProbeFloor: [48, 65_495],
  mtuProbeIntervalMs: [1, 86_400_000],
  pathMtuMin: [68, 65_535],
  pathMtuExpiresMs: [1, 86_400_000],
  reordering: [1, 300],
  sackDelayUs: [0, 100_000],
  sackDelaySegments: [0, 255],
  pacingRateMaxBytes: [0, 1_000_000_000_000],
  outOfOrderRanges: [1, 1024],
  challengeAckMs: [0, 60_000],
  maxConnections: [1, 1_048_576],
  awakeConnections: [0, 1_048_576],
  maxTimeWait: [0, 1_048_576],
  maxHandshakes: [1, 1_048_576],
  fastOpen: [0, 0x7ff],
  fastOpenCookies: [0, 65_536],
  fastOpenBlackholeMs: [0, 86_400_000],
  maxConnectionsPerAddress: [0, 1_048_576],
  resetsPerSecond: [0, 1_000_000],
  challengeAcksPerSecond: [0, 1_000_000],
  receiveMemoryBytes: [64 * 1024, 1024 * 1024 * 1024],
  sendMemoryBytes: [64 * 1024, 1024 * 1024 * 1024],
};

/** The names of the congestion controls, for messages and checks. */
export const CONGESTION_NAMES: readonly CongestionName[] = ["cubic", "newreno", "bbr", "none"];

/** The values of `ecn`, by Linux's number for `tcp_ecn`. */
export const ECN_NAMES: readonly EcnName[] = [
  "off",
  "on",
  "passive",
  "accurate",
  "accurate-in",
  "accurate-passive",
];

/** The values of `mtuProbing`, by Linux's number for `tcp_mtu_probing`. */
export const MTU_PROBING_NAMES: readonly MtuProbingName[] = ["off", "blackhole", "always"];

/** The values of {@link SynCookieMode}. */
export const SYN_COOKIE_MODES: readonly SynCookieMode[] = ["never", "whenFull", "always"];

/** The allowed values of each option that is a name. */
const CHOICES: { readonly [Name in keyof TcpConfig]?: readonly string[] } = {
  congestion: CONGESTION_NAMES,
  ecn: ECN_NAMES,
  mtuProbing: MTU_PROBING_NAMES,
  synCookies: SYN_COOKIE_MODES,
};

/** One or two keys of 128 bits. */
const SECRET = /^[0-9a-fA-F]{32}(?:,[0-9a-fA-F]{32})?$/;

function checkedSecret(name: string, value: string): string {
  // The value itself is nobody's business.
  if (value !== "" && !SECRET.test(value)) {
    throw new RangeError(`tcp.${name}: expected 32 hexadecimal digits, or twice that and a comma`);
  }
  return value;
}

/**
 * Fills in the defaults. Throws a `TypeError` for an unknown name or a wrong type and a `RangeError` for
 * a number out of range, naming the option, the value and what is allowed.
 */
export function tcpConfig(options: TcpOptions = {}): TcpConfig {
  const config: Record<string, unknown> = { ...TCP_DEFAULTS };
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(TCP_DEFAULTS, name)) {
      throw new TypeError(`tcp.${name}: there is no such option`);
    }
    if (value !== undefined) config[name] = checked(name as keyof TcpConfig, value);
  }
  const result = config as TcpConfig;
  atMost(result, "rtoMinMs", "rtoMaxMs");
  atMost(result, "receiveBufferInitialBytes", "receiveBufferMaxBytes");
  atMost(result, "sendBufferInitialBytes", "sendBufferMaxBytes");
  return result;
}

function checked(name: keyof TcpConfig, value: unknown): unknown {
  const wanted = typeof TCP_DEFAULTS[name];
  const given = typeof value;
  if (given !== wanted) {
    throw new TypeError(`tcp.${name}: expected a ${wanted}, got ${described(value)}`);
  }
  const choices = CHOICES[name];
  if (choices !== undefined && !choices.includes(value as string)) {
    throw new TypeError(`tcp.${name}: "${value}" is not one of ${choices.join(", ")}`);
  }
  if (name === "synCookieSecret" || name === "fastOpenSecret") {
    return checkedSecret(name, value as string);
  }
  const range = RANGES[name];
  if (range !== undefined) {
    const number = value as number;
    if (!Number.isInteger(number) || number < range[0] || number > range[1]) {
      throw new RangeError(
        `tcp.${name}: ${number} is not a whole number from ${range[0]} to ${range[1]}`,
      );
    }
  }
  return value;
}

/** A value of the wrong type as a message shows it; what is no primitive, by its type alone. */
function described(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `the string "${value}"`;
    case "number":
    case "boolean":
      return `the ${typeof value} ${value}`;
    default:
      return value === null ? "null" : `a value of type ${typeof value}`;
  }
}

function atMost(config: TcpConfig, low: keyof TcpConfig, high: keyof TcpConfig): void {
  if (config[low] > config[high]) {
    throw new RangeError(
      `tcp.${low}: ${config[low]} is more than tcp.${high}, which is ${config[high]}`,
    );
  }
}
