/** What a packet script says, as data: the tree that the parser makes and the run walks. */

import type { Family } from "./addresses.ts";

/** A script that cannot be read or does not hold, with the line that says so. */
export class ScriptError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** When an event is due. Times are microseconds. */
export type EventTime =
  /** `+.1`: after the end of the event before it. */
  | { readonly kind: "relative"; readonly us: number }
  /** `0.1`: after the start of the script. */
  | { readonly kind: "absolute"; readonly us: number }
  /** `*` */
  | { readonly kind: "any" }
  /** `+.1~+.2` and `0.1~0.2`, for what the stack sends. */
  | {
    readonly kind: "range";
    readonly relative: boolean;
    readonly fromUs: number;
    readonly toUs: number;
  };

/** A value in a system call. */
export type Value =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  /** A constant by its name. */
  | { readonly kind: "name"; readonly name: string }
  /** `htons(8080)` and the like. */
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Value[] }
  | { readonly kind: "array"; readonly items: readonly Value[] }
  | { readonly kind: "struct"; readonly fields: ReadonlyMap<string, Value> }
  | {
    readonly kind: "binary";
    readonly operator: string;
    readonly left: Value;
    readonly right: Value;
  }
  /** `...`: the runner supplies it. */
  | { readonly kind: "ellipsis" };

/** A TCP option as it is written. */
export type ScriptOption =
  | { readonly kind: "mss" | "wscale"; readonly value: number }
  | { readonly kind: "sackOK" | "nop" | "eol" }
  | { readonly kind: "sack"; readonly blocks: readonly (readonly [number, number])[] }
  | { readonly kind: "timestamps"; readonly value: number; readonly echo: number }
  /** Fast Open, as its own kind or in the experimental form. */
  | { readonly kind: "fastOpen" | "fastOpenExperimental"; readonly cookie: Uint8Array }
  /** Anything else, by number. */
  | {
    readonly kind: "other";
    readonly number: number;
    readonly bytes: Uint8Array;
    readonly name: string;
  };

/** What the script says about the IP header; null is not said. */
export interface IpInfo {
  readonly ecn: "noecn" | "ect0" | "ect1" | "ce" | "ect01" | null;
  readonly tos: number | null;
  readonly ttl: number | null;
  /** Only looked at over IPv6. */
  readonly flowLabel: number | null;
}

/** A TCP packet; null is not said. */
export interface TcpPacket {
  readonly kind: "tcp";
  readonly inbound: boolean;
  readonly ip: IpInfo;
  readonly flags: number;
  readonly seq: number;
  readonly length: number;
  /** `0:0(0)!`: the number is meant as it stands. */
  readonly absoluteSeq: boolean;
  /** `...(0)`: the number does not matter. */
  readonly anySeq: boolean;
  readonly ack: number | null;
  readonly window: number | null;
  readonly urgent: number | null;
  /** Null for `<...>`: they do not matter. */
  readonly options: readonly ScriptOption[] | null;
  /** As written, for messages. */
  readonly text: string;
}

/** Type and code of an ICMP message. */
export interface IcmpNumbers {
  readonly type: number;
  readonly code: number;
}

/** An ICMP error from the path. */
export interface IcmpPacket {
  readonly kind: "icmp";
  readonly inbound: boolean;
  /** What it is in each family; null where it is nothing. */
  readonly numbers: Readonly<Record<Family, IcmpNumbers | null>>;
  readonly mtu: number;
  /** The quoted segment's relative sequence number. */
  readonly seq: number;
  readonly length: number;
  readonly text: string;
}

/** A system call with what it must give. */
export interface CallEvent {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Value[];
  /** Null for `?`: anything. */
  readonly result: Value | null;
  readonly errno: string | null;
  /** End of a call that blocks, on the scale of the event's time; null for one that returns at once. */
  readonly endUs: number | null;
  readonly text: string;
}

/** What happens. */
export type Action =
  | TcpPacket
  | IcmpPacket
  | CallEvent
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "command"; readonly text: string };

/** One event of a script. */
export interface ScriptEvent {
  readonly line: number;
  readonly time: EventTime;
  readonly action: Action;
}

/** A `--name=value` line. */
export interface ScriptOptionLine {
  readonly line: number;
  readonly name: string;
  readonly value: string;
}

/** A shell command between backquotes. */
export interface Command {
  readonly line: number;
  readonly text: string;
}

/** A whole script. */
export interface Script {
  readonly options: readonly ScriptOptionLine[];
  /** Commands before the first event. */
  readonly before: readonly Command[];
  readonly events: readonly ScriptEvent[];
}
