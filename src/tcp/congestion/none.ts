import type { CongestionControl } from "./control.ts";

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

  onAck(): void {}
  onLoss(): void {}
  onEcn(): void {}
  onRecovered(): void {}
  onTimeout(): void {}
}
