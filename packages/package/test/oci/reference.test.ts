import { InvalidArgumentError } from "@skep/bpf";
import { looksLikeReference } from "@skep/package";
import { isLoopback, parseReference, referenceText } from "@skep/package/distribution";
import { describe, expect, it } from "vitest";

const DIGEST = `sha256:${"a1".repeat(32)}`;

describe("parseReference", () => {
  it.each([
    ["ghcr.io/owner/tool", "ghcr.io", "owner/tool", "latest"],
    ["ghcr.io/owner/tool:1.0", "ghcr.io", "owner/tool", "1.0"],
    ["oci://localhost/tool", "localhost", "tool", "latest"],
    ["localhost:5000/a/b/c:v1", "localhost:5000", "a/b/c", "v1"],
    ["[::1]:5000/x", "[::1]:5000", "x", "latest"],
    ["EXAMPLE.org/x__y.z-1:V_1", "example.org", "x__y.z-1", "V_1"],
    ["10.0.0.1/x", "10.0.0.1", "x", "latest"],
  ])("reads %s", (text, registry, repository, tag) => {
    expect(parseReference(text)).toEqual({ registry, repository, tag, digest: undefined });
  });

  it("reads digests, with a tag and without", () => {
    expect(parseReference(`ghcr.io/x@${DIGEST}`)).toMatchObject({ tag: "latest", digest: DIGEST });
    const both = parseReference(`ghcr.io/x:1@${DIGEST}`);
    expect(both).toMatchObject({ tag: "1", digest: DIGEST });
    expect(referenceText(both)).toBe(`ghcr.io/x@${DIGEST}`);
  });

  it.each([
    "",
    "tool",
    "owner/tool",
    "tool:latest",
    "ghcr.io/",
    "ghcr.io/Owner/tool",
    "ghcr.io/a//b",
    "ghcr.io/../etc/passwd",
    "ghcr.io/x:",
    "ghcr.io/x:a b",
    "ghcr.io/x:a/b",
    "ghcr.io/x@sha256:abc",
    `ghcr.io/x@sha512:${"a".repeat(128)}`,
    `ghcr.io/x@${DIGEST}@${DIGEST}`,
    "ghcr.io:port/x",
    "user@ghcr.io/x",
    "ghcr.io/x?y=z",
    `ghcr.io/${"a".repeat(300)}`,
    `${"a".repeat(100_000)}.io/x`,
  ])("refuses %j", (text) => {
    expect(() => parseReference(text)).toThrow(InvalidArgumentError);
  });
});

describe("looksLikeReference", () => {
  it.each(["ghcr.io/x/y", "localhost/x", "host:5000/x", "127.0.0.1:5000/x:1", "oci://x"])(
    "takes %s for one",
    (text) => {
      expect(looksLikeReference(text)).toBe(true);
    },
  );
  it.each([
    "opensnoop",
    "build/package.json",
    "./x",
    "../x",
    "/x/y",
    "a/b",
    "x:1",
    "-",
    "",
    "x.json",
    "..",
    "ghcr.io",
  ])("takes %j for none", (text) => {
    expect(looksLikeReference(text)).toBe(false);
  });
});

describe("isLoopback", () => {
  it.each(["localhost", "localhost:5000", "127.0.0.1", "127.1.2.3:80", "[::1]:5000"])(
    "is true of %s",
    (host) => {
      expect(isLoopback(host)).toBe(true);
    },
  );
  it.each(["localhost.example.org", "127.0.0.1.example.org", "128.0.0.1", "ghcr.io"])(
    "is false of %s",
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});
