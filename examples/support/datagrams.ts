/**
 * Carries the datagrams of one flow between a stack and a way out: a socket of the kernel's, or an association with a
 * proxy.
 *
 * @module
 */

import type { UdpFlowConn } from "../../mod.ts";
import { sameEnd } from "./socks5.ts";

/** Where a flow wants to go. */
export interface DatagramTarget {
  readonly hostname: string;
  readonly port: number;
}

/** A way out for the datagrams of one flow. */
export interface DatagramWay extends Disposable {
  /** Sends one to the target. */
  send(payload: Uint8Array): Promise<unknown>;
  /** Waits for the next one from the target, good until the next call; rejects when the way has ended. */
  receive(): Promise<Uint8Array>;
}

/** Hears why a datagram was dropped. */
export type DropCounter = (reason: string) => void;

/** Opens a way out. */
export type OpenWay = (
  target: DatagramTarget,
  drop: DropCounter,
  signal: AbortSignal,
) => Promise<DatagramWay>;

/** Datagrams that were carried, and what has ended the flow other than that nobody used it. */
export interface CarriedDatagrams {
  readonly there: number;
  readonly back: number;
  readonly error: unknown;
}

/** A datagram and a header of SOCKS5 fit. */
export const DATAGRAM_MAX_BYTES = 65_536;

/** A socket of the kernel's for what is sent to `hostname`. */
export function socketFor(hostname: string): Deno.DatagramConn {
  const any = hostname.includes(":") ? "::" : "0.0.0.0";
  return Deno.listenDatagram({ transport: "udp", hostname: any, port: 0 });
}

/** By the routes of the kernel. Only the target's own answers come back, as with a firewall (RFC 4787 section 5). */
// deno-lint-ignore require-await -- what is wrong is told by rejecting.
export const directDatagrams: OpenWay = async (target, drop) => {
  const socket = socketFor(target.hostname);
  const buffer = new Uint8Array(DATAGRAM_MAX_BYTES);
  const to = { transport: "udp", ...target } as const;
  return {
    send: (payload) => socket.send(payload, to),
    async receive() {
      for (;;) {
        const [payload, from] = await socket.receive(buffer);
        if (sameEnd(from as Deno.NetAddr, target)) return payload;
        drop("not from the target");
      }
    },
    [Symbol.dispose]: () => socket.close(),
  };
};

/** Carries until the flow or the way has ended, and closes both. What cannot be sent is dropped, as on any network. */
export async function relayDatagrams(
  near: UdpFlowConn,
  far: DatagramWay,
  drop: DropCounter,
): Promise<CarriedDatagrams> {
  let isOver = false;
  let error: unknown = null;
  const end = (reason: unknown) => {
    if (isOver) return;
    isOver = true;
    error = reason;
    near.close();
    far[Symbol.dispose]();
  };
  const dropUnlessOver = (reason: unknown) => {
    if (!isOver) drop(`not sent: ${reason instanceof Error ? reason.message : reason}`);
    return false;
  };
  let there = 0;
  let back = 0;
  const goThere = async () => {
    for await (const payload of near) {
      if (await far.send(payload).then(() => true, dropUnlessOver)) there++;
    }
  };
  const comeBack = async () => {
    while (!isOver) {
      const payload = await far.receive();
      if (await near.send(payload).then(() => true, dropUnlessOver)) back++;
    }
  };
  await Promise.all([goThere().then(() => end(null), end), comeBack().catch(end)]);
  return { there, back, error };
}
