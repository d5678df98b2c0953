import { assert } from "@std/assert";

/** What a measurement may be off by; one object for each packet would be 16 bytes or more. */
const NOISE_BYTES = 4;

Deno.test("Goal: in steady state no packet in or out costs a byte of JavaScript heap", async () => {
  const script = new URL("../../bench/allocations.ts", import.meta.url);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--v8-flags=--expose-gc,--min-semi-space-size=256,--max-semi-space-size=512",
      script.href,
    ],
  }).output();
  const text = new TextDecoder();
  assert(code === 0, text.decode(stderr));
  const bytes = JSON.parse(text.decode(stdout)) as Record<string, number>;
  for (const [what, perPacket] of Object.entries(bytes)) {
    assert(perPacket < NOISE_BYTES, `${what}: ${perPacket} bytes for each packet`);
  }
});
