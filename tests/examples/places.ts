/**
 * The network in which the examples that carry connections are tried:
 *
 * ```text
 *   client namespace                 namespace of the run          server namespace
 *   ┌─────────────────────┐          ┌──────────────────┐          ┌───────────────────────┐
 *   │ default route: TUN  │ ── veth ─│ microsocks, dante│── veth ──│ 198.51.100.0/24 (lo)  │
 *   │ the example, curl   │          │                  │          │ behind.ts             │
 *   └─────────────────────┘          └──────────────────┘          └───────────────────────┘
 * ```
 */
import { makeNamespace, type Namespace, runIn } from "../support/namespace.ts";
import { ServerProcess } from "../support/server.ts";

/** An address of the server that no route of the client's but the one into the TUN leads to. */
export const BEHIND = "198.51.100.7";
/** One on which nothing listens, and one to which no route leads from the proxy. */
export const NOBODY = "198.51.100.8";
export const UNROUTED = "192.0.2.99";

const EXAMPLES = new URL("../../examples/", import.meta.url).pathname;

/** The namespaces, with the server running. */
export interface Places extends AsyncDisposable {
  readonly client: Namespace;
  readonly server: Namespace;
}

/** Makes both namespaces and starts the server. */
export async function makePlaces(): Promise<Places> {
  const stack = new AsyncDisposableStack();
  try {
    const client = stack.use(await makeNamespace());
    const server = stack.use(await makeNamespace());
    await runIn(server, "ip", "addr", "add", "198.51.100.7/24", "dev", "lo");
    await runIn(server, "ip", "addr", "add", "198.51.100.8/32", "dev", "lo");
    await runHere("ip", "route", "add", "198.51.100.0/24", "via", server.far.address);
    // The server answers what comes from the client's network too.
    await runIn(server, "ip", "route", "add", "default", "via", server.near.address);
    const behind = new URL("./behind.ts", import.meta.url).pathname;
    const args = ["run", "-A", behind, BEHIND, NOBODY];
    stack.use(await inNamespace(server, Deno.execPath(), args));
    const resources = stack.move();
    return { client, server, [Symbol.asyncDispose]: () => resources.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Starts an example; resolves when it has printed that it is ready. */
export function startExample(
  namespace: Namespace | null,
  name: string,
  permissions: readonly string[],
  flags: readonly string[],
): Promise<ServerProcess> {
  const args = ["run", "--no-prompt", ...permissions, `${EXAMPLES}${name}`, ...flags];
  return namespace === null
    ? ServerProcess.startAs(Deno.execPath(), args)
    : inNamespace(namespace, Deno.execPath(), args);
}

/** Starts a program in a namespace that says by a line when it is ready. */
function inNamespace(
  namespace: Namespace,
  program: string,
  args: readonly string[],
): Promise<ServerProcess> {
  const pid = namespace.pid;
  return ServerProcess.startAs("nsenter", ["-t", String(pid), "-n", "--", program, ...args]);
}

/** Runs a program in the namespace of the run; throws when it fails. */
export async function runHere(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** What a program in a namespace has ended with. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in a namespace to its end, whatever that is. */
export async function endOf(
  namespace: Namespace,
  program: string,
  args: readonly string[],
): Promise<Ended> {
  const { code, stdout, stderr } = await namespace.command(program, args).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs curl in a namespace; at most 20 seconds. */
export function curl(namespace: Namespace, ...args: string[]): Promise<Ended> {
  return endOf(namespace, "curl", ["-sS", "--noproxy", "*", "--max-time", "20", ...args]);
}

/** microsocks in the namespace of the run. */
export function startSocks(port: number, flags: readonly string[] = []): Promise<AsyncDisposable> {
  return startProxy("microsocks", ["-p", String(port), ...flags], { hostname: "127.0.0.1", port });
}

/** dante in the namespace of the run, which carries UDP too: for clients of `near`, out at `far`. */
export async function startDante(
  near: string,
  far: string,
  port: number,
): Promise<AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "woshou-dante-" });
  const file = `${folder}/danted.conf`;
  await Deno.writeTextFile(
    file,
    `logoutput: stderr
internal: ${near} port = ${port}
external: ${far}
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: root
client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 command: connect udpassociate }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 command: udpreply }
`,
  );
  const stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  try {
    const args = ["-f", file, "-p", `${folder}/pid`];
    stack.use(await startProxy("danted", args, { hostname: near, port }));
    return stack;
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Starts a proxy; it is ready when something connects. */
async function startProxy(
  program: string,
  args: string[],
  addr: { readonly hostname: string; readonly port: number },
): Promise<AsyncDisposable> {
  const child = new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const proxy = {
    async [Symbol.asyncDispose]() {
      // dante ends its own processes when it is asked to.
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 5000);
      await child.status;
      clearTimeout(late);
    },
  };
  for (let attempts = 0; attempts < 200; attempts++) {
    try {
      (await Deno.connect(addr)).close();
      return proxy;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  await proxy[Symbol.asyncDispose]();
  throw new Error(`${program} does not listen`);
}
