/** One server of the comparison: `Deno.serve` on the kernel, or `net.serve` on a TUN. It runs until it is ended. */

import { open, type PipelineShape } from "../../mod.ts";

const PORT = 8000;

/** What both answer: a text, what the request says of itself, or what it brings. */
async function answer(request: Request): Promise<Response> {
  if (request.method === "POST") return new Response(await request.text());
  const { pathname } = new URL(request.url);
  return Response.json({ pathname, agent: request.headers.get("user-agent") }, {
    headers: { "x-served-by": "benchmark" },
  });
}

function handler(request: Request): Response | Promise<Response> {
  if (request.url.endsWith("/text")) return new Response("Hello, World!");
  return answer(request);
}

const [shape, network] = Deno.args;
if (shape === "kernel") {
  Deno.serve({ hostname: "0.0.0.0", port: PORT, onListen: announce }, handler);
} else {
  const net = await open({
    device: `serve${network.split(".")[2]}`,
    address: `${network}.2/24`,
    hostAddress: `${network}.1/24`,
    pipeline: shape as PipelineShape,
  });
  net.serve({ port: PORT, onListen: announce }, handler);
}

function announce(): void {
  console.log(`listening on ${network}.2:${PORT}`);
}
