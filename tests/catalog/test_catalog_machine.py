from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.catalog.catalog_cards import manifest, timm_card
from zoo.cards import NOT_STATED, Licence
from zoo.catalog import hot
from zoo.catalog.build import content_digest
from zoo.catalog.catalog import Catalog
from zoo.catalog.records import Edge, RunRecord
from zoo.errors import AmbiguousModel, BadRef, CatalogError, NotFound, NotInstalled

R50 = "timm/resnet50.a1_in1k"

RUN = RunRecord(
    id="20260131-finetune-1",
    kind="finetune",
    started="2026-01-31T10:00:00Z",
    model="cats",
    argv=("zoo", "finetune", R50, "cats/"),
    hyperparameters={"rate": 0.1, "layers": [1, 2]},
    seeds={"torch": 0},
    data={"sha256": "ab", "rows": 10},
    environment={"python": "3.11", "gpu": None},
)


@pytest.fixture
def one(catalog: Catalog) -> Catalog:
    catalog.sync_feed("vision", "plugin", "1", [timm_card("resnet50.a1_in1k"), timm_card("resnet18.a1_in1k")])
    return catalog


def test_a_revision_comes_back_as_it_was_recorded(one: Catalog):
    pulled = manifest(R50)
    assert one.record_revision(pulled)
    assert not one.record_revision(pulled)
    assert not one.record_revision(replace(pulled, pulled="2027-01-01T00:00:00Z"))
    (record,) = one.revisions(R50)
    assert record.manifest == pulled
    assert record.licence == one.get(R50).licence
    assert one.latest_revision(R50) == record


def test_the_licence_is_kept_as_it_was_stated_at_the_pull(one: Catalog):
    one.record_revision(manifest(R50), Licence(weights="MIT", source="LICENSE"))
    one.sync_feed("vision", "plugin", "2", [])
    assert one.revisions(R50)[0].licence == Licence(weights="MIT", source="LICENSE")
    one.record_revision(manifest("unknown/model"))
    assert one.revisions("unknown/model")[0].licence == Licence(weights=NOT_STATED)


def test_files_converted_anew_replace_the_old_ones(one: Catalog):
    pulled = manifest(R50)
    one.record_revision(pulled)
    config, weights = pulled.files
    anew = replace(pulled, files=(config, replace(weights, sha256="c" * 64, size=2001)))
    assert anew.revision == pulled.revision
    assert one.record_revision(anew)
    assert one.revisions(R50)[0].manifest == anew
    assert hot.listing(one.path)[0]["size"] == anew.size


def test_the_latest_revision_is_the_one_pulled_last(one: Catalog):
    for seed, pulled in (("a", "2026-01-31T09:00:00Z"), ("b", "2026-03-01T09:00:00Z"), ("c", "2026-02-01T09:00:00Z")):
        one.record_revision(manifest(R50, seed=seed, pulled=pulled))
    assert [r.manifest.pulled[5:7] for r in one.revisions(R50)] == ["03", "02", "01"]
    assert one.latest_revision(R50).revision == manifest(R50, seed="b").revision
    assert one.latest_revision("nothing") is None


def test_aliases_move_and_keep_their_history(one: Catalog):
    a, b = manifest(R50, seed="a"), manifest(R50, seed="b")
    one.record_revision(a)
    one.record_revision(b)
    assert one.set_alias(R50, "prod", a.revision)
    assert not one.set_alias(R50, "prod", a.revision)
    assert one.set_alias(R50, "prod", b.revision)
    assert one.alias(R50, "prod") == b.revision
    assert one.alias(R50, "other") is None
    assert one.forget_revision(R50, b.revision)
    assert not one.forget_revision(R50, b.revision)
    assert one.alias(R50, "prod") is None
    one.set_alias(R50, "test", a.revision)
    assert one.unset_alias(R50, "test")
    assert not one.unset_alias(R50, "test")
    steps = [(c.alias, c.previous, c.revision) for c in one.alias_history(R50)]
    assert steps == [
        ("prod", None, a.revision),
        ("prod", a.revision, b.revision),
        ("prod", b.revision, None),
        ("test", None, a.revision),
        ("test", a.revision, None),
    ]


@pytest.mark.parametrize("alias", ["", "a b", "..", "x/../y", "abcdef0", "0" * 64, "a@b", "-x", "é", "a\0", "x" * 200])
def test_bad_aliases(one: Catalog, alias: str):
    one.record_revision(manifest(R50))
    with pytest.raises(BadRef):
        one.set_alias(R50, alias, manifest(R50).revision)
    assert one.alias_history(R50) == ()


def test_an_alias_needs_an_installed_revision(one: Catalog):
    with pytest.raises(NotInstalled):
        one.set_alias(R50, "prod", "f" * 64)


def test_finding_revisions(one: Catalog):
    made = [manifest(R50, seed=f"s{i}") for i in range(3)]
    for item in made:
        one.record_revision(item)
    one.set_alias(R50, "prod", made[0].revision)
    assert one.find_revision(R50, "prod") == made[0].revision
    assert one.find_revision(R50, made[1].revision) == made[1].revision
    assert one.find_revision(R50, made[1].revision[:7]) == made[1].revision
    assert one.find_revision(R50, made[2].upstream) == made[2].revision
    for text in ("nope", made[1].revision[:6], made[1].revision.upper(), "%", "main"):
        with pytest.raises(NotFound, match="zoo show"):
            one.find_revision(R50, text)
    connection = sqlite3.connect(one.path)
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("UPDATE revision SET revision = 'abcdef01' || substr(revision, 9)")
    connection.commit()
    connection.close()
    with pytest.raises(AmbiguousModel, match="several"):
        one.find_revision(R50, "abcdef0")


def test_runs(one: Catalog):
    assert one.start_run(RUN)
    assert not one.start_run(RUN)
    assert one.run(RUN.id) == RUN
    with pytest.raises(CatalogError, match="already another run"):
        one.start_run(replace(RUN, kind="evaluate"))
    assert one.finish_run(RUN.id, metrics={"top1": 0.9}, ended="2026-01-31T11:00:00Z")
    assert not one.finish_run(RUN.id, metrics={"top1": 0.9})
    with pytest.raises(CatalogError, match="already ended: done"):
        one.finish_run(RUN.id, "failed")
    done = replace(RUN, metrics={"top1": 0.9}, ended="2026-01-31T11:00:00Z", outcome="done")
    one.start_run(later := replace(RUN, id="2", kind="evaluate", model=R50, started="2026-02-01T00:00:00Z"))
    assert one.runs() == (later, done)
    assert one.runs(kind="finetune") == (done,)
    assert one.runs(model=R50) == (later,)
    for call in (one.run, one.finish_run):
        with pytest.raises(NotFound, match="no run 'x'"):
            call("x")


def test_lineage_goes_up_and_down(one: Catalog):
    one.start_run(RUN)
    base = manifest(R50).revision
    assert one.add_lineage("cats", R50, base, "finetuned", RUN.id)
    assert not one.add_lineage("cats", R50, base, "finetuned", RUN.id)
    one.add_lineage("cats-small", "cats", relation="quantised")
    one.add_card(timm_card("x").replace(id="declared-only", base="cats"))
    one.add_card(timm_card("x").replace(id="cats", base=R50))
    up = one.lineage("cats-small").ancestors
    assert [(e.child, e.base, e.relation) for e in up] == [
        ("cats-small", "cats", "quantised"),
        ("cats", R50, "finetuned"),
    ]
    down = one.lineage(R50).descendants
    assert [(e.child, e.relation) for e in down] == [
        ("cats", "finetuned"),
        ("cats-small", "quantised"),
        ("declared-only", "declared"),
    ]
    assert down[0] == Edge(child="cats", base=R50, relation="finetuned", base_revision=base, run=RUN.id)
    for model in (R50, "cats", "cats-small", "nothing"):
        shown = hot.show(one.path, model)
        if shown:
            lineage = one.lineage(model)
            assert shown["lineage"] == {
                "ancestors": [vars(e) for e in lineage.ancestors],
                "descendants": [vars(e) for e in lineage.descendants],
            }


def test_a_circle_in_the_lineage_does_no_harm(one: Catalog):
    one.add_lineage("a", "b")
    one.add_lineage("b", "c")
    one.add_lineage("c", "a")
    assert [e.base for e in one.lineage("a").ancestors] == ["b", "c", "a"]
    with pytest.raises(CatalogError, match="from itself"):
        one.add_lineage("a", "a")
    with pytest.raises(NotFound):
        one.add_lineage("a", "d", run_id="no such run")


def test_settings(one: Catalog):
    one.remember("environment", "abc")
    one.remember("environment", "abd")
    assert hot.setting(one.path, "environment") == "abd"
    assert hot.setting(one.path, "other") is None


def test_what_the_store_remembers_can_be_entered_again(one: Catalog, tmp_path: Path, empty: Path):
    edge = Edge(child="cats", base=R50, relation="finetuned", run=RUN.id)
    mine = timm_card("x").replace(id="cats", base=R50)
    manifests = [manifest(R50), manifest("cats", seed="z")]
    assert one.needs_rebuild
    told = {"cards": [mine], "runs": [RUN], "edges": [edge]}
    assert one.rebuild_from(manifests, **told) == 5
    assert not one.needs_rebuild
    with Catalog(tmp_path / "again" / "registry.db", shipped=empty) as again:
        again.sync_feed("vision", "plugin", "1", [one.get(R50), one.get("timm/resnet18.a1_in1k")])
        again.rebuild_from(manifests, **told)
        assert again.rebuild_from(manifests, **told) == 0
        assert again.revisions(R50) == one.revisions(R50)
        assert hot.show(again.path, "cats")["lineage"] == hot.show(one.path, "cats")["lineage"]


def test_a_failed_rebuild_enters_nothing(one: Catalog):
    before = content_digest(one.path)

    def broken():
        yield manifest(R50)
        raise OSError("the disk failed")

    with pytest.raises(OSError, match="disk failed"):
        one.rebuild_from(broken())
    assert content_digest(one.path) == before
