import { addressText, parseIpv4 } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import { type Random, SeededRandom } from "../base/random.ts";
import { IPV4_HEADER_BYTES, Ipv4Field } from "../wire/ipv4.ts";
import { decrementHopLimit } from "../wire/ip_rewrite.ts";
import { type Device, SendOutcome } from "./device.ts";
import { ImpairedPath, type Impairment, type ImpairmentStats } from "./impaired_path.ts";
import { memoryPair } from "./memory_pair.ts";
import { type Edge, NO_ROUTE, shortestRoutes } from "./routes.ts";

/** Where a network takes its time and its chance from, and what fits through it. */
export interface NetworkOptions {
  /** The clock: a manual one for simulation, the machine's otherwise. */
  readonly clock: Clock;
  /** A seeded generator, when a run is to be repeated. Each link gets a sequence of its own from it. */
  readonly random: Random;
  /** The largest IP packet in bytes, 576 to 65535; default 1500. No host may have more. */
  readonly mtu?: number;
}

/** A host or a router of a network. */
export interface NetworkNode {
  /** Its name in messages and traces. */
  readonly name: string;
}

/** The end of a network at which a stack can be opened. */
export interface NetworkHost extends NetworkNode {
  /** The address that leads to it. */
  readonly address: string;
  /** The device for its stack: what it sends goes into the network. */
  readonly device: Device;
}

/** How a host is to be. */
export interface HostOptions {
  /** Its name; default: its address. */
  readonly name?: string;
  /** The largest IP packet in bytes, 576 up to the network's; default: the network's. */
  readonly mtu?: number;
}

/** A link between two nodes, each direction with its own queue and impairment. */
export interface NetworkLink {
  /** What became of the frames from the first node to the second. */
  there(): ImpairmentStats;
  /** The same for the other direction. */
  back(): ImpairmentStats;
}

/** A frame that has just come to the end of a link. Its memory is used again afterwards. */
export interface NetworkFrame {
  /** When, microseconds. */
  readonly timeUs: number;
  /** The name of the node that the link comes from. */
  readonly from: string;
  /** The name of the node that it leads to. */
  readonly to: string;
  /** Where the frame lies. */
  readonly memory: Uint8Array;
  /** Where in that memory it begins. */
  readonly offset: number;
  /** Its bytes. */
  readonly length: number;
}

/** Frames that a network could not bring on their way. */
export interface NetworkStats {
  /** To an address that no host has, or to which no way leads; or no IPv4 at all. */
  readonly noRoute: number;
  /** With no hop left (RFC 1812 section 5.3.1). No ICMP message tells the sender. */
  readonly hopLimit: number;
}

/** Frames that may wait for a stack to take them; the network takes its own at once. */
const HOST_QUEUE_FRAMES = 4096;
/** What one look at a host takes in at the most, so that none can hold up the others. */
const TAKE_MAX_FRAMES = 1024;
const MTU_DEFAULT_BYTES = 1500;

interface Node extends NetworkNode {
  readonly index: number;
  readonly isRouter: boolean;
}

/** The network's end of a host. */
interface Port extends Node, NetworkHost {
  readonly word: number;
  readonly far: Device;
  /** The path of its first link, through whose store its frames come in; -1 before there is one. */
  firstPath: number;
}

interface Path extends Edge {
  readonly path: ImpairedPath;
  readonly fromName: string;
  readonly toName: string;
}

/**
 * Hosts, routers and the links between them, in one thread and from one seed. Each host is a device for a
 * stack; routers send IPv4 packets on by the fewest hops. Links have a rate, a queue, a delay and whatever
 * else an {@link Impairment} can do.
 *
 * ```ts
 * const time = new VirtualTime();
 * const network = new Network({ clock: time.clock, random: new SeededRandom(1) });
 * const [a, b] = [network.host("10.0.0.1"), network.host("10.0.0.2")];
 * const router = network.router("r");
 * network.link(a, router, { delayUs: 1000 });
 * network.link(router, b, { rateBitsPerSecond: 10e6, queueFrames: 50, delayUs: 20_000, loss: 0.01 });
 * const client = await open({ device: a.device, address: "10.0.0.1/24", clock: time.clock });
 * ```
 *
 * With a manual clock everything happens when the clock is moved; with the machine's a timer wakes the
 * network, or whoever wants it more exact calls {@link Network.run}.
 */
export class Network {
  /** Called for each frame that comes to the end of a link: for captures and traces. */
  onFrame: ((frame: NetworkFrame) => void) | null = null;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #mtu: number;
  readonly #nodes: Node[] = [];
  readonly #hosts: Port[] = [];
  /** The host of each node, null for a router. */
  readonly #ports: (Port | null)[] = [];
  readonly #paths: Path[] = [];
  /** When the next frame of each path leaves. */
  #dueUs = new Float64Array(0);
  /** Which path leads to each host from each node; null until the first frame wants to know. */
  #routes: Int32Array[] | null = null;
  readonly #piece = new Int32Array(2);
  #wakeId = -1;
  #wakeAtUs = Infinity;
  #running = false;
  #noRoute = 0;
  #hopLimit = 0;

  /** An empty network. */
  constructor(options: NetworkOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#mtu = options.mtu ?? MTU_DEFAULT_BYTES;
  }

  /** A new host of this IPv4 address. Throws `TypeError` for what is no address or is taken. */
  host(address: string, options: HostOptions = {}): NetworkHost {
    const { name = address, mtu = this.#mtu } = options;
    const names: [string, string] = [name, `${name}'s network`];
    const [near, far] = memoryPair({ mtu, queueFrames: HOST_QUEUE_FRAMES, names });
    return this.#addHost(address, name, near, far);
  }

  /**
   * A host outside: what comes out of `device`, such as a TUN interface, comes from it. Nothing else may use
   * the device. It has no offload.
   */
  attach(address: string, device: Device): NetworkHost {
    if (device.virtioHeader) {
      throw new TypeError(`"${device.name}" has offload on; open it with offload: false`);
    }
    return this.#addHost(address, device.name, device, device);
  }

  /** A new router. */
  router(name = `router${this.#nodes.length}`): NetworkNode {
    const node = { name, index: this.#nodes.length, isRouter: true };
    this.#nodes.push(node);
    this.#ports.push(null);
    return node;
  }

  /** Joins two nodes; `back` is what happens from the second to the first, by default the same. */
  link(a: NetworkNode, b: NetworkNode, there: Impairment, back: Impairment = there): NetworkLink {
    const [first, second] = [this.#known(a), this.#known(b)];
    const name = `${a.name} to ${b.name}`;
    const forward = this.#addPath(first, second, there, name);
    const backward = this.#addPath(second, first, back, `${b.name} to ${a.name}`);
    this.#routes = null;
    return { there: () => forward.stats(), back: () => backward.stats() };
  }

  /** What could not be brought on its way so far. */
  stats(): NetworkStats {
    return { noRoute: this.#noRoute, hopLimit: this.#hopLimit };
  }

  /** Does all that is due; returns when there is more to do, in microseconds, or `Infinity`. */
  run(): number {
    // Handing a frame over may make a host send one, which is then taken in the loop below.
    if (this.#running) return this.#wakeAtUs;
    this.#running = true;
    const nowUs = this.#clock.now();
    for (const host of this.#hosts) this.#takeIn(host, nowUs);
    let nextUs = this.#deliverDue(nowUs);
    this.#running = false;
    for (const host of this.#hosts) nextUs = Math.min(nextUs, host.far.nextArrival());
    this.#wakeBy(nextUs);
    return nextUs;
  }

  /** Forgets all that is on its way, closes the devices, and takes the timer back. */
  close(): void {
    for (const { path } of this.#paths) path.clear();
    this.#dueUs.fill(Infinity);
    this.#running = true;
    this.#clock.cancelWake(this.#wakeId);
    for (const { device, far } of this.#hosts) {
      far.onArrival = null;
      far.close();
      device.close();
    }
  }

  #addHost(address: string, name: string, device: Device, far: Device): NetworkHost {
    const parsed = parseIpv4(address);
    if (parsed === null) throw new TypeError(`address: "${address}" is not an IPv4 address`);
    const word = parsed.w3;
    if (device.mtu > this.#mtu) {
      throw new RangeError(`mtu: ${device.mtu} is more than the network's, ${this.#mtu}`);
    }
    if (this.#hosts.some((other) => other.word === word)) {
      throw new TypeError(`address: another host has ${addressText(parsed)} already`);
    }
    const index = this.#nodes.length;
    const port: Port = { name, index, isRouter: false, address, word, device, far, firstPath: -1 };
    this.#nodes.push(port);
    this.#ports.push(port);
    this.#hosts.push(port);
    this.#routes = null;
    far.onArrival = () => this.#arrived(port);
    return port;
  }

  #known(node: NetworkNode): Node {
    const found = this.#nodes.find((known) => known === node);
    if (found === undefined) throw new TypeError(`"${node.name}" is not of this network`);
    return found;
  }

  #addPath(from: Node, to: Node, impairment: Impairment, name: string): ImpairedPath {
    const random = new SeededRandom(this.#random.uint32());
    const path = new ImpairedPath(impairment, name, this.#mtu, 0, random);
    const port = this.#ports[from.index];
    if (port !== null && port.firstPath < 0) port.firstPath = this.#paths.length;
    this.#paths.push({
      from: from.index,
      to: to.index,
      path,
      fromName: from.name,
      toName: to.name,
    });
    this.#dueUs = new Float64Array(this.#paths.length).fill(Infinity);
    this.#paths.forEach((each, index) => this.#dueUs[index] = each.path.nextDue());
    return path;
  }

  #arrived(host: Port): void {
    if (this.#running) return;
    const nowUs = this.#clock.now();
    this.#takeIn(host, nowUs);
    this.#wakeBy(Math.min(this.#earliest(), host.far.nextArrival()));
  }

  /** Takes in what a host has sent. */
  #takeIn(host: Port, nowUs: number): void {
    let frames = 0;
    while (frames < TAKE_MAX_FRAMES && this.#receiveFrom(host, nowUs)) frames++;
  }

  /** Moves one frame of a host onto the path that its destination wants; false when there was none. */
  #receiveFrom(host: Port, nowUs: number): boolean {
    if (host.firstPath < 0) return false;
    const { path } = this.#paths[host.firstPath];
    const { store } = path;
    // There is always a slot: the store has one more than may be on the way.
    const slot = store.take();
    const memory = store.bytesOf(slot);
    const offset = store.offsetOf(slot);
    const length = host.far.receive(memory, offset, store.slotBytes);
    if (length === 0) {
      store.release(slot);
      return false;
    }
    store.setLength(slot, Math.min(length, store.slotBytes));
    const view = store.viewOf(slot);
    const index = length > store.slotBytes
      ? NO_ROUTE
      : this.#routeOf(host.index, view, offset, length);
    if (index === host.firstPath) {
      this.#enter(index, slot, nowUs);
      return true;
    }
    if (index !== NO_ROUTE) this.#copyInto(index, view, offset, length, nowUs);
    store.release(slot);
    return true;
  }

  #enter(index: number, slot: number, nowUs: number): void {
    const { path } = this.#paths[index];
    path.enter(slot, nowUs);
    this.#dueUs[index] = path.nextDue();
  }

  #copyInto(index: number, view: DataView, offset: number, length: number, nowUs: number): void {
    const { path } = this.#paths[index];
    const slot = path.store.take();
    if (slot < 0) {
      path.dropAtEntry();
      return;
    }
    this.#piece[0] = offset;
    this.#piece[1] = length;
    path.store.gather(slot, view, this.#piece, 1);
    this.#enter(index, slot, nowUs);
  }

  /** The path from a node towards the packet's destination. */
  #routeOf(node: number, view: DataView, offset: number, length: number): number {
    if (length >= IPV4_HEADER_BYTES && view.getUint8(offset) >>> 4 === 4) {
      this.#routes ??= this.#findRoutes();
      const word = view.getInt32(offset + Ipv4Field.destination);
      for (let i = 0; i < this.#hosts.length; i++) {
        if (this.#hosts[i].word !== word) continue;
        const path = this.#routes[i][node];
        if (path !== NO_ROUTE) return path;
      }
    }
    this.#noRoute++;
    return NO_ROUTE;
  }

  #findRoutes(): Int32Array[] {
    const isRouter = this.#nodes.map((node) => node.isRouter);
    return shortestRoutes(this.#paths, isRouter, this.#hosts.map(({ index }) => index));
  }

  /** Delivers what is due in the order of its times; returns when the next is. */
  #deliverDue(nowUs: number): number {
    for (;;) {
      const index = this.#nextPath();
      if (index < 0) return Infinity;
      const dueUs = this.#dueUs[index];
      if (dueUs > nowUs) return dueUs;
      const { path } = this.#paths[index];
      const slot = path.removeDue(dueUs);
      if (slot >= 0) this.#arriveAt(this.#paths[index], slot, dueUs);
      this.#dueUs[index] = path.nextDue();
    }
  }

  /** The path whose frame is the next to leave; -1 when nothing is on its way. */
  #nextPath(): number {
    let best = -1;
    let bestUs = Infinity;
    for (let i = 0; i < this.#dueUs.length; i++) {
      if (this.#dueUs[i] < bestUs) {
        best = i;
        bestUs = this.#dueUs[i];
      }
    }
    return best;
  }

  #earliest(): number {
    const index = this.#nextPath();
    return index < 0 ? Infinity : this.#dueUs[index];
  }

  /** A frame is at the end of its path: for a host, or on to the next path. */
  #arriveAt(from: Path, slot: number, timeUs: number): void {
    const { path, to } = from;
    const { store } = path;
    const memory = store.bytesOf(slot);
    const offset = store.offsetOf(slot);
    const length = store.lengthOf(slot);
    if (this.onFrame !== null) {
      const { fromName, toName } = from;
      this.onFrame({ timeUs, from: fromName, to: toName, memory, offset, length });
    }
    if (!this.#nodes[to].isRouter) {
      this.#piece[0] = offset;
      this.#piece[1] = length;
      const host = this.#ports[to]!;
      path.finish(slot, host.far.send(memory, this.#piece, 1) === SendOutcome.sent);
      return;
    }
    const view = store.viewOf(slot);
    const next = this.#routeOf(to, view, offset, length);
    if (next !== NO_ROUTE) {
      if (decrementHopLimit(view, offset)) this.#copyInto(next, view, offset, length, timeUs);
      else this.#hopLimit++;
    }
    path.finish(slot, true);
  }

  #wakeBy(atUs: number): void {
    if (atUs >= this.#wakeAtUs) return;
    this.#clock.cancelWake(this.#wakeId);
    this.#wakeAtUs = atUs;
    this.#wakeId = this.#clock.wakeAt(atUs, () => {
      this.#wakeAtUs = Infinity;
      this.run();
    });
  }
}
