#!/usr/bin/env python3
"""lockenv install when the power is cut: after every call that changes a file system, with every sync seen.

    power.py BIN WORK [--short] [--seed N] [SCENARIO...]

WORK is that of faults.py. Each scenario is run once and recorded; what the record makes of the files before must be
the files after. Then, for each n, disk.py draws what a power cut after the first n calls may leave, that is put in
place, and

- the prefix must be the old one or the new one, and the new one if lockenv had said that it worked;
- a second, plain run must work and give the new prefix, and leave nothing beside it;
- after that each tree in the cache must be whole, and each archive, unless it is found out when it is used.

At last the same is done to runs whose syncs do nothing: if that is not noticed, this test is no good.
"""

import concurrent.futures
import os
import random
import shutil
import sys
import time

from disk import Disk, Run, read_record, same
from faults import SCENARIOS, Bench, Suite, digest, parse_args

NAMES = ("upgrade", "first", "no-exchange", "no-exchange-first", "copy", "symlink", "cold", "cold-upgrade", "no-cache",
         "keep-previous", "in-place")
# (ordered, names, data)
DRAWS = ((True, 1, "none"), (True, 1, "zeros"), (True, 1, "part"), (True, 0, None), (True, None, None),
         (True, None, None), (False, None, None), (False, None, None), (False, None, None))
STRIDE = 41


class PowerBench(Bench):
    def prepare(self):
        super().prepare()
        self.runs = {}

    def roots(self):
        return [self.side, self.cache]

    def record(self, scenario, lacks):
        """A bench has runs of its own: a prefix is written into its files."""
        if (scenario.name, lacks) not in self.runs:
            self.runs[scenario.name, lacks] = self.record_anew(scenario, lacks)
        return self.runs[scenario.name, lacks]

    def record_anew(self, scenario, lacks):
        self.restore(scenario)
        before, path = Disk(self.roots()), self.work + "/record"
        self.must("new", ["--jobs", "1", *self.options(scenario)], record=path, lacks=f"{scenario.lacks} {lacks}")
        run = Run(before, read_record(path))
        os.unlink(path)
        if not same(run.after.flat(), Disk(self.roots()).flat()):
            sys.exit(f"{scenario.name}: the record does not give the files that are there")
        return run

    def check_cut(self, scenario, run, upto):
        old, new = self.expected(scenario)
        state = digest(self.env, ".lockenv" if upto == len(run.calls) else None)
        if state not in (old, new) and not self.is_aside(scenario) and not self.is_mixed(scenario):
            yield "the prefix is neither the old nor the new one"
        elif upto == len(run.calls) and state != new:
            yield "it had been said that it worked, but the prefix is not the new one"

    def check_plain(self, scenario):
        """As check_second; is an archive that is damaged found out when it is used?"""
        wrong = [*self.check_second(scenario)]
        if wrong and all(what.startswith("the archive") for what in wrong):
            shutil.rmtree(self.cache + "/trees")
            shutil.rmtree(self.env)
            done = self.install("new", self.channel)
            wrong = [*self.check_cache()] if done.returncode == 0 else [f"exit {done.returncode}: {done.stderr}"]
        return wrong

    def cut(self, scenario, lacks, upto, draw, rng):
        run = self.record(scenario, lacks)
        self.choose_cache(scenario)
        run.crash(upto, rng, *draw).put(self.roots())
        last = run.calls[upto - 1].name if upto else "none"
        wrong = [*self.check_cut(scenario, run, upto), *self.check_plain(scenario)]
        return [f"{scenario.name}, power cut after call {upto} of {len(run.calls)} ({last}), ordered, names, bytes: {draw}: "
                f"{what}" for what in wrong]


class PowerSuite(Suite):
    bench = PowerBench

    def choose(self, scenario, run):
        cuts = [(upto, draw) for upto in range(len(run.calls) + 1) for draw in DRAWS]
        rng = random.Random(f"{self.args.seed} {scenario.name}")
        seeds = [rng.random() for _ in cuts]
        start = rng.randrange(STRIDE)
        last = len(run.calls)
        chosen = [(*cut, random.Random(seed)) for cut, seed in zip(cuts, seeds)]
        return [*chosen[start::STRIDE], *(cut for cut in chosen if cut[0] == last)] if self.args.short else chosen

    def run(self, scenario, lacks=""):
        """What was found."""
        start = time.monotonic()
        run = self.with_bench(PowerBench.record, scenario, lacks)
        cuts = self.choose(scenario, run)
        with concurrent.futures.ThreadPoolExecutor(self.n_benches) as pool:
            results = list(pool.map(lambda cut: self.with_bench(PowerBench.cut, scenario, lacks, *cut), cuts))
        print(f"{scenario.name}{', no ' + lacks if lacks else ''}: power cuts after {len(run.calls)} calls, "
              f"{len(cuts)} disks, {time.monotonic() - start:.0f} s", flush=True)
        return results


def main():
    args = parse_args(NAMES)
    suite = PowerSuite(args)
    print(f"power cuts, {'the short form, ' if args.short else ''}seed {args.seed}")
    for scenario in SCENARIOS:
        if scenario.name in (args.scenarios or NAMES):
            for wrong in suite.run(scenario):
                suite.tell(wrong)
    # Without its syncs lockenv must fail here, or the test is no good.
    for lacks in ("syncfs", "fsync"):
        found = any(suite.run(SCENARIOS[0], lacks))
        suite.tell([] if found else [f"nobody notices that there is no {lacks}"])
    return suite.end()


sys.exit(main())
