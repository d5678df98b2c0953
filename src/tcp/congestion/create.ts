import type { CongestionName } from "../config.ts";
import type { CongestionControl } from "./control.ts";
import { Bbr } from "./bbr.ts";
import { Cubic } from "./cubic.ts";
import { NewReno } from "./newreno.ts";
import { NoControl } from "./none.ts";

/**
 * Makes the congestion control of that name with an initial window in bytes. What one does at random times it
 * draws from `seed`.
 */
export function createCongestion(
  name: CongestionName,
  initialWindowBytes: number,
  seed = 0,
): CongestionControl {
  switch (name) {
    case "cubic":
      return new Cubic(initialWindowBytes);
    case "newreno":
      return new NewReno(initialWindowBytes);
    case "bbr":
      return new Bbr(initialWindowBytes, seed);
    case "none":
      return new NoControl();
  }
}
