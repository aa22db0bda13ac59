import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readPackage, readYamlPackage, writePackage } from "@skep/package";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { validateLikeEunomia } from "./eunomia-schema.ts";

const TOOLS = fileURLToPath(new URL("../../../tools/", import.meta.url));

/** Packages as our `ecc` writes them: the bundled tools. */
const packages = readdirSync(TOOLS, { withFileTypes: true })
  .filter((entry) => existsSync(`${TOOLS}${entry.name}/package.json`))
  .map(({ name }): [string, Buffer] => [name, readFileSync(`${TOOLS}${name}/package.json`)]);

describe("the bundled packages", () => {
  it.each(packages)("can be read by eunomia's rules: %s", (_name, bytes) => {
    validateLikeEunomia(JSON.parse(bytes.toString()));
  });

  it.each(packages)("come back from reading and writing with the same bytes: %s", (_name, bytes) => {
    expect(Buffer.from(writePackage(readPackage(bytes))).equals(bytes)).toBe(true);
  });

  it.each(packages)("come back from YAML with the same bytes: %s", async (_name, bytes) => {
    const yaml = Buffer.from(stringify(JSON.parse(bytes.toString())));
    expect(Buffer.from(writePackage(await readYamlPackage(yaml))).equals(bytes)).toBe(true);
  });
});
