/** The table at the end. */

import type { StackStats, TcpInfo } from "../../mod.ts";
import { MIB, rateText } from "./progress.ts";
import type { Screen } from "./screen.ts";
import type { TransferResult } from "./transfer.ts";

/** What the table tells. */
export interface SummaryParts {
  readonly upload: TransferResult;
  readonly download: TransferResult;
  /** The server's connection, before it was closed. */
  readonly info: TcpInfo;
  /** The server's totals. */
  readonly stats: StackStats;
  readonly clientName: string;
  readonly clientRetransmissions: number | null;
  readonly drawn: number;
}

const NAME_COLUMNS = 18;
const VALUE_COLUMNS = 30;
/** Digits of a checksum that are shown: enough to see that two differ. */
const HASH_DIGITS = 12;

/** Where the drops that are usual here come from. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  ipDestinationForeign: "the kernel announces itself over IPv6 as well",
  deviceSendFailed: "a full transmit queue; what was lost was sent again",
  traceOverflow: "records for this program, not segments",
};

/** Prints the table. */
export function printSummary(screen: Screen, parts: SummaryParts): void {
  const { upload, download, info, stats } = parts;
  const { counters } = stats;
  const row = (name: string, ...values: readonly string[]) =>
    screen.line(
      `  ${screen.paint("note", name.padEnd(NAME_COLUMNS))}${
        values.map((value) => value.padEnd(VALUE_COLUMNS)).join("").trimEnd()
      }`,
    );
  const hash = (result: TransferResult) =>
    `${result.receivedHash.slice(0, HASH_DIGITS)}… ${isIntact(result) ? "ok" : "WRONG"}`;
  const amount = ({ bytes, ms }: TransferResult) =>
    `${bytes / MIB} MiB in ${(ms / 1000).toFixed(2)} s`;
  row("", "client to server", "server to client");
  row("transfer", amount(upload), amount(download));
  row("throughput", rateText(upload.bytes, upload.ms), rateText(download.bytes, download.ms));
  row("SHA-256", hash(upload), hash(download));
  row("segments", `${number(counters.segmentsIn)} in`, `${number(counters.segmentsOut)} out`);
  row("frames", `${number(counters.framesIn)} in`, `${number(counters.framesOut)} out`);
  row(
    "retransmissions",
    parts.clientRetransmissions === null
      ? `not known of the ${parts.clientName}`
      : `${number(parts.clientRetransmissions)} by the ${parts.clientName}`,
    `${number(counters.segmentsRetransmitted)} by woshou`,
  );
  row("round-trip time", `${ms(info.rttMinUs)} least, ${ms(info.rttUs)} smoothed (under load)`);
  row("timeout (RTO)", `${ms(info.rtoUs)}, expired ${info.retransmitTimeouts} times`);
  row("drops by reason", dropsText(stats.drops));
  for (const reason of Object.keys(stats.drops)) {
    if (reason in EXPLANATIONS) row("", `(${EXPLANATIONS[reason]})`);
  }
  row("trace", `${parts.drawn} segments drawn, the others only counted`);
}

/** Whether every byte arrived as it was sent. */
export function isIntact(result: TransferResult): boolean {
  return result.sentHash === result.receivedHash;
}

function dropsText(drops: Readonly<Record<string, number>>): string {
  const reasons = Object.entries(drops).map(([reason, count]) => `${reason} ${number(count)}`);
  return reasons.length === 0 ? "none" : reasons.join(", ");
}

function ms(us: number): string {
  return `${(us / 1000).toFixed(3)} ms`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
