import { homeDirectory } from "@skep/package";
import { expect, it } from "vitest";

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
