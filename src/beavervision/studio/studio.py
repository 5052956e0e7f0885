"""studio: the verb that opens the page."""

from __future__ import annotations

import os
import webbrowser
from pathlib import Path
from threading import Timer

from omegaconf import DictConfig

from beavervision.config.schemas import StudioSettings, typed_node, validate_nodes
from beavervision.errors import DependencyError
from beavervision.studio.job_queue import STUDIO, JobQueue
from beavervision.studio.password import read_password
from beavervision.workflows.console_output import silence_libraries
from beavervision.workflows.listening import check_port, shown_address


def studio(cfg: DictConfig) -> None:
    """Serve the page until the process is told to stop; the running job then stops as with Ctrl-C.

    Raises:
        ConfigError: when a setting is invalid, or a password is missing.
        DependencyError: when the extra is not installed.
        StorageError: when another studio uses the runs folder.
    """
    silence_libraries()
    validate_nodes(cfg)
    settings = typed_node(cfg, "studio", StudioSettings)
    password = read_password(settings)
    runs = Path(cfg.paths.runs).resolve()
    keep_private(runs)
    try:
        import uvicorn

        from beavervision.studio.server import create_app
    except ImportError as error:
        raise DependencyError(
            f"studio needs packages that are not installed ({error.name}); pip install 'beavervision[studio]'."
        ) from None
    check_port("studio", settings.host, settings.port)
    queue = JobQueue(runs)
    app = create_app(queue, settings.host, password)
    config = uvicorn.Config(app, settings.host, settings.port, log_level="warning", timeout_graceful_shutdown=1)
    address = f"http://{shown_address(settings.host, settings.port)}/"
    print(f"the studio is at {address} and works in {runs} (Ctrl-C ends)", flush=True)
    if settings.browser:
        Timer(1.0, lambda: webbrowser.open(address)).start()
    queue.start()
    try:
        uvicorn.Server(config).run()
    finally:
        if (job := queue.running()) is not None:
            print(f"stopping {job.task.kind} of {job.task.person}; the studio's Continue goes on there", flush=True)
        queue.close()


def keep_private(runs: Path) -> None:
    """Set what Gradio reads when it is imported: no analytics, and uploads below the runs folder."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["GRADIO_TEMP_DIR"] = str(runs / STUDIO / "uploads")
