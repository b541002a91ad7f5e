import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { questions } from "../api/queries.ts";

/** The way to the breakers, with how many of them keep steps waiting. Only projects with resources have it. */
export function BreakersLink() {
  const breakers = useQuery(questions.breakers());
  if (breakers.data === undefined || breakers.data.length === 0) return null;
  const open = breakers.data.filter(({ state }) => state !== "closed" && state !== "disabled").length;
  return (
    <Link to="/breakers">
      Breakers
      {open > 0 && (
        <>
          {" "}
          <span className="badge tone-failed">
            <span aria-hidden="true">▲</span> {open} open
          </span>
        </>
      )}
    </Link>
  );
}
