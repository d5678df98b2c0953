/** All stages in one thread. */
export { fusedLoop as run } from "../src/pipeline/loops.ts";
