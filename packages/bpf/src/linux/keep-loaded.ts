import { processMaps } from "./procfs.ts";

// <dlfcn.h> of glibc and musl.
const RTLD_LAZY = 1;
const RTLD_NOLOAD = 4;
const RTLD_NODELETE = 0x1000;

/**
 * Keeps koffi's code in memory for as long as the process lives. Node unloads it with the last thread that has used it, and only then
 * lets libuv finish closing that thread's poll handle, by a function that is in memory no more: a worker that ends, or is
 * terminated, would take the process with it.
 */
export function keepLoaded(koffi: typeof import("koffi")): void {
  const code = processMaps("self").find(({ path }) => /koffi[^/]*\.node$/.test(path));
  if (code === undefined) return;
  const dlopen = koffi.load(null).func("dlopen", "void *", ["str", "int"]);
  dlopen(code.path, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}
