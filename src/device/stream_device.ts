import { gatheredLength } from "./copy_bytes.ts";
import { type Device, SendOutcome } from "./device.ts";
import { checkInteger, FrameQueue } from "./frame_queue.ts";

/** How frames travel over a byte stream or a WebSocket. */
export interface StreamDeviceOptions {
  /** A name for messages. Default `stream` or `websocket`. */
  readonly name?: string;
  /** The largest frame in bytes, 576 to 65535; default 1500. Both ends must agree. */
  readonly mtu?: number;
  /** Frames that may wait to be received, 1 to 65536; default 1024. */
  readonly queueFrames?: number;
  /** Bytes that may wait to be sent; more frames are lost, as in any queue. Default 1 MiB. */
  readonly sendQueueBytes?: number;
}

/** What a connection of any kind offers: `Deno.Conn`, `TcpConn`, a child process, two pipes. */
export interface BytePipe {
  /** Bytes from the other end. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Bytes to the other end. */
  readonly writable: WritableStream<Uint8Array>;
}

const MTU_DEFAULT_BYTES = 1500;
const QUEUE_DEFAULT_FRAMES = 1024;
const SEND_QUEUE_DEFAULT_BYTES = 1 << 20;
/** A frame's length comes first, in 4 bytes, the most significant first, as QEMU's stream netdev has it. */
const LENGTH_BYTES = 4;

/**
 * A device whose other end is at the far side of a byte stream, in another process or on another machine.
 *
 * ```text
 *   | length 4, big-endian | frame | length 4 | frame | ...
 * ```
 *
 * Frames are whatever both ends agree on: IP packets for a stack, Ethernet frames (as QEMU's `-netdev stream` sends them)
 * for an Ethernet adapter. What arrives faster than it is received is left in the stream, so that the other end has to
 * wait; what is sent faster than the stream takes it is lost beyond `sendQueueBytes`.
 *
 * Throws `RangeError` for an impossible option.
 */
export function streamDevice(pipe: BytePipe, options: StreamDeviceOptions = {}): StreamDevice {
  return new StreamDevice(pipe, options);
}

/** A device over a byte stream, made by {@link streamDevice}. */
export class StreamDevice implements Device {
  readonly name: string;
  readonly mtu: number;
  readonly virtioHeader = false;
  onArrival: (() => void) | null = null;
  /**
   * Resolves when this end is closed or the other one has ended; rejects when the stream fails or carries something else
   * than frames.
   */
  readonly closed: Promise<void>;
  readonly #queue: FrameQueue;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #sendQueueBytes: number;
  #waitingBytes = 0;
  #isOpen = true;
  /** Called when the queue has room again. */
  #onRoom: () => void = () => {};

  /** As {@link streamDevice}. */
  constructor(pipe: BytePipe, options: StreamDeviceOptions) {
    const { name = "stream", mtu = MTU_DEFAULT_BYTES, queueFrames = QUEUE_DEFAULT_FRAMES } =
      options;
    const { sendQueueBytes = SEND_QUEUE_DEFAULT_BYTES } = options;
    checkInteger("mtu", mtu, 576, 65_535);
    checkInteger("queueFrames", queueFrames, 1, 65_536);
    checkInteger("sendQueueBytes", sendQueueBytes, mtu, 1 << 30);
    this.name = name;
    this.mtu = mtu;
    this.#queue = new FrameQueue(mtu, queueFrames);
    this.#sendQueueBytes = sendQueueBytes;
    this.#reader = pipe.readable.getReader();
    this.#writer = pipe.writable.getWriter();
    this.closed = this.#readAll();
    // Whoever does not look at `closed` finds that nothing arrives any more; it must not end the process.
    this.closed.catch(() => {});
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    const length = this.#queue.take(memory, offset, limit);
    if (length > 0) this.#onRoom();
    return length;
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    const length = gatheredLength(pieces, count);
    if (!this.#isOpen || length < 1 || length > this.mtu) return SendOutcome.refused;
    const bytes = LENGTH_BYTES + length;
    if (this.#waitingBytes + bytes > this.#sendQueueBytes) return SendOutcome.queueFull;
    const message = gathered(memory, pieces, count, LENGTH_BYTES);
    new DataView(message.buffer).setUint32(0, length);
    this.#waitingBytes += bytes;
    const written = () => {
      this.#waitingBytes -= bytes;
    };
    // A stream that has failed is told of by `closed`.
    this.#writer.write(message).then(written, written);
    return SendOutcome.sent;
  }

  nextArrival(): number {
    return this.#queue.count > 0 ? 0 : Infinity;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#onRoom();
    this.#reader.cancel().catch(() => {});
    this.#writer.close().catch(() => {});
  }

  async #readAll(): Promise<void> {
    let rest: Uint8Array = new Uint8Array(0);
    try {
      while (this.#isOpen) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        rest = rest.length === 0 ? value : joined(rest, value);
        rest = rest.subarray(await this.#takeFrames(rest));
      }
      if (rest.length > 0 && this.#isOpen) {
        throw new TypeError(`${this.name}: the stream ended within a frame`);
      }
    } finally {
      this.#isOpen = false;
    }
  }

  /** Queues the whole frames among `bytes`; returns how many bytes these were. */
  async #takeFrames(bytes: Uint8Array): Promise<number> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (at + LENGTH_BYTES <= bytes.length) {
      const length = view.getUint32(at);
      if (length < 1 || length > this.mtu) {
        this.#reader.cancel().catch(() => {});
        throw new TypeError(
          `${this.name}: ${length} is no length of a frame (1 to ${this.mtu} bytes); does the other end send frames ` +
            `behind 4 bytes of length, with the same MTU?`,
        );
      }
      const start = at + LENGTH_BYTES;
      if (start + length > bytes.length) break;
      while (this.#queue.isFull && this.#isOpen) await this.#room();
      if (!this.#isOpen) return bytes.length;
      this.#queue.put(bytes, Int32Array.of(start, length), 1);
      if (this.#queue.count === 1) this.onArrival?.();
      at = start + length;
    }
    return at;
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = () => {
        this.#onRoom = () => {};
        resolve();
      };
    });
  }
}

/**
 * A device whose other end is at the far side of a WebSocket: each binary message is one frame, as browser emulators (v86
 * and others) and their relays send them. A WebSocket has no back-pressure for what it receives: frames beyond
 * `queueFrames` are lost and counted.
 *
 * Throws `RangeError` for an impossible option.
 */
export function webSocketDevice(
  socket: WebSocket,
  options: StreamDeviceOptions = {},
): WebSocketDevice {
  return new WebSocketDevice(socket, options);
}

/** A device over a WebSocket, made by {@link webSocketDevice}. */
export class WebSocketDevice implements Device {
  readonly name: string;
  readonly mtu: number;
  readonly virtioHeader = false;
  onArrival: (() => void) | null = null;
  /** Resolves when either end has closed the socket. */
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #queue: FrameQueue;
  readonly #sendQueueBytes: number;
  #framesLost = 0;

  /** As {@link webSocketDevice}. */
  constructor(socket: WebSocket, options: StreamDeviceOptions) {
    const { name = "websocket", mtu = MTU_DEFAULT_BYTES } = options;
    const { queueFrames = QUEUE_DEFAULT_FRAMES, sendQueueBytes = SEND_QUEUE_DEFAULT_BYTES } =
      options;
    checkInteger("mtu", mtu, 576, 65_535);
    checkInteger("queueFrames", queueFrames, 1, 65_536);
    checkInteger("sendQueueBytes", sendQueueBytes, mtu, 1 << 30);
    this.name = name;
    this.mtu = mtu;
    this.#socket = socket;
    this.#queue = new FrameQueue(mtu, queueFrames);
    this.#sendQueueBytes = sendQueueBytes;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.#accept(data));
    this.closed = new Promise((resolve) => {
      socket.addEventListener("close", () => resolve());
    });
  }

  /** Messages that were no frames, or found the queue full. */
  get framesLost(): number {
    return this.#framesLost;
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    return this.#queue.take(memory, offset, limit);
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    const length = gatheredLength(pieces, count);
    if (this.#socket.readyState !== WebSocket.OPEN || length < 1 || length > this.mtu) {
      return SendOutcome.refused;
    }
    if (this.#socket.bufferedAmount + length > this.#sendQueueBytes) return SendOutcome.queueFull;
    this.#socket.send(gathered(memory, pieces, count, 0));
    return SendOutcome.sent;
  }

  nextArrival(): number {
    return this.#queue.count > 0 ? 0 : Infinity;
  }

  close(): void {
    this.#queue.clear();
    this.#socket.close();
  }

  #accept(data: unknown): void {
    const isFrame = data instanceof ArrayBuffer && data.byteLength > 0 &&
      data.byteLength <= this.mtu;
    if (!isFrame || !this.#queue.put(new Uint8Array(data), Int32Array.of(0, data.byteLength), 1)) {
      this.#framesLost++;
      return;
    }
    if (this.#queue.count === 1) this.onArrival?.();
  }
}

/** The pieces in an array of their own, behind `headroom` bytes. */
function gathered(
  memory: Uint8Array,
  pieces: Int32Array,
  count: number,
  headroom: number,
): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(headroom + gatheredLength(pieces, count));
  let at = headroom;
  for (let i = 0; i < count; i++) {
    frame.set(memory.subarray(pieces[2 * i], pieces[2 * i] + pieces[2 * i + 1]), at);
    at += pieces[2 * i + 1];
  }
  return frame;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
