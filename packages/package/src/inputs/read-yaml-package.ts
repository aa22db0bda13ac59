import type { Package } from "../package.ts";
import { packageOf } from "../read-package.ts";

/** A package as `ecc -y` writes it. The parser is only loaded here: most packages are JSON. @throws {MalformedError} */
export async function readYamlPackage(bytes: Uint8Array): Promise<Package> {
  const { parseYaml } = await import("./yaml-to-json.ts");
  return packageOf(parseYaml(bytes, "package"));
}
