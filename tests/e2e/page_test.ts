// The page of the server in a real browser, over a real TUN: what people see, with the keyboard too.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readCapture } from "../../src/device/capture_file.ts";
import { Protocol, readIpv4HeaderLength } from "../../src/wire/ipv4.ts";
import { runToEnd, until } from "../support/process.ts";
import { ServerProcess } from "../support/server.ts";
import { testNeeding } from "../support/skip.ts";

const DRIVER = new URL("../browser/", import.meta.url).pathname;
const PATIENCE_MS = 120_000;

interface Row {
  readonly what: string;
  readonly left: string;
  readonly right: string;
  readonly tags: readonly string[];
}

interface Focus {
  readonly id: string;
  readonly row: string | null;
  readonly field: string | null;
  readonly outlined: boolean;
}

interface Contrast {
  readonly ratio: number;
  readonly text: string;
  readonly page: string;
}

/** What tests/browser/drive.js has seen. */
interface Facts {
  readonly errors: readonly string[];
  readonly handshake: readonly Row[];
  readonly synFields: readonly (readonly [string, string])[];
  readonly states: number;
  readonly current: string;
  readonly plotPixels: readonly number[];
  readonly raw: string;
  readonly sorted: readonly string[];
  readonly ariaSort: string;
  readonly light: Contrast;
  readonly dark: Contrast;
  readonly lessonContrast: Contrast;
  readonly firstStop: Focus;
  readonly rowFocus: Focus | null;
  readonly nextRow: Focus;
  readonly headerFollowed: boolean;
  readonly cellFocus: Focus | null;
  readonly said: string;
  readonly chinese: { readonly lang: string; readonly title: string; readonly status: string };
  readonly overflow: readonly number[];
  readonly english: string;
  readonly remembered: string;
  readonly lesson: readonly Row[];
  readonly lessonSaid: string;
  readonly lessonBack: number;
  readonly lossStory: readonly Row[];
  readonly lossEnd: readonly string[];
}

const whats = (rows: readonly Row[]) => rows.map(({ what }) => what);

/** Runs the browser against a server, while dumpcap writes down what is on the wire. */
async function look(): Promise<{ facts: Facts; capture: Uint8Array<ArrayBuffer> }> {
  const folder = await Deno.makeTempDir({ prefix: "woshou-page-" });
  try {
    await using server = await ServerProcess.start([]);
    const file = `${folder}/wire.pcapng`;
    const dumpcap = new Deno.Command("dumpcap", {
      args: ["-q", "-i", "woshou0", "-w", file],
      stdout: "null",
      stderr: "null",
    }).spawn();
    await until("dumpcap writes", () => Deno.stat(file).then(({ size }) => size > 0, () => false));
    const args = ["run", "-A", "--no-prompt", "--frozen", "drive.js", "http://10.7.0.2/", folder];
    const { code, stdout, stderr } = await runToEnd("sh", [
      "-c",
      'cd "$0" && exec "$@"',
      DRIVER,
      Deno.execPath(),
      ...args,
    ], { patienceMs: PATIENCE_MS });
    dumpcap.kill("SIGINT");
    await dumpcap.status;
    assertEquals(code, 0, stderr);
    for (const name of ["live-light", "live-dark", "phone-live", "phone-lesson", "lesson-light"]) {
      assert((await Deno.stat(`${folder}/${name}.png`)).size > 10_000, name);
    }
    const kept = Deno.env.get("WOSHOU_SCREENSHOTS");
    if (kept !== undefined) await runToEnd("sh", ["-c", 'cp "$0"/*.png "$1"', folder, kept]);
    const ended = await server.stop("SIGTERM");
    assertEquals([ended.code, ended.stderr], [0, ""]);
    return {
      facts: JSON.parse(stdout.trim().split("\n").at(-1)!),
      capture: await Deno.readFile(file),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The IPv4 and TCP headers of the SYN from this port, as they were on the wire. */
function synFrom(capture: Uint8Array<ArrayBuffer>, port: number): DataView {
  for (const { bytes } of readCapture(capture)) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes[0] >>> 4 !== 4 || bytes[9] !== Protocol.tcp) continue;
    const at = readIpv4HeaderLength(view, 0);
    if (view.getUint16(at) === port && bytes[at + 13] === 2) return view;
  }
  throw new Error(`The wire has no SYN from port ${port}`);
}

/** The bytes that the fields of the page add up to, but for options. */
function assertSameHeader(fields: Facts["synFields"], view: DataView): void {
  const tcp = new Map(fields.slice(0, 18));
  const ip = new Map(fields.slice(-15));
  const at = 20;
  const hex = (value: number) => `0x${value.toString(16).padStart(4, "0")}`;
  const expected: [Map<string, string>, string, string | number][] = [
    [tcp, "Source port", view.getUint16(at)],
    [tcp, "Destination port", view.getUint16(at + 2)],
    [tcp, "Sequence number", view.getUint32(at + 4)],
    [tcp, "Acknowledgment number", view.getUint32(at + 8)],
    [tcp, "Data offset", view.getUint8(at + 12) >>> 4],
    [tcp, "SYN", 1],
    [tcp, "ACK", 0],
    [tcp, "Window", view.getUint16(at + 14)],
    [tcp, "Checksum", hex(view.getUint16(at + 16))],
    [ip, "Total length", view.getUint16(2)],
    [ip, "Identification", view.getUint16(4)],
    [ip, "TTL", view.getUint8(8)],
    [ip, "Checksum", hex(view.getUint16(10))],
    [ip, "Source", "10.7.0.1"],
    [ip, "Destination", "10.7.0.2"],
  ];
  for (const [map, name, value] of expected) assertEquals(map.get(name), String(value), name);
}

testNeeding(
  { tun: true, programs: ["chromium", "curl", "dumpcap"] },
  "e2e: the page in a browser",
  async (t) => {
    const { facts, capture } = await look();

    await t.step("no script fails and nothing is refused", () => assertEquals(facts.errors, []));

    await t.step("the handshake of a curl is seen, with the states of both sides", () => {
      const [syn, synAck, ack] = facts.handshake;
      assertEquals(whats([syn, synAck, ack]), [
        "SYN seq=0",
        "SYN ACK seq=0 ack=1",
        "ACK seq=1 ack=1",
      ]);
      assertEquals([syn.left, syn.right], ["SYN-SENT", "SYN-RECEIVED"]);
      assertEquals([synAck.left, ack.right], ["ESTABLISHED", "ESTABLISHED"]);
      assert(whats(facts.handshake).some((what) => what.includes("FIN")), "and its close");
    });

    await t.step("the decoded header is that of the wire", () => {
      const port = Number(facts.synFields.find(([name]) => name === "Source port")![1]);
      const view = synFrom(capture, port);
      assertSameHeader(facts.synFields, view);
      assertEquals(facts.raw, `SYN seq=${view.getUint32(24)}`);
    });

    await t.step("the plots have data, and the connection's way is in the state diagram", () => {
      for (const pixels of facts.plotPixels) assert(pixels > 100, `${facts.plotPixels}`);
      assert(facts.states >= 4, `${facts.states} ways`);
      assertEquals(facts.current, "CLOSED");
    });

    await t.step("the table is sorted by a column and says so", () => {
      assertEquals(facts.sorted, [...facts.sorted].sort().reverse());
      assertEquals(facts.ariaSort, "descending");
    });

    await t.step("everything is reached with the keyboard, and one sees where one is", () => {
      assert(facts.firstStop.outlined);
      assert(facts.rowFocus !== null && facts.rowFocus.outlined);
      assert(facts.nextRow.row !== facts.rowFocus.row && facts.headerFollowed);
      assert(facts.cellFocus !== null && facts.cellFocus.outlined);
      assertMatch(facts.said, /\w/);
    });

    await t.step("light and dark differ, and both can be read (WCAG 2, 4.5 to 1)", () => {
      assert(facts.light.page !== facts.dark.page);
      for (const { ratio, text } of [facts.light, facts.dark, facts.lessonContrast]) {
        assert(ratio >= 4.5, `${ratio}: ${text}`);
      }
    });

    await t.step("on a phone nothing sticks out, in Chinese and in English", () => {
      assertEquals(facts.overflow, [0, 0, 0]);
      assertEquals([facts.chinese.lang, facts.chinese.title], ["zh-Hans", "时序图"]);
      assertStringIncludes(facts.chinese.status, "10.7.0.2");
      assertEquals([facts.english, facts.remembered], Array(2).fill("A connection, step by step"));
    });

    await t.step("the lesson goes forward and back, and tells what a loss brings about", () => {
      assertEquals(whats(facts.lesson), ["SYN seq=0", "SYN ACK seq=0 ack=1", "ACK seq=1 ack=1"]);
      assertStringIncludes(facts.lessonSaid, "Third step");
      assertEquals(facts.lessonBack, 2);
      assertEquals(whats(facts.lossStory), ["SYN seq=0", "SYN seq=0"]);
      assertEquals(facts.lossStory.map(({ tags }) => tags), [["lost"], ["sent again"]]);
      assertEquals(facts.lossEnd, ["CLOSED", "CLOSED"]);
    });
  },
);
