/** The demonstration in its order: handshake, echo, two transfers, close, summary. */

import type { TcpInfo } from "../../mod.ts";
import type { Patience } from "./patience.ts";
import { MIB, rateText, showProgress } from "./progress.ts";
import { type Scene, SERVER_PORT } from "./scene.ts";
import type { Screen } from "./screen.ts";
import { isIntact, printSummary } from "./summary.ts";
import { readAll, transfer, type TransferResult, writeAll } from "./transfer.ts";

/** What the play needs. */
export interface Stage {
  readonly scene: Scene;
  readonly screen: Screen;
  readonly patience: Patience;
  /** Bytes each way. */
  readonly bytes: number;
}

/** The two ends of the one connection. */
interface Connection {
  readonly client: Deno.TcpConn;
  readonly server: Deno.TcpConn & { info(): TcpInfo };
  readonly clientPort: number;
}

const GREETING = "Hello from user space, 握手!\n";
/** How long an answer between two ends of one machine may take. */
const ANSWER_MS = 5000;
/** No segment for so long: nothing is under way any more. A delayed ACK takes at most 40 ms here. */
const QUIET_MS = 150;
/** Segments of a handshake, and of a close in which each end sends its FIN by itself. */
const HANDSHAKE_SEGMENTS = 3;
const CLOSE_SEGMENTS = 4;

/** Plays everything; throws at the first thing that is not as it should be. */
export async function play(stage: Stage): Promise<void> {
  const { scene, screen } = stage;
  const states: string[] = [];
  const conn = await handshake(stage, states);
  await echo(stage, conn);
  screen.heading(`Transfer: ${stage.bytes / MIB} MiB each way`);
  const upload = await oneWay(stage, conn.client, conn.server, "client to server");
  const download = await oneWay(stage, conn.server, conn.client, "server to client");
  await untilQuiet(stage);
  const info = conn.server.info();
  await close(stage, conn, states);
  screen.heading("Summary");
  printSummary(screen, {
    upload,
    download,
    info,
    stats: scene.server.stats(),
    clientName: scene.clientName,
    clientRetransmissions: scene.clientRetransmissions(),
    drawn: scene.diagram.drawn,
  });
}

async function handshake(stage: Stage, states: string[]): Promise<Connection> {
  const { scene, screen, patience } = stage;
  screen.heading("Handshake: three segments, and both ends are ESTABLISHED (RFC 9293 section 3.5)");
  const listener = scene.server.listen({ port: SERVER_PORT });
  scene.watch(true);
  const both = Promise.all([scene.connect(), listener.accept()]);
  const [client, server] = await patience.within(ANSWER_MS, "connect", both);
  await untilDrawn(stage, HANDSHAKE_SEGMENTS);
  const clientPort = client.localAddr.port;
  await noteState(stage, clientPort, "ESTABLISHED", states);
  screen.line();
  screen.remark(
    "The SEQ of a SYN is the initial sequence number of its sender, which nobody " +
      "can guess (RFC 6528). A SYN counts as one byte: that is the + 1. The states " +
      "are those behind the segment. MSS, SACK and window scale are agreed only here.",
  );
  return { client, server, clientPort };
}

async function echo(stage: Stage, { client, server }: Connection): Promise<void> {
  const { scene, screen, patience } = stage;
  scene.diagram.countFromInitial();
  const sent = new TextEncoder().encode(GREETING);
  screen.heading(`Echo: ${sent.length} bytes there and back`);
  scene.watch(true);
  const startMs = performance.now();
  await writeAll(client, sent);
  const received = new Uint8Array(sent.length);
  await readAll(server, received, null, patience);
  await writeAll(server, received);
  await readAll(client, received, null, patience);
  const ms = performance.now() - startMs;
  await untilQuiet(stage);
  scene.watch(false);
  const text = new TextDecoder().decode(received);
  if (text !== GREETING) throw new Error(`the echo of "${GREETING}" was "${text}"`);
  screen.line();
  screen.line(`  The client reads "${text.trimEnd()}" again, after ${ms.toFixed(1)} ms.`);
  screen.remark(
    "From here on SEQ and ACK count from the initial numbers, and WND is in units " +
      "of 2^WSopt bytes (RFC 7323). The timestamps of every segment are left out.",
  );
}

async function oneWay(
  stage: Stage,
  sender: Deno.TcpConn,
  receiver: Deno.TcpConn,
  title: string,
): Promise<TransferResult> {
  const { screen, patience, bytes } = stage;
  const progress = () => showProgress(screen, title, bytes);
  const result = await transfer({ sender, receiver, bytes, patience, progress });
  const verdict = isIntact(result)
    ? screen.paint("good", "SHA-256 ok")
    : screen.paint("bad", "SHA-256 differs");
  screen.line(
    `  ${title}  ${bytes / MIB} MiB in ${(result.ms / 1000).toFixed(2)} s, ` +
      `${rateText(bytes, result.ms)}, ${verdict}`,
  );
  if (!isIntact(result)) throw new Error(`${title}: other bytes arrived than were sent`);
  return result;
}

/** The client ends its direction first; each end acknowledges the other's FIN by itself. */
async function close(stage: Stage, conn: Connection, states: string[]): Promise<void> {
  const { scene, screen, patience } = stage;
  const { client, server, clientPort } = conn;
  screen.heading("Close: each direction ends by itself, with a FIN and its ACK (section 3.6)");
  const before = scene.diagram.drawn;
  scene.watch(true);
  await client.closeWrite();
  await expectEnd(patience, server, "server");
  await untilDrawn(stage, before + CLOSE_SEGMENTS / 2);
  await noteState(stage, clientPort, "FIN-WAIT-2", states);
  server.close();
  await expectEnd(patience, client, "client");
  await untilDrawn(stage, before + CLOSE_SEGMENTS);
  await noteState(stage, clientPort, "TIME-WAIT", states);
  client.close();
  screen.line();
  if (states.length > 0) {
    screen.line(`  The kernel's own word, from /proc/net/tcp: ${states.join(", ")}.`);
  }
  screen.remark(
    "A FIN counts as one, as a SYN does. The client sent the first one: it stays " +
      "in TIME-WAIT for 2 MSL, until no old segment is left that a later connection " +
      "could take for its own.",
  );
  if (scene.trace.state !== "CLOSED") throw new Error(`the server ended in ${scene.trace.state}`);
}

async function expectEnd(patience: Patience, conn: Deno.TcpConn, who: string): Promise<void> {
  const count = await patience.within(ANSWER_MS, `the ${who}'s end`, conn.read(new Uint8Array(1)));
  if (count !== null) throw new Error(`the ${who} read a byte where the end should have been`);
}

/** Asks the client itself, where it can be asked, and holds the answer against the diagram. */
async function noteState(
  { scene, patience }: Stage,
  clientPort: number,
  expected: string,
  states: string[],
): Promise<void> {
  if (scene.clientState(clientPort) === null) return;
  const agrees = () => scene.clientState(clientPort) === expected ? expected : null;
  const state = await patience.poll(ANSWER_MS, agrees);
  if (state === null) {
    throw new Error(
      `the client says ${scene.clientState(clientPort)}, the segments say ${expected}`,
    );
  }
  states.push(state);
}

async function untilDrawn({ scene, patience }: Stage, count: number): Promise<void> {
  const drawn = await patience.poll(
    ANSWER_MS,
    () => scene.diagram.drawn >= count ? scene.diagram.drawn : null,
  );
  if (drawn === null) {
    throw new Error(`only ${scene.diagram.drawn} of ${count} segments came within the time`);
  }
}

/** Until nothing is under way any more, so that what comes next stands by itself. */
async function untilQuiet({ scene, patience }: Stage): Promise<void> {
  let seen = -1;
  let sinceMs = 0;
  await patience.poll(ANSWER_MS, () => {
    const nowMs = performance.now();
    if (scene.trace.segments !== seen) {
      seen = scene.trace.segments;
      sinceMs = nowMs;
    }
    return nowMs - sinceMs >= QUIET_MS ? seen : null;
  });
}
