export type { Instruction } from "./asm/instruction.ts";
export { Btf } from "./btf/btf.ts";
export { BtfBuilder } from "./btf/builder.ts";
export { declaration, type PrintCOptions, printC, printTypeName, withoutQualifiers } from "./btf/print-c.ts";
export { type Keep, type PrunedBtf, type PrunedObjectBtf, pruneBtf, pruneObjectBtf } from "./btf/prune.ts";
export * from "./btf/types.ts";
export { readElf } from "./elf/read-elf.ts";
export {
  BpfError,
  ClosedError,
  InvalidArgumentError,
  MalformedError,
  NotFoundError,
  NotImplementedError,
  PermissionError,
  RelocationError,
  SyscallError,
  UnsupportedError,
  VerifierError,
} from "./errors.ts";
export * from "./spec/map-types.ts";
export type * from "./spec/object-spec.ts";
export { readSpec } from "./spec/read-spec.ts";
