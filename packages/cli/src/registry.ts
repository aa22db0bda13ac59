import { type Pulled, parseReference, pullProgram } from "@skep/package/distribution";
import { BlobCache } from "./blob-cache.ts";
import { type GivenCredentials, registryCredentials } from "./registry-credentials.ts";

export interface RegistryAccess extends GivenCredentials {
  /** Plain http with registries that are not on this machine. */
  readonly insecure?: boolean;
}

/** Fetches a program, as whoever the options or Docker's configuration say we are. @throws {TransferError} */
export async function pullFromRegistry(text: string, access: RegistryAccess): Promise<Pulled> {
  const reference = parseReference(text);
  return pullProgram(reference, { ...registryOptions(reference.registry, access), store: new BlobCache() });
}

export function registryOptions(
  registry: string,
  access: RegistryAccess,
): { readonly insecure: boolean; readonly credentials: ReturnType<typeof registryCredentials> } {
  return { insecure: access.insecure === true, credentials: registryCredentials(registry, access) };
}
