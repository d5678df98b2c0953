import { assertEquals } from "@std/assert";
import { NO_ROUTE, shortestRoutes } from "../../src/device/routes.ts";

Deno.test("routes: hosts pass nothing on", () => {
  // Goal: 0 - 1 - 2 in a row, where 1 is a router once and a host once.
  const edges = [{ from: 0, to: 1 }, { from: 1, to: 0 }, { from: 1, to: 2 }, { from: 2, to: 1 }];
  assertEquals([...shortestRoutes(edges, [false, true, false], [2])[0]], [0, 2, NO_ROUTE]);
  assertEquals([...shortestRoutes(edges, [false, false, false], [2])[0]], [NO_ROUTE, 2, NO_ROUTE]);
});

Deno.test("routes: of equal ways the one made first, and the shorter one of two", () => {
  // Goal: 0 to 3 by 1 or by 2; and 0 to 1 directly although 0 - 2 - 3 - 1 leads there too.
  const both = (from: number, to: number) => [{ from, to }, { from: to, to: from }];
  const edges = [...both(0, 1), ...both(0, 2), ...both(1, 3), ...both(2, 3)];
  const [toThree, toOne] = shortestRoutes(edges, [true, true, true, true], [3, 1]);
  assertEquals(edges[toThree[0]], { from: 0, to: 1 });
  assertEquals(edges[toThree[2]], { from: 2, to: 3 });
  assertEquals(edges[toOne[0]], { from: 0, to: 1 });
  assertEquals(toOne[1], NO_ROUTE);
});
