/** The name of one partition, e.g. `2001-01-31`, `eu`, `2001-01-31|eu`; for an asset without partitions it is `unpartitioned`. */
export type PartitionKey = string & { readonly "~brand": "PartitionKey" };

/** The only partition of an asset that is not partitioned. It is stored as the empty text. */
export const unpartitioned = "" as PartitionKey;
