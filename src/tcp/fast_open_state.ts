import { OptionBit, type Segment } from "../wire/segment.ts";

/** What Fast Open has to do with one connection; those that do without have none. */
export class FastOpenState {
  /** The SYN came with data that was taken: the application has the connection before its handshake ends. */
  readonly passive: boolean;
  /** An active open that waits for the application's first data to send its SYN. */
  waiting = false;
  /** The option of the SYN or of the SYN-ACK that is to be sent: bytes of the cookie, -1 for no option. */
  cookieLength = -1;
  cookie0 = 0;
  cookie1 = 0;
  cookie2 = 0;
  cookie3 = 0;
  experimental = false;
  /** Most bytes that the SYN may carry. */
  synBytesMax = 0;
  /** Bytes that it has carried, and whether the peer has taken any. */
  synBytes = 0;
  acked = false;

  constructor(passive: boolean) {
    this.passive = passive;
  }

  /** Takes the cookie of a segment over. */
  takeCookie(segment: Segment): void {
    this.cookieLength = segment.fastOpenLength;
    this.cookie0 = segment.fastOpen0;
    this.cookie1 = segment.fastOpen1;
    this.cookie2 = segment.fastOpen2;
    this.cookie3 = segment.fastOpen3;
    this.experimental = (segment.options & OptionBit.fastOpenExperimental) !== 0;
  }

  /** Adds the option to a SYN or SYN-ACK that is sent for the first time. */
  addOption(out: Segment): void {
    if (this.cookieLength < 0) return;
    out.options |= OptionBit.fastOpen | (this.experimental ? OptionBit.fastOpenExperimental : 0);
    out.fastOpenLength = this.cookieLength;
    out.fastOpen0 = this.cookie0;
    out.fastOpen1 = this.cookie1;
    out.fastOpen2 = this.cookie2;
    out.fastOpen3 = this.cookie3;
  }
}
