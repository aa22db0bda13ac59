import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe } from "vitest";

/** What the tests of one group share: a browser, running once they run, and a directory for the files that it opens. */
export interface BrowserPlace {
  readonly directory: string;
  readonly browser: Browser;
}

/** A group of tests that need a browser; without one it is skipped, and its name says why. */
export function describeInBrowser(what: string, tests: (place: BrowserPlace) => void): void {
  const program = findBrowser();
  const why = program === undefined ? " (there is no chromium here)" : "";
  describe.skipIf(program === undefined)(`${what} in a browser${why}`, () => {
    let place: BrowserPlace | undefined;
    const running = () => {
      if (place === undefined) throw new Error("a browser is there while tests run, not before");
      return place;
    };
    beforeAll(() => {
      place = {
        directory: mkdtempSync(join(tmpdir(), "skep-pages-")),
        browser: new Browser(program ?? ""),
      };
    });
    afterAll(async () => {
      await running().browser[Symbol.asyncDispose]();
      rmSync(running().directory, { recursive: true });
    });
    tests({
      get directory() {
        return running().directory;
      },
      get browser() {
        return running().browser;
      },
    });
  });
}

/** Where Debian and others put the browser; undefined when there is none. */
function findBrowser(): string | undefined {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const paths = (process.env.PATH ?? "").split(delimiter);
  return paths.flatMap((path) => names.map((name) => join(path, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export interface Colour {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
}

type Hear = (message: Message) => void;

/** A browser that nobody sees, spoken to as https://chromedevtools.github.io/devtools-protocol/ says. */
export class Browser implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #home = mkdtempSync(join(tmpdir(), "skep-browser-"));
  readonly #waiting = new Map<number, Hear>();
  readonly #pages = new Map<string, Hear>();
  #text = "";
  #id = 0;

  constructor(program: string) {
    this.#process = spawn(
      program,
      [
        "--headless",
        // As root it cannot make a sandbox; the pages are our own files.
        "--no-sandbox",
        // Graphics without a graphics card.
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--window-size=1200,800",
        "--remote-debugging-pipe",
        `--user-data-dir=${this.#home}`,
      ],
      { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
    );
    (this.#process.stdio[4] as Readable)
      .setEncoding("utf8")
      .on("data", (text: string) => this.#receive(text));
    this.#process.on("exit", (code) => this.#end(`the browser ended with ${code}`));
    this.#process.on("error", (error) => this.#end(error.message));
  }

  /** Opens an address in a page of its own. */
  async open(address: URL): Promise<Page> {
    const { targetId } = await this.ask("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.ask("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, String(sessionId), String(targetId));
    this.#pages.set(String(sessionId), (message) => page.hear(message));
    await page.load(address);
    return page;
  }

  /** @throws what the browser says is wrong */
  async ask(method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#id;
    const answer = new Promise<Message>((resolve) => this.#waiting.set(id, resolve));
    const message = { id, method, params, ...(sessionId === undefined ? {} : { sessionId }) };
    // Messages end in a NUL.
    (this.#process.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
    const { result, error } = await answer;
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    if (this.#process.exitCode === null) {
      await this.ask("Browser.close").catch(() => undefined);
      await ended;
    }
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }

  #receive(text: string): void {
    const messages = (this.#text + text).split("\0");
    this.#text = messages.pop() ?? "";
    for (const message of messages.map((one) => JSON.parse(one) as Message)) {
      if (message.id !== undefined) this.#waiting.get(message.id)?.(message);
      else this.#pages.get(message.sessionId ?? "")?.(message);
    }
  }

  #end(why: string): void {
    for (const [id, resolve] of this.#waiting) resolve({ id, error: { message: why } });
  }
}

/** A page of 1200 by 800 with a mouse and keys. */
export class Page implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #session: string;
  readonly #target: string;
  #onLoad = () => {};
  /** What the page complained about: errors of scripts, refusals of its policy, whatever it printed. */
  readonly complaints: string[] = [];

  constructor(browser: Browser, session: string, target: string) {
    this.#browser = browser;
    this.#session = session;
    this.#target = target;
  }

  async load(address: URL): Promise<void> {
    for (const part of ["Page", "Runtime", "Log"]) await this.#ask(`${part}.enable`);
    const loaded = new Promise<void>((resolve) => {
      this.#onLoad = resolve;
    });
    await this.#ask("Page.navigate", { url: address.href });
    await loaded;
  }

  hear({ method = "", params }: Message): void {
    if (method === "Page.loadEventFired") this.#onLoad();
    if (["Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"].includes(method))
      this.complaints.push(JSON.stringify(params));
  }

  /** The value of an expression. @throws what it throws */
  async value<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#ask("Runtime.evaluate", {
      expression,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { readonly value: T }).value;
  }

  /** Waits until an expression is true, ten seconds at most. @throws with what the page complained about */
  async until(expression: string): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      if (await this.value(`Boolean(${expression})`)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`never true: ${expression} ${this.complaints.join(" ")}`);
  }

  async move(x: number, y: number): Promise<void> {
    await this.#mouse("mouseMoved", x, y);
  }

  async click(x: number, y: number): Promise<void> {
    await this.#mouse("mouseMoved", x, y);
    await this.#mouse("mousePressed", x, y);
    await this.#mouse("mouseReleased", x, y);
  }

  /** Clicks in the middle of an element. */
  async press(selector: string): Promise<void> {
    const middle = `(() => { const { x, y, width, height } = document.querySelector(${JSON.stringify(selector)})
      .getBoundingClientRect(); return [x + width / 2, y + height / 2]; })()`;
    const [x = 0, y = 0] = await this.value<readonly number[]>(middle);
    await this.click(x, y);
  }

  /** A key by its name: `Enter`. */
  async key(key: string): Promise<void> {
    for (const type of ["keyDown", "keyUp"])
      await this.#ask("Input.dispatchKeyEvent", { type, key, code: key });
  }

  async type(text: string): Promise<void> {
    await this.#ask("Input.insertText", { text });
  }

  /** What one point of the page looks like. */
  async colour(x: number, y: number): Promise<Colour> {
    const clip = { x: Math.floor(x), y: Math.floor(y), width: 1, height: 1, scale: 1 };
    const { data } = await this.#ask("Page.captureScreenshot", { format: "png", clip });
    return colourOf(Buffer.from(String(data), "base64"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.ask("Target.closeTarget", { targetId: this.#target });
  }

  async #mouse(type: string, x: number, y: number): Promise<void> {
    const pressed = type === "mouseMoved" ? {} : { button: "left", clickCount: 1 };
    await this.#ask("Input.dispatchMouseEvent", { type, x, y, ...pressed });
  }

  #ask(method: string, params: object = {}): Promise<Record<string, unknown>> {
    return this.#browser.ask(method, params, this.#session);
  }
}

/** Of a PNG of one pixel (https://www.w3.org/TR/png/): one line, whose first byte names a filter that has nothing to do in it. */
function colourOf(png: Buffer): Colour {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString("latin1", at + 4, at + 8) === "IDAT")
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  const [, red = 0, green = 0, blue = 0] = inflateSync(Buffer.concat(parts));
  return { red, green, blue };
}
