export { GuestTrapError } from "./errors.ts";
export { type RunWasmOptions, runWasm, type WasmRun } from "./run-wasm.ts";
export { isWasm } from "./wasm-module.ts";
