/**
 * The two ends of the demonstration: a woshou stack as the server, and as the client the kernel's TCP
 * on the other side of a TUN, or a second woshou stack on the other end of a memory pair.
 */

import { memoryPair, open, type PipelineShape, type Stack } from "../../mod.ts";
import { Diagram, type EndHead } from "./diagram.ts";
import { InferredState } from "./inferred_state.ts";
import { kernelRetransmissions, kernelState } from "./kernel_proc.ts";
import type { Screen } from "./screen.ts";
import { TraceEnd } from "./sighting.ts";

/** Where the server listens: the echo service of RFC 862. */
export const SERVER_PORT = 7;

const SERVER_ADDRESS = "10.7.0.2";
const CLIENT_ADDRESS = "10.7.0.1";
const DEVICE = "woshou0";

const SERVER_HEAD: EndHead = {
  name: "server: woshou",
  address: `${SERVER_ADDRESS}:${SERVER_PORT}`,
  source: "states by its trace",
};

/** One client, one server, and the diagram of what passes between them. */
export interface Scene {
  readonly server: Stack;
  readonly diagram: Diagram;
  /** The server's trace, which counts its segments. */
  readonly trace: TraceEnd;
  /** The client in a word. */
  readonly clientName: string;
  /** A line or two about the place of the action. */
  readonly place: string;
  connect(): Promise<Deno.TcpConn>;
  /** The client's state by its own word; null where it has none but the diagram's. */
  clientState(port: number): string | null;
  /** Segments that the client has sent again; null where that is not known. */
  clientRetransmissions(): number | null;
  /** Draws segments from now on, or only counts them. */
  watch(on: boolean): void;
  close(): Promise<void>;
}

/** The kernel as the client, over a TUN interface. Rejects as `open` does. */
export async function kernelScene(screen: Screen, pipeline: PipelineShape): Promise<Scene> {
  const diagram = new Diagram(screen, {
    name: "client: the kernel",
    address: CLIENT_ADDRESS,
    source: "states inferred",
  }, SERVER_HEAD);
  const inferred = new InferredState();
  const trace = new TraceEnd(
    "server",
    "LISTEN",
    (sighting) => diagram.onServer(sighting, inferred.after(sighting)),
  );
  const server = await open({
    device: DEVICE,
    address: `${SERVER_ADDRESS}/24`,
    hostAddress: `${CLIENT_ADDRESS}/24`,
    pipeline,
    trace: trace.take,
  });
  return {
    server,
    diagram,
    trace,
    clientName: "kernel",
    place: "client: the kernel's TCP, in a network namespace made for this\n" +
      `server: woshou on the TUN interface ${DEVICE}, pipeline ${pipeline}`,
    connect: () => Deno.connect({ hostname: SERVER_ADDRESS, port: SERVER_PORT }),
    clientState: kernelState,
    clientRetransmissions: kernelRetransmissions,
    watch: (on) => trace.watching = on,
    close: () => server.close(),
  };
}

/** A second stack as the client, in this thread, over a memory pair: it needs no permission at all. */
export async function memoryScene(screen: Screen): Promise<Scene> {
  const diagram = new Diagram(screen, {
    name: "client: woshou",
    address: CLIENT_ADDRESS,
    source: "states by its trace",
  }, SERVER_HEAD);
  const trace = new TraceEnd("server", "LISTEN", (one) => diagram.onServer(one, null));
  const clientTrace = new TraceEnd("client", "CLOSED", (one) => diagram.onClient(one));
  const [near, far] = memoryPair();
  const server = await open({ device: far, address: `${SERVER_ADDRESS}/24`, trace: trace.take });
  const client = await open({
    device: near,
    address: `${CLIENT_ADDRESS}/24`,
    trace: clientTrace.take,
  });
  return {
    server,
    diagram,
    trace,
    clientName: "client",
    place: "client and server: two woshou stacks in one thread, joined by memoryPair()",
    connect: () => client.connect({ hostname: SERVER_ADDRESS, port: SERVER_PORT }),
    clientState: () => null,
    clientRetransmissions: () => client.stats().counters.segmentsRetransmitted,
    watch: (on) => {
      trace.watching = on;
      clientTrace.watching = on;
    },
    close: async () => {
      await client.close();
      await server.close();
    },
  };
}
