/** An asset, or one partition of it, as people name it: `dailyDelays@2001-02-14`. `partition` is `null` when none is named. */
export interface Target {
  readonly asset: string;
  readonly partition: string | null;
}

export function parseTarget(text: string): Target {
  const at = text.indexOf("@");
  return at < 0 ? { asset: text, partition: null } : { asset: text.slice(0, at), partition: text.slice(at + 1) };
}
