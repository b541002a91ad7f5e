import { fail, ok, type Finding } from "./finding.ts";

/** The oldest Node that runs TypeScript as it is, without a flag or a warning. */
const oldest = [24, 12] as const;

/** Pure. */
export function judgeNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return ok("node", `Node ${version}`);
  return fail(
    "node",
    `Node ${version} is older than ${oldest.join(".")}`,
    `Install Node ${oldest.join(".")} or newer.`,
  );
}
