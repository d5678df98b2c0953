// Attaches to a descriptor that the test opened, and tells what its waits and reads gave.
import { parentPort } from "node:worker_threads";
import { TunDevice, type TunHandle } from "../../src/device/tun.ts";

parentPort?.once("message", (message: { handle: TunHandle; eventFd: number }) => {
  const device = TunDevice.fromFd(message.handle.fd, message.handle);
  const memory = new Uint8Array(new SharedArrayBuffer(4096));
  parentPort?.postMessage("ready");
  const first = device.wait(message.eventFd, 10_000);
  const length = device.receive(memory, 100, 2000);
  parentPort?.postMessage({ first, length });
  const second = device.wait(message.eventFd, 10_000);
  device.close();
  parentPort?.postMessage({ second });
});
