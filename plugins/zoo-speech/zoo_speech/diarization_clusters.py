"""Gathering voices into speakers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["cluster_voices"]

Vectors = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

_MOST = 4_000  # voices whose distances are computed two by two: 64 MB
_FEWEST = 4  # voices that make a speaker: a second of speech
_SHARE = 0.02  # of all voices that a speaker has at least


def cluster_voices(vectors: Vectors, sure: npt.NDArray[np.bool_], speakers: int | None, distance: float) -> Labels:
    """The speaker of each voice, as a number.

    Average linkage of cosine distances (Day and Edelsbrunner 1984, as in scikit-learn) over the voices that are `sure`;
    where there are more than 4,000, over the means of so many neighbours each that there are no more. The tree is cut
    where it has the wanted number of speakers, or at `distance`. Groups of less than a second, or of a fiftieth of the
    voices, are the edges between speakers and no speakers: their voices, and those that are not sure, go to the speaker
    who is most like them.

    Args:
        vectors: (voices, dimensions), each of length 1, in the order of the recording.
        sure: (voices,), which tell how many speakers there are; all of them where none is.
        speakers: how many there are.
        distance: 1 - cosine from which on groups are different speakers, where `speakers` is None.
    """
    chosen = vectors[sure] if sure.any() else vectors
    points = _thinned(chosen)
    fewest = max(min(_FEWEST, len(points) // 4), int(_SHARE * len(points)), 1)
    groups = _cut(points, speakers, distance, fewest)
    centres = np.stack([_unit(points[group].mean(axis=0)) for group in groups])
    made: Labels = np.argmax(vectors @ centres.T, axis=1).astype(np.int64)
    return made


def _thinned(vectors: Vectors) -> Vectors:
    """Means of neighbours, where there are too many to compare each with each."""
    each = -(-len(vectors) // _MOST)
    if each == 1:
        return vectors
    means = [_unit(vectors[at : at + each].mean(axis=0)) for at in range(0, len(vectors), each)]
    return np.stack(means)


def _unit(vector: Vectors) -> Vectors:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def _cut(points: Vectors, speakers: int | None, distance: float, fewest: int) -> list[list[int]]:
    """The speakers' points: groups of at least `fewest`."""
    if len(points) == 1:
        return [[0]]
    from sklearn.cluster import AgglomerativeClustering

    tree = AgglomerativeClustering(
        n_clusters=1, metric="cosine", linkage="average", compute_full_tree=True, compute_distances=True
    ).fit(points)
    steps = _steps(tree.children_, tree.distances_, speakers, distance, fewest)
    groups = {index: [index] for index in range(len(points))}
    for number, (one, other) in enumerate(tree.children_[:steps].tolist(), len(points)):
        groups[number] = groups.pop(one) + groups.pop(other)
    large = sorted((group for group in groups.values() if len(group) >= fewest), key=len, reverse=True)
    return (large or list(groups.values()))[:speakers]


def _steps(
    children: npt.NDArray[np.int64],
    distances: npt.NDArray[np.float64],
    speakers: int | None,
    distance: float,
    fewest: int,
) -> int:
    """How many of the tree's joins to make: up to the distance, or as long as there are enough large groups."""
    if speakers is None:
        return int(np.searchsorted(distances, distance))
    sizes = [1] * (len(children) + 1)
    large = len(sizes) if fewest == 1 else 0
    last = len(sizes) - min(speakers, len(sizes)) if large < speakers else 0
    for step, (one, other) in enumerate(children.tolist(), 1):
        sizes.append(sizes[one] + sizes[other])
        large += (sizes[-1] >= fewest) - (sizes[one] >= fewest) - (sizes[other] >= fewest)
        last = step if large >= speakers else last
    return last
