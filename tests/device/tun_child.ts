// Opens and configures a TUN in a process of its own, which may have other rights than the test's, and
// prints what came of it as JSON: `deno run --allow-ffi tun_child.ts NAME [CIDR [MTU]]`.
import { parseCidr } from "../../src/base/address.ts";
import { TunDevice } from "../../src/device/tun.ts";

const [name, cidr, mtu] = Deno.args;
try {
  const device = TunDevice.open({ name });
  try {
    device.configure({
      hostAddress: cidr === undefined ? [] : [parseCidr(cidr, "hostAddress")],
      mtu: mtu === undefined ? undefined : Number(mtu),
    });
    console.log(JSON.stringify({ opened: device.name, mtu: device.mtu }));
  } finally {
    device.close();
  }
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const code = "code" in error ? error.code : undefined;
  console.log(JSON.stringify({ error: error.name, code, message: error.message }));
}
