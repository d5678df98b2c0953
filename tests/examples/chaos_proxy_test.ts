import { assertEquals, assertMatch } from "@std/assert";
import { testNeeding } from "../support/skip.ts";
import { startExample } from "./places.ts";

const LENGTH = 300_000;

testNeeding(
  { tun: true, programs: ["ip", "curl"] },
  "chaos_proxy: curl fetches whole bytes over a link that loses and reorders",
  async () => {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response(new Uint8Array(LENGTH).fill(0x77)),
    );
    await using example = await startExample(
      null,
      "chaos_proxy.ts",
      ["--allow-ffi", "--allow-net"],
      [
        ...["--device", "wschaos0", "--address", "10.79.0.2/24", "--host", "10.79.0.1/24"],
        ...["--to", `127.0.0.1:${server.addr.port}`, "--port", "80"],
        ...[
          "--loss",
          "0.05",
          "--delay",
          "2",
          "--jitter",
          "1",
          "--reorder",
          "0.05",
          "--duplicate",
          "0.02",
        ],
      ],
    );
    const { code, stdout, stderr } = await new Deno.Command("curl", {
      args: ["-sS", "--noproxy", "*", "--max-time", "60", "http://10.79.0.2/"],
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertEquals(stdout.length, LENGTH);
    assertEquals(stdout.every((byte) => byte === 0x77), true);
    const ended = await example.stop("SIGTERM");
    // Goal: it was the bad link that they came over.
    assertMatch(ended.stdout, /lost [1-9]\d* there/);
    assertEquals(ended.stderr, "");
  },
);
