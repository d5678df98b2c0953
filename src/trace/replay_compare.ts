/** What the stack sent in a replay, held against what the capture shows. */

import { Flag, type Segment } from "../wire/segment.ts";

/** How one segment compares. */
export const Verdict = {
  /** The other side has the same: numbers, length and flags. */
  same: "same",
  /** The same but for the acknowledgment number. */
  otherAck: "other ack",
  /** The same bytes in segments that begin or end elsewhere. */
  otherCut: "other cut",
  /** The stack did not send it. */
  onlyCaptured: "only in the capture",
  /** The capture does not have it. */
  onlyStack: "only by the stack",
} as const;

/** One value of {@link Verdict}. */
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** The part of a step that is compared. */
export interface Comparable {
  readonly kind: string;
  readonly segment: Segment | null;
  verdict: Verdict | null;
}

/** The flags in which a difference is one of behaviour; PSH is decoration. */
const COMPARED_FLAGS = Flag.SYN | Flag.FIN | Flag.RST;

/** Gives every segment of the stack and of the capture its verdict. */
export function compare(steps: readonly Comparable[]): void {
  const stack = steps.filter(({ kind }) => kind === "stack");
  const captured = steps.filter(({ kind }) => kind === "captured");
  match(captured, stack, (a, b) => isSame(a, b) && a.ack === b.ack, Verdict.same);
  match(captured, stack, (a, b) => isSame(a, b) && takesSequence(a), Verdict.otherAck);
  settle(captured, stack, Verdict.onlyCaptured);
  settle(stack, captured, Verdict.onlyStack);
}

/** How often each verdict was given, by what has it. */
export function tally(steps: readonly Comparable[]): ReadonlyMap<Verdict, number> {
  const counts = new Map<Verdict, number>();
  for (const { kind, verdict } of steps) {
    // What both sides have is counted once.
    const isSecond = kind === "stack" && verdict !== Verdict.onlyStack;
    if (verdict !== null && !isSecond) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  return counts;
}

function match(
  captured: readonly Comparable[],
  stack: readonly Comparable[],
  agree: (a: Segment, b: Segment) => boolean,
  verdict: Verdict,
): void {
  // Both are in the order of time, and so are the pairs: the n-th retransmission is the n-th.
  const byStart = new Map<number, Comparable[]>();
  for (const one of stack) {
    if (one.verdict !== null) continue;
    const seq = one.segment!.seq;
    const list = byStart.get(seq);
    if (list === undefined) byStart.set(seq, [one]);
    else list.push(one);
  }
  for (const one of captured) {
    if (one.verdict !== null) continue;
    const candidates = byStart.get(one.segment!.seq) ?? [];
    const index = candidates.findIndex((other) => agree(one.segment!, other.segment!));
    if (index < 0) continue;
    one.verdict = verdict;
    candidates.splice(index, 1)[0].verdict = verdict;
  }
}

function isSame(a: Segment, b: Segment): boolean {
  return a.payloadLength === b.payloadLength &&
    (a.flags & COMPARED_FLAGS) === (b.flags & COMPARED_FLAGS);
}

function takesSequence(segment: Segment): boolean {
  return segment.payloadLength > 0 || (segment.flags & COMPARED_FLAGS) !== 0;
}

/** What is left of `mine` has its bytes in segments of `others`, or is alone. */
function settle(
  mine: readonly Comparable[],
  others: readonly Comparable[],
  alone: Verdict,
): void {
  const base = others.find(({ segment }) => segment!.payloadLength > 0)?.segment?.seq ?? 0;
  const runs = runsOf(others, base);
  for (const one of mine) {
    if (one.verdict !== null) continue;
    one.verdict = isCovered(one.segment!, base, runs) ? Verdict.otherCut : alone;
  }
}

/** Sequence numbers from `base` on that lie next to each other. */
interface Run {
  readonly start: number;
  end: number;
}

function runsOf(steps: readonly Comparable[], base: number): Run[] {
  const parts = steps.map(({ segment }) => segment!).filter(({ payloadLength }) =>
    payloadLength > 0
  ).map(({ seq, payloadLength }) => {
    const start = (seq - base) | 0;
    return { start, end: start + payloadLength };
  }).sort((a, b) => a.start - b.start);
  const runs: Run[] = [];
  for (const part of parts) {
    const last = runs.at(-1);
    if (last !== undefined && part.start <= last.end) last.end = Math.max(last.end, part.end);
    else runs.push(part);
  }
  return runs;
}

function isCovered({ seq, payloadLength }: Segment, base: number, runs: readonly Run[]): boolean {
  const start = (seq - base) | 0;
  return payloadLength > 0 &&
    runs.some((run) => run.start <= start && start + payloadLength <= run.end);
}
