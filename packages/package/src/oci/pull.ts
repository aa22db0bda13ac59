import { MalformedError } from "@skep/bpf";
import { tarFiles } from "../inputs/archive.ts";
import { gunzip } from "../inputs/gunzip.ts";
import { kindOfInput } from "../inputs/kind-of-input.ts";
import type { TransferError } from "../transfer-error.ts";
import { verifyDigest } from "./digest.ts";
import { type Descriptor, type Index, type Manifest, readManifest } from "./manifest.ts";
import { ELF_LAYER, PACKAGE_LAYERS, TAR_LAYERS, WASM_LAYERS } from "./media-types.ts";
import { isDigest, type Reference, referenceText } from "./reference.ts";
import { RegistryClient, type RegistryOptions } from "./registry-client.ts";

/** Where blobs are kept between runs, by digest. What it gives is verified. */
export interface BlobStore {
  get(digest: string): Uint8Array | undefined;
  put(digest: string, bytes: Uint8Array): void;
}

export interface PullOptions extends RegistryOptions {
  readonly store?: BlobStore;
  /** Which entry of a multi-architecture index, `amd64`, `arm64`. */
  readonly architecture?: string;
}

export interface Pulled {
  /** A package, a Wasm module or an object: its contents say which. */
  readonly bytes: Uint8Array;
  /** Of the manifest that names it. */
  readonly digest: string;
}

const MAX_BLOB_BYTES = 512 * 1024 * 1024;
const MAX_OBJECT_BYTES = 64 * 1024 * 1024;

/**
 * Fetches what can be run from a registry: packages and Wasm modules as `push` sends them, eunomia's Wasm modules, and
 * the object in Inspektor Gadget's and bpfman's images. What a tag means is asked for anew each time, so that a tag that has
 * moved is seen; what has a digest comes from the store where it has it, and a reference by digest then asks nobody.
 * @throws {TransferError} {MalformedError}
 */
export async function pullProgram(reference: Reference, options: PullOptions = {}): Promise<Pulled> {
  const client = new RegistryClient(reference, "pull", options);
  const { manifest, digest } = await findManifest(client, reference, options);
  const choice = choose(manifest, reference);
  const blob = await fetchBlob(client, choice.layer, options.store);
  return { bytes: choice.isImage ? await objectInImage(blob, reference) : blob, digest };
}

async function findManifest(
  client: RegistryClient,
  reference: Reference,
  options: PullOptions,
): Promise<{ readonly manifest: Manifest; readonly digest: string }> {
  const first = await fetchManifest(client, reference.digest ?? reference.tag, options.store);
  const outer = readManifest(first.bytes);
  if (outer.kind === "manifest") return { manifest: outer, digest: first.digest };
  const entry = entryFor(outer, options.architecture ?? hostArchitecture(), reference);
  const second = await fetchManifest(client, entry.digest, options.store);
  const inner = readManifest(second.bytes);
  if (inner.kind === "index") throw unsuitable(reference, "is an index of indexes");
  return { manifest: inner, digest: second.digest };
}

async function fetchManifest(
  client: RegistryClient,
  tagOrDigest: string,
  store: BlobStore | undefined,
): Promise<{ readonly bytes: Uint8Array; readonly digest: string }> {
  const kept = isDigest(tagOrDigest) ? store?.get(tagOrDigest) : undefined;
  if (kept !== undefined) {
    verifyDigest(kept, tagOrDigest, "the cached manifest");
    return { bytes: kept, digest: tagOrDigest };
  }
  const found = await client.manifest(tagOrDigest);
  store?.put(found.digest, found.bytes);
  return found;
}

function entryFor({ manifests }: Index, architecture: string, reference: Reference): Descriptor {
  const entry =
    manifests.find((candidate) => candidate.architecture === architecture) ??
    manifests.find((candidate) => candidate.architecture === undefined) ??
    (manifests.length === 1 ? manifests[0] : undefined);
  if (entry !== undefined) return entry;
  const others = manifests.map((candidate) => candidate.architecture ?? "?").join(", ");
  throw unsuitable(reference, `has nothing for ${architecture}, only for ${others}`);
}

/** Go's names of architectures, which registries use. */
function hostArchitecture(): string {
  const names: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };
  return names[process.arch] ?? process.arch;
}

function choose(
  manifest: Manifest,
  reference: Reference,
): { readonly layer: Descriptor; readonly isImage: boolean } {
  for (const types of [PACKAGE_LAYERS, WASM_LAYERS, [ELF_LAYER]]) {
    const layer = manifest.layers.find(({ mediaType }) => types.includes(mediaType));
    if (layer !== undefined) return { layer, isImage: false };
  }
  const [layer, ...more] = manifest.layers;
  if (layer === undefined || more.length > 0 || !TAR_LAYERS.includes(layer.mediaType))
    throw unsuitable(
      reference,
      `has no program in it (${manifest.layers.map((one) => one.mediaType).join(", ")})`,
    );
  return { layer, isImage: true };
}

async function fetchBlob(
  client: RegistryClient,
  layer: Descriptor,
  store: BlobStore | undefined,
): Promise<Uint8Array> {
  const kept = store?.get(layer.digest);
  if (kept !== undefined) {
    verifyDigest(kept, layer.digest, "the cached blob");
    return kept;
  }
  const bytes = await client.blob(layer, "the program", MAX_BLOB_BYTES);
  store?.put(layer.digest, bytes);
  return bytes;
}

/** bpfman's images have one layer, a tar archive with one object at its root. */
async function objectInImage(layer: Uint8Array, reference: Reference): Promise<Uint8Array> {
  const tar = kindOfInput(layer) === "gzip" ? gunzip(layer, "the image's layer", MAX_BLOB_BYTES) : layer;
  const files = await tarFiles(tar, (name) => /^[^/]+\.o$/.test(name));
  const objects = files.filter(
    ({ data }) => kindOfInput(data) === "object" && data.length <= MAX_OBJECT_BYTES,
  );
  const [object, ...more] = objects;
  if (object === undefined) throw unsuitable(reference, "is an ordinary image without an eBPF object");
  if (more.length > 0)
    throw unsuitable(reference, `has several objects: ${objects.map(({ name }) => name).join(", ")}`);
  return object.data;
}

function unsuitable(reference: Reference, problem: string): TransferError | MalformedError {
  return new MalformedError(
    `${referenceText(reference)} ${problem}`,
    "give a reference to an eBPF package or Wasm module",
  );
}
