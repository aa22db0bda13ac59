import type { KeyObject } from "node:crypto";
import { digestOf } from "../oci/digest.ts";
import type { Package } from "../package.ts";
import { writeJson } from "../write-json.ts";
import { metaJson } from "../write-package.ts";
import {
  readSignatures,
  requireSignature,
  type Signature,
  signaturesJson,
  withSignature,
} from "./signature.ts";

/**
 * What is signed of a package: the object as it is loaded, and everything else of the document but the signatures.
 * Neither the compression of the object nor the document's notation (JSON or YAML, order, spaces) matters.
 */
function signedText(content: Package): string {
  const { signatures: _, ...rest } = content.extra;
  const description = writeJson({ ...rest, meta: metaJson(content.meta) });
  return [
    "skep signature 1: package",
    `object ${digestOf(content.object)}`,
    `description ${digestOf(new TextEncoder().encode(description))}`,
    "",
  ].join("\n");
}

/** The package with a signature added; one by the same key is replaced. */
export function signPackage(content: Package, key: KeyObject): Package {
  const signatures = signaturesJson(withSignature(packageSignatures(content), signedText(content), key));
  return { ...content, extra: { ...content.extra, signatures } };
}

/** @throws {MalformedError} */
export function packageSignatures(content: Package): Signature[] {
  return readSignatures(content.extra.signatures);
}

/** @throws {PermissionError} when the package is not signed by this key as it is */
export function requirePackageSignature(content: Package, key: KeyObject, what: string): void {
  requireSignature(signedText(content), packageSignatures(content), key, what);
}
