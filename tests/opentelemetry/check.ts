// Run by tests/trace/metrics_test.ts with this folder's configuration: what the real OpenTelemetry collects of a stack,
// as JSON. The types must fit without a cast.
import { metrics } from "@opentelemetry/api";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { memoryPair, observeStack, open } from "../../mod.ts";

class Reader extends MetricReader {
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

const reader = new Reader();
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

const [a, b] = memoryPair();
const client = await open({ device: a, address: "10.1.0.1/24" });
const server = await open({ device: b, address: "10.1.0.2/24" });

/** The values by metric, with the attributes of each. */
async function collected() {
  const { resourceMetrics } = await reader.collect();
  return resourceMetrics.scopeMetrics.flatMap(({ scope, metrics }) =>
    metrics.map(({ descriptor, dataPoints }) => ({
      scope: scope.name,
      name: descriptor.name,
      unit: descriptor.unit,
      points: dataPoints.map(({ value, attributes }) => ({ value, attributes })),
    }))
  );
}

const observing = observeStack(server, metrics.getMeterProvider(), { stack: "server" });
const listener = server.listen({ hostname: "10.1.0.2", port: 7 });
const accepting = listener.accept();
const conn = await client.connect({ hostname: "10.1.0.2", port: 7 });
const accepted = await accepting;
await conn.write(new Uint8Array(1000));
await accepted.read(new Uint8Array(2000));
await client.connect({ hostname: "10.1.0.2", port: 8 }).catch(() => {});
const during = await collected();
observing[Symbol.dispose]();
await conn.write(new Uint8Array(500));
await accepted.read(new Uint8Array(2000));
const after = await collected();
console.log(JSON.stringify({ during, after }));
conn.close();
accepted.close();
await Promise.all([client.close(), server.close()]);
Deno.exit(0);
