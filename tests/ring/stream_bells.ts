/** Words of the bells of a stream between two threads, behind those of the stream itself. */
export const PRODUCER_BELL = 16;
export const CONSUMER_BELL = 32;
