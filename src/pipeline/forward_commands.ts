import type { Forwarding } from "../tcp/forward.ts";
import { SYN_COOKIE_MODES } from "../tcp/config.ts";
import { ForwardFilter } from "../tcp/forward_filter.ts";
import { Segment } from "../wire/segment.ts";
import type { Udp } from "../udp/udp.ts";
import type { Egress } from "./egress.ts";
import { Command, Field, FlowEnd, ForwardMode } from "./messages.ts";

/** What the application says about forwards and their flows, obeyed in the TCP stage. */
export class ForwardCommands {
  readonly #forwarding: Forwarding;
  readonly #udp: Udp;
  readonly #egress: Egress;
  /** A datagram that is refused: a segment without flags. */
  readonly #segment = new Segment();
  /** Filters of forwards that are not open yet, by the forward's number. */
  readonly #drafts = new Map<number, ForwardFilter>();

  constructor(forwarding: Forwarding, udp: Udp, egress: Egress) {
    this.#udp = udp;
    this.#forwarding = forwarding;
    this.#egress = egress;
  }

  /** Obeys the command at word `at`; false when it is about something else. */
  obey(words: Int32Array, at: number, nowUs: number): boolean {
    const id = words[at + Field.row];
    const value = words[at + Field.value];
    const generation = words[at + Field.generation];
    switch (words[at + Field.op]) {
      case Command.forwardPrefix: {
        const address = [...words.subarray(at + Field.address, at + Field.address + 4)];
        this.#draft(id).addPrefix(address, value, words[at + Field.excludes] !== 0);
        return true;
      }
      case Command.forwardPorts:
        this.#draft(id).addPorts(words[at + Field.port], value);
        return true;
      case Command.forward: {
        const mode = words[at + Field.port];
        const settings = {
          filter: this.#draft(id),
          takesOwn: (mode & ForwardMode.own) !== 0,
          pendingMax: value,
          decisionUs: words[at + Field.decisionMs] * 1000,
          cookies: SYN_COOKIE_MODES[(mode >> ForwardMode.cookiesShift) - 1] ?? null,
        };
        this.#forwarding.open(id, settings, nowUs);
        this.#drafts.delete(id);
        return true;
      }
      case Command.bindForeign:
        this.#udp.bindForeign(id, generation, this.#draft(value));
        this.#drafts.delete(value);
        return true;
      case Command.refuseDatagram:
        this.#refuseDatagram(words, at, nowUs);
        return true;
      case Command.unforward:
        this.#forwarding.close(id, nowUs);
        return true;
      case Command.acceptFlow:
        this.#forwarding.accept(value, generation, id, nowUs);
        return true;
      case Command.refuseFlow:
        this.#refuse(id, generation, value, nowUs);
        return true;
      default:
        return false;
    }
  }

  #refuseDatagram(words: Int32Array, at: number, nowUs: number): void {
    const segment = this.#segment;
    const from = at + Field.address;
    const to = at + Field.localAddress;
    segment.src0 = words[from];
    segment.src1 = words[from + 1];
    segment.src2 = words[from + 2];
    segment.src3 = words[from + 3];
    segment.dst0 = words[to];
    segment.dst1 = words[to + 1];
    segment.dst2 = words[to + 2];
    segment.dst3 = words[to + 3];
    segment.srcPort = words[at + Field.port];
    segment.dstPort = words[at + Field.localPort];
    this.#egress.sendUnreachable(segment, words[at + Field.value], nowUs);
  }

  #draft(id: number): ForwardFilter {
    let filter = this.#drafts.get(id);
    if (filter === undefined) {
      filter = new ForwardFilter();
      this.#drafts.set(id, filter);
    }
    return filter;
  }

  #refuse(flow: number, generation: number, how: number, nowUs: number): void {
    if (how === FlowEnd.drop) return this.#forwarding.refuse(flow, generation);
    const isReset = how === FlowEnd.reset || this.#forwarding.isConnected(flow, generation);
    if (isReset) return this.#forwarding.reset(flow, generation, nowUs);
    const syn = this.#forwarding.takeRejected(flow, generation);
    if (syn !== null) this.#egress.sendUnreachable(syn, how - FlowEnd.unreachable, nowUs);
  }
}
