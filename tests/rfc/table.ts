/** All RFCs of the table, in the order of docs/requirements.md: RFC 9293 first, then by number. */

import { parseRfc, type Rfc } from "./requirement.ts";

/** Reads every tests/rfc/*.txt. */
export function readTable(): readonly Rfc[] {
  const folder = new URL(".", import.meta.url);
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".txt"));
  const rfcs = names.map((name) => parseRfc(Deno.readTextFileSync(new URL(name, folder))));
  const rank = ({ number }: Rfc) => number === 9293 ? 0 : number;
  return rfcs.sort((a, b) => rank(a) - rank(b));
}
