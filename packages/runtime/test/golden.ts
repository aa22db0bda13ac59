import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";

// The time of day in the files is that of Greenwich.
process.env.TZ = "UTC";

/** Compares with `golden/<name>`, to the letter. `UPDATE_GOLDEN=1` writes the files anew; then read the difference. */
export function expectGolden(name: string, text: string): void {
  const path = new URL(`golden/${name}`, import.meta.url);
  if (process.env.UPDATE_GOLDEN !== undefined) writeFileSync(path, text);
  expect(existsSync(path), `there is no golden/${name}: UPDATE_GOLDEN=1 writes it`).toBe(true);
  expect(text).toBe(readFileSync(path, "utf8"));
}
