/**
 * The connection that a script talks about: how its sequence numbers and timestamps become those on the
 * wire and back.
 *
 * On a SYN the peer's numbers are meant as they stand and the stack's are offset by the difference between
 * its real initial sequence number and that of the script; on everything else both count from the initial
 * sequence number.
 */

import type { Address } from "../../src/base/address.ts";
import { Flag } from "../../src/wire/segment.ts";
import type { FrameEnds, SentPacket, WirePacket } from "./frames.ts";
import type { ScriptOption, TcpPacket } from "./syntax.ts";

export class Flow {
  readonly localPort: number;
  readonly remotePort: number;
  /** The stack's initial sequence number, and what the script calls it. */
  #localIsn: number | null = null;
  #scriptIsn = 0;
  #remoteIsn: number | null = null;
  /** The first timestamp of the stack: as sent, and as the script has it. */
  #firstTimestamp: { readonly live: number; readonly script: number } | null = null;
  readonly #timestamps = new Map<number, number>();

  constructor(localPort: number, remotePort: number) {
    this.localPort = localPort;
    this.remotePort = remotePort;
  }

  /** The number of a SYN that may make a new connection of an old one. */
  #candidate: number | null = null;

  /** This SYN begins a new connection between the same ports if the stack answers it with one. */
  mayRestart(seq: number): void {
    this.#candidate = seq | 0;
  }

  /** A new connection between the same ports begins. */
  restart(): void {
    this.#localIsn = null;
    this.#remoteIsn = null;
    this.#firstTimestamp = null;
    this.#timestamps.clear();
  }

  /** The stack's end of the flow first. */
  ends(local: Address, remote: Address): FrameEnds {
    const { localPort, remotePort } = this;
    return {
      source: local,
      destination: remote,
      sourcePort: localPort,
      destinationPort: remotePort,
    };
  }

  owns(packet: SentPacket): boolean {
    return packet.sourcePort === this.localPort && packet.destinationPort === this.remotePort;
  }

  /** The stack's sequence number for a relative one of the script, as in quoted segments. */
  localSeq(relative: number): number {
    return ((this.#localIsn ?? 0) + relative) | 0;
  }

  /** What the script gives to the stack, with numbers as on the wire. */
  toWire(packet: TcpPacket): WirePacket {
    const isSyn = (packet.flags & Flag.SYN) !== 0;
    if (isSyn && this.#remoteIsn === null) this.#remoteIsn = packet.seq | 0;
    const { seq, ack } = packet;
    const seqBase = isSyn || packet.absoluteSeq ? 0 : this.#remoteIsn ?? 0;
    const ackBase = (this.#localIsn ?? 0) - (isSyn ? this.#scriptIsn : 0);
    return {
      flags: packet.flags,
      seq: (seqBase + seq) | 0,
      ack: ack === null ? 0 : (ackBase + ack) | 0,
      window: packet.window ?? 0,
      urgent: packet.urgent ?? 0,
      length: packet.length,
      options: (packet.options ?? []).map((option) => this.#optionToWire(option)),
      trafficClass: trafficClassOf(packet),
      ttl: packet.ip.ttl ?? 255,
      flowLabel: packet.ip.flowLabel ?? 0,
    };
  }

  #optionToWire(option: ScriptOption): ScriptOption {
    if (option.kind === "sack") {
      const base = this.#localIsn ?? 0;
      const blocks = option.blocks.map(([left, right]) =>
        [(base + left) >>> 0, (base + right) >>> 0] as const
      );
      return { kind: "sack", blocks };
    }
    if (option.kind !== "timestamps") return option;
    return { ...option, echo: this.#liveTimestamp(option.echo) };
  }

  #liveTimestamp(script: number): number {
    const known = this.#timestamps.get(script);
    if (known !== undefined) return known;
    const first = this.#firstTimestamp;
    return first === null || script === 0 ? script : (first.live + script - first.script) >>> 0;
  }

  /** What the stack has sent, with the script's numbers; `expected` names what it is compared with. */
  toScript(sent: SentPacket, expected: TcpPacket): SentPacket {
    const isSyn = (sent.flags & Flag.SYN) !== 0;
    const expectsSyn = (expected.flags & Flag.SYN) !== 0;
    if (isSyn && this.#candidate !== null) {
      this.restart();
      this.#remoteIsn = this.#candidate;
      this.#candidate = null;
    }
    if (isSyn && this.#localIsn === null) {
      this.#localIsn = sent.seq;
      this.#scriptIsn = expectsSyn ? expected.seq | 0 : 0;
    }
    const localBase = (this.#localIsn ?? 0) - (isSyn ? this.#scriptIsn : 0);
    const remoteBase = isSyn ? 0 : this.#remoteIsn ?? 0;
    return {
      ...sent,
      seq: expected.absoluteSeq ? sent.seq >>> 0 : (sent.seq - localBase) >>> 0,
      ack: (sent.flags & Flag.ACK) === 0 ? 0 : (sent.ack - remoteBase) >>> 0,
      options: sent.options.map((option) => this.#optionToScript(option, expected)),
    };
  }

  #optionToScript(option: ScriptOption, expected: TcpPacket): ScriptOption {
    if (option.kind === "sack") {
      const base = this.#remoteIsn ?? 0;
      const blocks = option.blocks.map(([left, right]) =>
        [(left - base) >>> 0, (right - base) >>> 0] as const
      );
      return { kind: "sack", blocks };
    }
    if (option.kind !== "timestamps") return option;
    const wanted = expected.options?.find((each) => each.kind === "timestamps");
    if (wanted?.kind === "timestamps") {
      this.#firstTimestamp ??= { live: option.value, script: wanted.value };
      this.#timestamps.set(wanted.value, option.value);
    }
    const first = this.#firstTimestamp;
    if (first === null) return option;
    return { ...option, value: (first.script + option.value - first.live) >>> 0 };
  }

  /** The script's value of the stack's first timestamp. */
  get firstScriptTimestamp(): number {
    return this.#firstTimestamp?.script ?? 0;
  }
}

const ECN_BITS = { noecn: 0, ect1: 1, ect0: 2, ce: 3, ect01: 2 } as const;

function trafficClassOf(packet: TcpPacket): number {
  const { tos, ecn } = packet.ip;
  return (tos ?? 0) | (ecn === null ? 0 : ECN_BITS[ecn]);
}
