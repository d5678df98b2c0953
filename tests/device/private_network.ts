import { TunDevice } from "../../src/device/tun.ts";

/**
 * Why tests that need a TUN cannot run here, or null when they can: in a network namespace that has nothing
 * but `lo`, where opening a TUN is permitted. Such a test never touches a real network. With CI=true
 * a reason is an error.
 */
export function reasonToSkip(): string | null {
  const reason = findReason();
  if (reason !== null && Deno.env.get("CI") === "true") throw new Error(reason);
  return reason;
}

function findReason(): string | null {
  if (Deno.build.os !== "linux") return "TUN devices are there on Linux only";
  const { success, stdout } = new Deno.Command("ip", { args: ["-o", "link"] }).outputSync();
  const names = new TextDecoder().decode(stdout).trim().split("\n").map((line) =>
    line.split(": ")[1]
  );
  if (!success || names.join() !== "lo") {
    return `not in a network namespace of its own (run it under "unshare -rn"), there is ${names}`;
  }
  try {
    TunDevice.open({ name: "probe0" }).close();
    return null;
  } catch (error) {
    return `no TUN can be opened: ${error instanceof Error ? error.message : error}`;
  }
}
