import { Worker } from "node:worker_threads";
import workerSource from "../../workers/bundle.js" with { type: "text" };
import { closeFd, createEventFd, signalEventFd, type TunDevice } from "../device/tun.ts";
import { threadStore } from "../base/memory.ts";
import { LibcCopier } from "../device/libc_copier.ts";
import type { Copier } from "../ring/copier.ts";
import { Bell } from "../ring/bell.ts";
import { Control, type Dimensions, Layout } from "../ring/layout.ts";
import type { Pipeline } from "./pipeline.ts";
import type { NextPipeline, StageSettings, WorkerRole, WorkerSetup } from "./setup.ts";

/** The threads of each shape. */
const ROLES: { readonly [shape in "split" | "fused"]: readonly WorkerRole[] } = {
  split: ["reader", "parser", "tcp"],
  fused: ["fused"],
};

/** How long a thread may take to end before it is terminated. */
const STOP_PATIENCE_MS = 500;

/** What pipelines in threads are made of. */
export interface ThreadedParts {
  readonly shape: "split" | "fused";
  /** The queues of the TUN interface; each gets a pipeline. */
  readonly tuns: readonly TunDevice[];
  readonly dimensions: Dimensions;
  readonly settings: StageSettings;
}

/** What exists of a pipeline before its threads do. */
interface Base {
  readonly tun: TunDevice;
  readonly layout: Layout;
  readonly wakeFd: number;
}

/**
 * The stages in threads of their own. The threads run a bundle that travels with this module as text,
 * because a program with nothing but `--allow-ffi` may not load files.
 */
export class ThreadedPipeline implements Pipeline {
  readonly threaded = true;
  readonly layout: Layout;
  readonly copier: Copier;
  readonly tcpBell: Bell;
  readonly appBell: Bell;
  readonly #tun: TunDevice;
  readonly #wakeFd: number;
  readonly #workers: Worker[];
  readonly #exits: Promise<unknown>[];
  #onFailure: (error: Error) => void = () => {};
  #stopping = false;

  private constructor(parts: ThreadedParts, base: Base, next: NextPipeline | null) {
    this.layout = base.layout;
    this.copier = new LibcCopier(base.layout.memory.bytes);
    this.#tun = base.tun;
    this.#wakeFd = base.wakeFd;
    const { words } = this.layout;
    // The fused thread sleeps in poll(2), which only a file descriptor ends.
    const wake = parts.shape === "fused" ? () => signalEventFd(base.wakeFd) : undefined;
    this.tcpBell = new Bell(words, Control.tcpBell, wake);
    this.appBell = new Bell(words, Control.appBell);
    this.#workers = ROLES[parts.shape].map((role) => {
      const setup: WorkerSetup = {
        role,
        settings: parts.settings,
        dimensions: parts.dimensions,
        memory: base.layout.shared,
        tun: base.tun.handle,
        wakeFd: base.wakeFd,
        next,
      };
      // Not as a data: URL, which `deno test` checks the types of, and prints, for some configurations.
      const worker = new Worker(workerSource, {
        eval: true,
        workerData: setup,
        name: `woshou ${role}`,
      });
      worker.unref();
      return worker;
    });
    this.#exits = this.#workers.map((worker) =>
      new Promise((resolve) => {
        worker.on("error", (error) => this.#fail(error));
        // The first message says that the thread runs, a second one why it has ended.
        worker.on("message", (message) => {
          if (message instanceof Error) this.#fail(message);
        });
        worker.once("exit", () => {
          resolve(undefined);
          this.#fail(new Error("A thread of the pipeline has ended unexpectedly"));
        });
      })
    );
  }

  /** Starts a pipeline for each queue; resolves when all threads run. Closes the queues if one fails. */
  static async start(parts: ThreadedParts): Promise<ThreadedPipeline[]> {
    const bases = parts.tuns.map((tun): Base => ({
      tun,
      layout: new Layout(parts.dimensions, threadStore),
      wakeFd: createEventFd(),
    }));
    const queues = bases.length;
    const pipelines = bases.map((base, index) => {
      const after = bases[(index + 1) % queues];
      const next = { memory: after.layout.shared, wakeFd: after.wakeFd, queues };
      return new ThreadedPipeline(parts, base, queues > 1 ? next : null);
    });
    try {
      await Promise.all(pipelines.map((pipeline) => pipeline.#started()));
    } catch (error) {
      await Promise.all(pipelines.map((pipeline) => pipeline.stop()));
      throw error;
    }
    return pipelines;
  }

  async #started(): Promise<void> {
    await Promise.all(this.#workers.map((worker) =>
      new Promise<void>((resolve, reject) => {
        worker.ref();
        worker.once("message", () => resolve());
        worker.once("error", reject);
      })
    ));
    for (const worker of this.#workers) worker.unref();
  }

  onEvents(): void {}

  onFailure(handler: (error: Error) => void): void {
    this.#onFailure = handler;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const { words, control } = this.layout;
    Atomics.store(words, control + Control.stop, 1);
    for (const bell of [Control.readerBell, Control.parserBell, Control.tcpBell]) {
      Atomics.store(words, control + bell, 0);
      Atomics.notify(words, control + bell);
    }
    signalEventFd(this.#wakeFd);
    for (const worker of this.#workers) worker.ref();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise((resolve) => timer = setTimeout(resolve, STOP_PATIENCE_MS));
    await Promise.race([Promise.all(this.#exits), patience]);
    clearTimeout(timer);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    this.#tun.close();
    closeFd(this.#wakeFd);
  }

  #fail(error: Error): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#onFailure(error);
  }
}
