"""Processes that share one cross-validation, on one machine or several: who this one is, as torchrun or SLURM says.

Folds are independent, so workers need not talk: each takes the next fold that nobody works on, by a lock in
the run's folder, which all of them must see. A worker that dies frees its fold, and another one goes on with it.
"""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class DistributedWorker:
    """One of the processes.

    Args:
        rank: 0 to ``n`` - 1; rank 0 reports.
        n: how many there are.
        local_rank: among those on this machine; it takes the GPU of that number.
    """

    rank: int = 0
    n: int = 1
    local_rank: int = 0

    @property
    def shares(self) -> bool:
        """Whether there are others."""
        return self.n > 1

    def device(self, wanted: str) -> str:
        """The device that this process uses, where ``wanted`` leaves the choice among several GPUs."""
        if not self.shares or wanted == "cpu":
            return wanted
        import torch  # only where there are several processes

        n_gpus = torch.cuda.device_count()
        return f"cuda:{self.local_rank % n_gpus}" if n_gpus else wanted


SINGLE_WORKER = DistributedWorker()
_LAUNCHERS = (("RANK", "WORLD_SIZE", "LOCAL_RANK"), ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"))
"""What torchrun, and SLURM's srun, tell a process in its environment."""


def this_worker() -> DistributedWorker:
    """This process among its workers; the only one where no launcher says otherwise."""
    for rank, n, local_rank in _LAUNCHERS:
        if rank in os.environ and n in os.environ:
            return DistributedWorker(int(os.environ[rank]), int(os.environ[n]), int(os.environ.get(local_rank, "0")))
    return SINGLE_WORKER
