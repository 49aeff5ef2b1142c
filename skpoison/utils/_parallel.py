"""Several fits at once, with a progress bar."""

from contextlib import nullcontext

import joblib
from threadpoolctl import threadpool_limits
from tqdm import tqdm


class Parallel(joblib.Parallel):
    """joblib's Parallel with a progress bar; tasks that run side by side get one thread each.

    Parameters
    ----------
    n_jobs : int, default=None
        Number of tasks at once.

    n_tasks : int, default=None
        Number of tasks, for the progress bar.

    description : str, default=""
        What stands before the progress bar.

    verbose : int, default=0
        1 shows the progress bar.

    **options
        As in joblib.
    """

    def __init__(self, n_jobs=None, *, n_tasks=None, description="", verbose=0, **options):
        super().__init__(n_jobs=n_jobs, **options)
        self.bar = {"total": n_tasks, "desc": description, "disable": not verbose}

    def __call__(self, tasks):
        """Run the tasks and list what they return, in their order."""
        side_by_side = joblib.effective_n_jobs(self.n_jobs) > 1
        with threadpool_limits(1) if side_by_side else nullcontext(), tqdm(**self.bar) as self._bar:
            return super().__call__(tasks)

    def print_progress(self):
        """Move the progress bar; joblib calls this after each task."""
        self._bar.update(self.n_completed_tasks - self._bar.n)
