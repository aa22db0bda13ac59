export { ExitCode, type Explanation, explain } from "./explain.ts";
export { type Flag, type FlagShape, flagsOf, type VariableNotes } from "./flags.ts";
export { type RunOptions, type RunResult, runPackage } from "./run-package.ts";
export { Stop } from "./stop.ts";
export { UsageError } from "./usage-error.ts";
