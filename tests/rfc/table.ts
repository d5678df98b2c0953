/** All RFCs of the table, in the order of docs/requirements.md. */

import type { Rfc } from "./requirement.ts";
import { rfc9293 } from "./rfc9293.ts";

/** The table. */
export const TABLE: readonly Rfc[] = [rfc9293];
