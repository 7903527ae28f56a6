"""The aggregate of prepared sets."""

from pathlib import Path

import pytest

from data_prep.aggregate import AggregateOptions
from data_prep.prepare import prepare_request
from data_prep.source import Request
from gimefive_jax.cli import main
from gimefive_jax.errors import InputError
from tests.data_prep.made_up import MadeUp, face, faces


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MadeUp:
    return MadeUp(monkeypatch, tmp_path)


def test_the_aggregate_joins_what_is_prepared(made_up: MadeUp, tmp_path: Path) -> None:
    data_dir = tmp_path / "tfds"
    with pytest.raises(InputError, match="has none of raf_db/six, fer2013/six"):
        prepare_request(Request("gimefive"), data_dir=data_dir)
    fer = [*faces(60, part="train", source="fer2013")]
    fer += [face(i, part="test", source="fer2013") for i in range(100, 112)]
    made_up.prepare(fer, name="fer2013")
    # One subject in two sets is two people; the train part of FER2013 holds a picture of CK+'s.
    made_up.prepare(
        [
            *(face(i, source="ck_plus", subject=f"S{i}") for i in range(200, 260)),
            face(3, source="ck_plus"),
        ],
        name="ck_plus",
    )
    made_up.monkeypatch.undo()
    prepared = prepare_request(Request("gimefive"), data_dir=data_dir)
    assert prepared.sources == {"fer2013": 72, "ck_plus": 61}
    assert sum(prepared.counts["test"].values()) == 12
    train, validation = (made_up.open(name, name="gimefive") for name in ("train", "validation"))
    assert len(train) + len(validation) == 121
    both = [
        {"fer2013/3.png", "ck_plus/3.png"} & set(split.file_names) for split in (train, validation)
    ]
    assert sorted(map(len, both)) == [0, 2]
    assert prepare_request(Request("gimefive"), data_dir=data_dir).already_prepared
    only = prepare_request(
        Request("gimefive", options=AggregateOptions(("ck_plus",))), data_dir=data_dir
    )
    assert only.sources == {"ck_plus": 61}
    with pytest.raises(InputError, match="member raf_db/six is not prepared"):
        prepare_request(
            Request("gimefive", options=AggregateOptions(("raf_db",))), data_dir=data_dir
        )


def fer_clean(made_up: MadeUp) -> Path:
    """A folder of prepared sets that holds one of FER2013, under a name of the user's own."""
    records = [*faces(60, part="train"), *(face(i, part="test") for i in range(100, 112))]
    made_up.prepare(records, name="fer2013", set_name="fer_clean")
    made_up.prepare([face(i) for i in range(200, 320)], name="ck_plus")
    made_up.prepare(
        [face(i, part="test" if i > 480 else "train") for i in range(400, 490)], name="affectnet"
    )
    return made_up.folder / "tfds"


def test_the_source_of_a_member_decides_whether_it_is_tested(
    made_up: MadeUp, capsys: pytest.CaptureFixture[str]
) -> None:
    data_dir = fer_clean(made_up)
    made_up.monkeypatch.undo()
    words = ["data", "prepare", "gimefive", "--set-name", "mine", "--data-dir", str(data_dir)]
    words += ["--members", "fer_clean", "ck_plus", "affectnet"]
    for _ in range(2):
        assert main(words) == 0
        printed = capsys.readouterr().out
        assert "joined from made_up 273" in printed
        assert "affectnet: 9 test faces left out" in printed
        assert "ck_plus has a carved test and trains whole" in printed
        assert "fer_clean: " not in printed
    assert len(made_up.open("test", name="mine")) == 12


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (("ck_plus", "ck_plus"), "member ck_plus is given 2 times"),
        (("mine",), "mine cannot be a member of itself"),
        (("../tfds/ck_plus",), "member '../tfds/ck_plus' is no name of a data set"),
    ],
)
def test_what_cannot_be_a_member_is_refused(
    members: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    request = Request("gimefive", options=AggregateOptions(members), set_name="mine")
    with pytest.raises(InputError, match=message):
        prepare_request(request, data_dir=tmp_path)


@pytest.mark.parametrize("text", ["[]", "{}", '{"emotions": ["fear"]}', "{"])
def test_a_member_of_another_version_is_to_be_prepared_again(
    made_up: MadeUp, text: str, tmp_path: Path
) -> None:
    prepared = made_up.prepare(faces(60), name="ck_plus")
    made_up.monkeypatch.undo()
    (prepared.path / "metadata.json").write_text(text)
    for members in ((), ("ck_plus",)):
        with pytest.raises(InputError, match="prepare ck_plus again"):
            prepare_request(
                Request("gimefive", options=AggregateOptions(members)), data_dir=tmp_path / "tfds"
            )
