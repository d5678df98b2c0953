import type { Pipeline } from "../pipeline/pipeline.ts";
import { TraceKind, TraceReader, type TraceRecord } from "../pipeline/trace_ring.ts";
import { Control, Traced } from "../ring/layout.ts";

/** What is called with every record. */
export type Look = (record: TraceRecord) => void;

/** Who looks at the trace of a stack: while nobody does, its pipelines write none. */
export class Viewers {
  readonly #pipelines: readonly Pipeline[];
  readonly #looks = new Set<Look>();
  /** Of them, those that want to know of progress. */
  #watchers = 0;

  /** `trace` looks from the beginning, for ever, and at all but progress. */
  constructor(pipelines: readonly Pipeline[], trace?: Look) {
    this.#pipelines = pipelines;
    if (trace === undefined) return;
    this.#looks.add((record) => {
      if (record.kind !== TraceKind.progress) trace(record);
    });
  }

  /** What hands the waiting records of one pipeline to all who look. */
  drainOf(pipeline: Pipeline): () => void {
    const reader = new TraceReader(pipeline.layout.trace);
    const show = (record: TraceRecord) => {
      for (const look of this.#looks) look(record);
    };
    return () => reader.drain(show);
  }

  /** Lets one more look at everything until it is disposed. */
  add(look: Look): Disposable {
    // A function of its own, so that the same `look` may be given twice.
    const viewer: Look = (record) => look(record);
    this.#looks.add(viewer);
    this.#watchers++;
    this.#switch();
    return {
      [Symbol.dispose]: () => {
        if (!this.#looks.delete(viewer)) return;
        this.#watchers--;
        this.#switch();
      },
    };
  }

  #switch(): void {
    const segments = this.#looks.size > 0 ? Traced.segments : Traced.nothing;
    const progress = this.#watchers > 0 ? Traced.progress : Traced.nothing;
    for (const { layout } of this.#pipelines) {
      Atomics.store(layout.words, layout.control + Control.trace, segments | progress);
    }
  }
}
