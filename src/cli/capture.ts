/** `woshou capture FILE`: what passes while the services run, as pcapng with the stack's own remarks. */

import { parseCidr } from "../base/address.ts";
import { TunDevice } from "../device/tun.ts";
import type { OpenOptions } from "../net/options.ts";
import { TraceKind, type TraceRecord } from "../pipeline/trace_ring.ts";
import { FrameCapture } from "../trace/frame_capture.ts";
import { TraceCapture } from "../trace/trace_capture.ts";
import { Arguments, type Command, ExitCode, mustHaveOperands } from "./command.ts";
import { Countdown, runSession, SESSION_FLAGS } from "./session.ts";
import { STACK_FLAGS, stackOptions } from "./stack_flags.ts";
import type { Terminal } from "./terminal.ts";

/** The command. */
export const captureCommand: Command = {
  name: "capture",
  summary: "run the services and write a capture for Wireshark",
  operands: "FILE",
  takesFile: true,
  flags: [...SESSION_FLAGS, ...STACK_FLAGS],
  notes: `
FILE is pcapng; "-" is stdout. Changes of state and drops are comments of the packets.
With --pipeline inline whole frames are written; the shapes with threads trace headers, so that
packets are cut behind them and keep their length.`,
  async run(list, terminal) {
    const args = new Arguments(captureCommand, list);
    mustHaveOperands(captureCommand, args.operands, 1);
    const options = stackOptions(args);
    const seconds = args.seconds("seconds");
    const countdown = new Countdown(args);
    using file = new CaptureFile(args.operands[0]);
    const capture = options.pipeline === "inline"
      ? frameCapture(options, file)
      : traceCapture(options, file);
    const trace = (record: TraceRecord) => {
      const { kind } = record;
      const isRemark = kind === TraceKind.state || kind === TraceKind.drop;
      if (!isRemark ? countdown.count() : !countdown.signal.aborted) capture.take(record);
    };
    const session = {
      options: { ...capture.options, trace },
      seconds,
      enough: countdown.signal,
    };
    await runSession(session, terminal);
    capture.flush();
    report(terminal, countdown.seen, args.operands[0]);
    return ExitCode.ok;
  },
};

function report(terminal: Terminal, segments: number, path: string): void {
  terminal.remark(`${segments} packets in ${path === "-" ? "the capture" : path}`);
}

/** A capture under way. */
interface Capturing {
  readonly options: OpenOptions;
  take(record: TraceRecord): void;
  flush(): void;
}

/** From the trace: for the shapes with threads. */
function traceCapture(options: OpenOptions & { device: string }, file: CaptureFile): Capturing {
  const capture = new TraceCapture((block) => file.write(block), options.device);
  return {
    options,
    take: (record) => capture.take(record),
    flush: () => capture.flush(),
  };
}

/** From the device: whole frames. */
function frameCapture(options: OpenOptions & { device: string }, file: CaptureFile): Capturing {
  const { device: name, hostAddress, mtu, offload, ...rest } = options;
  const prefixes = [options.address ?? []].flat().map((text) => parseCidr(text, "address"));
  const hostPrefixes = [hostAddress ?? []].flat().map((text) => parseCidr(text, "hostAddress"));
  const tun = TunDevice.open({ name, offload });
  try {
    tun.configure({ hostAddress: hostPrefixes, mtu });
  } catch (error) {
    tun.close();
    throw error;
  }
  const addresses = prefixes.map(({ address }) => address);
  const capture = new FrameCapture(tun, (block) => file.write(block), { addresses });
  return {
    options: { ...rest, device: capture },
    take: (record) => capture.take(record),
    flush: () => capture.flush(),
  };
}

/** Where blocks go as they are made. */
class CaptureFile implements Disposable {
  readonly #file: Deno.FsFile | null;

  constructor(path: string) {
    this.#file = path === "-"
      ? null
      : Deno.openSync(path, { write: true, create: true, truncate: true });
  }

  write(block: Uint8Array): void {
    const out = this.#file ?? Deno.stdout;
    for (let done = 0; done < block.length;) done += out.writeSync(block.subarray(done));
  }

  [Symbol.dispose](): void {
    this.#file?.close();
  }
}
