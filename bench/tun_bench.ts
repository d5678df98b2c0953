// What one frame costs through FFI and the kernel's TUN driver. Needs a network namespace of its own:
//   unshare -rn deno bench -A --no-prompt bench/tun_bench.ts
import { parseCidr } from "../src/base/address.ts";
import { memoryPair } from "../src/device/memory_pair.ts";
import { TunDevice } from "../src/device/tun.ts";
import { inNamespace } from "../tests/support/namespace.ts";

const MEMORY_BYTES = 1 << 20;
const SLOT_BYTES = 2048;

const memory = new Uint8Array(new SharedArrayBuffer(MEMORY_BYTES));
const pieces = new Int32Array(8);
let turn = 0;

/** Offsets go round 64 slots, as those of a frame pool do. */
function nextSlot(): number {
  turn = (turn + 1) & 63;
  return turn * SLOT_BYTES;
}

/** Offsets that seldom come again, as those of a payload within a stream do. */
function nextPlace(): number {
  turn = (turn + 1) & 0xffff;
  return (turn * 7) & (MEMORY_BYTES / 2 - 1);
}

/** An ICMP echo request of 10.7.0.2 to the kernel, which answers before `write` returns. */
function echoRequest(length: number): Uint8Array {
  const frame = new Uint8Array(length);
  const view = new DataView(frame.buffer);
  frame.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 1, 0, 0, 10, 7, 0, 2, 10, 7, 0, 1, 8]);
  view.setUint16(2, length);
  const checksum = (start: number, end: number) => {
    let sum = 0;
    for (let at = start; at < end; at += 2) sum += view.getUint16(at);
    return ~((sum & 0xffff) + (sum >>> 16));
  };
  view.setUint16(10, checksum(0, 20));
  view.setUint16(22, checksum(20, length));
  return frame;
}

const [near, far] = memoryPair();
for (const length of [40, 1500]) {
  Deno.bench(`memory pair: send and receive ${length} bytes`, { group: "pair" }, () => {
    pieces[0] = nextSlot();
    pieces[1] = length;
    near.send(memory, pieces, 1);
    far.receive(memory, SLOT_BYTES * 100, SLOT_BYTES);
  });
}

const { tun, reason } = inNamespace();
if (tun) benchTun();
else console.log(`The TUN benchmarks are skipped: ${reason} (run them under unshare -rn)`);

function benchTun(): void {
  const device = TunDevice.open({ name: "bench0", offload: false });
  Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/bench0/disable_ipv6", "1");
  device.configure({ hostAddress: [parseCidr("10.7.0.1/24", "hostAddress")] });
  // A frame that the kernel drops at its first look, so that the call is what is measured.
  const dropped = echoRequest(40);
  dropped[11] ^= 1;
  for (let slot = 0; slot < 64; slot++) memory.set(dropped, slot * SLOT_BYTES);

  const receive = (place: () => number) => () => {
    device.receive(memory, place(), SLOT_BYTES);
  };
  const none = { group: "receive, nothing there" };
  Deno.bench("receive into frequent places (read)", { ...none, baseline: true }, receive(nextSlot));
  Deno.bench("receive into rare places (readv)", none, receive(nextPlace));

  const send = (count: number) => () => {
    const slot = nextSlot();
    for (let i = 0; i < count; i++) {
      pieces[2 * i] = slot + 20 * i;
      pieces[2 * i + 1] = count === 1 ? 40 : 20;
    }
    device.send(memory, pieces, count);
  };
  Deno.bench("send 1 piece (write)", { group: "send", baseline: true }, send(1));
  Deno.bench("send 2 pieces (writev)", { group: "send" }, send(2));

  for (const length of [40, 1500]) {
    const request = echoRequest(length);
    Deno.bench(
      `send an echo request, receive the reply, ${length} bytes`,
      { group: "echo" },
      () => {
        memory.set(request, 0);
        pieces[0] = 0;
        pieces[1] = length;
        device.send(memory, pieces, 1);
        if (device.receive(memory, nextSlot(), SLOT_BYTES) !== length) throw new Error("No reply");
      },
    );
  }
  Deno.bench("wait for nothing (poll)", { group: "wait" }, () => {
    device.wait(-1, 0);
  });
}
