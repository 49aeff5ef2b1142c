"""Finding an image set on this machine, or fetching it from its authors."""

import os
from pathlib import Path

import pooch

from skpoison.datasets._readers import is_there


def find_images(name, image_set, data_home=None, download_if_missing=True):
    """Path of a copy of an image set, fetched if there is none.

    Looks into ``data_home``, the folder that the environment variable ``SKPOISON_DATA`` names
    and the user's cache, in this order. What is missing is fetched into ``data_home`` where
    it is given, otherwise into the cache.

    Parameters
    ----------
    name : str
        Name of the set, for messages.

    image_set : ImageSet
        Where copies may lie and where the files are published.

    data_home : str, path-like or None, default=None
        The folder to look into first.

    download_if_missing : bool, default=True
        Whether to fetch what is missing.

    Returns
    -------
    path : pathlib.Path

    Raises
    ------
    OSError
        If there is no copy and none could be fetched; the message says where to put one.
    """
    cache = Path(pooch.os_cache("skpoison"))
    named = (data_home, os.environ.get("SKPOISON_DATA"))
    folders = [Path(folder).expanduser() for folder in named if folder] + [cache]
    for folder in folders:
        for place in image_set.places:
            if is_there(folder / place):
                return folder / place
    by_hand = (
        f"To use a copy of your own, put {' or '.join(image_set.places)} into one of the folders "
        f"{', '.join(map(str, folders))}, or name another folder with data_home or the "
        f"environment variable SKPOISON_DATA. {name} is published as "
        f"{', '.join(download.url for download in image_set.downloads)}."
    )
    if not download_if_missing:
        raise OSError(f"There is no copy of {name} and download_if_missing=False. {by_hand}")
    target = cache if data_home is None else folders[0]
    for download in image_set.downloads:
        _fetch(download, target, by_hand)
    return next(target / place for place in image_set.places if is_there(target / place))


def _fetch(download, folder, by_hand):
    """Fetch one file with a progress bar; it appears by rename once its checksum is right."""
    path = folder / download.path
    try:
        pooch.retrieve(
            download.url,
            known_hash=download.checksum,
            fname=path.name,
            path=path.parent,
            downloader=pooch.HTTPDownloader(progressbar=True, chunk_size=1 << 16, timeout=30),
        )
    except (OSError, ValueError) as error:  # ValueError: pooch's word for a wrong checksum
        raise OSError(
            f"{download.url} could not be fetched to {path}: {error}. {by_hand}"
        ) from error
