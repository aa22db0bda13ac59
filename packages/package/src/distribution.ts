// What leads to and from other people: downloads, registries, signatures. An entry of its own, so that running a package
// that is already here loads none of it.
export { boundedFetch } from "./bounded-fetch.ts";
export { type FetchLimits, fetchInput } from "./inputs/fetch-input.ts";
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
  parseReference,
  type Reference,
  referenceText,
} from "./oci/reference.ts";
export { RegistryClient, type RegistryOptions } from "./oci/registry-client.ts";
export { packageSignatures, requirePackageSignature, signPackage } from "./signing/package-signature.ts";
export { keyName, privateKey, publicKey, type Signature } from "./signing/signature.ts";
export { requireWasmSignature, signWasm, wasmSignatures } from "./signing/wasm-signature.ts";
