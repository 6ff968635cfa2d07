"""Opens a page in a headless Chromium and checks what only a browser can tell.

Usage: browser.py PAGE [AXE]: with the file of axe-core, also that axe finds
nothing, in light, dark and on a phone.
"""
import json
import os
import sys

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

page = "file://" + os.path.abspath(sys.argv[1])
axe = open(sys.argv[2], encoding="utf-8").read() if len(sys.argv) > 2 else None
failures = []


def check(good, what):
    if not good:
        failures.append(what)


def start():
    options = Options()
    # Tests may run as root in a container, where Chromium has no sandbox.
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu",
                 "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs",
                           {"browser": "ALL", "performance": "ALL"})
    for tries in range(5):
        try:
            return webdriver.Chrome(service=Service("/usr/bin/chromedriver"),
                                    options=options)
        except WebDriverException:
            # A busy machine may not start it within the half minute it gets.
            if tries == 4:
                raise


def resize(browser, width, height, phone):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1,
        "mobile": phone})


def colours(browser, scheme):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": scheme}]})


def requested(browser):
    """The addresses that the page asked for, other than its own."""
    asked = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
    return [url for url in asked if url != page]


def check_rendering(browser):
    run = browser.execute_script
    sizes = run("return [...document.querySelectorAll('figure > svg.plot')]"
                ".map(s => [s.getBoundingClientRect().width,"
                " s.querySelectorAll('path').length])")
    check(len(sizes) >= 4, f"only {len(sizes)} charts")
    check(all(w > 100 and n > 5 for w, n in sizes), f"empty charts: {sizes}")
    check(run("return document.querySelectorAll('use[*|href]').length") ==
          run("return [...document.querySelectorAll('use')].filter(u =>"
              " document.querySelector(u.href.baseVal)).length"),
          "markers that are not there")
    names = run("return [...document.querySelectorAll('.legend button')]"
                ".map(b => b.textContent)")
    check("<script>alert(1)</script>" in names, f"names in the legend: {names}")


def check_phone(browser):
    resize(browser, 360, 740, True)
    run = browser.execute_script
    for opened in (False, True):
        run("document.querySelectorAll('details').forEach("
            "d => d.open = arguments[0])", opened)
        width = run("return document.documentElement.scrollWidth")
        check(width <= 360, f"{width} wide on a phone of 360, open: {opened}")
    run("document.querySelectorAll('details').forEach(d => d.open = false)")
    resize(browser, 1280, 900, False)


def check_keyboard(browser):
    """Tab reaches everything that can be used, and the outline shows where."""
    run = browser.execute_script
    run("scrollTo(0, 0); document.activeElement.blur()")
    wanted = run("""
      return [...document.querySelectorAll(
        'a[href], button, input, summary, [tabindex="0"]')].filter(e =>
          e.checkVisibility() && !e.closest('details:not([open]) > :not(summary)'))
        .length""")
    seen = set()
    bare = 0
    for _ in range(wanted + 50):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        which, outline = run("""
          const e = document.activeElement;
          window.number = window.number || new Map();
          if (!number.has(e)) number.set(e, number.size);
          return [e === document.body ? -1 : number.get(e),
                  getComputedStyle(e).outlineStyle]""")
        if which >= 0:
            seen.add(which)
            bare += outline == "none"
    check(len(seen) >= wanted, f"Tab reaches {len(seen)} of {wanted}")
    check(bare == 0, f"{bare} without an outline when they have the focus")
    # Enter works a legend, a fold and the head of a column.
    run("document.querySelector('.legend button').focus()")
    ActionChains(browser).send_keys(Keys.ENTER).perform()
    check(run("return document.querySelectorAll('svg.plot .dim').length") > 0,
          "the legend singles nothing out")
    ActionChains(browser).send_keys(Keys.ENTER).perform()
    check(run("return document.querySelectorAll('svg.plot .dim').length") == 0,
          "the legend does not go back")
    first = "return document.querySelector('#overview tbody tr').textContent"
    run("document.querySelector('#overview thead button').focus()")
    rows = set()
    for _ in range(2):
        ActionChains(browser).send_keys(Keys.ENTER).perform()
        rows.add(run(first))
    check(len(rows) == 2, "the head of a column does not sort")


def check_dark(browser):
    run = browser.execute_script
    ink = ("return [document.body, document.querySelector("
           "'figure > svg.plot [stroke=black]'), document.querySelector("
           "'figure > svg.plot [stroke^=\"#\"]:not([stroke=\"#b0b0b0\"])')]"
           ".map(e => getComputedStyle(e)[e === document.body ?"
           " 'backgroundColor' : 'stroke'])")
    light = run(ink)
    colours(browser, "dark")
    dark = run(ink)
    check(all(a != b for a, b in zip(light, dark)),
          f"the same in the dark: {light}, {dark}")
    run("document.getElementById('theme').click()")
    check(run(ink) == light, "the button does not make it light")
    run("document.getElementById('theme').click()")
    colours(browser, "light")
    run("document.documentElement.className = ''")


def check_axe(browser, where):
    found = browser.execute_async_script(
        "axe.run().then(r => arguments[0](r.violations))")
    for violation in found:
        nodes = [n["html"][:120] for n in violation["nodes"][:3]]
        failures.append(f"axe, {where}: {violation['id']}: "
                        f"{violation['help']}: {nodes}")


browser = start()
try:
    resize(browser, 1280, 900, False)
    browser.execute_cdp_cmd("Network.enable", {})
    browser.get(page)
    check_rendering(browser)
    check_phone(browser)
    check_keyboard(browser)
    check_dark(browser)
    if axe:
        browser.set_script_timeout(300)
        browser.execute_script(axe)
        browser.execute_script(
            "document.querySelectorAll('details').forEach(d => d.open = true)")
        check_axe(browser, "light")
        colours(browser, "dark")
        check_axe(browser, "dark")
        resize(browser, 360, 740, True)
        check_axe(browser, "phone")
    other = requested(browser)
    check(not other, f"requests: {other}")
    messages = [m["message"] for m in browser.get_log("browser")]
    check(not messages, f"console: {messages}")
finally:
    browser.quit()
print("\n".join(failures))
sys.exit(1 if failures else 0)
