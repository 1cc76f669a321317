"""Every field of the service stands in fields.toml with its purpose, and none could hold what the charter forbids."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.db import models
from django.utils.module_loading import import_string

from house.source import modules

LISTED: dict[str, Any] = tomllib.loads((Path(__file__).parent / "fields.toml").read_text(encoding="utf-8"))
LIBRARIES = ("account", "mfa", "sessions")

# Parts of names for what is never asked and never kept.
NEVER = frozenset({
    "birth", "birthday", "client", "device", "document", "file", "fingerprint", "firstname", "gender", "geolocation",
    "identity", "imei", "imsi", "ip", "lastname", "latitude", "longitude", "mac", "msisdn", "nationality", "nid",
    "passport", "person", "phone", "photo", "scan", "sim", "ssn", "subscriber", "surname", "telephone", "upload",
    "useragent", "visitor",
})
# Where an address may be kept at all: a server's, which its registrant entered.
ADDRESSES = {("Endpoint", "address"), ("Endpoint", "proof_address")}


def own_models() -> list[type[models.Model]]:
    return [model for config in apps.get_app_configs() if config.name.startswith("licet.")
            for model in config.get_models(include_auto_created=True)]


def fields_of(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    """The fields of a model that hold something, without its number."""
    found = [field for field in model._meta.get_fields() if isinstance(field, models.Field)]
    return {field.name: field for field in found if not isinstance(field, models.AutoField)}


def own_forms() -> list[type[forms.BaseForm]]:
    """Every form that a module of the service defines."""
    for module in modules():
        if module.room == "server":
            for node in module.tree.body:
                if isinstance(node, ast.ClassDef) and re.search(r"Form(?:Set)?$", node.name):
                    import_string(f"{module.name}.{node.name}")
    return [form for form in below(forms.BaseForm) if form.__module__.startswith("licet.")]


def below(form: type[forms.BaseForm]) -> Iterator[type[forms.BaseForm]]:
    for child in form.__subclasses__():
        yield child
        yield from below(child)


@pytest.mark.parametrize("model", own_models(), ids=lambda model: model.__name__)
def test_every_field_of_a_model_has_its_purpose(model: type[models.Model]) -> None:
    assert set(LISTED["model"].get(model.__name__, {})) == set(fields_of(model))


def test_every_field_of_a_form_has_its_purpose() -> None:
    found = {form.__name__: set(form.base_fields) for form in own_forms()}
    assert found
    assert found == {name: set(fields) for name, fields in LISTED["form"].items()}


def test_what_the_libraries_keep_is_listed() -> None:
    found = {model.__name__: {field.name for field in model._meta.get_fields() if field.concrete}
             for label in LIBRARIES for model in apps.get_app_config(label).get_models()}
    assert found == {name: set(fields) for name, fields in LISTED["library"].items()}


def test_no_model_and_no_form_is_left_over() -> None:
    assert set(LISTED["model"]) == {model.__name__ for model in own_models()}
    assert set(LISTED) == {"model", "form", "library", "metric"}


def test_every_purpose_is_said() -> None:
    for kind in ("model", "form", "library"):
        for name, fields in LISTED[kind].items():
            for field, purpose in fields.items():
                assert len(purpose) > 2, f"{name}.{field}"


def test_no_field_is_for_papers_clients_or_people() -> None:
    names = [(name, field) for kind in ("model", "form") for name, fields in LISTED[kind].items() for field in fields]
    for name, field in names:
        assert not set(field.lower().split("_")) & NEVER, f"{name}.{field}"
    for label in LISTED["metric"]:
        assert not set(label.split("_")) & (NEVER | {"address", "host", "handle", "email", "path"}), label


def test_nothing_can_be_uploaded_and_addresses_are_servers() -> None:
    for model in own_models():
        for name, field in fields_of(model).items():
            assert not isinstance(field, models.FileField), f"{model.__name__}.{name}"
            is_address = isinstance(field, models.GenericIPAddressField)
            assert is_address is ((model.__name__, name) in ADDRESSES), f"{model.__name__}.{name}"
    for form in own_forms():
        for name, asked in form.base_fields.items():
            assert not isinstance(asked, forms.FileField), f"{form.__name__}.{name}"


@pytest.mark.django_db
def test_metrics_have_the_listed_labels_and_no_other() -> None:
    from django.test import Client

    Client().get("/healthz")
    text = Client().get("/metrics").content.decode()
    labels = set(re.findall(r'[{,](\w+)="', text))
    assert labels == set(LISTED["metric"])
    assert not re.search(r"\d+\.\d+\.\d+\.\d+", text)
