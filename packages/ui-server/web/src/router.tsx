import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  Outlet,
  parseSearchWith,
  stringifySearchWith,
} from "@tanstack/react-router";
import { useLiveUpdates } from "./api/live.ts";
import { BreakersLink } from "./components/breakers-link.tsx";
import { LimitsLink } from "./components/limits-link.tsx";
import { AssetPage } from "./pages/asset-page.tsx";
import { AutomationPage } from "./pages/automation-page.tsx";
import { BreakersPage } from "./pages/breakers-page.tsx";
import { ExplainPage, readKeyCells } from "./pages/explain-page.tsx";
import { GraphPage } from "./pages/graph-page.tsx";
import { LatePage } from "./pages/late-page.tsx";
import { LimitsPage } from "./pages/limits-page.tsx";
import { MergePage } from "./pages/merge-page.tsx";
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
const merge = createRoute({
  getParentRoute: () => root,
  path: "/merges/$key",
  validateSearch: (search: Record<string, unknown>) => readTexts(search, ["partition"]),
  component: function MergeRoute() {
    const { key } = merge.useParams();
    return <MergePage key={key} mergeKey={key} partition={merge.useSearch()["partition"]} />;
  },
});
const explain = createRoute({
  getParentRoute: () => root,
  path: "/merges/$key/explain",
  validateSearch: (search: Record<string, unknown>) => readTexts(search, Object.keys(search)),
  component: function ExplainRoute() {
    const { key } = explain.useParams();
    const search = explain.useSearch();
    const question = { key: readKeyCells(search), partition: search["partition"], at: search["at"] };
    return <ExplainPage key={JSON.stringify([key, question])} mergeKey={key} question={question} />;
  },
});
const late = createRoute({ getParentRoute: () => root, path: "/late", component: LatePage });
const automation = createRoute({ getParentRoute: () => root, path: "/automation", component: AutomationPage });
const breakers = createRoute({ getParentRoute: () => root, path: "/breakers", component: BreakersPage });
const limits = createRoute({ getParentRoute: () => root, path: "/limits", component: LimitsPage });
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
export const router = createRouter({
  routeTree: root.addChildren([graph, asset, merge, explain, late, automation, breakers, limits, runs, run]),
  // Texts stay texts: the router's own way would read the key 007 as a number.
  parseSearch: parseSearchWith((text) => text),
  stringifySearch: stringifySearchWith(String),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

function readTexts(
  search: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    names.flatMap((name) => (typeof search[name] === "string" ? [[name, search[name]] as const] : [])),
  );
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
        <Link to="/late">Late data</Link>
        <Link to="/runs">Runs</Link>
        <Link to="/automation">Automation</Link>
        <BreakersLink />
        <LimitsLink />
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
