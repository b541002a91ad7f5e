/** An asset, or one partition of it, as people name it: `dailyDelays@2001-02-14`; of an asset without partitions, the asset alone. */
export function labelPartition(asset: string, partition: string | null): string {
  return partition === null || partition === "" ? asset : `${asset}@${partition}`;
}
