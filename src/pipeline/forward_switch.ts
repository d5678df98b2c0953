import type { ForwardSwitch } from "../ip/input.ts";
import { Control, type Layout } from "../ring/layout.ts";

/**
 * What is let in for foreign destinations, as the application has last said; read by whoever decodes frames. It is set
 * when the command is visible, so that what is let in finds it obeyed.
 */
export class SharedForwardSwitch implements ForwardSwitch {
  readonly #words: Int32Array;
  readonly #at: number;

  constructor(layout: Layout) {
    this.#words = layout.words;
    this.#at = layout.control + Control.forward;
  }

  get bits(): number {
    return Atomics.load(this.#words, this.#at);
  }

  /** Lets more in. It stays so when a forward is closed: its connections go on. */
  open(bits: number): void {
    Atomics.or(this.#words, this.#at, bits);
  }
}
