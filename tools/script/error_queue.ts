/**
 * The error queue of a socket, as far as the sender's own reports go into it: that memory which was sent
 * without a copy is free again (MSG_ZEROCOPY), and when what was sent went out and was acknowledged
 * (SO_TIMESTAMPING). See recvmsg(2), MSG_ERRQUEUE.
 */

import { seqDiff } from "../../src/base/seq.ts";
import type { Connection } from "../../src/tcp/connection.ts";
import { type ControlMessage, stampFields } from "./control_messages.ts";
import { ERRNO, SYMBOLS } from "./symbols.ts";

/** What SO_TIMESTAMPING or a control message asks for. */
const { SOF_TIMESTAMPING_TX_SCHED: TX_SCHED, SOF_TIMESTAMPING_TX_SOFTWARE: TX_SOFTWARE } = SYMBOLS;
const { SOF_TIMESTAMPING_TX_ACK: TX_ACK, SOF_TIMESTAMPING_OPT_ID: OPT_ID } = SYMBOLS;
const { SOF_TIMESTAMPING_SOFTWARE: REPORTS } = SYMBOLS;

/** A write that is to be reported. */
interface Mark {
  /** Bytes of the stream up to the end of the write. */
  readonly end: number;
  /** Number of the write among those without a copy; null for one with. */
  readonly zeroCopy: number | null;
  /** What of SO_TIMESTAMPING is still to be reported. */
  stamps: number;
  readonly key: number;
}

/** One entry: the numbers of writes without a copy can grow while nobody has read it. */
interface Entry {
  readonly messages: ControlMessage[];
  zeroCopy: { readonly first: number; last: number } | null;
}

/** A report as a socket of IPv6 gives it: under that protocol's own level and type. */
export function asIpv6(message: ControlMessage): ControlMessage {
  return message.level === SYMBOLS.SOL_IP
    ? { ...message, level: SYMBOLS.SOL_IPV6, type: SYMBOLS.IPV6_RECVERR }
    : message;
}

/** What a socket reports about what it has sent. */
export class ErrorQueue {
  /** Flags of SO_TIMESTAMPING. */
  stamping = 0;
  /** SO_ZEROCOPY. */
  zeroCopy = false;
  readonly #marks: Mark[] = [];
  readonly #entries: Entry[] = [];
  #nextCopy = 0;
  /** Where the keys of stamps begin to count. */
  #keyBase = 0;

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Sets SO_TIMESTAMPING; keys count from what is written at that time. */
  setStamping(flags: number, written: number): void {
    if ((flags & OPT_ID) !== 0 && (this.stamping & OPT_ID) === 0) this.#keyBase = written;
    this.stamping = flags;
  }

  /** Notes a write that ends at byte `end` of the stream. */
  noteWrite(end: number, withoutCopy: boolean, stamps: number): void {
    const zeroCopy = withoutCopy && this.zeroCopy ? this.#nextCopy++ : null;
    const wanted = (stamps | this.stamping) & (TX_SCHED | TX_SOFTWARE | TX_ACK);
    const reported = (this.stamping & REPORTS) === 0 ? 0 : wanted;
    if (zeroCopy === null && reported === 0) return;
    const key = (this.stamping & OPT_ID) === 0 ? 0 : end - this.#keyBase - 1;
    this.#marks.push({ end, zeroCopy, stamps: reported, key });
  }

  /** Reports what has happened to the writes until now. */
  update(conn: Connection, elapsedUs: number): void {
    const sent = seqDiff(conn.sndMax, conn.iss) - 1;
    const acked = seqDiff(conn.sndUna, conn.iss) - 1;
    for (let i = 0; i < this.#marks.length; i++) {
      const mark = this.#marks[i];
      if (sent >= mark.end) {
        this.#stamp(mark, TX_SCHED, SYMBOLS.SCM_TSTAMP_SCHED, elapsedUs);
        this.#stamp(mark, TX_SOFTWARE, SYMBOLS.SCM_TSTAMP_SND, elapsedUs);
      }
      if (acked < mark.end) continue;
      this.#stamp(mark, TX_ACK, SYMBOLS.SCM_TSTAMP_ACK, elapsedUs);
      if (mark.zeroCopy !== null) this.#free(mark.zeroCopy);
      this.#marks.splice(i--, 1);
    }
  }

  #stamp(mark: Mark, flag: number, kind: number, elapsedUs: number): void {
    if ((mark.stamps & flag) === 0) return;
    mark.stamps &= ~flag;
    const stamp = {
      level: SYMBOLS.SOL_SOCKET,
      type: SYMBOLS.SCM_TIMESTAMPING,
      fields: stampFields(elapsedUs),
    };
    const origin = SYMBOLS.SO_EE_ORIGIN_TIMESTAMPING;
    const report = extendedError(ERRNO.ENOMSG, origin, 0, kind, mark.key);
    this.#entries.push({ messages: [stamp, report], zeroCopy: null });
  }

  /** Writes that follow each other are reported as one range. */
  #free(number: number): void {
    const last = this.#entries.at(-1)?.zeroCopy ?? null;
    if (last !== null && last.last === number - 1) last.last = number;
    else this.#entries.push({ messages: [], zeroCopy: { first: number, last: number } });
  }

  /** Takes the oldest report; null when there is none. */
  take(): readonly ControlMessage[] | null {
    const entry = this.#entries.shift();
    if (entry === undefined) return null;
    if (entry.zeroCopy === null) return entry.messages;
    const { first, last } = entry.zeroCopy;
    // A device that hands frames to a program copies them, as TUN does.
    const copied = SYMBOLS.SO_EE_CODE_ZEROCOPY_COPIED;
    return [extendedError(0, SYMBOLS.SO_EE_ORIGIN_ZEROCOPY, copied, first, last)];
  }
}

/** `struct sock_extended_err` in the control message of IP. */
function extendedError(
  errno: number,
  origin: number,
  code: number,
  info: number,
  data: number,
): ControlMessage {
  return {
    level: SYMBOLS.SOL_IP,
    type: SYMBOLS.IP_RECVERR,
    fields: new Map([
      ["ee_errno", errno],
      ["ee_origin", origin],
      ["ee_type", 0],
      ["ee_code", code],
      ["ee_info", info],
      ["ee_data", data],
    ]),
  };
}
