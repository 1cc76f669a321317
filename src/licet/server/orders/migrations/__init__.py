"""Changes of the tables of requests, orders and appeals, written by Django."""
