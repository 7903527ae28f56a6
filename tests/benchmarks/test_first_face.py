"""Numbers of the benchmark from a photo to a picture."""

from benchmarks.first_face import Taken, Task, report, take


def test_ours_is_compared_with_each_other_process_round_by_round() -> None:
    first = {name: Taken(9.0, 10.0) for name in ("ours", "torch")}
    later = {
        "ours": [Taken(1.0, 2.0), Taken(3.0, 2.0), Taken(2.0, 2.0)],
        "torch": [Taken(2.0, 2.0), Taken(3.0, 4.0), Taken(8.0, 8.0)],
    }
    ours, torch = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in report(first, later).splitlines()[-2:]
    )
    assert ours == ["ours", "9.00 / 10.00", "2.00 / 2.00", "", ""]
    assert torch[2:] == ["3.00 / 4.00", "0.50 (0.25 to 1.00)", "0.50 (0.25 to 1.00)"]


def test_a_process_is_timed_with_its_own_caches(tmp_path) -> None:
    code = "import os, sys; sys.exit(os.environ['XDG_CACHE_HOME'] != sys.argv[1])"
    found = take(Task(("-c", code, str(tmp_path))), tmp_path)
    assert found.wall > 0
    assert found.processor > 0
