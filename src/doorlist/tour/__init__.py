"""The tour: a sample company goes through the acceptance list against real processes, as a user would take it there.

Doorlist and the stand-in are driven by their commands and over HTTP only. Nothing here imports another part of
Doorlist but its errors, so that the tour proves what people can reach and nothing else.
"""
