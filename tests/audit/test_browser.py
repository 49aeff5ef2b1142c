"""The page in a real browser: Debian's chromium and chromium-driver, or whatever is on the path."""

import shutil

import numpy as np
import pytest

from skpoison.audit import AuditData
from tests.audit.audits import HOSTILE, audit_of, finding, hostile_table

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="no chromium and chromedriver on the path"
)
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage "
    "--no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync"
)
SHOWN = "return [...document.querySelectorAll('#label .row')].filter(row => row.offsetHeight)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('browser')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(DRIVER)) as browser:
        yield browser


def opened(browser, audit, tmp_path):
    audit.to_html(tmp_path / "report.html")
    browser.get((tmp_path / "report.html").as_uri())


def texts():
    """Forty texts whose label alternates; the last ones are the most suspicious."""
    n = 40
    y = np.array(["even", "odd"])[np.arange(n) % 2]
    wrong = finding(
        "label",
        "Wrong labels",
        n,
        range(n)[::-1],
        suggested_label=np.where(np.arange(n) < 10, "else", y[::-1]),
        probability=0.5 + ((7 * np.arange(n)) % n) / 100,
    )
    return audit_of(AuditData([f"text number{row}." for row in range(n)], y, "text"), wrong)


def positions(browser):
    return browser.execute_script(f"{SHOWN}.map(row => Number(row.dataset.position))")


def test_filter_and_sort_by_keyboard(browser, tmp_path):
    opened(browser, texts(), tmp_path)
    assert positions(browser) == list(range(40))[::-1]
    find, given, likelier, sort, reset = browser.find_elements(
        "css selector", "#label form :is(input, select, button)"
    )
    find.send_keys("number3", webdriver.Keys.TAB)
    assert positions(browser) == [39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 3]
    assert browser.switch_to.active_element == given
    given.send_keys("odd", webdriver.Keys.TAB)
    assert positions(browser) == [39, 37, 35, 33, 31, 3]
    likelier.send_keys("else", webdriver.Keys.TAB)
    assert positions(browser) == [3]
    assert browser.find_element("css selector", "#label output").text == "1 of the 40 listed"
    assert browser.switch_to.active_element == sort
    sort.send_keys("surest", webdriver.Keys.TAB)
    assert browser.switch_to.active_element == reset
    find.send_keys("nowhere")
    assert positions(browser) == []
    assert browser.find_element("css selector", "#label .nothing").is_displayed()
    reset.send_keys(webdriver.Keys.ENTER)
    browser.execute_async_script("setTimeout(arguments[0])")
    assert positions(browser) == list(range(40))[::-1]
    sort.send_keys("surest")
    assert positions(browser) == sorted(range(40), key=lambda row: -((7 * row) % 40))
    sort.send_keys(webdriver.Keys.ARROW_DOWN)
    assert positions(browser) == list(range(40))


def test_a_pair_of_labels_leads_to_its_rows(browser, tmp_path):
    opened(browser, texts(), tmp_path)
    browser.find_element("css selector", "a[data-given=odd][data-likelier=else]").click()
    assert positions(browser) == [9, 7, 5, 3, 1]
    assert browser.current_url.endswith("#label")


def test_code_is_copied(browser, tmp_path):
    opened(browser, texts(), tmp_path)
    button = browser.find_element("css selector", "button.copy")
    button.click()
    browser.execute_async_script("setTimeout(arguments[0], 50)")
    assert browser.find_element("css selector", ".copied").text == "Copied."
    find = browser.find_element("css selector", "input[type=search]")
    find.send_keys(webdriver.Keys.CONTROL, "v")
    assert find.get_property("value").startswith("import numpy as np")


def test_hostile_values_do_nothing(browser, tmp_path):
    opened(browser, hostile_table(), tmp_path)
    assert browser.execute_script("return window.harmed") is None
    assert browser.get_log("browser") == []
    assert browser.execute_script("return document.scripts.length") == 1
    assert len(positions(browser)) == len(HOSTILE)
    rows = browser.execute_script(f"{SHOWN}.map(row => row.textContent)")
    assert HOSTILE[0] in rows[0]


def test_light_dark_and_narrow(browser, tmp_path):
    opened(browser, hostile_table(), tmp_path)
    ground = "return getComputedStyle(document.body).backgroundColor"
    colors = []
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        colors.append(browser.execute_script(ground))
    assert colors == ["rgb(255, 255, 255)", "rgb(20, 23, 27)"]
    for width in (1280, 390, 320):
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": True}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        assert browser.execute_script("return document.documentElement.scrollWidth") == width
