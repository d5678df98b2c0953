/**
 * Ends of records in the stream that is sent (MSG_EOR of send(2)): what is written later does not go into the
 * same segment. A peer sees nothing of it but the segments; programs that look at time stamps do.
 */

import type { Connection } from "./connection.ts";

/** Most ends that are kept for one connection; later ones end nothing. */
const RECORD_ENDS_MAX = 1024;

/** What has been written until now ends a record, at this position of the send stream. */
export function endRecord(conn: Connection, position: number): void {
  const ends = conn.recordEnds ??= [];
  if (ends.length < RECORD_ENDS_MAX && ends.at(-1) !== position) ends.push(position);
}

/** How many of `unsent` bytes from `position` on belong to the record that begins there. */
export function untilRecordEnd(conn: Connection, position: number, unsent: number): number {
  const ends = conn.recordEnds;
  if (ends === null) return unsent;
  const { sndUna, iss } = conn;
  // Ends that are acknowledged are of no more use; the others count again when data goes again.
  while (ends.length > 0 && ((ends[0] - (sndUna - iss - 1)) | 0) <= 0) ends.shift();
  for (const end of ends) {
    const length = (end - position) | 0;
    if (length > 0) return Math.min(unsent, length);
  }
  return unsent;
}
