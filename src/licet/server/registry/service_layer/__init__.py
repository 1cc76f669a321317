"""The only writer of the registry: every change moves a state table and writes its log entry in one transaction.

Functions take who acts (`actors.Actor`), what it is about, and the time; they lock the service that they change, read
it again, and raise `licet.errors.Refused` where a rule does not allow it. Then nothing was written.
"""
