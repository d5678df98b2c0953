// Opens a stack in a process of its own, which may have other rights than the test's, and prints what came
// of it as JSON: `deno run [permissions] open_child.ts DEVICE [HOST_ADDRESS]`; DEVICE `memory` is half of
// a memory pair.
import { memoryPair, open } from "../../mod.ts";

const [device, hostAddress] = Deno.args;
try {
  await using net = await open(
    device === "memory" ? { device: memoryPair()[0] } : {
      device,
      hostAddress,
      address: "10.78.0.2/24",
    },
  );
  console.log(JSON.stringify({ opened: net.addresses }));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const code = "code" in error ? error.code : undefined;
  console.log(JSON.stringify({ error: error.name, code, message: error.message }));
}
