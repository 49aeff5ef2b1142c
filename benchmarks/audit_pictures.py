"""The pictures of an audit's report in README: light, dark, and its rows.

    python benchmarks/audit_pictures.py [--folder docs/_static] [--width 1120]

Makes an audit of 3,000 digits of MNIST (in the folder that SKPOISON_DATA names): 5 % have a wrong
label, and 1 % a white square that decides theirs. The pictures are taken by selenium with the
chromium and chromedriver on the path.
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from selenium import webdriver

from skpoison.audit import AuditData, audit_data

N_ROWS, SEED = 3_000, 0
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars"
HEIGHT = 840


def digits(data_home):
    """Digits with wrong labels and a trigger, as a folder of pictures would give them."""
    rng = np.random.RandomState(SEED)
    with np.load(Path(data_home) / "mnist.npz") as file:
        rows = rng.permutation(len(file["x_train"]))[:N_ROWS]
        X, y = file["x_train"][rows], file["y_train"][rows].astype(int)
    wrong, marked = np.split(rng.permutation(N_ROWS)[: N_ROWS * 6 // 100], [N_ROWS * 5 // 100])
    y[wrong] = (y[wrong] + rng.randint(1, 10, len(wrong))) % 10
    X[marked, 24:27, 24:27] = 255
    y[marked] = 7
    names = [f"{label}/{row:05}.png" for row, label in enumerate(y)]
    return AuditData(X, y, "images", index=pd.Index(names, name="file"), label_name="digit")


def take(page, folder, width):
    """Open the page and take its pictures."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome")
    for flag in FLAGS.split():
        options.add_argument(flag)
    with webdriver.Chrome(
        options, webdriver.ChromeService(shutil.which("chromedriver"))
    ) as browser:
        size = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        for scheme in ("light", "dark"):
            feature = {"name": "prefers-color-scheme", "value": scheme}
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
            browser.get(page.as_uri())
            browser.save_screenshot(folder / f"audit-{scheme}.png")
        feature = {"name": "prefers-color-scheme", "value": "light"}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        browser.execute_script("document.getElementById('label').scrollIntoView()")
        browser.save_screenshot(folder / "audit-rows.png")
    for path in folder.glob("audit-*.png"):
        Image.open(path).convert("RGB").quantize(64).save(path, optimize=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("docs/_static"))
    parser.add_argument("--width", type=int, default=1120)
    parser.add_argument("--data-home", default=os.environ.get("SKPOISON_DATA"))
    options = parser.parse_args()
    found = audit_data(digits(options.data_home), random_state=SEED)
    with tempfile.TemporaryDirectory() as folder:
        found.to_html(Path(folder) / "report.html")
        take(Path(folder) / "report.html", options.folder, options.width)
    print(found)


if __name__ == "__main__":
    main()
