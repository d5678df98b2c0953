import { assert, assertEquals, assertThrows } from "@std/assert";
import { TCP_DEFAULTS, type TcpConfig, tcpConfig, type TcpOptions } from "../../src/tcp/config.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const DAY_MS = 86_400_000;

/** The numbers' ranges as the documentation of `open({ tcp })` promises them, both ends included. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
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
  keepaliveIdleMs: [1, 24 * DAY_MS],
  keepaliveIntervalMs: [1, DAY_MS],
  keepaliveProbes: [1, 127],
  userTimeoutMs: [0, 24 * DAY_MS],
  receiveBufferInitialBytes: [2 * KIB, 64 * MIB],
  receiveBufferMaxBytes: [2 * KIB, 64 * MIB],
  sendBufferInitialBytes: [2 * KIB, 64 * MIB],
  sendBufferMaxBytes: [2 * KIB, 64 * MIB],
  initialWindowSegments: [1, 1000],
  diffServ: [0, 63],
  hopLimit: [1, 255],
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
  fastOpenBlackholeMs: [0, DAY_MS],
  maxConnectionsPerAddress: [0, 1_048_576],
  resetsPerSecond: [0, 1_000_000],
  challengeAcksPerSecond: [0, 1_000_000],
  receiveMemoryBytes: [64 * KIB, 1024 * MIB],
  sendMemoryBytes: [64 * KIB, 1024 * MIB],
};

/** Pairs of which the first must not be more than the second. */
const RELATIONS = [
  ["rtoMinMs", "rtoMaxMs"],
  ["receiveBufferInitialBytes", "receiveBufferMaxBytes"],
  ["sendBufferInitialBytes", "sendBufferMaxBytes"],
] as const;

/** Options with one value that is deliberately of any type, as JavaScript callers may give it. */
function withValue(name: string, value: unknown): TcpOptions {
  return { [name]: value } as TcpOptions;
}

/** The same with whatever else is needed for the value to break no relation. */
function allowing(name: string, value: number): TcpOptions {
  const options: Record<string, unknown> = { [name]: value };
  for (const [low, high] of RELATIONS) {
    if (name === low) options[high] = Math.max(value, TCP_DEFAULTS[high]);
    if (name === high) options[low] = Math.min(value, TCP_DEFAULTS[low]);
  }
  return options as TcpOptions;
}

function assertNames(error: Error, ...words: readonly (string | number)[]): void {
  for (const word of words) {
    assert(error.message.includes(String(word)), `${word}: ${error.message}`);
  }
}

Deno.test("Goal: the defaults are those that the protocol's table promises", () => {
  assertEquals<TcpConfig>(tcpConfig(), {
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
    receiveBufferInitialBytes: 128 * KIB,
    receiveBufferMaxBytes: 6 * MIB,
    sendBufferInitialBytes: 64 * KIB,
    sendBufferMaxBytes: 4 * MIB,
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
    fastOpen: 3,
    fastOpenSecret: "",
    fastOpenCookies: 1024,
    fastOpenBlackholeMs: 3_600_000,
    maxConnectionsPerAddress: 0,
    resetsPerSecond: 5000,
    challengeAcksPerSecond: 1000,
    receiveMemoryBytes: 256 * MIB,
    sendMemoryBytes: 256 * MIB,
  });
});

Deno.test("Goal: what is given is taken, the rest is filled in, and the defaults are nobody's to change", () => {
  const config = tcpConfig({ mslMs: 1, sack: false, congestion: "newreno", rtoMinMs: undefined });
  assertEquals(config, { ...TCP_DEFAULTS, mslMs: 1, sack: false, congestion: "newreno" });
  config.mslMs = 5;
  assertEquals(tcpConfig().mslMs, 30_000);
});

Deno.test("Goal: every number has a range, whose ends are allowed and whose neighbours are not", () => {
  const numbers = Object.entries(TCP_DEFAULTS).filter(([, value]) => typeof value === "number");
  assertEquals(numbers.map(([name]) => name).sort(), Object.keys(RANGES).sort());
  for (const [name, [low, high]] of Object.entries(RANGES)) {
    for (const value of [low, high]) {
      assertEquals(tcpConfig(allowing(name, value))[name as keyof TcpConfig], value);
    }
    for (const value of [low - 1, high + 1, low + 0.5, NaN, Infinity, -Infinity]) {
      const error = assertThrows(() => tcpConfig(withValue(name, value)), RangeError);
      assertNames(error, `tcp.${name}`, value, low, high);
    }
  }
});

Deno.test("Goal: a value of the wrong type is refused with the option, the value and the right type", () => {
  for (const [name, value] of Object.entries(TCP_DEFAULTS)) {
    for (const wrong of ["5000", 5000, true, null, {}, [], () => 1, 5n, Symbol("five")]) {
      if (typeof wrong === typeof value) continue;
      const error = assertThrows(() => tcpConfig(withValue(name, wrong)), TypeError);
      assertNames(error, `tcp.${name}`, typeof value);
      if (["string", "number", "boolean"].includes(typeof wrong)) assertNames(error, String(wrong));
    }
  }
});

Deno.test("Goal: an unknown option or congestion control is refused by its name", () => {
  for (const name of ["rtoMaximumMs", "toString", "__proto__x", ""]) {
    const error = assertThrows(() => tcpConfig(withValue(name, 1)), TypeError);
    assertNames(error, `tcp.${name}`);
  }
  const unknown = assertThrows(() => tcpConfig(withValue("congestion", "vegas")), TypeError);
  assertNames(unknown, "tcp.congestion", "vegas", "cubic", "newreno", "none");
  assertThrows(() => tcpConfig(withValue("nothing", undefined)), TypeError, "tcp.nothing");
});

Deno.test("Goal: a least value above its greatest is refused with both, also against a default", () => {
  for (const [low, high] of RELATIONS) {
    const most = TCP_DEFAULTS[high];
    const least = TCP_DEFAULTS[low];
    const bad: TcpOptions[] = [withValue(high, least - 1)];
    bad.push({ ...withValue(low, least + 1), ...withValue(high, least) });
    if (most < RANGES[low][1]) bad.push(withValue(low, most + 1));
    for (const options of bad) {
      const error = assertThrows(() => tcpConfig(options), RangeError);
      assertNames(error, `tcp.${low}`, `tcp.${high}`);
    }
    const equal = { ...withValue(low, least), ...withValue(high, least) };
    assertEquals(tcpConfig(equal)[high], least, "equal is allowed");
  }
});

Deno.test("Goal: secrets and the mode of SYN cookies are refused with their name when they are none", () => {
  const digits = "0123456789abcdef0123456789ABCDEF";
  for (const name of ["synCookieSecret", "fastOpenSecret"]) {
    for (const value of ["", digits, `${digits},${digits}`]) {
      assertEquals(tcpConfig(withValue(name, value))[name as keyof TcpConfig], value);
    }
    for (
      const value of ["secret", digits.slice(1), `${digits},`, `${digits},${digits},${digits}`]
    ) {
      const error = assertThrows(() => tcpConfig(withValue(name, value)), RangeError);
      assertNames(error, `tcp.${name}`);
      assert(!error.message.includes(value), "a secret is in a message");
    }
  }
  const error = assertThrows(() => tcpConfig(withValue("synCookies", "sometimes")), TypeError);
  assertNames(error, "tcp.synCookies", "sometimes", "whenFull");
});
