// The iperf3 example on the kernel's sockets, so that its datagrams can be tested apart from the stack's.
import { type IperfNet, IperfServer } from "../../examples/iperf3.ts";

// Deno's types have listenDatagram only with --unstable-net, with which this file is run.
const net = Deno as unknown as IperfNet;
const server = new IperfServer(net, {
  hostname: "127.0.0.1",
  port: Number(Deno.args[0]),
  onLine: (line) => console.log(line),
});
console.log("ready");
await server.run();
