/** `woshou replay CAPTURE`: what the stack does in the place of one end of captured connections. */

import { readCapture } from "../device/capture_file.ts";
import { CONGESTION_NAMES } from "../tcp/config.ts";
import { type Conversation, findConversations } from "../trace/conversations.ts";
import { replay, ReplayError, type ReplayStep, type Side } from "../trace/replay.ts";
import { tally, Verdict } from "../trace/replay_compare.ts";
import { ConversationText } from "../wire/text.ts";
import { Arguments, type Command, ExitCode, mustHaveOperands } from "./command.ts";
import { showProgress } from "./progress.ts";
import type { Role, Terminal } from "./terminal.ts";

const SIDES: readonly Side[] = ["server", "client"];

/** Replays captures. */
export const replayCommand: Command = {
  name: "replay",
  summary: "play one end of captured connections and compare what is sent",
  operands: "CAPTURE",
  takesFile: true,
  flags: [
    { name: "play", value: "SIDE", text: "server or client (default server)", choices: SIDES },
    { name: "port", value: "N", text: "only connections with this port" },
    { name: "congestion", value: "NAME", text: "congestion control", choices: CONGESTION_NAMES },
    { name: "quiet", letter: "q", text: "no steps, only what each connection comes to" },
    { name: "strict", text: "exit with status 1 when anything differs" },
  ],
  notes: `
CAPTURE is pcap or pcapng. The stack plays one end on a clock that follows the capture: it is given the
other end's segments when they came, and its application writes what the captured one wrote.

  <  the other end, and the connection behind it     >  what the stack sends
  |  what the capture has at this place              *  changes of state, drops, remarks

A segment is "only in the capture" where the other stack acknowledged or cut differently; bytes that both
sent in other pieces are an "other cut".`,
  async run(list, terminal) {
    const args = new Arguments(replayCommand, list);
    mustHaveOperands(replayCommand, args.operands, 1);
    const play = args.choice("play", SIDES) ?? "server";
    const port = args.wholeNumber("port", 1, 65535);
    const congestion = args.choice("congestion", CONGESTION_NAMES);
    const file = await Deno.readFile(args.operands[0]);
    const { conversations, others, broken } = findConversations(readCapture(file));
    const wanted = conversations.filter(({ client, server }) =>
      port === undefined || [client, server].some((end) => end.endsWith(`.${port}`))
    );
    if (others + broken > 0) {
      terminal.remark(`${others} packets are no TCP, ${broken} have cut or impossible headers`);
    }
    if (wanted.length === 0) throw new Error(`${args.operands[0]}: no TCP connection is in it`);
    let isSame = true;
    let replayed = 0;
    for (const conversation of wanted) {
      terminal.line(terminal.paint("strong", headText(conversation, play)));
      const tcp = congestion === undefined ? {} : { congestion };
      const steps = await steppedThrough(conversation, play, tcp, terminal);
      if (steps === null) continue;
      replayed++;
      if (!args.has("quiet")) {
        for (const line of stepLines(steps, terminal)) terminal.line(line);
      }
      const counts = tally(steps);
      terminal.line(tallyText(counts));
      isSame &&= [...counts.keys()].every((verdict) => verdict === Verdict.same);
    }
    if (replayed === 0) return ExitCode.failed;
    return args.has("strict") && !isSame ? ExitCode.failed : ExitCode.ok;
  },
};

/** Replays one connection; null, and a line that says why, when it cannot be. */
async function steppedThrough(
  conversation: Conversation,
  play: Side,
  tcp: NonNullable<Parameters<typeof replay>[1]>["tcp"],
  terminal: Terminal,
): Promise<ReplayStep[] | null> {
  using progress = showProgress(terminal, "replaying", conversation.segments.length);
  try {
    return await replay(conversation, { play, tcp, onProgress: (done) => progress.update(done) });
  } catch (error) {
    if (!(error instanceof ReplayError)) throw error;
    terminal.line(`  not replayed: ${error.message}`);
    return null;
  }
}

function headText({ client, server, segments }: Conversation, play: Side): string {
  return `${client} > ${server}: ${segments.length} segments, the stack plays the ${play}`;
}

const MARKS: Readonly<Record<ReplayStep["kind"], readonly [mark: string, role: Role]>> = {
  in: ["<", "in"],
  stack: [">", "out"],
  captured: ["|", "note"],
  state: ["*", "state"],
  drop: ["*", "bad"],
  remark: ["*", "note"],
};

/** One line for each step. */
export function stepLines(steps: readonly ReplayStep[], terminal: Terminal): string[] {
  // The capture's numbers and the stack's are the same, so one text may keep the bases of both.
  const text = new ConversationText("modern");
  return steps.map(({ timeUs, kind, segment, text: remark, view, verdict }) => {
    const [mark, role] = MARKS[kind];
    const line = segment === null ? remark : withoutEnds(text.line(segment));
    const time = (timeUs / 1000).toFixed(3).padStart(12);
    const known = view === null || kind !== "in" ? "" : `  [${viewText(view)}]`;
    const judged = verdict === null ? "" : `  (${verdict})`;
    return `${time} ${terminal.paint(role, `${mark} ${line}`)}${terminal.paint("note", known)}${
      terminal.paint(verdict === Verdict.same ? "good" : "bad", judged)
    }`;
  });
}

/** The line without what every step repeats: the ends, and timestamps, which are rewritten anyway. */
function withoutEnds(line: string): string {
  return line.slice(line.indexOf(": ") + 2)
    .replace(/(?:nop,nop,)?TS val \d+ ecr \d+,?/, "").replace("options [], ", "");
}

function viewText(view: NonNullable<ReplayStep["view"]>): string {
  const { state, cwndBytes, ssthreshBytes, inFlightBytes, rttUs } = view;
  const parts = [state, `cwnd ${cwndBytes}`];
  if (Number.isFinite(ssthreshBytes)) parts.push(`ssthresh ${ssthreshBytes}`);
  parts.push(`in flight ${inFlightBytes}`);
  if (rttUs > 0) parts.push(`rtt ${(rttUs / 1000).toFixed(3)} ms`);
  return parts.join(", ");
}

function tallyText(counts: ReadonlyMap<Verdict, number>): string {
  const parts = Object.values(Verdict).filter((verdict) => counts.has(verdict))
    .map((verdict) => `${counts.get(verdict)} ${verdict}`);
  return `  ${parts.length === 0 ? "nothing was sent" : parts.join(", ")}`;
}
