/** The reader thread: frames from the device into shared memory. */
export { readerLoop as run } from "../src/pipeline/loops.ts";
