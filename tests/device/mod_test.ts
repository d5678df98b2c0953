import { assert, assertEquals } from "@std/assert";
import * as main from "../../mod.ts";
import * as device from "../../src/device/mod.ts";
import { runWell } from "../support/process.ts";

Deno.test("./device exports the main module's own objects, and every one about devices", () => {
  // Goal: a device made with one module is an instance for the other.
  const ofMain: Readonly<Record<string, unknown>> = main;
  for (const [name, value] of Object.entries(device)) assert(ofMain[name] === value, name);
  const [near] = device.memoryPair();
  assert(device.capture(near, () => {}) instanceof main.CapturingDevice);
});

Deno.test("./device loads no protocol and no stack", async () => {
  // Goal: a program that only wants frames pays for nothing else.
  const path = new URL("../../src/device/mod.ts", import.meta.url).pathname;
  const graph = JSON.parse(await runWell(Deno.execPath(), ["info", "--json", path]));
  const modules: string[] = graph.modules.map(({ specifier }: { specifier: string }) => specifier);
  assert(modules.length > 10);
  assertEquals(modules.filter((url) => /\/src\/(?:tcp|udp|ip|pipeline|net|node)\//.test(url)), []);
});
