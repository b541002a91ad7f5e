import type { Finding } from "../../doctor/environment/finding.ts";

/** What a database server can do for a ledger, before the ledger is opened: also where it cannot be opened. */
export async function examineLedgerServer(url: string): Promise<readonly Finding[]> {
  const { examineServer } = await import("../../doctor/environment/examine-server.ts");
  return await examineServer(url);
}
