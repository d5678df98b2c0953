// Fast Open and SYN cookies with the kernel on the other side.
import { assert, assertEquals } from "@std/assert";
import type { Stack } from "../../mod.ts";
import { testNeeding } from "../support/skip.ts";
import { HOST, openStack } from "../support/stack.ts";

const KEY = "01020304-05060708-090a0b0c-0d0e0f10";
const OWN = "10.7.0.2";
const QUESTIONS = 3;

/** Has Python ask the stack so many questions, with MSG_FASTOPEN; returns the answers. */
const CLIENT = `
import socket
for i in range(${QUESTIONS}):
    s = socket.socket()
    s.sendto(b'question', socket.MSG_FASTOPEN, ('${OWN}', 80))
    print(s.recv(100).decode())
    s.close()
`;

/** Has Python answer so many questions on port 81 of the kernel, with TCP_FASTOPEN. */
const SERVER = `
import socket
l = socket.socket()
l.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
l.bind(('${HOST}', 81))
l.listen(5)
print('ready', flush=True)
for i in range(${QUESTIONS}):
    c, _ = l.accept()
    print(c.recv(100).decode())
    c.send(b'answer')
    c.close()
`;

function python(program: string): Deno.ChildProcess {
  return new Deno.Command("python3", { args: ["-c", program], stdout: "piped" }).spawn();
}

async function useFastOpen(): Promise<void> {
  for (const setting of ["tcp_fastopen=3", `tcp_fastopen_key=${KEY}`]) {
    const args = ["-q", "-w", `net.ipv4.${setting}`];
    const { success } = await new Deno.Command("sysctl", { args }).output();
    assert(success, setting);
  }
}

/** Answers questions; returns for each whether its SYN has brought it. */
async function serve(net: Stack, options: { tcpFastOpen?: number }): Promise<boolean[]> {
  using listener = net.listen({ port: 80, ...options });
  const early: boolean[] = [];
  const buffer = new Uint8Array(100);
  for (let i = 0; i < QUESTIONS; i++) {
    using conn = await listener.accept();
    const count = await conn.read(buffer);
    assertEquals(new TextDecoder().decode(buffer.subarray(0, count!)), "question");
    early.push(conn.info().fastOpen);
    await conn.write(new TextEncoder().encode("answer"));
  }
  return early;
}

testNeeding(
  { tun: true, programs: ["python3", "sysctl"] },
  "e2e: the kernel's client opens fast",
  async () => {
    // Goal: a cookie with the first connection, data in the SYN with all others.
    await useFastOpen();
    await using net = await openStack({ device: "wsfst0", pipeline: "inline", offload: false });
    const serving = serve(net, { tcpFastOpen: 5 });
    const client = python(CLIENT);
    assertEquals(await serving, [false, true, true]);
    const { stdout } = await client.output();
    assertEquals(new TextDecoder().decode(stdout), "answer\n".repeat(QUESTIONS));
  },
);

testNeeding(
  { tun: true, programs: ["python3", "sysctl"] },
  "e2e: the kernel's server is opened fast",
  async () => {
    await useFastOpen();
    await using net = await openStack({ device: "wsfst0", pipeline: "inline", offload: false });
    const server = python(SERVER);
    const output = server.stdout.getReader();
    await output.read();
    const early: boolean[] = [];
    for (let i = 0; i < QUESTIONS; i++) {
      const fastOpen = new TextEncoder().encode("question");
      using conn = await net.connect({ hostname: HOST, port: 81, fastOpen });
      const buffer = new Uint8Array(100);
      const count = await conn.read(buffer);
      assertEquals(new TextDecoder().decode(buffer.subarray(0, count!)), "answer");
      early.push(conn.info().fastOpen);
    }
    assertEquals(early, [false, true, true]);
    await output.cancel();
    await server.status;
  },
);

testNeeding(
  { tun: true, programs: ["python3", "sysctl"] },
  "e2e: the kernel's client brings SYN cookies back",
  async () => {
    // Goal: window scale, SACK and timestamps survive although nothing was remembered of the SYN.
    await using net = await openStack({
      device: "wsfst0",
      pipeline: "inline",
      offload: false,
      tcp: { synCookies: "always" },
    });
    using listener = net.listen({ port: 80 });
    const connecting = Deno.connect({ hostname: OWN, port: 80 });
    using conn = await listener.accept();
    using _kernel = await connecting;
    const info = conn.info();
    assert(info.timestamps && info.sack && info.windowScale !== null);
    assertEquals([info.mssSendBytes, net.stats().counters.synCookiesReceived], [1448, 1]);
  },
);
