"""Addresses of the desk for requests, orders and appeals, under /desk/."""

from __future__ import annotations

from django.urls import path, re_path

from licet.server.orders.desk import appeals, drafts, orders, requests

app_name = "orders_desk"
urlpatterns = [
    path("requests/", requests.queue, name="requests"),
    path("requests/enter/", requests.enter, name="enter"),
    path("requests/<str:handle>/", requests.letter, name="request"),
    re_path(r"^requests/(?P<handle>[A-Z0-9-]{1,20})/(?P<name>acknowledge|answer|seal|withdraw)/$", requests.step,
            name="request_step"),
    path("orders/", orders.order_list, name="orders"),
    path("orders/draft/", drafts.draft_page, name="draft"),
    path("orders/<str:puid>/", orders.order_page, name="order"),
    re_path(r"^orders/(?P<puid>[A-Z0-9-]{1,20})/(?P<name>lift|observe)/$", orders.step, name="order_step"),
    path("appeals/", appeals.queue, name="appeals"),
    path("appeals/<str:handle>/", appeals.appeal, name="appeal"),
    re_path(r"^appeals/(?P<handle>[A-Z0-9-]{1,20})/(?P<name>decide|ask)/$", appeals.step, name="appeal_step"),
]
