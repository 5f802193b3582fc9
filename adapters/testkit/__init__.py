"""The test kit for software makers: a booklet of cases, and a runner that drives a server with them.

Part of the base install: messages are built from the message classes, signed with keys the kit makes itself,
and answers are proven as the client proves them. Nothing here needs the store or the server half of a door.
"""
