export { type Flag, type FlagShape, flagsOf, type VariableNotes } from "./arguments/flags.ts";
export { didYouMean } from "./arguments/near-option.ts";
export { type Candidate, type Candidates, toolCandidates } from "./arguments/tool-candidates.ts";
export type { RunResult } from "./attend.ts";
export { ExitCode, type Explanation, explain } from "./explain.ts";
export { type RunOptions, runPackage } from "./run-package.ts";
export { Stop } from "./stop.ts";
export { readTool, type Tool } from "./tool.ts";
export { UsageError } from "./usage-error.ts";
