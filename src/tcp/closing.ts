/** How the application ends a connection: the CLOSE call of RFC 9293 section 3.10.4, in its parts. */

import { type Connection, Owner } from "./connection.ts";
import { isUnbegun, isUsedEarly } from "./fast_open.ts";
import { canSendData, State } from "./state.ts";

/** What a close has to do with a connection. */
export const Closing = {
  /** It has ended already: only its row is given back. */
  release: 0,
  /** It waits for its end, and needs nothing of the application any more. */
  detach: 1,
  /** It ends with an RST: received data would be lost, or nothing was agreed on yet. */
  abort: 2,
  /** It ends in order: a FIN follows what was written. */
  inOrder: 3,
} as const;

/** One value of {@link Closing}. */
export type Closing = (typeof Closing)[keyof typeof Closing];

/** The application lets go: what it has not read is thrown away. */
export function letGo(conn: Connection): Closing {
  const { receive, state } = conn;
  const unread = receive !== null && (receive.stream.pending > 0 || receive.outOfOrder !== null);
  receive?.dispose();
  conn.owner = Owner.none;
  if (state === State.CLOSED) return Closing.release;
  if (state === State.TIME_WAIT) return Closing.detach;
  const opening = state === State.SYN_SENT || state === State.SYN_RECEIVED;
  const undone = (opening && !isUsedEarly(conn)) || isUnbegun(conn);
  return unread || conn.lingerZero || undone ? Closing.abort : Closing.inOrder;
}

/**
 * A FIN is to follow what was written. False when there is nothing to do: one follows already, or the connection has no
 * sending direction.
 */
export function queueFin(conn: Connection): boolean {
  const { state } = conn;
  const early = isUsedEarly(conn);
  if (conn.finQueued) return false;
  if (!canSendData(state) && !early) return false;
  conn.send?.refresh();
  conn.finQueued = true;
  // In the handshake the state changes when that is over.
  if (!early) conn.state = state === State.ESTABLISHED ? State.FIN_WAIT_1 : State.LAST_ACK;
  return true;
}
