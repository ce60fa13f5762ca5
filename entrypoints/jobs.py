"""The jobs that a schedule starts."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

from domain.errors import PublishedMeanwhile, TickerListRefused, TickersUnavailable
from domain.events import Event
from domain.ticker_services import TickerListService
from entrypoints.application import current_application

log = logging.getLogger(__name__)


def refresh_tickers(event: Any, context: Any) -> dict[str, str]:  # noqa: ARG001 - the signature of a Lambda handler
    """Publish the list that the exchanges' current files make, or log at ERROR why not."""
    from entrypoints.wsgi import app  # noqa: PLC0415 - importing it reads the environment

    with app.app_context():
        return build_and_publish(current_application().ticker_list_service())


def build_and_publish(service: TickerListService) -> dict[str, str]:
    """Build, compare and publish a list. It never forces: an operator decides about a refused list."""
    try:
        files = [service.read_source(source) for source in service.default_sources]
        candidate = service.build(files, successors={})
        kinds = Counter(change.kind for change in service.compare_with_published(candidate))
        if kinds:
            service.publish(candidate, force=False)
    except (TickerListRefused, PublishedMeanwhile, TickersUnavailable, OSError) as error:
        kind = type(error).__name__
        facts = {"event": Event.TICKER_LIST_NOT_PUBLISHED, "reason": str(error) or kind, "kind": kind}
        log.error("ticker list not published", extra=facts)  # noqa: TRY400 - an expected refusal: the reason is enough
        return {"status": "refused"}
    event = Event.TICKER_LIST_PUBLISHED if kinds else Event.TICKER_LIST_UNCHANGED
    counts = {"traded": len(candidate.traded), "skipped": candidate.skipped, "changes": dict(kinds)}
    log.info(event.value, extra={"event": event, "version": candidate.version} | counts)
    return {"status": "published" if kinds else "unchanged"}
