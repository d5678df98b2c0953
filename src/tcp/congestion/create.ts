import type { CongestionName } from "../config.ts";
import type { CongestionControl } from "./control.ts";
import { Cubic } from "./cubic.ts";
import { NewReno } from "./newreno.ts";
import { NoControl } from "./none.ts";

/** Makes the congestion control of that name with an initial window in bytes. */
export function createCongestion(
  name: CongestionName,
  initialWindowBytes: number,
): CongestionControl {
  switch (name) {
    case "cubic":
      return new Cubic(initialWindowBytes);
    case "newreno":
      return new NewReno(initialWindowBytes);
    case "none":
      return new NoControl();
  }
}
