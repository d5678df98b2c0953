import { assertEquals } from "@std/assert";
import { Info, InfoOption, Row, ROW_WORDS, Sending, SendingFlag } from "../../src/ring/row.ts";
import { createCongestion } from "../../src/tcp/congestion/create.ts";
import { CONGESTION_NAMES } from "../../src/tcp/config.ts";
import { type Connection, News } from "../../src/tcp/connection.ts";
import { readTotal, reportAddresses, reportNews, reportProgress } from "../../src/tcp/report.ts";
import { CongestionPhase } from "../../src/tcp/congestion/phase.ts";
import { LossRecovery } from "../../src/tcp/loss_recovery.ts";
import { Pacer } from "../../src/tcp/pacing.ts";
import { SentSegmentPool } from "../../src/tcp/retransmission_queue.ts";
import { SendBuffer } from "../../src/tcp/send_buffer.ts";
import { State } from "../../src/tcp/state.ts";
import { SmallMemory } from "../ring/small_memory.ts";
import { makeConnection } from "./connections.ts";

const ROWS = ROW_WORDS;
const UNTOUCHED = 0x5a5a5a5a;

/** A row with one before and one behind it, which must stay as they are. */
function makeRows(): Int32Array {
  return new Int32Array(3 * ROW_WORDS).fill(UNTOUCHED);
}

function infoOf(words: Int32Array, index: number): number {
  return words[ROWS + Row.info + index];
}

Deno.test("Goal: a row shows both ends' addresses and ports", () => {
  const words = makeRows();
  reportAddresses(words, makeConnection({ rows: ROWS }));
  const row = words.subarray(ROWS);
  assertEquals([...row.subarray(Row.local, Row.local + 4)], [0, 0, 0xffff, 0x0a070001]);
  assertEquals([...row.subarray(Row.remote, Row.remote + 4)], [0, 0, 0xffff, 0x0a070002]);
  assertEquals([row[Row.localPort], row[Row.remotePort]], [80, 40_000]);
});

Deno.test("Goal: progress writes the numbers of info() and touches nobody else's words", () => {
  const words = makeRows();
  const conn = makeConnection({ rows: ROWS });
  conn.state = State.CLOSE_WAIT;
  conn.sendLimit = 70_000;
  conn.sndUna = -5;
  conn.sndMax = 10;
  conn.sndScale = 7;
  conn.rcvScale = 3;
  conn.timestamps = true;
  conn.windowScale = true;
  conn.segmentsReceived = 12;
  conn.rtt.sample(50_000);
  conn.backoffs = 2;
  conn.rtoShift = 2;
  reportProgress(words, conn);
  assertEquals(words[ROWS + Row.state], State.CLOSE_WAIT);
  assertEquals(words[ROWS + Row.txLimit], 70_000);
  assertEquals(infoOf(words, Info.bytesInFlight), 15);
  assertEquals(infoOf(words, Info.windowScales), 7 | (3 << 8));
  assertEquals(infoOf(words, Info.options), InfoOption.timestamps | InfoOption.windowScale);
  assertEquals(infoOf(words, Info.segmentsReceived), 12);
  assertEquals(infoOf(words, Info.rttUs), 50_000);
  assertEquals(infoOf(words, Info.rtoUs), 4 * 250_000, "as it stands after the back-offs");
  assertEquals(infoOf(words, Info.cwndBytes), 14_600);
  assertEquals(infoOf(words, Info.ssthreshBytes), 0x7fff_ffff, "none yet: the greatest number");
  const untouched = [Row.rxWritten, Row.rxHead, Row.rxEpoch, Row.txRead, Row.rxRead, Row.txWritten];
  for (const word of [...untouched, Row.newsForApp, Row.newsForTcp, Row.generation]) {
    assertEquals(words[ROWS + word], UNTOUCHED, `word ${word}`);
  }
  const others = [...words.subarray(0, ROWS), ...words.subarray(2 * ROWS)];
  assertEquals(others.every((word) => word === UNTOUCHED), true);
});

Deno.test("Goal: totals beyond 32 bits are read as they were written", () => {
  const words = makeRows();
  const conn = makeConnection({ rows: ROWS });
  const totals = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 3 * 2 ** 32 + 7, 2 ** 52 + 1];
  for (const total of totals) {
    conn.bytesSent = total;
    conn.bytesReceived = total + 1;
    conn.bytesRetransmitted = total + 2;
    reportProgress(words, conn);
    const info = ROWS + Row.info;
    assertEquals(readTotal(words, info + Info.bytesSent), total);
    assertEquals(readTotal(words, info + Info.bytesReceived), total + 1);
    assertEquals(readTotal(words, info + Info.bytesRetransmitted), total + 2);
  }
});

Deno.test("Goal: the congestion control is shown by its place among the names", () => {
  const words = makeRows();
  const conn = makeConnection({ rows: ROWS });
  for (const [index, name] of CONGESTION_NAMES.entries()) {
    conn.congestion = createCongestion(name, 14_600);
    reportProgress(words, conn);
    assertEquals(infoOf(words, Info.congestion), index);
  }
});

Deno.test("Goal: a connection that has let go of its buffers can still be shown", () => {
  const words = makeRows();
  const conn = makeConnection({ rows: ROWS });
  conn.receive = null;
  conn.rcvNxt = 100;
  conn.rcvAdvertised = 90;
  reportProgress(words, conn);
  assertEquals([infoOf(words, Info.receiveBufferBytes), infoOf(words, Info.receiveWindow)], [0, 0]);
});

Deno.test("Goal: how fast it sends, and what its control is doing, stand in words of their own", () => {
  const words = makeRows();
  const conn = makeConnection({ rows: ROWS });
  const at = ROWS + Row.sending;
  reportProgress(words, conn);
  assertEquals(words[at + Sending.phase], CongestionPhase.slowStart);
  assertEquals(readTotal(words, at + Sending.pacingRate), 0, "not paced");
  conn.congestion = createCongestion("bbr", 14_600);
  conn.congestion.onTransmitStart(1000, 0);
  conn.pacer = new Pacer(Infinity);
  conn.pacer.update(conn.congestion, 0, 1000);
  conn.cwndLimited = true;
  reportProgress(words, conn);
  assertEquals(words[at + Sending.phase], CongestionPhase.startup);
  assertEquals(readTotal(words, at + Sending.pacingRate), 2.77 * 14_600_000);
  conn.pacer.rate = 20e9;
  conn.loss = new LossRecovery(new SentSegmentPool(), 0);
  conn.loss.queue.rate.bytesPerSecond = 10e9;
  reportProgress(words, conn);
  assertEquals(readTotal(words, at + Sending.pacingRate), 20e9);
  assertEquals(readTotal(words, at + Sending.deliveryRate), 10e9);
  assertEquals(words[at + Sending.flags], SendingFlag.windowLimited);
});

Deno.test("Goal: who has let go of a connection hears nothing more, and others hear of news once", () => {
  const words = makeRows();
  const conn = makeConnection({ rows: ROWS });
  const heard: string[] = [];
  const events = {
    news: (_: Connection, loud: boolean) => heard.push(loud ? "loud" : "quiet"),
    progressed: () => heard.push("progressed"),
  };
  conn.send = null;
  conn.news = News.loud;
  reportNews(words, conn, events);
  assertEquals([heard, words[ROWS + Row.state]], [[], UNTOUCHED]);
  const memory = new SmallMemory({ blocks: 4, blockBytes: 64, frames: 1, frameBytes: 64 });
  conn.send = new SendBuffer(memory.stream, memory.table);
  reportNews(words, conn, events);
  reportNews(words, conn, events);
  assertEquals(heard, ["progressed", "loud", "progressed"]);
});
