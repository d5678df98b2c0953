/** What /proc tells about a process and an interface. */

/** Ticks a second in /proc/PID/stat, on every architecture that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** Time that was used, in seconds. */
export interface Cpu {
  readonly user: number;
  readonly system: number;
}

/** Time that a process has used in all its threads. */
export function processCpu(pid: number): Cpu {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name, in parentheses, may hold anything; fields are counted from behind it (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    user: Number(fields[11]) / TICKS_PER_SECOND,
    system: Number(fields[12]) / TICKS_PER_SECOND,
  };
}

/** User time that all processes of the machine have used, niced or not, in seconds. */
export function machineUserSeconds(): number {
  const [, user, nice] = Deno.readTextFileSync("/proc/stat").split("\n", 1)[0].split(/\s+/);
  return (Number(user) + Number(nice)) / TICKS_PER_SECOND;
}

/** Frames that an interface of this namespace has received from its other side, and sent to it. */
export interface Frames {
  readonly received: number;
  readonly sent: number;
}

/** Reads the counters of the interface `name`. */
export function interfaceFrames(name: string): Frames {
  for (const line of Deno.readTextFileSync("/proc/self/net/dev").split("\n")) {
    const colon = line.indexOf(":");
    if (line.slice(0, colon).trim() !== name) continue;
    const fields = line.slice(colon + 1).trim().split(/\s+/);
    return { received: Number(fields[1]), sent: Number(fields[9]) };
  }
  throw new Error(`there is no interface ${name} in this namespace`);
}
