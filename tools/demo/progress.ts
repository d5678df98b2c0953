/** How far a transfer is: a bar for a terminal, else a line for every quarter. */

// @ts-types="../../src/cli/cli_progress.d.ts"
import cliProgress from "cli-progress";
import process from "node:process";
import type { Screen } from "./screen.ts";

/** Bytes of a mebibyte. */
export const MIB = 1024 * 1024;

const BAR_COLUMNS = 24;
const BAR_FRAMES_PER_SECOND = 20;
const LINES = 4;

/** Told how many bytes have arrived; ends with `using`, however the transfer ends. */
export interface Progress extends Disposable {
  update(bytes: number): void;
}

/** Shows the progress of `totalBytes` under `title`. */
export function showProgress(screen: Screen, title: string, totalBytes: number): Progress {
  return screen.isTerminal ? bar(screen, title, totalBytes) : lines(screen, title, totalBytes);
}

function bar(screen: Screen, title: string, totalBytes: number): Progress {
  const total = totalBytes / MIB;
  const shown = new cliProgress.SingleBar({
    format: `  ${title}  ${
      screen.paint("good", "{bar}")
    } {percentage} %  {value}/{total} MiB  {rate}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: BAR_COLUMNS,
    fps: BAR_FRAMES_PER_SECOND,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
    stream: process.stdout,
  });
  const startMs = performance.now();
  shown.start(total, 0, { rate: "" });
  let isShown = true;
  return {
    update: (bytes) =>
      shown.update(Math.floor(bytes / MIB), { rate: rateText(bytes, performance.now() - startMs) }),
    [Symbol.dispose]: () => {
      // A second stop would clear whatever line has been printed in its place.
      if (isShown) shown.stop();
      isShown = false;
    },
  };
}

function lines(screen: Screen, title: string, totalBytes: number): Progress {
  let printed = 0;
  return {
    update: (bytes) => {
      const due = Math.floor(LINES * bytes / totalBytes);
      if (due <= printed) return;
      printed = due;
      screen.line(`  ${title}  ${Math.floor(100 * due / LINES)} %`);
    },
    [Symbol.dispose]: () => {},
  };
}

/** A rate in the units of networks. */
export function rateText(bytes: number, ms: number): string {
  const gigabits = 8 * bytes / ms / 1e6;
  return gigabits >= 1 ? `${gigabits.toFixed(2)} Gbit/s` : `${(1000 * gigabits).toFixed(0)} Mbit/s`;
}
