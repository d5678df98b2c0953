/** Losses by counting, RFC 6675, where RACK is switched off. */

import type { Connection } from "./connection.ts";
import { NO_SEGMENT, Sent } from "./retransmission_queue.ts";

/**
 * Section 4, IsLost(): a segment is lost when enough that was sent behind it has arrived. What was sent again is
 * not looked at: only a timeout finds its loss. True when something was marked.
 */
export function detectByScoreboard(conn: Connection): boolean {
  const loss = conn.loss!;
  const { queue } = loss;
  const enough = loss.reordering * conn.sndMss;
  let behind = queue.sackedBytes;
  let found = false;
  for (let s = queue.head; s !== NO_SEGMENT && behind >= enough; s = queue.next(s)) {
    const flags = queue.flags(s);
    if ((flags & Sent.sacked) !== 0) behind -= (queue.end(s) - queue.start(s)) | 0;
    else if ((flags & Sent.lost) === 0) {
      queue.markLost(s);
      found = true;
    }
  }
  return found;
}
