import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "@skep/package";
import { type BlobStore, digestOf } from "@skep/package/distribution";
import { writePrivateFile } from "./replace-file.ts";

/** What came from registries, by digest, under `cacheDirectory()`. A file that was changed is fetched again. */
export class BlobCache implements BlobStore {
  readonly #directory = join(cacheDirectory(), "blobs", "sha256");

  get(digest: string): Uint8Array | undefined {
    const path = this.#path(digest);
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(path);
    } catch {
      return undefined;
    }
    if (digestOf(bytes) === digest) return bytes;
    rmSync(path, { force: true });
    return undefined;
  }

  /** A cache that cannot be written only costs the next run some time. */
  put(digest: string, bytes: Uint8Array): void {
    try {
      writePrivateFile(this.#path(digest), bytes);
    } catch {
      // A full disk, a read-only home: nothing that has to stop a run.
    }
  }

  #path(digest: string): string {
    return join(this.#directory, digest.slice("sha256:".length));
  }
}
