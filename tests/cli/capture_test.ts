// `woshou capture`: the files that it leaves, as this project and as tshark read them.
import { assert, assertEquals } from "@std/assert";
import { Direction, readCapture } from "../../mod.ts";
import { runToEnd, runWell } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";
import { STACK } from "../support/stack.ts";
import { startWoshou } from "./woshou.ts";

for (const pipeline of ["split", "inline"]) {
  testNeeding(
    { tun: true, programs: ["tshark", "ping"] },
    `capture: a running session (${pipeline}) as tshark reads it`,
    async () => {
      const path = await Deno.makeTempFile({ suffix: ".pcapng" });
      try {
        await using child = await startWoshou(["capture", path, "--pipeline", pipeline]);
        {
          using conn = await Deno.connect({ hostname: STACK, port: 7 });
          await conn.write(new TextEncoder().encode("hello"));
          await conn.read(new Uint8Array(10));
        }
        const refused = await Deno.connect({ hostname: STACK, port: 99 }).catch(() => null);
        assertEquals(refused, null);
        await runWell("ping", ["-c", "1", "-s", "500", STACK]);
        const { code, stderr } = await child.stop("SIGINT");
        assertEquals(code, 0, stderr);
        const packets = [...readCapture(await Deno.readFile(path))];
        const comments = packets.flatMap((packet) => packet.comments);
        for (const text of ["LISTEN -> SYN-RECEIVED", "dropped: tcpNoConnection"]) {
          assert(comments.includes(text), comments.join("; "));
        }
        const whole = packets.filter(({ bytes, originalLength }) => bytes.length < originalLength);
        assertEquals(whole.length > 0, pipeline === "split", "payload is there inline only");
        assert(packets.some(({ direction }) => direction === Direction.inbound));
        const pings = await runWell("tshark", [
          "-r",
          path,
          "-Y",
          "icmp",
          "-T",
          "fields",
          "-e",
          "icmp.type",
        ]);
        assertEquals(pings.trim().split("\n"), ["8", "0"]);
        const read = await runToEnd("tshark", [
          ...["-r", path, "-o", "tcp.check_checksum:TRUE", "-Y", "tcp.checksum.status == 0"],
        ]);
        assertEquals([read.code, read.stdout], [0, ""]);
        assertEquals(read.stderr.replace(/^Running as user .*\n?/gm, "").trim(), "");
      } finally {
        await Deno.remove(path);
      }
    },
  );
}
