"""The rows of the tables, and how they are chosen."""

import dataclasses

import pytest

from gimefive_jax import config as configs
from gimefive_jax.errors import InputError
from gimefive_jax.interop.shipped import shipped_names
from gimefive_jax.models import ARCHITECTURES
from gimefive_jax.recipes.reproduction_plan import TableRow, choose_rows, plan_table


def _row(rows: tuple[TableRow, ...], name: str, data: str) -> TableRow:
    [row] = choose_rows(rows, names=[name], data=[data])
    return row


def test_the_papers_table_has_a_row_for_each_figure_of_the_paper():
    figures = {
        (name, title): figure / 100
        for name, architecture in ARCHITECTURES.items()
        for title, figure in architecture.paper_accuracy.items()
    }
    rows = plan_table("paper", {})
    assert {(row.name, row.data_title): row.paper_accuracy for row in rows} == figures
    assert len(rows) == len(figures) == 20
    assert _row(rows, "gimefive", "fer2013").paper_accuracy == 0.675


def test_a_row_of_the_paper_is_its_recipe_with_another_model_and_data():
    row = _row(plan_table("paper", {}), "vgg", "raf_db")
    recipe = configs.load_config("gimefive_fer2013:vgg")
    assert row.config == configs.replace(recipe, {"data.name": "raf_db"})


def test_every_folder_of_a_table_is_another():
    for table in ("paper", "ours"):
        folders = [row.folder for row in plan_table(table, {})]
        assert len(set(folders)) == len(folders)


def test_our_table_holds_the_shipped_weights_and_every_recipe_but_the_papers():
    rows = plan_table("ours", {})
    shipped = [(row.name, row.flip) for row in rows if row.is_shipped]
    assert shipped == [(name, flip) for name in shipped_names() for flip in (False, True)]
    trained = {row.name for row in rows if not row.is_shipped}
    assert {"gimefive_fer2013_fast", "gimefive_small_fer2013", "drawn_faces_quickstart"} <= trained
    assert not {"gimefive_fer2013", "gimefive_fer2013_reference"} & trained


def test_a_replaced_field_is_told_where_it_may_change_the_result():
    values = {"model.width": 0.25, "training.batch_size": 16, "training.save_every_minutes": 1.0}
    rows = plan_table("paper", values)
    row = _row(rows, "gimefive", "fer2013")
    # 16 is the recipe's own, and how often it is saved changes no result.
    assert dict(row.changed) == {"model.width": 0.25}
    assert (row.config.model.width, row.config.training.save_every_minutes) == (0.25, 1.0)


def test_the_command_of_a_row_plans_that_row():
    row = _row(plan_table("paper", {"model.width": 0.25}), "gimefive", "fer2013")
    assert row.command("paper", 3) == (
        "gimefive reproduce paper --row gimefive --data fer2013 --seeds 3 --config.model.width=0.25"
    )


@pytest.mark.parametrize(
    "field", ["model.name", "data.name", "data.variant", "data.directory", "seed"]
)
def test_what_rows_differ_in_is_no_field_to_replace(field: str):
    value = dict(configs.to_fields(configs.load_config("gimefive_fer2013")))[field]
    with pytest.raises(InputError, match=f"--config.{field} is not replaced in a table; "):
        plan_table("paper", {field: value})


@pytest.mark.parametrize(
    ("names", "data", "message"),
    [
        (["gimefiv"], [], "did you mean 'gimefive'"),
        ([], ["fer2012"], "did you mean 'fer2013'"),
        (["gimefive_se"], ["fer2013"], "no row gimefive_se on fer2013; it has one on raf_db"),
    ],
)
def test_a_row_that_is_not_there_is_named(names: list[str], data: list[str], message: str):
    with pytest.raises(InputError, match=message):
        choose_rows(plan_table("paper", {}), names=names, data=data)


def test_rows_are_chosen_by_name_and_data():
    rows = plan_table("paper", {})
    assert choose_rows(rows) == rows
    chosen = choose_rows(rows, names=["vgg", "resnet18"], data=["fer2013"])
    assert [row.name for row in chosen] == ["resnet18", "vgg"]


def test_a_row_of_ones_own_data_has_no_figure_of_the_paper():
    row = _row(plan_table("ours", {}), "drawn_faces_quickstart", "drawn_faces")
    assert (row.paper_accuracy, row.data_title) == (None, "drawn_faces")
    assert dataclasses.replace(row, name="other").folder == "drawn_faces-other"
