import { assertEquals } from "@std/assert";
import { ConnectionError } from "../../src/ring/row.ts";
import { tcpConfig } from "../../src/tcp/config.ts";
import { type Connection, NEVER } from "../../src/tcp/connection.ts";
import { abort, end, enterTimeWait, restartTimeWait } from "../../src/tcp/ending.ts";
import { newLossRecovery } from "../../src/tcp/loss_recovery.ts";
import { SentSegmentPool } from "../../src/tcp/retransmission_queue.ts";
import { State } from "../../src/tcp/state.ts";
import { makeConnection } from "./connections.ts";

/** A connection on which every timer runs. */
function busy(): Connection {
  const conn = makeConnection();
  conn.state = State.ESTABLISHED;
  conn.ackPending = true;
  conn.loss = newLossRecovery(new SentSegmentPool(), 0, tcpConfig());
  Object.assign(conn, { retransmitAtUs: 1, delayedAckAtUs: 2, keepaliveAtUs: 3, endAtUs: 4 });
  Object.assign(conn.loss, { reorderAtUs: 5, probeAtUs: 6 });
  return conn;
}

function deadlines(conn: Connection): number[] {
  const { reorderAtUs, probeAtUs } = conn.loss!;
  return [conn.retransmitAtUs, conn.delayedAckAtUs, conn.keepaliveAtUs, reorderAtUs, probeAtUs];
}

Deno.test("Goal: a connection that has ended sends nothing and waits for nothing", () => {
  const conn = busy();
  end(conn, ConnectionError.reset);
  assertEquals([conn.state, conn.error], [State.CLOSED, ConnectionError.reset]);
  assertEquals([...deadlines(conn), conn.endAtUs], Array(6).fill(NEVER));
  assertEquals(conn.ackPending, false);
  const aborted = busy();
  abort(aborted);
  assertEquals([aborted.state, aborted.error], [State.CLOSED, ConnectionError.aborted]);
});

Deno.test("Goal: TIME-WAIT lasts 2 MSL from the last FIN, and is all that is timed", () => {
  // RFC 9293 section 3.6.1, and 3.10.7.4 for the FIN that comes again.
  const conn = busy();
  const config = tcpConfig({ mslMs: 30_000 });
  enterTimeWait(conn, 1_000, config);
  assertEquals([conn.state, conn.endAtUs], [State.TIME_WAIT, 60_001_000]);
  assertEquals(deadlines(conn), Array(5).fill(NEVER));
  assertEquals(conn.ackPending, true, "the FIN is still to be acknowledged");
  restartTimeWait(conn, 9_000_000, config);
  assertEquals(conn.endAtUs, 69_000_000);
});
