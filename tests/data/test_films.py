"""Films: their frames as pictures, in constant memory; what is none; and films that are written."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoo.data import Item, expand, film_rate, is_film, read_film, write_film
from zoo.data.films import _upright
from zoo.errors import BadData, BadOption, MissingDependency

av = pytest.importorskip("av", reason="films need PyAV")


def pictures(count: int, size: tuple[int, int] = (64, 48)):
    """A white bar that moves to the right, four pixels a frame."""
    for number in range(count):
        frame = np.zeros((size[1], size[0], 3), dtype=np.uint8)
        frame[:, 4 * number : 4 * number + 8] = 255
        yield Image.fromarray(frame)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "bar.mp4"
    assert write_film(path, pictures(12), 25) == 12
    return path


def place(picture: Image.Image) -> float:
    """Where the bar is: the mean column of what is bright."""
    return float(np.nonzero(np.asarray(picture.convert("L"))[24] > 128)[0].mean())


def test_frames_come_in_order_with_their_times(film):
    frames = list(read_film(film))
    assert [frame.number for frame in frames] == list(range(12))
    assert [frame.seconds for frame in frames] == pytest.approx([n / 25 for n in range(12)])
    assert {frame.picture.size for frame in frames} == {(64, 48)}
    assert {frame.picture.mode for frame in frames} == {"RGB"}
    assert [place(frame.picture) for frame in frames] == pytest.approx([4 * n + 3.5 for n in range(12)], abs=1)
    assert film_rate(film) == 25


def test_each_so_manieth_frame(film):
    assert [frame.number for frame in read_film(film, every=5)] == [0, 5, 10]
    with pytest.raises(BadOption):
        read_film(film, every=0)


def test_a_film_is_as_many_inputs_with_names_that_serve_as_files(film):
    items = list(expand([film, str(film)], "image", every=6))
    assert [item.name for item in items] == [f"{film}/bar-000000-0ms", f"{film}/bar-000006-240ms"] * 2
    assert [Path(item.name).stem for item in items[:2]] == ["bar-000000-0ms", "bar-000006-240ms"]
    assert place(items[1].value) == pytest.approx(27.5, abs=1)
    assert [item.name for item in expand([str(film.parent / "*.mp4")], "image", every=6)] == [i.name for i in items[:2]]
    assert list(expand([film], "video")) == [Item("PosixPath", film)]


def test_frames_are_read_as_they_are_taken(film, tmp_path):
    long = tmp_path / "long.mp4"
    long.write_bytes(film.read_bytes())
    items = expand([long], "image")
    assert [item.value.size for item in itertools.islice(items, 3)] == [(64, 48)] * 3
    items.close()  # the file is let go of
    long.unlink()


def test_what_is_no_film_is_one_input_that_fails(film, tmp_path):
    broken = {
        "empty.mp4": b"",
        "text.mp4": b"no film at all",
        "cut.mp4": film.read_bytes()[:400],
    }
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
        (item,) = expand([tmp_path / name], "image")
        assert isinstance(item.value, BadData)
        assert str(tmp_path / name) in str(item.value)
    for missing in ("none.mp4", "none*.mp4"):
        (item,) = expand([str(tmp_path / missing)], "image")
        assert isinstance(item.value, BadData)


def test_a_film_that_breaks_gives_the_frames_before(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (40, 96, 96, 3), dtype=np.uint8)
    path = tmp_path / "noise.avi"
    write_film(path, map(Image.fromarray, noise))
    data = bytearray(path.read_bytes())
    middle = len(data) * 2 // 3
    data[middle : middle + 20_000] = bytes(20_000)
    path.write_bytes(data)
    items = list(expand([path], "image"))
    assert 0 < len(items) < 40
    assert all(isinstance(item.value, Image.Image) for item in items[:-1])


def test_a_recording_holds_no_pictures(tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=16000)
        for number in range(8):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16000, 1024 * number
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    with pytest.raises(BadData, match="only sound"):
        list(read_film(path))


def test_cameras_that_were_turned():
    picture = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    assert np.asarray(_upright(picture, -90)).tolist() == [[3, 0], [4, 1], [5, 2]]  # clockwise
    assert np.asarray(_upright(picture, 90)).tolist() == [[2, 5], [1, 4], [0, 3]]
    assert np.asarray(_upright(picture, 180)).tolist() == [[5, 4, 3], [2, 1, 0]]
    assert _upright(picture, 0) is picture


def test_odd_sides_lose_a_pixel_and_bad_films_are_refused(tmp_path):
    assert write_film(tmp_path / "odd.mp4", pictures(3, (65, 49)), 5) == 3
    assert next(read_film(tmp_path / "odd.mp4")).picture.size == (64, 48)
    with pytest.raises(BadData, match="no pictures"):
        write_film(tmp_path / "none.mp4", [])
    with pytest.raises(BadData, match="picture 2"):
        write_film(tmp_path / "two.mp4", [Image.new("RGB", (8, 8)), Image.new("RGB", (8, 10))])
    for name, rate in (("odd.xyz", 5), ("odd.mp4", 0)):
        with pytest.raises(BadOption):
            write_film(tmp_path / name, pictures(1), rate)


def test_only_files_of_films_are_films():
    assert [is_film(value) for value in ("a.MP4", Path("b.webm"), "c.png", "https://x.org/d.mp4", b".mp4", 3)] == [
        True, True, False, False, False, False
    ]  # fmt: skip


def test_without_pyav_the_remedy_is_named(film, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependency, match="PyAV") as caught:
        read_film(film)
    assert "zoo-registry[video]" in caught.value.remedy
