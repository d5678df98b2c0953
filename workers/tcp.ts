/** The TCP thread: the state machine. */
export { tcpLoop as run } from "../src/pipeline/loops.ts";
