from gimefive_jax.config import ExperimentConfig, to_fields
from gimefive_jax.training.experiment import deciding_fields


def test_what_changes_no_parameter_does_not_decide_an_experiment():
    config = ExperimentConfig()
    left_out = set(to_fields(config)) - set(deciding_fields(config))
    assert left_out == {
        "data.directory",
        "data.placement",
        "evaluation.batch_size",
        "explanation.batch_size",
        "explanation.layers",
        "explanation.methods",
        "training.max_minutes",
        "training.save_every_minutes",
        "training.tensorboard",
    }
