import { InvalidArgumentError } from "@skep/bpf";
import type { Artifact } from "./artifact.ts";
import type { Reference } from "./reference.ts";
import { RegistryClient, type RegistryOptions } from "./registry-client.ts";

/**
 * Sends an artifact to a registry and puts the tag on it.
 * @returns the manifest's digest
 * @throws {TransferError}
 */
export async function pushArtifact(
  artifact: Artifact,
  reference: Reference,
  options: RegistryOptions = {},
): Promise<string> {
  if (reference.digest !== undefined)
    throw new InvalidArgumentError(
      "a digest follows from the content and cannot be chosen",
      "give a tag: NAME:TAG",
    );
  const client = new RegistryClient(reference, "pull,push", options);
  for (const blob of artifact.blobs) await client.pushBlob(blob);
  return client.pushManifest(artifact.manifest, artifact.manifestType, reference.tag);
}
