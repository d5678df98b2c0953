/** One direction of a link between two nodes. */
export interface Edge {
  readonly from: number;
  readonly to: number;
}

/** No way leads there. */
export const NO_ROUTE = -1;

/**
 * Which edge leads from each node towards each destination on a way with the fewest hops; among equals that
 * whose edges were made first. Frames pass through routers only, so the ways do too.
 *
 * Returns for destination `d` (an index into `destinations`) and node `n` the edge at `[d][n]`, or
 * {@link NO_ROUTE}.
 */
export function shortestRoutes(
  edges: readonly Edge[],
  isRouter: readonly boolean[],
  destinations: readonly number[],
): Int32Array[] {
  const into: number[][] = isRouter.map(() => []);
  edges.forEach((edge, index) => into[edge.to].push(index));
  return destinations.map((destination) => {
    const next = new Int32Array(isRouter.length).fill(NO_ROUTE);
    const reached = [destination];
    for (const node of reached) {
      if (node !== destination && !isRouter[node]) continue;
      for (const index of into[node]) {
        const { from } = edges[index];
        if (from === destination || next[from] !== NO_ROUTE) continue;
        next[from] = index;
        reached.push(from);
      }
    }
    return next;
  });
}
