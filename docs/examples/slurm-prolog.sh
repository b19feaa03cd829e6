#!/bin/sh
# A prolog (Prolog= in slurm.conf) that makes sure that a node has the environment before a job begins.
#
# The first job on a node installs it; jobs that begin at the same time wait for that; all later ones find
# it up to date, which takes milliseconds. When the bundle is replaced, the next job on each node gets the
# new environment, by one exchange of names: what runs keeps the files that it has open. Slurm takes a
# node whose prolog fails out of service and starts the job elsewhere.
bundle=/shared/envs/train.lockpack
installer=/shared/envs/lockenv-install
prefix=/local/envs/train

exec "$installer" "$bundle" --no-cache --wait 600 --quiet -p "$prefix"
