"""The report in a real browser: chromium, headless, from a file and without a network.

Without chromium the tests are skipped, but fail in continuous integration (CI is set).
"""

import os
import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from experiments.findings.report.material import gather
from experiments.findings.report.page import render
from experiments.findings.report.testing import HOSTILE, fill, options

BROWSER, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
MISSING = [path for path in (BROWSER, DRIVER) if not shutil.which(path)]
DESKTOP = {"width": 1200, "height": 900, "deviceScaleFactor": 1, "mobile": False}
PHONE = DESKTOP | {"width": 360, "height": 740, "mobile": True}
WAIT_S = 10
QUIET = ("no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking")
QUIET += ("disable-component-update", "disable-sync")

pytestmark = pytest.mark.skipif(
    bool(MISSING) and not os.environ.get("CI"),
    reason=f"{', '.join(MISSING)} not installed: apt-get install chromium chromium-driver",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    assert not MISSING, f"{MISSING} not installed: apt-get install chromium chromium-driver"
    settings = webdriver.ChromeOptions()
    settings.binary_location = BROWSER
    profile = tmp_path_factory.mktemp("profile")
    for flag in ("headless=new", *QUIET, f"user-data-dir={profile}"):
        settings.add_argument(f"--{flag}")
    settings.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=settings, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = fill(tmp_path_factory.mktemp("results"))
    path = folder / "report.html"
    path.write_text(render(gather(options(folder.parent))))
    return path.as_uri()


@pytest.fixture
def page(browser, address):
    """The report, loaded anew at desktop size on a light system; all its figures are drawn."""
    return opened(browser, address, DESKTOP)


def opened(browser, address, size, scheme="light"):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get("about:blank")
    browser.get(address)
    wait(browser, "return figures().every(drawn) && one('#run-count').textContent")
    return browser


COLOURS = """return [
    colour(document.body, 'backgroundColor'),
    one('#figure5a .plot').data.find((t) => t.meta === 'naive' && t.line).line.color,
    colour(one('#figure5a .xtick text'), 'fill'),
]"""
HELPERS = """
const all = (selector) => [...document.querySelectorAll(selector)];
const one = (selector) => document.querySelector(selector);
const folded = (plot) => plot.closest('details:not([open])');
const figures = () => all('.plot[data-figure]').filter((plot) => !folded(plot));
const drawn = (plot) => plot.querySelector('.scatterlayer path');
const shown = (selector) => all(selector).filter((element) => element.offsetParent !== null);
const colour = (element, name) => getComputedStyle(element)[name];
"""
CLAIMS = "return shown('#claims tbody tr').map((row) => row.id)"
RUN_DRAWN = "return one('#run-plot .scatterlayer path')"
FOCUSED = "return document.activeElement"


def ask(browser, script):
    return browser.execute_script(HELPERS + script)


def wait(browser, script):
    WebDriverWait(browser, WAIT_S).until(lambda driver: ask(driver, script))


def find(browser, selector):
    return browser.find_element("css selector", selector)


def test_it_loads_without_a_word_on_the_console_and_without_requests(page):
    assert [entry["message"] for entry in page.get_log("browser")] == []
    loaded = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    assert [name for name in ask(page, loaded) if not name.startswith(("data:", "blob:"))] == []
    assert ask(page, "return figures().map((plot) => plot.dataset.figure)") == [
        *(f"figure{name}" for name in ("1", "3", "4a", "4b", "5a", "5b", "6", "7")),
        *("figure8a", "figure8b", "figure8c"),
        *("labels", "onset", "curvature", "regimes"),
    ]
    assert ask(page, "return one('#figure2 img').naturalWidth") > 100
    titles = ask(page, "return all('.modebar-btn').map((button) => button.dataset.title)")
    assert len(titles) > 10  # and none sends a figure anywhere
    assert not [title for title in titles if "hart" in title or "loud" in title], set(titles)


@pytest.mark.slow
def test_claims_are_filtered_by_verdict_and_by_text(page):
    count = find(page, "#claim-count")
    assert count.get_attribute("aria-live") == "polite"
    assert ask(page, CLAIMS) == ["C01", "C04", "C16"]
    find(page, "input[value=reproduced]").click()
    assert (ask(page, CLAIMS), count.text) == (["C01", "C04"], "2 of 3 claims")
    find(page, "input[value=reproduced]").click()
    find(page, "#claim-text").send_keys("AGC becomes")
    assert ask(page, CLAIMS) == ["C04"]
    find(page, "#claim-text").send_keys(" nothing like this")
    assert (ask(page, CLAIMS), count.text) == ([], "0 of 3 claims")


@pytest.mark.slow
def test_a_figure_has_a_legend_that_switches_and_tells_what_is_pointed_at(page):
    lines = "return one('#figure5a .plot').data.filter((t) => t.visible && t.meta === 'gc').length"
    assert ask(page, lines) == 4  # mean and band at two rates
    button = find(page, "#figure5a .legend button[data-group=gc]")
    button.click()
    assert (ask(page, lines), button.get_attribute("aria-pressed")) == (0, "false")
    button.send_keys(Keys.SPACE)
    assert ask(page, lines) == 4
    ask(page, "one('#figure1').scrollIntoView({behavior: 'instant'})")
    ask(page, "Plotly.Fx.hover(one('#figure1 .plot'), [{curveNumber: 0, pointNumber: 2}])")
    wait(page, "return one('#figure1 .hovertext')")
    text = ask(page, "return one('#figure1 .hovertext').textContent")
    assert "seed 2" in text and "step 6" in text, text


@pytest.mark.slow
def test_runs_are_filtered_sorted_and_turned_over(page):
    count, column = find(page, "#run-count"), "return all('#run-table tbody tr').map((row) => row"
    assert count.text == "26 of 26 runs"
    find(page, "#run-method").send_keys("Naive")
    wait(page, "return one('#run-count').textContent === '4 of 26 runs'")
    assert set(ask(page, f"{column}.cells[9].textContent)")) == {"fully diverged"}
    find(page, "#run-filters button[type=reset]").click()
    wait(page, "return one('#run-count').textContent === '26 of 26 runs'")
    page.find_elements("css selector", "#run-table thead button")[11].click()
    auc = [float(text) for text in ask(page, f"{column}.cells[11].textContent)")]
    assert auc == sorted(auc) and len(auc) == 26
    assert ask(page, f"{FOCUSED}.textContent").startswith("AUC")
    find(page, "#run-text").send_keys("onerror mine")
    assert count.text == "2 of 26 runs"


@pytest.mark.slow
def test_a_run_has_a_page_with_an_address_and_a_hostile_name_does_nothing(page, address):
    find(page, "#run-text").send_keys("onerror")
    assert HOSTILE in find(page, "#run-table tbody").text
    find(page, "#run-table tbody a").click()
    wait(page, RUN_DRAWN)
    run_id = ask(page, "return decodeURIComponent(location.hash.slice(5))")
    assert find(page, "#run-title").text == f"Run {run_id}"
    assert ask(page, f"{FOCUSED}.id") == "run-title"
    shown = {"words": f"make doctor RUN={run_id}", "config": "trainer.batch_size"}
    for part, text in (shown | {"provenance": HOSTILE, "facts": HOSTILE}).items():
        assert text in find(page, f"#run-{part}").text
    assert ask(page, "return [window.pwned, all('img').length]") == [None, 1]
    opened(page, f"{address}#run={run_id}", DESKTOP)
    wait(page, "return one('#run-title').getBoundingClientRect().top < innerHeight")
    assert ask(page, "return one('#run-title').getBoundingClientRect().top") >= 0
    opened(page, f"{address}#run=%3Cb%3Enobody", DESKTOP)
    assert find(page, "#run-unknown").text == "No run <b>nobody in this report."
    assert page.get_log("browser") == []


@pytest.mark.slow
def test_dark_and_light(page, address):
    white, line, light = ask(page, COLOURS)
    assert (white, line) == ("rgb(255, 255, 255)", "#555555")
    find(page, "#theme").click()
    assert find(page, "#theme").get_attribute("aria-pressed") == "true"
    dark, line, ink = ask(page, COLOURS)
    assert (dark, ink != light) == ("rgb(20, 23, 28)", True)
    assert line.startswith("rgb(1")  # lighter than #555555, which dark swallows
    find(page, "#theme").click()
    assert ask(page, COLOURS)[0] == white
    ask(page, "localStorage.clear()")
    opened(page, address, DESKTOP, scheme="dark")
    assert ask(page, COLOURS)[0] == dark


@pytest.mark.slow
def test_a_phone_scrolls_one_way_only(browser, address):
    opened(browser, f"{address}#run=none", PHONE)
    find(browser, "#run-table tbody a").send_keys(Keys.ENTER)
    wait(browser, RUN_DRAWN)
    assert ask(browser, "return document.documentElement.scrollWidth") <= PHONE["width"]
    assert ask(browser, "return innerWidth") == PHONE["width"]
    assert ask(browser, "return one('#figure5b .plot').layout.xaxis4.domain") == [0, 1]


@pytest.mark.slow
def test_a_phone_keeps_the_first_column_of_a_table(browser, address):
    opened(browser, address, PHONE)
    left = "const box = (selector) => one(selector).getBoundingClientRect().left;"
    for table in ("#table-table2", "#claims", "#run-table"):
        ask(browser, f"one('{table}').parentElement.scrollLeft = 150")
        cells = [table, f"{table} tbody th", f"{table} tbody tr > :nth-child(2)"]
        places = f"{left} return {cells}.map(box)"
        whole, first, other = ask(browser, places)
        assert whole < -100 and 0 <= first < 30 and other < first, table


@pytest.mark.slow
def test_a_study_is_drawn_when_it_is_unfolded(page):
    assert not ask(page, "return drawn(one('#study_mine .plot'))")
    page.find_element("xpath", "//summary[contains(., 'Study mine')]").click()
    wait(page, "return drawn(one('#study_mine .plot'))")
    assert ask(page, "return one('#study_mine .plot').clientWidth") > 600


@pytest.mark.slow
def test_the_keyboard_reaches_everything(page):
    find(page, "body").send_keys(Keys.TAB)
    assert ask(page, f"{FOCUSED}.className") == "skip"
    assert ask(page, "return colour(document.activeElement, 'outlineStyle')") == "solid"
    reached = []
    while "claim-text" not in reached and len(reached) < 40:
        page.switch_to.active_element.send_keys(Keys.TAB)
        reached.append(ask(page, f"{FOCUSED}.id"))
    assert "theme" in reached
    page.switch_to.active_element.send_keys("C16")
    assert ask(page, CLAIMS) == ["C16"]
