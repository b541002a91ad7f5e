"""One trivial asset, for `dagster asset materialize` from nothing."""

from dagster import Definitions, asset


@asset
def a0():
    return None


defs = Definitions([a0])
