import type { CongestionControl } from "./control.ts";
import { CongestionPhase } from "./phase.ts";

/** The window of {@link NoControl}: more than any send buffer holds. */
const UNBOUNDED_BYTES = 0x3fff_ffff;

/** No congestion control: only the peer's window limits. For links that are known to be private. */
export class NoControl implements CongestionControl {
  readonly name = "none";
  /** Recovery may want another window for a while; nothing here would ever let it grow again. */
  get cwndBytes(): number {
    return UNBOUNDED_BYTES;
  }
  set cwndBytes(_bytes: number) {}
  ssthreshBytes = Infinity;
  readonly pacingRate = 0;
  readonly phase = CongestionPhase.none;
  readonly bandwidth = 0;
  readonly modelRttUs = 0;

  onAck(): void {}
  onSample(): void {}
  onSegmentLost(): void {}
  onLoss(): void {}
  onEcn(): void {}
  onRecovered(): void {}
  onTimeout(): void {}
  onTransmitStart(): void {}
  saveForUndo(): void {}
  undo(): void {}
}
