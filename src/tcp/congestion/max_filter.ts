/**
 * The greatest value of a span and of the one before it: the windowed maximum filters of draft-ietf-ccwg-bbr
 * section 2.3, as far as BBR needs them. Who uses it says when a span is over.
 */
export class MaxFilter {
  /** The greatest value of both spans; 0 without any. */
  value = 0;
  #current = 0;
  #previous = 0;

  /** Takes a value of this span in. */
  update(value: number): void {
    if (value > this.#current) this.#current = value;
    if (value > this.value) this.value = value;
  }

  /** A span is over. One without a value leaves the one before it in force. */
  advance(): void {
    if (this.#current === 0) return;
    this.#previous = this.#current;
    this.#current = 0;
    this.value = this.#previous;
  }
}
