"""Learning rates and batches by each law, in the same units."""

from __future__ import annotations

import polars as pl
import pytest

from scalewidgets.allocation.compute.hyperparameters import suggest_hyperparameters
from scalewidgets.lawbook import closed_form


def value(table: pl.DataFrame, quantity: str, law: str) -> float:
    [found] = table.filter(pl.col("law").str.starts_with(law), quantity=quantity)["value"]
    return float(found)


def test_step_law() -> None:
    """Li et al. 2025, Eqs. 1 and 2."""
    table = suggest_hyperparameters(N="1B", D="100B")
    rate = 1.79 * 1e9**-0.713 * 1e11**0.307
    assert value(table, "learning rate", "li2025") == pytest.approx(rate, rel=1e-12)
    assert value(table, "batch", "li2025") == pytest.approx(0.58 * 1e11**0.571, rel=1e-12)


def test_deepseeks_own_models() -> None:
    """Bi et al. 2024, C = M D: 3.2e-4 for 67B; the batch that the law asks for, in sequences."""
    table = suggest_hyperparameters(N="67B", D="2T", C=497_276_682_240 * 2e12)
    assert value(table, "learning rate", "deepseek") == pytest.approx(3.2e-4, abs=2e-5)
    assert value(table, "batch", "deepseek") / 4096 == pytest.approx(5043, abs=1)


def test_units_are_made_the_same() -> None:
    """Bergsma et al. count sequences of 2048 tokens, Kaplan et al. PFLOP-days."""
    table = suggest_hyperparameters(D="100B", C="10 PFLOP-days")
    assert value(table, "batch", "bergsma") == pytest.approx(500 * 2048, rel=0.002)
    assert value(table, "critical batch", "bergsma") == pytest.approx(5690 * 2048, rel=0.002)
    assert value(table, "batch", "kaplan2020.B_opt") == pytest.approx(2e6 * 10**0.24, rel=1e-12)
    assert set(table["unit"]) == {"peak", "tokens"}


def test_the_loss_is_given_or_predicted() -> None:
    given = suggest_hyperparameters(N="1B", D="20B", loss=3.0)
    assert value(given, "batch", "minicpm") == pytest.approx(1.21e9 / 3.0**6.24, rel=1e-12)
    predicted = suggest_hyperparameters(N="1B", D="20B")
    loss = float(closed_form("besiroglu2024").predict(N=1e9, D=2e10))
    assert value(predicted, "batch", "minicpm") == pytest.approx(1.21e9 / loss**6.24, rel=1e-12)
    notes = predicted.filter(pl.col("note").str.contains("predicted by besiroglu2024"))["law"]
    assert set(notes) == {"minicpm2024.batch", "kaplan2020.B_crit"}
    assert not given["note"].str.contains("predicted").any()


@pytest.mark.parametrize(
    "two", [{"N": 1e9, "D": 2e10}, {"N": 1e9, "C": 1.2e20}, {"D": 2e10, "C": 1.2e20}]
)
def test_two_of_three_suffice(two: dict[str, float]) -> None:
    every = suggest_hyperparameters(N=1e9, D=2e10, C=1.2e20)
    found = suggest_hyperparameters(**two)
    assert found["value"].to_list() == pytest.approx(every["value"].to_list(), rel=1e-12)


def test_laws_are_shown_to_disagree() -> None:
    table = suggest_hyperparameters(N="1B", D="100B")
    for (quantity,), rows in table.group_by("quantity"):
        values = rows["value"].to_list()
        assert set(rows["spread"]) == {max(values) / min(values)}, quantity
        assert rows["spread"][0] > 2
        assert rows["over_mean"].log().sum() == pytest.approx(0, abs=1e-12)


def test_extrapolation_is_told_in_decades() -> None:
    decades = dict(suggest_hyperparameters(N="1.1B", D="1T").select("law", "decades_beyond").rows())
    assert decades["li2025_step_law.lr"] == pytest.approx(1.0)  # tokens: 1e12 after 1e11
    assert decades["porian2024.lr"] == pytest.approx(1.0)  # parameters: 1.1e9 after 1.1e8
    assert decades["kaplan2020.B_crit"] is None
    inside = dict(suggest_hyperparameters(N="1B", D="50B").select("law", "decades_beyond").rows())
    assert inside["li2025_step_law.lr"] == 0.0
    small = dict(suggest_hyperparameters(N="2.5M", D="50M").select("law", "decades_beyond").rows())
    assert small["porian2024.lr"] == pytest.approx(1.0)


def test_kaplans_rule_ends() -> None:
    """Kaplan et al. 2020, Appendix D.6: above 1.2e10 parameters it is negative."""
    table = suggest_hyperparameters(N="70B", D="1.4T")
    [row] = table.filter(law="kaplan2020.lr").to_dicts()
    assert row["value"] is None
    assert "the rule has ended" in row["note"]
    assert table.filter(quantity="learning rate")["spread"].null_count() == 0


def test_what_a_law_counts_stands_beside_it() -> None:
    table = suggest_hyperparameters(N="1B", D="20B")
    takes = dict(table.select("law", "takes").rows())
    assert "without embeddings" in takes["li2025_step_law.lr"]
    assert "C = M*D" in takes["deepseek2024.batch"]
    status = dict(table.select("law", "status").rows())
    assert status["bergsma2025_power_lines.B_opt"] == "recalled, not verified"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"N": "1B"}, "give two of N, D and C"),
        ({"N": 70, "D": "1.4T"}, r"N = 70 is too little for parameters\. Did you mean \"70B\""),
        ({"N": "70B tokens", "D": 1e12}, "is a number of tokens, not a number of parameters"),
        ({"N": "1B", "C": 1e12}, "of such N, D and C is no run: loss = 3"),
        ({"N": "7B", "D": "1T", "loss": 60}, "Of a perplexity take the natural logarithm"),
    ],
)
def test_mistakes_are_named(given: dict[str, float | str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        suggest_hyperparameters(**given)  # type: ignore[arg-type]
