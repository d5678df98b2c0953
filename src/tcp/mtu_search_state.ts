import type { Seq } from "../base/seq.ts";

/** A search for the path's MTU by probes (RFC 4821), of one connection. */
export class MtuSearch {
  /** What is known to get through, or believed to; bytes of IP packets. */
  lowMtu: number;
  /** What may get through at the most. */
  highMtu: number;
  /** A probe of `probeMtu` bytes is on its way. */
  probing = false;
  probeMtu = 0;
  probeStart: Seq = 0;
  probeEnd: Seq = 0;
  /** The probe is being sent: it is not cut into segments. */
  sending = false;
  /** When the search began. */
  beganAtUs: number;

  constructor(lowMtu: number, highMtu: number, nowUs: number) {
    this.lowMtu = Math.min(lowMtu, highMtu);
    this.highMtu = highMtu;
    this.beganAtUs = nowUs;
  }
}
