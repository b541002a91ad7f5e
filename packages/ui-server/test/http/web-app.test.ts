import { expect, test } from "vitest";
import { createWebApp } from "../../src/http/web-app.ts";

test("the app is built from source when its first page is asked for, and is the same page under every path", async () => {
  const web = createWebApp();
  const [root, deep] = [await web.respond("/"), await web.respond("/runs/abc")];
  const html = await root?.text();
  expect(html).toContain('<div id="root"></div>');
  expect(await deep?.text()).toBe(html);
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(html ?? "")?.[1] ?? "";
  const loaded = await web.respond(script);
  expect(loaded?.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(loaded?.headers.get("cache-control")).toContain("immutable");
});

test.each(["/assets/none.js", "/../package.json", "/..%2fpackage.json", "/web-app.ts"])(
  "there is no file %s",
  async (path) => {
    expect(await createWebApp().respond(path)).toBeUndefined();
  },
);
