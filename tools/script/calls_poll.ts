import type { Attempt } from "./answer.ts";
import type { Kernel } from "./kernel.ts";
import { SYMBOLS } from "./symbols.ts";
import type { Value } from "./syntax.ts";
import { CallError, fieldOf, numberOf, optionalNumber } from "./values.ts";

/** What poll(2) reports whether asked for or not. */
const ALWAYS = SYMBOLS.POLLERR | SYMBOLS.POLLHUP | SYMBOLS.POLLNVAL;

interface Watched {
  readonly descriptor: number;
  readonly events: number;
  readonly wanted: number | null;
}

/** `poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, 1000)`. */
export function pollCall(kernel: Kernel, args: readonly Value[]): Attempt {
  const list = args[0];
  if (list?.kind !== "array") throw new CallError("poll() needs a list of descriptors");
  const watched = list.items.map((item): Watched => ({
    descriptor: numberOf(fieldOf(item, "fd")),
    events: numberOf(fieldOf(item, "events")),
    wanted: optionalNumber(fieldOf(item, "revents")),
  }));
  const timeoutMs = optionalNumber(args[2]) ?? 0;
  const { machine } = kernel;
  const untilUs = timeoutMs < 0 ? Infinity : machine.nowUs + timeoutMs * 1000;
  machine.noteDeadline(untilUs);
  return () => {
    const found = watched.map(({ descriptor, events }) => {
      const socket = kernel.get(descriptor);
      if (socket === undefined) return SYMBOLS.POLLNVAL;
      return socket.pollEvents & (events | ALWAYS);
    });
    const ready = found.filter((events) => events !== 0).length;
    if (ready === 0 && machine.nowUs < untilUs) return null;
    for (const [index, { descriptor, wanted }] of watched.entries()) {
      if (wanted === null || wanted === found[index]) continue;
      const fault = `fd ${descriptor}: expected revents ${pollNames(wanted)}, got ${
        pollNames(found[index])
      }`;
      return { value: ready, fault };
    }
    return { value: ready };
  };
}

/** Names of poll(2) events. */
export function pollNames(events: number): string {
  const all = Object.keys(SYMBOLS).filter((name) =>
    name.startsWith("POLL") && (events & SYMBOLS[name]) !== 0
  );
  return all.join("|") || "0";
}
