import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { questions } from "../api/queries.ts";

/** The way to the limits, with how many of them people have set in place of the configuration. Only projects with resources have it. */
export function LimitsLink() {
  const limits = useQuery(questions.limits());
  if (limits.data === undefined || limits.data.length === 0) return null;
  const set = limits.data.filter(({ override }) => override !== null).length;
  return (
    <Link to="/limits">
      Limits
      {set > 0 && <span className="badge tone-stale"> {set} set</span>}
    </Link>
  );
}
