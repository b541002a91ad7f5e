import { createRootRoute, createRoute, createRouter, Link, Outlet } from "@tanstack/react-router";
import { useLiveUpdates } from "./api/live.ts";
import { AssetPage } from "./pages/asset-page.tsx";
import { GraphPage } from "./pages/graph-page.tsx";
import { ProblemsBanner } from "./pages/problems-banner.tsx";
import { RunPage } from "./pages/run-page.tsx";
import { RunsPage } from "./pages/runs-page.tsx";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const graph = createRoute({ getParentRoute: () => root, path: "/", component: GraphPage });
const asset = createRoute({
  getParentRoute: () => root,
  path: "/assets/$key",
  component: function AssetRoute() {
    const { key } = asset.useParams();
    return <AssetPage key={key} assetKey={key} />;
  },
});
const runs = createRoute({ getParentRoute: () => root, path: "/runs", component: RunsPage });
const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$id",
  component: function RunRoute() {
    const { id } = run.useParams();
    return <RunPage key={id} runId={id} />;
  },
});

/** Every page has a URL that restores it. */
export const router = createRouter({ routeTree: root.addChildren([graph, asset, runs, run]) });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

function Shell() {
  const live = useLiveUpdates();
  return (
    <div className="shell">
      <nav aria-label="Main">
        <Link to="/" className="brand">
          <img src="/icon.svg" alt="" width="24" height="24" /> Watersmeet
        </Link>
        <Link to="/" activeOptions={{ exact: true }}>
          Graph
        </Link>
        <Link to="/runs">Runs</Link>
        <a href="/api/v1/openapi.json">API</a>
        <span className="spacer" />
        <span className={`live live-${live}`} role="status">
          {live}
        </span>
      </nav>
      <main>
        <ProblemsBanner />
        <Outlet />
      </main>
    </div>
  );
}

function NotFound() {
  return (
    <>
      <h1>Nothing here</h1>
      <p>
        There is no such page. <Link to="/">Back to the graph</Link>
      </p>
    </>
  );
}
