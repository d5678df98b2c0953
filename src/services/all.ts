/** The services of the runnable server, on one stack. */

import type { Stack } from "../net/stack.ts";
// Loaded before the stack is open: an inline stack answers nothing while Node's modules are read.
import "../node/serve.ts";
import { chargen } from "./chargen.ts";
import { type DatagramService, discardDatagrams, echoDatagrams } from "./datagram.ts";
import { discard } from "./discard.ts";
import { echo } from "./echo.ts";
import { serve, type Service } from "./service.ts";
import { watchPage } from "./watch_page.ts";

/** The services, in the order of their ports. */
const SERVICES: readonly { name: string; port: number; service: Service }[] = [
  { name: "echo", port: 7, service: echo },
  { name: "discard", port: 9, service: discard },
  { name: "chargen", port: 19, service: chargen },
];

/** The same over UDP; chargen is not among them, because it answers a forged source with more than was sent. */
const DATAGRAM_SERVICES: readonly { port: number; service: DatagramService }[] = [
  { port: 7, service: echoDatagrams },
  { port: 9, service: discardDatagrams },
];

const HTTP_PORT = 80;

/** Services that run on a stack: which, and when all of them have ended. */
export interface RunningServices {
  readonly text: string;
  readonly finished: Promise<unknown>;
}

/** Starts all services on a stack. */
export function startServices(net: Stack): RunningServices {
  // Dual only where there is something to be dual for: IPv4 peers are then shown in mapped form.
  const hostname = net.addresses.some((address) => address.includes(":")) ? "::" : "0.0.0.0";
  const running = SERVICES.map(({ port, service }) =>
    serve(net.listen({ hostname, port }), service)
  );
  const sockets = DATAGRAM_SERVICES.map(({ port, service }) =>
    service(net.listenDatagram({ transport: "udp", hostname, port }))
  );
  const page = net.serve({ hostname, port: HTTP_PORT, onListen: () => {} }, watchPage(net));
  const text = SERVICES.map(({ name, port }) => `${name} ${port}, `).join("");
  return {
    text: `${text}http ${HTTP_PORT}`,
    finished: Promise.all([...running, ...sockets, page.finished]),
  };
}
