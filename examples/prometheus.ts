/**
 * A stack whose metrics Prometheus can scrape over the stack itself: `deno run --allow-ffi examples/prometheus.ts`, and
 * then `curl http://10.7.0.2:9464/metrics`.
 */

import { type Metric, open, stackMetrics, type StackStats } from "../mod.ts";
import { echo } from "../src/services/echo.ts";
import { serve } from "../src/services/service.ts";

/** The port that OpenTelemetry's exporter for Prometheus uses too. */
const PORT = 9464;
const ECHO_PORT = 7;

/** The units of metrics as Prometheus has them at the end of names; others are left out. */
const SUFFIXES: Readonly<Record<string, string>> = { By: "_bytes" };

/** The text format, version 0.0.4, of what `stats()` gives. */
export function prometheusText(stats: StackStats): string {
  return stackMetrics(stats).map(metricText).join("");
}

function metricText({ name, kind, unit, description, points }: Metric): string {
  const base = name.replaceAll(".", "_");
  const suffix = SUFFIXES[unit] ?? "";
  const united = base.includes(suffix) ? base : base + suffix;
  const full = kind === "counter" ? `${united}_total` : united;
  const lines = points.map(({ value, attributes }) => {
    const labels = Object.entries(attributes).map(([key, text]) => `${key}="${escaped(text)}"`);
    return `${full}${labels.length === 0 ? "" : `{${labels.join(",")}}`} ${value}\n`;
  });
  return `# HELP ${full} ${description}\n# TYPE ${full} ${kind}\n${lines.join("")}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** Answers scrapes. */
export function answerScrape(request: Request, stats: () => StackStats): Response {
  if (new URL(request.url).pathname !== "/metrics") {
    return new Response("There is /metrics\n", { status: 404 });
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("Only GET and HEAD\n", { status: 405 });
  }
  const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
  return new Response(prometheusText(stats()), { headers });
}

if (import.meta.main) {
  await using net = await open({ address: "10.7.0.2/24", hostAddress: "10.7.0.1/24" });
  void serve(net.listen({ port: ECHO_PORT }), echo);
  const onListen = () =>
    console.log(`http://10.7.0.2:${PORT}/metrics, and echo on port ${ECHO_PORT}`);
  const handler = (request: Request) => answerScrape(request, () => net.stats());
  await net.serve({ port: PORT, onListen }, handler).finished;
}
