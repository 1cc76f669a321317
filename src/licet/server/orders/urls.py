"""Public addresses of requests, orders and appeals."""

from __future__ import annotations

from django.urls import path

from licet.server.orders import appeal_views, order_views, status_views, views

app_name = "orders"
urlpatterns = [
    path("requests/", views.request_list, name="requests"),
    path("requests/new/", views.send_request, name="send"),
    path("requests/sent/<str:handle>/", views.sent, name="sent"),
    path("requests/<str:handle>.json", views.request_json, name="request_json"),
    path("requests/<str:handle>/", views.request_page, name="request"),
    path("orders/", order_views.order_list, name="orders"),
    path("orders/feed.json", order_views.feed, name="feed"),
    path("orders/<str:puid>.json", order_views.order_file, name="order_file"),
    path("orders/<str:puid>/", order_views.order_page, name="order"),
    path("orders/<str:puid>/appeal/<int:number>/", appeal_views.file_appeal, name="file_appeal"),
    path("appeals/<str:handle>/<str:token>/", appeal_views.appeal_page, name="appeal"),
    path("status.json", status_views.status_json, name="status_json"),
    path("status/", status_views.status, name="status"),
    path("status/reports/<int:number>.json", status_views.report_file, name="enforcer_report"),
]
