import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import type { FourTuple } from "../../src/tcp/connection.ts";
import { FlowLabels } from "../../src/tcp/flow_label.ts";

const SEED = 0xf10;

function tuple(remotePort: number, local3 = 2, isIpv4 = false): FourTuple {
  const [w0, w2] = isIpv4 ? [0, 0xffff] : [0xfd070000 | 0, 0];
  return {
    local0: w0,
    local1: 0,
    local2: w2,
    local3,
    remote0: w0,
    remote1: 0,
    remote2: w2,
    remote3: 1,
    localPort: 80,
    remotePort,
  };
}

Deno.test("flow label: the same for a connection, unlike for others, with 20 bits, never 0", () => {
  // Goal: RFC 6437 section 3; a secret decides, so that nobody can tell labels in advance.
  const labels = new FlowLabels(new SeededRandom(SEED));
  const others = new FlowLabels(new SeededRandom(SEED + 1));
  const seen = new Set<number>();
  for (let port = 1; port <= 4000; port++) {
    const label = labels.of(tuple(port));
    assertEquals(label, labels.of(tuple(port)));
    assert(label > 0 && label <= 0xfffff, `label ${label}`);
    seen.add(label);
  }
  // 4000 of a million: birthdays cost about eight.
  assert(seen.size > 3950, `${seen.size} labels`);
  assertNotEquals(labels.of(tuple(1)), others.of(tuple(1)));
  assertNotEquals(labels.of(tuple(1)), labels.of(tuple(1, 3)));
  assertEquals(labels.of(tuple(1, 2, true)), 0, "IPv4 has none");
});
