import { assertEquals, assertRejects } from "@std/assert";
import { chargen } from "../../src/services/chargen.ts";
import { discard } from "../../src/services/discard.ts";
import { echo } from "../../src/services/echo.ts";
import { ACCEPT_FAILURES_MAX, serve, type ServiceConn } from "../../src/services/service.ts";

const quietConn: ServiceConn = {
  read: () => Promise.resolve(null),
  write: (bytes) => Promise.resolve(bytes.length),
  close: () => {},
};

/** A listener that gives these, one an `accept`, and is closed after them. */
function listenerOf(outcomes: (ServiceConn | Error)[]): { accept(): Promise<ServiceConn> } {
  let next = 0;
  return {
    accept() {
      const outcome = outcomes[next++] ?? new Deno.errors.BadResource("Listener has been closed");
      return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
    },
  };
}

Deno.test("serve goes on after a connection fails and ends when the listener closes", async () => {
  // Goal: one bad connection takes nothing from the others.
  let served = 0;
  const failures: unknown[] = [];
  const service = () => {
    served++;
    return served === 2 ? Promise.reject(new Error("second")) : Promise.resolve();
  };
  await serve(listenerOf([quietConn, quietConn, quietConn]), service, {
    onFailure: (error) => failures.push(error),
  });
  assertEquals(served, 3);
  assertEquals(failures.map(String), ["Error: second"]);
});

Deno.test("serve tries accept again after it fails", async () => {
  // Goal: want of descriptors is waited out.
  let served = 0;
  let pauses = 0;
  const trouble = new Error("Too many open files");
  await serve(listenerOf([trouble, quietConn, trouble, trouble, quietConn]), () => {
    served++;
    return Promise.resolve();
  }, { pause: () => Promise.resolve(void pauses++) });
  assertEquals([served, pauses], [2, 3]);
});

Deno.test("serve gives up a listener that only fails", async () => {
  // Goal: a dead stack does not leave a loop that spins for ever.
  const dead = Array.from({ length: ACCEPT_FAILURES_MAX }, () => new Error("dead"));
  await assertRejects(
    () => serve(listenerOf(dead), echo, { pause: () => Promise.resolve() }),
    Error,
    "dead",
  );
});

Deno.test("the services run on the kernel's connections", async () => {
  // Goal: Deno.TcpConn satisfies the interface, and close() of the listener ends serve().
  const services = [echo, discard, chargen];
  const listeners = services.map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const running = services.map((service, i) => serve(listeners[i], service));
  const [toEcho, toDiscard, toChargen] = await Promise.all(
    listeners.map((listener) => Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port })),
  );
  const answer = new Uint8Array(10);
  await toEcho.write(new TextEncoder().encode("hand"));
  assertEquals(await toEcho.read(answer), 4);
  assertEquals(new TextDecoder().decode(answer.subarray(0, 4)), "hand");
  await toDiscard.write(new Uint8Array(1000));
  await toDiscard.closeWrite();
  assertEquals(await toDiscard.read(answer), null);
  assertEquals(await toChargen.read(answer), 10);
  assertEquals(new TextDecoder().decode(answer), " !\"#$%&'()");
  for (const conn of [toEcho, toDiscard, toChargen]) conn.close();
  for (const listener of listeners) listener.close();
  await Promise.all(running);
});
