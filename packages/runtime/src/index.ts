export type { RunResult } from "./attend.ts";
export { ExitCode, type Explanation, explain } from "./explain.ts";
export { type Flag, type FlagShape, flagsOf, type VariableNotes } from "./flags.ts";
export { didYouMean } from "./near-option.ts";
export { type RunOptions, runPackage } from "./run-package.ts";
export { Stop } from "./stop.ts";
export { readTool, type Tool } from "./tool.ts";
export { type Candidate, type Candidates, toolCandidates } from "./tool-candidates.ts";
export { UsageError } from "./usage-error.ts";
