// Adds up vitest's JSON reports and prints the closing line of the test command, after the tests that passed only when they were
// tried again: those want a look.
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

// A test that passed keeps what went wrong before.
for (const { status, fullName, failureMessages } of tests)
  if (status === "passed" && failureMessages.length > 0)
    console.log(`tried again: ${fullName}: ${failureMessages[0].split("\n")[0]}`);
for (const file of brokenFiles) console.log(`broken: ${file.name}: ${file.message}`);
const failed = count("failed") + brokenFiles.length;
const passed = count("passed");
console.log(
  `\nTests: ${passed} passed, ${failed} failed, ${count("skipped", "pending", "todo", "disabled")} skipped`,
);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
