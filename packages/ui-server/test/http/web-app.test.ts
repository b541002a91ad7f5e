import { expect, test } from "vitest";
import { createWebApp } from "../../src/http/web-app.ts";

test("the app is built from source when its first page is asked for, and is the same page under every path", async () => {
  const web = createWebApp();
  const [root, deep] = [await web.respond("/"), await web.respond("/assets/regions.eu")];
  const html = await root?.text();
  expect(html).toContain('<div id="root"></div>');
  expect(await deep?.text()).toBe(html);
  const script = /src="(\/app\/[^"]+\.js)"/.exec(html ?? "")?.[1] ?? "";
  const loaded = await web.respond(script);
  expect(loaded?.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(loaded?.headers.get("cache-control")).toContain("immutable");
});

test("a file of the bundle that is not there is missing, and no path leads out of the bundle", async () => {
  const web = createWebApp();
  expect(await web.respond("/app/none.js")).toBeUndefined();
  for (const path of ["/../package.json", "/..%2fpackage.json", "/web-app.ts"]) {
    expect(await (await web.respond(path))?.text()).toContain('<div id="root"></div>');
  }
});
