"""The only writer of requests, orders and appeals: every change moves a table and writes its log entry in one
transaction, as in `registry/service_layer`. Functions take who acts and the time, and raise `licet.errors.Refused`.
"""
