// Adds up vitest's JSON reports and prints the closing line of the test command, after the reason of every skipped test.
import { readFileSync } from "node:fs";

const reports = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));
const tests = reports.flatMap((report) => report.testResults.flatMap((file) => file.assertionResults));
const count = (...states) => tests.filter((test) => states.includes(test.status)).length;
// A file that fails to load has no tests of its own to count.
const brokenFiles = reports
  .flatMap((report) => report.testResults)
  .filter(
    (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
  );

for (const file of brokenFiles) console.log(`broken: ${file.name}: ${file.message}`);
const failed = count("failed") + brokenFiles.length;
const passed = count("passed");
console.log(
  `\nTests: ${passed} passed, ${failed} failed, ${count("skipped", "pending", "todo", "disabled")} skipped`,
);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
