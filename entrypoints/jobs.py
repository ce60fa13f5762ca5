"""What a schedule calls."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

from domain.errors import PublishedMeanwhile, TickerListRefused, TickersUnavailable
from domain.ports import TickerEditor
from entrypoints.application import application

log = logging.getLogger(__name__)


def refresh_tickers(event: Any, context: Any) -> dict[str, str]:  # noqa: ARG001 - Lambda calls it with both
    """Publish the list that the exchanges' files make today, or say at ERROR why that is left to a person."""
    from entrypoints.wsgi import app  # noqa: PLC0415 - reads the environment, which only a running service has

    with app.app_context():
        return refresh(application().ticker_editor())


def refresh(editor: TickerEditor) -> dict[str, str]:
    """Build, compare, publish. It never forces: a list that the guards refuse is looked at by a person."""
    try:
        files = {source: editor.read(source, on_progress=lambda _read, _size: None) for source in editor.sources}
        draft = editor.build(files, successors={})
        kinds = Counter(change.kind for change in editor.changes(draft))
        if kinds:
            editor.publish(draft, force=False)
    except (TickerListRefused, PublishedMeanwhile, TickersUnavailable, OSError) as error:
        reason = str(error) or type(error).__name__
        log.error("ticker list not published", extra={"reason": reason, "kind": type(error).__name__})  # noqa: TRY400 - the reason says it all
        return {"status": "refused"}
    facts = {"version": draft.version, "traded": draft.traded, "skipped": draft.skipped, "changes": dict(kinds)}
    log.info("ticker list published" if kinds else "ticker list unchanged", extra=facts)
    return {"status": "published" if kinds else "unchanged"}
