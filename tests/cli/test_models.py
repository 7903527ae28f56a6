import pytest

from gimefive_jax.cli import main
from gimefive_jax.models import ARCHITECTURES


def test_every_model_has_a_row_with_size_layers_and_accuracy(capsys: pytest.CaptureFixture[str]):
    assert main(["models"]) == 0
    head, *rows = (line.split() for line in capsys.readouterr().out.splitlines())
    assert head[-3:] == ["RAF-DB", "FER2013", "aggregate"]
    assert [row[0] for row in rows] == list(ARCHITECTURES)
    assert rows[0][:5] == ["gimefive", "10,478,086", "0.540", "15", "block5/activation"]
    assert rows[0][5:] == ["86.5", "67.5", "75.3"]
    assert rows[5][-3:] == ["-", "-", "70.4"]


def test_a_narrow_model_is_smaller(capsys: pytest.CaptureFixture[str]):
    assert main(["models", "--width", "0.25"]) == 0
    row = capsys.readouterr().out.splitlines()[1].split()
    # README's table: 0.66 M parameters at this width.
    assert row[:2] == ["gimefive", "658,054"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--width", "0"], "width 0.0 must be positive"),
        (["--image-size", "32"], "image_size 32 must be a positive multiple of 64"),
    ],
)
def test_a_wrong_value_is_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["models", *words]) == 2
    assert message in capsys.readouterr().err
