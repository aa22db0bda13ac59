import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { foldedLines } from "../../src/profiles/folded.ts";
import { pprof } from "../../src/profiles/pprof.ts";
import type { Frame, Profile } from "../../src/profiles/profile.ts";
import { speedscope } from "../../src/profiles/speedscope.ts";
import { describeInBrowser } from "../browser.ts";

const frame = (name: string, kind: Frame["kind"] = "user"): Frame => ({ name, kind, module: "/bin/app" });
const app: Frame = { name: "app", kind: "process" };
const profile: Profile = {
  title: "offcpu --pid 42",
  types: [{ name: "total_ns", unit: "nanoseconds" }],
  main: 0,
  samples: [
    { frames: [app, frame("main"), frame("wait")], values: [3_000_000n], pid: 42 },
    { frames: [app, frame("main")], values: [1_000_000n], pid: 42 },
  ],
  begin: 1_700_000_000_000,
  duration: 1500,
};

describeInBrowser("speedscope", (place) => {
  /** Opens a file as the command `speedscope FILE` does, and reads the table of its "Sandwich": total, self and name. */
  async function sandwich(name: string, contents: string | Uint8Array): Promise<readonly string[]> {
    const script = join(place.directory, "profile.js");
    const words = [name, Buffer.from(contents).toString("base64")].map((word) => JSON.stringify(word));
    writeFileSync(script, `speedscope.loadFileFromBase64(${words.join(", ")})`);
    const address = pathToFileURL(
      createRequire(import.meta.url).resolve("speedscope/dist/release/index.html"),
    );
    address.hash = `localProfilePath=${script}`;
    await using page = await place.browser.open(address);
    const tab =
      "[...document.querySelectorAll('div')].findLast(({ innerText }) => innerText.endsWith('Sandwich'))";
    await page.until(tab);
    await page.value(`${tab}.click()`);
    await page.until("document.querySelectorAll('table tr').length > 1");
    const rows = await page.value<readonly string[]>(
      "[...document.querySelectorAll('table tr')].map((row) => row.innerText.replace(/\\s+/g, ' ').trim())",
    );
    return [await page.value<string>("document.title"), ...rows];
  }

  const folded = profile.samples.map(({ frames, values }) => ({ frames, count: values[0] ?? 0n }));
  it.each([
    [
      "its own format",
      "a.speedscope.json",
      speedscope(profile, "skep"),
      profile.title,
      ["3.00ms", "4.00ms", "1.00ms"],
    ],
    ["pprof's", "a.pb.gz", pprof(profile), "a.pb.gz", ["3.00ms", "4.00ms", "1.00ms"]],
    [
      "folded lines",
      "a.txt",
      foldedLines(folded).join("\n"),
      "a.txt",
      ["3,000,000", "4,000,000", "1,000,000"],
    ],
  ] as const)("opens %s", async (_, name, contents, title, [three, four, one]) => {
    expect(await sandwich(name, contents)).toEqual([
      `${title} - speedscope`,
      "Total Self Symbol Name",
      `${three} (75%) ${three} (75%) wait`,
      `${four} (100%) ${one} (25%) main`,
      expect.stringMatching(new RegExp(`^${four.replaceAll(".", "\\.")} \\(100%\\) 0\\S* \\(\\S+\\) app$`)),
    ]);
  });
});
