import { WatersmeetError } from "@watersmeet/core/errors";

const secretPrefix = "WATERSMEET_SECRET_";

/** `apiToken` and `API_TOKEN` both name WATERSMEET_SECRET_API_TOKEN. @throws {CONFIG_INVALID} when it is not set */
export function findSecret(name: string, env: Readonly<Record<string, string | undefined>>): string {
  const variable =
    secretPrefix +
    name
      .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
      .replaceAll(/[^A-Za-z0-9]/g, "_")
      .toUpperCase();
  const value = env[variable];
  if (value !== undefined && value !== "") return value;
  throw new WatersmeetError("CONFIG_INVALID", `the secret "${name}" is not set`, {
    hint: `Set ${variable} in the environment of the worker.`,
  });
}
