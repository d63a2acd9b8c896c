"""The processes of a stack by name, each of which can be stopped, killed, paused and started again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from stack.errors import StackError
from stack.process import ManagedProcess, Running


class Parts:
    """Named processes, in the order in which they are started. All methods block."""

    def __init__(self) -> None:
        self.processes: dict[str, ManagedProcess] = {}
        self._ready: dict[str, Callable[[], bool]] = {}

    def running(self) -> dict[str, int]:
        """The pid of each process that is alive, by name: `kafka`, `postgres`, `bank`, `payout-1`, ..."""
        return {name: each.pid for name, each in self.processes.items() if each.pid is not None}

    def kill(self, name: str) -> None:
        """SIGKILL to one part and everything it started."""
        part = self._part(name)
        self._forget(name)
        part.kill()

    def pause(self, name: str) -> None:
        """SIGSTOP to one part and everything it started; `resume` lets them go on."""
        self._part(name).pause()

    def resume(self, name: str) -> None:
        self._part(name).resume()

    def stop_part(self, name: str) -> None:
        """Asks one part to stop, and waits for it."""
        part = self._part(name)
        self._forget(name)
        part.stop()

    def start_part(self, name: str, *, wait: bool = True) -> None:
        """Starts a part that is not running; with `wait`, returns when it is ready."""
        if self._part(name).is_alive():
            return
        self._launch(name)
        if wait:
            self.wait_ready([name])

    def restart(self, name: str) -> None:
        """Stops one part in order and starts it again."""
        self.stop_part(name)
        self.start_part(name)

    def wait_ready(self, names: Iterable[str] | None = None, seconds: float = 180) -> None:
        """Waits until parts are ready. Raises StackError, with the end of its log, for one that died or is late."""
        deadline = time.monotonic() + seconds
        for name in self.processes if names is None else names:
            part = self._part(name)
            while not self._ready[name]():
                if not part.is_alive():
                    raise StackError(_failed(part, "stopped while starting"))
                if time.monotonic() > deadline:
                    raise StackError(_failed(part, f"was not ready within {seconds:.0f} seconds"))
                time.sleep(0.05)

    def _add(self, process: ManagedProcess, ready: Callable[[], bool]) -> None:
        self.processes[process.name] = process
        self._ready[process.name] = ready

    def _part(self, name: str) -> ManagedProcess:
        if name not in self.processes:
            raise StackError(f"This stack has no part '{name}': it has {', '.join(self.processes)}.")
        return self.processes[name]

    def _launch(self, name: str) -> None:
        self._remember(name, self.processes[name].start())

    def _remember(self, name: str, running: Running) -> None:
        """Hears of every process that was started."""

    def _forget(self, name: str) -> None:
        """Hears of every part that is about to be stopped on purpose."""

    def _stop_at_once(self, names: list[str]) -> None:
        threads = [threading.Thread(target=self.processes[name].stop) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _failed(part: ManagedProcess, how: str) -> str:
    return f"{part.name} {how}; its log is {part.log}. It ends:\n{part.last_words()}"
