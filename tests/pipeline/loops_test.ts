import { assertEquals } from "@std/assert";
import { closeFd, createEventFd } from "../../src/device/tun.ts";
import { fusedLoop, parserLoop, readerLoop, tcpLoop } from "../../src/pipeline/loops.ts";
import type { WorkerSetup } from "../../src/pipeline/setup.ts";
import { Control, Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { RingConsumer } from "../../src/ring/ring.ts";
import { settings } from "./stage_parts.ts";

const LOOPS = { reader: readerLoop, parser: parserLoop, tcp: tcpLoop, fused: fusedLoop };

// What the loops do with frames, bells and errors is seen in threads_test.ts and shapes_test.ts.
for (const [role, loop] of Object.entries(LOOPS)) {
  Deno.test(`loops: the ${role} loop ends at once when it was told to stop before it began`, () => {
    // Goal: a stack that is closed while its threads still start does not wait for them.
    const layout = new Layout(SMALL_DIMENSIONS);
    const wakeFd = createEventFd();
    try {
      const setup: WorkerSetup = {
        role: role as WorkerSetup["role"],
        settings,
        dimensions: SMALL_DIMENSIONS,
        memory: layout.shared,
        tun: { fd: -1, name: "none", mtu: 1500, virtioHeader: false },
        wakeFd,
        next: null,
      };
      Atomics.store(layout.words, layout.control + Control.stop, 1);
      loop(setup);
      // The TCP loop may have supplied the reader with slots, the others nothing.
      assertEquals(new RingConsumer(layout.freeSlots).hasNext(), role === "tcp");
      assertEquals(new RingConsumer(layout.frames).hasNext(), false);
      assertEquals(new RingConsumer(layout.segments).hasNext(), false);
    } finally {
      closeFd(wakeFd);
    }
  });
}
