"""The graphs of peers.bench.ts in Dagster. Prints one JSON line: seconds that the work took, without loading.

dagster_graphs.py layered N | backfill N | warm REPEATS
"""

import json
import sys
import time

from dagster import AssetKey, DagsterInstance, StaticPartitionsDefinition, asset, materialize

WIDTH, INPUTS = 250, 3


def layered(count):
    def define(name, deps):
        @asset(name=name, deps=[AssetKey(dep) for dep in deps])
        def trivial():
            return None

        return trivial

    assets = []
    for index in range(count):
        layer, slot = divmod(index, WIDTH)
        deps = [f"a{(layer - 1) * WIDTH + (slot + k) % WIDTH}" for k in range(INPUTS)] if layer else []
        assets.append(define(f"a{index}", deps))
    return assets


def main(shape, size):
    with DagsterInstance.local_temp() as instance:
        if shape == "layered":
            assets = layered(size)
            return [timed(lambda: materialize(assets, instance=instance))]
        if shape == "backfill":
            days = StaticPartitionsDefinition([f"p{n}" for n in range(size)])

            @asset(partitions_def=days)
            def daily():
                return None

            def every_partition():
                for key in days.get_partition_keys():
                    materialize([daily], partition_key=key, instance=instance)

            return [timed(every_partition)]
        one = layered(1)
        materialize(one, instance=instance)
        return [timed(lambda: materialize(one, instance=instance)) for _ in range(size)]


def timed(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
