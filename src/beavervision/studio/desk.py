"""What the page shows at a moment: the jobs and people behind it, without Gradio."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from beavervision.errors import BeaverError
from beavervision.studio.film_view import film_view
from beavervision.studio.job import Job, Task
from beavervision.studio.job_queue import JobQueue
from beavervision.studio.job_view import announcement, banner, job_list, message, outcome
from beavervision.studio.people import PersonFolder, StageRun, list_people, newest_run
from beavervision.studio.person_view import clip_report, people_cards, stage_states
from beavervision.studio.training_view import run_view

LISTING_S = 2.0
"""Seconds for which the listing of the runs folder is kept: every open page asks each second."""


class Desk:
    """Views of one runs folder.

    Args:
        queue: of the jobs.
    """

    def __init__(self, queue: JobQueue) -> None:
        self.queue, self.runs = queue, queue.runs
        self._people: list[PersonFolder] = []
        self._listed, self._states = 0.0, ()
        self._lock = Lock()

    def people(self) -> list[PersonFolder]:
        """Everybody in the runs folder; listed again after LISTING_S, or when a job has changed its state."""
        states = tuple((job.id, job.state) for job in self.queue.jobs())
        with self._lock:
            if states != self._states or time.monotonic() - self._listed > LISTING_S:
                self._people = list_people(self.runs)
                self._listed, self._states = time.monotonic(), states
            return self._people

    def names(self) -> list[str]:
        """Who can be chosen: everybody who is there, and who is being prepared."""
        coming = {job.task.person for job in self.queue.jobs() if job.is_active}
        return sorted({*(person.name for person in self.people()), *coming})

    def person(self, name: str | None) -> PersonFolder | None:
        """The person of a name; None where nothing of them is there yet."""
        return next((person for person in self.people() if person.name == name), None)

    def order(self, make: Callable[[], Task]) -> tuple[Job | None, str]:
        """Put the task of a form into the queue.

        Args:
            make: returns the task.

        Returns:
            The job and an empty text; or None and the sentence of what is wrong, as the page shows it.
        """
        try:
            return self.queue.add(make()), ""
        except BeaverError as error:
            return None, message(str(error), wrong=True)

    def latest(self, kind: str, name: str | None) -> Job | None:
        """The newest job of a kind for a person."""
        return next((job for job in self.queue.jobs() if job.task.kind == kind and job.task.person == name), None)

    def texts(self, name: str | None) -> dict[str, str]:
        """Everything that the page shows, by the name of its place.

        Args:
            name: of the chosen person; None for nobody.
        """
        jobs, person, running = self.queue.jobs(), self.person(name), self.queue.running()
        waiting = sum(job.state == "queued" for job in jobs)
        shown = running or next((job for job in reversed(jobs) if job.state == "queued"), None)
        progress = None if running is None else self.queue.progress(running)
        return {
            "now": banner(shown, progress, waiting - (running is None and shown is not None)),
            "told": announcement(jobs),
            "people": people_cards(self.runs, self.people()),
            "prepared": outcome(self.latest("prepare", name)),
            "report": clip_report(self.runs, person),
            "stages": stage_states(person),
            "trained": outcome(self.latest("train", name)),
            "run": run_view(self.runs, self.shown_run(person)),
            "filmed": outcome(self.latest("film", name)),
            "jobs": job_list(jobs),
        }

    def shown_run(self, person: PersonFolder | None) -> StageRun | None:
        """The run whose curves are shown: the one that trains, else the newest."""
        if person is None:
            return None
        running = self.queue.running()
        if running is not None and running.task.kind == "train" and running.task.person == person.name:
            progress = self.queue.progress(running)
            return None if progress is None else newest_run(person.folder, progress.stage)
        runs = list(person.stages.values())
        return max(runs, key=lambda run: run.folder.stat().st_mtime, default=None)

    def film(self, name: str | None, path: str | None) -> str:
        """A film beside its footage.

        Args:
            name: of the chosen person.
            path: of the film, one of the person's.
        """
        person = self.person(name)
        known = [] if person is None else [one for one in person.films if str(one) == path]
        return film_view(self.runs, person, known[0] if known else None)

    def films(self, name: str | None) -> list[tuple[str, str]]:
        """File name and path of a person's films, the newest first."""
        person = self.person(name)
        return [] if person is None else [(film.name, str(film)) for film in person.films]

    def log(self, job: Job) -> str:
        """What a job printed, and where its files are."""
        place: Path = self.queue.folder_of(job)
        return self.queue.log(job) or f"Nothing was printed. The job's folder is {place}."
