"""The report in a real browser: chromium, headless, from a file and without a network.

One test is fast: the page loads, draws every figure and asks for nothing. The others use it.

Where there is no chromium the tests are skipped, except in continuous integration (CI is set),
where that is a failure.
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
PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
DESKTOP = {"width": 1200, "height": 900, "deviceScaleFactor": 1, "mobile": False}
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
    wait(browser, "return figures().length === figures().filter(drawn).length")
    return browser


HELPERS = """
const all = (selector) => [...document.querySelectorAll(selector)];
const one = (selector) => document.querySelector(selector);
const figures = () => all('.plot[data-figure]');
const drawn = (plot) => plot.querySelector('.scatterlayer path');
const shown = (selector) => all(selector).filter((element) => element.offsetParent !== null);
const colour = (element, name) => getComputedStyle(element)[name];
"""


def ask(browser, script, *arguments):
    return browser.execute_script(HELPERS + script, *arguments)


def wait(browser, script):
    WebDriverWait(browser, WAIT_S).until(lambda driver: ask(driver, script))


def find(browser, selector):
    return browser.find_element("css selector", selector)


def test_it_loads_without_a_word_on_the_console_and_without_requests(page, address):
    assert [entry["message"] for entry in page.get_log("browser")] == []
    loaded = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    assert [name for name in ask(page, loaded) if not name.startswith(("data:", "blob:"))] == []
    assert ask(page, "return figures().map((plot) => plot.dataset.figure)") == [
        *(f"figure{name}" for name in ("1", "3", "4a", "4b", "5a", "5b", "6", "8a", "8b", "8c")),
        "study_mine",
    ]
    assert ask(page, "return one('#figure2 img').naturalWidth") > 100


@pytest.mark.slow
def test_no_button_of_a_figure_sends_it_anywhere(page):
    titles = ask(page, "return all('.modebar-btn').map((button) => button.dataset.title)")
    assert len(titles) > 10
    assert not [title for title in titles if "hart" in title or "loud" in title], set(titles)


@pytest.mark.slow
def test_claims_are_filtered_by_verdict_and_by_text(page):
    rows = "return shown('#claims tbody tr').map((row) => row.id)"
    assert ask(page, rows) == ["C01", "C04", "C16"]
    find(page, "input[value=reproduced]").click()
    assert ask(page, rows) == ["C01", "C04"]
    assert find(page, "#claim-count").text == "2 of 3 claims"
    find(page, "input[value=reproduced]").click()
    find(page, "#claim-text").send_keys("AGC becomes")
    assert ask(page, rows) == ["C04"]
    assert find(page, "#claim-count").get_attribute("aria-live") == "polite"
    find(page, "#claim-text").clear()
    find(page, "#claim-text").send_keys("nothing like this")
    assert (ask(page, rows), find(page, "#claim-count").text) == ([], "0 of 3 claims")


@pytest.mark.slow
def test_the_legend_switches_a_method_on_and_off(page):
    lines = "return one('#figure5a .plot').data.filter((t) => t.visible && t.meta === 'gc').length"
    assert ask(page, lines) == 4  # mean and band at two rates
    button = find(page, "#figure5a .legend button[data-group=gc]")
    button.click()
    assert ask(page, lines) == 0
    assert button.get_attribute("aria-pressed") == "false"
    button.send_keys(Keys.SPACE)
    assert ask(page, lines) == 4
    line = "one('#figure5a .plot').data.find((t) => t.meta === 'clippy' && t.line)"
    assert ask(page, f"return {line}.line.color") == "#D55E00"


@pytest.mark.slow
def test_hovering_tells_seed_and_step(page):
    ask(page, "one('#figure1').scrollIntoView({behavior: 'instant'})")
    ask(page, "Plotly.Fx.hover(one('#figure1 .plot'), [{curveNumber: 0, pointNumber: 2}])")
    wait(page, "return one('#figure1 .hovertext')")
    text = ask(page, "return one('#figure1 .hovertext').textContent")
    assert "seed 2" in text and "step 6" in text, text


@pytest.mark.slow
def test_runs_are_filtered_sorted_and_turned_over(page):
    count = find(page, "#run-count")
    assert count.text == "26 of 26 runs"
    find(page, "#run-method option[value=naive]").click()
    assert count.text == "4 of 26 runs"
    labels = "return all('#run-table tbody tr').map((row) => row.cells[9].textContent)"
    assert set(ask(page, labels)) == {"fully diverged"}
    find(page, "#run-filters button[type=reset]").click()
    wait(page, "return one('#run-count').textContent === '26 of 26 runs'")
    heads = page.find_elements("css selector", "#run-table thead button")
    heads[11].click()
    auc = [float(x) for x in ask(page, labels.replace("[9]", "[11]"))]
    assert auc == sorted(auc) and len(auc) == 26
    assert ask(page, "return document.activeElement.textContent").startswith("AUC")
    find(page, "#run-text").send_keys("onerror mine")
    assert count.text == "2 of 26 runs"


@pytest.mark.slow
def test_a_run_has_a_page_with_an_address(page, address):
    find(page, "#run-table tbody a").click()
    wait(page, "return one('#run-plot .scatterlayer path')")
    run_id = ask(page, "return decodeURIComponent(location.hash.slice(5))")
    assert find(page, "#run-title").text == f"Run {run_id}"
    assert ask(page, "return document.activeElement.id") == "run-title"
    assert f"make doctor RUN={run_id}" in find(page, "#run-words").text
    assert "trainer.batch_size" in find(page, "#run-config").text
    assert "c0ffee" in find(page, "#run-provenance").text
    opened(page, f"{address}#run={run_id}", DESKTOP)
    top = "return one('#run-title').getBoundingClientRect().top"
    wait(page, "return one('#run-title').getBoundingClientRect().top < innerHeight")
    assert 0 <= ask(page, top) < DESKTOP["height"]
    opened(page, f"{address}#run=%3Cb%3Enobody", DESKTOP)
    assert find(page, "#run-unknown").text == "No run <b>nobody in this report."
    assert page.get_log("browser") == []


@pytest.mark.slow
def test_a_hostile_name_is_shown_and_does_nothing(page):
    find(page, "#run-text").send_keys("onerror")
    assert HOSTILE in find(page, "#run-table tbody").text
    find(page, "#run-table tbody a").click()
    assert HOSTILE in find(page, "#run-facts").text
    assert HOSTILE in find(page, "#run-provenance").text
    assert ask(page, "return [window.pwned, all('img').length]") == [None, 1]


@pytest.mark.slow
def test_dark_and_light(browser, address):
    ground = "return colour(document.body, 'backgroundColor')"
    ink = "return colour(one('#figure5a .xtick text'), 'fill')"
    line = "return one('#figure5a .plot').data.find((t) => t.meta === 'naive' && t.line).line.color"
    opened(browser, address, DESKTOP)
    assert (ask(browser, ground), ask(browser, line)) == ("rgb(255, 255, 255)", "#555555")
    light = ask(browser, ink)
    find(browser, "#theme").click()
    assert find(browser, "#theme").get_attribute("aria-pressed") == "true"
    assert ask(browser, ground) == "rgb(20, 23, 28)"
    assert ask(browser, ink) != light
    assert ask(browser, line).startswith("rgb(1")  # lighter than #555555, which dark swallows
    find(browser, "#theme").click()
    assert ask(browser, ground) == "rgb(255, 255, 255)"
    ask(browser, "localStorage.clear()")
    opened(browser, address, DESKTOP, scheme="dark")
    assert ask(browser, ground) == "rgb(20, 23, 28)"


@pytest.mark.slow
def test_a_phone_scrolls_one_way_only(browser, address):
    opened(browser, f"{address}#run=none", PHONE)
    find(browser, "#run-table tbody a").send_keys(Keys.ENTER)
    wait(browser, "return one('#run-plot .scatterlayer path')")
    wide = ask(browser, "return document.documentElement.scrollWidth")
    assert wide <= PHONE["width"]
    assert ask(browser, "return innerWidth") == PHONE["width"]
    columns = "return Object.keys(one('#figure5b .plot').layout).filter((k) => /^xaxis/.test(k))"
    assert len(ask(browser, columns)) == 4
    assert ask(browser, "return one('#figure5b .plot').layout.xaxis2.domain[1]") == 1


@pytest.mark.slow
def test_the_keyboard_reaches_everything(page):
    body, reached = find(page, "body"), []
    body.send_keys(Keys.TAB)
    assert ask(page, "return document.activeElement.className") == "skip"
    assert ask(page, "return colour(document.activeElement, 'outlineStyle')") == "solid"
    for _ in range(20):
        page.switch_to.active_element.send_keys(Keys.TAB)
        reached.append(ask(page, "return document.activeElement.id"))
        if reached[-1] == "claim-text":
            break
    assert "theme" in reached and reached[-1] == "claim-text"
    page.switch_to.active_element.send_keys("C16")
    assert ask(page, "return shown('#claims tbody tr').map((row) => row.id)") == ["C16"]
