/**
 * Tests that a machine may be unable to run. A skipped test stays visible: it is registered as ignored
 * with its reason in its name, and `deno task test` lists the reasons at the end.
 */

import { SKIP_MARK } from "../../tools/test_report.ts";
import { inNamespace, program } from "./namespace.ts";

/**
 * Why a test is skipped. `missing`: the machine lacks something that CI must have (a TUN, a program),
 * so with `CI=true` the skip is a failure. `long`: it belongs to `deno task test:long`. `platform`: the
 * kernel or the processor cannot do it and no installation would help.
 */
export type SkipKind = "missing" | "long" | "platform";

/** What a test needs of the machine. */
export interface Needs {
  /** A network namespace of the test's own in which it may open and configure TUN devices. */
  readonly tun?: boolean;
  /** Programs that must be on the search path. */
  readonly programs?: readonly string[];
}

/** Whether the long campaigns run (`deno task test:long`). */
export const isLong: boolean = Deno.env.get("WOSHOU_LONG") === "1";

/** What becomes of a skip: in CI one for want of something that CI must have fails. */
export function skipOutcome(kind: SkipKind, isCi: boolean): "ignored" | "failed" {
  return kind === "missing" && isCi ? "failed" : "ignored";
}

/** Registers `name` as a test that cannot run here, and says why. */
export function skip(name: string, reason: string, kind: SkipKind = "missing"): void {
  console.log(`skipped: ${name}: ${reason}`);
  if (skipOutcome(kind, Deno.env.get("CI") === "true") === "ignored") {
    Deno.test({ name: `${name}${SKIP_MARK}${reason}]`, ignore: true, fn: () => {} });
    return;
  }
  Deno.test(name, () => {
    throw new Error(`Cannot run with CI=true, where nothing may be missing: ${reason}`);
  });
}

/** The first need that this machine does not meet, in words, or null. */
export function unmetNeed(needs: Needs): string | null {
  if (needs.tun === true && !inNamespace().tun) return inNamespace().reason;
  const missing = (needs.programs ?? []).filter((name) => !program(name));
  return missing.length === 0 ? null : `not installed: ${missing.join(", ")}`;
}

/** Registers a test, or its skip where the machine does not have what it needs. */
export function testNeeding(
  needs: Needs,
  name: string,
  fn: (context: Deno.TestContext) => void | Promise<void>,
): void {
  const unmet = unmetNeed(needs);
  if (unmet === null) Deno.test(name, fn);
  else skip(name, unmet);
}

/** Registers a test of the long campaigns, which run under `deno task test:long` only. */
export function longTest(
  name: string,
  fn: (context: Deno.TestContext) => void | Promise<void>,
): void {
  if (isLong) Deno.test(name, fn);
  else skip(name, "a long campaign; deno task test:long runs it", "long");
}
