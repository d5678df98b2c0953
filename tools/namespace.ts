/**
 * A network namespace of one's own, without privilege: `unshare -rn` makes a user namespace in which
 * the caller is root and a network namespace that belongs to it. A TUN opened there, and all traffic,
 * stays inside.
 */

/** The variable that tells a program inside which network namespace it has left. */
export const HOST_NETNS_VARIABLE = "WOSHOU_HOST_NETNS";

/** Brings the loopback up, says so where that fails, and becomes the program that follows. */
const ENTER_SCRIPT = `ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null ||
  echo "The loopback of the namespace is down: install iproute2" >&2
exec "$@"`;

/** Why no namespace can be made here, in words, or null when it can. */
export function namespaceRefusal(): string | null {
  if (Deno.build.os !== "linux") return `${Deno.build.os} has no network namespaces`;
  try {
    const { success, stderr } = new Deno.Command("unshare", {
      args: ["-rn", "true"],
      env: searchPath(),
      stdout: "null",
      stderr: "piped",
    }).outputSync();
    return success ? null : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "the program unshare is not installed";
    throw error;
  }
}

/** A command that runs `program` in a namespace of its own, with the loopback up. */
export function inOwnNamespace(
  program: string,
  args: readonly string[],
  options: Deno.CommandOptions = {},
): Deno.Command {
  const env = { ...options.env, ...searchPath(), ...hostNamespace() };
  const enter = ["-rn", "sh", "-c", ENTER_SCRIPT, "sh", program, ...args];
  return new Deno.Command("unshare", { ...options, args: enter, env });
}

/** The search path with the folders of system programs, which ordinary users often lack. */
export function searchPath(): { PATH: string } {
  return { PATH: `${Deno.env.get("PATH") ?? "/usr/bin:/bin"}:/usr/sbin:/sbin` };
}

function hostNamespace(): Record<string, string> {
  return { [HOST_NETNS_VARIABLE]: Deno.readLinkSync("/proc/self/ns/net") };
}
