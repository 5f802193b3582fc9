"""Deferred work: what is done after the message that asked for it, by any number of workers."""
