/** The states of a connection, RFC 9293 section 3.3.2, named as there. */
export const State = {
  /** No connection. A row in this state waits for the application to let go of it. */
  CLOSED: 0,
  /** Waiting for a connection request. Listeners are in it, never a connection. */
  LISTEN: 1,
  /** A SYN was sent; a matching SYN is awaited. */
  SYN_SENT: 2,
  /** SYNs went both ways; the acknowledgment of ours is awaited. */
  SYN_RECEIVED: 3,
  /** Open: data flows both ways. */
  ESTABLISHED: 4,
  /** Our FIN is sent; its acknowledgment or the peer's FIN is awaited. */
  FIN_WAIT_1: 5,
  /** Our FIN is acknowledged; the peer's FIN is awaited. */
  FIN_WAIT_2: 6,
  /** The peer's FIN is here; the application has not closed yet. */
  CLOSE_WAIT: 7,
  /** FINs crossed; the acknowledgment of ours is awaited. */
  CLOSING: 8,
  /** The peer's FIN came first, ours is sent; its acknowledgment is awaited. */
  LAST_ACK: 9,
  /** Both FINs are acknowledged; old segments are given time to die out. */
  TIME_WAIT: 10,
} as const;

/** One value of {@link State}. */
export type State = (typeof State)[keyof typeof State];

/** The names of the states as RFC 9293 writes them, by value. */
export const stateNames: readonly string[] = Object.keys(State).map((name) =>
  name.replaceAll("_", "-")
);

/** Whether both sides have agreed on sequence numbers (RFC 9293: "synchronized"). */
export function isSynchronized(state: State): boolean {
  return state >= State.ESTABLISHED;
}

/** Whether data of the application may still be sent. */
export function canSendData(state: State): boolean {
  return state === State.ESTABLISHED || state === State.CLOSE_WAIT;
}

/** Whether data of the peer is still accepted. */
export function canReceiveData(state: State): boolean {
  return state === State.ESTABLISHED || state === State.FIN_WAIT_1 || state === State.FIN_WAIT_2;
}
