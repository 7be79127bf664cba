"""The ArchitectureLab as a person uses it in JupyterLab: every topic, every comparison."""

from playwright.sync_api import expect

from .jupyter import LabPage
from .lab import agrees, choose, opened, read


def worth(role: str) -> list[str]:
    return [f"{role}_{name}" for name in ("compute", "memory", "served")]


def test_experts_gain_in_serving_what_they_lose_in_memory(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.ArchitectureLab()")
    before = {cell: read(lab, cell) for cell in worth("sparse")}
    lab.drag_slider("E", 0.6)
    lab.heard("E", "lab.E")
    assert read(lab, "sparse_served") > 1.5 * before["sparse_served"]
    assert read(lab, "sparse_memory") < 0.6 * before["sparse_memory"]
    agrees(lab, *worth("sparse"), "sparse_even", "abnar_served", "clark_served", "frantar_served")
    for law in ("abnar", "clark", "frantar"):
        choose(lab, "law_name", law)
        agrees(lab, *worth("sparse"), "sparse_total")
    wide_page.screenshot("architecture-lab-experts")
    wide_page.assert_quiet()


def test_the_best_granularity_moves_with_compute(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.ArchitectureLab(topic='granularity', N='100M', D='4B')")
    assert read(lab, "best_G") == 8
    lab.drag_slider("N", 0.95)
    lab.drag_slider("D", 0.6)
    lab.heard("D", "lab.D")
    assert read(lab, "best_G") == 64
    agrees(lab, *worth("moe"), "moe_C", "best_G", "best_G_loss", "moe_best_N", "plain_loss")
    lab.drag_slider("G", 0.9)
    lab.heard("G", "lab.G")
    agrees(lab, *worth("moe"))
    wide_page.screenshot("architecture-lab-granularity")
    wide_page.assert_quiet()


def test_vocabularies_streams_and_families(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.ArchitectureLab()")
    choose(lab, "topic", "vocabulary")
    lab.drag_slider("V", 0.8)
    lab.heard("V", "lab.V")
    assert read(lab, "vocab_compute") < 1 < read(lab, "vocab_served")
    agrees(lab, *worth("vocab"), "vocab_D", "best_V_1", "best_V_2", "best_V_3")
    wide_page.screenshot("architecture-lab-vocabulary")
    choose(lab, "topic", "streams")
    expect(lab.root.locator('[data-plot="vocabulary"]')).to_be_hidden()
    lab.drag_slider("P", 0.75)
    lab.heard("P", "lab.P")
    assert read(lab, "stream_memory") > 1.5
    assert read(lab, "stream_compute") < 0.4
    agrees(lab, *worth("stream"), "stream_even")
    wide_page.screenshot("architecture-lab-streams")
    choose(lab, "topic", "families")
    lab.drag_slider("budget", 0.9)
    lab.heard("budget", "lab.budget")
    agrees(lab, "tnl_compute", "hgrn2_size", "mdm_compute")
    wide_page.screenshot("architecture-lab-families")
    wide_page.assert_quiet()


def test_too_few_layers_cost_tokens(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.ArchitectureLab(topic='shape', D='100B')")
    lab.drag_slider("depth", 0.3)
    lab.heard("depth", "lab.depth")
    assert read(lab, "shape_worth") < 0.6
    agrees(lab, "shape_worth", "width", "best_depth", "best_width", "best_shape_loss")
    lab.drag_slider("N", 0.5)
    lab.heard("N", "lab.N")
    agrees(lab, "shape_worth", "best_depth", "aspect")
    wide_page.screenshot("architecture-lab-shape")
    wide_page.assert_quiet()


def test_it_holds_its_place_where_there_is_little_of_it(lab_page: LabPage) -> None:
    lab = opened(lab_page, "sw.ArchitectureLab(E=16)")
    lab.root.evaluate("(root) => { root.parentElement.style.width = '500px'; }")
    expect(lab.root.locator('[data-plot="experts"]')).to_be_visible()
    assert lab.root.evaluate("(root) => root.scrollWidth <= root.clientWidth")
    lab_page.screenshot("architecture-lab-narrow", lab.root)
    lab_page.assert_quiet()
