import { generateKeyPairSync } from "node:crypto";
import { InvalidArgumentError, MalformedError, PermissionError } from "@skep/bpf";
import { readPackage, writePackage } from "@skep/package";
import {
  packageSignatures,
  privateKey,
  publicKey,
  requirePackageSignature,
  requireWasmSignature,
  signPackage,
  signWasm,
  wasmSignatures,
} from "@skep/package/distribution";
import { describe, expect, it } from "vitest";
import { validateLikeEunomia } from "../eunomia-schema.ts";
import { samplePackage } from "../sample-package.ts";

function keys() {
  const pair = generateKeyPairSync("ed25519");
  return {
    secret: privateKey(pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString()),
    open: publicKey(pair.publicKey.export({ type: "spki", format: "pem" }).toString()),
  };
}
/** What Node itself says. Its types come with those of browsers only. */
function isModule(bytes: Uint8Array): boolean {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { validate(bytes: Uint8Array): boolean } };
  return WebAssembly.validate(bytes);
}
const ours = keys();
const theirs = keys();

describe("signed packages", () => {
  const signed = readPackage(writePackage(signPackage(samplePackage(), ours.secret)));
  const check = (content = signed, key = ours.open) => requirePackageSignature(content, key, "it");

  it("are known by the key, and by no other", () => {
    expect(() => check()).not.toThrow();
    expect(() => check(signed, theirs.open)).toThrow(/is signed by other keys/);
    expect(() => check(samplePackage())).toThrow(/is not signed/);
  });

  it("are read by those who know nothing of signatures", () => {
    validateLikeEunomia(
      JSON.parse(
        new TextDecoder().decode(writePackage(signPackage(samplePackage(), ours.secret))),
        (key, value) => (key === "default" ? 1 : value),
      ),
    );
  });

  it("do not care how the object is compressed", () => {
    const { compressed: _, ...again } = signed;
    expect(() => check(readPackage(writePackage(again)))).not.toThrow();
  });

  it("keep a signature for each key", () => {
    const both = signPackage(signPackage(signed, theirs.secret), ours.secret);
    expect(packageSignatures(both)).toHaveLength(2);
    expect(() => check(both, theirs.open)).not.toThrow();
    expect(() => check(both)).not.toThrow();
  });

  it.each<[string, typeof signed]>([
    ["object", { ...signed, object: Uint8Array.of(...signed.object, 0) }],
    ["description", { ...signed, meta: { ...signed.meta, eunomia_version: "0.3.5" } }],
    ["attachment", { ...signed, meta: { ...signed.meta, bpf_skel: { ...signed.meta.bpf_skel, progs: [] } } }],
    ["rest", { ...signed, extra: { ...signed.extra, more: 1 } }],
  ])("are refused when the %s was changed", (_what, content) => {
    expect(() => check(content)).toThrow(PermissionError);
    expect(() => check(content)).toThrow(/was changed after it was signed/);
  });

  it.each<[string, unknown]>([
    ["text", "x"],
    ["a list of numbers", [1]],
    ["a key that is none", [{ algorithm: "ed25519", key: "../x", signature: "" }]],
    ["too many", Array(101).fill({ algorithm: "x" })],
  ])("with %s for signatures are damaged", (_what, signatures) => {
    expect(() => check({ ...signed, extra: { signatures: signatures as never } })).toThrow(MalformedError);
  });

  it("may have signatures of kinds that are not known yet", () => {
    const known = signed.extra.signatures as readonly object[];
    const more = { ...signed, extra: { signatures: [{ algorithm: "ml-dsa-65", x: 1 }, ...known] as never } };
    expect(() => check(more)).not.toThrow();
  });
});

describe("signed Wasm modules", () => {
  const module = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0);
  const signed = signWasm(module, ours.secret);

  it("are still modules, and known by the key", () => {
    expect(isModule(signed)).toBe(true);
    expect(() => requireWasmSignature(signed, ours.open, "it")).not.toThrow();
    expect(() => requireWasmSignature(signed, theirs.open, "it")).toThrow(PermissionError);
    expect(() => requireWasmSignature(module, ours.open, "it")).toThrow(/is not signed/);
    const both = signWasm(signWasm(signed, theirs.secret), ours.secret);
    expect(wasmSignatures(both)).toHaveLength(2);
    expect(() => requireWasmSignature(both, theirs.open, "it")).not.toThrow();
  });

  it("are refused when anything was changed or added", () => {
    for (let at = 8; at < module.length; at++) {
      const changed = signed.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => requireWasmSignature(changed, ours.open, "it")).toThrow();
    }
    const added = Uint8Array.of(...signed, 0, 2, 1, 0x78);
    expect(() => requireWasmSignature(added, ours.open, "it")).toThrow(/is not signed/);
  });

  it("that are cut off are damaged", () => {
    for (let length = 9; length < signed.length; length++) {
      if (length === module.length) continue;
      expect(() => requireWasmSignature(signed.subarray(0, length), ours.open, "it")).toThrow(MalformedError);
    }
  });
});

describe("keys", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
  it("are Ed25519, and the private half stays at home", () => {
    const pem = ours.secret.export({ type: "pkcs8", format: "pem" }).toString();
    const locked = ours.secret
      .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
      .toString();
    expect(() => publicKey(pem)).toThrow(/that is a private key/);
    expect(() => privateKey(locked)).toThrow(/has a passphrase/);
    expect(() => privateKey(rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString())).toThrow(
      /is rsa/,
    );
    expect(() => publicKey(rsa.publicKey.export({ type: "spki", format: "pem" }).toString())).toThrow(
      /is rsa/,
    );
    for (const read of [privateKey, publicKey]) expect(() => read("hello")).toThrow(InvalidArgumentError);
  });
});
