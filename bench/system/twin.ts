/**
 * The kernel's twin of server.ts: the same services on `Deno.listen`. It runs in a namespace of its own,
 * and sends with CUBIC, as the client does.
 */
import { chargen } from "../../src/services/chargen.ts";
import { discardDatagrams, echoDatagrams } from "../../src/services/datagram.ts";
import { discard } from "../../src/services/discard.ts";
import { echo } from "../../src/services/echo.ts";
import { serve } from "../../src/services/service.ts";
import { listenersUseCubic } from "./libc.ts";
import { CHARGEN_PORT, DISCARD_PORT, ECHO_PORT } from "./loads.ts";

const hostname = "0.0.0.0";
serve(Deno.listen({ hostname, port: ECHO_PORT }), echo);
serve(Deno.listen({ hostname, port: DISCARD_PORT }), discard);
serve(Deno.listen({ hostname, port: CHARGEN_PORT }), chargen);
echoDatagrams(Deno.listenDatagram({ hostname, port: ECHO_PORT, transport: "udp" }));
discardDatagrams(Deno.listenDatagram({ hostname, port: DISCARD_PORT, transport: "udp" }));
listenersUseCubic();
console.log(
  `listening on ${hostname}: echo ${ECHO_PORT}, discard ${DISCARD_PORT}, chargen ${CHARGEN_PORT}`,
);
