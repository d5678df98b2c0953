/** What state the client must be in, by the segments that pass: for a client that cannot be asked. */

import { Flag } from "../../src/wire/segment.ts";
import type { Sighting } from "./sighting.ts";

/**
 * The client's side of the state diagram of RFC 9293 section 3.3.2, for a client that opens actively
 * and behaves. A segment that the server sends counts as received: the link loses none.
 */
export class InferredState {
  /** The state as RFC 9293 names it. */
  state = "CLOSED";
  /** The number behind the client's FIN, which acknowledges it; -1 before there is one. */
  #behindFin = -1;

  /** The state after the segment. */
  after(s: Sighting): string {
    this.state = s.fromClient ? this.#afterSent(s) : this.#afterReceived(s);
    return this.state;
  }

  #afterSent(s: Sighting): string {
    if ((s.flags & Flag.SYN) !== 0) return "SYN-SENT";
    if ((s.flags & Flag.FIN) === 0) return this.state;
    this.#behindFin = (s.seq + s.payloadBytes + 1) >>> 0;
    if (this.state === "ESTABLISHED") return "FIN-WAIT-1";
    return this.state === "CLOSE-WAIT" ? "LAST-ACK" : this.state;
  }

  #afterReceived(s: Sighting): string {
    const finAcknowledged = (s.flags & Flag.ACK) !== 0 && s.ack === this.#behindFin;
    const fin = (s.flags & Flag.FIN) !== 0;
    if ((s.flags & Flag.RST) !== 0) return "CLOSED";
    switch (this.state) {
      case "SYN-SENT":
        return (s.flags & Flag.SYN) !== 0 ? "ESTABLISHED" : this.state;
      case "ESTABLISHED":
        return fin ? "CLOSE-WAIT" : this.state;
      case "FIN-WAIT-1":
        if (fin) return finAcknowledged ? "TIME-WAIT" : "CLOSING";
        return finAcknowledged ? "FIN-WAIT-2" : this.state;
      case "FIN-WAIT-2":
        return fin ? "TIME-WAIT" : this.state;
      case "CLOSING":
        return finAcknowledged ? "TIME-WAIT" : this.state;
      case "LAST-ACK":
        return finAcknowledged ? "CLOSED" : this.state;
      default:
        return this.state;
    }
  }
}
