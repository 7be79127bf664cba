"""The door for data: names, units and rows are understood, and what is wrong is said."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from scalewidgets.lawbook.quantity import format_quantity
from scalewidgets.runs import RunsError, RunsWarning, read_runs

N = [7e7, 4.1e8, 1.4e9]
D = [3e9, 8e9, 2e10]
LOSS = [3.9, 3.2, 2.8]
TABLE = {"params": N, "tokens": D, "val_loss": LOSS, "name": ["a", "b", "c"]}


# --- names ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "c", "loss"),
    [
        ("params", "budget", "loss"),
        ("n_params", "flops", "val_loss"),
        ("Model Size", "Training FLOP", "loss"),
        ("MODEL-SIZE", "compute_budget", "Final Loss"),
        ("Parameters", "trainCompute", "eval/loss"),
        ("N", "C", "Loss"),
    ],
)
def test_common_names_are_understood(n: str, c: str, loss: str) -> None:
    runs = read_runs({n: [1e9], c: [6e19], loss: [2.5]})
    assert runs.columns == ["run", "N", "D", "C", "loss"]
    assert runs.row(0) == (0, 1e9, 1e10, 6e19, 2.5)


def test_columns_maps_our_names_to_theirs() -> None:
    source = {"size": [1e9], "N": [2e9], "seen": [1e10], "l": [2.5]}
    runs = read_runs(source, columns={"N": "size", "D": "seen", "loss": "l"})
    assert runs.select("N", "D", "loss").row(0) == (1e9, 1e10, 2.5)
    assert runs["N_source"].item() == 2e9


@pytest.mark.parametrize(
    ("absent", "row"),
    [("N", (1e9, 1e10, 6e19)), ("D", (1e9, 1e10, 6e19)), ("C", (1e9, 1e10, 6e19))],
)
def test_the_third_of_n_d_c_follows(absent: str, row: tuple[float, float, float]) -> None:
    whole = dict(zip("NDC", ([x] for x in row), strict=True))
    del whole[absent]
    assert read_runs({**whole, "loss": [2.5]}).select("N", "D", "C").row(0) == pytest.approx(row)


def test_a_given_compute_is_kept_where_it_differs_from_6nd() -> None:
    assert read_runs({"N": [1e9], "D": [1e10], "C": [7e19], "loss": [2.5]})["C"].item() == 7e19


def test_the_single_letters_go_before_synonyms_but_loss_does_not() -> None:
    table = {"N": [1e9], "params": [2e9], "D": [1e10], "C": [6e19], "budget": [1e20]}
    runs = read_runs({**table, "loss": [2.5]})
    assert runs.select("N", "params", "C", "budget").row(0) == (1e9, 2e9, 6e19, 1e20)
    with pytest.raises(
        RunsError,
        match=r"'val_loss', 'loss' could each be loss \(nats per token\); say which, as in "
        r"columns=\{'loss': 'val_loss'\}",
    ):
        read_runs({**table, "loss": [2.5], "val_loss": [2.6]})


def test_two_columns_for_one_quantity() -> None:
    with pytest.raises(RunsError, match=r"'tokens', 'train_tokens' could each be D"):
        read_runs({"params": [1e9], "tokens": [1e9], "train_tokens": [1e9], "loss": [2.5]})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"parms": [1], "tokens": [1], "loss": [1]},
            r"no column for N \(parameters\), C \(training FLOPs\); .*Looked for N: params, .*"
            r"The table has 'parms', 'tokens', 'loss'\. Did you mean columns=\{'N': 'parms'\}\?",
        ),
        (
            {"Parameters": [1], "Tokens": [1], "Smoothed Loss": [1]},
            r"no column for loss .*Did you mean columns=\{'loss': 'Smoothed Loss'\}\?",
        ),
        ({"x": [1], "y": [1]}, r"no column for N .*, D .*, C .*, loss .*'x', 'y'$"),
    ],
)
def test_missing_columns_are_named_with_a_hint(table: dict[str, Any], message: str) -> None:
    with pytest.raises(RunsError, match=message):
        read_runs(table)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"params": "N"}, r"'params' cannot stand first; turn it round: columns=\{'N': 'params'\}"),
        ({"n": "params"}, r"columns goes from N, D, C, loss to names"),
        ({"N": "parms"}, r"N is in 'parms', but the table has .*; did you mean 'params'\?"),
        ({"N": "params", "D": "params"}, "names 'params' for two quantities"),
    ],
)
def test_a_map_that_does_not_fit(columns: dict[str, str], message: str) -> None:
    with pytest.raises(RunsError, match=message):
        read_runs(TABLE, columns=columns)


# --- rows keep their names ------------------------------------------------------------------


def test_rows_keep_their_names_through_filters_and_a_second_reading() -> None:
    runs = read_runs(TABLE).filter(pl.col("run") != 1)
    again = read_runs(runs)
    assert again["run"].to_list() == [0, 2]
    assert_frame_equal(again, runs)


def test_what_was_settled_at_the_door_is_not_asked_again() -> None:
    # two losses, and a model so small that its unit had to be stated
    source = {"N": [500.0], "D": [1e6], "loss": [2.5], "val_loss": [2.6]}
    runs = read_runs(source, columns={"loss": "val_loss"}, units={"N": 1})
    assert runs["loss_source"].item() == 2.5
    assert_frame_equal(read_runs(runs), runs)


@pytest.mark.parametrize("own", [["x", "y", "z"], [1, 1, 2], [1, None, 2], [0.5, 1.5, 2.5]])
def test_a_run_column_that_names_no_rows_is_kept_beside(own: list[Any]) -> None:
    runs = read_runs({**TABLE, "run": own})
    assert runs["run"].to_list() == [0, 1, 2]
    assert runs["run_source"].to_list() == own


def test_names_that_would_be_there_twice() -> None:
    with pytest.raises(RunsError, match="both 'run' and 'run_source'"):
        read_runs({**TABLE, "run": ["x", "y", "z"], "run_source": [1, 2, 3]})


# --- units and text -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("units", "row"),
    [
        ({"N": "M", "D": "B"}, (70e6, 3e9, 2.5)),
        ({"N": "m params", "D": "B tokens", "loss": "nats"}, (70e6, 3e9, 2.5)),
        ({"N": 1e6, "D": 1e9, "loss": "bits"}, (70e6, 3e9, 2.5 * math.log(2))),
        ({"N": "M", "D": "T", "loss": "Bits/token"}, (70e6, 3e12, 2.5 * math.log(2))),
    ],
)
def test_units(units: dict[str, str | float], row: tuple[float, float, float]) -> None:
    runs = read_runs({"params": [70], "tokens": ["3"], "loss": [2.5]}, units=units)
    assert runs.select("N", "D", "loss").row(0) == pytest.approx(row, rel=1e-15)


@pytest.mark.parametrize(
    ("unit", "flops"),
    [("PFLOP-days", 8.64e19), ("petaflop/s-days", 8.64e19), ("EFLOP", 1e18), ("FLOPs", 1.0)],
)
def test_units_of_compute(unit: str, flops: float) -> None:
    runs = read_runs({"N": [1e9], "C": [1e20 / flops], "loss": [2.5]}, units={"C": unit})
    assert runs["C"].item() == pytest.approx(1e20, rel=1e-15)


@pytest.mark.parametrize(
    ("units", "message"),
    [
        (
            {"N": "bananas"},
            r"'bananas' is not a unit for N \(parameters\); there are K, M, B, T, pa",
        ),
        ({"N": "FLOP"}, "'FLOP' is not a unit for N"),
        ({"C": "tokens"}, "'tokens' is not a unit for C .*PFLOP-days"),
        ({"loss": "bits per byte"}, r"'bits per byte' is not a unit for loss .*nats, bits"),
        ({"D": 0}, "0 is not a unit for D"),
        ({"D": -1e9}, "is not a unit for D"),
        ({"D": math.nan}, "nan is not a unit"),
        ({"D": True}, "True is not a unit"),
        ({"tokens": "B"}, "units names 'tokens'; it may name N, D, C, loss"),
    ],
)
def test_units_that_are_refused(units: dict[str, str | float], message: str) -> None:
    with pytest.raises(RunsError, match=message):
        read_runs({**TABLE, "C": [1e20] * 3}, units=units)


def test_a_unit_for_a_derived_quantity() -> None:
    with pytest.raises(RunsError, match="units names C, but the table has no column for it"):
        read_runs(TABLE, units={"C": "PFLOP-days"})


def test_text_is_read_as_quantities() -> None:
    source = pl.DataFrame(
        {
            "params": pl.Series(["70M", "1.4B params", "7e9"], dtype=pl.Categorical),
            "C": ["1e20 FLOP", "10 PFLOP-days", "1,000,000,000,000,000,000,000"],
            "loss": ["3.1", " 2.9 ", "2.4"],
        }
    )
    runs = read_runs(source)
    assert runs["N"].to_list() == [70e6, 1.4e9, 7e9]
    assert runs["C"].to_list() == [1e20, 8.64e20, 1e21]
    assert runs["loss"].to_list() == [3.1, 2.9, 2.4]


def test_text_among_numbers_in_a_dict() -> None:
    assert read_runs({**TABLE, "params": ["70M", 4.1e8, "1.4B"]})["N"].to_list() == N


@pytest.mark.parametrize(
    ("table", "units", "message"),
    [
        (
            {"params": ["small", "7B", "7B"]},
            {},
            r"'params' \(N\), row 0: 'small' is not a quantity",
        ),
        ({"val_loss": ["2", "2.1B", "2"]}, {}, r"'val_loss' \(loss\), row 1: '2\.1B' is not a num"),
        ({"params": ["7", "7B", "7"]}, {"N": "B"}, r"row 1: '7B' is not a plain number, and units"),
        ({"params": [True, False, True]}, {}, r"'params' \(N\) holds Boolean, not numbers"),
        ({"tokens": [[1], [2], [3]]}, {}, r"'tokens' \(D\) holds List\(Int64\), not numbers"),
    ],
)
def test_columns_that_are_no_numbers(
    table: dict[str, Any], units: dict[str, str | float], message: str
) -> None:
    with pytest.raises(RunsError, match=message):
        read_runs({**TABLE, **table}, units=units)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"params": [70, 410, 1400]},
            r"median N is 410, unlikely for parameters\. .*units=\{\"N\"",
        ),
        ({"tokens": [3, 8, 20]}, r"median D is 8, unlikely for training tokens.*\"D\": \"B\""),
        ({"val_loss": [49.0, 60.0, 70.0]}, r"median loss is 60, .*perplexity.*\"loss\": \"bits\""),
    ],
)
def test_numbers_that_look_like_another_unit(table: dict[str, Any], message: str) -> None:
    source = {**TABLE, **table}
    with pytest.raises(RunsError, match=message):
        read_runs(source)
    quantity = message.split()[1]
    stated = read_runs(source, units={quantity: 1})
    assert stated[quantity].to_list() == next(iter(table.values()))


def test_compute_in_another_unit_shows_in_the_tokens_that_follow() -> None:
    with pytest.raises(RunsError, match=r"median D \(from N and C\) is .*PFLOP-days"):
        read_runs({"N": [1e9], "C": [30.0], "loss": [2.5]})


# --- rows that cannot be used ---------------------------------------------------------------


def test_invalid_rows_are_refused_by_name() -> None:
    source = pl.DataFrame({**TABLE, "val_loss": [3.9, 0.0, -1.0]})
    with pytest.raises(RunsError) as refusal:
        read_runs(source)
    assert str(refusal.value) == (
        "runs: 2 rows have loss <= 0 (rows 1, 2); loss is in nats per token and must be positive. "
        'Drop them with runs.filter(pl.col("val_loss") > 0), or pass invalid="set_aside" to keep '
        "them in a report."
    )
    # the advice holds
    assert read_runs(source.filter(pl.col("val_loss") > 0)).height == 1


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (None, r"1 row has no D \(row 1\); D is the number of training tokens and must be given"),
        (math.nan, r"1 row has no D \(row 1\)"),
        (math.inf, r"1 row has an infinite D \(row 1\)"),
        (-math.inf, r"1 row has an infinite D \(row 1\)"),
        (0.0, r"1 row has D <= 0 \(row 1\); .*must be positive"),
        (-3e9, r"1 row has D <= 0 \(row 1\)"),
    ],
)
def test_each_kind_of_invalid_value(bad: float | None, message: str) -> None:
    source = {**TABLE, "tokens": [3e9, bad, 2e10]}
    with pytest.raises(RunsError, match=message):
        read_runs(source)
    with pytest.warns(RunsWarning, match=rf"1 of 3 rows set aside\. {message}"):
        runs = read_runs(source, invalid="set_aside")
    assert_frame_equal(runs, read_runs(TABLE).filter(pl.col("run") != 1))


def test_invalid_text_is_reported_without_advice_that_does_not_work() -> None:
    with pytest.raises(RunsError, match=r"1 row has no N \(row 1\).* Pass invalid=\"set_aside\""):
        read_runs({**TABLE, "params": ["70M", "n/a", "1.4B"]})


def test_several_faults_and_many_rows_are_told_in_short() -> None:
    source = {"N": [1e9] * 40, "D": [0.0] * 20 + [1e10] * 20, "loss": [2.5] * 30 + [math.nan] * 10}
    with pytest.warns(RunsWarning) as told:
        runs = read_runs(source, invalid="set_aside")
    assert runs["run"].to_list() == list(range(20, 30))
    message = str(told[0].message)
    assert "30 of 40 rows set aside" in message
    assert "20 rows have D <= 0 (rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 10 more)" in message
    assert "10 rows have no loss (rows 30, 31, 32, 33, 34, 35, 36, 37, 38, 39)" in message
    assert told[0].filename == __file__


def test_rows_are_named_as_the_table_names_them() -> None:
    runs = read_runs(TABLE).with_columns(
        run=pl.Series([10, 20, 30]), loss=pl.Series([1.0, 0.0, 1.0])
    )
    with pytest.raises(RunsError, match=r"\(row 20\)"):
        read_runs(runs)


def test_nothing_left_is_an_error_even_when_setting_aside() -> None:
    with pytest.raises(RunsError, match="no row can be used"):
        read_runs({**TABLE, "val_loss": [0.0, 0.0, 0.0]}, invalid="set_aside")


def test_an_unknown_way_with_invalid_rows() -> None:
    with pytest.raises(RunsError, match='must be "error" or "set_aside"'):
        read_runs(TABLE, invalid="drop")  # type: ignore[arg-type]


# --- properties -----------------------------------------------------------------------------

values = st.one_of(
    st.none(), st.floats(1e5, 1e15), st.sampled_from([0.0, -1.0, math.nan, math.inf, -math.inf])
)


@settings(deadline=None)
@given(st.lists(st.tuples(values, values, values), min_size=1, max_size=12))
def test_set_aside_keeps_exactly_the_usable_rows(rows: list[tuple[float | None, ...]]) -> None:
    usable = [
        i for i, row in enumerate(rows) if all(v is not None and 0 < v < math.inf for v in row)
    ]
    source = pl.DataFrame(
        rows, schema=dict.fromkeys(["N", "D", "loss"], pl.Float64), orient="row", strict=False
    )
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            runs = read_runs(source, invalid="set_aside", units={"loss": 1e-5})
        except RunsError:
            assert not usable
            return
    assert runs["run"].to_list() == usable
    assert bool(told) == (len(usable) < len(rows))
    assert runs["C"].to_list() == [6 * runs["N"][i] * runs["D"][i] for i in range(len(usable))]


@settings(deadline=None)
@given(st.lists(st.floats(1e4, 1e14), min_size=1, max_size=6))
def test_text_and_numbers_give_the_same_runs(sizes: list[float]) -> None:
    rounded = [float(f"{size:.3g}") for size in sizes]
    rest = {"D": [1e10] * len(sizes), "loss": [2.5] * len(sizes)}
    text = [format_quantity(size) for size in sizes]
    assert_frame_equal(
        read_runs({"N": text, **rest}), read_runs({"N": rounded, **rest}), check_exact=True
    )


# --- real tables ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "columns", "rows"),
    [
        ("raw/Open-Athena__scaling-law-analysis/data/isoflops/transform/isoflops.csv", {}, 947),
        ("raw/epoch-research__analyzing-chinchilla/data/svg_extracted_data.csv", {}, 245),
        ("raw/hadasah__scaling_laws/data/scaling_results.csv", {"D": "train_tokens"}, 4852),
        ("raw/step-law__steplaw/data/dense_lr_bs_loss.csv", {}, 1911),
        ("raw/step-law__steplaw/data/moe_lr_bs_loss.csv", {"N": "Na"}, 708),
        ("raw/nikhilsardana__beyond-chinchilla/trainingresults.csv", {"loss": "Smoothed Loss"}, 47),
        (
            "raw/mcleish7__gemstone-scaling-laws/wandb_dfs/*cool*.jsonl",
            {"N": "params_active_precise"},
            398,
        ),
        ("porian_isoflops.csv", {"N": "params"}, 1745),
        ("gadre_overtraining.csv", {}, 104),
        ("gemstones.parquet", {}, 5248),
        ("misfitting_runs.parquet", {}, 4852),
        ("datablations_runs.csv", {}, 308),
    ],
)
def test_published_tables(shared: Path, file: str, columns: dict[str, str], rows: int) -> None:
    runs = read_runs(shared / "data" / file, columns=columns)
    assert runs.height == rows
    assert runs.columns[:5] == ["run", "N", "D", "C", "loss"]


def test_open_athena_columns_load_unchanged(shared: Path) -> None:
    folder = "data/raw/Open-Athena__scaling-law-analysis/data/isoflops/transform"
    raw = pl.read_csv(shared / folder / "isoflops.csv")
    runs = read_runs(raw)
    names = {"params": "N", "tokens": "D", "budget": "C"}
    assert_frame_equal(
        runs.drop("run"), raw.rename(names).cast({"N": pl.Float64}), check_column_order=False
    )


def test_published_rows_without_compute_are_named(shared: Path) -> None:
    with pytest.raises(RunsError, match=r"2 rows have no C \(rows 30, 31\)"):
        read_runs(shared / "data" / "olmo_ladder.csv")
