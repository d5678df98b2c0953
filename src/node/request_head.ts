import type { RequestHead } from "./http_parser.ts";

/** What a server has to know of a request before it gives it away. */
export interface RequestFacts {
  /** The status of a request that is not to be answered otherwise; 0 for none. */
  readonly refused: number;
  /** The whole address. */
  readonly url: string;
  readonly hasBody: boolean;
  /** Whether the client waits for a 100 before it sends the body (RFC 9110 section 10.1.1). */
  readonly expectsContinue: boolean;
}

const VALID_HOST = /^[\w.\-~!$&'()*+,;=%]*(?::\d*)?$|^\[[\da-fA-F:.]+\](?::\d*)?$/;

/** Methods that a `Request` cannot have. */
const REFUSED_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", ""]);

/** Looks through the headers once. */
export function readRequestHead(head: RequestHead, scheme: string): RequestFacts {
  const { headers, method, target } = head;
  let host = "";
  let hosts = 0;
  let hasBody = false;
  let expectsContinue = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    switch (name.length) {
      case 4:
        if (name.toLowerCase() !== "host") break;
        host = headers[i + 1];
        hosts++;
        break;
      case 6:
        if (name.toLowerCase() !== "expect") break;
        expectsContinue = headers[i + 1].toLowerCase() === "100-continue";
        break;
      case 14:
        if (name.toLowerCase() === "content-length") hasBody ||= headers[i + 1] !== "0";
        break;
      case 17:
        if (name.toLowerCase() === "transfer-encoding") hasBody = true;
        break;
    }
  }
  // RFC 9112 section 3.2: exactly one, which HTTP/1.0 did not know.
  const isHosted = hosts === 1 || (hosts === 0 && head.minorVersion === 0);
  let refused = REFUSED_METHODS.has(method) ? 501 : 0;
  if (!isHosted || !VALID_HOST.test(host)) refused = 400;
  const url = urlOf(target, scheme, host === "" ? "localhost" : host);
  return {
    refused: refused === 0 && url === "" ? 400 : refused,
    url,
    hasBody,
    expectsContinue: expectsContinue && hasBody,
  };
}

/** The address that a request line asks for, in any of its forms (RFC 9112 section 3.2); empty for none. */
function urlOf(target: string, scheme: string, host: string): string {
  if (target.startsWith("/")) return `${scheme}://${host}${target}`;
  if (target === "*") return `${scheme}://${host}/*`;
  return /^https?:\/\//i.test(target) && URL.canParse(target) ? target : "";
}
