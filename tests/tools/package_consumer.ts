// The program of somebody who has installed the package: an echo server on a TUN, in threads. It is copied out
// of the repository by package_test.ts, so it imports the package by its name:
// `deno run --allow-ffi main.ts DEVICE SHAPE`.
import { type Listener, open, type PipelineShape, VERSION } from "@woshou/woshou";
import { type Device, memoryPair, SendOutcome } from "@woshou/woshou/device";
import { stateNames, TraceKind } from "@woshou/woshou/trace";

const [device, shape] = Deno.args;
const pair: [Device, Device] = memoryPair();
const states = new Set<string>();

await using net = await open({
  device,
  address: "10.79.0.2/24",
  hostAddress: "10.79.0.1/24",
  pipeline: shape as PipelineShape,
  trace: (record) => {
    if (record.kind === TraceKind.state) states.add(stateNames[record.stateAfter]);
  },
});
const listener: Listener = net.listen({ port: 7 });
console.log(`ready ${VERSION} ${pair[0].mtu} ${SendOutcome.sent}`);
const conn = await listener.accept();
await conn.readable.pipeTo(conn.writable);
listener.close();
console.log(`served ${states.has("ESTABLISHED")}`);
