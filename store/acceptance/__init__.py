"""The acceptance store of a node: deliveries that came while the core store was away, until they are in it.

It has an address, tables and revisions of its own; nothing in it leads to the core store.
"""
