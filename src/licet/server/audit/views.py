"""The log for people: browse it, read an entry, read what happened to a service. The same for everybody, no cookie."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from licet.errors import LicetError
from licet.server.audit import words
from licet.server.audit.entries import INDEX_DIGITS_MAX, in_log, narrowed, page_before, row_of
from licet.server.audit.filters import HANDLE, EntryForm
from licet.server.audit.head import files_address, place, public_key, served_head
from licet.server.audit.history import TONES, history_of
from licet.server.audit.strip import draw_strip
from licet.server.clock import utc_now
from licet.server.public.limits import limited
from licet.server.registry.models import Outbox, Receipt
from licet.tlog.checkpoint import read_checkpoint
from licet.tlog.entry import leaf_of, read_entry
from licet.tlog.proof_file import write_proof
from licet.tlog.store import FolderReader
from licet.tlog.tile import ENTRIES, WIDTH, width_at
from licet.tlog.tree import Tree
from licet.tlog.verify import CHECKPOINT, CHECKPOINT_BYTES_MAX, read_tile
from licet.tlog.writer import body_path

# Entries are written in the order of their numbers, but for those of transactions that ended late; so only the last few
# are looked through for what waits.
LATE_MAX = 10_000
MORE_FIELDS = ("to", "reason")  # few people need them, reports link by them


@require_safe
@limited
def log(request: HttpRequest) -> HttpResponse:
    """Entries of the log, the newest first, with filters."""
    form = EntryForm(request.GET)
    is_valid = form.is_valid()
    wanted = {name: value for name, value in form.cleaned_data.items() if value} if is_valid else {}
    page = page_before(narrowed(in_log(), wanted), request.GET.get("before", ""))
    last = Receipt.objects.order_by("-leaf_index").first()
    return render(request, "audit/log.html", {
        "form": form, "page": page, "wanted": urlencode(wanted), "is_filtered": bool(wanted),
        "is_later_page": bool(request.GET.get("before")), "head": served_head(), "key": public_key(),
        "files": files_address(), "place": place(), "more": [form[name] for name in MORE_FIELDS],
        "is_more_open": any(name in wanted or name in form.errors for name in MORE_FIELDS),
        "written": 0 if last is None else last.leaf_index + 1,
        "waiting": Outbox.objects.filter(pk__gt=0 if last is None else last.entry_id - LATE_MAX, receipt=None).count(),
    }, status=200 if is_valid else 400)


@require_safe
def entry(request: HttpRequest, index: int) -> HttpResponse:
    """One entry, for ever at this address, and the proof that it stands in the log, checked by the reader's browser."""
    found = _found(index)
    leaf, apart = leaf_of(bytes(found.body))
    told = read_entry(leaf)
    near = in_log().filter(subject=found.subject)
    head = served_head()
    return render(request, "audit/entry.html", {
        "row": row_of(found), "entry": found, "leaf": leaf.decode(), "told": told, "is_apart": apart is not None,
        "kind": words.kind_title(found.type), "before": words.state_text(found.type, found.before),
        "after": words.state_text(found.type, found.after),
        "previous": near.filter(sequence=found.sequence - 1).first(),
        "next": near.filter(sequence=found.sequence + 1).first(),
        "head": head, "is_published": head is not None and index < head.size, "key": public_key(),
        "files": files_address(), "place": place(), "body": body_path(told.body_digest) if told.body_digest else "",
    })


@require_safe
def proof(request: HttpRequest, index: int) -> HttpResponse:
    """The proof file of an entry (C2SP tlog-proof), for `licet log verify-proof`. It is made of the log's own files,
    and says what they say: whoever checks it finds out whether they hold."""
    reader = FolderReader(settings.DEPLOYMENT.log_path)
    try:
        note = reader.read(CHECKPOINT, CHECKPOINT_BYTES_MAX) or b""
        size = read_checkpoint(note).size
        if index >= size:
            raise Http404
        tile, at = divmod(index, WIDTH)
        leaf = read_tile(reader, ENTRIES, tile, width_at(size, 0, tile))[at]
        raw = write_proof(index, Tree(reader, size).inclusion(index), leaf, note)
    except LicetError:
        raise Http404 from None
    response = HttpResponse(raw, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="entry-{index}.tlog-proof"'
    return response


@require_safe
def service(request: HttpRequest, handle: str) -> HttpResponse:
    """The history of a service: its states as a strip, and its entries in order."""
    if handle != handle.upper() and HANDLE.fullmatch(handle.upper()):
        return redirect("audit:service", handle.upper(), permanent=True)
    found = history_of(handle, request.GET.get("after", ""), utc_now()) if HANDLE.fullmatch(handle) else None
    if found is None:
        raise Http404
    return render(request, "audit/service.html", {
        "history": found, "drawings": draw_strip(found.lanes), "tones": TONES.items()})


def _found(index: int) -> Outbox:
    if len(str(index)) > INDEX_DIGITS_MAX:
        raise Http404
    found = Outbox.objects.filter(receipt__leaf_index=index).select_related("receipt").first()
    if found is None:
        raise Http404
    return found
