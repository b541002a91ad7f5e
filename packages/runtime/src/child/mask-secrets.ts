const prefix = "WATERSMEET_SECRET_";
/** Shorter values would mask ordinary text. */
const minLength = 4;

/** Replaces the values of secrets in text that is logged or recorded. */
export type Mask = (text: string) => string;

export function createMask(env: Readonly<Record<string, string | undefined>>): Mask {
  const secrets = Object.entries(env).flatMap(([name, value]) =>
    name.startsWith(prefix) && value !== undefined && value.length >= minLength ? [value] : [],
  );
  // The longest first: one secret may begin with another.
  const ordered = secrets.sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((masked, secret) => masked.replaceAll(secret, "•••"), text);
}
