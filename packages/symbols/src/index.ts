export type { SourceLine } from "./dwarf/line-table.ts";
export { BinaryCache } from "./elf/binary-cache.ts";
export type { Place } from "./elf/debug-files.ts";
export { KernelSymbols } from "./kernel/kernel-symbols.ts";
export {
  type FoundSymbol,
  type MissingReason,
  type MissingSymbol,
  type Symbolized,
  symbolName,
  symbolSource,
  symbolText,
} from "./symbolized.ts";
export { Symbolizer } from "./symbolizer.ts";
export { UserSymbols } from "./user/user-symbols.ts";
