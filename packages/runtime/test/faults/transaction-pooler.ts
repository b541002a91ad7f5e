import { connect, createServer, type Socket } from "node:net";

/** Where clients connect; what PgBouncer does with `pool_mode = transaction`. */
export interface TransactionPooler extends AsyncDisposable {
  readonly url: string;
}

interface Client {
  readonly socket: Socket;
  /** The server's session that it logged in with, which becomes everybody's. */
  isReady: boolean;
}

interface Session {
  readonly socket: Socket;
  holder: Client | null;
}

const query = 0x51;
const readyForQuery = 0x5a;

/**
 * A pooler as small as can be: clients log in through it, each with a session of the server's; from then on a statement goes to the session that was idle
 * longest, whoever logged in with it, and stays there until the transaction ends. Messages are passed on as they are.
 */
export async function startTransactionPooler(serverUrl: string): Promise<TransactionPooler> {
  const server = new URL(serverUrl);
  const idle: Session[] = [];
  const sockets = new Set<Socket>();

  const pooler = createServer((socket) => {
    const client: Client = { socket, isReady: false };
    const session: Session = { socket: connect(Number(server.port), server.hostname), holder: client };
    for (const each of [socket, session.socket]) {
      sockets.add(each);
      each.on("error", () => {});
    }
    session.socket.on(
      "data",
      splitMessages((message) => fromServer(session, message)),
    );
    let pending = Promise.resolve();
    socket.on("data", (data) => {
      if (!client.isReady) session.socket.write(data);
      else if (data[0] === query) pending = pending.then(() => run(client, data));
    });
  });

  const fromServer = (session: Session, message: Buffer): void => {
    const { holder } = session;
    holder?.socket.write(message);
    if (message[0] !== readyForQuery || holder === null) return;
    holder.isReady = true;
    // "I": no transaction is open, so the session is anybody's.
    if (message[5] !== 0x49) return;
    session.holder = null;
    idle.push(session);
  };

  const run = (client: Client, data: Buffer): void => {
    const held = [...sessionsOf(client)][0] ?? idle.shift();
    if (held === undefined) return;
    held.holder = client;
    busy.add(held);
    held.socket.write(data);
  };
  const busy = new Set<Session>();
  function* sessionsOf(client: Client): Generator<Session, void, undefined> {
    for (const session of busy) if (session.holder === client) yield session;
  }

  await new Promise<void>((resolve) => pooler.listen(0, "127.0.0.1", resolve));
  const address = pooler.address();
  const url = new URL(serverUrl);
  url.hostname = "127.0.0.1";
  url.port = String(typeof address === "object" && address !== null ? address.port : 0);
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => pooler.close(resolve));
    },
  };
}

/** A message is a letter, four bytes of length with themselves, and what it says. */
function splitMessages(onMessage: (message: Buffer) => void): (data: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (data) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
      const length = 1 + rest.readUInt32BE(1);
      onMessage(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  };
}
