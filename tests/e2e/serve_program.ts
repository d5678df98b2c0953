/** A program that serves HTTP on a TUN, to be run with no permission but FFI. */

import { open } from "../../mod.ts";

await using net = await open({
  device: "wsserve",
  address: "10.79.0.2/24",
  hostAddress: "10.79.0.1/24",
});
const server = net.serve({ port: 80 }, async (request) => {
  if (new URL(request.url).pathname === "/stop") setTimeout(() => server.shutdown());
  return new Response(`${request.method} ${(await request.text()).length}`);
});
await server.finished;
