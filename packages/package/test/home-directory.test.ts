import { cacheDirectory, homeDirectory } from "@skep/package";
import { describe, expect, it } from "vitest";

it("is that of the user", () => {
  expect(homeDirectory(() => "/home/somebody")).toBe("/home/somebody");
});

it("is one that does not exist for a user without, and not the working directory", () => {
  const unknown = () => {
    throw new Error("uv_os_homedir returned ENOENT");
  };
  expect(homeDirectory(() => "")).toBe("/nonexistent");
  expect(homeDirectory(unknown)).toBe("/nonexistent");
});

describe("cacheDirectory", () => {
  it("follows XDG_CACHE_HOME when that is an absolute path", () => {
    expect(cacheDirectory({ XDG_CACHE_HOME: "/var/cache/me" })).toBe("/var/cache/me/skep");
    expect(cacheDirectory({ XDG_CACHE_HOME: "relative" })).toMatch(/\/\.cache\/skep$/);
    expect(cacheDirectory({})).toMatch(/\/\.cache\/skep$/);
  });
});
