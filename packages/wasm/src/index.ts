export { GuestTrapError } from "./errors.ts";
export { isWasm } from "./is-wasm.ts";
export type { OnProblem } from "./on-problem.ts";
export { type RunWasmOptions, runWasm, type WasmRun } from "./run-wasm.ts";
