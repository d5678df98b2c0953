import { type Answer, type Attempt, done, failed } from "./answer.ts";
import { pollNames } from "./calls_poll.ts";
import type { EpollInterest, Kernel } from "./kernel.ts";
import type { Socket } from "./socket.ts";
import { SYMBOLS } from "./symbols.ts";
import type { CallEvent, Value } from "./syntax.ts";
import { fieldOf, numberOf, optionalNumber } from "./values.ts";

/** What is reported whether asked for or not. */
const ALWAYS = SYMBOLS.EPOLLERR | SYMBOLS.EPOLLHUP;

interface Ready {
  readonly descriptor: number;
  readonly events: number;
}

/** Begins a call of epoll's; null when it is another one. */
export function epollCall(kernel: Kernel, call: CallEvent): Attempt | null {
  const { name, args } = call;
  if (name === "epoll_create" || name === "epoll_create1") {
    const opens = (descriptor: number) => void kernel.epolls.set(descriptor, new Map());
    return done({ value: 0, opens });
  }
  if (name === "close" && kernel.epolls.delete(numberOf(args[0]))) return done({ value: 0 });
  if (name !== "epoll_ctl" && name !== "epoll_wait") return null;
  const set = kernel.epolls.get(numberOf(args[0]));
  if (set === undefined) return done(failed("EBADF"));
  return name === "epoll_ctl" ? done(change(kernel, set, args)) : wait(kernel, set, args);
}

function change(
  kernel: Kernel,
  set: Map<number, EpollInterest>,
  args: readonly Value[],
): Answer {
  const descriptor = numberOf(args[2]);
  if (kernel.get(descriptor) === undefined) return failed("EBADF");
  if (numberOf(args[1]) === SYMBOLS.EPOLL_CTL_DEL) {
    return set.delete(descriptor) ? { value: 0 } : failed("ENOENT");
  }
  const adds = numberOf(args[1]) === SYMBOLS.EPOLL_CTL_ADD;
  if (set.has(descriptor) === adds) return failed(adds ? "EEXIST" : "ENOENT");
  set.set(descriptor, { events: numberOf(fieldOf(args[3], "events")), reported: "" });
  return { value: 0 };
}

function wait(kernel: Kernel, set: Map<number, EpollInterest>, args: readonly Value[]): Attempt {
  const expected = args[1]?.kind === "array" ? args[1].items : [args[1]];
  const most = optionalNumber(args[2]) ?? 1;
  const timeoutMs = optionalNumber(args[3]) ?? 0;
  const { machine } = kernel;
  const untilUs = timeoutMs < 0 ? Infinity : machine.nowUs + timeoutMs * 1000;
  machine.noteDeadline(untilUs);
  return () => {
    const found = readyOnes(kernel, set).slice(0, most);
    if (found.length === 0 && machine.nowUs < untilUs) return null;
    for (const each of found) note(kernel, set, each.descriptor);
    const fault = expectationFault(expected, found);
    return fault === null ? { value: found.length } : { value: found.length, fault };
  };
}

function readyOnes(kernel: Kernel, set: Map<number, EpollInterest>): Ready[] {
  const found: Ready[] = [];
  for (const [descriptor, { events, reported }] of set) {
    const socket = kernel.get(descriptor);
    if (socket === undefined) continue;
    const ready = socket.pollEvents & (events | ALWAYS);
    const isEdge = (events & SYMBOLS.EPOLLET) !== 0 && reported === stateOf(socket);
    if (ready !== 0 && !isEdge) found.push({ descriptor, events: ready });
  }
  return found;
}

/** What an edge is a change of: bytes in, room out, connections, the end. */
function stateOf(socket: Socket): string {
  const { conn } = socket;
  const queue = socket.acceptQueue.length;
  return `${socket.pollEvents} ${conn?.bytesReceived} ${conn?.sndUna} ${conn?.state} ${queue}`;
}

function note(kernel: Kernel, set: Map<number, EpollInterest>, descriptor: number): void {
  const interest = set.get(descriptor)!;
  interest.reported = stateOf(kernel.get(descriptor)!);
  if ((interest.events & SYMBOLS.EPOLLONESHOT) !== 0) interest.events = 0;
}

function expectationFault(
  expected: readonly (Value | undefined)[],
  found: readonly Ready[],
): string | null {
  for (const [index, value] of expected.entries()) {
    const events = fieldOf(value, "events");
    const ready = found[index];
    if (events === undefined || ready === undefined) continue;
    const descriptor = optionalNumber(fieldOf(value, "fd"));
    if (descriptor !== null && descriptor !== ready.descriptor) {
      return `expected fd ${descriptor}, got ${ready.descriptor}`;
    }
    const wanted = optionalNumber(events);
    if (wanted !== null && wanted !== ready.events) {
      return `expected ${pollNames(wanted)}, got ${pollNames(ready.events)}`;
    }
  }
  return null;
}
