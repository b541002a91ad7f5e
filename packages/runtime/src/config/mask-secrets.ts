/** A connection string without its password, for logs and messages. What cannot be parsed is masked whole. */
export function maskUrl(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.password !== "") parsed.password = "***";
    for (const name of parsed.searchParams.keys()) {
      if (/password|secret|token|key/i.test(name)) parsed.searchParams.set(name, "***");
    }
    return parsed.href;
  } catch {
    return "***";
  }
}
