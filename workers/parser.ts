/** The parser thread: frames into segment records. */
export { parserLoop as run } from "../src/pipeline/loops.ts";
