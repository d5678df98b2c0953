/** The entry of the worker bundle: starts the thread that it is told to be. */

import { parentPort, workerData } from "node:worker_threads";
import type { WorkerSetup } from "../src/pipeline/setup.ts";
import { run as fused } from "./fused.ts";
import { run as parser } from "./parser.ts";
import { run as reader } from "./reader.ts";
import { run as tcp } from "./tcp.ts";

const setup = workerData as WorkerSetup;
parentPort!.postMessage("ready");
try {
  ({ reader, parser, tcp, fused })[setup.role](setup);
} catch (error) {
  // Told instead of thrown, because Deno prints what a thread throws even when somebody handles it.
  parentPort!.postMessage(error);
}
