import { assert, assertEquals } from "@std/assert";
import { ManualClock, memoryPair, open, readCapture } from "../../mod.ts";
import { TraceCapture } from "../../src/trace/trace_capture.ts";
import { concatenated } from "../device/captures.ts";
import { runVirtual } from "../support/virtual_time.ts";
import { runToEnd, runWell } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";
import { record } from "./recorded.ts";

/** The far end, the near one, and an address that is neither's. */
const PLACES = [
  ["10.1.0.2", "10.1.0.1", "203.0.113.5"],
  ["fd01::2", "fd01::1", "2001:db8::5"],
] as const;

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

testNeeding(
  { programs: ["tshark"] },
  "trace capture: datagrams of both families are in it, cut behind their headers",
  async () => {
    const clock = new ManualClock(1_000_000);
    const blocks: Uint8Array[] = [];
    const capture = new TraceCapture((block) => blocks.push(block), "memory");
    const [a, b] = memoryPair();
    const address = ["10.1.0.1/24", "fd01::1/64"];
    const near = await open({ device: a, address, clock, trace: (one) => capture.take(one) });
    const far = await open({ device: b, address: ["10.1.0.2/24", "fd01::2/64"], clock });
    for (const hostname of ["10.1.0.2", "fd01::2"]) {
      const own = hostname.replace(/2$/, "1");
      const socket = near.listenDatagram({ transport: "udp", hostname: own, port: 5301 });
      const peer = far.listenDatagram({ transport: "udp", hostname, port: 5302 });
      const addr = (name: string, port: number) =>
        ({ transport: "udp", hostname: name, port }) as const;
      const talk = async () => {
        await socket.send(new Uint8Array(100), addr(hostname, 5302));
        await peer.receive();
        await peer.send(new Uint8Array(0), addr(own, 5301));
        await socket.receive();
      };
      await runVirtual(clock, talk(), { untilUs: 1e9 });
      socket.close();
      peer.close();
    }
    await runVirtual(clock, Promise.all([near.close(), far.close()]), { untilUs: 2e9 });
    capture.flush();
    const path = await Deno.makeTempFile({ suffix: ".pcapng" });
    try {
      await Deno.writeFile(path, concatenated(blocks));
      const fields = ["udp.srcport", "udp.dstport", "udp.length", "udp.checksum.status"];
      const args = ["-r", path, "-o", "udp.check_checksum:TRUE", "-T", "fields"];
      const output = await runWell("tshark", [...args, ...fields.flatMap((name) => ["-e", name])]);
      // The empty ones are whole, and so their checksum is looked at: 1 is good.
      const rows = output.trim().split("\n").map((line) => line.split("\t"));
      assertEquals(rows.map((row) => row.slice(0, 3).join(" ")), [
        ...["5301 5302 108", "5302 5301 8", "5301 5302 108", "5302 5301 8"],
      ]);
      assertEquals([rows[1][3], rows[3][3]], ["1", "1"]);
    } finally {
      await Deno.remove(path);
    }
  },
);

testNeeding(
  { programs: ["tshark"] },
  "trace capture: ICMP messages of both families are in it, cut but never wrong",
  async () => {
    // Goal: an analyser knows every message, and complains of nothing but of what is cut off.
    const clock = new ManualClock(1_000_000);
    const blocks: Uint8Array[] = [];
    const capture = new TraceCapture((block) => blocks.push(block), "memory");
    const [a, b] = memoryPair();
    const address = ["10.1.0.1/24", "fd01::1/64"];
    const near = await open({ device: a, address, clock, trace: (one) => capture.take(one) });
    const far = await open({ device: b, address: ["10.1.0.2/24", "fd01::2/64"], clock });
    using _forward = near.forward({ transport: "tcp" }, (flow) => flow.reject("host"));
    const talk = async () => {
      for (const [hostname, own, foreign] of PLACES) {
        for (const size of [0, 56, 1400]) await near.ping(hostname, { size });
        await far.ping(own, { size: 3000 });
        using socket = near.listenDatagram({ transport: "udp", hostname: own, port: 5301 });
        for (const size of [4, 1000]) {
          await socket.send(new Uint8Array(size), { transport: "udp", hostname, port: 99 });
        }
        await far.connect({ hostname: foreign, port: 80 }).catch(() => {});
      }
    };
    await runVirtual(clock, talk(), { untilUs: 1e9 });
    await runVirtual(clock, Promise.all([near.close(), far.close()]), { untilUs: 2e9 });
    capture.flush();
    const path = await Deno.makeTempFile({ suffix: ".pcapng" });
    try {
      await Deno.writeFile(path, concatenated(blocks));
      const fields = [
        ...["icmp.type", "icmp.code", "icmp.checksum.status"],
        ...["icmpv6.type", "icmpv6.code", "icmpv6.checksum.status"],
        ...["frame.len", "_ws.malformed", "ip.checksum.status"],
      ];
      const args = ["-r", path, "-Y", "icmp or icmpv6", "-o", "ip.check_checksum:TRUE"];
      const output = await runWell("tshark", [
        ...[...args, "-T", "fields", "-E", "occurrence=f"],
        ...fields.flatMap((name) => ["-e", name]),
      ]);
      const rows = output.replace(/\n$/, "").split("\n").map((line) => line.split("\t"));
      const echoes = (headers: number, ...types: number[]) =>
        [0, 56, 1400, 3000].flatMap((size) => types.map((type) => `${type} 0 ${headers + size}`));
      assertEquals(
        rows.filter((row) => row[0] !== "").map((row) => `${row[0]} ${row[1]} ${row[6]}`),
        [...echoes(28, 8, 0), "3 3 60", "3 3 576", "3 1 88"],
      );
      assertEquals(
        rows.filter((row) => row[3] !== "").map((row) => `${row[3]} ${row[4]} ${row[6]}`),
        [...echoes(48, 128, 129), "1 4 100", "1 4 1096", "1 3 128"],
      );
      // 1 is good; what is cut cannot be checked and must not be called bad, which is 0.
      assertEquals(rows.filter((row) => row[2] === "0" || row[5] === "0" || row[8] === "0"), []);
      assert(rows.some((row) => row[2] === "1") && rows.some((row) => row[5] === "1"));
      assertEquals(rows.filter((row) => row[7] !== ""), []);
      const { stderr } = await runToEnd("tshark", ["-r", path, "-q"]);
      assertEquals(stderr.replace(/^Running as user .*\n?/gm, "").trim(), "");
    } finally {
      await Deno.remove(path);
    }
  },
);
