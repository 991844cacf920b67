"""Constitutions tested like code: probes, controls, mutations.

load         principles/probes/*.yaml -> Probe
expect       what is expected of a reply, each word one function
conditions   the constitution as it is, controls, and the constitution without one principle
pressure     probes in the styles that a prompt's alignment gives way to
benchmark    pairs from a file or the Hub as probes
recorded     an engine that remembers what it was asked
run          every probe under every condition
tally        shares with intervals; what a removal changed
lines, page  results for people and machines
command      the work of `selfalign test`
compare      the work of `selfalign diff`
converse     the work of `selfalign ask`
"""

from selfalign.probe.command import ProbeSpec, Tested, run_tests
from selfalign.probe.load import Probe, load_all

__all__ = ["Probe", "ProbeSpec", "Tested", "load_all", "run_tests"]
