export { defaultBtfhub, type KernelTypes, pruneForKernels } from "./btfhub.ts";
export { type CompiledPackage, type CompileOptions, compilePackage } from "./compile-package.ts";
export { CompileError } from "./errors.ts";
export { type Clang, findClang, OLDEST_CLANG } from "./find-clang.ts";
export { TemporaryDirectory } from "./temporary-directory.ts";
export { type HeaderPlaces, vmlinuxHeaderDirectory } from "./vmlinux-header.ts";
export { wasmHeader } from "./wasm-header.ts";
export { checkOutputs, type OutputOptions, writeOutputs } from "./write-outputs.ts";
