import { IcmpUnreachableCode } from "../wire/icmp.ts";
import { interrupted } from "./errors.ts";
import type { UdpFlowState } from "./udp_forward.ts";

/** How a flow of datagrams is rejected: ICMP's "destination unreachable" with its reason. */
export type UdpRejection = "network" | "host" | "port" | "prohibited";

/**
 * Datagrams that a peer sends to a destination that is not the stack's, from the first of them on. It is neither
 * accepted nor rejected until `accept`, `reject` or `drop` decides; what comes meanwhile waits.
 */
export class UdpFlow {
  /** `"udp"`. */
  readonly transport: "udp" = "udp";
  /** The original destination. */
  readonly localAddr: Deno.NetAddr;
  /** Where the datagrams come from. */
  readonly remoteAddr: Deno.NetAddr;
  readonly #state: UdpFlowState;
  #decided = false;

  /** Made by a stack; applications get flows from `forward`. */
  constructor(state: UdpFlowState) {
    this.#state = state;
    this.localAddr = state.localAddr;
    this.remoteAddr = state.remoteAddr;
  }

  /** Whether a decision was made. */
  get decided(): boolean {
    return this.#decided;
  }

  /** Takes the flow; the datagrams that have come are received first. Throws `BadResource` when it was decided. */
  accept(): UdpFlowConn {
    this.#decide();
    return new UdpFlowConn(this.#state);
  }

  /** Tells the source that its destination cannot be reached (at most 1000 errors in a second). */
  reject(how: UdpRejection = "port"): void {
    const code = IcmpUnreachableCode[how];
    if (code === undefined) throw new TypeError(`"${how}" is no reason to reject datagrams`);
    this.#decide();
    this.#state.flows.refuse(this.#state, code);
    this.#state.flows.close(this.#state, interrupted());
  }

  /** Forgets the flow; the next datagram begins another one. */
  drop(): void {
    this.#decide();
    this.#state.flows.close(this.#state, interrupted());
  }

  #decide(): void {
    if (this.#decided) {
      throw new Deno.errors.BadResource("Bad resource ID: the flow was decided already");
    }
    this.#decided = true;
  }
}

/** A flow of datagrams that was accepted. It ends when it is idle for `idleMs`, or closed. */
export class UdpFlowConn implements AsyncIterable<Uint8Array<ArrayBuffer>>, Disposable {
  readonly #state: UdpFlowState;

  /** Made by {@link UdpFlow.accept}. */
  constructor(state: UdpFlowState) {
    this.#state = state;
  }

  /** The original destination, from which is sent. */
  get localAddr(): Deno.NetAddr {
    return this.#state.localAddr;
  }

  /** Where the datagrams come from, and go to. */
  get remoteAddr(): Deno.NetAddr {
    return this.#state.remoteAddr;
  }

  /** The next datagram; rejects with `BadResource` when the flow was idle, `Interrupted` when it was closed. */
  receive(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#state.receive();
  }

  /** Sends a datagram to the source, from the original destination; rejects with `EMSGSIZE` above 65,507 bytes. */
  send(payload: Uint8Array): Promise<number> {
    return this.#state.flows.send(this.#state, payload);
  }

  /** Ends the flow; a datagram that comes after it begins another one. */
  close(): void {
    this.#state.flows.close(this.#state, interrupted());
  }

  /** The same as `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Receives until the flow is idle or closed; throws `ConnectionAborted` when the stack has failed. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array<ArrayBuffer>> {
    for (;;) {
      let payload: Uint8Array<ArrayBuffer>;
      try {
        payload = await this.receive();
      } catch (error) {
        const isOver = error instanceof Deno.errors.BadResource ||
          error instanceof Deno.errors.Interrupted;
        if (isOver) return;
        throw error;
      }
      yield payload;
    }
  }
}
