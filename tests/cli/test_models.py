import pytest

from gimefive_jax.cli import main
from gimefive_jax.interop.shipped import shipped_numbers
from gimefive_jax.models import ARCHITECTURES
from gimefive_jax.report.released import read_released


def test_every_model_has_a_row_and_narrow_variants(capsys: pytest.CaptureFixture[str]):
    assert main(["models"]) == 0
    paper, narrow, shipped, notices = capsys.readouterr().out.split("\n\n")
    head, *rows = (line.split() for line in paper.splitlines())
    assert head[-3:] == ["RAF-DB", "FER2013", "aggregate"]
    assert [row[0] for row in rows] == list(ARCHITECTURES)
    assert rows[0][:5] == ["gimefive", "10,478,086", "0.540", "15", "block5/activation"]
    assert rows[0][5:] == ["86.5", "67.5", "75.3"]
    rest = {row[0]: row[1:] for row in rows}
    assert rest["gimefive_residual"][-3:] == ["-", "-", "70.4"]
    assert rest["gimefive_local"][-4:] == ["evidence", "-", "-", "-"]

    head, *rows = (line.split() for line in narrow.splitlines())
    assert head[-3:] == ["0.5", "0.25", "0.125"]
    assert [row[0] for row in rows] == list(ARCHITECTURES)
    assert rows[0][1:] == ["2,623,750", "658,054", "165,574"]

    found = read_released(shipped_numbers("small"))
    accuracy = f"{found.splits['test']['plain'].accuracy:.2%}"
    head, first, *_ = (line.split() for line in shipped.splitlines())
    assert head[0] == "shipped"
    assert first[:2] == ["small", "gimefive"]
    assert first[-2:] == ["test", accuracy]
    assert notices.startswith("small: trained on FER2013, for research use; ")


def test_the_layers_of_a_model_are_listed_with_output_and_parameters(
    capsys: pytest.CaptureFixture[str],
):
    assert main(["models", "gimefive_se"]) == 0
    listed, default = capsys.readouterr().out.split("\n\n")
    rows = {line.split()[0]: line for line in listed.splitlines()[1:]}
    assert len(rows) == 16
    assert rows["block1/conv"].endswith("[64, 64, 64]       1,792")
    assert rows["block5/activation"].endswith("[4, 4, 1024]           0")
    # 4,719,616 of the convolution, and scale and bias of the norm.
    assert rows["block5"].endswith("[2, 2, 1024]   4,721,664")
    assert default.strip() == (
        "explained by default: block5/activation; drawn: layercam@block3/activation"
    )


def test_a_narrow_model_is_smaller(capsys: pytest.CaptureFixture[str]):
    assert main(["models", "--width", "0.25"]) == 0
    row = capsys.readouterr().out.splitlines()[1].split()
    # docs/results.md: 0.66 M parameters at this width.
    assert row[:2] == ["gimefive", "658,054"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["vgh"], "no model 'vgh', did you mean 'vgg'?"),
        (["--width", "0"], "width 0.0 must be positive"),
        (["--image-size", "32"], "image_size 32 must be a positive multiple of 64"),
    ],
)
def test_a_wrong_value_is_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["models", *words]) == 2
    assert message in capsys.readouterr().err
