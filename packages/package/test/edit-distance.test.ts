import { expect, it } from "vitest";
import { editDistance } from "../src/edit-distance.ts";

it.each([
  ["", "", 0],
  ["", "pid", 3],
  ["pid", "pid", 0],
  ["pid", "pids", 1],
  ["comm", "com", 1],
  ["comm", "conm", 1],
  ["pid", "pdi", 1],
  ["duration", "druaiton", 2],
  ["tid", "uid", 1],
  ["pid", "comm", 4],
])("from %j to %j are %i edits", (a, b, edits) => {
  expect(editDistance(a, b)).toBe(edits);
  expect(editDistance(b, a)).toBe(edits);
});
