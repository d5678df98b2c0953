// Prints the style sheet and the licence of the plotting library as JSON, for tools/page.ts.
const text = async (path) => await Deno.readTextFile(new URL(import.meta.resolve(path)));
console.log(JSON.stringify({
  style: await text("uplot/dist/uPlot.min.css"),
  licence: await text("uplot/LICENSE"),
}));
