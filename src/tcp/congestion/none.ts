import type { CongestionControl } from "./control.ts";

/** The window of {@link NoControl}: more than any send buffer holds. */
const UNBOUNDED_BYTES = 0x3fff_ffff;

/** No congestion control: only the peer's window limits. For links that are known to be private. */
export class NoControl implements CongestionControl {
  readonly name = "none";
  cwndBytes = UNBOUNDED_BYTES;
  ssthreshBytes = Infinity;

  onAck(): void {}
  onLoss(): void {}
  onRecovered(): void {}
  onTimeout(): void {}
}
