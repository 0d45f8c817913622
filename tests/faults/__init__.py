"""Faults that are really provoked, a file a kind: processes are killed, disks filled, servers misbehave, files damaged.

docs/guarantees.md lists every one of them with what is promised; test_fault_table.py holds that list to these tests.
"""
