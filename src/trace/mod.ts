/**
 * What people look at: the records that `open({ trace })` hands over, and the lines that are made of them.
 *
 * ```ts
 * import { memoryPair, open } from "@woshou/woshou";
 * import { TraceLines } from "@woshou/woshou/trace";
 *
 * const lines = new TraceLines("states");
 * await using net = await open({
 *   device: memoryPair()[0],
 *   trace: (record) => console.log(lines.line(record)),
 * });
 * ```
 *
 * @module
 */

export { stateText, TRACE_STYLES, TraceLines, type TraceStyle } from "./lines.ts";
export { TraceKind, TraceRecord } from "../pipeline/trace_ring.ts";
export { Flag, OptionBit, Segment } from "../wire/segment.ts";
export { ConversationText, segmentText, type SequenceBases, type TextStyle } from "../wire/text.ts";
export { type State, stateNames } from "../tcp/state.ts";
export type { Seq } from "../base/seq.ts";
