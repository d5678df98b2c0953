import { type Address, addressText, isIpv4, parseCidr, type Prefix } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import { codedError } from "../base/errors.ts";
import { FlowEnd } from "../pipeline/messages.ts";
import { FLOWS_MAX } from "../ring/layout.ts";
import { ConnectionError } from "../ring/row.ts";
import { SYN_COOKIE_MODES, type SynCookieMode } from "../tcp/config.ts";
import { FILTER_PORTS_MAX, FILTER_PREFIXES_MAX } from "../tcp/forward_filter.ts";
import type { UdpConfig } from "../udp/config.ts";
import { IcmpUnreachableCode } from "../wire/icmp.ts";
import { TcpConn } from "./conn.ts";
import type { DatagramEndpoint } from "./datagram_endpoint.ts";
import type { ConnectHandler } from "./endpoint.ts";
import { connectError } from "./errors.ts";
import type { Liveness } from "./liveness.ts";
import { UdpFlow } from "./udp_flow.ts";
import { UdpFlows } from "./udp_forward.ts";

/**
 * Which flows a forward takes, looked at in the stack's thread: what does not match is dropped there, counted as
 * `forwardFiltered`, and costs the application nothing.
 */
export interface ForwardFilter {
  /** Destination networks in CIDR form; default: all, of both families. At most 64 with `except`. */
  prefixes?: string | readonly string[];
  /** Destination networks that are left out of them. */
  except?: string | readonly string[];
  /** Destination ports and ranges `[first, last]`; default: all. At most 64. */
  ports?: number | readonly (number | readonly [number, number])[];
  /** Takes flows to the stack's own addresses too, at ports where nobody listens. Default false. */
  own?: boolean;
}

/** What `forward` may be told. */
export interface ForwardOptions<T extends "tcp" | "udp" = "tcp" | "udp"> {
  /** Which flows: connections, or datagrams between the same two ends. */
  transport: T;
  /** Which flows; default: all to foreign unicast addresses. */
  filter?: ForwardFilter;
  /**
   * Connections of which there is a SYN alone that may wait at once, for a decision or, when they are accepted, for their
   * peer's answer: 1 to 4096, and 2048 of all forwards. What becomes of a SYN beyond that says `synCookies`. As many
   * connections more may wait for a decision whose peers have proved that they are there; what would prove it of others is
   * dropped, counted as `forwardPendingFull`, and comes again. Default 1024.
   */
  pendingMax?: number;
  /**
   * When a SYN is answered with a cookie (RFC 4987) before anybody is asked: for that nothing is remembered, and the handler
   * gets the flow when the peer has answered, so that who forges addresses keeps nobody out. `accept` is then over at once,
   * any `reject` is an RST, because the peer is connected already, and after `drop` it hears nothing.
   *
   * `"whenFull"`: SYNs beyond `pendingMax`; `"always"`: all, and the handler is never asked for a peer that is not there;
   * `"never"`: SYNs beyond `pendingMax` are dropped, counted as `forwardPendingFull`, and come again. Default: the stack's
   * `tcp.synCookies`, which is `"whenFull"` unless told otherwise.
   */
  synCookies?: SynCookieMode;
  /** Milliseconds for a decision, 1 to 300000; then the flow is dropped, counted as `forwardTimedOut`. Default 10000. */
  decisionMs?: number;
  /** UDP: flows at once, 1 to 65536; datagrams of more are dropped, counted as `forwardFlowsFull`. Default 4096. */
  flowsMax?: number;
  /** UDP: milliseconds without a datagram after which a flow ends, 1 to 3600000. Default 60000. */
  idleMs?: number;
  /** Called with what the handler throws; the flow is then rejected. Default: `console.error`. */
  onError?: (error: unknown) => void;
}

/** How a flow is rejected: an RST, or ICMP's "destination unreachable" with its reason. */
export type Rejection = "reset" | "network" | "host" | "port" | "prohibited";

/** Decides on a flow, at once or later. */
export type ForwardHandler<T extends "tcp" | "udp" = "tcp"> = (
  flow: T extends "udp" ? UdpFlow : TcpFlow,
) => void | Promise<void>;

const ENDS: Readonly<Record<Rejection, number>> = {
  reset: FlowEnd.reset,
  network: FlowEnd.unreachable + IcmpUnreachableCode.network,
  host: FlowEnd.unreachable + IcmpUnreachableCode.host,
  port: FlowEnd.unreachable + IcmpUnreachableCode.port,
  prohibited: FlowEnd.unreachable + IcmpUnreachableCode.prohibited,
};

const DEFAULT_PENDING = 1024;
const DEFAULT_DECISION_MS = 10_000;
const DEFAULT_FLOWS = 4096;
const DEFAULT_IDLE_MS = 60_000;
const DECISION_MAX_MS = 300_000;

/** What flows and forwards need of a pipeline's port. */
export interface FlowPort {
  acceptFlow(request: number, id: number, generation: number, handler: ConnectHandler): void;
  refuseFlow(id: number, generation: number, how: number): void;
  forgetFlow(id: number, generation: number): void;
  unforward(id: number): void;
  settleSoon(): void;
}

/** A flow as the pipeline shows it. */
export interface OfferedFlow {
  readonly port: FlowPort;
  readonly id: number;
  readonly generation: number;
  readonly local: Deno.NetAddr;
  readonly remote: Deno.NetAddr;
}

/** What a flow needs of the stack. */
export interface FlowHost {
  /** Runs what `start` begins under a new request to its end; a `connect` by any other name. */
  request(
    port: FlowPort,
    start: (request: number, handler: ConnectHandler) => void,
    failure: (error: ConnectionError) => Error,
  ): Promise<TcpConn>;
}

/**
 * A connection that a peer wants to a destination that is not the stack's, before its handshake is over: exactly one of
 * `accept`, `reject` and `drop` decides on it. A second decision throws `BadResource`.
 */
export class TcpFlow {
  /** `"tcp"`. */
  readonly transport: "tcp" = "tcp";
  /** The original destination: the local end of the connection that `accept` gives. */
  readonly localAddr: Deno.NetAddr;
  /** Where the flow comes from. */
  readonly remoteAddr: Deno.NetAddr;
  readonly #offered: OfferedFlow;
  readonly #host: FlowHost;
  #decided = false;
  #abort: AbortController | null = null;
  /** The flow has ended undecided. */
  #ended = false;

  /** Made by a stack; applications get flows from `forward`. */
  constructor(offered: OfferedFlow, host: FlowHost) {
    this.#offered = offered;
    this.#host = host;
    this.localAddr = offered.local;
    this.remoteAddr = offered.remote;
  }

  /** Ends it because nobody waits for the decision any more. */
  static end(flow: TcpFlow): void {
    flow.#ended = true;
    flow.#abort?.abort(flow.#tooLate());
    // Its number is free when this side is done with it too.
    if (!flow.#decided) flow.#refuse(FlowEnd.drop);
  }

  /** Whether a decision was made, or is not asked for any more. */
  get decided(): boolean {
    return this.#decided;
  }

  /** Aborts when the flow ends undecided: too late, the peer or the forward is gone. For what is tried meanwhile. */
  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#ended) this.#abort.abort(this.#tooLate());
    }
    return this.#abort.signal;
  }

  /**
   * Goes on with the handshake; resolves when it is complete. Rejects with `TimedOut` when the decision comes
   * too late or the peer does not answer, with `ConnectionReset` when it has given up, with `Busy` at the
   * stack's limit of connections, with `BadResource` when the flow was decided before.
   */
  accept(): Promise<TcpConn> {
    if (this.#ended) return Promise.reject(this.#tooLate());
    if (this.#decided) return Promise.reject(decidedBefore());
    this.#decided = true;
    const { port, id, generation } = this.#offered;
    port.forgetFlow(id, generation);
    return this.#host.request(
      port,
      (request, handler) => port.acceptFlow(request, id, generation, handler),
      (error) => acceptError(error, this.#where),
    );
  }

  /**
   * Answers with an RST, or with an ICMP error (of which there are at most 1000 in a second); with an RST in any case when
   * a SYN cookie has connected the peer already.
   */
  reject(how: Rejection = "reset"): void {
    if (!Object.hasOwn(ENDS, how)) {
      throw new TypeError(`"${how}" is none of ${Object.keys(ENDS).join(", ")}`);
    }
    this.#decide(ENDS[how]);
  }

  /** Answers nothing; the peer tries again until it gives up. */
  drop(): void {
    this.#decide(FlowEnd.drop);
  }

  #decide(how: number): void {
    if (this.#ended) return; // Nobody hears it any more.
    if (this.#decided) throw decidedBefore();
    this.#refuse(how);
  }

  #refuse(how: number): void {
    this.#decided = true;
    const { port, id, generation } = this.#offered;
    port.refuseFlow(id, generation, how);
  }

  get #where(): string {
    const { hostname, port } = this.remoteAddr;
    return `${hostname}:${port}`;
  }

  #tooLate(): Error {
    return codedError(
      Deno.errors.TimedOut,
      "ETIMEDOUT",
      `Connection timed out (os error 110): the flow from ${this.#where} has ended undecided`,
    );
  }
}

/** What a forward has in one pipeline. */
export interface ForwardEnd extends Pick<FlowPort, "unforward" | "settleSoon"> {
  /** Ends its flows because the stack has failed; connections hear of that by themselves. */
  failFlows?(error: Error): void;
}

/** An open `forward`: flows come to its handler until it is closed. */
export class Forwarder implements Disposable {
  readonly #id: number;
  readonly #ends: readonly ForwardEnd[];
  readonly #liveness: Liveness;
  readonly #onClose: () => void;
  #closed = false;
  #referenced = true;

  /** Made by a stack's `forward`. */
  constructor(
    id: number,
    ends: readonly ForwardEnd[],
    liveness: Liveness,
    onClose: () => void,
  ) {
    this.#id = id;
    this.#ends = ends;
    this.#liveness = liveness;
    this.#onClose = onClose;
    liveness.hold();
  }

  /** Ends it because the stack has failed: nothing is left to be told to the pipelines. */
  static fail(forwarder: Forwarder, error: Error): void {
    forwarder.#closed = true;
    for (const end of forwarder.#ends) end.failFlows?.(error);
  }

  /** Takes no more flows; those undecided are dropped, connections go on. */
  close(): void {
    if (this.#closed) throw new Deno.errors.BadResource("Bad resource ID");
    this.#closed = true;
    for (const end of this.#ends) end.unforward(this.#id);
    if (this.#referenced) this.#liveness.release();
    this.#ends[0].settleSoon();
    this.#onClose();
  }

  /** Lets it keep the process alive, which is the default. */
  ref(): void {
    this.#setReferenced(true);
  }

  /** Lets the process end although it is open. */
  unref(): void {
    this.#setReferenced(false);
  }

  /** Closes it unless it is closed already. */
  [Symbol.dispose](): void {
    if (!this.#closed) this.close();
  }

  #setReferenced(referenced: boolean): void {
    if (this.#closed || referenced === this.#referenced) return;
    this.#referenced = referenced;
    if (referenced) this.#liveness.hold();
    else this.#liveness.release();
    this.#ends[0].settleSoon();
  }
}

/** What a stack lends its forwards. */
export interface ForwardParts {
  readonly ports: readonly (FlowPort & ForwardPort)[];
  readonly liveness: Liveness;
  readonly clock: Clock;
  readonly udp: UdpConfig;
  /** What is dropped on the application's side. */
  readonly counters: Counters;
  /** Those that are open. */
  readonly forwarders: Set<Forwarder>;
  /** Who is to hear when the stack ends, by request. */
  readonly requests: Map<number, (error: Error) => void>;
  /** A number for a forward or a request that is not in use. */
  nextName(): number;
}

/** Where a forward is opened. */
export interface ForwardPort {
  bindForeign(
    id: number,
    how: CheckedForward,
    handler: (endpoint: DatagramEndpoint) => void,
  ): DatagramEndpoint;
  unbindDatagram(endpoint: DatagramEndpoint): void;
  refuseDatagram(
    local: Address,
    localPort: number,
    remote: Address,
    remotePort: number,
    code: number,
  ): void;
  forward(id: number, how: CheckedForward, handler: (flow: OfferedFlow) => () => void): void;
}

/** Opens a forward in every pipeline; see `Stack.forward`. */
export function openForward<T extends "tcp" | "udp">(
  parts: ForwardParts,
  options: ForwardOptions<T>,
  handler: ForwardHandler<T>,
): Forwarder {
  const how = checkForward(options);
  if (typeof handler !== "function") {
    throw new TypeError(`forward: the handler ${String(handler)} is not a function`);
  }
  const onError = options.onError ?? ((error: unknown) => console.error(error));
  if (options.transport === "udp") {
    return openUdpForward(parts, how, handler as ForwardHandler<"udp">, onError);
  }
  return openTcpForward(parts, how, handler as ForwardHandler<"tcp">, onError);
}

/** Flows of datagrams: each pipeline has a socket for all of them, and they are told apart here. */
function openUdpForward(
  parts: ForwardParts,
  how: CheckedForward,
  handler: ForwardHandler<"udp">,
  onError: (error: unknown) => void,
): Forwarder {
  const { clock, udp, counters, liveness, forwarders } = parts;
  const id = parts.nextName();
  const ends: ForwardEnd[] = [];
  for (const port of parts.ports) {
    const flows: UdpFlows = new UdpFlows({
      ...{ clock, config: udp, counters, flowsMax: how.flowsMax, idleUs: how.idleMs * 1000 },
      refuse: (...flow) => port.refuseDatagram(...flow),
      offer: (state) => decideDatagrams(new UdpFlow(state), handler, onError),
    });
    const endpoint = port.bindForeign(id, how, (endpoint) => flows.onNews(endpoint));
    ends.push({
      unforward() {
        flows.closeAll();
        port.unbindDatagram(endpoint);
      },
      settleSoon: () => port.settleSoon(),
      failFlows: (error) => flows.closeAll(error),
    });
  }
  const forwarder = new Forwarder(id, ends, liveness, () => forwarders.delete(forwarder));
  forwarders.add(forwarder);
  return forwarder;
}

async function decideDatagrams(
  flow: UdpFlow,
  handler: ForwardHandler<"udp">,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    await handler(flow);
  } catch (error) {
    if (!flow.decided) flow.reject();
    onError(error);
  }
}

function openTcpForward(
  parts: ForwardParts,
  how: CheckedForward,
  handler: ForwardHandler<"tcp">,
  onError: (error: unknown) => void,
): Forwarder {
  const { ports, liveness, forwarders } = parts;
  const id = parts.nextName();
  const forwarder = new Forwarder(id, ports, liveness, () => forwarders.delete(forwarder));
  forwarders.add(forwarder);
  const host: FlowHost = { request: (...request) => runRequest(parts, ...request) };
  for (const port of ports) {
    port.forward(id, how, (offered) => {
      const flow = new TcpFlow(offered, host);
      decide(flow, handler, onError);
      return () => TcpFlow.end(flow);
    });
  }
  return forwarder;
}

/** Runs a request of a pipeline to its end, or until the stack ends. */
async function runRequest(
  { requests, liveness, nextName }: ForwardParts,
  port: FlowPort,
  start: (request: number, handler: ConnectHandler) => void,
  failure: (error: ConnectionError) => Error,
): Promise<TcpConn> {
  const request = nextName();
  liveness.hold();
  try {
    return await new Promise<TcpConn>((resolve, reject) => {
      requests.set(request, reject);
      start(request, {
        connected: (endpoint) => resolve(new TcpConn(endpoint)),
        failed: (error) => reject(failure(error)),
      });
    });
  } finally {
    requests.delete(request);
    liveness.release();
    port.settleSoon();
  }
}

async function decide(
  flow: TcpFlow,
  handler: ForwardHandler,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    await handler(flow);
  } catch (error) {
    if (!flow.decided) flow.reject();
    onError(error);
  }
}

/** What `forward` was told, checked. */
export interface CheckedForward {
  readonly prefixes: readonly Prefix[];
  readonly except: readonly Prefix[];
  readonly ports: readonly (readonly [number, number])[];
  readonly own: boolean;
  readonly pendingMax: number;
  readonly decisionMs: number;
  readonly flowsMax: number;
  readonly idleMs: number;
  /** Null: as the stack's listeners do. */
  readonly cookies: SynCookieMode | null;
}

/** Checks the options of `forward`: a `TypeError` or `RangeError` names the option and its value. */
export function checkForward(options: ForwardOptions): CheckedForward {
  const { transport, filter = {} } = options;
  if (transport !== "tcp" && transport !== "udp") {
    throw new TypeError(`forward: transport: "${String(transport)}" is not one of tcp, udp`);
  }
  const prefixes = prefixesOf(filter.prefixes, "filter.prefixes");
  const except = prefixesOf(filter.except, "filter.except");
  const given = filter.ports === undefined
    ? []
    : typeof filter.ports === "number"
    ? [filter.ports]
    : filter.ports;
  if (!Array.isArray(given)) throw new TypeError(`filter.ports: ${String(given)} is no array`);
  const ports = given.map(rangeOf);
  atMost("filter.prefixes and filter.except", prefixes.length + except.length, FILTER_PREFIXES_MAX);
  atMost("filter.ports", ports.length, FILTER_PORTS_MAX);
  const pendingMax = options.pendingMax ?? DEFAULT_PENDING;
  const decisionMs = options.decisionMs ?? DEFAULT_DECISION_MS;
  inRange("pendingMax", pendingMax, 1, FLOWS_MAX);
  inRange("decisionMs", decisionMs, 1, DECISION_MAX_MS);
  const flowsMax = options.flowsMax ?? DEFAULT_FLOWS;
  const idleMs = options.idleMs ?? DEFAULT_IDLE_MS;
  inRange("flowsMax", flowsMax, 1, 65_536);
  inRange("idleMs", idleMs, 1, 3_600_000);
  const cookies = options.synCookies ?? null;
  if (cookies !== null && !SYN_COOKIE_MODES.includes(cookies)) {
    throw new TypeError(
      `synCookies: "${String(cookies)}" is none of ${SYN_COOKIE_MODES.join(", ")}`,
    );
  }
  const own = filter.own === true;
  if (own && transport === "udp") {
    throw new TypeError("filter.own: only for connections; listenDatagram takes own datagrams");
  }
  return { prefixes, except, ports, own, pendingMax, decisionMs, flowsMax, idleMs, cookies };
}

function prefixesOf(value: string | readonly string[] | undefined, option: string): Prefix[] {
  if (value === undefined) return [];
  const texts = typeof value === "string" ? [value] : value;
  if (!Array.isArray(texts)) throw new TypeError(`${option}: ${String(value)} is no array`);
  return texts.map((text) => {
    if (typeof text !== "string") throw new TypeError(`${option}: ${String(text)} is no string`);
    return parseCidr(text, option);
  });
}

function rangeOf(value: number | readonly [number, number]): readonly [number, number] {
  const range: readonly number[] = typeof value === "number" ? [value, value] : value;
  if (!Array.isArray(range) || range.length !== 2) {
    throw new TypeError(`filter.ports: ${String(value)} is neither a port nor [first, last]`);
  }
  for (const port of range) inRange("filter.ports", port, 1, 65_535);
  if (range[0] > range[1]) {
    throw new RangeError(`filter.ports: the range [${range.join(", ")}] has no port in it`);
  }
  return [range[0], range[1]];
}

function inRange(name: string, value: unknown, low: number, high: number): void {
  if (typeof value !== "number") throw new TypeError(`${name}: ${String(value)} is not a number`);
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new RangeError(`${name}: ${value} is not a whole number from ${low} to ${high}`);
}

function atMost(name: string, count: number, most: number): void {
  if (count > most) throw new RangeError(`${name}: ${count} are more than ${most}`);
}

/** The bits of a prefix in the form in which addresses of both families are held. */
export function heldLength({ address, length }: Prefix): number {
  return isIpv4(address) ? 96 + length : length;
}

/** One end of a flow. */
export function flowAddr(address: Address, port: number): Deno.NetAddr {
  return { transport: "tcp", hostname: addressText(address), port };
}

function decidedBefore(): Error {
  return new Deno.errors.BadResource("Bad resource ID: the flow was decided already");
}

function acceptError(error: ConnectionError, where: string): Error {
  if (error !== ConnectionError.refused) return connectError(error, where);
  return codedError(
    Deno.errors.ConnectionReset,
    "ECONNRESET",
    `Connection reset by peer (os error 104): ${where} has given up during the handshake`,
  );
}
