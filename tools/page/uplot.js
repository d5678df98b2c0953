// What is bundled as src/page/made/uplot.js; this folder has a lock of its own.
export { default } from "uplot";
