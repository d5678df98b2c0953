/** Connections that a scripted peer has brought into a state. */

import { Harness } from "./engine.ts";

/** Brings a passively opened connection into a state; the peer's next number is `seq`, its ACK `ack`. */
export const INTO: Readonly<
  Record<string, { seq: number; ack: number; go: (h: Harness) => void }>
> = {
  "ESTABLISHED": { seq: 1, ack: 1, go: (h) => h.establish() },
  "FIN-WAIT-1": {
    seq: 1,
    ack: 1,
    go: (h) => {
      h.establish();
      h.closeWrite();
      h.expect("F. 1:1 ack 1");
    },
  },
  "FIN-WAIT-2": {
    seq: 1,
    ack: 2,
    go: (h) => {
      h.establish();
      h.closeWrite();
      h.inject(". 1:1 ack 2");
      h.expect("F. 1:1 ack 1");
    },
  },
  "CLOSE-WAIT": {
    seq: 2,
    ack: 1,
    go: (h) => {
      h.establish();
      h.inject("F. 1:1 ack 1");
      h.expect(". 1:1 ack 2");
    },
  },
  "CLOSING": {
    seq: 2,
    ack: 1,
    go: (h) => {
      h.establish();
      h.closeWrite();
      h.inject("F. 1:1 ack 1");
      h.expect("F. 1:1 ack 1", ". 2:2 ack 2");
    },
  },
  "LAST-ACK": {
    seq: 2,
    ack: 1,
    go: (h) => {
      h.establish();
      h.inject("F. 1:1 ack 1");
      h.closeWrite();
      h.expect(". 1:1 ack 2", "F. 1:1 ack 2");
    },
  },
  "TIME-WAIT": {
    seq: 2,
    ack: 2,
    go: (h) => {
      h.establish();
      h.closeWrite();
      h.inject("F. 1:1 ack 2");
      h.expect("F. 1:1 ack 1", ". 2:2 ack 2");
    },
  },
};

export function inState(name: string): Harness {
  const h = new Harness();
  INTO[name].go(h);
  assertEquals(h.state, name);
  h.advanceMs(1000); // So that no challenge is held back by an earlier one.
  h.outbox.length = 0;
  return h;
}
