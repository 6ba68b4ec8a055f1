"""The scenarios, the steps that each consists of, and what Slipway is to reach in them."""
from dataclasses import dataclass
from typing import Callable, Optional

import workloads


@dataclass(frozen=True)
class Step:
    name: str
    cold: bool = False  # store and build cache are emptied first; base images are pulled again
    output: Optional[str] = "gzip"  # compression of the OCI archive written; None: no output
    goal: Optional[float] = None  # so many times as fast as BuildKit
    goal_seconds: Optional[float] = None  # and within this wall time
    layer_limit: Optional[float] = None  # the last layer's size against BuildKit's, at most
    cache_to: Optional[str] = None  # "local", "registry": a travelling cache of all steps, mounts included where they can be
    cache_from: Optional[str] = None
    edit: Optional[Callable] = None  # changes the context before the build


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    workload: Callable
    steps: tuple  # run in order; if the first is not cold, one unmeasured build goes before it
    platforms: tuple = ()
    runs_programs: bool = False  # RUN steps that take more memory than a builder
    memory_goal: float = 4  # BuildKit's peak memory is to be so many times Slipway's


BOTH = ("linux/amd64", "linux/arm64")

# In this order: S3 finds what S1 has built.
ALL = [
    Scenario("S9", "200 trivial RUN steps", workloads.run_steps,
             (Step("cold", cold=True, goal=6), Step("noop"))),
    Scenario("S10", "60 stages of COPY --from", workloads.copy_stages,
             (Step("cold", cold=True, goal=20), Step("noop"))),
    Scenario("S1", "Go service for two platforms, cross-compiled", workloads.go_service,
             (Step("cold", cold=True, goal=1),), BOTH, runs_programs=True),
    Scenario("S3", "the same service, nothing changed", workloads.go_service,
             (Step("noop", goal=5, goal_seconds=0.040),), BOTH),
    Scenario("S5", "a travelling cache of the service: written, then read by an emptied builder", workloads.cached_go_service,
             (Step("export-local", output=None, cache_to="local", goal=4),
              Step("import-local-noop", cold=True, cache_from="local", goal=3),
              Step("import-local-edit", cold=True, cache_from="local", edit=workloads.edit_go_service, goal=10),
              Step("export-registry", output=None, cache_to="registry"),
              Step("import-registry-noop", cold=True, cache_from="registry", goal=3)), BOTH, runs_programs=True),
    Scenario("S6", "50,000 files of 2 KB and two of 500 MB, COPY . /app", workloads.big_context,
             (Step("cold", cold=True, goal=6, layer_limit=1.03),
              Step("noop", goal=8),
              Step("noop-nooutput", output=None, goal=8),
              Step("cold-zstd", cold=True, output="zstd", goal=6, layer_limit=1.03))),
]
