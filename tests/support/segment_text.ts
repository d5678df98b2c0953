/**
 * Segments as one line of text, for tests: `flags seq:end ack N words...`, with the flags as in packet
 * scripts (S F R P U E W A and `.` for ACK, `-` for none) and numbers relative to the two initial sequence
 * numbers, so that a test reads the same wherever sequence space wraps.
 *
 * ```text
 *   S 0:0 win 65535 mss 1460 ws 7 sackOK ts 100 0
 *   P. 1:101 ack 1 win 1000
 *   . 1:1 ack 1 sack 101:201
 * ```
 */

import { assert } from "@std/assert";
import { Flag, OptionBit, Segment } from "../../src/wire/segment.ts";

/** Initial sequence numbers such that both directions pass the sign bit or wrap early. */
export const OWN_ISS = 0xffff_fe00 | 0;
export const PEER_ISS = 0x7fff_fe00 | 0;

const LETTERS: readonly (readonly [string, number])[] = [
  ["S", Flag.SYN],
  ["F", Flag.FIN],
  ["R", Flag.RST],
  ["P", Flag.PSH],
  ["U", Flag.URG],
  [".", Flag.ACK],
  ["E", Flag.ECE],
  ["W", Flag.CWR],
  ["A", Flag.AE],
];

/** A line of text taken apart; what it does not mention is null, and so is a `*`. */
export interface SegmentLine {
  readonly flags: number;
  readonly seq: number | null;
  readonly end: number | null;
  readonly ack: number | null;
  readonly words: ReadonlyMap<string, readonly number[]>;
}

/** How many numbers follow each word. */
const WORDS: Readonly<Record<string, number>> = {
  win: 1,
  urg: 1,
  mss: 1,
  ws: 1,
  ts: 2,
  sackOK: 0,
  /** The traffic class; 0 when it is not mentioned. */
  tos: 1,
  /** The counters of accurate ECN: ECT(0), CE and ECT(1) bytes. */
  accecn: 3,
};

/** Takes a line apart; throws for one that cannot be read, which is a mistake of the test. */
export function parseLine(line: string): SegmentLine {
  const parts = line.trim().split(/\s+/);
  const letters = parts.shift() ?? "";
  let flags = 0;
  for (const letter of letters === "-" ? "" : letters) {
    const known = LETTERS.find(([name]) => name === letter);
    assert(known !== undefined, `unknown flag "${letter}" in "${line}"`);
    flags |= known[1];
  }
  const range = (parts.shift() ?? "").split(":").map((text) => text === "*" ? null : Number(text));
  assert(range.length === 2 && !range.some(Number.isNaN), `no sequence range in "${line}"`);
  let ack: number | null = null;
  const words = new Map<string, number[]>();
  while (parts.length > 0) {
    const word = parts.shift()!;
    if (word === "ack") {
      const value = parts.shift();
      ack = value === "*" ? null : Number(value);
    } else if (word === "sack") {
      const edges = parts.shift()!.split(":").map(Number);
      words.set("sack", [...(words.get("sack") ?? []), ...edges]);
    } else {
      assert(word in WORDS, `unknown word "${word}" in "${line}"`);
      words.set(word, parts.splice(0, WORDS[word]).map(Number));
    }
  }
  return { flags, seq: range[0], end: range[1], ack, words };
}

/** The segment of a line, from the peer: sequence numbers after PEER_ISS, acknowledgments after OWN_ISS. */
export function fillSegment(segment: Segment, line: SegmentLine): void {
  Object.assign(segment, new Segment());
  const word = (name: string, index = 0) => line.words.get(name)?.[index] ?? 0;
  segment.flags = line.flags;
  segment.seq = (PEER_ISS + (line.seq ?? 0)) | 0;
  segment.ack = line.ack === null ? 0 : (OWN_ISS + line.ack) | 0;
  segment.payloadLength = (line.end ?? 0) - (line.seq ?? 0);
  segment.window = line.words.has("win") ? word("win") : 65_535;
  segment.urgent = word("urg");
  segment.mss = word("mss");
  segment.windowScale = word("ws");
  segment.tsValue = word("ts", 0);
  segment.tsEcho = word("ts", 1);
  segment.trafficClass = word("tos");
  if (line.words.has("accecn")) {
    segment.options |= OptionBit.accurateEcn;
    segment.ecnKind = 172;
    segment.ecnFields = 3;
    segment.ecnE0Bytes = word("accecn", 0);
    segment.ecnCeBytes = word("accecn", 1);
    segment.ecnE1Bytes = word("accecn", 2);
  }
  if (line.words.has("mss")) segment.options |= OptionBit.mss;
  if (line.words.has("ws")) segment.options |= OptionBit.windowScale;
  if (line.words.has("ts")) segment.options |= OptionBit.timestamps;
  if (line.words.has("sackOK")) segment.options |= OptionBit.sackPermitted;
  const edges = (line.words.get("sack") ?? []).map((edge) => (OWN_ISS + edge) | 0);
  if (edges.length === 0) return;
  segment.options |= OptionBit.sack;
  segment.sackCount = edges.length / 2;
  [segment.sackLeft0, segment.sackRight0] = [edges[0], edges[1]];
  [segment.sackLeft1, segment.sackRight1] = [edges[2] ?? 0, edges[3] ?? 0];
  [segment.sackLeft2, segment.sackRight2] = [edges[4] ?? 0, edges[5] ?? 0];
  [segment.sackLeft3, segment.sackRight3] = [edges[6] ?? 0, edges[7] ?? 0];
}

/** A segment from the stack as a line, with every word that it has. */
export function lineOf(segment: Segment): string {
  const letters = LETTERS.filter(([, bit]) => (segment.flags & bit) !== 0).map(([name]) => name);
  const seq = (segment.seq - OWN_ISS) | 0;
  const parts = [letters.join("") || "-", `${seq}:${seq + segment.payloadLength}`];
  if ((segment.flags & Flag.ACK) !== 0) parts.push(`ack ${(segment.ack - PEER_ISS) | 0}`);
  parts.push(`win ${segment.window}`);
  const options = segment.options;
  if ((segment.flags & Flag.URG) !== 0) parts.push(`urg ${segment.urgent}`);
  if ((options & OptionBit.mss) !== 0) parts.push(`mss ${segment.mss}`);
  if ((options & OptionBit.windowScale) !== 0) parts.push(`ws ${segment.windowScale}`);
  if ((options & OptionBit.timestamps) !== 0) {
    parts.push(`ts ${segment.tsValue} ${segment.tsEcho}`);
  }
  if ((options & OptionBit.sackPermitted) !== 0) parts.push("sackOK");
  if (segment.trafficClass !== 0) parts.push(`tos ${segment.trafficClass}`);
  if ((options & OptionBit.accurateEcn) !== 0) {
    parts.push(`accecn ${segment.ecnE0Bytes} ${segment.ecnCeBytes} ${segment.ecnE1Bytes}`);
  }
  if ((options & OptionBit.sack) !== 0) parts.push(...sackWords(segment));
  return parts.join(" ");
}

function sackWords(segment: Segment): string[] {
  const edges = [
    [segment.sackLeft0, segment.sackRight0],
    [segment.sackLeft1, segment.sackRight1],
    [segment.sackLeft2, segment.sackRight2],
    [segment.sackLeft3, segment.sackRight3],
  ].slice(0, segment.sackCount);
  const text = (edge: number) => (edge - PEER_ISS) | 0;
  return edges.map(([left, right]) => `sack ${text(left)}:${text(right)}`);
}

/** Whether a line says everything that `expected` asks for: flags always, the rest when mentioned. */
export function matches(actual: string, expected: string): boolean {
  const is = parseLine(actual);
  const wanted = parseLine(expected);
  if (is.flags !== wanted.flags) return false;
  if (wanted.seq !== null && is.seq !== wanted.seq) return false;
  if (wanted.end !== null && is.end !== wanted.end) return false;
  if (wanted.ack !== null && is.ack !== wanted.ack) return false;
  for (const [word, values] of wanted.words) {
    const found = is.words.get(word) ?? (word === "tos" ? [0] : undefined);
    if (found === undefined) return false;
    if (values.some((value, index) => !Number.isNaN(value) && value !== found[index])) return false;
  }
  return true;
}
