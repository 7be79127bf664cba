"""The notebooks of the browser benchmark: ours, and what its users would do without it.

Every chart draws the same law at compute C over 100 sizes, and says in a label for which C.
"""

ECHO = '''
import anywidget, traitlets

class Echo(anywidget.AnyWidget):
    _esm = """
    export default {
      render({ model, el }) {
        el.classList.add("echo");
        el.trip = () => new Promise((done) => {
          const asked = performance.now();
          const heard = () => {
            model.off("change:pong", heard);
            done(performance.now() - asked);
          };
          model.on("change:pong", heard);
          model.set("ping", model.get("ping") + 1);
          model.save_changes();
        });
      },
    };
    """
    ping = traitlets.Int(0).tag(sync=True)
    pong = traitlets.Int(0).tag(sync=True)

    @traitlets.observe("ping")
    def _answer(self, change):
        self.pong = change.new

Echo()
'''

EXPLORER = "import scalewidgets as sw\nlab = sw.Explorer(dataset={dataset!r})\nlab"

CHART = """
import altair as alt, ipywidgets, numpy as np, polars as pl, traitlets
import scalewidgets as sw

law = sw.law("besiroglu2024")
N = np.geomspace(1e8, 1e13, 100)
x = alt.X("N:Q").scale(type="log")
y = alt.Y("loss:Q").scale(domain=(1.8, 4), clamp=True)

def chart(log_C):
    loss = law.predict(N=N, D=10**log_C / (6 * N))
    curve = pl.DataFrame({"N": N, "loss": loss})
    return alt.Chart(curve, title=f"log C = {log_C:.2f}").mark_line().encode(x, y)

def slider():
    return ipywidgets.FloatSlider(value=24.4, min=20, max=26, step=0.02, description="log C")
"""

# The picture is made in the kernel: the renderer that needs no network.
INTERACT_IMAGE = """
alt.renderers.enable("svg")
ipywidgets.interact(chart, log_C=slider());
"""

# JupyterLab 4 ships Vega 5 and so draws charts of the version before Altair's present one.
INTERACT_VEGA = """
from IPython.display import display

@ipywidgets.interact(log_C=slider())
def draw(log_C):
    spec = chart(log_C).properties(usermeta={"embedOptions": {"renderer": "svg"}}).to_dict()
    display({"application/vnd.vegalite.v5+json": spec}, raw=True)
"""

# The equation in Vega's own language: the kernel only passes the slider's value on.
JUPYTER_CHART_PARAM = """
alt.JupyterChart.enable_offline()
log_C = alt.param("log_C", value=24.4)
D = "(pow(10, log_C) / (6 * datum.N))"
loss = law.vega({"N": "datum.N", "D": D} | {k: repr(v) for k, v in law.values.items()})
curve = alt.Chart(pl.DataFrame({"N": N})).transform_calculate(loss=loss).mark_line().encode(x, y)
text = alt.value(alt.expr("'log C = ' + format(log_C, '.2f')"))
label = alt.Chart(pl.DataFrame({"at": [0]})).mark_text(x=150, y=-10).encode(text=text)
options = {"renderer": "svg"}
view = alt.JupyterChart((curve + label).add_params(log_C), embed_options=options)
hand = slider()
traitlets.link((hand, "value"), (view.params, "log_C"))
ipywidgets.VBox([hand, view])
"""

JUPYTER_CHART_NEW = """
alt.JupyterChart.enable_offline()
view = alt.JupyterChart(chart(24.4), embed_options={"renderer": "svg"})
hand = slider()
hand.observe(lambda change: setattr(view, "chart", chart(change.new)), "value")
ipywidgets.VBox([hand, view])
"""

CHARTS = {
    "interact + Altair, SVG from the kernel": [CHART, INTERACT_IMAGE],
    "interact + Altair, JupyterLab's Vega": [CHART, INTERACT_VEGA],
    "JupyterChart, slider linked to a param": [CHART, JUPYTER_CHART_PARAM],
    "JupyterChart, a new chart a change": [CHART, JUPYTER_CHART_NEW],
}
