/** The answer of a call. */
export interface Answer {
  readonly value: number;
  readonly errno?: string;
  /** The call has made something; this enters it under the descriptor that the script expects. */
  readonly opens?: (descriptor: number) => void;
  /** What the call gave besides its value and should not have. */
  readonly fault?: string;
}

/** Asks a call for its answer; null while it blocks. */
export type Attempt = () => Answer | null;

/** The answer of a call that fails. */
export function failed(errno: string): Answer {
  return { value: -1, errno };
}

/** A call that has its answer at once. */
export function done(answer: Answer): Attempt {
  return () => answer;
}
