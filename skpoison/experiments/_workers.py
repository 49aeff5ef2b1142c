"""Where the work is done: processes of this machine, or a Dask or Ray cluster."""

import socket
import warnings
from contextlib import contextmanager
from importlib.util import find_spec

from joblib import Parallel, parallel_config

BACKENDS = ("local", "dask", "ray")
SECONDS_TO_CONNECT = 10


@contextmanager
def workers(jobs, backend, scheduler):
    """Let joblib spread work over this machine or a cluster.

    Parameters
    ----------
    jobs : int
        Number of processes of the local machine, -1 for one each core.

    backend : {"local", "dask", "ray"}
        Where to.

    scheduler : str or None
        Address of the cluster.

    Yields
    ------
    None
        In the context, joblib's Parallel uses these workers.

    Raises
    ------
    OSError
        If no cluster is reached at the address.

    ImportError
        If the extra for the cluster is not installed.
    """
    if backend == "dask":
        _require("distributed", "dask")
        from distributed import Client

        if scheduler is None:
            raise ValueError("backend='dask' needs the scheduler's address (--scheduler).")
        with Client(scheduler, timeout=SECONDS_TO_CONNECT) as client:
            with parallel_config(backend="dask", client=client, n_jobs=-1):
                yield
    elif backend == "ray":
        _require("ray", "ray")
        import ray
        from ray.util.joblib import register_ray

        if scheduler and scheduler.count(":") == 1:  # Ray itself waits for minutes
            try:
                socket.create_connection(scheduler.split(":"), SECONDS_TO_CONNECT).close()
            except OSError as error:
                raise OSError(f"no Ray cluster can be reached at {scheduler}: {error}") from error
        ray.init(address=scheduler or "auto", log_to_driver=False, ignore_reinit_error=True)
        register_ray()
        with parallel_config(backend="ray", n_jobs=-1):
            yield
    else:
        with (
            parallel_config(backend="loky", n_jobs=jobs, inner_max_num_threads=1),
            warnings.catch_warnings(),
        ):
            # A worker that has grown, be it by importing Keras, is replaced, which is no news.
            warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")
            yield


def _require(module, extra):
    if find_spec(module) is None:
        raise ImportError(f"backend={extra!r} needs an extra: pip install 'skpoison[{extra}]'.")


class ProgressParallel(Parallel):
    """joblib's Parallel, calling back after every batch with the number of tasks done.

    Parameters
    ----------
    on_progress : callable
        Called with that number.
    """

    def __init__(self, on_progress):
        super().__init__()
        self.on_progress = on_progress

    def print_progress(self):
        """Call back; joblib calls this after every batch, on all of its backends."""
        self.on_progress(self.n_completed_tasks)
