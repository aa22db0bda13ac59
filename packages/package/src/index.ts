export { editDistance } from "./edit-distance.ts";
export { cacheDirectory, homeDirectory } from "./home-directory.ts";
export {
  type Archive,
  btfFor,
  type KernelName,
  readArchive,
  type TarFile,
  tarFiles,
} from "./inputs/archive.ts";
export { gunzip } from "./inputs/gunzip.ts";
export { type InputKind, kindOfInput, strangerName } from "./inputs/kind-of-input.ts";
export { readBoundedFile, readToEnd } from "./inputs/read-bounded-file.ts";
export { type Input, packageOfObject, readInput } from "./inputs/read-input.ts";
export { readYamlPackage } from "./inputs/read-yaml-package.ts";
export { writeArchive } from "./inputs/write-archive.ts";
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
export { looksLikeReference } from "./oci/reference.ts";
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
export { type PackageLimits, packageOf, readPackage } from "./read-package.ts";
export { buildExportType, buildSkeleton, NO_NOTES, objectName, type SourceNotes } from "./skeleton.ts";
export { TransferError, type TransferProblem } from "./transfer-error.ts";
export {
  readView,
  VIEW_TIME,
  type ViewColumn,
  type ViewCondition,
  type ViewField,
  type ViewProblem,
  type ViewRow,
  type ViewText,
  viewMembers,
} from "./view-text.ts";
export { sortedKeys, writeJson } from "./write-json.ts";
export { metaJson, writePackage } from "./write-package.ts";
