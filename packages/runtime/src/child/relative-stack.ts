import { fileURLToPath } from "node:url";

const location = /(?:file:\/\/)?\/[^\s()]+/g;

/**
 * A stack trace for people: paths relative to the project, without the versions of reloaded modules, without the frames of Node and of
 * Watersmeet itself.
 */
export function relativeStack(stack: string, root: string): string {
  const lines = stack.split("\n");
  const kept = lines.filter((line) => !isFrame(line) || isOfProject(line, root));
  return kept.map((line) => line.replaceAll(location, (found) => relativePath(found, root))).join("\n");
}

function isFrame(line: string): boolean {
  return /^\s+at /.test(line);
}

function isOfProject(line: string, root: string): boolean {
  return line.includes(`${root}/`) && !line.includes("/@watersmeet/") && !line.includes("/packages/runtime/src/");
}

function relativePath(found: string, root: string): string {
  const path = withoutVersion(found.startsWith("file://") ? decode(found) : found);
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}

function decode(url: string): string {
  const end = /(\?v=[0-9a-z]+)?(:\d+)*$/.exec(url)?.[0] ?? "";
  try {
    return fileURLToPath(url.slice(0, url.length - end.length)) + end;
  } catch {
    return url;
  }
}

function withoutVersion(path: string): string {
  return path.replace(/\?v=[0-9a-z]+/, "");
}
