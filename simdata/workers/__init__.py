"""Plan, supervise, run, commit: one plan in, one dataset out, whoever crashes on the way.

Native code runs in disposable children under a supervisor; executors only decide where supervisors live; the
driver alone commits. Nothing here decides what a dataset holds: the plan does.
"""
