import { sql, type Kysely, type KyselyPlugin, type Transaction, type TransactionBuilder } from "kysely";

/**
 * Makes transactions in which statements are sent side by side safe. When one of them fails, others wait for their turn on the same connection; Kysely rolls
 * back at once, and what was sent after that would stand by itself, outside of any transaction. So a transaction that has failed takes no more statements,
 * and is rolled back when those that were asked for before are answered.
 */
export function guardTransactions<Database>(db: Kysely<Database>): Kysely<Database> {
  const begin = db.transaction.bind(db);
  return Object.assign(db, { transaction: () => guardBuilder(begin()) });
}

function guardBuilder<Database>(builder: TransactionBuilder<Database>): TransactionBuilder<Database> {
  const execute = builder.execute.bind(builder);
  return Object.assign(builder, {
    execute: <Result>(work: (tx: Transaction<Database>) => Promise<Result>): Promise<Result> =>
      execute((tx) => guard(tx, work)),
  });
}

async function guard<Database, Result>(
  tx: Transaction<Database>,
  work: (tx: Transaction<Database>) => Promise<Result>,
): Promise<Result> {
  let hasFailed = false;
  const refuseLate: KyselyPlugin = {
    transformQuery({ node }) {
      if (hasFailed) throw new Error("The transaction has failed, and takes no more statements");
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  try {
    return await work(tx.withPlugin(refuseLate));
  } catch (error) {
    hasFailed = true;
    // It comes to its turn after all others.
    await sql`select`.execute(tx).catch(() => {});
    throw error;
  }
}
