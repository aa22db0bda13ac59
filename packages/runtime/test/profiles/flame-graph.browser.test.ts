import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { flameGraph } from "../../src/profiles/flame-graph.ts";
import { readFolded } from "../../src/profiles/folded.ts";
import type { Frame, Profile } from "../../src/profiles/profile.ts";
import { type Colour, describeInBrowser, type Page } from "../browser.ts";

const HOSTILE = [
  "</script><script>globalThis.broken = 1</script>",
  "<img src=x onerror='globalThis.broken = 1'>",
  "<!-- <script>",
  "');globalThis.broken = 1;//",
  "__proto__",
  "\u2028globalThis.broken = 1",
];
const frame = (name: string, kind: Frame["kind"] = "user"): Frame => ({ name, kind });
const app = frame("app", "process");
const profile: Profile = {
  title: "profile --comm '<b>app</b>'",
  types: [{ name: "samples", unit: "count" }],
  main: 0,
  samples: [
    { frames: [app, frame("main"), frame("vfs_read", "kernel")], values: [500n] },
    { frames: [app, frame("main"), frame("render", "jit"), frame("shade", "jit")], values: [300n] },
    ...HOSTILE.map((name) => ({ frames: [app, frame(name)], values: [20n] })),
    { frames: [app], values: [80n] },
  ],
  begin: Date.UTC(2026, 0, 2, 3, 4, 5),
  duration: 1500,
};

describeInBrowser("a flame graph", (place) => {
  async function open(...page: Parameters<typeof flameGraph>): Promise<Graph> {
    const file = join(place.directory, "page.html");
    writeFileSync(file, flameGraph(...page));
    return new Graph(await place.browser.open(pathToFileURL(file)));
  }

  it("tells of each frame under the mouse, zooms into it and back", async () => {
    await using graph = await open(profile);
    expect(await graph.text("#title")).toBe(profile.title);
    expect(await graph.text("#run")).toBe("2026-01-02 03:04:05 UTC, 1.5 s");
    expect(await graph.text("#about")).toBe("All: 1,000 samples");
    // In the order of their names: main, which called render and vfs_read, is between the hostile ones.
    expect(await graph.under(0.5, 1)).toBe("app (process)\n1,000 samples, 100.00%; itself 80 samples");
    expect(await graph.under(0.6, 2)).toBe("main (native code)\n800 samples, 80.00%; itself 0 samples");
    expect(await graph.under(0.7, 3)).toBe("vfs_read (kernel)\n500 samples, 50.00%; itself 500 samples");
    expect(await graph.under(0.01, 9)).toBe("All: 1,000 samples");

    await graph.click(0.25, 3);
    expect(await graph.under(0.99, 4)).toBe(
      "shade (made at run time)\n300 samples, 30.00%; itself 300 samples; 100.00% of render",
    );
    expect(await graph.under(0.01, 2)).toMatch(/^main/);
    await graph.page.press("#reset");
    expect(await graph.under(0.7, 3)).toMatch(/^vfs_read/);
    expect(await graph.page.value("document.getElementById('reset').disabled")).toBe(true);
    expect(graph.page.complaints).toEqual([]);
  });

  it("finds by text and by expression, and draws what it finds in a colour of its own", async () => {
    await using graph = await open(profile);
    const before = await graph.colour(0.7, 3);
    await graph.search("VFS_");
    expect(await graph.text("#about")).toBe("Found in 500 samples, 50.00%");
    expect(await graph.colour(0.7, 3)).not.toEqual(before);
    await graph.search("/^(render|vfs_read)$/");
    expect(await graph.text("#about")).toBe("Found in 800 samples, 80.00%");
    await graph.search("/[/");
    expect(await graph.text("#about")).toBe("Found in 800 samples, 80.00%");
    await graph.page.key("Escape");
    expect(await graph.text("#about")).toBe("All: 1,000 samples");
    expect(await graph.colour(0.7, 3)).toEqual(before);
    expect(graph.page.complaints).toEqual([]);
  });

  it("is walked through by keys, and turned upside down", async () => {
    await using graph = await open(profile);
    await graph.page.value("document.getElementById('canvas').focus()");
    for (const key of ["ArrowDown", "ArrowDown", "ArrowRight"]) await graph.page.key(key);
    const first = await graph.text("#about");
    await graph.page.key("ArrowLeft");
    await graph.page.key("ArrowUp");
    expect(await graph.text("#about")).toMatch(/^app /);
    await graph.page.press("#flip");
    expect(await graph.under(0.5, 3)).toMatch(/^app /);
    expect(await graph.under(0.7, 1)).toMatch(/^vfs_read /);
    expect(first).toContain("20 samples");
    expect(graph.page.complaints).toEqual([]);
  });

  it("has its root in sight however deep it is, and whichever way up", async () => {
    const frames = [app, ...Array.from({ length: 200 }, (_, depth) => frame(`f${depth}`))];
    await using graph = await open({ ...profile, samples: [{ frames, values: [1n] }] });
    const seen = `(() => { const box = (id) => document.querySelector(id).getBoundingClientRect();
      const root = rootBelow ? box("canvas").bottom : box("canvas").top;
      return [box("header").top, root >= box("header").bottom, root <= box("#about").top, box("#about").bottom]; })()`;
    expect(await graph.page.value(seen)).toEqual([0, true, true, await graph.page.value("innerHeight")]);
    await graph.page.press("#flip");
    expect(await graph.page.value(seen)).toEqual([0, true, true, await graph.page.value("innerHeight")]);
    expect(graph.page.complaints).toEqual([]);
  });

  it("runs nothing that a name says, and shows the name", async () => {
    await using graph = await open(profile);
    const shown = new Set<string>();
    for (let x = 0.002; x < 1; x += 0.01) shown.add((await graph.under(x, 2)).split("\n")[0] ?? "");
    for (const name of HOSTILE) expect([...shown]).toContain(`${name} (native code)`);
    expect(await graph.page.value("typeof globalThis.broken")).toBe("undefined");
    expect(await graph.page.value("document.querySelectorAll('img, b').length")).toBe(0);
    expect(graph.page.complaints).toEqual([]);
    // Were there a way for a name to become a script, the page's policy would still refuse to run it.
    await graph.page.value(
      "document.body.append(Object.assign(document.createElement('script'), { textContent: 'globalThis.broken = 1' }))",
    );
    expect(await graph.page.value("typeof globalThis.broken")).toBe("undefined");
    expect(graph.page.complaints.join()).toContain("Content Security Policy");
  });

  it("shows what became more, less, and what is gone", async () => {
    const now = [
      { frames: [app, frame("grown")], values: [70n] },
      { frames: [app, frame("same")], values: [30n] },
    ];
    await using graph = await open(
      { ...profile, samples: now },
      readFolded("app;gone 40\napp;grown 30\napp;same 30"),
    );
    expect(await graph.text("#about")).toBe("All: 100 samples; the other run: 100 samples");
    expect(await graph.under(0.3, 2)).toBe(
      "grown (native code)\n70 samples, 70.00%; itself 70 samples; the other run 30 samples, 30.00%; +40.00%",
    );
    const [more, same] = [await graph.colour(0.3, 2), await graph.colour(0.9, 2)];
    expect(more.red).toBeGreaterThan(more.blue + 50);
    expect(same.red).toBe(same.blue);
    await graph.page.press("#side");
    expect(await graph.under(0.2, 2)).toBe(
      "gone (unknown)\n0 samples, 0.00%; itself 0 samples; the other run 40 samples, 40.00%; -40.00%",
    );
    const less = await graph.colour(0.2, 2);
    expect(less.blue).toBeGreaterThan(less.red + 50);
    await graph.page.press("#side");
    expect(await graph.under(0.2, 2)).toMatch(/^grown/);
    expect(graph.page.complaints).toEqual([]);
  });
});

/** Places are given as a share of the width, and a row. */
class Graph implements AsyncDisposable {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  text(selector: string): Promise<string> {
    return this.page.value(`document.querySelector(${JSON.stringify(selector)}).textContent`);
  }

  /** What the page says of the frame at this place. */
  async under(x: number, row: number): Promise<string> {
    await this.page.move(...(await this.#place(x, row)));
    return this.text("#about");
  }

  async click(x: number, row: number): Promise<void> {
    await this.page.click(...(await this.#place(x, row)));
  }

  async search(text: string): Promise<void> {
    await this.page.press("#search");
    await this.page.value("document.getElementById('search').select()");
    await this.page.type(text);
  }

  /** Away from the mouse, and from where a name may stand. */
  async colour(x: number, row: number): Promise<Colour> {
    await this.page.move(1, 1);
    const [left, top] = await this.#place(x, row);
    return this.page.colour(left, top - 7);
  }

  async #place(x: number, row: number): Promise<[number, number]> {
    return this.page.value(`(() => { const box = document.getElementById("canvas").getBoundingClientRect();
      return [box.left + box.width * ${x}, box.top + (${row} + 0.5) * ROW]; })()`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page[Symbol.asyncDispose]();
  }
}
