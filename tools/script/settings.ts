/** What the lines before the events, and shell commands anywhere, set: of the run and of the stack. */

import { type Address, parseAddress } from "../../src/base/address.ts";
import {
  ECN_NAMES,
  MTU_PROBING_NAMES,
  TCP_DEFAULTS,
  type TcpConfig,
  tcpConfig,
} from "../../src/tcp/config.ts";
import { type Family, FAMILY_DEFAULTS, familyOf, ipHeaderBytes } from "./addresses.ts";
import { type Command, ScriptError, type ScriptOptionLine } from "./syntax.ts";

/** The settings of one run. */
export interface Settings {
  readonly family: Family;
  /** What sockets are made of; IPv6 ones speak IPv4 too, by mapped addresses. */
  socketFamily: Family;
  localAddress: Address;
  remoteAddress: Address;
  mtu: number;
  toleranceUs: number;
  /** Microseconds of one step of the stack's timestamps as the script has them; 0: not checked. */
  timestampTickUs: number;
  /** Whether an outbound packet must be one segment on the wire. */
  strictSegments: boolean;
  /** Kinds of failures that are only reported. */
  nonFatal: ReadonlySet<string>;
  /** PSH, option order, window scale and window as written. */
  exact: boolean;
  readonly config: TcpConfig;
  /** What had no effect, for `--verbose`. */
  readonly notes: string[];
}

/** Bytes of a TCP header without options. */
const TCP_HEADER_BYTES = 20;

/** The settings of a script that says nothing. */
export function defaultSettings(family: Family): Settings {
  const { local, remote, mtu } = FAMILY_DEFAULTS[family];
  return {
    family,
    socketFamily: family,
    localAddress: parseAddress(local)!,
    remoteAddress: parseAddress(remote)!,
    mtu,
    toleranceUs: 4000,
    timestampTickUs: 0,
    strictSegments: false,
    nonFatal: new Set(),
    exact: false,
    config: tcpConfig(),
    notes: [],
  };
}

/** Takes one `--name=value` line. */
export function applyOption(settings: Settings, option: ScriptOptionLine): void {
  const { name, value, line } = option;
  const number = () => {
    const result = Number(value);
    if (value === "" || !Number.isFinite(result) || result < 0) {
      throw new ScriptError(line, `--${name}: "${value}" is not a number`);
    }
    return result;
  };
  switch (name) {
    case "ip_version":
      if (value === "ipv4-mapped-ipv6") settings.socketFamily = "ipv6";
      return;
    case "local_ip":
      settings.localAddress = addressOf(settings, option);
      return;
    case "remote_ip":
      settings.remoteAddress = addressOf(settings, option);
      return;
    case "mss":
      settings.mtu = number() + ipHeaderBytes(settings.family) + TCP_HEADER_BYTES;
      return;
    case "mtu":
      settings.mtu = number();
      return;
    case "tolerance_usecs":
      settings.toleranceUs = number();
      return;
    case "tcp_ts_tick_usecs":
      settings.timestampTickUs = number();
      return;
    case "init_scripts":
      applyCommand(settings, { line, text: value });
      return;
    case "strict_segments":
      settings.strictSegments = true;
      return;
    case "non_fatal":
      settings.nonFatal = new Set(value.split(","));
      return;
    default:
      settings.notes.push(`${line}: --${name} has no effect`);
  }
}

/** The families that the lines of a script ask for; null when they do not say. */
export function familiesOf(options: readonly ScriptOptionLine[]): readonly Family[] | null {
  const option = options.find(({ name }) => name === "ip_version");
  switch (option?.value) {
    case undefined:
      return familiesOfAddresses(options);
    case "ipv4":
    case "ipv4-mapped-ipv6":
      return ["ipv4"];
    case "ipv6":
      return ["ipv6"];
  }
  throw new ScriptError(
    option!.line,
    `--ip_version: "${option!.value}" is not ipv4, ipv6 or ipv4-mapped-ipv6`,
  );
}

/** A script that gives an address runs as the family of that. */
function familiesOfAddresses(options: readonly ScriptOptionLine[]): readonly Family[] | null {
  const given = options.find(({ name }) => name === "local_ip" || name === "remote_ip");
  const address = given === undefined ? null : parseAddress(given.value.split("/")[0]);
  return address === null ? null : [familyOf(address)];
}

function addressOf(settings: Settings, { name, value, line }: ScriptOptionLine): Address {
  const address = parseAddress(value.split("/")[0]);
  if (address === null) throw new ScriptError(line, `--${name}: "${value}" is not an address`);
  if (familyOf(address) !== settings.family) {
    throw new ScriptError(line, `--${name}: ${value} is no address for ${settings.family}`);
  }
  return address;
}

/** Values by the stack's option; null is one that the stack does not have. */
type Setter = (value: string) => Partial<Record<string, unknown>> | null;

const milliseconds = (name: string): Setter => (value) => ({ [name]: Number(value) * 1000 });
const count = (name: string): Setter => (value) => ({ [name]: Number(value) });
const flag = (name: string): Setter => (value) => ({ [name]: Number(value) !== 0 });
const buffer = (initial: string, most: string): Setter => (value) => {
  const [, usual, max] = value.trim().split(/[\s,]+/).map(Number);
  if (usual === undefined || max === undefined) return null;
  return { [initial]: Math.min(usual, max), [most]: max };
};

/** Linux's and FreeBSD's names for what are options of `open({ tcp })` here. */
const SYSCTLS: Readonly<Record<string, Setter>> = {
  tcp_timestamps: flag("timestamps"),
  tcp_sack: flag("sack"),
  tcp_dsack: flag("dsack"),
  tcp_window_scaling: flag("windowScale"),
  tcp_syn_retries: count("synRetries"),
  tcp_syn_linear_timeouts: count("synLinearTimeouts"),
  tcp_synack_retries: count("synAckRetries"),
  tcp_retries2: count("dataRetries"),
  tcp_fin_timeout: milliseconds("finWait2Ms"),
  tcp_keepalive_time: milliseconds("keepaliveIdleMs"),
  tcp_keepalive_intvl: milliseconds("keepaliveIntervalMs"),
  tcp_keepalive_probes: count("keepaliveProbes"),
  tcp_invalid_ratelimit: count("challengeAckMs"),
  tcp_max_tw_buckets: count("maxTimeWait"),
  tcp_rmem: buffer("receiveBufferInitialBytes", "receiveBufferMaxBytes"),
  tcp_wmem: buffer("sendBufferInitialBytes", "sendBufferMaxBytes"),
  tcp_congestion_control: (value) => ({ congestion: value === "reno" ? "newreno" : value }),
  tcp_ecn: (value) => ({ ecn: ECN_NAMES[Number(value)] ?? value }),
  tcp_ecn_option: flag("ecnOption"),
  tcp_ecn_fallback: flag("ecnFallback"),
  tcp_reordering: count("reordering"),
  tcp_recovery: (value) => ({ rack: (Number(value) & 1) !== 0 }),
  tcp_early_retrans: (value) => ({ tlp: Number(value) >= 3 }),
  tcp_comp_sack_delay_ns: (value) => ({ sackDelayUs: Math.round(Number(value) / 1000) }),
  tcp_comp_sack_nr: count("sackDelaySegments"),
  tcp_frto: flag("frto"),
  // Of the bits of Linux those that mean something here (FastOpenBit).
  tcp_fastopen: (value) => ({ fastOpen: Number(value) & 0x7ff }),
  tcp_fastopen_key: (value) => ({ fastOpenSecret: value.replaceAll("-", "") }),
  tcp_fastopen_blackhole_timeout_sec: milliseconds("fastOpenBlackholeMs"),
  tcp_syncookies: (value) => ({ synCookies: ["never", "whenFull", "always"][Number(value)] }),
  tcp_abort_on_overflow: flag("abortOnOverflow"),
  tcp_challenge_ack_limit: (value) => ({
    challengeAcksPerSecond: Number(value) > 1e6 ? 0 : Number(value),
  }),
  tcp_slow_start_after_idle: flag("restartAfterIdle"),
  tcp_moderate_rcvbuf: flag("receiveAutoTuning"),
  tcp_mtu_probing: (value) => ({ mtuProbing: MTU_PROBING_NAMES[Number(value)] ?? value }),
  tcp_base_mss: count("baseMss"),
  tcp_mtu_probe_floor: count("mtuProbeFloor"),
  tcp_probe_interval: milliseconds("mtuProbeIntervalMs"),
  "route.min_pmtu": count("pathMtuMin"),
  "route.mtu_expires": milliseconds("pathMtuExpiresMs"),
  tcp_rto_min_us: (value) => ({ rtoMinMs: Math.max(1, Math.round(Number(value) / 1000)) }),
  tcp_rto_max_ms: count("rtoMaxMs"),
  // FreeBSD, in net.inet.tcp.
  rfc1323: (value) => ({ timestamps: value !== "0", windowScale: value !== "0" }),
  "cc.algorithm": (value) => ({ congestion: value }),
  "sack.enable": flag("sack"),
  "ecn.enable": (value) => ({
    ecn: ["off", "on", "passive", "accurate", "accurate-passive"][Number(value)] ?? value,
  }),
  initcwnd_segments: count("initialWindowSegments"),
  msl: count("mslMs"),
  delayed_ack: (value) => ({ delayedAckMs: value === "0" ? 0 : TCP_DEFAULTS.delayedAckMs }),
  delacktime: count("delayedAckMs"),
  keepidle: count("keepaliveIdleMs"),
  keepintvl: count("keepaliveIntervalMs"),
  keepcnt: count("keepaliveProbes"),
  rexmit_min: count("rtoMinMs"),
  rexmit_max: count("rtoMaxMs"),
  rexmit_initial: count("rtoInitialMs"),
  finwait2_timeout: count("finWait2Ms"),
  recvspace: count("receiveBufferInitialBytes"),
  sendspace: count("sendBufferInitialBytes"),
  syncookies: (value) => ({ synCookies: value === "0" ? "never" : "whenFull" }),
};

/** What `defaults.sh` of the suites sets: Linux's values as those suites expect them. */
const SUITE_DEFAULTS: readonly (readonly [string, string])[] = [
  ["tcp_congestion_control", "cubic"],
  ["tcp_timestamps", "1"],
  ["tcp_sack", "1"],
  ["tcp_dsack", "1"],
  ["tcp_window_scaling", "1"],
  ["tcp_ecn", "0"],
  ["tcp_reordering", "3"],
  ["tcp_recovery", "1"],
  ["tcp_early_retrans", "3"],
  ["tcp_slow_start_after_idle", "0"],
  ["tcp_fastopen", "3"],
  ["tcp_fastopen_blackhole_timeout_sec", "0"],
  ["tcp_frto", "2"],
  ["tcp_syncookies", "1"],
  ["tcp_rmem", "4096 540000 15728640"],
  ["tcp_wmem", "4096 262144 4194304"],
];

/** A shell command taken apart: the settings that it makes, by path and value, and its other lines. */
export function sysctlsOf(command: Command): {
  readonly sysctls: readonly (readonly [string, string])[];
  readonly others: readonly string[];
} {
  const sysctls: (readonly [string, string])[] = [];
  const others: string[] = [];
  for (const line of command.text.split(/\n|;|&&/).map((each) => each.trim())) {
    if (line === "" || line.startsWith("#")) continue;
    if (/(?:^|\/)defaults\.sh\b/.test(line)) {
      for (const [name, value] of SUITE_DEFAULTS) sysctls.push([`net.ipv4.${name}`, value]);
    } else if (/\bsysctl\b|set_sysctls\.py\b/.test(line)) {
      sysctls.push(...assignmentsIn(line));
    } else {
      const [, value, path] = /^echo\s+(.*?)\s*>\s*(\/proc\/sys\/\S+)/.exec(line) ?? [];
      if (path === undefined) others.push(line);
      else sysctls.push([dotted(path), unquoted(value)]);
    }
  }
  return { sysctls, others };
}

/** `sysctl -q -w net.ipv4.tcp_x=1 "net.ipv4.tcp_rmem=1 2 3"`, `set_sysctls.py /proc/sys/net/...=1`. */
function assignmentsIn(text: string): [string, string][] {
  const pattern =
    /["']?([\w./-]+[./][\w./-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|((?:[^\s"']+)(?:\s+\d+)*))/g;
  return [...text.matchAll(pattern)].map((found) =>
    [dotted(found[1]), unquoted(found[2] ?? found[3] ?? found[4])] as [string, string]
  );
}

function dotted(path: string): string {
  return path.replace(/^\/proc\/sys\//, "").replaceAll("/", ".");
}

function unquoted(value: string): string {
  return value.trim().replace(/["']/g, "");
}

/** Runs a shell command as far as it means something here. */
export function applyCommand(settings: Settings, command: Command): void {
  const { sysctls, others } = sysctlsOf(command);
  for (const [path, value] of sysctls) applySysctl(settings, path, value, command.line);
  for (const line of others) settings.notes.push(`${command.line}: not run: ${line}`);
}

function applySysctl(settings: Settings, path: string, value: string, line: number): void {
  const name = path.replace(/^.*?\b(?:ipv4|tcp)\.(?=[a-z])/, "");
  const changes = SYSCTLS[name]?.(value) ?? null;
  const known = Object.entries(changes ?? {}).filter(([option]) => option in TCP_DEFAULTS);
  if (changes === null || known.length === 0) {
    settings.notes.push(`${line}: the stack has no option for ${name}=${value}`);
    return;
  }
  for (const [option, wanted] of known) {
    try {
      const checked = tcpConfig({ ...settings.config, ...likeDefault(option, wanted) });
      Object.assign(settings.config, checked);
    } catch (error) {
      settings.notes.push(`${line}: ${name}=${value}: ${(error as Error).message}`);
    }
  }
}

/** A number for an option that is a switch, and the other way round. */
function likeDefault(option: string, wanted: unknown): Record<string, unknown> {
  const usual: unknown = TCP_DEFAULTS[option as keyof TcpConfig];
  if (typeof usual === "boolean") return { [option]: Boolean(wanted) };
  if (typeof usual === "number") return { [option]: Number(wanted) };
  return { [option]: wanted };
}
