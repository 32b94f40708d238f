"""Where a case is tried: a zoo of its own with the one model, made once and shared by all checks of the case."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from zoo.cards import ModelCard, Source, WeightFile
from zoo.conformance.equality import first_difference
from zoo.conformance.outcomes import Follows, Skip, Unkept
from zoo.errors import MissingPlugin, OfflineError, ZooError
from zoo.plugin import Case, Checkpoint
from zoo.registry import Pulled, Registry
from zoo.settings import Settings
from zoo.tasks import TASKS, Task

if TYPE_CHECKING:
    from zoo.devices import DeviceManager
    from zoo.models import Model

__all__ = ["Stage"]

T = TypeVar("T")


class Stage:
    """One case with its model in a temporary zoo; nothing is made before it is asked for.

    What several checks need is made once; where making it fails, the check that it belongs to fails, and the others
    point to it (`Follows`).

    Args:
        registry: the zoo of the one who checks: from it come the plugins, and models that are fetched.
        plugin: the plugin's name.
        case: what is tried.
        about: how the case is called.
        loader: of its model, where that is known before the model is there.
    """

    def __init__(self, registry: Registry, plugin: str, case: Case, about: str, loader: str | None = None) -> None:
        self.registry = registry
        self.plugin = plugin
        self.case = case
        self.about = about
        self._loader = loader
        self._kept: dict[str, Any] = {}
        self._folder: Path | None = None
        self._removal: weakref.finalize[..., Stage] | None = None  # at the end of the process at the latest

    @property
    def task(self) -> Task:
        """What goes in and what comes out."""
        return TASKS[self.case.task]

    @property
    def folder(self) -> Path:
        """The temporary folder of the case."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="zoo-conformance-"))
            self._removal = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    @property
    def settled(self) -> bool:
        """Whether the loader is known without making the model."""
        return self._loader is not None or "card" in self._kept

    @property
    def loader(self) -> str:
        """The loader of the model; the model is made first where only that tells."""
        return self._loader or self.card.loader

    @property
    def card(self) -> ModelCard:
        """The model's card, with sources where the case makes the model."""
        return self._once("card", "offline-load", self._card)

    @property
    def pulled(self) -> Pulled:
        """The model's files in the temporary zoo."""
        return self._once("pulled", "offline-load", self._pulled)

    @property
    def checkpoint(self) -> Checkpoint:
        """What loaders, runners and adapters are given."""
        pulled = self.pulled
        return Checkpoint(card=pulled.card, path=pulled.path, revision=pulled.manifest.revision)

    @property
    def model(self) -> Model:
        """The model, loaded on the CPU, shared by the checks that only use it."""
        return self._once("model", "offline-load", lambda: self.load(self.shared))

    @property
    def inputs(self) -> list[Any]:
        """What goes in."""
        return self._once("inputs", "typed", self._inputs)

    @property
    def results(self) -> list[Any]:
        """The results of all inputs, given at once."""
        return self._once("results", "typed", lambda: self.run(self.model, self.inputs))

    @property
    def steady(self) -> list[Any]:
        """The results, known to be the same when the model is asked again.

        Raises:
            Skip: they are random by design.
        """
        if self.case.random:
            raise Skip("results differ from call to call by design")
        return self._once("steady", "repeated", self._steady)

    def differs(self, results: Sequence[Any], wanted: Sequence[Any] | None = None) -> str | None:
        """Where results are not those of before, or not the wanted ones."""
        before = self.steady if wanted is None else wanted
        return first_difference(results, before, self.case.tolerance)

    def run(self, model: Model, inputs: Sequence[Any]) -> list[Any]:
        """Results of inputs, given at once.

        Raises:
            Unkept: there are not as many results as inputs.
        """
        made = model.predict(list(inputs), **self.case.options)
        if not isinstance(made, list) or len(made) != len(inputs):
            count = len(made) if isinstance(made, list) else 1
            raise Unkept(
                f"{len(inputs)} inputs give {count} results", "`finish` gives one result for each example, in order."
            )
        return made

    def load(self, zoo: Registry, *, device: str = "cpu", batch: int | None = None) -> Model:
        """The model in a zoo over the temporary home, as `zoo.load` makes it once the name is resolved."""
        from zoo.models.load import open_model
        from zoo.models.wanted import Wanted

        pulled = self.pulled
        runner = zoo.plugins.runner(pulled.card.loader, self.case.task)
        return open_model(zoo, pulled, self.case.task, runner, Wanted(device=device, batch=batch))

    @contextmanager
    def fresh(self, *, device: str = "cpu", devices: DeviceManager | None = None) -> Iterator[tuple[Registry, Model]]:
        """A zoo with a device manager of its own, and the model loaded anew in it, until the end of the block."""
        zoo = self.zoo(devices)
        model = self.load(zoo, device=device)
        try:
            yield zoo, model
        finally:
            model.unload()

    def zoo(self, devices: DeviceManager | None = None) -> Registry:
        """A zoo over the temporary home, offline, that shares no device manager with others."""
        from zoo.devices import DeviceManager

        return Registry(
            plugins=self.registry.plugins,
            settings=Settings(home=self.folder / "zoo", offline=True),
            devices=devices or DeviceManager(),
            quiet=True,
        )

    def close(self) -> None:
        """Let the model go and remove the temporary folder; the stage can be used again, and begins anew."""
        kept, self._kept = self._kept, {}
        model = kept.get("model")
        if model is not None and not isinstance(model, Follows):
            model.unload()
        if self._removal is not None:
            self._removal()
            self._folder = None

    # How it is made

    def _once(self, name: str, owner: str, make: Callable[[], T]) -> T:
        if name not in self._kept:
            try:
                self._kept[name] = make()
            except (Skip, Follows):
                raise
            except (Exception, SystemExit) as error:  # whatever a plugin raises is told by the check that it belongs to
                self._kept[name] = Follows(owner, error if isinstance(error, Exception) else Unkept("it exits", ""))
        made = self._kept[name]
        if isinstance(made, Follows):
            raise made
        result: T = made
        return result

    @property
    def shared(self) -> Registry:
        """The zoo of the shared model."""
        return self._once("zoo", "offline-load", self.zoo)

    def _card(self) -> ModelCard:
        if self.case.make is None:
            return self._known()
        folder = self.folder / "made"
        folder.mkdir(exist_ok=True)
        made = self.case.make(folder)
        if not isinstance(made, ModelCard):
            raise Unkept(f"`make` gives {type(made).__name__}", "Return the model's card.")
        return _with_files(made, folder).check()

    def _known(self) -> ModelCard:
        """The card that the case names: one of the plugin's own, else any that the zoo knows."""
        name = self.case.model
        if name is None:
            raise Unkept("the case has neither `model` nor `make`", "Name a card of the plugin, or make a tiny model.")
        cards = self.registry.plugins.cards(self.plugin)
        found = [card for card in cards if name == card.id or name.lower() in card.aliases]
        return found[0] if found else self.registry.resolve(name).card

    def _pulled(self) -> Pulled:
        """The model's files in the temporary home: copied from where `make` wrote them, or from the zoo."""
        card = self.card
        zoo = self.shared
        if self.case.make is not None:
            manifest = zoo.store.pull(card)
        else:
            card, manifest = self._taken(card, zoo)
        path = zoo.store.find(card.id, manifest.revision)
        if path is None:  # it was put there a moment ago
            raise FileNotFoundError(card.id)
        return Pulled(card=card, manifest=manifest, path=path)

    def _taken(self, card: ModelCard, zoo: Registry) -> tuple[ModelCard, Any]:
        try:
            pulled = self.registry.obtain(card.id)
        except OfflineError as error:
            raise Skip(f"{card.id} is not here, and the network may not be used: `zoo pull {card.id}`") from error
        except ZooError as error:
            if card.deprecated is None:
                raise
            raise Skip(f"{card.id} is deprecated: {error.cause}") from error
        work = self.folder / "taken"
        for file in pulled.manifest.files:
            (work / file.path).parent.mkdir(parents=True, exist_ok=True)
            _link(pulled.path / file.path, work / file.path)
        files = {file.path: work / file.path for file in pulled.manifest.files}
        return pulled.card, zoo.store.adopt(card.id, files=files, origin="conformance")

    def _inputs(self) -> list[Any]:
        if self.case.inputs:
            return list(self.case.inputs)
        from zoo.conformance.inputs import usual_inputs

        return usual_inputs(self)

    def _steady(self) -> list[Any]:
        before = self.results
        if again := first_difference(self.run(self.model, self.inputs), before, self.case.tolerance):
            raise Unkept(
                f"the same inputs give another result the second time: {again}",
                "Keep no state between calls; if it is random by design, say so: `Case(random=True)`.",
            )
        return before

    def adapter(self) -> Any:
        """The fine-tuning adapter of the case's loader and task; raises `Skip` where no plugin supplies one."""
        try:
            made = self.registry.plugins.finetuner(self.card.loader, self.case.task)
        except MissingPlugin as error:
            raise Skip(f"no adapter is declared for ({self.card.loader}, {self.case.task})") from error
        return made(self.checkpoint)

    def remember(self, name: str, owner: str, make: Callable[[], T]) -> T:
        """Something else that several checks of the case need, made once."""
        return self._once(name, owner, make)


def _with_files(card: ModelCard, folder: Path) -> ModelCard:
    """The card with the folder as its source, and its files with their sizes and hashes."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    if not paths:
        raise Unkept("`make` wrote no files", "Write the model's files into the folder that it is given.")
    uri = f"file:{quote(str(folder))}"
    files = [_file(path, path.relative_to(folder).as_posix(), uri) for path in paths]
    return card.replace(sources=(Source(uri=uri),), files=tuple(files))


def _file(path: Path, name: str, uri: str) -> WeightFile:
    with path.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    return WeightFile(path=name, origin=(f"{uri}#{quote(name)}",), size=path.stat().st_size, sha256=sha256)


def _link(path: Path, target: Path) -> None:
    """The same file under another name where the disk allows that, else a copy."""
    real = path.resolve()
    try:
        target.hardlink_to(real)
    except OSError:
        shutil.copyfile(real, target)
