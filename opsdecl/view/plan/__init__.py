"""A plan as text, Markdown and HTML. JSON is the plan's own file format, written by `diff.planfile`.

A command imports the one that it shows: each costs more to import than a small plan to make.
"""
