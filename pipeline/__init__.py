"""The steps of a run, and their order: settings, session, read the listings, load, publish, report, notices.

In: the settings and what the run is asked to do. Out: a report, and a warehouse that has the run whole or not at all.
`run` is the place to begin reading. It must not know Prefect: `steps` says what runs a step, `threads` is one way.
"""
