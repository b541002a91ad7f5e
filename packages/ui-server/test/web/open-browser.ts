import { existsSync } from "node:fs";
import { chromium, type Browser, type Page } from "playwright-core";

/** Where Debian's package puts it; CHROMIUM_PATH for other places. */
const executablePath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";

/** Browser tests need a real browser, which no npm package brings: without one they are skipped, and say so. */
export const hasBrowser = existsSync(executablePath);

/** For what must come about, on a machine that is slow, too. */
const patienceMs = 240_000;

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors that the page logged or threw. */
  readonly errors: readonly string[];
}

export async function openPage(url: string): Promise<OpenPage> {
  const browser = await launch();
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  page.setDefaultTimeout(patienceMs);
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors, [Symbol.asyncDispose]: () => browser.close() };
}

function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    timeout: patienceMs,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
