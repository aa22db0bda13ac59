export { exportTypeOf } from "./export-type-of.ts";
export {
  isJsonArray,
  isJsonObject,
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
export { buildExportType, buildSkeleton, NO_NOTES, objectName, type SourceNotes } from "./skeleton.ts";
export { sortedKeys, writeJson } from "./write-json.ts";
export { metaJson, writePackage } from "./write-package.ts";
