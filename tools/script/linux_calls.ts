/** System calls of a script as Linux's own: parameters in memory, and what came back compared. */

import type { Answer, Attempt } from "./answer.ts";
import { pollNames } from "./calls_poll.ts";
import { type CallMemory, NUMBERS } from "./linux_memory.ts";
import {
  messageFault,
  optionFault,
  putAddress,
  putMessage,
  putOption,
  putText,
  putVector,
  setLong,
  take,
} from "./linux_values.ts";
import { optionName } from "./socket_options.ts";
import type { Settings } from "./settings.ts";
import { errnoName, SYMBOLS } from "./symbols.ts";
import type { CallEvent, Value } from "./syntax.ts";
import { infoAt } from "./linux_info.ts";
import { CallError, fieldOf, numberOf, optionalNumber, textOf } from "./values.ts";

/** A descriptor that no process has. */
const NO_DESCRIPTOR = 0x7fff_fff0;
/** What an option of any kind fits into. */
const OPTION_BYTES = 512;

const AT_ONCE: ReadonlySet<string> = new Set([
  "socket",
  "bind",
  "listen",
  "shutdown",
  "fcntl",
  "ioctl",
  "setsockopt",
  "getsockopt",
  "getsockname",
  "getpeername",
  "pipe",
  "pipe2",
  "open",
  "dup",
  "epoll_create",
  "epoll_create1",
  "epoll_ctl",
]);

const WRITES: ReadonlySet<string> = new Set([
  "write",
  "writev",
  "send",
  "sendto",
  "sendmsg",
  "sendfile",
  "splice",
]);

/** A call as Linux takes it. */
interface Prepared {
  readonly number: number;
  readonly parameters: readonly number[];
  /** Whether the result is a descriptor that the script gives a number to. */
  readonly opens?: boolean;
  /** Looks at what came back, and says what is wrong with it. */
  readonly check?: (result: number) => string | null;
}

/** The descriptors of a script, and its calls. */
export class LinuxCalls {
  /** Linux's descriptors by the script's numbers. */
  readonly descriptors = new Map<number, number>();
  /** The socket that TCP_INFO is asked of: the newest that connects or was accepted. */
  current = -1;
  /** The congestion control of new sockets. */
  congestion = "cubic";
  /** When the script began, in microseconds of the time of day. */
  startUs = 0;
  readonly #written = new Map<number, number>();
  readonly #memory: CallMemory;
  readonly #settings: Settings;

  constructor(memory: CallMemory, settings: Settings) {
    this.#memory = memory;
    this.#settings = settings;
  }

  /** Begins a call in the other thread. Throws a CallError for what cannot be made. */
  begin(call: CallEvent): Attempt {
    const memory = this.#memory;
    memory.clear();
    const prepared = this.#prepare(call);
    if (call.name === "connect") this.current = prepared.parameters[0];
    if (AT_ONCE.has(call.name)) {
      // What cannot block need not wait for the other thread.
      const answer = this.#answer(
        call,
        prepared,
        memory.now(prepared.number, ...prepared.parameters),
      );
      return () => answer;
    }
    memory.ask(prepared.number, prepared.parameters);
    return () => {
      const result = memory.answer();
      return result === null ? null : this.#answer(call, prepared, result);
    };
  }

  #answer(call: CallEvent, { check, opens }: Prepared, result: number): Answer {
    if (call.name === "close") this.descriptors.delete(numberOf(call.args[0]));
    if (result < 0) return { value: -1, errno: errnoName(-result) };
    if (WRITES.has(call.name)) {
      const fd = this.#descriptor(call.args[call.name === "splice" ? 2 : 0]);
      this.#written.set(fd, (this.#written.get(fd) ?? 0) + result);
    }
    if (opens === true) {
      if (call.name.startsWith("accept")) this.current = result;
      if (call.name === "socket") this.#setCongestion(result);
      return { value: 0, opens: (number) => void this.descriptors.set(number, result) };
    }
    const fault = check?.(result) ?? null;
    return fault === null ? { value: result } : { value: result, fault };
  }

  /** Bytes that were written to the current socket. */
  get written(): number {
    return this.#written.get(this.current) ?? 0;
  }

  #setCongestion(fd: number): void {
    const memory = this.#memory;
    const { at, length } = putText(memory, this.congestion);
    const { SOL_TCP, TCP_CONGESTION } = SYMBOLS;
    memory.now(NUMBERS.setsockopt, fd, SOL_TCP, TCP_CONGESTION, memory.addressOf(at), length);
  }

  #descriptor(value: Value | undefined): number {
    return this.descriptors.get(numberOf(value)) ?? NO_DESCRIPTOR;
  }

  #prepare(call: CallEvent): Prepared {
    const { name, args } = call;
    switch (name) {
      case "socket":
        return this.#socket(args);
      case "poll":
        return this.#poll(args);
      case "pipe":
      case "pipe2":
        return this.#pipe(args);
      case "open":
        // What is in the file does not matter, everything that is sent is zeros.
        return { number: NUMBERS.open, parameters: [this.#text("/dev/zero"), 0], opens: true };
      case "epoll_create":
      case "epoll_create1":
        return { number: NUMBERS.epoll_create1, parameters: [0], opens: true };
    }
    if (args.length === 0) throw new CallError(`${name}() takes a descriptor`);
    const fd = this.#descriptor(args[0]);
    return this.#transfer(name, fd, args) ?? this.#control(name, fd, args) ??
      this.#missing(name);
  }

  #missing(name: string): never {
    throw new CallError(`${name}() is not there yet`);
  }

  #text(text: string): number {
    return this.#memory.addressOf(putText(this.#memory, text).at);
  }

  #socket(args: readonly Value[]): Prepared {
    const usual = this.#settings.socketFamily === "ipv4" ? SYMBOLS.AF_INET : SYMBOLS.AF_INET6;
    const parameters = [
      optionalNumber(args[0]) ?? usual,
      optionalNumber(args[1]) ?? SYMBOLS.SOCK_STREAM,
      optionalNumber(args[2]) ?? 0,
    ];
    return { number: NUMBERS.socket, parameters, opens: true };
  }

  /** Zeros to send, or place for what comes. */
  #buffer(length: number): number {
    return this.#memory.addressOf(take(this.#memory, length));
  }

  /** The calls that move bytes; null for others. */
  #transfer(name: string, fd: number, args: readonly Value[]): Prepared | null {
    const memory = this.#memory;
    const flags = (index: number) => optionalNumber(args[index]) ?? 0;
    switch (name) {
      case "read":
      case "write": {
        const length = numberOf(args[2]);
        return { number: NUMBERS[name], parameters: [fd, this.#buffer(length), length] };
      }
      case "recv":
      case "recvfrom":
      case "send": {
        const number = name === "send" ? NUMBERS.sendto : NUMBERS.recvfrom;
        const length = numberOf(args[2]);
        return { number, parameters: [fd, this.#buffer(length), length, flags(3)] };
      }
      case "sendto": {
        const length = numberOf(args[2]);
        const fast = (flags(3) & SYMBOLS.MSG_FASTOPEN) !== 0;
        const hasAddress = fast || args[4]?.kind === "struct";
        if (fast) this.current = fd;
        const parameters = [fd, this.#buffer(length), length, flags(3)];
        if (hasAddress) parameters.push(...this.#address(args[4], "remote"));
        return { number: NUMBERS.sendto, parameters };
      }
      case "readv":
      case "writev": {
        const { at, count } = putVector(memory, args[1]);
        return { number: NUMBERS[name], parameters: [fd, memory.addressOf(at), count] };
      }
      case "sendmsg":
      case "recvmsg": {
        const at = putMessage(memory, this.#settings, args[1], name === "sendmsg");
        const parameters = [fd, memory.addressOf(at), flags(2)];
        if (name === "sendmsg") return { number: NUMBERS.sendmsg, parameters };
        const { toleranceUs } = this.#settings;
        const check = () =>
          messageFault(memory, at, args[1], { startUs: this.startUs, toleranceUs });
        return { number: NUMBERS.recvmsg, parameters, check };
      }
      case "splice": {
        const parameters = [fd, 0, this.#descriptor(args[2]), 0, numberOf(args[4]), flags(5)];
        return { number: NUMBERS.splice, parameters };
      }
      case "sendfile": {
        const parameters = [fd, this.#descriptor(args[1]), 0, numberOf(args[3])];
        return { number: NUMBERS.sendfile, parameters };
      }
    }
    return null;
  }

  #address(value: Value | undefined, end: "local" | "remote"): [number, number] {
    const { at, length } = putAddress(this.#memory, this.#settings, value, end);
    return [this.#memory.addressOf(at), length];
  }

  /** The calls about a descriptor; null for others. */
  #control(name: string, fd: number, args: readonly Value[]): Prepared | null {
    switch (name) {
      case "bind":
        return { number: NUMBERS.bind, parameters: [fd, ...this.#address(args[1], "local")] };
      case "connect":
        return { number: NUMBERS.connect, parameters: [fd, ...this.#address(args[1], "remote")] };
      case "listen":
      case "shutdown":
        return { number: NUMBERS[name], parameters: [fd, numberOf(args[1])] };
      case "accept":
        return { number: NUMBERS.accept, parameters: [fd, 0, 0], opens: true };
      case "accept4":
        return { number: NUMBERS.accept4, parameters: [fd, 0, 0, numberOf(args[3])], opens: true };
      case "close":
        return { number: NUMBERS.close, parameters: [fd] };
      case "dup":
        return { number: NUMBERS.dup, parameters: [fd], opens: true };
      case "fcntl": {
        const value = args[2] === undefined ? 0 : numberOf(args[2]);
        return { number: NUMBERS.fcntl, parameters: [fd, numberOf(args[1]), value] };
      }
      case "ioctl":
        return this.#ioctl(fd, args);
      case "setsockopt":
        return this.#setOption(fd, args);
      case "getsockopt":
        return this.#getOption(fd, args);
      case "getsockname":
      case "getpeername":
        return this.#name(NUMBERS[name], fd);
      case "epoll_ctl":
        return this.#epollControl(fd, args);
      case "epoll_wait":
        return this.#epollWait(fd, args);
    }
    return null;
  }

  #name(number: number, fd: number): Prepared {
    const at = take(this.#memory, 128);
    this.#memory.view.setInt32(at, 64, true);
    const address = this.#memory.addressOf(at);
    return { number, parameters: [fd, address + 16, address] };
  }

  #ioctl(fd: number, args: readonly Value[]): Prepared {
    const memory = this.#memory;
    const at = take(memory, 16);
    const request = numberOf(args[1]);
    const wanted = optionalNumber(args[2]);
    if (request === SYMBOLS.FIONBIO) memory.view.setInt32(at, wanted ?? 0, true);
    const check = () => {
      const got = memory.view.getInt32(at, true);
      return wanted === null || wanted === got ? null : `expected [${wanted}], got [${got}]`;
    };
    return { number: NUMBERS.ioctl, parameters: [fd, request, memory.addressOf(at)], check };
  }

  #setOption(fd: number, args: readonly Value[]): Prepared {
    const memory = this.#memory;
    const option = putOption(memory, optionName(args[1], args[2]), args[3]);
    const given = args[4] === undefined ? null : optionalNumber(args[4]);
    const isText = textOf(args[3]) !== null;
    const length = given === null || isText ? option.length : Math.max(given, option.length - 4);
    const size = given !== null && given < option.length ? given : length;
    const parameters = [
      fd,
      numberOf(args[1]),
      numberOf(args[2]),
      memory.addressOf(option.at),
      size,
    ];
    return { number: NUMBERS.setsockopt, parameters };
  }

  #getOption(fd: number, args: readonly Value[]): Prepared {
    const memory = this.#memory;
    const lengthAt = take(memory, 16);
    const at = take(memory, OPTION_BYTES);
    memory.view.setInt32(lengthAt, OPTION_BYTES, true);
    const name = optionName(args[1], args[2]);
    const isInfo = name === "TCP_INFO";
    const check = () => {
      const length = memory.view.getInt32(lengthAt, true);
      if (isInfo) return this.#infoFault(at, length, args[3]);
      return optionFault(memory, at, length, args[3]);
    };
    const places = [memory.addressOf(at), memory.addressOf(lengthAt)];
    const parameters = [fd, numberOf(args[1]), numberOf(args[2]), ...places];
    return { number: NUMBERS.getsockopt, parameters, check };
  }

  #infoFault(at: number, length: number, value: Value): string | null {
    if (value.kind !== "struct") return null;
    const names = infoAt(this.#memory.view, at, length);
    for (const [name, field] of value.fields) {
      if (name === "...") continue;
      const wanted = field.kind === "name" ? names(field.name) : optionalNumber(field);
      const found = names(name);
      if (found === null) throw new CallError(`getsockopt TCP_INFO: Linux has no ${name}`);
      if (wanted !== null && wanted !== found) return `expected ${name}=${wanted}, got ${found}`;
    }
    return null;
  }

  #pipe(args: readonly Value[]): Prepared {
    const memory = this.#memory;
    const at = take(memory, 8);
    const [list] = args;
    if (list?.kind !== "array") throw new CallError("pipe() needs two descriptors");
    const check = () => {
      for (const [index, end] of list.items.entries()) {
        this.descriptors.set(numberOf(end), memory.view.getInt32(at + 4 * index, true));
      }
      return null;
    };
    const flags = args[1] === undefined ? 0 : numberOf(args[1]);
    return { number: NUMBERS.pipe2, parameters: [memory.addressOf(at), flags], check };
  }

  #poll(args: readonly Value[]): Prepared {
    const memory = this.#memory;
    const [list] = args;
    if (list?.kind !== "array") throw new CallError("poll() needs a list of descriptors");
    const at = take(memory, 8 * list.items.length);
    for (const [index, item] of list.items.entries()) {
      const place = at + 8 * index;
      memory.view.setInt32(place, this.#descriptor(fieldOf(item, "fd")), true);
      memory.view.setInt16(place + 4, numberOf(fieldOf(item, "events")), true);
    }
    const check = () => {
      for (const [index, item] of list.items.entries()) {
        const wanted = optionalNumber(fieldOf(item, "revents"));
        const got = memory.view.getInt16(at + 8 * index + 6, true);
        if (wanted === null || wanted === got) continue;
        const descriptor = numberOf(fieldOf(item, "fd"));
        return `fd ${descriptor}: expected revents ${pollNames(wanted)}, got ${pollNames(got)}`;
      }
      return null;
    };
    const timeout = optionalNumber(args[2]) ?? 0;
    const parameters = [memory.addressOf(at), list.items.length, timeout];
    return { number: NUMBERS.poll, parameters, check };
  }

  /** `struct epoll_event` has 12 bytes on x86-64: events, and eight of the caller's. */
  #epollControl(fd: number, args: readonly Value[]): Prepared {
    const memory = this.#memory;
    const at = take(memory, 16);
    const events = fieldOf(args[3], "events");
    if (events !== undefined) memory.view.setUint32(at, numberOf(events) >>> 0, true);
    setLong(memory, at + 4, numberOf(args[2]));
    const operation = numberOf(args[1]);
    const parameters = [fd, operation, this.#descriptor(args[2]), memory.addressOf(at)];
    return { number: NUMBERS.epoll_ctl, parameters };
  }

  #epollWait(fd: number, args: readonly Value[]): Prepared {
    const memory = this.#memory;
    const most = optionalNumber(args[2]) ?? 1;
    const at = take(memory, 12 * Math.max(1, most));
    const expected = args[1]?.kind === "array" ? args[1].items : [args[1]];
    const check = (count: number) => {
      for (const [index, item] of expected.slice(0, count).entries()) {
        const wanted = optionalNumber(fieldOf(item, "events"));
        const got = memory.view.getUint32(at + 12 * index, true);
        if (wanted !== null && wanted >>> 0 !== got) {
          return `expected ${pollNames(wanted)}, got ${pollNames(got)}`;
        }
        const descriptor = optionalNumber(fieldOf(item, "fd"));
        const found = memory.view.getInt32(at + 12 * index + 4, true);
        if (descriptor !== null && descriptor !== found) {
          return `expected fd ${descriptor}, got ${found}`;
        }
      }
      return null;
    };
    const parameters = [fd, memory.addressOf(at), most, optionalNumber(args[3]) ?? 0];
    return { number: NUMBERS.epoll_wait, parameters, check };
  }
}
