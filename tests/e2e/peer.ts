// The other end of a test, as a process that may live in another network namespace. What is asked of it
// comes as JSON: connects, exchanges seeded bytes both ways, and ends with status 0 when all was right.
import { exchangeSeeded } from "../support/payload.ts";

/** What a peer is asked to do. */
export interface PeerTask {
  readonly hostname: string;
  readonly port: number;
  readonly seed: number;
  /** Bytes each way. */
  readonly length: number;
}

if (import.meta.main) {
  const task: PeerTask = JSON.parse(Deno.args[0]);
  using conn = await Deno.connect({ hostname: task.hostname, port: task.port });
  await exchangeSeeded(
    conn,
    { seed: task.seed, length: task.length },
    { seed: task.seed + 1, length: task.length },
  );
}
