/**
 * The standard services over UDP. `Deno.listenDatagram`'s socket and woshou's both have what they need, so one
 * service runs on the kernel and on the stack.
 */

/** What the services need of a socket. A closed one ends the iteration. */
export interface ServiceSocket extends AsyncIterable<[Uint8Array, Deno.Addr]> {
  receive(p?: Uint8Array): Promise<[Uint8Array, Deno.Addr]>;
  send(p: Uint8Array, addr: Deno.Addr): Promise<number>;
}

/** Serves a socket until it is closed. */
export type DatagramService = (socket: ServiceSocket) => Promise<void>;

/** The longest datagram of all. */
const DATAGRAM_BYTES = 65_527;

/** Nobody looks at discarded bytes. */
const bin = new Uint8Array(DATAGRAM_BYTES);

/**
 * Ports whose services answer by themselves: a datagram that claims to come from one of them would go to and fro
 * for ever.
 */
const ANSWERING_PORTS: readonly number[] = [7, 13, 17, 19];

/** The echo service (RFC 862): sends each datagram back to where it came from. */
export async function echoDatagrams(socket: ServiceSocket): Promise<void> {
  for await (const [payload, from] of socket) {
    if (ANSWERING_PORTS.includes((from as Deno.NetAddr).port)) continue;
    // What cannot be answered, such as a claimed source that cannot be sent to, concerns nobody else.
    socket.send(payload, from).catch(() => {});
  }
}

/** The discard service (RFC 863): throws datagrams away. */
export async function discardDatagrams(socket: ServiceSocket): Promise<void> {
  try {
    for (;;) await socket.receive(bin);
  } catch (error) {
    const isClosed = error instanceof Deno.errors.BadResource ||
      error instanceof Deno.errors.Interrupted;
    if (!isClosed) throw error;
  }
}
