import { assert, assertEquals } from "@std/assert";
import { readCapture } from "../../mod.ts";
import { runToEnd, runWell } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";
import { record } from "./recorded.ts";

Deno.test("trace capture: the same packets as on the device, cut behind their headers", async () => {
  // Goal: who captures a stack in threads sees the same headers, lengths and comments.
  for (const family of ["IPv4", "IPv6"] as const) {
    const { frames, headers } = await record({ family, knocks: true, link: { loss: 0.1 } });
    const whole = [...readCapture(frames)];
    const cut = [...readCapture(headers)];
    assertEquals(cut.length, whole.length);
    cut.forEach((packet, index) => {
      const { originalLength, direction, bytes } = whole[index];
      assertEquals([packet.originalLength, packet.direction], [originalLength, direction]);
      assert(packet.bytes.length <= 100 && packet.bytes.length <= bytes.length);
    });
    const comments = (packets: typeof cut) => packets.map((packet) => packet.comments);
    assertEquals(comments(cut), comments(whole));
  }
});

testNeeding(
  { programs: ["tshark"] },
  "trace capture: tshark reads both kinds without a complaint, and shows what the comments say",
  async () => {
    for (const family of ["IPv4", "IPv6"] as const) {
      const { frames, headers } = await record({ family, knocks: true });
      for (const file of [frames, headers]) {
        const path = await Deno.makeTempFile({ suffix: ".pcapng" });
        try {
          await Deno.writeFile(path, file);
          const fields = ["frame.comment", "tcp.checksum.status", "_ws.malformed"];
          const output = await runWell("tshark", [
            ...["-r", path, "-o", "tcp.check_checksum:TRUE", "-T", "fields", "-E", "separator=|"],
            ...fields.flatMap((field) => ["-e", field]),
          ]);
          const rows = output.trim().split("\n").map((line) => line.split("|"));
          assertEquals(rows[0][0], "dropped: tcpNoConnection");
          assert(rows.some(([comment]) => comment === "SYN-RECEIVED -> ESTABLISHED"));
          // 0 is bad; 1 is good, 2 is not checked because the packet is cut.
          assertEquals(rows.filter(([, status]) => status === "0"), []);
          assertEquals(rows.filter(([, , malformed]) => malformed !== ""), []);
          const { stderr } = await runToEnd("tshark", ["-r", path, "-q"]);
          assertEquals(stderr.replace(/^Running as user .*\n?/gm, "").trim(), "");
        } finally {
          await Deno.remove(path);
        }
      }
    }
  },
);
