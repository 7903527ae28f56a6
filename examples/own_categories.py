"""Learns categories of your own from pictures in folders, beginning from the shipped weights.

    python own_categories.py pictures out

`pictures` holds a folder for each category, named as you like: `pictures/bored/1.jpg` and so on.
The same by commands:

    gimefive data prepare folders --raw pictures --set-name mine --categories own --data-dir data
    gimefive train --config gimefive_fer2013 --init small --config.data.name mine \
        --config.data.variant own --data-dir data --workdir run
    gimefive evaluate run
    gimefive explain run
"""

import sys
from pathlib import Path

import gimefive_jax
from data_prep.prepare import prepare_request
from data_prep.source import Request
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.training.initial import read_initial, with_model_of
from gimefive_jax.training.loop import train


def main(pictures: str, out: str, *, num_epochs: int = 10) -> None:
    """Prepare, train, evaluate and explain; everything goes to `out`."""
    data_dir, run = Path(out) / "data", Path(out) / "run"
    # Without folders train/ and test/ a fifth is kept for the test.
    request = Request("folders", variant="own", raw=Path(pictures), set_name="mine")
    prepared = prepare_request(request, data_dir=data_dir)
    for split, counts in prepared.counts.items():
        print(split, dict(counts))

    small = read_initial("small")
    config = replace(
        ExperimentConfig(),
        {
            "data.name": "mine",
            "data.variant": "own",
            "data.directory": str(data_dir),
            # As the weights have seen faces.
            "data.image_size": small.weights.config.data.image_size,
            "training.num_epochs": num_epochs,
        },
    )
    config = with_model_of(config, small.weights.config.model)
    # Says what is taken: all but the last layer, which has another number of categories.
    train(config, run, init=small)

    trained = gimefive_jax.load(run)
    print(f"categories {', '.join(trained.emotions)}")
    print(f"accuracy {trained.evaluate('test').accuracy:.1%}")
    face = next(Path(pictures).rglob("*.*"))
    [explanation] = trained.explain([face], methods="hirescam").values()
    [emotion] = [trained.emotions[number] for number in explanation.predictions.emotion]
    print(f"{face.name} is taken for {emotion}; map of {explanation.heat_map.shape[1:]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
