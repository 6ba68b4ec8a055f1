"""Results of bench/run as medians: a table to read, Markdown and JSON to keep."""
import json
import os
import platform
import statistics

RIVALS = ("buildkit", "docker", "buildah")


def medians(results):
    """(scenario, step, peer) -> wall, cpu, peak ... of the median, with the spread of wall."""
    groups = {}
    for result in results:
        groups.setdefault((result["scenario"], result["step"], result["peer"]), []).append(result)
    return {key: {"wall": statistics.median(r["wall"] for r in group),
                  "wall_min": min(r["wall"] for r in group),
                  "wall_max": max(r["wall"] for r in group),
                  "cpu": statistics.median(r["cpu"] for r in group),
                  "peak": max(r["peak"] for r in group),
                  "rounds": len(group),
                  **{name: group[-1][name] for name in ("bytes", "images", "layers", "last_layer", "cache")
                     if name in group[-1]}}
            for key, group in groups.items()}


def measurement_rows(summary):
    yield "scenario", "step", "builder", "n", "wall s (min-max)", "CPU s", "peak MB", "archive MB"
    for (scenario, step, peer), m in summary.items():
        yield (scenario, step, peer, m["rounds"],
               f"{m['wall']:.3f} ({m['wall_min']:.3f}-{m['wall_max']:.3f})", f"{m['cpu']:.2f}",
               f"{m['peak'] / 1e6:.0f}", f"{m['bytes'] / 1e6:.1f}" if "bytes" in m else "-")


def comparison_rows(summary, chosen):
    """Slipway against each rival; goals are about BuildKit."""
    yield "scenario", "step", "against", "wall", "CPU", "memory", "last layer", "goals"
    for scenario in chosen:
        for step in scenario.steps:
            ours = summary.get((scenario.name, step.name, "slipway"))
            for peer in RIVALS:
                theirs = summary.get((scenario.name, step.name, peer))
                if not ours or not theirs:
                    continue
                size = ours["last_layer"] / theirs["last_layer"] if "last_layer" in ours else None
                yield (scenario.name, step.name, peer, times(theirs["wall"] / ours["wall"]),
                       times(theirs["cpu"] / max(ours["cpu"], 0.001)),
                       times(theirs["peak"] / ours["peak"]), f"{size:.3f}" if size else "-",
                       goals(scenario, step, ours, theirs, size) if peer != "buildah" else "")


def times(ratio):
    return f"{ratio:.1f}x"


def goals(scenario, step, ours, theirs, size):
    checks = [("memory", theirs["peak"] / ours["peak"] >= scenario.memory_goal,
               times(scenario.memory_goal))]
    if step.goal:
        checks.append(("wall", theirs["wall"] / ours["wall"] >= step.goal, times(step.goal)))
    if step.goal_seconds:
        checks.append(("wall", ours["wall"] <= step.goal_seconds, f"{step.goal_seconds * 1000:.0f} ms"))
    if step.layer_limit and size:
        checks.append(("layer", size <= step.layer_limit, f"{step.layer_limit:.2f}"))
    return ", ".join(f"{name} {limit} {'met' if met else 'MISSED'}" for name, met, limit in checks)


def differing(summary):
    """Archives of one step that do not hold the same number of images and layers."""
    shapes = {}
    for (scenario, step, peer), m in summary.items():
        if "layers" in m:
            shapes.setdefault((scenario, step), {})[peer] = (m["images"], m["layers"])
    return [f"{scenario} {step}: images and layers differ: {found}"
            for (scenario, step), found in shapes.items() if len(set(found.values())) > 1]


def aligned(rows):
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in rows)


def markdown(rows):
    rows = [[str(cell) for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def machine():
    with open("/proc/cpuinfo") as info:
        model = next((l.split(":", 1)[1].strip() for l in info if l.startswith("model name")), "unknown")
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}"


def write(folder, results, versions, chosen):
    """Writes results.json and results.md into `folder`; returns the text for the terminal."""
    summary = medians(results)
    (folder / "results.json").write_text(json.dumps(
        {"version": 1, "machine": machine(), "versions": versions, "runs": results}, indent=2) + "\n")
    heading = [machine(), *(f"{peer}: {version}" for peer, version in versions.items())]
    warnings = differing(summary)
    tables = [list(measurement_rows(summary)), list(comparison_rows(summary, chosen))]
    (folder / "results.md").write_text("\n\n".join(
        ["  \n".join(heading), *map(markdown, tables), *warnings]) + "\n")
    return "\n\n".join(["\n".join(heading), *map(aligned, tables), *warnings])
