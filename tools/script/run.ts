/** Runs one script: waits for the time of each event, does it or expects it, and compares. */

import { Flag } from "../../src/wire/segment.ts";
import type { Answer, Attempt } from "./answer.ts";
import { icmpFrame, packetFault, type SentPacket, tcpFrame } from "./frames.ts";
import { hex, isCookie, mismatch, packetText } from "./match.ts";
import { PythonError, runPython, type Variables } from "./python.ts";
import type { Settings } from "./settings.ts";
import {
  type CallEvent,
  type IcmpPacket,
  type Script,
  ScriptError,
  type ScriptEvent,
  type TcpPacket,
} from "./syntax.ts";
import { ERRNO, INFO_SYMBOLS } from "./symbols.ts";
import { CallError, numberOf } from "./values.ts";
import type { World } from "./world.ts";

/** Steps of the clock in one wait, so that no script can keep the runner. */
const STEPS_MAX = 1_000_000;

/** A call that has not returned. */
interface PendingCall {
  readonly event: ScriptEvent;
  readonly call: CallEvent;
  readonly attempt: Attempt;
  readonly endUs: number;
  readonly toleranceUs: number;
}

/** One run of one script. */
export class ScriptRun {
  readonly #script: Script;
  readonly #settings: Settings;
  readonly #world: World;
  /** When the previous event was over, in microseconds since the start. */
  #lastUs = 0;
  /** Whether the previous event was a packet for the stack, and the time at which it was due. */
  #lastInbound = false;
  #scheduledUs = 0;
  #pending: PendingCall | null = null;
  /** Fast Open cookies of the stack by what the script has in their place. */
  readonly #cookies = new Map<string, Uint8Array>();
  /** Furthest sequence number of the script that has been seen, for what is new data. */
  #furthest = 0;
  /** Variables of the code, which go on from one piece to the next. */
  readonly #variables: Variables = new Map();
  /** What was printed, and failures that do not count. */
  readonly output: string[] = [];

  constructor(script: Script, world: World) {
    this.#script = script;
    this.#settings = world.settings;
    this.#world = world;
  }

  /** Runs everything. Throws a {@link ScriptError} for the first thing that does not hold. */
  run(): void {
    for (const event of this.#script.events) {
      try {
        this.#runEvent(event);
      } catch (error) {
        if (!(error instanceof ScriptError) || !this.#isTolerated(event)) throw error;
        this.output.push(`${error.line}: not fatal: ${error.message}`);
      }
      this.#lastUs = this.#now;
      this.#lastInbound = isInbound(event);
    }
    this.#finishPending(Infinity);
  }

  #isTolerated({ action }: ScriptEvent): boolean {
    const { nonFatal } = this.#settings;
    return nonFatal.has(action.kind === "tcp" ? "packet" : action.kind === "call" ? "syscall" : "");
  }

  get #now(): number {
    return this.#world.elapsedUs;
  }

  #runEvent(event: ScriptEvent): void {
    const { action } = event;
    if (action.kind === "tcp" && !action.inbound) return this.#expect(event, action);
    if (event.time.kind === "range") {
      throw new ScriptError(event.line, "only a packet of the stack can have a range of times");
    }
    // A burst keeps the distances that it was written with, however late its packets go.
    if (this.#lastInbound && isInbound(event)) this.#lastUs = this.#scheduledUs;
    const baseUs = this.#lastUs;
    this.#scheduledUs = this.#dueUs(event);
    this.#waitUntil(event);
    switch (action.kind) {
      case "tcp":
        return this.#inject(event, action);
      case "icmp":
        return this.#injectIcmp(event, action);
      case "call":
        return this.#call(event, action, baseUs);
      case "command":
        return this.#world.command({ line: event.line, text: action.text });
      case "code":
        return this.#runCode(event, action.text);
    }
  }

  // Time.

  #dueUs({ time }: ScriptEvent): number {
    switch (time.kind) {
      case "relative":
        return this.#lastUs + time.us;
      case "absolute":
        return time.us;
      case "any":
        return this.#now;
      case "range":
        return time.fromUs + (time.relative ? this.#lastUs : 0);
    }
  }

  #tolerance(dueUs: number): number {
    return Math.max(this.#settings.toleranceUs, (dueUs - this.#lastUs) / 8);
  }

  #waitUntil(event: ScriptEvent): void {
    const dueUs = this.#dueUs(event);
    if (this.#now - dueUs > this.#tolerance(dueUs)) {
      throw new ScriptError(
        event.line,
        `the time of this event, ${seconds(dueUs)}, is over: it is ${seconds(this.#now)}`,
      );
    }
    this.#advance(dueUs, () => false);
  }

  /** Lets time pass until then, or until `enough` says so. */
  #advance(untilUs: number, enough: () => boolean): void {
    const world = this.#world;
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      this.#tryPending();
      if (enough() || world.elapsedUs >= untilUs) return;
      if (world.isIdle && untilUs === Infinity) return;
      world.step(untilUs);
    }
    throw new Error(`The clock has moved ${STEPS_MAX} times without an end`);
  }

  // Packets in.

  #inject(event: ScriptEvent, packet: TcpPacket): void {
    const world = this.#world;
    const { localAddress, remoteAddress } = this.#settings;
    const isFirstSyn = (packet.flags & (Flag.SYN | Flag.ACK | Flag.RST)) === Flag.SYN;
    const flow = world.flowFor(isFirstSyn, packet.seq);
    const wire = flow.toWire(this.#withLiveCookies(packet));
    const fault = packetFault(wire);
    if (fault !== null) throw new ScriptError(event.line, fault);
    const ends = {
      source: remoteAddress,
      destination: localAddress,
      sourcePort: flow.remotePort,
      destinationPort: flow.localPort,
    };
    world.inject(tcpFrame(ends, wire));
    this.#tryPending();
  }

  #injectIcmp(event: ScriptEvent, packet: IcmpPacket): void {
    const { flow } = this.#world;
    const { localAddress, remoteAddress } = this.#settings;
    if (!packet.inbound) throw new ScriptError(event.line, "the stack sends no ICMP errors yet");
    const numbers = packet.numbers[this.#settings.family];
    if (numbers === null) {
      throw new ScriptError(
        event.line,
        `there is no such ICMP message in ${this.#settings.family}`,
      );
    }
    if (flow === null) throw new ScriptError(event.line, "there is nothing to quote yet");
    const ends = flow.ends(localAddress, remoteAddress);
    const seq = flow.localSeq(packet.seq);
    this.#world.inject(icmpFrame(remoteAddress, ends, { ...packet, ...numbers, seq }));
    this.#tryPending();
  }

  // Packets out.

  #expect(event: ScriptEvent, expected: TcpPacket): void {
    const { time } = event;
    const dueUs = this.#dueUs(event);
    const lateUs = time.kind === "range" ? time.toUs + (time.relative ? this.#lastUs : 0) : dueUs;
    const toleranceUs = this.#tolerance(lateUs);
    const untilUs = (time.kind === "any" ? this.#now : lateUs + toleranceUs) +
      this.#world.patienceUs;
    let first = this.#nextPacket(untilUs);
    if (first === null) {
      throw new ScriptError(event.line, `nothing was sent: expected ${expected.text}`);
    }
    const { flow } = this.#world;
    first = flow!.toScript(first, expected);
    const sent = this.#gathered(first, expected);
    const pushCounts = this.#pushCounts(sent);
    this.#furthest = Math.max(this.#furthest, sent.seq + sent.length);
    const context = {
      settings: this.#settings,
      pushCounts,
      firstTimestamp: flow!.firstScriptTimestamp,
    };
    const fault = mismatch(expected, sent, context);
    if (fault !== null) throw new ScriptError(event.line, fault);
    this.#learnCookies(expected, sent);
    if (time.kind === "any") return;
    const { atUs } = sent;
    if (atUs < dueUs - toleranceUs || atUs > lateUs + toleranceUs) {
      const wanted = dueUs === lateUs
        ? seconds(dueUs)
        : `from ${seconds(dueUs)} to ${seconds(lateUs)}`;
      throw new ScriptError(
        event.line,
        `time: expected ${expected.text} at ${wanted}, it was sent at ${seconds(atUs)}`,
      );
    }
  }

  /** What the script calls a cookie of the stack's is from now on that cookie. */
  #learnCookies(expected: TcpPacket, sent: SentPacket): void {
    const wanted = expected.options?.find(isCookie);
    const found = sent.options.find(isCookie);
    if (wanted === undefined || found === undefined || wanted.cookie.length === 0) return;
    this.#cookies.set(hex(wanted.cookie), found.cookie);
  }

  #withLiveCookies(packet: TcpPacket): TcpPacket {
    const options = packet.options?.map((option) =>
      isCookie(option)
        ? { ...option, cookie: this.#cookies.get(hex(option.cookie)) ?? option.cookie }
        : option
    );
    return { ...packet, options: options ?? null };
  }

  /** The oldest packet of the flow that was not looked at; null when none is sent until then. */
  #nextPacket(untilUs: number): SentPacket | null {
    this.#advance(untilUs, () => this.#oldest() !== null);
    return this.#oldest() === null ? null : this.#world.sent.shift()!;
  }

  #oldest(): SentPacket | null {
    const { sent, flow } = this.#world;
    // Packets of other connections than the one that the script is about are not looked at.
    while (sent.length > 0 && flow !== null && !flow.owns(sent[0])) sent.shift();
    return flow === null ? null : sent[0] ?? null;
  }

  /** Takes the segments that follow `first` in as long as less was sent than is expected. */
  #gathered(first: SentPacket, expected: TcpPacket): SentPacket {
    let sent = first;
    if (this.#settings.strictSegments || first.length === 0) return sent;
    const { flow, burstUs } = this.#world;
    while (sent.length < expected.length) {
      this.#advance(this.#now + burstUs, () => this.#oldest() !== null);
      const next = this.#oldest();
      if (next === null) return sent;
      const more = flow!.toScript(next, expected);
      const follows = more.seq === ((sent.seq + sent.length) >>> 0) && more.length > 0;
      // They are equal in size but for the last, which may be shorter.
      const wasLast = sent.length % first.length !== 0;
      if (!follows || wasLast || more.length > first.length) return sent;
      if (sent.length + more.length > expected.length) return sent;
      this.#world.sent.shift();
      sent = { ...more, seq: first.seq, length: sent.length + more.length, atUs: first.atUs };
    }
    return sent;
  }

  /**
   * PSH is looked at where everything that was written has been sent, for the first time. Where a window
   * cuts a burst Linux sets it by the sizes of its buffers, which is nothing to be compared with.
   */
  #pushCounts(sent: SentPacket): boolean {
    if (sent.length === 0) return true;
    const next = this.#oldest();
    const { burstUs, writtenEnd } = this.#world;
    const isLast = next === null || next.atUs - sent.atUs > burstUs || next.length === 0;
    const isEnd = writtenEnd === null || sent.seq + sent.length >= writtenEnd;
    return isLast && isEnd && sent.seq >= this.#furthest;
  }

  // System calls.

  #call(event: ScriptEvent, call: CallEvent, baseUs: number): void {
    this.#finishPending(Infinity);
    const world = this.#world;
    let attempt: Attempt;
    try {
      attempt = world.begin(call);
    } catch (error) {
      throw located(error, event);
    }
    const startUs = this.#now;
    const isRelative = event.time.kind === "relative" || event.time.kind === "any";
    const endUs = call.endUs === null ? startUs : call.endUs + (isRelative ? baseUs : 0);
    const leastUs = Math.max(this.#settings.toleranceUs, call.endUs === null ? world.callUs : 0);
    const toleranceUs = Math.max(leastUs, (endUs - startUs) / 8);
    this.#pending = { event, call, attempt, endUs, toleranceUs };
    this.#tryPending();
    if (call.endUs === null) this.#finishPending(startUs + toleranceUs);
  }

  /** Asks the call that blocks again. */
  #tryPending(): void {
    const pending = this.#pending;
    if (pending === null) return;
    try {
      const answer = pending.attempt();
      if (answer === null) return;
      this.#pending = null;
      this.#checkAnswer(pending, answer);
    } catch (error) {
      this.#pending = null;
      throw located(error, pending.event);
    }
  }

  #finishPending(untilUs: number): void {
    const pending = this.#pending;
    if (pending === null) return;
    const { patienceUs } = this.#world;
    const limitUs = Math.min(untilUs, pending.endUs + pending.toleranceUs + patienceUs);
    this.#advance(Math.max(limitUs, this.#now), () => this.#pending === null);
    if (this.#pending === null) return;
    this.#pending = null;
    throw new ScriptError(pending.event.line, `${pending.call.text}: the call does not return`);
  }

  #checkAnswer({ event, call, endUs, toleranceUs }: PendingCall, answer: Answer): void {
    const fail = (message: string): never => {
      throw new ScriptError(event.line, `${call.text}: ${message}`);
    };
    this.#checkResult(call, answer, fail);
    if (answer.fault !== undefined) fail(answer.fault);
    if (Math.abs(this.#now - endUs) > toleranceUs && event.time.kind !== "any") {
      fail(`expected its return at ${seconds(endUs)}, it returned at ${seconds(this.#now)}`);
    }
  }

  #checkResult(call: CallEvent, answer: Answer, fail: (message: string) => never): void {
    const got = answer.errno === undefined ? String(answer.value) : `-1 ${answer.errno}`;
    const wanted = call.result === null ? null : numberOf(call.result);
    if (answer.opens !== undefined) {
      if (wanted !== null && wanted < 0) fail("got a file descriptor");
      if (wanted !== null) answer.opens(wanted);
      return;
    }
    if (wanted === null) return;
    if (wanted !== answer.value) return fail(`got ${got}`);
    if (wanted >= 0) return;
    const wantedErrno = call.errno;
    if (wantedErrno !== null && ERRNO[wantedErrno] !== ERRNO[answer.errno ?? ""]) {
      fail(`got ${got}`);
    }
  }

  // Code.

  #runCode(event: ScriptEvent, text: string): void {
    const info = this.#world.info();
    const names = (name: string) => {
      const value = info?.(name) ?? INFO_SYMBOLS[name];
      if (value !== undefined) return value;
      const why = info === null ? "there is no connection" : "is not there yet";
      throw new ScriptError(event.line, `code: ${name}: ${why}`);
    };
    try {
      runPython(text, names, (line) => this.output.push(line), this.#variables);
    } catch (error) {
      if (!(error instanceof PythonError)) throw error;
      throw new ScriptError(event.line + error.line, error.message);
    }
  }

  /** What the stack has sent and the script has not expected, for `--verbose`. */
  leftOver(): string[] {
    return this.#world.sent.map((packet) => `${seconds(packet.atUs)} ${packetText(packet)}`);
  }
}

function isInbound({ action }: ScriptEvent): boolean {
  return (action.kind === "tcp" || action.kind === "icmp") && action.inbound;
}

function seconds(us: number): string {
  return `${(us / 1e6).toFixed(6).replace(/0{1,3}$/, "")} s`;
}

function located(error: unknown, event: ScriptEvent): unknown {
  return error instanceof CallError ? new ScriptError(event.line, error.message) : error;
}
