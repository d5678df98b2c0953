/**
 * The style rules of the project as functions from files to findings. tests/tidy_test.ts holds the
 * project to them; tests/tools/tidy/ shows that each can fail.
 */

export { type Finding, findingText, readProject, type Source } from "./tidy/source.ts";
export { importCycles, importOrder, LAYERS } from "./tidy/imports.ts";
export { bigIntegers, impureNames, looseTypes, systemAccess } from "./tidy/names.ts";
export { FILE_LINES_MAX, fileSizes, FUNCTION_LINES_MAX, functionSizes } from "./tidy/sizes.ts";
export {
  brokenLinks,
  leftovers,
  machinePaths,
  mirroredTests,
  registryHosts,
  testCommand,
} from "./tidy/texts.ts";
