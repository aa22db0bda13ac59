export { boundedFetch } from "./bounded-fetch.ts";
export { exportTypeOf } from "./export-type-of.ts";
export { type Archive, btfFor, type KernelName, readArchive } from "./inputs/archive.ts";
export { type FetchLimits, fetchInput } from "./inputs/fetch-input.ts";
export { gunzip } from "./inputs/gunzip.ts";
export { type InputKind, kindOfInput, strangerName } from "./inputs/kind-of-input.ts";
export { type Input, packageOfObject, readInput } from "./inputs/read-input.ts";
export { parseYaml } from "./inputs/yaml-to-json.ts";
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
export { type Artifact, type ArtifactNotes, buildArtifact } from "./oci/artifact.ts";
export {
  type CredentialSource,
  type Credentials,
  credentialSource,
  parseDockerConfig,
  readHelperAnswer,
  withCredentials,
  withoutCredentials,
} from "./oci/credentials.ts";
export { digestOf, verifyDigest } from "./oci/digest.ts";
export { type BlobStore, type Pulled, type PullOptions, pullProgram } from "./oci/pull.ts";
export { pushArtifact } from "./oci/push.ts";
export {
  isLoopback,
  looksLikeReference,
  parseReference,
  type Reference,
  referenceText,
} from "./oci/reference.ts";
export { RegistryClient, type RegistryOptions } from "./oci/registry-client.ts";
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
export { packageSignatures, requirePackageSignature, signPackage } from "./signing/package-signature.ts";
export { keyName, privateKey, publicKey, type Signature } from "./signing/signature.ts";
export { requireWasmSignature, signWasm, wasmSignatures } from "./signing/wasm-signature.ts";
export { buildExportType, buildSkeleton, NO_NOTES, objectName, type SourceNotes } from "./skeleton.ts";
export { TransferError, type TransferProblem } from "./transfer-error.ts";
export { sortedKeys, writeJson } from "./write-json.ts";
export { metaJson, writePackage } from "./write-package.ts";
