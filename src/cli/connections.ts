/** `woshou connections`: the connections of a running server, from the JSON of its page, as ss(8) shows them. */

import type { ConnectionSummary } from "../net/stack_types.ts";
import { Arguments, type Command, ExitCode, UsageError } from "./command.ts";
import { ask, DEFAULT_URL, serverUrl } from "./running_server.ts";
import type { Terminal } from "./terminal.ts";

const DEFAULT_SECONDS = 5;

/** A connection as JSON has it, which knows no infinity. */
export type ShownConnection = Omit<ConnectionSummary, "ssthreshBytes"> & {
  readonly ssthreshBytes: number | null;
};

/** Lists connections. */
export const connectionsCommand: Command = {
  name: "connections",
  summary: "list the connections of a running server, as ss -ti does",
  operands: "[URL]",
  flags: [
    { name: "state", value: "NAME", text: "only those in this state, such as ESTABLISHED" },
    { name: "json", text: "print the JSON as it comes" },
    { name: "timeout", letter: "w", value: "S", text: "how long the server may take (default 5)" },
  ],
  notes: `URL is the server's page or its address (default ${DEFAULT_URL}).`,
  async run(list, terminal) {
    const args = new Arguments(connectionsCommand, list);
    if (args.operands.length > 1) {
      throw new UsageError(`"${args.operands[1]}" is too much; usage: woshou connections [URL]`);
    }
    const url = serverUrl(args.operands[0] ?? DEFAULT_URL, "connections.json");
    const state = args.text("state")?.toUpperCase();
    const patienceMs = 1000 * (args.seconds("timeout") ?? DEFAULT_SECONDS);
    const all = await fetchConnections(url, patienceMs);
    const shown = all.filter((one) => state === undefined || one.state === state);
    if (args.has("json")) terminal.line(JSON.stringify(shown, null, 2));
    else for (const line of connectionLines(shown, terminal)) terminal.line(line);
    return ExitCode.ok;
  },
};

async function fetchConnections(url: URL, patienceMs: number): Promise<ShownConnection[]> {
  const response = await ask(url, AbortSignal.timeout(patienceMs));
  const body = await response.text();
  let value: unknown = null;
  try {
    value = JSON.parse(body);
  } catch {
    // Told below, like any other answer that is no list.
  }
  if (!response.ok || !Array.isArray(value)) {
    throw new Error(`${url}: the answer (status ${response.status}) is no list of connections`);
  }
  return value as ShownConnection[];
}

/** Two lines for each connection: the ends, and what is known of it. */
export function connectionLines(
  connections: readonly ShownConnection[],
  terminal: Terminal,
): string[] {
  const heads = connections.map((one) =>
    [one.state, endText(one.localAddr), endText(one.remoteAddr)] as const
  );
  const columns = [["State", "Local", "Peer"] as const, ...heads];
  const widths = [0, 1].map((index) => Math.max(...columns.map((row) => row[index].length)));
  const row = (cells: readonly [string, string, string]) =>
    `${cells[0].padEnd(widths[0])}  ${cells[1].padEnd(widths[1])}  ${cells[2]}`;
  return [
    terminal.paint("strong", row(columns[0])),
    ...connections.flatMap((one, index) => [
      terminal.paint(one.state === "ESTABLISHED" ? "good" : "note", row(heads[index])),
      `  ${details(one)}`,
    ]),
  ];
}

/** What there is to know, in the words of ss(8); times in milliseconds, sizes in bytes. */
function details(c: ShownConnection): string {
  const parts: string[] = [c.congestion];
  if (c.timestamps) parts.push("ts");
  if (c.sack) parts.push("sack");
  if (c.ecn !== "off") parts.push(c.ecn === "accurate" ? "accecn" : "ecn");
  if (c.windowScale !== null) parts.push(`wscale:${c.windowScale.send},${c.windowScale.receive}`);
  parts.push(`rto:${ms(c.rtoUs)}`, `rtt:${ms(c.rttUs)}/${ms(c.rttVarUs)}`);
  parts.push(`minrtt:${ms(c.rttMinUs)}`, `mss:${c.mssSendBytes}`, `pmtu:${c.pathMtuBytes}`);
  parts.push(`cwnd:${c.cwndBytes}`);
  if (c.ssthreshBytes !== null) parts.push(`ssthresh:${c.ssthreshBytes}`);
  const counts: readonly (readonly [string, number])[] = [
    ["unacked", c.inFlightBytes],
    ["bytes_sent", c.bytesSent],
    ["bytes_retrans", c.bytesRetransmitted],
    ["bytes_received", c.bytesReceived],
    ["segs_out", c.segmentsSent],
    ["segs_in", c.segmentsReceived],
    ["retrans", c.segmentsRetransmitted],
    ["reord_seen", c.segmentsOutOfOrder],
    ["backoff", c.backoffs],
    ["snd_wnd", c.sendWindowBytes],
    ["rcv_wnd", c.receiveWindowBytes],
  ];
  parts.push(...counts.filter(([, value]) => value > 0).map(([name, value]) => `${name}:${value}`));
  return parts.join(" ");
}

function ms(us: number): string {
  return String(Math.round(us) / 1000);
}

function endText({ hostname, port }: Deno.NetAddr): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
