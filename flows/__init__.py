"""Runs made by Prefect: the flows, the tasks, the artifacts, the schedule, an embedded server. And Dask's workers.

In: what a run is asked to do, as a flow's parameters. Out: the same report as in plain threads, and records in
Prefect's UI. Only this package imports Prefect. It must not decide anything about clouds, images or the warehouse.
"""
