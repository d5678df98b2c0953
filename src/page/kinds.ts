/** The kinds of lines in a log, as src/pipeline/trace_ring.ts numbers them, without the ring. */
export const TraceKind = { segmentIn: 1, segmentOut: 2, state: 3 } as const;
