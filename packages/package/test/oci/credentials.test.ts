import { MalformedError } from "@skep/bpf";
import {
  credentialSource,
  parseDockerConfig,
  readHelperAnswer,
  withCredentials,
  withoutCredentials,
} from "@skep/package/distribution";
import { describe, expect, it } from "vitest";
import { utf8 } from "../sample-package.ts";

const config = (value: unknown) => parseDockerConfig(utf8(JSON.stringify(value)), "config.json");
const auth = Buffer.from("me:pass:word").toString("base64");
const login = { kind: "here", credentials: { kind: "password", user: "me", password: "pass:word" } };

describe("credentialSource", () => {
  it("finds logins under every name that Docker gives a registry", () => {
    for (const name of ["ghcr.io", "https://ghcr.io", "https://ghcr.io/v1/", "https://ghcr.io/v2/"])
      expect(credentialSource(config({ auths: { [name]: { auth } } }), "ghcr.io")).toEqual(login);
    const hub = config({ auths: { "https://index.docker.io/v1/": { auth } } });
    expect(credentialSource(hub, "docker.io")).toEqual(login);
    expect(credentialSource(hub, "ghcr.io")).toBeUndefined();
  });

  it("prefers a helper for the registry, and falls back to the store", () => {
    const all = config({
      auths: { a: { auth }, "b.io": {} },
      credHelpers: { "c.io": "pass" },
      credsStore: "desktop",
    });
    expect(credentialSource(all, "c.io")).toEqual({ kind: "helper", helper: "pass", server: "c.io" });
    expect(credentialSource(all, "b.io")).toEqual({ kind: "helper", helper: "desktop", server: "b.io" });
    expect(credentialSource(all, "a")).toEqual(login);
  });

  it("reads identity tokens and plain users", () => {
    expect(credentialSource(config({ auths: { "x.io": { auth, identitytoken: "t" } } }), "x.io")).toEqual({
      kind: "here",
      credentials: { kind: "identity-token", token: "t" },
    });
    expect(
      credentialSource(config({ auths: { "x.io": { username: "me", password: "pass:word" } } }), "x.io"),
    ).toEqual(login);
  });

  it.each([
    {},
    { auths: null },
    { auths: [] },
    { auths: { "x.io": "text" } },
    { auths: { "x.io": { auth: 7 } } },
    { auths: { "x.io": { auth: "%%%" } } },
    { auths: { "x.io": { auth: "" } } },
    { credHelpers: { "x.io": "../../bin/sh" } },
    { credsStore: "a/b" },
    { credsStore: "-x y" },
  ])("finds nobody in %j", (value) => {
    expect(credentialSource(config(value), "x.io")).toBeUndefined();
  });

  it("refuses a file that is no JSON", () => {
    expect(() => parseDockerConfig(utf8("{"), "config.json")).toThrow(MalformedError);
    expect(() => parseDockerConfig(utf8("[]"), "config.json")).toThrow(/is not a JSON object/);
  });
});

describe("readHelperAnswer", () => {
  it("reads users and tokens", () => {
    expect(readHelperAnswer(utf8('{"ServerURL":"x","Username":"me","Secret":"s"}'))).toEqual({
      kind: "password",
      user: "me",
      password: "s",
    });
    expect(readHelperAnswer(utf8('{"Username":"<token>","Secret":"s"}'))).toEqual({
      kind: "identity-token",
      token: "s",
    });
    expect(readHelperAnswer(utf8('{"Username":"me"}'))).toBeUndefined();
  });
});

describe("withCredentials and withoutCredentials", () => {
  const before = { auths: { "other.io": { auth: "x" } }, plugins: { a: { n: 1 } }, detachKeys: "ctrl-q" };

  it("change one registry and nothing else", () => {
    const text = withCredentials(config(before), "x.io", "me", "pass:word");
    expect(JSON.parse(text)).toEqual({ ...before, auths: { ...before.auths, "x.io": { auth } } });
    expect(JSON.parse(withoutCredentials(config(JSON.parse(text)), "x.io") ?? "")).toEqual(before);
    expect(withoutCredentials(config(before), "x.io")).toBeUndefined();
  });
});
