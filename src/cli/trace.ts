/** `woshou trace`: every segment as a line, live or from a capture, and the sequence diagram as a picture. */

import { readCapture } from "../device/capture_file.ts";
import { TraceKind, TraceRecord } from "../pipeline/trace_ring.ts";
import { findConversations } from "../trace/conversations.ts";
import { TRACE_STYLES, TraceLines, type TraceStyle } from "../trace/lines.ts";
import { SequenceDiagram } from "../trace/sequence.ts";
import { Arguments, type Command, ExitCode, mustHaveOperands } from "./command.ts";
import { Countdown, runSession, SESSION_FLAGS } from "./session.ts";
import { STACK_FLAGS, stackOptions } from "./stack_flags.ts";
import type { Role, Terminal } from "./terminal.ts";

/** The command. */
export const traceCommand: Command = {
  name: "trace",
  summary: "run the services and print every segment, as tcpdump does",
  operands: "",
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
  async run(list, terminal) {
    const args = new Arguments(traceCommand, list);
    mustHaveOperands(traceCommand, args.operands, 0);
    const viewer = new Viewer(args, terminal);
    const svg = args.text("svg");
    const file = args.text("read");
    if (file === undefined) {
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
    this.#style = args.choice("style", TRACE_STYLES) ?? "states";
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
