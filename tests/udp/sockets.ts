/** Sockets for the tests of the engine, over streams that nobody else has. */

import type { Address } from "../../src/base/address.ts";
import { Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { StreamWriter } from "../../src/ring/stream.ts";
import { ReceiveSlots } from "../../src/pipeline/slots.ts";
import { UdpSocket } from "../../src/udp/socket.ts";

const layout = new Layout(SMALL_DIMENSIONS);
const memory = new ReceiveSlots(layout);

/** The four words of an address. */
export function wordsOf({ w0, w1, w2, w3 }: Address): [number, number, number, number] {
  return [w0, w1, w2, w3];
}

/** A socket that is bound to an address and a port. */
export function socketAt(address: Address, port: number): UdpSocket {
  const row = SMALL_DIMENSIONS.connections;
  const receive = new StreamWriter(memory, layout.receiveStream(row));
  const send = layout.sendStream(row);
  return new UdpSocket(row, 1, layout.row(row), wordsOf(address), port, receive, send);
}
