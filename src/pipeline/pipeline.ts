import type { Bell } from "../ring/bell.ts";
import type { Copier } from "../ring/copier.ts";
import type { Layout } from "../ring/layout.ts";

/** A running pipeline, as the application's side sees it. */
export interface Pipeline {
  readonly layout: Layout;
  /** How the application's bytes are copied. */
  readonly copier: Copier;
  /** Makes the TCP stage look at its commands. */
  readonly tcpBell: Bell;
  /** The application's bell: rung by the TCP stage, slept on by the application. */
  readonly appBell: Bell;
  /** Whether the stages run in other threads: the application then sleeps on its bell. */
  readonly threaded: boolean;
  /** Whom to call when there are events; only for a pipeline that is not threaded. */
  onEvents(handler: () => void): void;
  /** Calls `handler` with the error when a thread of the pipeline dies. */
  onFailure(handler: (error: Error) => void): void;
  /** Stops every thread and releases the device. Connections must have been closed before. */
  stop(): Promise<void>;
}
