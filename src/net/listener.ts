import { TcpConn } from "./conn.ts";
import type { Endpoint } from "./endpoint.ts";
import { acceptBusy, listenerClosed } from "./errors.ts";
import type { Liveness } from "./liveness.ts";
import type { AcceptHandler, Port } from "./port.ts";

interface PendingAccept {
  readonly resolve: (conn: TcpConn) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A listening port, to be used as a `Deno.Listener`. Accepts connections one at a time; `for await` over
 * it ends when it is closed.
 */
export class Listener implements AsyncIterableIterator<TcpConn>, Disposable {
  readonly #addr: Deno.NetAddr;
  readonly #id: number;
  readonly #ports: readonly Port[];
  readonly #liveness: Liveness;
  readonly #onClose: () => void;
  /** Whether its connections show addresses as an IPv6 socket would. */
  readonly #showsMapped: boolean;
  /** Established connections that nobody has accepted, the oldest first. */
  readonly #waiting: Endpoint[] = [];
  #pending: PendingAccept | null = null;
  #closed = false;
  #referenced = true;
  #failure: Error | null = null;

  /** Made by a stack's `listen`. */
  constructor(
    id: number,
    ports: readonly Port[],
    liveness: Liveness,
    addr: Deno.NetAddr,
    onClose: () => void,
  ) {
    this.#id = id;
    this.#ports = ports;
    this.#liveness = liveness;
    this.#addr = addr;
    this.#showsMapped = addr.hostname.includes(":");
    this.#onClose = onClose;
  }

  /** Where the stack delivers connections. */
  static handlerOf(listener: Listener): AcceptHandler {
    return { accepted: (endpoint) => listener.#take(endpoint) };
  }

  /** Ends it because the stack has failed. */
  static fail(listener: Listener, error: Error): void {
    listener.#failure = error;
    listener.#closed = true;
    listener.#settle((pending) => pending.reject(error));
  }

  /** The address and port that it listens on. */
  get addr(): Deno.NetAddr {
    return this.#addr;
  }

  /**
   * Resolves with the next connection. Rejects with `Busy` while another `accept` waits, and with
   * `BadResource` when the listener is closed, before or meanwhile.
   */
  accept(): Promise<TcpConn> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(listenerClosed());
    if (this.#pending !== null) return Promise.reject(acceptBusy());
    const endpoint = this.#waiting.shift();
    if (endpoint !== undefined) return Promise.resolve(this.#open(endpoint));
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      if (this.#referenced) this.#liveness.hold();
    });
  }

  /** Stops listening. Connections that nobody accepted are reset. */
  close(): void {
    if (this.#closed) throw new Deno.errors.BadResource("Bad resource ID");
    this.#closed = true;
    for (const port of this.#ports) port.unlisten(this.#id);
    for (const endpoint of this.#waiting.splice(0)) endpoint.abort();
    this.#settle((pending) => pending.reject(listenerClosed()));
    this.#onClose();
  }

  /** Lets a pending `accept` keep the process alive, which is the default. */
  ref(): void {
    this.#setReferenced(true);
  }

  /** Lets the process end although an `accept` is pending. */
  unref(): void {
    this.#setReferenced(false);
  }

  /** Closes the listener unless it is closed already. */
  [Symbol.dispose](): void {
    if (!this.#closed) this.close();
  }

  /** Accepts until the listener is closed; leaving the loop closes it. It is its own iterator, as Deno's. */
  [Symbol.asyncIterator](): AsyncIterableIterator<TcpConn> {
    return this;
  }

  /** One step of `for await`: the next connection, or the end when the listener is closed. */
  async next(): Promise<IteratorResult<TcpConn>> {
    try {
      return { value: await this.accept(), done: false };
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return { value: undefined, done: true };
      throw error;
    }
  }

  /** What `break` in `for await` calls: closes the listener, which must be open. */
  return(value?: unknown): Promise<IteratorResult<TcpConn>> {
    this.close();
    return Promise.resolve({ value, done: true });
  }

  #take(endpoint: Endpoint): void {
    endpoint.showsMapped = this.#showsMapped;
    if (this.#closed) {
      endpoint.abort();
    } else if (this.#pending === null) {
      this.#waiting.push(endpoint);
    } else {
      this.#settle((pending) => pending.resolve(this.#open(endpoint)));
    }
  }

  #open(endpoint: Endpoint): TcpConn {
    endpoint.port.acceptTaken(this.#id);
    return new TcpConn(endpoint);
  }

  #settle(how: (pending: PendingAccept) => void): void {
    const pending = this.#pending;
    if (pending === null) return;
    this.#pending = null;
    if (this.#referenced) this.#liveness.release();
    this.#ports[0].settleSoon();
    how(pending);
  }

  #setReferenced(referenced: boolean): void {
    if (this.#closed || referenced === this.#referenced) return;
    this.#referenced = referenced;
    if (this.#pending === null) return;
    if (referenced) this.#liveness.hold();
    else this.#liveness.release();
    this.#ports[0].settleSoon();
  }
}
