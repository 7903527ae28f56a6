from gimefive_jax.config import DataConfig, DataName


def test_a_name_without_a_variant_is_of_the_six():
    assert DataName.parse("mine") == DataName("mine", "six") == DataConfig(name="mine").data_name
    assert DataName.parse("mine", variant="own") == DataName("mine", "own")
    assert DataName.parse("mine/seven", variant="own") == DataName("mine", "seven")


def test_text_and_folder_of_a_name():
    named = DataName("mine", "own")
    assert (str(named), named.folder) == ("mine/own", "mine-own")
    assert DataName.parse(str(named)) == named
    assert DataName("mine").folder == "mine"
