export {
  type Json,
  type JsonLimits,
  type JsonObject,
  parseJson,
  parseJsonPrefix,
  parseJsonText,
  WholeFloat,
} from "./json.ts";
export type {
  DataSectionMeta,
  ExportMember,
  ExportType,
  MapMeta,
  Package,
  PackageMeta,
  ProgramMeta,
  Skeleton,
  VariableMeta,
} from "./package.ts";
export { type PackageLimits, readPackage } from "./read-package.ts";
export { sortedKeys, writeJson } from "./write-json.ts";
export { metaJson, writePackage } from "./write-package.ts";
