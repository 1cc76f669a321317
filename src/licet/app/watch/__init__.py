"""Watch live interfaces: windows of what was seen, each judged like a capture.

    tracker.py      one interface's flow table: what its tunnels did in a window
    window.py       the nouns: a window, and what else the servers of its tunnels served
    loop.py         rings → trackers → windows, in one process
    fanout.py       the same on several processes, their windows put together
    judging.py      windows → judged tunnels; registries, and what may be looked at on this network
    privileges.py   what the process may no longer do once its rings are open
    spool.py        windows as Parquet files
"""
