/** A server that runs already, as commands reach it: over HTTP, by the page that it serves. */

import { UsageError } from "./command.ts";

/** The server that is meant when none is named. */
export const DEFAULT_URL = "http://10.7.0.2/";

/** Where a server has something of that name; an address alone is enough to name the server. */
export function serverUrl(text: string, name: string): URL {
  const isUrl = /^[a-z]+:\/\//i.test(text);
  const bracketed = /^[0-9a-f:]*:[0-9a-f:]*$/i.test(text) && text.split(":").length > 2;
  const whole = isUrl ? text : `http://${bracketed ? `[${text}]` : text}/`;
  try {
    return new URL(name, whole);
  } catch {
    throw new UsageError(`"${text}" is neither a URL nor an address`);
  }
}

/** Asks a server. Throws an `Error` that says that none answers; what permissions say stays as it is. */
export async function ask(url: URL, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { signal });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${url}: no server answers there (${reason})`);
  }
}
