import { InvalidArgumentError } from "@skep/bpf";
import type { Input } from "../inputs/read-input.ts";
import type { JsonObject } from "../json.ts";
import type { Package } from "../package.ts";
import { packageSignatures } from "../signing/package-signature.ts";
import { type Signature, signaturesJson } from "../signing/signature.ts";
import { wasmSignatures } from "../signing/wasm-signature.ts";
import { writeJson } from "../write-json.ts";
import { digestOf } from "./digest.ts";
import { descriptorJson, OCI_MANIFEST } from "./manifest.ts";
import {
  ELF_LAYER,
  IMAGE_CONFIG,
  PACKAGE_ARTIFACT,
  PACKAGE_JSON,
  PACKAGE_TAR,
  PACKAGE_YAML,
  TITLE,
  WASM_CONFIG,
  WASM_LAYER,
} from "./media-types.ts";
import { objectLabels } from "./object-labels.ts";

/** What a registry is to hold: blobs, and the manifest that names them. */
export interface Artifact {
  readonly blobs: readonly Uint8Array[];
  readonly manifest: Uint8Array;
  readonly manifestType: string;
}

export interface ArtifactNotes {
  /** The file's name, which a later `pull` may tell. */
  readonly title: string;
  /** Annotations of the manifest. */
  readonly annotations: Readonly<Record<string, string>>;
}

interface Layer {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly title: string;
}

/** Signatures lie in the content; the copy in the manifest lets a registry's page tell who signed. */
const SIGNATURES = "dev.skep.signatures";

/**
 * Lays out what `push` sends. A Wasm module looks as eunomia's `ecli` leaves it. A package is one artifact with two
 * layers: the package as it is, and its ELF object by itself, where Inspektor Gadget's and bpfman's tools can look.
 * The same input gives the same bytes.
 * @param bytes the file as it was read, unpacked where it was a gzip file
 * @throws {InvalidArgumentError} for a C source {MalformedError}
 */
export function buildArtifact(input: Input, bytes: Uint8Array, notes: ArtifactNotes): Artifact {
  switch (input.kind) {
    case "wasm":
      return wasmArtifact(input.module, notes);
    case "object":
      return packageArtifact(input.package, [], notes);
    case "package": {
      const mediaType = input.form === "json" ? PACKAGE_JSON : PACKAGE_YAML;
      return packageArtifact(input.package, [{ mediaType, bytes, title: notes.title }], notes);
    }
    case "archive":
      return packageArtifact(
        input.archive.package,
        [{ mediaType: PACKAGE_TAR, bytes, title: notes.title }],
        notes,
      );
    case "source":
      throw new InvalidArgumentError(
        `${notes.title} is a C source: registries carry what runs`,
        "compile it first: skep compile FILE, then push the package.json",
      );
  }
}

function wasmArtifact(module: Uint8Array, notes: ArtifactNotes): Artifact {
  const config = new TextEncoder().encode("{}");
  const layer = { mediaType: WASM_LAYER, bytes: module, title: notes.title };
  return artifact({ mediaType: WASM_CONFIG, bytes: config }, [layer], notes, wasmSignatures(module));
}

function packageArtifact(content: Package, first: readonly Layer[], notes: ArtifactNotes): Artifact {
  const name = content.meta.bpf_skel.obj_name.replace(/_bpf$/, "") || notes.title.replace(/\..*$/s, "");
  const layers = [...first, { mediaType: ELF_LAYER, bytes: content.object, title: `${name}.bpf.o` }];
  const config = {
    // No machine runs it as it is: container engines shall not try.
    architecture: "unknown",
    config: { Labels: objectLabels(content.object) },
    os: "linux",
    rootfs: { diff_ids: layers.map(({ bytes }) => digestOf(bytes)), type: "layers" },
  };
  const described = { ...description(content), ...notes.annotations };
  return artifact(
    { mediaType: IMAGE_CONFIG, bytes: new TextEncoder().encode(writeJson(config)) },
    layers,
    { ...notes, annotations: described },
    packageSignatures(content),
    PACKAGE_ARTIFACT,
  );
}

/** What the source's doc comment says, under the names that registries show. */
function description({ meta }: Package): Record<string, string> {
  const doc = meta.bpf_skel.doc ?? {};
  const text = doc.brief ?? doc.description;
  return {
    ...(typeof text === "string" ? { "org.opencontainers.image.description": text } : {}),
    ...(typeof doc.version === "string" ? { "org.opencontainers.image.version": doc.version } : {}),
  };
}

function artifact(
  config: { readonly mediaType: string; readonly bytes: Uint8Array },
  layers: readonly Layer[],
  notes: ArtifactNotes,
  signatures: readonly Signature[],
  artifactType?: string,
): Artifact {
  const signed = signatures.length === 0 ? {} : { [SIGNATURES]: writeJson(signaturesJson(signatures)) };
  const annotations: JsonObject = { ...notes.annotations, ...signed };
  const manifest: JsonObject = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    ...(artifactType === undefined ? {} : { artifactType }),
    config: descriptorJson(config.mediaType, digestOf(config.bytes), config.bytes.length),
    layers: layers.map(({ mediaType, bytes, title }) =>
      descriptorJson(mediaType, digestOf(bytes), bytes.length, { [TITLE]: title }),
    ),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
  return {
    blobs: [config.bytes, ...layers.map(({ bytes }) => bytes)],
    manifest: new TextEncoder().encode(writeJson(manifest)),
    manifestType: OCI_MANIFEST,
  };
}
