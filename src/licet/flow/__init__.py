"""Packets to flows, bounded: record walk, flow table, sieves. It knows no protocol of any VPN."""
