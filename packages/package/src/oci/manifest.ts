import { MalformedError } from "@skep/bpf";
import { isJsonArray, isJsonObject, type Json, type JsonObject, parseJson } from "../json.ts";
import { isDigest } from "./reference.ts";

export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const MANIFEST_TYPES: readonly string[] = [
  OCI_MANIFEST,
  "application/vnd.docker.distribution.manifest.v2+json",
];
export const INDEX_TYPES: readonly string[] = [
  OCI_INDEX,
  "application/vnd.docker.distribution.manifest.list.v2+json",
];

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly annotations: ReadonlyMap<string, string>;
  /** In an index: `amd64`, `arm64`. */
  readonly architecture: string | undefined;
}

export interface Manifest {
  readonly kind: "manifest";
  readonly artifactType: string | undefined;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: ReadonlyMap<string, string>;
}

export interface Index {
  readonly kind: "index";
  readonly manifests: readonly Descriptor[];
}

const MAX_DESCRIPTORS = 1000;

/** Reads an OCI or Docker manifest or index (image-spec). @throws {MalformedError} */
export function readManifest(bytes: Uint8Array): Manifest | Index {
  const json = parseJson(bytes, "the manifest", { maxDepth: 16 });
  if (!isJsonObject(json) || json.schemaVersion !== 2)
    throw malformed("is of no version that is known", "push the artifact again with a current tool");
  if (json.manifests !== undefined)
    return { kind: "index", manifests: list(json.manifests).map((entry) => descriptor(entry)) };
  return {
    kind: "manifest",
    artifactType: typeof json.artifactType === "string" ? json.artifactType : undefined,
    config: descriptor(json.config),
    layers: list(json.layers).map((layer) => descriptor(layer)),
    annotations: annotations(json.annotations),
  };
}

/** How a manifest refers to content of `size` bytes; `notes` are annotations. */
export function descriptorJson(
  mediaType: string,
  digest: string,
  size: number,
  notes: JsonObject = {},
): JsonObject {
  return { mediaType, digest, size, ...(Object.keys(notes).length === 0 ? {} : { annotations: notes }) };
}

function list(value: Json | undefined): readonly Json[] {
  if (!isJsonArray(value) || value.length > MAX_DESCRIPTORS)
    throw malformed("has no proper list of contents");
  return value;
}

function descriptor(value: Json | undefined): Descriptor {
  if (!isJsonObject(value)) throw malformed("has an entry that is no descriptor");
  const { mediaType, digest, size, platform } = value;
  if (typeof mediaType !== "string") throw malformed("has an entry without a media type");
  if (typeof digest !== "string" || !isDigest(digest))
    throw malformed("has an entry without a sha256 digest");
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw malformed("has an entry without a size");
  const architecture = isJsonObject(platform) ? platform.architecture : undefined;
  return {
    mediaType,
    digest,
    size,
    annotations: annotations(value.annotations),
    architecture: typeof architecture === "string" ? architecture : undefined,
  };
}

function annotations(value: Json | undefined): ReadonlyMap<string, string> {
  if (!isJsonObject(value)) return new Map();
  return new Map(
    Object.entries(value).flatMap(([key, text]) => (typeof text === "string" ? [[key, text]] : [])),
  );
}

function malformed(problem: string, next = "check that it is the right reference"): MalformedError {
  return new MalformedError(`the manifest ${problem}`, next);
}
