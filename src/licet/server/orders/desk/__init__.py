"""The desk's pages of requests, orders and appeals."""
