import type { ConnectionSummary } from "../net/stack_types.ts";
import type { Watched } from "../trace/watch.ts";

/** Connections that the page lists; of more it says how many. */
const ROWS_MAX = 200;

/** What {@link statusPage} answers to, in words. */
export const STATUS_PATHS = "/table, /stats.json and /connections.json";

/**
 * The live connections and the counters that tell how the stack fares, for browsers without scripts and for
 * programs; null for other paths.
 */
export function statusPage(stack: Watched, path: string): Response | null {
  switch (path) {
    case "/table":
      return answer("text/html; charset=utf-8", page(stack));
    case "/stats.json":
      return json(stack.stats());
    case "/connections.json":
      return json(stack.connections());
    default:
      return null;
  }
}

function json(value: unknown): Response {
  return answer("application/json", JSON.stringify(value, null, 2));
}

function answer(type: string, body: string): Response {
  return new Response(body, { headers: { "content-type": type, "cache-control": "no-store" } });
}

function page(stack: Watched): string {
  const connections = stack.connections();
  const { counters, drops } = stack.stats();
  const rows = connections.slice(0, ROWS_MAX).map(row).join("\n");
  const more = connections.length > ROWS_MAX
    ? `<p>and ${connections.length - ROWS_MAX} more</p>`
    : "";
  const dropRows = Object.entries(drops).map(([reason, count]) =>
    `<tr><td>${reason}</td><td>${count}</td></tr>`
  ).join("\n");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="2">
<title>woshou: ${connections.length} connections</title>
<style>
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
  body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  th, td { padding: .2rem .8rem .2rem 0; text-align: left; white-space: nowrap; }
  th { border-bottom: 1px solid; font-weight: 600; }
</style>
<h1>woshou 握手</h1>
<p>${connections.length} connections, ${counters.segmentsIn} segments in, ${counters.segmentsOut} out,
${counters.segmentsRetransmitted} retransmitted, on ${stack.addresses.join(", ")}.</p>
<div class="wide"><table>
<thead><tr><th>local</th><th>remote</th><th>state</th><th>RTT µs</th><th>cwnd</th><th>received</th>
<th>sent</th><th>retransmitted</th></tr></thead>
<tbody>
${rows}
</tbody></table></div>${more}
<h2>Drops</h2>
${dropRows === "" ? "<p>none</p>" : `<table>${dropRows}</table>`}
</html>
`;
}

function row(c: ConnectionSummary): string {
  const cells = [
    addrText(c.localAddr),
    addrText(c.remoteAddr),
    c.state,
    c.rttUs,
    c.cwndBytes,
    c.bytesReceived,
    c.bytesSent,
    c.bytesRetransmitted,
  ];
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
}

/** An address of IPv6 stands in brackets, or its port would look like a part of it (RFC 5952 section 6). */
function addrText({ hostname, port }: Deno.NetAddr): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
