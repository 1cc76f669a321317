"""An enforcer tells its registry what it did, so that everybody can see who has not confirmed (lifecycle §6, 16).

`counts` adds up what rules met; `compose` makes the report of a computation; `send` signs and sends it. All of it comes
after a computation was carried out. What enforces knows nothing of it: no import leads from there to here.
"""
