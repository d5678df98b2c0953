// deno bench bench/checksum_bench.ts
// Over shared memory, as in the pipeline. "words of 16 bits" is the plain loop that the other one replaces.
import { checksumAdd, checksumFold } from "../src/wire/checksum.ts";

const view = new DataView(new SharedArrayBuffer(70000));
for (let i = 0; i < view.byteLength; i++) view.setUint8(i, (i * 151) & 255);

function checksumBy16(offset: number, length: number): number {
  let sum = 0;
  for (let at = offset; at < offset + length; at += 2) sum += view.getUint16(at);
  return sum % 0xffff;
}

/** What the loops computed, kept where the compiler cannot drop it. */
let kept = 0;

for (const [name, length] of [["20 B", 20], ["1500 B", 1500], ["64 KiB", 65536]] as const) {
  Deno.bench(`checksum of ${name}`, { group: name, baseline: true }, () => {
    kept += checksumFold(checksumAdd(view, 20, length, 0));
  });
  Deno.bench(`${name}, words of 16 bits`, { group: name }, () => {
    kept += checksumBy16(20, length);
  });
}

addEventListener("unload", () => console.log(`(kept ${kept})`));
