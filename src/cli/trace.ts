/** `woshou trace`: every segment as a line, live or from a capture, and the sequence diagram as a picture. */

import { readCapture } from "../device/capture_file.ts";
import { TraceKind, TraceRecord } from "../pipeline/trace_ring.ts";
import { findConversations } from "../trace/conversations.ts";
import { TRACE_STYLES, TraceLines, type TraceStyle } from "../trace/lines.ts";
import { SequenceDiagram } from "../trace/sequence.ts";
import { Arguments, type Command, ExitCode, mustHaveOperands, UsageError } from "./command.ts";
import { followServer, type RemoteTrace } from "./remote_trace.ts";
import { Countdown, runSession, SESSION_FLAGS } from "./session.ts";
import { STACK_FLAGS, stackOptions } from "./stack_flags.ts";
import type { Role, Terminal } from "./terminal.ts";

const DEFAULT_STYLE: TraceStyle = "states";

/** The command. */
export const traceCommand: Command = {
  name: "trace",
  summary: "print every segment, as tcpdump does, of a running server or of services of its own",
  operands: "[URL]",
  flags: [
    {
      name: "style",
      value: "STYLE",
      text: "modern, classic, or states with changes of state and drops (default states)",
      choices: TRACE_STYLES,
    },
    { name: "port", value: "N", text: "only segments from or to this port" },
    { name: "svg", value: "FILE", text: "write the sequence diagram in the end", isFile: true },
    {
      name: "read",
      letter: "r",
      value: "FILE",
      text: "print a pcap or pcapng file instead of a running stack",
      isFile: true,
    },
    ...SESSION_FLAGS,
    ...STACK_FLAGS,
  ],
  notes: `
URL is the page or the address of a server that runs, such as 10.7.0.2. Without it a stack is opened, and runs
the services of "woshou serve".`,
  async run(list, terminal) {
    const args = new Arguments(traceCommand, list);
    const viewer = new Viewer(args, terminal);
    const svg = args.text("svg");
    const file = args.text("read");
    if (args.operands.length > 0) {
      mustHaveOperands(traceCommand, args.operands, 1);
      if ((svg ?? file) !== undefined) {
        throw new UsageError("of a running server there are lines alone");
      }
      await followServer(remoteTrace(args, viewer.countdown), terminal);
    } else if (file === undefined) {
      const options = { ...stackOptions(args), trace: viewer.take };
      const seconds = args.seconds("seconds");
      const enough = viewer.countdown.signal;
      await runSession({ options, seconds, enough }, terminal);
    } else {
      viewer.read(await Deno.readFile(file));
    }
    if (svg !== undefined) {
      await Deno.writeTextFile(svg, viewer.diagram.svg());
      terminal.remark(`${viewer.diagram.size} connections drawn in ${svg}`);
    }
    return ExitCode.ok;
  },
};

function remoteTrace(args: Arguments, countdown: Countdown): RemoteTrace {
  return {
    server: args.operands[0],
    style: args.choice("style", TRACE_STYLES) ?? DEFAULT_STYLE,
    port: args.wholeNumber("port", 1, 65535),
    seconds: args.seconds("seconds"),
    countdown,
  };
}

const ROLES: Readonly<Partial<Record<TraceKind, Role>>> = {
  [TraceKind.segmentIn]: "in",
  [TraceKind.segmentOut]: "out",
  [TraceKind.datagramIn]: "in",
  [TraceKind.datagramOut]: "out",
  [TraceKind.icmpIn]: "in",
  [TraceKind.icmpOut]: "out",
  [TraceKind.state]: "state",
  [TraceKind.drop]: "bad",
};

/** Prints records and collects them for the diagram. */
class Viewer {
  readonly diagram = new SequenceDiagram();
  readonly countdown: Countdown;
  readonly #terminal: Terminal;
  readonly #lines: TraceLines;
  readonly #style: TraceStyle;
  readonly #port: number | undefined;

  constructor(args: Arguments, terminal: Terminal) {
    this.countdown = new Countdown(args);
    this.#terminal = terminal;
    this.#style = args.choice("style", TRACE_STYLES) ?? DEFAULT_STYLE;
    this.#lines = new TraceLines(this.#style);
    this.#port = args.wholeNumber("port", 1, 65535);
  }

  /** Takes the next record. */
  readonly take = (record: TraceRecord): void => {
    const { segment, kind } = record;
    const role = ROLES[kind];
    if (role === undefined) return;
    if (this.#port !== undefined && ![segment.srcPort, segment.dstPort].includes(this.#port)) {
      return;
    }
    const isPacket = role === "in" || role === "out";
    if (isPacket ? !this.countdown.count() : this.countdown.signal.aborted) return;
    this.diagram.take(record);
    const line = this.#lines.line(record);
    if (line !== null) this.#terminal.line(this.#terminal.paint(role, line));
  };

  /** Takes a capture, as the trace of its servers; comments are shown where changes of state are. */
  read(file: Uint8Array): void {
    const { conversations } = findConversations(readCapture(file));
    const segments = conversations.flatMap((conversation) => conversation.segments);
    segments.sort((a, b) => a.offset - b.offset);
    const record = new TraceRecord();
    for (const { timeUs, segment, fromClient, comments } of segments) {
      record.kind = fromClient ? TraceKind.segmentIn : TraceKind.segmentOut;
      record.timeUs = timeUs;
      Object.assign(record.segment, segment);
      const before = this.countdown.seen;
      this.take(record);
      if (this.countdown.seen === before || this.#style !== "states") continue;
      for (const comment of comments) {
        this.#terminal.line(this.#terminal.paint("state", `${" ".repeat(19)}${comment}`));
      }
    }
  }
}
