import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type OpenOptions,
  type PipelineShape,
  type Stack,
  TunDevice,
  type UdpFlowConn,
} from "../../mod.ts";
import { ThreadedPipeline } from "../../src/pipeline/threads.ts";
import { SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { ip, until } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";
import { HOST, newWorkerThreads, openStack, STACK } from "../support/stack.ts";
import { settings } from "./stage_parts.ts";

const SHAPES = { split: 3, fused: 1 } as const;

for (const shape of ["split", "fused"] as const) {
  testNeeding({ tun: true }, `threads: ${shape} starts its threads and ends them`, async () => {
    const workers = newWorkerThreads();
    const tun = TunDevice.open({ name: "wsthr0" });
    const parts = { shape, tuns: [tun], dimensions: SMALL_DIMENSIONS, settings };
    const [pipeline] = await ThreadedPipeline.start(parts);
    let failures = 0;
    pipeline.onFailure(() => failures++);
    assertEquals(workers().length, SHAPES[shape]);
    await pipeline.stop();
    await until("they are gone", () => workers().length === 0, workers);
    assertEquals(failures, 0, "an orderly stop is no failure");
  });

  testNeeding({ tun: true }, `threads: ${shape} says when a thread dies, and why`, async () => {
    const tun = TunDevice.open({ name: "wsthr1" });
    const parts = { shape, tuns: [tun], dimensions: SMALL_DIMENSIONS, settings };
    const [pipeline] = await ThreadedPipeline.start(parts);
    let failure = "";
    pipeline.onFailure((error) => failure = error.message);
    await ip("link del wsthr1");
    await until("a thread says so", () => failure !== "");
    assertStringIncludes(failure, "wsthr1 is gone");
    await pipeline.stop();
  });
}

/** Everything that can be pending on a stack, each with what it rejects with. */
async function pendingCalls(net: Stack): Promise<Promise<unknown>[]> {
  const listener = net.listen({ port: 5000 });
  const accepting = listener.accept();
  const client = await Deno.connect({ hostname: STACK, port: 5000 });
  const conn = await accepting;
  const full = writeUntilFull(conn);
  return [
    listener.accept(),
    conn.read(new Uint8Array(1)),
    full,
    net.connect({ hostname: "10.7.0.77", port: 1 }),
    ...await pendingDatagrams(net),
    net.closed,
  ].map((call) => call.finally(() => closeQuietly(client)));
}

/** The same of a socket and of a flow: one that receives, and sends of which there is room for some only. */
async function pendingDatagrams(net: Stack): Promise<Promise<unknown>[]> {
  await ip("route add 203.0.113.0/24 dev wsdie0");
  const taken = Promise.withResolvers<UdpFlowConn>();
  net.forward({ transport: "udp" }, (flow) => taken.resolve(flow.accept()));
  const client = Deno.listenDatagram({ transport: "udp", hostname: HOST, port: 0 });
  await client.send(new Uint8Array(1), { transport: "udp", hostname: "203.0.113.5", port: 1 });
  const flow = await taken.promise;
  client.close();
  await flow.receive();
  const socket = net.listenDatagram({ transport: "udp", port: 5000 });
  const nobody = { transport: "udp", hostname: "10.7.0.77", port: 1 } as const;
  return [
    flow.receive(),
    sendUntilFailure((payload) => flow.send(payload)),
    socket.receive(),
    sendUntilFailure((payload) => socket.send(payload, nobody)),
  ];
}

/** Each of the sends has to come to an end, those that have found no room too. */
async function sendUntilFailure(send: (payload: Uint8Array) => Promise<number>): Promise<void> {
  const payload = new Uint8Array(8192);
  for (let i = 0; i < 100_000; i++) {
    const sends = await Promise.allSettled(Array.from({ length: 64 }, () => send(payload)));
    for (const outcome of sends) if (outcome.status === "rejected") throw outcome.reason;
  }
}

async function writeUntilFull(conn: { write(bytes: Uint8Array): Promise<number> }) {
  const chunk = new Uint8Array(1 << 16);
  for (let i = 0; i < 10_000; i++) await conn.write(chunk);
}

function closeQuietly(conn: Deno.TcpConn): void {
  conn[Symbol.dispose]();
}

for (const pipeline of ["split", "fused", "inline"] satisfies PipelineShape[]) {
  testNeeding(
    { tun: true },
    `threads: when ${pipeline} dies, every pending call rejects with the cause`,
    async () => {
      // Goal: nothing hangs, and nobody has to guess why.
      const options: OpenOptions = { device: "wsdie0", pipeline };
      const net = await openStack(options);
      const ending = Promise.allSettled(await pendingCalls(net));
      await ip("link del wsdie0");
      for (const outcome of await ending) {
        assert(outcome.status === "rejected");
        const error = outcome.reason;
        assert(error instanceof Deno.errors.ConnectionAborted && error.cause instanceof Error);
        assertStringIncludes(error.cause.message, "wsdie0 is gone");
      }
      await net.close();
    },
  );
}

testNeeding(
  { tun: true },
  "threads: deno test neither checks nor prints what runs in them",
  async () => {
    // Goal: with `types` in its configuration, Deno checks each module that is not a file, and prints the whole of it.
    const folder = await Deno.makeTempDir({ prefix: "woshou-threads-" });
    try {
      const mod = new URL("../../mod.ts", import.meta.url).href;
      const files = {
        "deno.json": `{ "compilerOptions": { "types": ["./a.d.ts"] }, "unstable": ["net"] }`,
        "a.d.ts": "interface Something {}",
        "a_test.ts": `import { open } from "${mod}";
Deno.test("a stack", async () => await (await open({ device: "wsthr2", address: "10.7.0.2/24" })).close());`,
      };
      for (const [name, text] of Object.entries(files)) {
        await Deno.writeTextFile(`${folder}/${name}`, text);
      }
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "--allow-all"],
        cwd: folder,
        // What was checked once is not checked again, so that it needs a memory of its own.
        env: { DENO_DIR: `${folder}/cache`, NO_COLOR: "1" },
      }).output();
      const told = new TextDecoder().decode(stderr);
      assertEquals([code, told.trim()], [0, "Check a_test.ts"], told.slice(0, 1000));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
