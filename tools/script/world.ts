/** What a script is played against: the stack on virtual time, or the real kernel of Linux. */

import type { Attempt } from "./answer.ts";
import type { Flow } from "./flow.ts";
import type { SentPacket } from "./frames.ts";
import type { Settings } from "./settings.ts";
import type { CallEvent, Command } from "./syntax.ts";

/** The value of a name of TCP_INFO; null for one that means nothing. */
export type InfoNames = (name: string) => number | null;

/** A TCP with sockets above and a wire below. */
export interface World {
  readonly settings: Settings;
  /** Microseconds since the start of the script. */
  readonly elapsedUs: number;
  /** What was sent and not yet looked at, oldest first. */
  readonly sent: SentPacket[];
  /** The connection that packets are about; null before there is one. */
  readonly flow: Flow | null;
  /** How much longer than its time something is waited for, in microseconds. */
  readonly patienceUs: number;
  /** How much longer than at once a call may take that does not block, in microseconds. */
  readonly callUs: number;
  /** Segments that leave within this time were sent together, in microseconds. */
  readonly burstUs: number;
  /** Whether nothing will ever happen by itself. */
  readonly isIdle: boolean;
  /** The sequence number behind everything that was written, in the script's numbers; null if not known. */
  readonly writtenEnd: number | null;
  /** Goes on to the next thing that happens, but not beyond `untilUs`. */
  step(untilUs: number): void;
  /** Gives the stack a frame, and lets everything happen that follows at once. */
  inject(frame: Uint8Array<ArrayBuffer>): void;
  /** The flow that an inbound packet is for; a SYN that begins a connection makes one. */
  flowFor(isFirstSyn: boolean, seq: number): Flow;
  /** Begins a system call. Throws a CallError for what the runner does not know. */
  begin(call: CallEvent): Attempt;
  /** Runs a shell command as far as it means something; throws a ScriptError when it checks in vain. */
  command(command: Command): void;
  /** TCP_INFO of the script's connection at this moment; null when there is none. */
  info(): InfoNames | null;
  /** Gives back what the run holds. */
  close(): void;
}
