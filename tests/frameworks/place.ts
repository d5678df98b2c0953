/** A stack on a TUN with the kernel's programs as its clients, and a certificate for it. */

import { open, type Stack } from "../../mod.ts";
import { runWell } from "../support/process.ts";

export const STACK = "10.78.0.2";
export const HOST = "10.78.0.1";

/** What the tests of this folder share. */
export interface Place extends AsyncDisposable {
  readonly net: Stack;
  readonly cert: string;
  readonly key: string;
  /** The certificate's file, for clients that check it. */
  readonly certPath: string;
}

let opened = 0;

export async function openPlace(): Promise<Place> {
  const folder = await Deno.makeTempDir({ prefix: "woshou-frameworks-" });
  const [certPath, keyPath] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  const subject = ["-subj", "/CN=stack", "-addext", `subjectAltName=IP:${STACK}`, "-days", "2"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const files = ["-keyout", keyPath, "-out", certPath];
  await runWell("openssl", ["req", "-x509", ...key, ...files, ...subject]);
  const net = await open({
    device: `wsframe${opened++}`,
    address: `${STACK}/24`,
    hostAddress: `${HOST}/24`,
    pipeline: "fused",
  });
  return {
    net,
    certPath,
    cert: await Deno.readTextFile(certPath),
    key: await Deno.readTextFile(keyPath),
    async [Symbol.asyncDispose]() {
      await net.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** What curl prints; a response that is no success fails. */
export function curl(...args: string[]): Promise<string> {
  return runWell("curl", ["--silent", "--show-error", "--fail", "--max-time", "15", ...args]);
}

/** What comes back when curl posts so many bytes. */
export function curlPost(bytes: number, ...args: string[]): Promise<string> {
  const all = ["--silent", "--show-error", "--fail", "--max-time", "15", ...args];
  return runWell("curl", [...all, "--data-binary", "@-"], { input: "x".repeat(bytes) });
}

/** Requests per second by wrk, which must see no error. */
export async function wrk(url: string): Promise<number> {
  const text = await runWell("wrk", ["-t1", "-c16", "-d1", url]);
  const errors = /Socket errors.*|Non-2xx.*/.exec(text);
  if (errors !== null) throw new Error(`wrk ${url}: ${errors[0]}`);
  return Number(/Requests\/sec:\s*([\d.]+)/.exec(text)![1]);
}

/** The first lines that openssl's client gets over TLS. */
export function tlsClient(place: Place, port: number, text: string): Promise<string> {
  const check = ["-CAfile", place.certPath, "-verify_return_error", "-quiet", "-ign_eof"];
  return runWell("openssl", ["s_client", "-connect", `${STACK}:${port}`, ...check], {
    input: text,
  });
}
