"""The few words with which trees and graphs speak of models, steps and runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zoo.catalog.records import Edge
from zoo.descent.family import Descent, Kin
from zoo.licences import licence_class

__all__ = ["about", "licence_text", "run_text", "step"]


def licence_text(weights: str) -> str:
    """`MIT (permissive)`; a licence whose class is its own name stands alone."""
    kind = licence_class(weights)
    return weights if weights == kind else f"{weights} ({kind})"


def about(descent: Descent, kin: Kin) -> list[str]:
    """What is said of a model: its licence, whether it is here, whether its licence does not fit its bases'."""
    if not kin.known:
        return ["no card here", *([licence_text(kin.licence.weights)] if kin.revisions else [])]
    made = [licence_text(kin.licence.weights)]
    made += ["here"] if kin.revisions else []
    worst = {found.severity for found in descent.conflicts if found.model == kin.id}
    return made + (["licence conflict"] if "conflict" in worst else ["licence warning"] if worst else [])


def step(descent: Descent, edge: Edge, revision: str | None) -> list[str]:
    """How one model was made from another: relation, the revision at the far end, the run."""
    made = ["declared by its card" if edge.relation == "declared" else edge.relation]
    made += [f"revision {revision[:12]}"] if revision else []
    return made + ([run_text(edge.run, descent.runs.get(edge.run, {}))] if edge.run else [])


def run_text(name: str, run: Mapping[str, Any]) -> str:
    """`run ID, 2026-01-31, accuracy 0.912`, with its outcome when it did not end well."""
    made = [f"run {name}"]
    made += [str(run["started"])[:10]] if run.get("started") else []
    scores = {k: v for k, v in (run.get("metrics") or {}).items() if isinstance(v, int | float)}
    # A run's record lists its main score first, but the catalog's JSON is sorted: accuracy wins where there is one.
    name_of = "accuracy" if "accuracy" in scores else min(scores, default=None)
    made += [f"{name_of} {scores[name_of]:.4g}"] if name_of else []
    return ", ".join([*made, *([str(run["outcome"])] if run.get("outcome") not in {None, "done"} else [])])
