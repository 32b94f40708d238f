"""The interface of plugins, name by name: who changes it changes this list, the documentation and CHANGELOG.md."""

from __future__ import annotations

import importlib

import pytest

from tools.reference import FOLDER, INTERFACE, surface

# A name that goes, or another signature, is a break: deprecate first (docs/explanation/plugins.md).
PUBLIC: dict[str, str] = {
    "hooks": """
        zoo_cards zoo_commands zoo_exporters zoo_finetuners zoo_loaders zoo_runners zoo_sources
    """,
    "zoo.plugin": """
        ADAPTER_FILE API_VERSION CASES_MODULE FAMILY HEAD_FILE Case Checkpoint FineTuner Head Lesson LoadContext Loader
        NoOptions Other PluginInfo PluginManager PretrainedLoader Runner Target Trained arxiv hookimpl hookspec member
        meta_floats meta_tokens option packaged_cards pretrained_sample read_object refuse_code stated
    """,
    "zoo.plugin.testing": """
        Broken Check conformance_checks pytest_runtest_makereport pytest_terminal_summary
    """,
    "zoo.cards": """
        NOT_STATED Licence Metric ModelCard Ref Source WeightFile canonical_json check_file_path check_name digest shown
    """,
    "zoo.data": """
        IGNORED IMAGE_SUFFIXES Columns Converted Frame Item LabelledBox LabelledData Problem RawData Row Series Split
        convert expand film_rate hashes_of is_film read_again read_film read_image read_labelled read_mask read_raw
        read_series split_data write_film
    """,
    "zoo.errors": """
        AmbiguousModel BadCard BadData BadInput BadOption BadRef CatalogError CatalogTooNew DeviceError HashMismatch
        IntegrityError MissingDependency MissingPlugin NetworkError NoSpace NotFound NotInstalled OfflineError
        PluginError ResourceError SourceError UnknownModel UnknownTask UnsafeFile UnsupportedFormat WeightsMismatch
        ZooError nearest
    """,
    "zoo.tasks": """
        LEARNT TASKS Activity Answer Box Classification DepthMap Detections Embedding Entities Entity Forecast
        Generation InputKind Keypoints Label Neighbours Pose ProteinStructure Result Segment Segmentation Similarity
        Speech SpeechRegion TargetKind Task TokenFill Transcript TranscriptSegment TranscriptWord Turn Turns
    """,
    "zoo.plugin.Loader": """
        dtypes blank convert load sample
    """,
    "zoo.plugin.Runner": """
        Options batch dtypes collate finish forward merge other prepare size
    """,
    "zoo.plugin.FineTuner": """
        kinds methods rate batch encode features head layers lora loss save trainable
    """,
    "zoo.plugin.LoadContext": """
        assign cache device dtype no_init
    """,
    "zoo.plugin.Checkpoint": """
        card path revision file has head_tensors read_json read_tensors tensors weight_files
    """,
}


def members(lines: list[str], kind: str) -> list[str]:
    """Names of the fields and methods of one class among a module's lines."""
    start = next(n for n, line in enumerate(lines) if line.partition("(")[0] == f"class {kind}")
    found = []
    for line in lines[start + 1 :]:
        if not line.startswith("    "):
            break
        found.append(line.split("(")[0].split(":")[0].strip())
    return found


@pytest.mark.parametrize("where", PUBLIC)
def test_the_public_names(where: str) -> None:
    if where == "hooks":
        names = [line.partition("(")[0] for line in surface()["hooks"]]
    elif where in INTERFACE:
        names = list(importlib.import_module(where).__all__)
    else:
        module, _, kind = where.rpartition(".")
        names = members(surface()[module], kind)
    assert names == PUBLIC[where].split()


def test_the_page_says_exactly_what_the_code_does() -> None:
    page = (FOLDER / "plugin-api.md").read_text(encoding="utf-8")
    for module, lines in surface().items():
        listed = page.partition(f"## {module}\n\n```text\n")[2].partition("\n```")[0]
        assert listed.splitlines() == lines, f"{module}: run `make docs`, and say in CHANGELOG.md what changed"


def test_a_plugin_sees_types() -> None:
    """`py.typed` (PEP 561) is there, and every public signature says what goes in and comes out."""
    assert (FOLDER.parents[1] / "zoo" / "py.typed").is_file()
    bare = [
        line
        for line in surface()["hooks"] + surface()["zoo.plugin"]
        if line.rstrip().endswith(")") and "->" not in line
    ]
    assert [line for line in bare if not line.startswith("class ") and "read only" not in line] == []
