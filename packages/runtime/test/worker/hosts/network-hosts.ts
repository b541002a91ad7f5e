import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { promisify } from "node:util";

/** Network namespaces of this machine, each as a host of its own: it reaches the database through one cable, which can be cut. */
export interface NetworkHosts extends AsyncDisposable {
  /** The database's address as the hosts see it. */
  readonly url: string;
  /** Starts a Node program on a host. */
  spawn(host: number, args: readonly string[]): ChildProcess;
  /** Nothing goes through any more, in either direction, and nobody is told. */
  cut(host: number): Promise<void>;
  mend(host: number): Promise<void>;
}

/** Why this machine has no network namespaces to offer; `null`: it has. */
export async function findRefusal(): Promise<string | null> {
  const name = `wsprobe${process.pid}`;
  try {
    await ip("netns", "add", name);
    await ip("netns", "delete", name);
    return null;
  } catch (error) {
    return `network namespaces are not permitted here: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`;
  }
}

export async function createNetworkHosts(databaseUrl: string, count: number): Promise<NetworkHosts> {
  await using stack = new AsyncDisposableStack();
  const bridge = `wsb${process.pid}`;
  const subnet = `10.213.${process.pid % 250}`;
  const hosts = Array.from({ length: count }, (_, host) => ({
    name: `ws${process.pid}h${host}`,
    near: `wsn${process.pid}h${host}`.slice(0, 15),
    far: `wsf${process.pid}h${host}`.slice(0, 15),
    address: `${subnet}.${host + 2}/24`,
  }));
  await ip("link", "add", bridge, "type", "bridge");
  stack.defer(() => ip("link", "delete", bridge));
  await ip("address", "add", `${subnet}.1/24`, "dev", bridge);
  await ip("link", "set", bridge, "up");
  for (const { name, near, far, address } of hosts) {
    await ip("netns", "add", name);
    stack.defer(() => ip("netns", "delete", name));
    await ip("link", "add", near, "type", "veth", "peer", "name", far);
    // Connections that nobody has closed keep a namespace for minutes, and with it the cable.
    stack.defer(() => ip("link", "delete", near));
    await ip("link", "set", far, "netns", name);
    await ip("link", "set", near, "master", bridge, "up");
    await ip("-n", name, "address", "add", address, "dev", far);
    await ip("-n", name, "link", "set", far, "up");
    await ip("-n", name, "link", "set", "lo", "up");
  }
  const url = new URL(databaseUrl);
  const proxy = await startProxy(`${subnet}.1`, { host: url.hostname, port: Number(url.port) });
  stack.defer(() => void proxy.server.close());
  url.host = `${subnet}.1:${proxy.port}`;
  const set = (host: number, state: "up" | "down"): Promise<void> => ip("link", "set", hosts[host]?.near ?? "", state);
  const all = stack.move();
  return {
    url: url.href,
    spawn(host, args) {
      const command = ["netns", "exec", hosts[host]?.name ?? "", process.execPath, ...args];
      return spawn("ip", command, { stdio: ["ignore", "pipe", "inherit"] });
    },
    cut: (host) => set(host, "down"),
    mend: (host) => set(host, "up"),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** The server of the tests listens on loopback, which each namespace has its own of. */
async function startProxy(
  host: string,
  to: { readonly host: string; readonly port: number },
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((near) => {
    const far = connect(to.port, to.host);
    near.pipe(far).pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
  });
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { server, port: address.port };
}

async function ip(...args: readonly string[]): Promise<void> {
  await promisify(execFile)("ip", [...args]);
}
