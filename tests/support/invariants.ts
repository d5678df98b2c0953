/** What holds for every connection at any time, whatever the peer sends. */

import { assert } from "@std/assert";
import { seqDiff } from "../../src/base/seq.ts";
import type { Layout } from "../../src/ring/layout.ts";
import { updateDeadline } from "../../src/tcp/timers.ts";
import { type Connection, Owner } from "../../src/tcp/connection.ts";
import { State, stateNames } from "../../src/tcp/state.ts";

/** Bytes that the window field's grain lets the edge go beyond the buffer. */
function grain(conn: Connection): number {
  return 1 << conn.rcvScale;
}

/** Throws unless the connection's numbers are possible. */
export function checkConnection(conn: Connection, nowUs: number): void {
  const state = stateNames[conn.state];
  assert(state !== undefined && conn.state !== State.LISTEN, `state ${conn.state}`);
  const inFlight = seqDiff(conn.sndMax, conn.sndUna);
  const next = seqDiff(conn.sndNxt, conn.sndUna);
  assert(next >= 0 && next <= inFlight, `${state}: una <= nxt <= max: ${next}, ${inFlight}`);
  const promised = seqDiff(conn.rcvAdvertised, conn.rcvNxt);
  assert(conn.state === State.SYN_SENT || promised >= 0, `${state}: window of ${promised}`);
  assert(conn.sndWnd >= 0 && conn.sndWnd <= 65_535 << 14, `${state}: sndWnd ${conn.sndWnd}`);
  assert(conn.sndMss >= 36, `${state}: sndMss ${conn.sndMss}`);
  assert(conn.congestion.cwndBytes >= conn.sndMss, `${state}: cwnd ${conn.congestion.cwndBytes}`);
  assert(conn.rtt.rtoUs > 0 && conn.rtt.rtoUs < Infinity, `${state}: rto ${conn.rtt.rtoUs}`);
  checkReceive(conn, state, promised);
  checkSend(conn, state);
  checkDeadlines(conn, state, nowUs);
}

function checkReceive(conn: Connection, state: string, promised: number): void {
  const { receive } = conn;
  if (receive === null) return;
  const limit = receive.limitBytes + 2 * grain(conn);
  assert(promised <= limit, `${state}: promised ${promised} of ${receive.limitBytes}`);
  assert(receive.stream.pending >= 0, `${state}: pending ${receive.stream.pending}`);
  if (conn.owner !== Owner.none) {
    assert(receive.stream.pending <= limit, `${state}: holds ${receive.stream.pending}`);
  }
  const queue = receive.outOfOrder;
  if (queue === null) return;
  assert(queue.count > 0, `${state}: an empty out-of-order queue`);
  let before = conn.rcvNxt;
  let bytes = 0;
  for (let i = 0; i < queue.count; i++) {
    assert(seqDiff(queue.left[i], before) > 0, `${state}: range ${i} begins too early`);
    assert(seqDiff(queue.right[i], queue.left[i]) > 0, `${state}: range ${i} is empty`);
    bytes += seqDiff(queue.right[i], queue.left[i]);
    before = queue.right[i];
  }
  assert(bytes === queue.bytes, `${state}: ${bytes} out of order, counted ${queue.bytes}`);
  assert(seqDiff(before, conn.rcvAdvertised) <= 0, `${state}: a range beyond the window`);
}

function checkSend(conn: Connection, state: string): void {
  const { send } = conn;
  if (send === null) return;
  assert(send.held >= 0, `${state}: holds ${send.held} to send`);
  const last = seqDiff(conn.sndMax, conn.iss) - 1;
  const fin = conn.finQueued ? 1 : 0;
  if (conn.state >= State.ESTABLISHED) {
    assert(((last - send.end) | 0) <= fin, `${state}: sent ${last} of ${send.end}`);
  }
}

/** Whatever waits for an answer has a timer, or the connection could hang for ever. */
function checkDeadlines(conn: Connection, state: string, nowUs: number): void {
  if (conn.state === State.CLOSED) {
    updateDeadline(conn);
    assert(conn.deadlineUs === Infinity, `${state}: a timer is left`);
    return;
  }
  if (conn.state === State.TIME_WAIT) {
    assert(conn.endAtUs < Infinity, `${state}: without an end`);
    return;
  }
  const unacked = conn.sndMax !== conn.sndUna;
  const unsent = conn.send !== null && conn.state >= State.ESTABLISHED &&
    ((conn.send.end - ((conn.sndMax - conn.iss - 1) | 0)) | 0) > 0;
  if (unacked || unsent) {
    // What the pacing holds back, with nothing in flight, is woken by that.
    const timerUs = Math.min(conn.retransmitAtUs, conn.pacer?.wakeAtUs ?? Infinity);
    assert(timerUs < Infinity, `${state}: data waits without a timer at ${nowUs}`);
  }
  updateDeadline(conn);
  assert(conn.wheelAtUs <= conn.deadlineUs, `${state}: the wheel is later than a deadline`);
}

/** How many of the rows' connections each block of memory serves: none when nobody holds anything. */
export function checkNothingHeld(layout: Layout, freeReceive: number, freeSlots: number): void {
  assert(
    freeReceive === layout.dimensions.receiveBlocks,
    `${layout.dimensions.receiveBlocks - freeReceive} receive blocks are still held`,
  );
  assert(
    freeSlots === layout.dimensions.slots,
    `${layout.dimensions.slots - freeSlots} frame slots are still held`,
  );
}
