"""What papers on precision say that no one expression gives: ratios of sets, optima, shapes."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from scalewidgets.lawbook import law

# --- Chen et al. 2025 -----------------------------------------------------------------------


def delta(constants: str, **given: Any) -> float:
    return float(law("chen2025_qat", constants).predict(**given))


def test_weight_and_activation_errors_nearly_add_up() -> None:
    """Sec. 5: W4A4 is 0.906 of the sum of both."""
    given = {"N": 145e6, "D": 50e9, "G": 128}
    parts = delta("W4A16", **given) + delta("W16A4", **given)
    assert delta("W4A4", **given) / parts == pytest.approx(0.906, abs=0.03)


@pytest.mark.parametrize(
    ("tokens_a_parameter", "G", "printed"), [(100, 32, 1.67), (1000, 32, 1.20), (1000, 256, 1.62)]
)
def test_activations_err_more_than_weights(
    tokens_a_parameter: float, G: float, printed: float
) -> None:
    """Fig. 8a, at 595M parameters."""
    given = {"N": 595e6, "D": tokens_a_parameter * 595e6, "G": G}
    ratio = delta("W16A4", **given) / delta("W4A16", **given)
    assert ratio == pytest.approx(printed, abs=0.05)


@pytest.mark.xfail(
    reason="the table's constants give 22.9 % and 37.3 %; at no size of the paper both as printed",
    raises=AssertionError,
)
@pytest.mark.parametrize(("G", "printed"), [(32, 0.205), (256, 0.429)])
def test_eight_bits_for_one_input_save_error(G: float, printed: float) -> None:
    """Fig. 9b, at 595M parameters and 100B tokens."""
    given = {"N": 595e6, "D": 100e9, "G": G}
    saved = 1 - delta("W4A4_FC2_8bit", **given) / delta("W4A4", **given)
    assert saved == pytest.approx(printed, abs=0.0005)


def test_groups_of_one_have_no_error() -> None:
    assert delta("W4A4", N=1e9, D=1e10, G=1) == 0


# --- Sun et al. 2025 ------------------------------------------------------------------------

FP = law("sun2025_fp_quant")


@pytest.mark.parametrize(("P", "layout"), [(4, (2, 1)), (8, (4, 3)), (16, (8, 7))])
def test_the_best_layout_of_a_number_of_bits(P: int, layout: tuple[int, int]) -> None:
    """Fig. 15: E2M1, E4M3, E8M7."""
    exponent = np.arange(P)
    loss = FP.predict(N=1e9, D=1e11, Eb=exponent, Mb=P - 1 - exponent, Bk=128)
    best = int(np.argmin(loss))
    assert (best, P - 1 - best) == layout


@pytest.mark.parametrize("P", [4, 6.5, 12])
def test_the_best_layout_of_bits_that_can_be_split(P: float) -> None:
    named = {o: float(law(f"sun2025_fp_quant.{o}").predict(P=P)) for o in ("Eb_opt", "Mb_opt")}
    assert sum(named.values()) == pytest.approx(P - 1)
    moved = np.array([-1e-3, 0, 1e-3])
    Eb, Mb = named["Eb_opt"] + moved, named["Mb_opt"] - moved
    assert np.argmin(FP.predict(N=1e9, D=1e11, Eb=Eb, Mb=Mb, Bk=128)) == 1


def loss_at(D: float, P: float, C: float, Bk: float) -> float:
    layout = {o[:2]: law(f"sun2025_fp_quant.{o}").predict(P=P) for o in ("Eb_opt", "Mb_opt")}
    return float(FP.predict(N=C / (6 / 16 * D * P), D=D, Bk=Bk, **layout))


@pytest.mark.parametrize("D", [1e11, 1e14])
def test_the_best_bits_for_a_number_of_tokens(D: float) -> None:
    """Fig. 17: between 4 and 8 bits; whatever the compute."""
    told = float(law("sun2025_fp_quant.P_opt").predict(D=D, Bk=128))
    assert 4 < told < 8
    for C in (1e20, 1e26):
        bits = told * np.array([0.99, 1, 1.01])
        assert np.argmin([loss_at(D, P, C, 128) for P in bits]) == 1


@pytest.mark.parametrize("C", [1e21, 1e26, 1e31])
def test_the_best_bits_for_a_compute(C: float) -> None:
    """Fig. 18: between 4 and 8 bits; N, D and P all free."""
    start = np.log([1e12, 6.0])
    found = minimize(
        lambda x: np.log(loss_at(*np.exp(x), C=C, Bk=128) - FP.values["eps"]),
        start,
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-14, "maxiter": 2000},
    )
    told = float(law("sun2025_fp_quant.P_opt_C").predict(C=C, Bk=128))
    assert 4 < told < 8
    assert np.exp(found.x[1]) == pytest.approx(told, rel=1e-4)


def test_beyond_the_critical_size_data_hurt() -> None:
    given = {"N": 1e9, "Eb": 2, "Mb": 1, "Bk": 128}
    critical = float(law("sun2025_fp_quant.D_crit").predict(**given))
    loss = FP.predict(D=critical * np.array([0.9, 1, 1.1]), **given)
    assert np.argmin(loss) == 1


# --- Dremov et al. 2025, Ouyang et al. 2024 and 2026 ------------------------------------------


def test_fewer_bits_want_a_larger_share_of_qat() -> None:
    share = law("dremov2025_compute_optimal_qat").predict(N=86e6, D_total=1e10, B=[1, 2, 4, 6])
    assert (np.diff(share) < 0).all()


def test_best_shares_lie_in_the_printed_ranges() -> None:
    """Tables of best fractions: 5 to 10 % at 10 tokens a parameter byte, 30 to 40 % at 1000."""
    few, many = law("dremov2025_compute_optimal_qat.fraction_S").predict(S=[10, 1000])
    assert 0.05 <= few <= 0.10
    assert 0.30 <= many <= 0.40


def test_no_share_without_a_token_a_byte() -> None:
    share = law("dremov2025_compute_optimal_qat.fraction_S").predict(S=[0.5, 1, 1.01])
    assert share == pytest.approx([0, 0, 0], abs=1e-12)


def test_tokens_and_degradation_are_each_others_inverse() -> None:
    given = {"N": 7e9, "P": 3}
    tokens = law("ouyang2024_qid.D_qid").predict(QiD=[0.05, 0.5], **given)
    assert law("ouyang2024_qid").predict(D=tokens, **given) == pytest.approx([0.05, 0.5])


def test_a_noisy_channel_has_a_basin_in_tokens() -> None:
    """Sec. 5.3: where the noise grows faster than the signal, the loss turns up."""
    one = law("ouyang2026_shannon").with_constants(
        a=0.05, alpha=0.1, b=1.0, beta=0.3, c=1e-6, gamma=0.3, d=1e-6, delta=0.8, e=10.0
    )
    loss = one.predict(N=1e9, D=np.geomspace(1e6, 1e14, 50))
    lowest = int(np.argmin(loss))
    assert 0 < lowest < 49
    assert (np.diff(loss[: lowest + 1]) < 0).all()
    assert (np.diff(loss[lowest:]) > 0).all()


QID_TOKENS = {  # Ouyang et al. 2024, Table 1: trillions, by bits and billions of parameters
    2: {
        1: (0.0011, 0.0025, 0.0043, 0.0066),
        7: (0.0026, 0.0057, 0.0099, 0.0152),
        70: (0.0071, 0.0154, 0.0267, 0.0409),
        405: (0.0151, 0.0328, 0.0567, 0.0868),
    },
    3: {
        1: (0.1089, 0.1990, 0.3051, 0.4251),
        7: (0.3038, 0.5550, 0.8512, 1.1860),
        70: (1.0228, 1.8687, 2.8659, 3.9932),
        405: (2.5807, 4.7151, 7.2311, 10.0754),
    },
    4: {
        1: (1.4424, 2.6786, 4.1556, 5.8422),
        7: (4.5066, 8.3689, 12.9836, 18.2531),
        70: (17.3499, 32.2192, 49.9854, 70.2723),
        405: (48.4861, 90.0398, 139.6892, 196.3829),
    },
}


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_the_table_of_tokens_is_that_of_a_law_for_each_number_of_bits(bits: int) -> None:
    """Every one of its 48 numbers, to the last printed digit."""
    one = law("ouyang2024_qid.D_by_bits", f"bits_{bits}")
    for billions, printed in QID_TOKENS[bits].items():
        tokens = one.predict(QiD=[0.2, 0.3, 0.4, 0.5], N=billions * 1e9)
        assert tokens / 1e12 == pytest.approx(printed, abs=5e-5)
