from pathlib import Path

import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

from gimefive_jax.plots import font, save_figure


def test_the_font_is_the_one_that_matplotlib_ships():
    assert font(12).getname() == ("DejaVu Sans", "Book")
    assert Path(font(12).path) == Path(font_manager.findfont("DejaVu Sans"))


def test_a_figure_that_cannot_be_drawn_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "a.png"
    save_figure(Figure(), path)
    before = path.read_bytes()
    assert before[:4] == b"\x89PNG"

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(OSError, match="No space left"):
        save_figure(Figure(), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]
