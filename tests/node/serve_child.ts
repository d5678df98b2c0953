/** Serves one request and then leaves the server unreferenced: the process ends by itself. */

import { openAlone } from "../net/worlds.ts";
import { HttpClient } from "./http_client.ts";

const net = await openAlone();
const server = net.serve({ port: 0, onListen: () => {} }, () => new Response("served"));
using client = await HttpClient.open(
  (port) => net.connect({ hostname: "10.7.0.2", port }),
  server.addr.port,
);
await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
console.log((await client.until((text) => text.endsWith("served"))).slice(-6));
server.unref();
