"""Training logs: final losses and thinned curves are those of a plain computation in memory."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from scalewidgets.fitting import approach_1
from scalewidgets.runs import RunsError, RunsWarning, read_curves, read_final_losses, stream

STEPS = 4000
SIZES = {"small": 1e7, "medium": 1e8, "large": 1e9}
TOKENS_PER_STEP = 2.0**20  # of which no multiple here lies on the edge of a window


def law(N: Any, D: Any) -> Any:
    return 1.8 + 480.0 / N**0.35 + 2100.0 / D**0.37


def logs(noise: float = 0.0, seed: int = 0) -> pl.DataFrame:
    """Three runs, a row a step, interleaved as a logger writes them, and columns to leave."""
    rng = np.random.default_rng(seed)
    step = np.repeat(np.arange(1, STEPS + 1), len(SIZES))
    N = np.tile(list(SIZES.values()), STEPS)
    loss = law(N, step * TOKENS_PER_STEP) + noise * rng.standard_normal(len(N))
    return pl.DataFrame(
        {
            "name": list(SIZES) * STEPS,
            "step": step,
            "params": N,
            "tokens": step * TOKENS_PER_STEP,
            "train_loss": loss,
            "lr": np.full(len(N), 3e-4),
            "seed": [1, 2, 3] * STEPS,
        }
    )


def table(**columns: list[Any]) -> dict[str, list[Any]]:
    """Two runs of three rows, with columns replaced."""
    plain: dict[str, list[Any]] = {
        "run": ["a"] * 3 + ["b"] * 3,
        "N": [1e8] * 3 + [2e8] * 3,
        "D": [1e9, 2e9, 3e9] * 2,
        "loss": [4.0, 3.5, 3.2, 3.9, 3.4, 3.0],
    }
    return {**plain, **columns}


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_BATCH", 1000)


# --- final losses ---------------------------------------------------------------------------------


def test_the_final_loss_is_that_of_the_most_tokens_whatever_the_order() -> None:
    frame = logs(noise=0.05)
    found = read_final_losses(frame.sample(fraction=1, shuffle=True, seed=1), run="name")
    last = frame.filter(pl.col("step") == STEPS).sort("name")
    assert found.columns == ["run", "N", "D", "C", "loss", "name"]
    assert found["run"].to_list() == [0, 1, 2]
    assert found["name"].to_list() == ["large", "medium", "small"]
    for ours, theirs in (("N", "params"), ("D", "tokens"), ("loss", "train_loss")):
        assert found[ours].to_list() == last[theirs].to_list()
    assert found["C"].to_list() == [6 * n * STEPS * TOKENS_PER_STEP for n in last["params"]]


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("last", [1, 7, 3000, 10**6])
def test_the_mean_of_the_last_rows(last: int) -> None:
    frame = logs(noise=0.05)
    found = read_final_losses(frame, run="name", last=last)
    for name, D, loss in found.select("name", "D", "loss").rows():
        own = frame.filter(pl.col("name") == name)["train_loss"]
        assert loss == pytest.approx(own.tail(last).mean(), rel=1e-12)
        assert D == STEPS * TOKENS_PER_STEP


def test_of_a_step_that_was_logged_twice_the_later_row_counts() -> None:
    found = read_final_losses(table(D=[1e9, 2e9, 2e9, 3e9, 3e9, 1e9]))
    assert found["loss"].to_list() == [3.2, 3.4]


def test_runs_keep_whole_numbers_as_names_and_text_beside() -> None:
    assert read_final_losses(table(run=[7, 7, 7, 5, 5, 5]))["run"].to_list() == [5, 7]
    named = read_final_losses(table())
    assert named["run_source"].to_list() == ["a", "b"]


def test_compute_stands_for_tokens_and_is_kept_beside_them() -> None:
    compute = [1e18, 2e18, 3e18, 2e18, 4e18, 6e18]
    both = read_final_losses(table(C=compute))
    assert both.select("D", "C").rows() == [(3e9, 3e18), (3e9, 6e18)]
    alone = {name: column for name, column in table(C=compute).items() if name != "D"}
    assert read_final_losses(alone)["D"].to_list() == [3e18 / 6e8, 6e18 / 12e8]


# --- curves ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("points", [2, 13, 50, 200])
def test_curves_are_the_means_of_windows_even_in_log_d(points: int) -> None:
    frame = logs(noise=0.05)
    curves = read_curves(frame, run="name", points=points)
    for name in SIZES:
        own, curve = (t.filter(pl.col("name") == name) for t in (frame, curves))
        fine = np.floor(np.log10(own["tokens"].to_numpy()) * points).astype(int)
        width = math.ceil((fine[-1] + 1 - fine[0]) / points)
        windows = (fine - fine[0]) // width
        rows = [windows == w for w in np.unique(windows)]
        loss, D = own["train_loss"].to_numpy(), own["tokens"].to_numpy()
        assert len(curve) == len(rows) <= points
        np.testing.assert_allclose(curve["loss"], [loss[w].mean() for w in rows], rtol=1e-12)
        means = [np.exp(np.log(D[w]).mean()) for w in rows]
        np.testing.assert_allclose(curve["D"], means, rtol=1e-12)


def test_a_short_run_is_not_cut_finer_than_its_rows() -> None:
    curves = read_curves(table(), points=1000)
    assert curves["loss"].to_list() == table()["loss"]
    np.testing.assert_allclose(curves["D"], table()["D"], rtol=1e-14)


def test_windows_average_noise_and_hardly_bend_the_curve() -> None:
    clean = read_curves(logs(), run="name", points=100)
    bent = clean["loss"].to_numpy() / law(clean["N"].to_numpy(), clean["D"].to_numpy()) - 1
    assert 0 < np.abs(bent).max() < 1e-4
    noisy = read_curves(logs(noise=0.05), run="name", points=100)
    late = noisy["D"].to_numpy() > 1e9  # there are 30 rows or more in a window
    assert np.std((noisy["loss"] - clean["loss"]).to_numpy()[late]) < 0.05 / math.sqrt(30)


def test_curves_go_straight_into_approach_1() -> None:
    curves = read_curves(logs(), run="name", points=60)
    found = approach_1(curves, run="name", ends=True)
    assert found.curves == 3
    assert set(found.envelope["run"]) == set(SIZES)
    again = approach_1(read_curves(logs().rename({"name": "run"}), points=60), ends=True)
    assert_frame_equal(found.envelope, again.envelope)


# --- sources --------------------------------------------------------------------------------------


def test_files_of_every_kind_and_many_of_them(tmp_path: Path) -> None:
    frame = logs(noise=0.05)
    expected = read_curves(frame, run="name", points=40)
    for kind in ("parquet", "csv", "jsonl"):
        for name in SIZES:
            part = frame.filter(pl.col("name") == name)
            file = tmp_path / f"{name}.{kind}"
            match kind:
                case "parquet":
                    part.write_parquet(file)
                case "csv":
                    part.write_csv(file)
                case "jsonl":
                    part.write_ndjson(file)
        found = read_curves(tmp_path / f"*.{kind}", run="name", points=40)
        assert_frame_equal(found, expected, rel_tol=1e-12)
    assert_frame_equal(read_curves(frame.lazy(), run="name", points=40), expected)
    assert_frame_equal(read_curves(frame.to_pandas(), run="name", points=40), expected)


def test_files_that_differ_in_columns_and_types(tmp_path: Path) -> None:
    frame = pl.DataFrame(table())
    head, tail = frame.head(3), frame.tail(3)
    head.cast({"D": pl.Int64, "N": pl.Int32}).write_parquet(tmp_path / "1.parquet")
    tail.with_columns(other=1).write_parquet(tmp_path / "2.parquet")
    head.cast({"D": pl.Int64, "N": pl.Int32}).write_csv(tmp_path / "1.csv")
    tail.with_columns(other=1).write_csv(tmp_path / "2.csv")
    for kind in ("parquet", "csv"):
        found = read_final_losses(tmp_path / f"*.{kind}")
        assert_frame_equal(found, read_final_losses(frame))


def test_whole_numbers_that_turn_into_others_after_many_rows(tmp_path: Path) -> None:
    rows = 30_000
    frame = pl.DataFrame({"run": "a", "N": 10**8, "D": range(1, rows + 1), "loss": 3})
    text = frame.write_csv() + f"a,100000000,{rows + 0.5},2.5\n"
    (tmp_path / "log.csv").write_text(text)
    assert read_final_losses(tmp_path / "log.csv").row(0)[1:5] == (1e8, 30000.5, 6e8 * 30000.5, 2.5)


def test_a_file_may_be_a_run(tmp_path: Path) -> None:
    for name, part in zip("ab", pl.DataFrame(table()).partition_by("run"), strict=True):
        part.drop("run").write_csv(tmp_path / f"{name}.csv")
    lazy = pl.scan_csv(tmp_path / "*.csv", include_file_paths="run")
    found = read_final_losses(lazy)
    assert [Path(name).name for name in found["run_source"]] == ["a.csv", "b.csv"]


def test_steps_text_and_kept_columns() -> None:
    frame = logs().with_columns(
        params=pl.col("params").replace_strict({1e7: "10M", 1e8: "100M", 1e9: "1B"}),
        host=pl.col("name").cast(pl.Categorical),
    )
    found = read_final_losses(
        frame.drop("tokens"),
        run="name",
        columns={"D": "step"},
        units={"D": TOKENS_PER_STEP},
        keep=["seed", "host"],
    )
    assert found["N"].to_list() == [1e9, 1e8, 1e7]
    assert found["D"].to_list() == [STEPS * TOKENS_PER_STEP] * 3
    assert found["seed"].to_list() == [3, 2, 1]
    assert found["host"].to_list() == ["large", "medium", "small"]
    once = frame.with_columns(seed=pl.when(pl.col("step") == 1).then("seed"))  # logged at the start
    assert read_final_losses(once, run="name", keep=["seed"])["seed"].to_list() == [3, 2, 1]


def test_what_is_there_anyway_may_be_kept() -> None:
    found = read_final_losses(logs(), run="name")
    kept = read_final_losses(logs(), run="name", keep=["name", "params", "train_loss"])
    assert_frame_equal(kept, found)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"loss": [4, None, math.nan, 3, None, 3]},
            r"3 rows have no loss \(run a: 2, run b: 1\)\.",
        ),
        ({"loss": [4, math.inf, 3, 3, 3, 3]}, r"1 row has an infinite loss \(run a: 1\)\."),
        ({"loss": [4, 3, 3, 3, -1.0, 0.0]}, r"2 rows have loss <= 0 \(run b: 2\)\."),
        ({"D": [0, 1e9, 2e9, 1e9, 2e9, 3e9]}, r"1 row has D <= 0 \(run a: 1\)\. .*a step 0"),
        ({"N": [1e8, 1e8, None, 2e8, 2e8, 2e8]}, r"1 row has no N \(run a: 1\)\."),
        ({"N": ["1B", "1B", "1B", None, "2B", "2B"]}, r"1 row has no N \(run b: 1\)\."),
        ({"run": ["a", "a", "a", None, None, "b"]}, r"2 rows have no run \(run None: 2\)\."),
    ],
)
def test_rows_that_cannot_be_used(columns: dict[str, list[Any]], message: str) -> None:
    source = table(**columns)
    frame = pl.from_dicts(
        [dict(zip(source, row, strict=True)) for row in zip(*source.values(), strict=True)]
    )
    bad = frame.select(
        pl.any_horizontal(
            *(pl.col(c).is_null() for c in ("run", "N")),
            *(~pl.col(c).is_between(1e-9, 1e99) for c in ("D", "loss")),
        ).fill_null(True)
    )
    for read in (read_final_losses, read_curves):
        with pytest.raises(RunsError, match=message):
            read(source)
        with pytest.warns(RunsWarning, match=message.split(" .*")[0]) as told:
            found = read(source, invalid="set_aside")
        assert told[0].filename == __file__
        assert_frame_equal(found, read(frame.filter(~bad.to_series())))


def test_many_faults_are_told_in_short() -> None:
    runs = [f"r{i:02d}" for i in range(40)]
    source = {"run": runs, "N": [1e9] * 40, "D": [1e9] * 40, "loss": [3.0] + [math.nan] * 39}
    with pytest.raises(RunsError, match=r"39 rows have no loss \(run r01: 1, .* and 29 more runs"):
        read_curves(source)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (
            table(N=[1e8, 1e8, 2e8, 2e8, 2e8, 2e8]),
            {},
            r"'N' varies within 1 run, .*\(run a: from 100000000\.0 to 200000000\.0\)\. Check that "
            r"run= names",
        ),
        (table(lr=[1, 2, 3, 4, 5, 6]), {"keep": ["lr"]}, "'lr' varies within 2 runs"),
        (table(), {"run": "runs"}, r"run= names the column 'runs', .*; did you mean 'run'\?"),
        (
            table(),
            {"keep": ["seed"]},
            "keep= names the column 'seed', but the table has 'run', 'N'",
        ),
        (table(), {"keep": "seed"}, r"keep must be a list of texts, not 'seed'"),
        (table(loss=["x"] * 6), {}, r"column 'loss' \(loss\) holds String, not numbers"),
        (table(), {"invalid": "drop"}, 'must be "error" or "set_aside"'),
        (table(), {"units": {"D": "bananas"}}, "'bananas' is not a unit for D"),
        (table(D=[3, 4, 5] * 2), {}, "median D is .*, unlikely for training tokens"),
        ({"run": ["a"], "N": [1e9], "loss": [3.0]}, {}, "no column for D .*, C "),
        (pl.DataFrame(schema=pl.DataFrame(table()).schema), {}, "there are no rows"),
        ({}, {}, "no rows"),
        (3, {}, "int is not a table"),
        ("nowhere/*.parquet", {}, "there is no file nowhere"),
    ],
)
def test_logs_that_are_refused(source: Any, options: dict[str, Any], message: str) -> None:
    for read in (read_final_losses, read_curves):
        with pytest.raises(RunsError, match=message):
            read(source, **options)


def test_numbers_of_rows_that_make_no_sense() -> None:
    for last in (0, 1.5, True):
        with pytest.raises(RunsError, match="last must be a whole number"):
            read_final_losses(table(), last=last)  # type: ignore[arg-type]
    with pytest.raises(RunsError, match=r"points must be a whole number, at least 2.*, not 1"):
        read_curves(table(), points=1)


def test_nothing_left_is_an_error_even_when_setting_aside() -> None:
    with pytest.warns(RunsWarning), pytest.raises(RunsError, match="no row can be used"):
        read_curves(table(loss=[0.0] * 6), invalid="set_aside")


def test_files_that_break_off(tmp_path: Path) -> None:
    good = pl.DataFrame(table())
    (tmp_path / "log.csv").write_text(good.write_csv() + "b,2e8,a lot,3.0\n")
    with pytest.raises(RunsError, match=r"log\.csv cannot be read: .*a lot"):
        read_curves(tmp_path / "log.csv")
    (tmp_path / "log.jsonl").write_text('{"run": 1, "N": 1e8, "D": 1e9, "loss": NaN}\n')
    with pytest.raises(
        RunsError, match=r"log\.jsonl cannot be read: .* JSON has no NaN: write null"
    ):
        read_curves(tmp_path / "log.jsonl")
    good.write_parquet(tmp_path / "log.parquet")
    whole = (tmp_path / "log.parquet").read_bytes()
    (tmp_path / "log.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunsError, match=r"log\.parquet cannot be read"):
        read_curves(tmp_path / "log.parquet")


# --- progress and interrupts ----------------------------------------------------------------------


def in_blocks() -> pl.DataFrame:
    """The same logs, run after run."""
    return logs(noise=0.05).sort("name", "step")


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("read", [read_final_losses, read_curves])
def test_an_interrupt_keeps_the_runs_that_are_complete(
    monkeypatch: pytest.MonkeyPatch, read: Any
) -> None:
    expected = read(in_blocks(), run="name").filter(pl.col("name") != "small")
    calls, add = [0], stream.Tally.add

    def stop(self: stream.Tally, rows: pl.DataFrame) -> None:
        calls[0] += len(rows)
        if calls[0] > 17_500:  # in the ninth of twelve batches, which one of two tallies has seen
            raise KeyboardInterrupt
        add(self, rows)

    monkeypatch.setattr(stream.Tally, "add", stop)
    with pytest.warns(UserWarning, match="interrupted after .* rows: 2 runs, read to") as told:
        found = read(in_blocks(), run="name")
    assert told[0].filename == __file__
    assert_frame_equal(found, expected)


@pytest.mark.usefixtures("small_batches")
def test_an_interrupt_before_any_run_is_complete_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: stream.Tally, rows: pl.DataFrame) -> None:
        if len(rows):
            raise KeyboardInterrupt
        add(self, rows)

    add = stream.Tally.add
    monkeypatch.setattr(stream.Tally, "add", stop)
    with pytest.raises(KeyboardInterrupt):
        read_curves(logs(), run="name")


@pytest.mark.usefixtures("small_batches")
def test_a_bar_shows_up_only_when_it_takes_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logs().write_parquet(tmp_path / "log.parquet")
    read_curves(tmp_path / "log.parquet", run="name")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(stream, "_PATIENCE", -1.0)
    read_curves(tmp_path / "log.parquet", run="name")
    assert "read_curves: " in (bar := capsys.readouterr().err)
    assert "/12.0k" in bar  # Parquet tells how many rows there are
    read_final_losses(logs().lazy(), run="name")
    assert "read_final_losses: " in (bar := capsys.readouterr().err)
    assert "/12.0k" not in bar


# --- memory ---------------------------------------------------------------------------------------

PEAK = """
import sys
import polars as pl
from scalewidgets.runs import read_curves, read_final_losses
# names that are made while reading, and too long to be held in a string view
name = pl.format("a-long-name-of-a-training-run-{}", "name").alias("name")
logs = pl.scan_parquet(sys.argv[1]).with_columns(name)
read_final_losses(logs, run="name", last=10)
read_curves(logs, run="name", points=100)
# getrusage would count this process's parent, too
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


def peak_memory(folder: Path, files: int) -> int:
    """Of a fresh process that reads a hundred runs, one after the other, a million rows a file."""
    folder.mkdir()
    for file in range(files):
        row = pl.int_range(1_000_000 * file, 1_000_000 * (file + 1), eager=True)
        step = row % (10_000 * files) + 1
        part = {"name": row // (10_000 * files), "D": step * 1e6, "loss": 2 + 1 / step}
        pl.DataFrame(part).with_columns(N=1e9).write_parquet(folder / f"{file:02d}.parquet")
    command = [sys.executable, "-c", PEAK, str(folder / "*.parquet")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_go_with_the_number_of_rows(tmp_path: Path) -> None:
    few, many = peak_memory(tmp_path / "few", 8), peak_memory(tmp_path / "many", 24)
    assert many < 1.4 * few
