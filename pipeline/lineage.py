"""Tells a catalogue of data lineage (OpenLineage) that a run began and how it ended, what it read and what it wrote.

Where a variable of openlineage-python is set (OPENLINEAGE_URL, OPENLINEAGE_CONFIG or OPENLINEAGE__...), and not
otherwise. Events are sent by a thread of their own: a receiver that is dead costs a run a few seconds at its end, and
nothing else. Called by pipeline.run.
"""

import logging
import os
import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from core.errors import GlancebackError, unexpected
from core.redaction import shown_url
from load.contract import Described, described
from load.published import ask
from load.runs import Run
from load.statements import statement
from pipeline.settings import VERSION, Settings

log = logging.getLogger(__name__)

State = Literal["START", "COMPLETE", "FAIL", "ABORT"]

LONGEST_WAIT_SECONDS: Final = 10.0
"""How long the end of a run waits for events that are still under way."""

_OUTPUTS: Final = ("image_versions", "listing_memberships", "rejects", "images")
_PRODUCER: Final = f"urn:glanceback:{VERSION}"
_ABOUT: Final = "Reads the image catalogues of clouds into a history in DuckDB."
_SECRETS_MAY_BE_THERE: Final = {"facets": {"source_code_location": {"disabled": True}}}
"""The client would tell the address of the git repository that it is run in, as it stands in .git/config."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event, before openlineage-python is imported. `inputs` and `outputs` as _inputs and _outputs have them."""

    state: State
    at: datetime
    run: Run
    error: str | None = None
    inputs: Sequence[Mapping[str, Any]] = ()
    outputs: Sequence[tuple[Described, int | None]] = field(default=())
    place: str = ""


class Lineage:
    """The events of one run. Nothing here raises."""

    def __init__(self, settings: Settings, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._settings = settings
        self._run: Run | None = None
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._is_wanted = _is_wanted(environment)
        self._namespace = environment.get("OPENLINEAGE_NAMESPACE") or "glanceback"
        self._thread = threading.Thread(target=self._send, name="lineage", daemon=True)

    def began(self, run: Run) -> None:
        """The run has begun."""
        if not self._is_wanted:
            return
        self._run = run
        self._events.put(Event("START", _now(), run))
        self._thread.start()

    def ended(self, status: str) -> None:
        """The run has ended with this status: FAIL if nothing was loaded, else COMPLETE."""
        self._end("FAIL" if status == "failed" else "COMPLETE", "no cloud was loaded" if status == "failed" else None)

    def broke(self, error: BaseException) -> None:
        """The run ended in an error: ABORT if it was interrupted."""
        if isinstance(error, Exception):
            self._end("FAIL", str(error) if isinstance(error, GlancebackError) else unexpected(error))
        else:
            self._end("ABORT", "the run was interrupted")

    def _end(self, state: State, error: str | None) -> None:
        if self._run is None:
            return
        try:
            inputs, outputs = _inputs(self._settings, self._run), _outputs(self._settings)
        except Exception as exc:
            log.info("the lineage events say nothing of tables (%s)", exc)
            inputs, outputs = [], []
        place = f"duckdb://{self._settings.published}"
        self._events.put(Event(state, _now(), self._run, error, inputs, outputs, place))
        self._events.put(None)
        self._thread.join(LONGEST_WAIT_SECONDS)
        if self._thread.is_alive():
            log.warning(
                "the lineage events were not all sent within %.0f s: see OPENLINEAGE_URL, and its receiver",
                LONGEST_WAIT_SECONDS,
            )

    def _send(self) -> None:
        """Send each event as it comes. What the client raises may have addresses with secrets: the kind is enough."""
        own = logging.getLogger("openlineage")
        own.addHandler(logging.NullHandler())
        own.propagate = False
        client = None
        while (event := self._events.get()) is not None:
            try:
                if client is None:
                    from openlineage.client import OpenLineageClient  # an extra, and slow to import

                    client = OpenLineageClient(config=_SECRETS_MAY_BE_THERE)
                    _follow_no_redirect(client)
                client.emit(_run_event(event, self._namespace))
            except ImportError:
                log.warning(
                    "an OPENLINEAGE variable is set, but openlineage-python is not installed: "
                    "install requirements-lineage.txt, or the extra lineage"
                )
                return
            except Exception as exc:
                log.warning("the lineage event %s could not be sent (%s)", event.state, type(exc).__name__)


def _follow_no_redirect(client: Any) -> None:
    """With the redirect's GET the event would be lost without a word; and only the receiver that was named gets it."""
    session = getattr(client.transport, "session", None)  # HTTP has one; a file has none
    if session is not None:
        session.max_redirects = 0


def _is_wanted(environment: Mapping[str, str]) -> bool:
    if environment.get("OPENLINEAGE_DISABLED", "").lower() in ("true", "1"):
        return False
    named = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")
    return any(name in named or name.startswith("OPENLINEAGE__") for name, value in environment.items() if value)


def _inputs(settings: Settings, run: Run) -> list[dict[str, Any]]:
    """What the run read, listing by listing."""
    answer = ask(settings.published, statement("lineage", "inputs").text, {"run_id": run.run_id})
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows()]


def _outputs(settings: Settings) -> list[tuple[Described, int | None]]:
    """The tables that a run writes, each with its number of rows."""
    tables = [table for table in described(settings.published) if table.name in _OUTPUTS]
    counts = [next(ask(settings.published, f"SELECT count(*) FROM {table.name}").rows())[0] for table in tables]
    return list(zip(tables, counts, strict=True))


def _run_event(event: Event, namespace: str) -> Any:
    from openlineage.client import event_v2 as ol  # see _send
    from openlineage.client.generated import (
        documentation_job,
        error_message_run,
        job_type_job,
        processing_engine_run,
    )
    from openlineage.client.uuid import generate_static_uuid

    ol.set_producer(_PRODUCER)
    run_facets: dict[str, Any] = {
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(version=VERSION, name="glanceback")
    }
    if event.error is not None:
        run_facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            message=event.error, programmingLanguage="Python"
        )
    started_at = event.run.started_at.replace(tzinfo=UTC)
    return ol.RunEvent(
        eventType=ol.RunState[event.state],
        eventTime=event.at.isoformat(),
        run=ol.Run(runId=str(generate_static_uuid(started_at, event.run.run_id.encode())), facets=run_facets),
        job=ol.Job(
            namespace=namespace,
            name=f"sync.{event.run.mode}",
            facets={
                "documentation": documentation_job.DocumentationJobFacet(description=_ABOUT),
                "jobType": job_type_job.JobTypeJobFacet(
                    processingType="BATCH", integration="GLANCEBACK", jobType="SYNC"
                ),
            },
        ),
        inputs=[_input(one) for one in event.inputs],
        outputs=[_output(table, rows, event.place) for table, rows in event.outputs],
        producer=_PRODUCER,
    )


def _input(row: Mapping[str, Any]) -> Any:
    from openlineage.client import event_v2 as ol  # see _send
    from openlineage.client.generated import datasource_dataset, input_statistics_input_dataset

    service = shown_url(row["endpoint"] or "") or "unknown"
    return ol.InputDataset(
        namespace=service,
        name=f"{row['cloud']}/{row['listing']}",
        facets={"dataSource": datasource_dataset.DatasourceDatasetFacet(name=row["cloud"], uri=f"{service}/v2/images")},
        inputFacets={
            "inputStatistics": input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
                rowCount=row["images"], size=row["bytes"], fileCount=row["pages"]
            )
        },
    )


def _output(table: Described, rows: int | None, place: str) -> Any:
    from openlineage.client import event_v2 as ol  # see _send
    from openlineage.client.generated import output_statistics_output_dataset, schema_dataset

    fields = [
        schema_dataset.SchemaDatasetFacetFields(name=column.name, type=column.type, description=column.meaning)
        for column in table.columns
    ]
    return ol.OutputDataset(
        namespace=place,
        name=f"published.main.{table.name}",
        facets={"schema": schema_dataset.SchemaDatasetFacet(fields=fields)},
        outputFacets={
            "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows)
        },
    )


def _now() -> datetime:
    return datetime.now(UTC)
