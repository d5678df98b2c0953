/**
 * The kernel's side of `woshou bench`, in a thread of its own: connects where it is told, measures, and reports. It is the
 * same for both servers.
 */

/** What is measured. */
export type Measure = "in" | "out" | "echo";

/** What the client is told to do. */
export interface ClientTask {
  readonly measure: Measure;
  readonly hostname: string;
  readonly port: number;
  readonly milliseconds: number;
}

/** What it has found: bytes per second, or microseconds of the median echo; or why it could not. */
export type ClientReport = { readonly value: number } | { readonly failure: string };

const CHUNK_BYTES = 131_072;
const MESSAGE_BYTES = 64;

/** Carries out one task. */
export async function runTask(task: ClientTask): Promise<number> {
  using conn = await Deno.connect({ hostname: task.hostname, port: task.port });
  conn.setNoDelay();
  switch (task.measure) {
    case "in":
      return await fill(conn, task.milliseconds);
    case "out":
      return await drain(conn, task.milliseconds);
    case "echo":
      return await bounce(conn, task.milliseconds);
  }
}

/** Writes until the time is over; bytes per second. */
async function fill(conn: Deno.TcpConn, milliseconds: number): Promise<number> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  const startMs = performance.now();
  let bytes = 0;
  while (performance.now() - startMs < milliseconds) bytes += await conn.write(chunk);
  return 1000 * bytes / (performance.now() - startMs);
}

/** Reads until the time is over; bytes per second. */
async function drain(conn: Deno.TcpConn, milliseconds: number): Promise<number> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  const startMs = performance.now();
  let bytes = 0;
  while (performance.now() - startMs < milliseconds) {
    const count = await conn.read(chunk);
    if (count === null) break;
    bytes += count;
  }
  return 1000 * bytes / (performance.now() - startMs);
}

/** Sends a message and waits for its echo, again and again; microseconds, the median. */
async function bounce(conn: Deno.TcpConn, milliseconds: number): Promise<number> {
  const message = new Uint8Array(MESSAGE_BYTES);
  const answer = new Uint8Array(MESSAGE_BYTES);
  const times: number[] = [];
  const endMs = performance.now() + milliseconds;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    await conn.write(message);
    for (let got = 0; got < MESSAGE_BYTES;) {
      const count = await conn.read(answer.subarray(got));
      if (count === null) throw new Error("the echo ended early");
      got += count;
    }
    times.push(1000 * (performance.now() - startMs));
  }
  times.sort((a, b) => a - b);
  return times[times.length >> 1] ?? NaN;
}

/** The end of a worker that messages go to and come from. */
interface WorkerPort {
  onmessage: ((event: MessageEvent<ClientTask>) => void) | null;
  postMessage(report: ClientReport): void;
}

if ("WorkerGlobalScope" in globalThis) {
  const port = globalThis as unknown as WorkerPort;
  port.onmessage = ({ data }) => {
    runTask(data).then(
      (value) => port.postMessage({ value }),
      (error) => port.postMessage({ failure: String(error) }),
    );
  };
}
