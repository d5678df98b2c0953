import type { Options } from "./options.ts";

/** What the figures were measured on. */
export interface Machine {
  readonly time: string;
  readonly deno: string;
  readonly v8: string;
  readonly kernel: string;
  readonly processor: string;
  readonly cores: number;
}

/** Asks the machine what it is. */
export function machine(): Machine {
  const info = Deno.readTextFileSync("/proc/cpuinfo");
  return {
    time: new Date().toISOString(),
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    kernel: Deno.osRelease(),
    processor: /^model name\s*:\s*(.*)$/m.exec(info)?.[1] ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
  };
}

/** The line above the table. */
export function environmentText(options: Options): string {
  const { deno, kernel, processor, cores } = machine();
  return `Deno ${deno}, Linux ${kernel}, ${processor}, ${cores} cores, MTU ${options.mtu}, ` +
    `${options.rounds} rounds of ${options.seconds} s`;
}

/** What the words of the table mean. */
export const legend = `
ratio        median of the target by median of the kernel (Deno.listen behind a veth pair): same run,
             same client, rounds interleaved; servers that are not measured are stopped meanwhile
client       kernel sockets by FFI with CUBIC; the kernel's twin sends with CUBIC too
one core     client and server, with all their threads, on core 0
two cores    client on core 0, server with all its threads on core 1
free         both anywhere; where a load ran in two placements, each target's better one is shown
bulk in      counted when the server has read everything and closed; bulk out: as received
server CPU   user and system seconds of the server for 10^9 bytes, or 100,000 messages or connections
both CPU     of server and client: with the kernel, part of the server's work is done by who sends to it
frames/s     frames of the MTU through the TUN without offload, in the direction of the data
connections  connect, one byte each way, close by the client, from many source addresses
disturbed    rounds in which other processes used more than a tenth of a core, and did so again when the
             run was repeated`;
