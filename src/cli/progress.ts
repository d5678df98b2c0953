/** How far long work is, on stderr and only when somebody watches. */

// @ts-types="./cli_progress.d.ts"
import cliProgress from "cli-progress";
import process from "node:process";
import type { Terminal } from "./terminal.ts";

const BAR_COLUMNS = 24;
const FRAMES_PER_SECOND = 10;

/** Told how much is done; ends with `using`, however the work ends. */
export interface Progress extends Disposable {
  update(done: number): void;
}

/** Shows the progress of `total` units of work under `title`. */
export function showProgress(terminal: Terminal, title: string, total: number): Progress {
  if (!terminal.isWatched) return { update: () => {}, [Symbol.dispose]: () => {} };
  const bar = new cliProgress.SingleBar({
    format: `${title}  {bar} {percentage} %  {value}/{total}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: BAR_COLUMNS,
    fps: FRAMES_PER_SECOND,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
    stream: process.stderr,
  });
  bar.start(total, 0);
  let isShown = true;
  return {
    update: (done) => bar.update(done),
    [Symbol.dispose]: () => {
      // A second stop would clear whatever line has been printed in its place.
      if (isShown) bar.stop();
      isShown = false;
    },
  };
}
