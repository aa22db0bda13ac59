import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { InvalidArgumentError, MalformedError, PermissionError } from "@skep/bpf";
import { isJsonArray, isJsonObject, type Json, type JsonObject } from "../json.ts";

/** Who vouches for some content: an Ed25519 signature (RFC 8032), made and verified without any network. */
export interface Signature {
  /** SHA-256 of the public key's SubjectPublicKeyInfo, in hexadecimal: which key, not whose. */
  readonly key: string;
  /** 64 bytes. */
  readonly value: Uint8Array;
}

const MAX_SIGNATURES = 100;

/** @throws {InvalidArgumentError} when it is no Ed25519 private key in PEM */
export function privateKey(pem: string): KeyObject {
  const make = "make one with: openssl genpkey -algorithm ed25519 -out key.pem";
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    const locked = /ENCRYPTED/.test(pem);
    throw new InvalidArgumentError(
      locked ? "the private key has a passphrase" : "that is no private key in PEM",
      locked ? "take it off into a private file first: openssl pkey -in key.pem -out plain.pem" : make,
      { cause },
    );
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw new InvalidArgumentError(`the private key is ${key.asymmetricKeyType}, not ed25519`, make);
  return key;
}

/** @throws {InvalidArgumentError} when it is no Ed25519 public key in PEM */
export function publicKey(pem: string): KeyObject {
  const make = "make it with: openssl pkey -in key.pem -pubout -out pub.pem";
  if (/PRIVATE KEY/.test(pem))
    throw new InvalidArgumentError(
      "that is a private key: it belongs on no machine that only verifies",
      make,
    );
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new InvalidArgumentError("that is no public key in PEM", make, { cause });
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw new InvalidArgumentError(`the public key is ${key.asymmetricKeyType}, not ed25519`, make);
  return key;
}

/** The name of a key pair, from either half. */
export function keyName(key: KeyObject): string {
  const half = key.type === "private" ? createPublicKey(key) : key;
  return createHash("sha256")
    .update(half.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/** The signatures with that of a text added; one by the same key is replaced. */
export function withSignature(signatures: readonly Signature[], text: string, key: KeyObject): Signature[] {
  const name = keyName(key);
  const value = new Uint8Array(sign(null, Buffer.from(text), key));
  return [...signatures.filter((signature) => signature.key !== name), { key: name, value }];
}

/**
 * @param what names the content in messages
 * @throws {PermissionError} when nothing by this key fits the text
 */
export function requireSignature(
  text: string,
  signatures: readonly Signature[],
  key: KeyObject,
  what: string,
): void {
  const name = keyName(key);
  const own = signatures.filter((signature) => signature.key === name);
  if (own.some(({ value }) => verify(null, Buffer.from(text), key, value))) return;
  const others = [...new Set(signatures.map((signature) => signature.key.slice(0, 16)))];
  const problem =
    own.length > 0
      ? "was changed after it was signed"
      : others.length > 0
        ? `is signed by other keys (${others.join(", ")}), not by ${name.slice(0, 16)}`
        : "is not signed";
  throw new PermissionError(`${what} ${problem}`, "do not run it unless you know where it comes from");
}

/** `[{"algorithm": "ed25519", "key": "…", "signature": "base64"}]` */
export function signaturesJson(signatures: readonly Signature[]): JsonObject[] {
  return signatures.map(({ key, value }) => ({
    algorithm: "ed25519",
    key,
    signature: Buffer.from(value).toString("base64"),
  }));
}

/** Signatures of algorithms that are not known here are left out. @throws {MalformedError} */
export function readSignatures(json: Json | undefined): Signature[] {
  if (json === undefined) return [];
  if (!isJsonArray(json) || json.length > MAX_SIGNATURES) throw malformed();
  return json.flatMap((entry) => {
    if (!isJsonObject(entry) || typeof entry.algorithm !== "string") throw malformed();
    if (entry.algorithm !== "ed25519") return [];
    const { key, signature } = entry;
    if (typeof key !== "string" || !/^[0-9a-f]{64}$/.test(key) || typeof signature !== "string")
      throw malformed();
    return [{ key, value: new Uint8Array(Buffer.from(signature, "base64")) }];
  });
}

function malformed(): MalformedError {
  return new MalformedError("the signatures are damaged", "sign it again");
}
