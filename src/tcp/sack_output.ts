/** The SACK blocks of an outgoing segment: RFC 2018 section 4, with the duplicate report of RFC 2883 first. */

import { Counter, type Counters } from "../base/counters.ts";
import type { Seq } from "../base/seq.ts";
import { OptionBit, type Segment } from "../wire/segment.ts";
import type { Connection } from "./connection.ts";

/** SACK blocks that fit beside timestamps (RFC 2018 section 3), and without them. */
const BLOCKS_WITH_TIMESTAMPS = 3;
const BLOCKS = 4;
/** Bytes of the option: its padded head, and each block. */
const HEAD_BYTES = 4;
const BLOCK_BYTES = 8;

/**
 * Says in `out` what has arrived behind a gap, the range that changed last first, as far as `roomBytes` of
 * options go. What was received twice is reported once; it is lost with the segment (RFC 2883 section 4).
 */
export function addSackBlocks(
  conn: Connection,
  out: Segment,
  roomBytes: number,
  counters: Counters,
): void {
  if (!conn.sack || conn.receive === null) return;
  const { duplicate: report, outOfOrder: queue } = conn.receive;
  const duplicate = report !== null && report.pending;
  if (queue === null && !duplicate) return;
  const fits = Math.floor((roomBytes - HEAD_BYTES) / BLOCK_BYTES);
  const most = Math.min(fits, conn.timestamps ? BLOCKS_WITH_TIMESTAMPS : BLOCKS);
  if (most <= 0) return;
  let count = 0;
  if (duplicate) {
    setBlock(out, count++, report.left, report.right);
    report.pending = false;
    counters.count(Counter.duplicatesReported);
  }
  if (queue !== null) {
    for (let i = 0; i < queue.recentCount && count < most; i++) {
      const range = queue.indexOf(queue.recent[i]);
      if (range < 0 || isNamedBefore(conn, i, range)) continue;
      setBlock(out, count++, queue.left[range], queue.right[range]);
    }
  }
  out.sackCount = count;
  if (count > 0) out.options |= OptionBit.sack;
}

/** Two ranges have grown together since they were noted. */
function isNamedBefore(conn: Connection, noted: number, range: number): boolean {
  const queue = conn.receive!.outOfOrder!;
  for (let i = 0; i < noted; i++) {
    if (queue.indexOf(queue.recent[i]) === range) return true;
  }
  return false;
}

function setBlock(out: Segment, index: number, left: Seq, right: Seq): void {
  switch (index) {
    case 0:
      out.sackLeft0 = left;
      out.sackRight0 = right;
      break;
    case 1:
      out.sackLeft1 = left;
      out.sackRight1 = right;
      break;
    case 2:
      out.sackLeft2 = left;
      out.sackRight2 = right;
      break;
    default:
      out.sackLeft3 = left;
      out.sackRight3 = right;
  }
}
