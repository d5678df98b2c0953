/** Shell commands that look a connection's state up, as `sockstat ... | grep -q ESTABLISHED`. */

import { stateNames } from "../../src/tcp/state.ts";
import type { Kernel } from "./kernel.ts";

const PROGRAMS = /(?:^|[;&|`\s])(?:sockstat|netstat|ss)\s/;

const STATES =
  /\b(LISTEN|SYN[-_]SENT|SYN[-_]RE?CV[DE]?|ESTAB(?:LISHED)?|FIN[-_]WAIT[-_]?[12]|CLOSE[-_]WAIT|LAST[-_]ACK|CLOSING|TIME[-_]WAIT)\b/;

/** Whether a command is about the state of the script's connection. */
export function isStateCheck(text: string): boolean {
  return PROGRAMS.test(` ${text}`) && STATES.test(text);
}

/** What is wrong with the state of the connections, as a message; null when nothing is. */
export function stateFault(kernel: Kernel, text: string): string | null {
  const wanted = rfcName(STATES.exec(text)![1]);
  const found: string[] = kernel.machine.tcp.listeners.all().map(() => "LISTEN");
  for (const { state } of kernel.machine.tcp.all()) found.push(stateNames[state]);
  for (let i = 0; i < kernel.machine.tcp.handshakes.size; i++) found.push("SYN-RECEIVED");
  const isThere = found.includes(wanted);
  const negated = /^\s*!/.test(text) || /grep\s+(?:-\w*\s+)*-\w*v/.test(text);
  if (isThere !== negated) return null;
  const states = found.join(", ") || "none";
  return `expected ${negated ? "no" : "a"} connection in ${wanted}, there is ${states}`;
}

/** The RFC's name for what Linux, FreeBSD and their tools write. */
function rfcName(text: string): string {
  const name = text.replaceAll("_", "-");
  if (name.startsWith("ESTAB")) return "ESTABLISHED";
  if (/^SYN-R/.test(name)) return "SYN-RECEIVED";
  return name.replace(/WAIT-?([12])$/, "WAIT-$1");
}
