export { BinaryCache } from "./elf/binary-cache.ts";
export { KernelSymbols } from "./kernel/kernel-symbols.ts";
export {
  type FoundSymbol,
  type MissingReason,
  type MissingSymbol,
  type Symbolized,
  symbolName,
  symbolText,
} from "./symbolized.ts";
export { Symbolizer } from "./symbolizer.ts";
export { UserSymbols } from "./user/user-symbols.ts";
