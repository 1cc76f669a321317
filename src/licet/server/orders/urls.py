"""Public addresses of requests, orders and appeals."""

from __future__ import annotations

from django.urls import path

from licet.server.orders import views

app_name = "orders"
urlpatterns = [
    path("requests/", views.request_list, name="requests"),
    path("requests/new/", views.send_request, name="send"),
    path("requests/sent/<str:handle>/", views.sent, name="sent"),
    path("requests/<str:handle>.json", views.request_json, name="request_json"),
    path("requests/<str:handle>/", views.request_page, name="request"),
]
